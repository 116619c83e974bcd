/* SPDX-License-Identifier: MIT */
/* Starting, stopping, waiting for the end, and the way of a task into a queue. */
#include "sched/sched.h"

#include <errno.h>
#include <string.h>
#include <weft/error.h>

#include "base/futex.h"
#include "base/platform.h"
#include "base/thread.h"
#include "registry/rcu.h"
#include "trace/emit.h"

static void sched_unpark_worker(struct weft__worker *worker)
{
    if (weft__parker_unpark(&worker->parker))
        worker->thread.env->io_ops->rouse(&worker->thread);
}

static void sched_unpark(struct weft__thread *thread)
{
    sched_unpark_worker((struct weft__worker *)(void *)thread);
}

void weft__sched_notify(struct weft__sched *sched)
{
    const int picked = weft__idle_pick(&sched->idle);
    if (picked < 0 || &sched->workers[picked].thread == weft__self)
        return; /* nobody; or this one, which turns its loop: it gets up after, and needs no system call for it */
    weft__store_relaxed(&sched->workers[picked].roused, weft__realm_now(sched->env.realm)); /* the unpark orders */
    sched_unpark_worker(&sched->workers[picked]);
    if (weft__unlikely(sched->env.drive)) {
        weft__rcu_read_lock();
        sched->env.drive->ring(&sched->env);
        weft__rcu_read_unlock();
    }
}

/* Not in place, as sched_push_local(): who finds the next slot empty needs none of their registers. */
__attribute__((noinline)) void weft__sched_inject(struct weft__sched *sched, weft__task *task)
{
    weft__handoff_push(&sched->injector, &task->queued);
    weft__idle_announce(&sched->idle);
    weft__sched_notify(sched);
}

/*
 * A push that is half done is no work yet: whoever pushes announces and notifies when it is done, each of them (idle.h), and who went on
 * looking might keep the processor from him, at a real-time priority for ever.
 */
bool weft__sched_has_work(struct weft__sched *sched)
{
    if (weft__handoff_ready(&sched->injector))
        return true;
    for (uint32_t i = 0; i < sched->worker_count; i++)
        if (weft__runqueue_length(&sched->workers[i].ring) > 0)
            return true;
    return false;
}

/* A worker's own queue: the ring, and what does not fit, or has to give way, goes to all. Not in place: the way that ends in
 * the next slot needs none of its registers. */
static __attribute__((noinline)) void sched_push_local(struct weft__worker *worker, weft__task *task)
{
    if (weft__worker_gives_way(worker, task)) {
        weft__sched_inject(worker->sched, task);
        return;
    }
    if (weft__likely(weft__runqueue_push(&worker->ring, task))) {
        weft__sched_notify(worker->sched);
        return;
    }
    weft__counter_add(&worker->overflows, 1);
    WEFT__TRACE(worker->thread.env->number, queue_overflow, worker->thread.number, 1);
    weft__sched_inject(worker->sched, task);
}

/*
 * From another thread than a worker's. It has no other way than through the shared queue, so that says nothing of small tasks that are
 * better left together: whoever naps is to take it. Not in place, as sched_push_local().
 */
static __attribute__((noinline)) void sched_inject_from_outside(struct weft__sched *sched, weft__task *task)
{
    weft__handoff_push(&sched->injector, &task->queued);
    const int napper = weft__idle_announce_outside(&sched->idle);
    weft__sched_notify(sched);
    if (weft__unlikely(napper >= 0))
        sched_unpark_worker(&sched->workers[napper]);
}

/*
 * A task became runnable. On a worker of this runtime it goes into the next slot, and what was there into the ring: the
 * one woken last finds its message in the cache. A task in the next slot is not announced to sleepers: its owner will
 * be there sooner, and if it is not, the rescuer is.
 */
static void sched_schedule(struct weft__env *env, weft__task *task)
{
    struct weft__thread *self = weft__self_in(env);
    if (!self || self->number == WEFT_TRACE_NO_WORKER) {
        sched_inject_from_outside(weft__sched_of(env), task);
        return;
    }
    struct weft__worker *worker = (struct weft__worker *)(void *)self;
    if (weft__likely(!worker->sched->next_slot_off)) {
        if (!weft__load_relaxed(&worker->next)) { /* only this thread fills it */
            weft__store_release(&worker->next, task); /* NX-R1 */
            return;
        }
        task = weft__exchange_release(&worker->next, task); /* NX-R1: the rescuer may be at it */
        if (!task)
            return;
    }
    sched_push_local(worker, task);
}

static const struct weft__sched_ops sched_ops = {.schedule = sched_schedule, .unpark = sched_unpark};

int weft__sched_init(struct weft__sched *sched, uint64_t seed)
{
    sched->env.ops = &sched_ops;
    if (!sched->env.io_ops)
        sched->env.io_ops = &weft__io_none;
    weft__handoff_init(&sched->injector);
    weft__idle_init(&sched->idle, sched->worker_count);

    const size_t size = sched->worker_count * sizeof *sched->workers;
    sched->workers = weft__platform->map((size + 4095) & ~(size_t)4095, 4096); /* aligned, and zeroed */
    if (!sched->workers)
        return WEFT_ENOMEM;
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        worker->sched = sched;
        worker->index = i;
        const int64_t now = weft__realm_now(sched->env.realm);
        weft__store_relaxed(&worker->seen_since, now); /* no other thread yet */
        worker->thread.env = &sched->env;
        worker->thread.ids.realm = sched->env.realm;
        worker->thread.number = sched->env.realm ? (uint16_t)i : weft__worker_number_take();
        weft__rng_seed(&worker->rng, seed + i);
        weft__rng_seed(&worker->thread.choices, seed + sched->worker_count + i);
        weft__runqueue_init(&worker->ring);
        weft__pace_init(&worker->pace, sched->global_queue_interval, sched->event_interval);
        weft__pace_begin(&worker->pace, now, 0);
        worker->shared_turn = 1;
    }
    return 0;
}

void weft__sched_fini(struct weft__sched *sched)
{
    if (!sched->workers)
        return;
    for (uint32_t i = 0; !sched->env.realm && i < sched->worker_count; i++)
        weft__worker_number_return(sched->workers[i].thread.number);
    const size_t size = sched->worker_count * sizeof *sched->workers;
    weft__platform->unmap(sched->workers, (size + 4095) & ~(size_t)4095);
    sched->workers = NULL;
}

static void sched_join(struct weft__sched *sched, uint32_t count)
{
    weft__store_relaxed(&sched->stopping, 1); /* the unpark orders */
    for (uint32_t i = 0; i < count; i++)
        sched_unpark_worker(&sched->workers[i]);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(sched->workers[i].pthread, NULL);
}

/* Until each of them has its name and its first events are out: then what a host sees from outside is complete. */
static void sched_await_start(struct weft__sched *sched)
{
    uint32_t started;
    while ((started = weft__load_acquire(&sched->started)) < sched->worker_count) /* WK-A1 */
        weft__futex_wait(&sched->started, started, INT64_MAX);
}

int weft__sched_start(struct weft__sched *sched, size_t stack_size)
{
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        const int error = weft__thread_start(&worker->pthread, stack_size, weft__worker_main, worker);
        if (error < 0) {
            sched_join(sched, i);
            return error;
        }
    }
    sched_await_start(sched);
    return 0;
}

void weft__sched_begin_driven(struct weft__sched *sched)
{
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        worker->lies = true; /* until its first turn */
        weft__thread_name(sched->thread_name, i, worker->name);
        weft__worker_announce(worker);
    }
    sched->workers[0].thread.due = INT64_MAX;
    weft__idle_sleep(&sched->idle, 0, false);
}

void weft__sched_stop(struct weft__sched *sched)
{
    if (!sched->env.drive)
        sched_join(sched, sched->worker_count);
}

uint64_t weft__sched_live(struct weft__sched *sched)
{
    /* Ended first, then spawned: both only grow, and a task's children are spawned before it ends; so if the two sums
     * are equal they were equal at the moment between, and nothing lived that could spawn. */
    uint64_t ended = 0, spawned = 0;
    for (uint32_t i = 0; i < sched->worker_count; i++)
        ended += weft__counter_read(&sched->workers[i].thread.ended);
    for (uint32_t i = 0; i < sched->worker_count; i++)
        spawned += weft__counter_read(&sched->workers[i].thread.spawned);
    spawned += weft__env_foreign_spawned(&sched->env);
    return spawned - ended;
}

int weft__sched_drain(struct weft__sched *sched, int64_t deadline_ns)
{
    weft__fetch_add_relaxed(&sched->draining, 1);
    /* A worker that parks after this lock sees `draining` and looks; one that parked before has its counts seen here. */
    weft__lock_pass(&sched->idle.lock); /* RECHECK: one that is parking */
    int result = 0;
    for (;;) {
        const uint32_t seen = weft__load_acquire(&sched->drained); /* DN-A1: before the look; a later end changes it */
        if (weft__sched_live(sched) == 0 || result < 0)
            break;
        if (weft__futex_wait(&sched->drained, seen, deadline_ns) == -ETIMEDOUT)
            result = WEFT_ETIMEDOUT; /* unless it ended this moment */
    }
    weft__fetch_sub_relaxed(&sched->draining, 1);
    return weft__sched_live(sched) == 0 ? 0 : result;
}

void weft__sched_trim(struct weft__sched *sched)
{
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        uint32_t seen = WEFT__HOARD_SOME; /* relaxed: a word that says nothing of other memory */
        if (weft__cas_strong_relaxed(&worker->hoard, &seen, WEFT__HOARD_WANTED))
            sched_unpark_worker(worker); /* it wakes, gives back, and sleeps again */
    }
}
