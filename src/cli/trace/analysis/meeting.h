/* SPDX-License-Identifier: MIT */
/* Locks and other meeting points: those of a process that share kind, name and permits are one place. */
#ifndef WEFT_CLI_TRACE_ANALYSIS_MEETING_H
#define WEFT_CLI_TRACE_ANALYSIS_MEETING_H

#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/event.h"
#include "cli/trace/map.h"

enum { PLACES_MAX = 4096 };

struct place {
    uint64_t process;
    uint8_t kind; /* WEFT_TRACE_sync_kind_… */
    uint32_t permits;
    char *name;
    uint64_t objects;
    uint64_t acquires;
    uint64_t waits;
    uint32_t waiting_max;
    struct histogram waited; /* of tasks, until they got it */
    struct histogram held;   /* by one task, between acquire and release */
    uint64_t given_up;       /* waits that ended otherwise: a timeout, a cancellation */
    int64_t wait_worst_ns;
    uint64_t wait_worst_task;
    int64_t wait_worst_at_ns;
    struct place *same_hash;
};

struct places {
    struct map by_hash;
    struct map objects; /* id → struct place */
    uint32_t count;
};

void places_fini(struct places *places);
void places_open(struct places *places, uint64_t process, const struct event *sync_open);
void places_end(struct places *places, uint64_t object);

/* NULL: nothing told of it. */
struct place *places_find(const struct places *places, uint64_t object);

#endif
