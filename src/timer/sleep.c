/* SPDX-License-Identifier: MIT */
/*
 * Sleeping, and intervals. A sleep waits with the task's own node, which remembers the deadline from one poll to the
 * next, so a plain WEFT_AWAIT needs no memory of its own. The clock is read when a sleep begins: the worker's time is a
 * little old, and a deadline counted from it would be early.
 */
#include <weft/error.h>
#include <weft/timer.h>

#include "base/error.h"
#include "task/future.h"
#include "timer/timer.h"

static int64_t sleep_now(const weft_context *cx)
{
    return weft__realm_now(weft__cx_thread(cx)->env->realm);
}

/* Whether the node waits in a wheel; *out_fired whether its time has come. */
static bool sleep_under_way(weft_context *cx, struct weft__wait *wait, bool *out_fired)
{
    struct weft__timers *own = weft__cx_thread(cx)->timers;
    if (!wait->object || wait->object->abandon != own->waitable.abandon)
        return false;
    struct weft__timers *timers = weft__container_of(wait->object, struct weft__timers, waitable); /* another's, perhaps */
    weft__lock(&timers->lock);
    *out_fired = wait->state == WEFT__WAIT_GRANTED;
    weft__unlock(&timers->lock);
    return true;
}

/* The wait that is under way, or a new one until `deadline_ns`. */
static int sleep_go_on(weft_context *cx, struct weft__wait *wait, bool under_way, bool fired, int64_t deadline_ns,
                       int64_t now)
{
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    if (under_way && !fired)
        return WEFT_AWAITING;
    weft__wait_leave(wait);
    if (under_way)
        return 0;
    if (deadline_ns <= now)
        return weft__cx_spend(cx) ? 0 : WEFT_AWAITING;
    wait->since = deadline_ns;
    weft__cx_thread(cx)->env->timer_ops->arm(weft__cx_thread(cx), wait);
    return WEFT_AWAITING;
}

static int sleep_await(weft_context *cx, struct weft__wait *wait, int64_t deadline_ns)
{
    bool fired = false;
    const bool under_way = sleep_under_way(cx, wait, &fired);
    return sleep_go_on(cx, wait, under_way, fired, deadline_ns, under_way ? 0 : sleep_now(cx));
}

int weft_sleep_until(weft_context *cx, int64_t deadline_ns)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_sleep_until: the context must not be null");
    return sleep_await(cx, &weft__cx_task(cx)->wait, deadline_ns);
}

static int sleep_future_poll(weft_context *cx, weft_future *future)
{
    return sleep_await(cx, weft__future_attach(cx, future), ((weft_sleep_future *)(void *)future)->deadline_ns);
}

void weft_sleep_begin(weft_sleep_future *future, int64_t deadline_ns)
{
    weft__future_begin(&future->future, sleep_future_poll);
    future->deadline_ns = deadline_ns;
}

int weft_sleep(weft_context *cx, int64_t delay_ns)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_sleep: the context must not be null");
    struct weft__wait *wait = &weft__cx_task(cx)->wait;
    bool fired = false;
    const bool under_way = sleep_under_way(cx, wait, &fired);
    const int64_t now = under_way ? 0 : sleep_now(cx);
    const int64_t deadline = delay_ns <= 0 ? now : delay_ns >= INT64_MAX - now ? INT64_MAX : now + delay_ns;
    return sleep_go_on(cx, wait, under_way, fired, deadline, now);
}

int weft_interval_start(weft_interval *interval, int64_t period_ns, weft_missed missed)
{
    if (!interval || period_ns <= 0 || (unsigned)missed > WEFT_MISSED_SKIP)
        return weft__refuse(WEFT_EINVAL, "weft_interval_start: period %lld ns: give an interval, a period above 0, and a "
                                         "weft_missed",
                            (long long)period_ns);
    *interval = (weft_interval){.next_ns = weft_clock(), .period_ns = period_ns, .missed = missed};
    return 0;
}

/* Where the tick after this one belongs. */
static int64_t interval_after(const weft_interval *interval, int64_t now, uint64_t *out_missed)
{
    const int64_t period = interval->period_ns, due = interval->next_ns;
    const int64_t next = due > INT64_MAX - period ? INT64_MAX : due + period;
    *out_missed = now > due ? (uint64_t)(now - due) / (uint64_t)period : 0;
    if (next > now || interval->missed == WEFT_MISSED_BURST)
        return next;
    if (interval->missed == WEFT_MISSED_DELAY)
        return now > INT64_MAX - period ? INT64_MAX : now + period;
    return due + (int64_t)(*out_missed + 1) * period;
}

int weft_interval_tick(weft_context *cx, weft_interval *interval)
{
    if (!cx || !interval || interval->period_ns <= 0)
        return weft__refuse(WEFT_EINVAL, "weft_interval_tick: give a context, and an interval that was started");
    const int slept = weft_sleep_until(cx, interval->next_ns);
    if (slept != 0)
        return slept;
    uint64_t missed;
    interval->next_ns = interval_after(interval, sleep_now(cx), &missed);
    return missed > INT32_MAX ? INT32_MAX : (int)missed;
}

void weft_interval_reset(weft_interval *interval)
{
    if (interval && interval->period_ns > 0) {
        const int64_t now = weft_clock();
        interval->next_ns = now > INT64_MAX - interval->period_ns ? INT64_MAX : now + interval->period_ns;
    }
}
