/* SPDX-License-Identifier: MIT */
/*
 * Where a worker with nothing of its own left finds more: what is everybody's, and what others have. How many search at once, and whom
 * they wake, is told by idle.h; when a worker leaves to the others what it could take, by judge.c.
 */
#include <sched.h>

#include "sched/worker.h"
#include "trace/emit.h"

#ifndef WEFT__STEAL_ROUNDS /* fewer are for tests */
#define WEFT__STEAL_ROUNDS 4
#endif

#ifndef WEFT__SEARCH_PATIENCE /* fewer are for tests */
#define WEFT__SEARCH_PATIENCE 100 /* looks while another takes from the shared queue: some microseconds, in which it takes 64 tasks */
#endif

enum {
    /* Tasks that are taken after a nap, to see whether it is worth it by now. With four, which is all that can be lost with them, a moment
     * without the processor looks like work that was worth it. */
    SEARCH_PROBE = 16,
};

weft__task *weft__worker_take_injected(struct weft__worker *worker, size_t limit)
{
    struct weft__handoff_node *nodes[WEFT__WORKER_BATCH];
    const size_t count = weft__handoff_pop(&worker->sched->injector, nodes, limit);
    for (size_t i = 1; i < count; i++) {
        weft__task *task = weft__container_of(nodes[i], weft__task, queued);
        if (!weft__runqueue_push(&worker->ring, task))
            weft__sched_inject(worker->sched, task); /* a thief holds slots back: it keeps its turn */
    }
    worker->crowded = !weft__handoff_empty(&worker->sched->injector);
    if (count == 0)
        return NULL;
    worker->haul.tasks += (uint32_t)count;
    worker->source = WEFT_TRACE_poll_source_GLOBAL;
    if (count > 1 || worker->crowded)
        weft__sched_notify(worker->sched); /* there is more than one can do */
    return weft__container_of(nodes[0], weft__task, queued);
}

/* Half of somebody else's ring: one to run, the rest into this one's. */
static weft__task *search_steal_from(struct weft__worker *worker, struct weft__worker *victim, size_t limit)
{
    weft__task *taken[WEFT__RUNQUEUE_CAPACITY / 2];
    const size_t most = WEFT__RUNQUEUE_CAPACITY / 2, count = weft__runqueue_steal(&victim->ring, taken, limit < most ? limit : most);
    if (count == 0)
        return NULL;
    for (size_t i = 1; i < count; i++)
        if (!weft__runqueue_push(&worker->ring, taken[i]))
            weft__sched_inject(worker->sched, taken[i]);
    weft__counter_add(&worker->steals, 1);
    weft__counter_add(&worker->stolen, count);
    worker->haul.tasks += (uint32_t)count;
    WEFT__TRACE(worker->thread.env->number, steal, worker->thread.number, victim->thread.number, (uint16_t)count);
    worker->source = WEFT_TRACE_poll_source_STOLEN;
    return taken[0];
}

/*
 * What is everybody's. While another takes from there it answers nothing, and so it does while a push is half done: whoever went to
 * sleep on that would leave its work to the other, and all its lines with it. So it looks again for as long as a batch takes.
 */
static weft__task *search_shared(struct weft__worker *worker, size_t limit)
{
    weft__task *task = NULL;
    for (int i = 0; !task && i < WEFT__SEARCH_PATIENCE && !weft__handoff_empty(&worker->sched->injector); i++) {
        if (i > 0)
            weft__pause();
        task = weft__worker_take_injected(worker, limit < WEFT__WORKER_BATCH ? limit : WEFT__WORKER_BATCH);
    }
    if (!task && !weft__handoff_empty(&worker->sched->injector))
        sched_yield(); /* whoever is in the midst of it may want this processor */
    return task;
}

/* Look everywhere else, a few times, beginning at a random worker. */
static weft__task *search_everywhere(struct weft__worker *worker, size_t limit)
{
    if (!worker->searching && !(worker->searching = weft__idle_begin_search(&worker->sched->idle)))
        return NULL;
    const uint32_t count = worker->sched->worker_count;
    for (int round = 0; round < WEFT__STEAL_ROUNDS; round++) {
        uint32_t victim = weft__rng_below(&worker->rng, count);
        for (uint32_t i = 0; i < count; i++, victim = WEFT__CHAOS_ANY(count, victim + 1 == count ? 0 : victim + 1)) {
            weft__task *task = victim == worker->index ? NULL : search_steal_from(worker, &worker->sched->workers[victim], limit);
            if (task)
                return task;
        }
        weft__task *task = weft__worker_take_injected(worker, limit < WEFT__WORKER_BATCH ? limit : WEFT__WORKER_BATCH);
        if (task)
            return task;
    }
    return NULL;
}

/* Who naps in the midst of its work keeps what it has, and counts as searching: others that ran out might not search, and all would sleep. */
static weft__task *search_napper(struct weft__worker *worker, size_t limit)
{
    const int napper = weft__idle_napper(&worker->sched->idle);
    return napper < 0 ? NULL : search_steal_from(worker, &worker->sched->workers[napper], limit);
}

/* It has found a task. Is there another, and nobody who would look for it? Its own come first: they may be half a ring. */
void weft__worker_end_search(struct weft__worker *worker)
{
    worker->searching = false;
    worker->in_vain = false;
    if (!weft__idle_end_search(&worker->sched->idle))
        return;
    if (weft__runqueue_length(&worker->ring) == 0 && !weft__sched_has_work(worker->sched))
        return;
    weft__sched_notify(worker->sched); /* RECHECK: what came while it searched woke nobody */
}

weft__task *weft__worker_forage(struct weft__worker *worker)
{
    weft__task *task;
    const bool others = weft__idle_others_work(&worker->sched->idle, worker->searching);
    const bool may_nap = others && !worker->napped;
    const int64_t nap_ns = may_nap ? weft__worker_judge(worker) : 0;
    if (nap_ns > 0 || (may_nap && WEFT__CHAOS_STRIKES)) { /* there a nap of no time, since a test's clock may stand */
        worker->napped = weft__worker_nap(worker, nap_ns);
        return NULL;
    }
    const bool after_nap = worker->napped;
    const bool doubts = after_nap && weft__load_relaxed(&worker->sched->doubt.nap_ns) != 0;
    const size_t limit = doubts ? SEARCH_PROBE : WEFT__RUNQUEUE_CAPACITY;
    worker->napped = false;
    worker->haul.tasks = 0;
    worker->haul.since_ns = 0;
    const bool called = weft__idle_called(&worker->sched->idle); /* it looks now, and finds what was there */
    if (!(task = search_shared(worker, limit)) && !(task = search_napper(worker, limit)))
        task = search_everywhere(worker, limit);
    if (called && worker->crowded)
        weft__idle_call(&worker->sched->idle); /* but has not taken all of it; or none, while another was at the queue */
    if (task && others)
        weft__worker_note_haul(worker, after_nap);
    return task;
}
