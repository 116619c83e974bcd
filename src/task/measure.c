/* SPDX-License-Identifier: MIT */
#include "task/measure.h"

#include "task/context.h"
#include "trace/sinks.h"

enum { MEASURE_WINDOW = 512 }; /* measurements in 10 ms: at 100 ns each, half a percent of one processor */
static const int64_t measure_patience_ns = INT64_C(300000000000); /* after the last time that somebody asked */

static bool measure_may(struct weft__measure *measure)
{
    if (!measure || !weft__load_relaxed(&measure->on)) /* a moment more or less */
        return false;
    return measure->mode == WEFT_MEASURE_EXACT || weft__sinks_spend();
}

/* The first of the places where the entry of a task may be. */
static unsigned measure_place(uint64_t id)
{
    return (unsigned)(id * UINT64_C(0x9E3779B97F4A7C15) >> 56) % WEFT__MEASURE_WOKEN;
}

static struct weft__woken *measure_take_entry(struct weft__measure *measure, uint64_t id)
{
    for (unsigned i = 0; i < WEFT__MEASURE_PROBES; i++) {
        struct weft__woken *entry = &measure->woken[(measure_place(id) + i) % WEFT__MEASURE_WOKEN];
        uint64_t free = 0;
        if (weft__load_relaxed(&entry->id) == 0 && weft__cas_strong_acquire(&entry->id, &free, id)) /* ME-A1 */
            return entry;
    }
    return NULL; /* so many wait already: this one is not measured */
}

static struct weft__woken *measure_find_entry(struct weft__measure *measure, uint64_t id)
{
    for (unsigned i = 0; i < WEFT__MEASURE_PROBES; i++) {
        struct weft__woken *entry = &measure->woken[(measure_place(id) + i) % WEFT__MEASURE_WOKEN];
        if (weft__load_relaxed(&entry->id) == id) /* written before the task was queued */
            return entry;
    }
    return NULL; /* not of one whose function is measure_woken */
}

/* The poll that was waited for begins: how long that took. The task has its function back. */
static void measure_arrive(struct weft__env *env, weft__task *task)
{
    struct weft__woken *entry = measure_find_entry(env->measure, weft__task_id(task));
    weft__spread_add(&env->measure->wakes.fresh, weft__realm_now(env->realm) - entry->at);
    task->fn = entry->fn;
    weft__store_release(&entry->id, 0); /* ME-R1 */
}

static weft_poll measure_woken(weft_context *cx, void *frame)
{
    weft__task *task = weft__cx_task(cx);
    measure_arrive(weft__cx_thread(cx)->env, task);
    return task->fn(cx, frame);
}

static weft_poll measure_timed(weft_context *cx, void *frame)
{
    struct weft__thread *self = weft__cx_thread(cx);
    weft__task *task = weft__cx_task(cx);
    task->fn = self->timed;
    const int64_t begun = weft__realm_now(self->env->realm);
    weft__store_relaxed(&self->timed_since, begun);
    const weft_poll answer = task->fn(cx, frame);
    weft__store_relaxed(&self->timed_since, 0);
    weft__spread_add(&self->env->measure->polls.fresh, weft__realm_now(self->env->realm) - begun);
    return answer;
}

void weft__measure_wake(struct weft__env *env, weft__task *task)
{
    if (!measure_may(env->measure))
        return;
    struct weft__woken *entry = measure_take_entry(env->measure, weft__task_id(task));
    if (!entry)
        return;
    entry->fn = task->fn;
    entry->at = weft__realm_now(env->realm);
    task->fn = measure_woken;
}

void weft__measure_poll(struct weft__thread *self, weft__task *task)
{
    if (task->fn == measure_woken)
        measure_arrive(self->env, task);
    if (!measure_may(self->env->measure))
        return;
    self->timed = task->fn;
    task->fn = measure_timed;
}

static void measure_begin(struct weft__measure *measure, uint64_t polls, uint64_t wakes)
{
    weft__sampled_begin(&measure->polls, polls);
    weft__sampled_begin(&measure->wakes, wakes);
    weft__store_relaxed(&measure->begun, 1); /* what it says is under the locks of the two */
    weft__store_relaxed(&measure->on, 1);    /* those who look find it a moment later */
    weft__sinks_measure(1, measure->mode == WEFT_MEASURE_EXACT);
}

static void measure_end(struct weft__measure *measure)
{
    weft__store_relaxed(&measure->on, 0); /* a measurement that is under way ends all the same */
    weft__sinks_measure(-1, -(measure->mode == WEFT_MEASURE_EXACT));
}

void weft__measure_init(struct weft__measure *measure, weft_measure mode)
{
    measure->mode = mode;
    if (mode == WEFT_MEASURE_ALWAYS || mode == WEFT_MEASURE_EXACT)
        measure_begin(measure, 0, 0);
}

void weft__measure_fini(struct weft__measure *measure)
{
    if (weft__load_relaxed(&measure->on)) /* nobody else is there */
        measure_end(measure);
}

void weft__measure_ask(struct weft__measure *measure, int64_t now)
{
    weft__store_relaxed(&measure->asked, now); /* the ticker sees it soon */
}

static bool measure_wanted(struct weft__measure *measure, int64_t now)
{
    const int64_t asked = weft__load_relaxed(&measure->asked);
    switch (measure->mode) {
    case WEFT_MEASURE_ASKED:
        return asked != 0 && now - asked < measure_patience_ns;
    case WEFT_MEASURE_NEVER:
        return false;
    default:
        return true;
    }
}

/* Wakes that were noted, and whose polls have not begun: counted as wakes, and not measured yet. */
static uint64_t measure_under_way(struct weft__measure *measure)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < WEFT__MEASURE_WOKEN; i++)
        count += weft__load_relaxed(&measure->woken[i].id) != 0; /* a statistic */
    return count;
}

void weft__measure_tick(struct weft__measure *measure, int64_t now, uint64_t polls, uint64_t wakes)
{
    const bool on = weft__load_relaxed(&measure->on), wanted = measure_wanted(measure, now); /* written here alone */
    if (on) {
        weft__sampled_fold(&measure->polls, polls);
        weft__sampled_fold(&measure->wakes, wakes - measure_under_way(measure));
    }
    if (wanted && !on)
        measure_begin(measure, polls, wakes);
    if (on && !wanted)
        measure_end(measure);
    if (wanted)
        weft__sinks_open_window(now, MEASURE_WINDOW);
}
