/* SPDX-License-Identifier: MIT */
/*
 * Who looks at all that a runtime shows: hooks on every event, and walks over its tasks, channels, meeting points and jobs,
 * and dumps. Whatever it finds is as it should be, or a verdict.
 */
#ifndef WEFT_TESTS_LIB_ONLOOKER_H
#define WEFT_TESTS_LIB_ONLOOKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <weft.h>

/* What it was told. Zeroed at first. */
struct onlooker {
    _Atomic uint64_t events;
    _Atomic int64_t stall_ns; /* the longest */
    uint64_t bytes;           /* of dumps */
};

/* Look once: put hooks in, walk over everything, leave the hooks for so long, take them out. A thread of the test. */
void onlooker_look(struct onlooker *onlooker, weft_runtime *rt, int64_t pause_ms);

#endif
