/* SPDX-License-Identifier: MIT */
/*
 * Time: sleeping and intervals. A deadline for a piece of work is a property of a scope (<weft/scope.h>).
 * Nothing ends early, measured in nanoseconds; it ends less than 65,536 ns late, plus scheduling. Time is
 * CLOCK_MONOTONIC: it does not jump, and it stands still while the machine is suspended.
 */
#ifndef WEFT_TIMER_H
#define WEFT_TIMER_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* What an interval does after ticks that came too late to be taken. */
typedef enum weft_missed {
    WEFT_MISSED_BURST = 0, /* make up for them, one after the other without a pause */
    WEFT_MISSED_DELAY = 1, /* forget them; the next is a period after the late one */
    WEFT_MISSED_SKIP = 2   /* forget them; the next is where it would have been */
} weft_missed;

/* Lives in the frame. The fields may be read. */
typedef struct weft_interval {
    int64_t next_ns; /* when the next tick is due */
    int64_t period_ns;
    weft_missed missed;
} weft_interval;

WEFT_BEGIN_DECLS

/**
 * Sleep for `delay_ns` from the first evaluation on; an awaitable. 0 or less is ready at once.
 * @threads task
 * @blocks suspends the task, until the time has come
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sleep(weft_context *cx, int64_t delay_ns);

/**
 * Sleep until a time of weft_clock(); an awaitable. A time that has passed is ready at once; WEFT_FOREVER sleeps until
 * the task is cancelled.
 * @threads task
 * @blocks suspends the task, until the time has come
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sleep_until(weft_context *cx, int64_t deadline_ns);

/**
 * Begin an interval: its first tick is due now, the next `period_ns` later.
 * @threads any
 * @blocks never
 * @owns the interval is the caller's; it holds nothing
 * @errors WEFT_EINVAL (null, period 0 or negative, unknown weft_missed)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_interval_start(weft_interval *interval, int64_t period_ns, weft_missed missed);

/**
 * Wait for the next tick; an awaitable. Answers how many whole periods too late it was taken, 0 if in time.
 * @threads task
 * @blocks suspends the task, until the tick is due
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_interval_tick(weft_context *cx, weft_interval *interval);

/**
 * The next tick is a period from now.
 * @threads the interval's task
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_interval_reset(weft_interval *interval);

WEFT_END_DECLS

#endif
