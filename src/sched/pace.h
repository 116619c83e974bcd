/* SPDX-License-Identifier: MIT */
/*
 * How many polls a worker does between two looks into the shared queue before its own: so many that it looks about every 200 us,
 * whatever its tasks are like. Pure: time is an argument. Source: Tokio's tuning of its global queue interval.
 */
#ifndef WEFT_SCHED_PACE_H
#define WEFT_SCHED_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { WEFT__PACE_TARGET_NS = 200000, WEFT__PACE_MIN = 2, WEFT__PACE_MAX = 127, WEFT__PACE_FIRST = 31 };

struct weft__pace {
    int64_t poll_ns;   /* a moving mean of what a poll takes; 0: not known yet */
    int64_t since_ns;  /* the last measurement, and the worker's count of polls then */
    uint32_t since_polls;
    uint32_t interval; /* polls between two looks */
    bool fixed;        /* the host has said which */
};

static inline void weft__pace_init(struct weft__pace *pace, uint32_t interval)
{
    *pace = (struct weft__pace){.interval = interval ? interval : WEFT__PACE_FIRST, .fixed = interval != 0};
}

/* The worker begins, or has slept: what was before is not measured. */
static inline void weft__pace_begin(struct weft__pace *pace, int64_t now_ns, uint32_t polls)
{
    pace->since_ns = now_ns;
    pace->since_polls = polls;
}

/* Some polls later. */
static inline void weft__pace_measure(struct weft__pace *pace, int64_t now_ns, uint32_t polls)
{
    const uint32_t count = polls - pace->since_polls;
    const int64_t took = now_ns - pace->since_ns;
    if (pace->fixed || count == 0)
        return;
    weft__pace_begin(pace, now_ns, polls);
    const int64_t each = took > 0 ? took / count : 0;
    pace->poll_ns = pace->poll_ns == 0 ? each : pace->poll_ns + (each - pace->poll_ns) / 8;
    const int64_t fits = pace->poll_ns > 0 ? WEFT__PACE_TARGET_NS / pace->poll_ns : WEFT__PACE_MAX;
    pace->interval = fits < WEFT__PACE_MIN ? WEFT__PACE_MIN : fits > WEFT__PACE_MAX ? WEFT__PACE_MAX : (uint32_t)fits;
}

#endif
