/* SPDX-License-Identifier: MIT */
/*
 * Where snapshots come from: a process, or a file to which they were recorded. Of a process only the parts that are wanted
 * are asked for, unless they are recorded.
 *
 * A recording is text: a line `weft-live 1`, then for each snapshot `at NANOSECONDS`, and for each part `part NAME LENGTH`
 * with so many bytes of the answer behind it, and a line end. What was cut off ends at the last whole snapshot.
 */
#ifndef WEFT_CLI_LIVE_SOURCE_H
#define WEFT_CLI_LIVE_SOURCE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/live/snapshot.h"

struct client;

enum { SOURCE_SAYS_SIZE = 512, SOURCE_FILTER_SIZE = 64 };

struct source {
    struct client *client;             /* NULL: a recording */
    FILE *tape;                        /* what is read from; or, with a client, what is recorded to, or NULL */
    char says[SOURCE_SAYS_SIZE];
    char filter[SOURCE_FILTER_SIZE];   /* a part of the names that are wanted, where a process is asked */
    bool ended;                        /* the recording */
    bool older;                        /* the process has no overview yet: it is asked for what that is made of */
    int64_t cost_ns;                   /* what the snapshots took the process so far */
};

/* 1 << LIVE_TASKS and so on. */
typedef unsigned source_parts;

/* What everything that is shown needs: one answer, which costs a process half of what the three cost of which it is made. */
#define SOURCE_ALWAYS (1u << LIVE_OVERVIEW)

bool source_replay(struct source *source, const char *file);
bool source_record(struct source *source, const char *file);

/* The next snapshot, zeroed before. False: there is none, and `says` has the reason unless the recording has ended. */
bool source_take(struct source *source, source_parts parts, int64_t now_ns, struct snapshot *snapshot);

void source_close(struct source *source);

#endif
