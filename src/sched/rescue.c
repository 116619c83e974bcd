/* SPDX-License-Identifier: MIT */
/*
 * What the monitor thread does for the scheduler: it looks at each worker, and if it finds it in the same poll as at the
 * tick before (or in a long one), gives what that worker holds back to the others. A poll that lasts longer than the threshold is a stall:
 * counted, an event, and told to the host while it lasts, with the place since which it runs.
 *
 * Edges: RS-R1 -> RS-A1 what the rescuer remembers of a worker, for whoever asks how long a poll has lasted.
 *
 * The host is told of at most RESCUE_TOLD stalls in RESCUE_STRETCH_NS; a stall that was left out is told later if it
 * still lasts then, and otherwise counted in one line that says how many were left out.
 */
#include <stdio.h>
#include <weft/error.h>

#include "sched/sched.h"
#include "task/look.h"
#include "trace/emit.h"

enum {
    RESCUE_TOLD = 8,
    RESCUE_LONG_NS = 10000000 /* a poll that is seen once, and has lasted so long, is taken for stuck */
};
static const int64_t rescue_stretch_ns = INT64_C(10000000000);

/* Move what the worker holds back to the shared queue, fire its timers, and take what has come for its loop. */
static void rescue_take_over(struct weft__sched *sched, struct weft__worker *worker, int64_t now)
{
    sched->env.timer_ops->turn(&worker->thread, now);
    sched->env.io_ops->turn(&worker->thread);
    weft__task *taken[WEFT__RUNQUEUE_CAPACITY / 2];
    weft__task *next = weft__exchange_acquire(&worker->next, NULL); /* NX-A1 */
    if (next)
        weft__sched_inject(sched, next);
    size_t count;
    while ((count = weft__runqueue_steal(&worker->ring, taken, WEFT__RUNQUEUE_CAPACITY / 2)) > 0)
        for (size_t i = 0; i < count; i++)
            weft__sched_inject(sched, taken[i]);
}

/* The innermost await that it passed: a file and a line, or where the task was spawned, of a hand-written function. */
static void rescue_tell(struct weft__sched *sched, const struct weft__worker *worker, const struct weft__look *look,
                        int64_t held)
{
    const struct weft__place place = weft__frames_innermost(&look->frames);
    const weft_site *site = look->info.site;
    char since[256];
    if (!place.function)
        snprintf(since, sizeof since, "its last poll began (spawned at %s:%u)", site->file ? site->file : "?", site->line);
    else if (place.line == 0)
        snprintf(since, sizeof since, "the beginning of %s, %s", place.function->name, place.function->file);
    else
        snprintf(since, sizeof since, "%s, %s:%u", place.function->name, place.function->file, place.line);
    weft__report(&sched->env, WEFT_EBUSY,
                 "task '%s' (%llu) has held worker %u for %lld ms, since %s: it computes or blocks between two awaits",
                 look->info.name, (unsigned long long)look->info.task.id, worker->index, (long long)(held / 1000000),
                 since);
}

/* A poll that is too long by now. By walking: a stall is rare, and a pointer to a running task is its worker's alone. */
static void rescue_stall(struct weft__sched *sched, struct weft__worker *worker, uint64_t id, int64_t held)
{
    struct weft__stalls *stalls = &sched->stalls;
    const bool first = !worker->seen_stalled, tell = stalls->told < RESCUE_TOLD;
    if (!first && !tell)
        return;
    struct weft__loaded loaded;
    struct weft__look look;
    weft__loaded_read(&loaded);
    const bool found = weft__look_for(&sched->env, id, &loaded, &look) &&
                       weft__counter_read(&worker->thread.polls) == weft__load_relaxed(&worker->seen_polls);
    const struct weft__place place = found ? weft__frames_innermost(&look.frames) : (struct weft__place){0};
    worker->seen_stalled = true;
    worker->seen_told = tell || !found; /* not found: it has ended this moment */
    if (first)
        WEFT__TRACE(sched->env.number, stall, id, worker->thread.number, (uint64_t)held,
                    place.function ? place.function->name : "", place.function ? place.function->file : "", place.line);
    if (tell && found) {
        stalls->told++;
        rescue_tell(sched, worker, &look, held);
    }
    if (!first)
        return;
    weft__counter_add(&worker->long_polls, 1);
    weft__fetch_add_relaxed(&stalls->total, 1); /* a statistic; last: whoever sees it counted has been told */
}

/* The end of a stretch: how many were left out of it, and a new one. */
static void rescue_sum_up(struct weft__sched *sched, int64_t now)
{
    struct weft__stalls *stalls = &sched->stalls;
    if (now - stalls->begin < rescue_stretch_ns)
        return;
    if (stalls->untold > 0)
        weft__report(&sched->env, WEFT_EBUSY,
                     "%u more polls have held a worker for longer than the threshold in the last %lld s and were not told "
                     "one by one",
                     stalls->untold, (long long)((now - stalls->begin) / 1000000000));
    stalls->begin = now;
    stalls->told = stalls->untold = 0;
}

/* Whether it is in the poll still in which it was found stuck. One that has left it wants its loop for itself. */
static bool rescue_is_stuck(struct weft__worker *worker)
{
    return worker->seen_stuck && weft__load_relaxed(&worker->thread.task_id) != 0 &&
           weft__counter_read(&worker->thread.polls) == weft__load_relaxed(&worker->seen_polls); /* its own memory */
}

_Static_assert(WEFT__IDLE_WORKERS_MAX <= WEFT_WORKERS_MAX, "whoever stands in has room for all of them");

bool weft__sched_stand_in(struct weft__sched *sched, int64_t deadline_ns)
{
    struct weft__thread *stuck[WEFT__IDLE_WORKERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        if (rescue_is_stuck(worker) && sched->env.io_ops->awaited(&worker->thread))
            stuck[count++] = &worker->thread;
    }
    return count > 0 && sched->env.io_ops->stand_in(stuck, count, deadline_ns);
}

/*
 * Look at a worker, and remember what it does. A poll that was there at the look before is the same one if none has ended
 * since. One that is seen for the first time began now, as far as is known; but if its worker slept at the look before
 * and has ended no poll since, it began when that got up: the looks of an idle runtime are far apart.
 */
static void rescue_look(struct weft__sched *sched, struct weft__worker *worker, uint64_t task, int64_t now)
{
    const uint64_t polls = weft__counter_read(&worker->thread.polls);
    const bool busy = task != 0, none_ended = polls == weft__load_relaxed(&worker->seen_polls); /* its own memory */
    if (busy && worker->seen_busy && none_ended) {
        worker->seen_stuck = true;
        return;
    }
    const int64_t woke = weft__load_relaxed(&worker->woke); /* a time to compare with */
    const int64_t before = weft__load_relaxed(&worker->seen_since), since = busy && none_ended && woke > before ? woke : now;
    sched->stalls.untold += worker->seen_stalled && !worker->seen_told;
    worker->seen_stalled = worker->seen_told = false;
    weft__store_relaxed(&worker->seen_since, since); /* RS-R1 publishes it */
    worker->seen_stuck = now - since >= RESCUE_LONG_NS;
    worker->seen_busy = busy;
    weft__store_release(&worker->seen_polls, polls); /* RS-R1: the time is not older than the count */
}

int64_t weft__sched_held(struct weft__worker *worker, int64_t now)
{
    const uint64_t seen = weft__load_acquire(&worker->seen_polls); /* RS-A1 */
    int64_t since = weft__load_relaxed(&worker->seen_since), woke = weft__load_relaxed(&worker->woke);
    if (weft__counter_read(&worker->thread.polls) != seen || weft__load_relaxed(&worker->thread.task_id) == 0)
        return 0;
    if (woke > since)
        since = woke; /* an idle runtime is looked at seldom */
    return now > since ? now - since : 0;
}

int64_t weft__worker_poll_age(struct weft__worker *worker, int64_t now)
{
    if (weft__load_relaxed(&worker->thread.task_id) == 0) /* numbers to show, all of these */
        return -1;
    const int64_t timed = weft__load_relaxed(&worker->thread.timed_since);
    if (timed != 0)
        return now > timed ? now - timed : 0;
    const int64_t held = weft__sched_held(worker, now);
    if (held > 0)
        return held;
    /* It began after both: the worker's last look at the clock, which is some polls ago, and the rescuer's at the worker. */
    const int64_t looked = weft__load_relaxed(&worker->looked), told = weft__load_relaxed(&worker->thread.env->now);
    const int64_t since = looked > told ? looked : told;
    return now > since ? now - since : 0;
}

void weft__sched_rescue(struct weft__sched *sched, int64_t now, int64_t threshold_ns)
{
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        const uint64_t task = weft__load_relaxed(&worker->thread.task_id);
        rescue_look(sched, worker, task, now);
        if (!worker->seen_stuck)
            continue;
        rescue_take_over(sched, worker, now);
        const int64_t held = now - weft__load_relaxed(&worker->seen_since); /* its own memory */
        if (held >= threshold_ns && !worker->seen_told)
            rescue_stall(sched, worker, task, held);
    }
    rescue_sum_up(sched, now);
}
