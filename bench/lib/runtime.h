/* SPDX-License-Identifier: MIT */
/*
 * weft's side of the harness: a runtime with what the command line says, and a task whose end is waited for. Lines in
 * bench/ end with BENCH_WEFT(line), which is their main().
 *
 *     monitor_ms=N     between two looks at the channels (0: the library's 100)
 *     hooks=1          a hook that takes every event and does nothing
 */
#ifndef BENCH_RUNTIME_H
#define BENCH_RUNTIME_H

#include <weft.h>

#include "lib/harness.h"

/* The runtime of this program, between begin and end of its line. */
extern weft_runtime *bench_runtime;

/* Create it; a line's own begin calls this first. */
int bench_runtime_begin(struct bench *bench);
void bench_runtime_end(struct bench *bench);

/* Wait for a joinable task that a round has spawned: its result, or what went wrong. */
int bench_join(weft_task task);

#define BENCH_WEFT(line)                                                                                               \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        return bench_main(argc, argv, "weft", WEFT_VERSION, &(line));                                                  \
    }

#endif
