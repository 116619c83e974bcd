/* SPDX-License-Identifier: MIT */
/* The blocking pool of one process: how long jobs waited for a thread, and how long they ran. */
#ifndef WEFT_CLI_TRACE_ANALYSIS_JOB_H
#define WEFT_CLI_TRACE_ANALYSIS_JOB_H

#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/event.h"
#include "cli/trace/map.h"

struct job {
    int64_t queued_ns; /* INT64_MIN: not seen */
    int64_t start_ns;
    uint32_t profile; /* of the task that handed it over; 0: a thread */
};

struct jobs {
    struct map live; /* id → struct job */
    struct histogram queueing;
    struct histogram running;
    uint64_t queued;
    uint64_t started;
    uint64_t refused; /* ended without a start: the pool was full, or shut down */
    uint32_t queue_max;
    uint32_t threads; /* that live */
    uint32_t threads_max;
    uint32_t busy;
    uint32_t busy_max;
    int64_t wait_worst_ns;
    uint32_t wait_worst_by;
    int64_t wait_worst_at_ns;
    int64_t run_worst_ns;
    uint32_t run_worst_by;
};

void jobs_fini(struct jobs *jobs);

/* blocking_queue, blocking_start, blocking_end; `by` is the profile of the task that queues. */
void jobs_event(struct jobs *jobs, const struct event *event, uint32_t by, int64_t certain_ns);
void jobs_thread(struct jobs *jobs, int delta);

#endif
