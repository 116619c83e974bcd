/* SPDX-License-Identifier: MIT */
/* Arming, taking out, and firing. Wakes are collected under the lock and done after it, inside an RCU section. */
#include "timer/timer.h"

#include <weft/error.h>

#include "base/platform.h"
#include "registry/rcu.h"
#include "task/scope.h"
#include "task/task.h"
#include "trace/emit.h"

enum { TIMER_WAKES = 32 };

static size_t timers_bytes(uint32_t count)
{
    return (count * sizeof(struct weft__timers) + 4095) & ~(size_t)4095;
}

static struct weft__timers *timers_holding(struct weft__wait *wait)
{
    return weft__container_of(wait->object, struct weft__timers, waitable);
}

/* Under the lock. */
static void timers_note_next(struct weft__timers *timers)
{
    weft__store_relaxed(&timers->next, weft__wheel_next(&timers->wheel)); /* its worker reads it, or under the lock */
}

static void timers_arm(struct weft__thread *self, struct weft__wait *wait)
{
    struct weft__timers *timers = self->timers;
    weft__lock(&timers->lock);
    wait->object = &timers->waitable;
    wait->state = WEFT__WAIT_QUEUED;
    wait->armed_ms = (uint32_t)(weft__thread_now(self) / 1000000);
    weft__wheel_insert(&timers->wheel, &wait->timed);
    weft__counter_add(&timers->armed, 1);
    timers_note_next(timers);
    self->due = weft__load_relaxed(&timers->next); /* under the lock */
    weft__unlock(&timers->lock);
    WEFT__TRACE(timers->env->number, timer_arm, weft__self_task_id(), (uint64_t)wait->since);
}

static bool timers_disarm(struct weft__wait *wait)
{
    struct weft__timers *timers = timers_holding(wait);
    weft__lock(&timers->lock);
    const bool firing = wait->state == WEFT__WAIT_FIRING;
    if (wait->state == WEFT__WAIT_QUEUED) {
        weft__wheel_remove(&timers->wheel, &wait->timed);
        weft__counter_add(&timers->cancelled, 1);
        wait->state = WEFT__WAIT_IDLE;
        timers_note_next(timers);
    }
    weft__unlock(&timers->lock);
    return !firing;
}

/* What a fired entry needs after the lock. */
struct timers_fired {
    weft__waiter waiter;
    struct weft__wait *scope; /* a scope's deadline, which is FIRING; NULL: a task's, which may be gone */
    uint64_t task;
    int64_t due;
};

/* Whose it is, to show. Under the lock, while it is in the wheel or has just come out. */
static const weft__task *timers_task(struct weft__wait *wait)
{
    return wait->scope ? weft__scope_of_deadline(wait)->weft__owner : (const weft__task *)(uintptr_t)weft__wait_waiter(wait);
}

/* Under the lock. */
static size_t timers_take(struct weft__timers *timers, int64_t now, struct timers_fired *fired)
{
    struct weft__timed *due[TIMER_WAKES];
    const weft__task *tasks[TIMER_WAKES];
    const size_t count = weft__wheel_turn(&timers->wheel, now, due, TIMER_WAKES);
    for (size_t i = 0; i < count; i++) {
        struct weft__wait *wait = weft__container_of(due[i], struct weft__wait, timed);
        tasks[i] = timers_task(wait);
        __builtin_prefetch(&tasks[i]->id, 1); /* its poll wants this line and the next: here all come at once */
        __builtin_prefetch(tasks[i] + 1, 1);
    }
    for (size_t i = 0; i < count; i++) {
        struct weft__wait *wait = weft__container_of(due[i], struct weft__wait, timed);
        weft__spread_note(&timers->lateness, now - wait->since);
        fired[i] = (struct timers_fired){weft__wait_waiter(wait), wait->scope ? wait : NULL, weft__task_id(tasks[i]), wait->since};
        wait->state = wait->scope ? WEFT__WAIT_FIRING : WEFT__WAIT_GRANTED;
    }
    if (count > 0)
        weft__counter_add(&timers->fired, count);
    timers_note_next(timers);
    return count;
}

static void timers_fire(struct weft__timers *timers, uint16_t worker, const struct timers_fired *fired)
{
    WEFT__TRACE(timers->env->number, timer_fire, fired->task, (uint64_t)fired->due, worker);
    weft__waiter_wake(fired->waiter, WEFT_TRACE_wake_source_TIMER, 0);
    if (!fired->scope)
        return;
    weft__lock(&timers->lock); /* from here on the scope may be closed */
    fired->scope->state = WEFT__WAIT_GRANTED;
    weft__unlock(&timers->lock);
}

static void timers_turn_all(struct weft__thread *self, int64_t now)
{
    struct weft__timers *timers = self->timers;
    size_t count;
    do {
        struct timers_fired fired[TIMER_WAKES];
        weft__rcu_read_lock();
        weft__lock(&timers->lock);
        count = timers_take(timers, now, fired);
        weft__unlock(&timers->lock);
        for (size_t i = 0; i < count; i++)
            timers_fire(timers, self->number, &fired[i]);
        weft__rcu_read_unlock();
    } while (count == TIMER_WAKES);
}

static int64_t timers_turn(struct weft__thread *self, int64_t now)
{
    struct weft__timers *timers = self->timers;
    if (weft__load_relaxed(&timers->next) <= now) /* only this thread makes it earlier */
        timers_turn_all(self, now);
    return weft__load_relaxed(&timers->next);
}

/* A sleep that its task has turned away from. */
static void timers_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    (void)waitable;
    timers_disarm(wait);
    wait->object = NULL;
    wait->state = WEFT__WAIT_IDLE;
}

static void timers_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    struct weft__timers *timers = weft__container_of(waitable, struct weft__timers, waitable);
    struct weft__about *about = weft__abouts_add(abouts, "a time");
    const int64_t now = weft__realm_now(timers->env->realm);
    about->since = now - (int64_t)((uint32_t)(now / 1000000) - wait->armed_ms) * 1000000;
    about->until = wait->since;
}

static const struct weft__timer_ops timer_ops = {timers_arm, timers_disarm, timers_turn};
static const struct weft__waitable_ops waitable_ops = {timers_abandon, timers_describe};

int weft__timers_create(struct weft__env *env, uint32_t count, struct weft__timers **out_timers)
{
    struct weft__timers *timers = weft__platform->map(timers_bytes(count), 4096);
    if (!timers)
        return WEFT_ENOMEM;
    const int64_t now = weft__realm_now(env->realm);
    for (uint32_t i = 0; i < count; i++) {
        timers[i].waitable.ops = &waitable_ops;
        timers[i].env = env;
        weft__wheel_init(&timers[i].wheel, now, env->realm ? WEFT__WHEEL_SHIFT_EXACT : WEFT__WHEEL_SHIFT);
        weft__store_relaxed(&timers[i].next, INT64_MAX);
    }
    env->timer_ops = &timer_ops;
    *out_timers = timers;
    return 0;
}

void weft__timers_destroy(struct weft__timers *timers, uint32_t count)
{
    if (timers)
        weft__platform->unmap(timers, timers_bytes(count));
}
