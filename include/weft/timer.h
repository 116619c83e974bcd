/* SPDX-License-Identifier: MIT */
/*
 * Time: sleeping, a limit for one wait, intervals. A limit for a piece of work is a property of a scope (<weft/scope.h>).
 * Nothing ends early, measured in nanoseconds; it ends less than 65,536 ns late, plus scheduling. Time is
 * CLOCK_MONOTONIC: setting the wall clock changes nothing, and it stands still while the machine is suspended.
 */
#ifndef WEFT_TIMER_H
#define WEFT_TIMER_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
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
    uint32_t weft__outside; /* started by the machine's clock, not by a simulated runtime's */
} weft_interval;

/* The wait for a tick as one of several. */
typedef struct weft_interval_future {
    weft_future future;
    weft_interval *interval;
} weft_interval_future;

/* A wait with a limit; zeroed, in the frame. */
typedef struct weft_timeout_state {
    weft_select_state weft__select;
    weft_sleep_future weft__limit;
} weft_timeout_state;

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
 * Sleep until a time of weft_clock(), which is read at the first evaluation; an awaitable. A time that has passed is ready
 * at once; WEFT_FOREVER sleeps until the task is cancelled.
 * @threads task
 * @blocks suspends the task, until the time has come
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sleep_until(weft_context *cx, int64_t deadline_ns);

/**
 * Sleep until another time: earlier, later, or passed. Whatever the future did before, only this deadline counts from here
 * on; one that is being waited for goes on waiting, also if its time had come and nobody had looked yet.
 * @threads the task that waits, or will wait
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not begun with weft_sleep_begin()), WEFT_EPERM (it is being waited for, and this is not a
 *   task)
 * @since 0.1
 */
WEFT_API int weft_sleep_reset(weft_sleep_future *future, int64_t deadline_ns);

/**
 * Wait for a future, at most `delay_ns` from the first evaluation on; an awaitable. Answers the future's result, or
 * WEFT_ETIMEDOUT, and then the future was withdrawn: no message is lost, no place is kept. The future is asked first: if
 * it is ready it wins, however late. A delay of 0 or less asks it once.
 * @threads task
 * @blocks suspends the task, until the future is ready or the time has come
 * @owns state and future must stay until the wait is over
 * @errors WEFT_ETIMEDOUT, WEFT_ECANCELED (the future was withdrawn), WEFT_EINVAL (null, or a future not begun); others are
 *   the future's result
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_timeout(weft_context *cx, weft_timeout_state *state, weft_future *future, int64_t delay_ns);

/**
 * The same until a time of weft_clock(), which is read at the first evaluation.
 * @threads task
 * @blocks suspends the task, until the future is ready or the time has come
 * @owns state and future must stay until the wait is over
 * @errors as weft_timeout()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_timeout_until(weft_context *cx, weft_timeout_state *state, weft_future *future,
                                              int64_t deadline_ns);

/**
 * Begin an interval: its first tick is due now, the next `period_ns` later. It may be begun before its task is spawned, also
 * for a simulated runtime: there it then begins at the first wait, by the runtime's clock.
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
 * Wait for the next tick as one of several. A tick that did not win is not taken: it stays due.
 * @threads the task that will wait
 * @blocks never
 * @owns interval must stay until the wait is over
 * @errors none; what weft_interval_tick() answers comes as the result
 * @since 0.1
 */
WEFT_API void weft_interval_tick_begin(weft_interval_future *future, weft_interval *interval);

/**
 * The next tick is a period from now; those after it follow from there.
 * @threads the interval's task
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not started)
 * @since 0.1
 */
WEFT_API int weft_interval_reset(weft_interval *interval);

/**
 * The next tick is due now; those after it follow from there.
 * @threads the interval's task
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not started)
 * @since 0.1
 */
WEFT_API int weft_interval_reset_immediately(weft_interval *interval);

/**
 * The next tick is `delay_ns` from now, 0 or less: now; those after it follow from there.
 * @threads the interval's task
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not started)
 * @since 0.1
 */
WEFT_API int weft_interval_reset_after(weft_interval *interval, int64_t delay_ns);

/**
 * The next tick is at a time of weft_clock(); those after it follow from there. If it has passed, the interval is late.
 * @threads the interval's task
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not started)
 * @since 0.1
 */
WEFT_API int weft_interval_reset_at(weft_interval *interval, int64_t next_ns);

WEFT_END_DECLS

#endif
