/* SPDX-License-Identifier: MIT */
/* Intervals: when the next tick is due. What waits for it is a sleep. */
#include <weft/error.h>
#include <weft/timer.h>

#include "base/error.h"
#include "timer/sleep.h"

/* A time that much later; there is none after WEFT_FOREVER. */
static int64_t interval_later(int64_t time, int64_t by)
{
    return time > 0 && by > INT64_MAX - time ? INT64_MAX : time + by;
}

int weft_interval_start(weft_interval *interval, int64_t period_ns, weft_missed missed)
{
    if (!interval || period_ns <= 0 || (unsigned)missed > WEFT_MISSED_SKIP)
        return weft__refuse(WEFT_EINVAL, "weft_interval_start: period %lld ns: give an interval, a period above 0, and a "
                                         "weft_missed",
                            (long long)period_ns);
    *interval = (weft_interval){.next_ns = weft_clock(), .period_ns = period_ns, .missed = missed,
                                .weft__outside = weft__realm_here == NULL};
    return 0;
}

/* Begun on a thread outside of the simulated runtime where it ticks: the time that was read there means nothing here. */
static void interval_come_in(const weft_context *cx, weft_interval *interval)
{
    if (interval->weft__outside && weft__cx_thread(cx)->env->realm)
        interval->next_ns = weft__sleep_now(cx);
    interval->weft__outside = false;
}

/* Where the tick after this one belongs. */
static int64_t interval_after(const weft_interval *interval, int64_t now, uint64_t *out_missed)
{
    const int64_t period = interval->period_ns, due = interval->next_ns;
    const int64_t next = interval_later(due, period);
    const uint64_t late = now > due ? (uint64_t)now - (uint64_t)due : 0;
    *out_missed = late / (uint64_t)period;
    if (next > now || interval->missed == WEFT_MISSED_BURST)
        return next;
    if (interval->missed == WEFT_MISSED_DELAY)
        return interval_later(now, period);
    return interval_later(now, period - (int64_t)(late % (uint64_t)period)); /* on the grid of `due` */
}

/* Wait with this node for the tick, and take it. */
static int interval_await(weft_context *cx, struct weft__wait *wait, weft_interval *interval)
{
    if (!interval || interval->period_ns <= 0)
        return weft__refuse(WEFT_EINVAL, "weft_interval_tick: the interval is null or was not started: start it with "
                                         "weft_interval_start()");
    interval_come_in(cx, interval);
    const int slept = weft__sleep_follow(cx, wait, interval->next_ns);
    if (slept != 0)
        return slept;
    uint64_t missed;
    interval->next_ns = interval_after(interval, weft__sleep_now(cx), &missed);
    return missed > INT32_MAX ? INT32_MAX : (int)missed;
}

int weft_interval_tick(weft_context *cx, weft_interval *interval)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_interval_tick: the context must not be null");
    return interval_await(cx, &weft__cx_task(cx)->wait, interval);
}

static int interval_future_poll(weft_context *cx, weft_future *future)
{
    return interval_await(cx, weft__future_attach(cx, future), ((weft_interval_future *)(void *)future)->interval);
}

void weft_interval_tick_begin(weft_interval_future *future, weft_interval *interval)
{
    if (!weft__future_begin(future, interval_future_poll))
        return;
    future->interval = interval;
}

static int interval_set(const char *call, weft_interval *interval, int64_t next_ns)
{
    if (!interval || interval->period_ns <= 0)
        return weft__refuse(WEFT_EINVAL, "%s: the interval is null or was not started: start it with weft_interval_start()",
                            call);
    interval->next_ns = next_ns;
    interval->weft__outside = false;
    return 0;
}

int weft_interval_reset(weft_interval *interval)
{
    return interval_set("weft_interval_reset", interval, weft_deadline_in(interval ? interval->period_ns : 0));
}

int weft_interval_reset_immediately(weft_interval *interval)
{
    return interval_set("weft_interval_reset_immediately", interval, weft_clock());
}

int weft_interval_reset_after(weft_interval *interval, int64_t delay_ns)
{
    return interval_set("weft_interval_reset_after", interval, weft_deadline_in(delay_ns));
}

int weft_interval_reset_at(weft_interval *interval, int64_t next_ns)
{
    return interval_set("weft_interval_reset_at", interval, next_ns);
}
