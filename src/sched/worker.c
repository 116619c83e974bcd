/* SPDX-License-Identifier: MIT */
/*
 * The life of a worker: take the next task, poll it, again. What it does with nothing of its own left is in other files: it searches
 * (search.c); with nothing found, it sleeps (rest.c).
 *
 * Order of service: the next slot; the task that the last poll began to join, if it is the ring's newest; the ring; the shared
 * queue. The first two at most 3 times in a row, so that a pair that keeps waking each other cannot starve the ring; a poll that
 * begins or ends its task does not count, so that a tree of tasks is gone through branch by branch: what then lies in the ring
 * are a few tasks, the oldest the largest, and those are what a thief gets. Every so many polls (pace.h) the shared queue comes
 * first, and before it the ring if it has had no turn since the last time: a full ring cannot starve the one, and a tree without an
 * end not the other. While more is ready than the rings hold, a task that yields, wakes itself or has long been one of those that
 * are polled goes behind all others: then the rings run empty, and turns come round.
 *
 * Edges: NX-R1 -> NX-A1, the next slot: the rescuer who takes the task out sees what its owner wrote, who put it in.
 */
#include "sched/worker.h"

#include "base/futex.h"
#include "base/thread.h"
#include "trace/emit.h"
#include "trace/sinks.h"

enum {
    WORKER_NEXT_RUNS = 3,   /* polls in a row before the ring's turn that neither begin nor end a task */
    WORKER_RING_DEBT = 16,  /* and so many without a turn of the ring are not such a row */
};

/* The loop of a worker stands in two places; calls in it would cost a twentieth of a poll. */
#define WORKER_INLINE static inline __attribute__((always_inline))

/* By the clock that the monitor keeps something is due already: polls have been long. */
static bool worker_is_late(const struct weft__worker *worker)
{
    return weft__load_relaxed(&worker->thread.env->now) >= worker->thread.due; /* nothing is read by it */
}

/* Look at the loop between polls. While nobody waits for it the time of the next look goes along: counts of polls wrap. */
WORKER_INLINE void worker_turn_loop(struct weft__worker *worker)
{
    const struct weft__io_ops *io = worker->thread.env->io_ops;
    if ((int32_t)(worker->tick - worker->io_at) < 0)
        return;
    worker->io_at = worker->tick;
    if (io->awaited(&worker->thread))
        weft__worker_pause_loop(worker, io->turn(&worker->thread));
}

/*
 * A poll before the ring's turn. One that begins its task, or ends it (worker_run), is progress. Here and elsewhere in the loop a word
 * that has its value already is not written: what bounds a poll is how much it writes.
 */
WORKER_INLINE void worker_count_run(struct weft__worker *worker, weft__task *task)
{
    if (weft__load_relaxed(&task->polls) != 0) /* whoever dequeued it owns it */
        worker->next_runs++;
}

WORKER_INLINE void worker_reset_runs(struct weft__worker *worker)
{
    if (worker->next_runs != 0)
        worker->next_runs = 0;
}

WORKER_INLINE void worker_note_source(struct weft__worker *worker, uint8_t source)
{
    if (worker->source != source)
        worker->source = source;
}

WORKER_INLINE weft__task *worker_take_next(struct weft__worker *worker)
{
    if (!weft__load_relaxed(&worker->next)) /* only this thread fills it */
        return NULL;
    weft__task *task = weft__exchange_relaxed(&worker->next, NULL); /* its own, unless the rescuer was first */
    if (!task)
        return NULL;
    if (worker->next_runs < WORKER_NEXT_RUNS) {
        worker_count_run(worker, task);
        worker_note_source(worker, WEFT_TRACE_poll_source_NEXT);
        return task;
    }
    /* It had its turns: behind the ring, which is served now. */
    if (weft__worker_gives_way(worker, task) || !weft__runqueue_push(&worker->ring, task))
        weft__sched_inject(worker->sched, task);
    return NULL;
}

/* The last poll waits for this one, which lies nearest: the ring's oldest would be the beginning of another branch. */
WORKER_INLINE weft__task *worker_take_awaited(struct weft__worker *worker)
{
    const weft__task *awaited = worker->thread.awaited;
    if (weft__likely(!awaited))
        return NULL;
    worker->thread.awaited = NULL;
    if (worker->sched->next_slot_off || worker->next_runs >= WORKER_NEXT_RUNS || !weft__runqueue_pop_newest(&worker->ring, awaited))
        return NULL;
    weft__task *task = (weft__task *)(uintptr_t)awaited; /* the ring's */
    worker_count_run(worker, task);
    worker_note_source(worker, WEFT_TRACE_poll_source_LOCAL);
    return task;
}

WORKER_INLINE weft__task *worker_take_oldest(struct weft__worker *worker)
{
    worker_reset_runs(worker);
    worker->ring_turn = worker->tick;
    weft__task *task = weft__runqueue_pop(&worker->ring);
    if (task)
        worker_note_source(worker, WEFT_TRACE_poll_source_LOCAL);
    return task;
}

/* A tree or a chain has kept it from the ring since the last look into the shared queue; in some dozen polls even a pair does not. */
static bool worker_owes_ring(const struct weft__worker *worker)
{
    const uint32_t polls = worker->tick - worker->ring_turn;
    return polls >= worker->pace.interval && polls >= WORKER_RING_DEBT;
}

/* What is its own, and now and then one that is everybody's. */
WORKER_INLINE weft__task *worker_take_own(struct weft__worker *worker)
{
    weft__task *task;
    if (++worker->tick == worker->shared_turn) {
        worker->shared_turn = worker->tick + 1; /* after the ring, if that has a turn */
        if (worker_owes_ring(worker) && (task = worker_take_oldest(worker)) != NULL)
            return task;
        worker->shared_turn = worker->tick + worker->pace.interval;
        if ((task = weft__worker_take_injected(worker, 1)) != NULL)
            return task;
    }
    if ((task = worker_take_next(worker)) != NULL)
        return task;
    if ((task = worker_take_awaited(worker)) != NULL)
        return task;
    return worker_take_oldest(worker);
}

/* Between two polls: what time and the loop have for it. Before the next task is taken: a timer's goes first. */
WORKER_INLINE void worker_look_up(struct weft__worker *worker)
{
    const bool round = weft__pace_is_due(&worker->pace, worker->tick);
    if (round || worker_is_late(worker))
        weft__worker_turn_timers(worker);
    if (weft__unlikely(weft__trial_is_under_way(&worker->trial)))
        weft__worker_follow_trial(worker);
    if (round) {
        weft__pace_measure(&worker->pace, worker->thread.now, worker->tick);
        if (weft__unlikely(worker->trial.again_ns != 0))
            weft__worker_try_again(worker);
        worker_turn_loop(worker);
    }
}

/* It has nothing of its own to poll. Whether there was something owed: then there may be. */
WORKER_INLINE bool worker_pays(struct weft__worker *worker)
{
    if (weft__likely(!worker->thread.debt.pay))
        return false;
    weft__debt_pay(&worker->thread);
    return true;
}

WORKER_INLINE void worker_run(struct weft__worker *worker, weft__task *task)
{
    if (worker->searching)
        weft__worker_end_search(worker);
    const enum weft__polled polled = weft__task_poll(&worker->thread, task, worker->source);
    if (polled == WEFT__POLLED_ENDED)
        worker_reset_runs(worker);
    if (polled != WEFT__POLLED_AGAIN && polled != WEFT__POLLED_YIELDED)
        return;
    /* Behind the others, all of them: a task that keeps waking itself is not the one woken last. */
    if (worker->crowded) {
        weft__sched_inject(worker->sched, task);
    } else if (weft__runqueue_push(&worker->ring, task)) {
        if (weft__runqueue_length(&worker->ring) > 1)
            weft__sched_notify(worker->sched);
    } else {
        weft__counter_add(&worker->overflows, 1);
        WEFT__TRACE(worker->thread.env->number, queue_overflow, worker->thread.number, 1);
        weft__sched_inject(worker->sched, task);
    }
}

void weft__worker_announce(struct weft__worker *worker)
{
    const uint32_t number = worker->sched->env.number;
    worker->thread.now = weft__realm_now(worker->thread.env->realm);
    weft__worker_note_busy(worker, !worker->lies);
    WEFT__TRACE(number, thread_start, number, worker->thread.number, WEFT_TRACE_thread_kind_WORKER, weft__thread_id(),
                worker->name);
    worker->tid = weft__thread_id();
}

/* A driven worker lies down at the end of a turn that leaves nothing to do, and is asleep, as the others see it, until the
 * next. Its loop is turned before: what has come makes work, and what tasks have begun to wait for reaches the system. */
uint32_t weft__worker_turn(struct weft__worker *worker, uint32_t budget)
{
    const struct weft__io_ops *io = worker->thread.env->io_ops;
    struct weft__thread *const outer = weft__self;
    uint32_t polls = 0;
    weft__self = &worker->thread;
    if (worker->lies)
        weft__worker_get_up(worker);
    else
        weft__worker_begin_polls(worker);
    worker->lies = false;
    while (polls < budget && !worker->lies && !weft__load_relaxed(&worker->sched->stopping)) { /* in a fork's child only */
        worker_look_up(worker);
        weft__task *task = worker_take_own(worker);
        if (!task && worker_pays(worker))
            continue;
        if (!task)
            task = weft__worker_take_injected(worker, WEFT__WORKER_BATCH);
        if (task) {
            worker_run(worker, task);
            polls++;
        } else if (!io->awaited(&worker->thread) || io->turn(&worker->thread) == 0) {
            worker->lies = weft__worker_lie_down(worker);
        }
    }
    worker_pays(worker); /* it is not known when the next turn is */
    weft__self = outer;
    return polls;
}

void *weft__worker_main(void *argument)
{
    struct weft__worker *worker = argument;
    struct weft__sched *sched = worker->sched;
    weft__self = &worker->thread;
    weft__thread_set_name(sched->thread_name, worker->index, worker->name);
    weft__thread_set_punctual();
    const weft_trace_provider *provider = weft__sinks_provider();
    if (provider && provider->thread_start)
        provider->thread_start();
    weft__worker_announce(worker);
    weft__fetch_add_release(&sched->started, 1); /* WK-R1 */
    weft__futex_wake(&sched->started, 1);

    while (!weft__load_relaxed(&sched->stopping)) { /* set when no task lives; the unpark after it orders */
        worker_look_up(worker);
        weft__task *task = worker_take_own(worker);
        if (!task && worker_pays(worker))
            continue;
        if (!task)
            task = weft__worker_forage(worker);
        if (task)
            worker_run(worker, task);
        else if (!worker->napped)
            weft__worker_sleep(worker);
    }
    worker_pays(worker); /* the task was stolen, and ended elsewhere */
    WEFT__TRACE(sched->env.number, thread_stop, sched->env.number, worker->thread.number, WEFT_TRACE_thread_kind_WORKER);
    weft__worker_flush(worker);
    weft__self = NULL;
    return NULL;
}
