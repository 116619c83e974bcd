/* SPDX-License-Identifier: MIT */
/* What workers did over time: a lane per worker and process, and how many tasks were runnable beside them. */
#ifndef WEFT_CLI_TRACE_ANALYSIS_LANE_H
#define WEFT_CLI_TRACE_ANALYSIS_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/series.h"
#include "cli/trace/analysis/tally.h"
#include "cli/trace/event.h"

struct analysis;
struct machine;

enum { LANE_RECENT = 32 };

struct lane {
    uint16_t number;
    uint64_t task;    /* that it polls; 0: none */
    uint32_t profile; /* and what that is */
    int64_t poll_ns;
    int64_t park_ns; /* since when it sleeps, or INT64_MIN */
    uint64_t polls;
    int64_t busy_ns;
    int64_t parked_ns;
    uint64_t sources[4]; /* polls by WEFT_TRACE_poll_source_… */
    uint64_t parks;
    uint64_t rests_in_vain; /* woken, and asleep again without a poll */
    uint64_t steals;
    uint64_t stolen;
    uint64_t robbed; /* tasks that others took from it */
    uint64_t overflows;
    bool polled; /* since it woke */
    struct series busy;
    struct lane_poll {
        uint64_t task;
        uint32_t profile;
        int64_t begin_ns;
        int64_t end_ns;
    } recent[LANE_RECENT]; /* the last polls, a ring */
    uint32_t recent_at;
};

struct lanes {
    struct lane **list; /* by the worker's number, NULL for numbers that were never seen */
    uint32_t size;
    uint32_t seen;
    uint32_t parked;
    uint32_t runnable;   /* tasks that wait for a worker, as far as the recording tells */
    struct series ready; /* that number over time */
    struct series awake; /* workers that do not sleep, over time */
    int64_t since_ns;
    int64_t wasted_ns;   /* for how long a task was runnable while a worker slept */
    struct tally steals; /* from victim to thief */
};

void lanes_init(struct lanes *lanes, int64_t begin_ns);
void lanes_fini(struct lanes *lanes);

/* NULL for a thread that is no worker. */
struct lane *lanes_need(struct lanes *lanes, uint16_t number, int64_t ns);

void lane_poll_start(struct lanes *lanes, uint16_t number, uint64_t task, uint32_t profile, uint8_t source, int64_t ns);
void lane_poll_end(struct lanes *lanes, uint16_t number, int64_t ns, int64_t took_ns);
void lanes_event(struct lanes *lanes, const struct event *event, int64_t certain_ns);

/* One more, or one less, task waits for a worker. */
void lanes_runnable(struct lanes *lanes, int64_t ns, int delta);

/* Which poll held this worker longest between two moments; NULL: none that is remembered. */
const struct lane_poll *lane_longest_between(const struct lanes *lanes, uint16_t number, int64_t from_ns,
                                             int64_t until_ns);

/* Something was lost: how many are runnable is not known, so count from 0 again. */
void lanes_forget(struct lanes *lanes, int64_t ns);

#endif
