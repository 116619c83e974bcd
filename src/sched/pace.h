/* SPDX-License-Identifier: MIT */
/*
 * How many polls a worker does between two looks elsewhere, by what its tasks are like.
 *
 * Into the shared queue before its own: so many that it looks about every 200 us. Source: Tokio's tuning of its global queue interval.
 *
 * At the clock: a look takes as long as a short poll, and what it finds, timers that are due, they are to within a tick of the wheel
 * (65 us). So short polls are done 64 at a time, or as many as fit into 4 us, but no fewer than 16 for that; long ones 16 at a time, or as
 * many as fit into that tick. What the last polls took counts as much as the mean, if it was more: one round of 64 is all that polls which
 * have become long can hide in. After a rest it is 16 polls at most, since what comes then may be other work
 * (docs/adr/0030-the-clock-is-looked-at-by-what-polls-take.md).
 *
 * Pure: time is an argument.
 */
#ifndef WEFT_SCHED_PACE_H
#define WEFT_SCHED_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WEFT__PACE_TARGET_NS = 200000, /* between two looks into the shared queue */
    WEFT__PACE_MIN = 2,
    WEFT__PACE_MAX = 127,
    WEFT__PACE_FIRST = 31,
    WEFT__PACE_CLOCK_SHORT_NS = 4096,  /* between two looks at the clock while polls are short, */
    WEFT__PACE_CLOCK_LONG_NS = 65536,  /* and while they are long */
    WEFT__PACE_CLOCK_USUAL = 16,       /* polls between those two looks while what polls take is in between, or not known */
    WEFT__PACE_CLOCK_MAX = 64,
};

struct weft__pace {
    int64_t poll_ns;   /* a moving mean of what a poll takes; 0: not known yet */
    int64_t since_ns;  /* the last measurement, and the worker's count of polls then */
    uint32_t since_polls;
    uint32_t interval; /* polls between two looks into the shared queue */
    uint32_t clock_at; /* the poll before which it looks at the clock */
    uint32_t clock_max; /* polls between those looks, at most */
    bool fixed;        /* the host has said what the interval is */
};

/* What the host has said about the shared queue, or 0; and about the loop, which is looked at together with the clock. */
static inline void weft__pace_init(struct weft__pace *pace, uint32_t interval, uint32_t event_interval)
{
    const uint32_t most = event_interval > WEFT__PACE_CLOCK_USUAL ? event_interval : WEFT__PACE_CLOCK_USUAL;
    *pace = (struct weft__pace){
        .interval = interval ? interval : WEFT__PACE_FIRST,
        .clock_max = most < WEFT__PACE_CLOCK_MAX ? most : WEFT__PACE_CLOCK_MAX,
        .fixed = interval != 0,
    };
}

static inline uint32_t weft__pace_clamp(int64_t polls, uint32_t min, uint32_t max)
{
    return polls < min ? min : polls > max ? max : (uint32_t)polls;
}

/* How many polls that take so long are done between two looks at the clock. */
static inline uint32_t weft__pace_clock(const struct weft__pace *pace, int64_t poll_ns)
{
    if (poll_ns <= WEFT__PACE_CLOCK_SHORT_NS / WEFT__PACE_CLOCK_MAX)
        return pace->clock_max;
    if (poll_ns <= WEFT__PACE_CLOCK_SHORT_NS)
        return weft__pace_clamp(WEFT__PACE_CLOCK_SHORT_NS / poll_ns, WEFT__PACE_CLOCK_USUAL, pace->clock_max);
    return weft__pace_clamp(WEFT__PACE_CLOCK_LONG_NS / poll_ns, 1, WEFT__PACE_CLOCK_USUAL);
}

/* The worker begins, or has slept: what was before is not measured. The next look is not later than it would have been: who rests
 * every few polls looks all the same. */
static inline void weft__pace_begin(struct weft__pace *pace, int64_t now_ns, uint32_t polls)
{
    pace->since_ns = now_ns;
    pace->since_polls = polls;
    if (pace->clock_at - polls > WEFT__PACE_CLOCK_USUAL)
        pace->clock_at = polls + WEFT__PACE_CLOCK_USUAL;
}

/* Is it time to look at the clock? */
static inline bool weft__pace_is_due(const struct weft__pace *pace, uint32_t polls) { return polls == pace->clock_at; }

/* It has looked at the clock, since it was time to. */
static inline void weft__pace_measure(struct weft__pace *pace, int64_t now_ns, uint32_t polls)
{
    const uint32_t count = polls - pace->since_polls;
    const int64_t took = now_ns - pace->since_ns;
    if (count == 0) {
        pace->clock_at = polls + WEFT__PACE_CLOCK_USUAL;
        return;
    }
    const int64_t each = took > 0 ? took / count : 0;
    pace->since_ns = now_ns;
    pace->since_polls = polls;
    pace->poll_ns = pace->poll_ns == 0 ? each : pace->poll_ns + (each - pace->poll_ns) / 8;
    pace->clock_at = polls + weft__pace_clock(pace, each > pace->poll_ns ? each : pace->poll_ns);
    if (!pace->fixed)
        pace->interval = weft__pace_clamp(pace->poll_ns > 0 ? WEFT__PACE_TARGET_NS / pace->poll_ns : WEFT__PACE_MAX,
                                          WEFT__PACE_MIN, WEFT__PACE_MAX);
}

#endif
