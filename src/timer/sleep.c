/* SPDX-License-Identifier: MIT */
/*
 * Sleeping. A sleep waits with the task's own node, which remembers the deadline from one poll to the next, so a plain
 * WEFT_AWAIT needs no memory of its own: the deadline of the first evaluation stands, and weft_deadline_in() may be the
 * argument. A deadline that is kept in a future or an interval is looked at again each time: it may have been reset.
 *
 * The clock is read when a sleep begins: the worker's time is a little old, and a deadline counted from it would be early.
 */
#include <weft/error.h>
#include <weft/timer.h>
#include <weft/trace.h>

#include "base/error.h"
#include "timer/sleep.h"
#include "timer/timer.h"

/* Whether the node waits in a wheel; *out_fired whether its time has come. */
static bool sleep_under_way(weft_context *cx, struct weft__wait *wait, bool *out_fired)
{
    struct weft__timers *own = weft__cx_thread(cx)->timers;
    if (!wait->object || wait->object->ops != own->waitable.ops)
        return false;
    struct weft__timers *timers = weft__container_of(wait->object, struct weft__timers, waitable); /* another's, perhaps */
    weft__lock(&timers->lock);
    *out_fired = wait->state == WEFT__WAIT_GRANTED;
    weft__unlock(&timers->lock);
    return true;
}

/* As if it had fired: it never was in a wheel, and ends when it is asked next. */
static void sleep_grant(struct weft__thread *self, struct weft__wait *wait)
{
    wait->object = &self->timers->waitable;
    wait->state = WEFT__WAIT_GRANTED;
}

/* The time has passed already. With the budget spent the others have their turn first, and then it is ready at no cost:
 * what eats the budget before it, in each poll anew, must not keep it from ending. */
static int sleep_passed(weft_context *cx, struct weft__wait *wait)
{
    if (weft__cx_spend(cx))
        return 0;
    sleep_grant(weft__cx_thread(cx), wait);
    return WEFT_AWAITING;
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
    wait->since = deadline_ns;
    if (deadline_ns <= now)
        return sleep_passed(cx, wait);
    weft__cx_thread(cx)->env->timer_ops->arm(weft__cx_thread(cx), wait);
    return WEFT_AWAITING;
}

static int sleep_await(weft_context *cx, struct weft__wait *wait, int64_t deadline_ns)
{
    bool fired = false;
    const bool under_way = sleep_under_way(cx, wait, &fired);
    return sleep_go_on(cx, wait, under_way, fired, deadline_ns, under_way ? 0 : weft__sleep_now(cx));
}

int weft__sleep_follow(weft_context *cx, struct weft__wait *wait, int64_t deadline_ns)
{
    if (wait->object && wait->since != deadline_ns)
        weft__wait_leave(wait);
    return sleep_await(cx, wait, deadline_ns);
}

int weft_sleep_until(weft_context *cx, int64_t deadline_ns)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_sleep_until: the context must not be null");
    return sleep_await(cx, &weft__cx_task(cx)->wait, deadline_ns);
}

int weft_sleep(weft_context *cx, int64_t delay_ns)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_sleep: the context must not be null");
    struct weft__wait *wait = &weft__cx_task(cx)->wait;
    bool fired = false;
    const bool under_way = sleep_under_way(cx, wait, &fired);
    const int64_t now = under_way ? 0 : weft__sleep_now(cx);
    const int64_t deadline = delay_ns <= 0 ? now : delay_ns >= INT64_MAX - now ? INT64_MAX : now + delay_ns;
    return sleep_go_on(cx, wait, under_way, fired, deadline, now);
}

static int sleep_future_poll(weft_context *cx, weft_future *future)
{
    return weft__sleep_follow(cx, weft__future_attach(cx, future), ((weft_sleep_future *)(void *)future)->deadline_ns);
}

void weft_sleep_begin(weft_sleep_future *future, int64_t deadline_ns)
{
    if (!weft__future_begin(future, sleep_future_poll))
        return;
    future->deadline_ns = deadline_ns;
}

/* Wait on with the node of a future, until another time, in the poll of its task. The wake comes in any case: a poll
 * function by hand may answer PENDING without asking again. */
static void sleep_again(struct weft__thread *self, struct weft__wait *wait, int64_t deadline_ns)
{
    wait->since = deadline_ns;
    if (deadline_ns > weft__realm_now(self->env->realm)) {
        self->env->timer_ops->arm(self, wait);
        return;
    }
    sleep_grant(self, wait);
    weft__waiter_wake(weft__wait_waiter(wait), WEFT_TRACE_wake_source_TIMER, 0);
}

int weft_sleep_reset(weft_sleep_future *future, int64_t deadline_ns)
{
    if (!future || future->future.weft__poll != sleep_future_poll)
        return weft__refuse(WEFT_EINVAL, "weft_sleep_reset: the future is null or was not begun: begin it with "
                                         "weft_sleep_begin()");
    struct weft__wait *wait = weft__future_wait(&future->future);
    struct weft__thread *self = weft__self;
    if (wait->object && !(self && weft__thread_task(self)))
        return weft__refuse(WEFT_EPERM, "weft_sleep_reset: a task waits for the future: let that task reset it");
    future->deadline_ns = deadline_ns;
    if (!wait->object)
        return 0; /* nobody waits: the next wait begins with it */
    weft__wait_leave(wait);
    sleep_again(self, wait, deadline_ns);
    return 0;
}
