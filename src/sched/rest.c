/* SPDX-License-Identifier: MIT */
/*
 * How a worker that has found nothing sleeps: in its loop, if anything waits for that, else on its parker. Before it lies down it looks
 * once more, after all that could have told it earlier: what came meanwhile woke nobody (idle.h). It wakes when it was picked, when a
 * timer is due, to give back what it hoards, or to stop.
 *
 * Edges: DN-R1 -> DN-A1, the last task's end: who waits for it counts anew.
 */
#include "base/futex.h"
#include "sched/worker.h"
#include "trace/emit.h"

static bool rest_has_work(struct weft__worker *worker)
{
    return weft__load_relaxed(&worker->next) || weft__runqueue_length(&worker->ring) > 0;
}

/* Somebody waits for the last task, and it may have been ours. */
static void rest_check_drained(struct weft__sched *sched)
{
    if (weft__load_relaxed(&sched->draining) == 0 || weft__sched_live(sched) != 0) /* the lock of the sleep orders */
        return;
    weft__fetch_add_release(&sched->drained, 1); /* DN-R1 */
    weft__futex_wake(&sched->drained, WEFT__WAKE_ALL);
}

/*
 * Sleep in the loop, if anything waits for it. False: nothing does. The loop is taken first: who turned it for a worker that was
 * stuck takes with it what roused that worker, and a rousing of one that has departed would go by unheard.
 */
static bool rest_in_loop(struct weft__worker *worker, int64_t due)
{
    const struct weft__io_ops *io = worker->thread.env->io_ops;
    if (!io->awaited(&worker->thread))
        return false;
    if (io->enter(&worker->thread)) {
        if (weft__parker_depart(&worker->parker))
            weft__worker_pause_loop(worker, io->sleep(&worker->thread, due));
        io->leave(&worker->thread);
    }
    weft__parker_arrive(&worker->parker);
    return true;
}

void weft__worker_flush(struct weft__worker *worker)
{
    weft__slab_flush(&worker->sched->env.slab, &worker->thread.cache);
    for (int i = 0; i < WEFT__CACHED; i++)
        if (worker->thread.caches[i].slab)
            weft__slab_flush(worker->thread.caches[i].slab, &worker->thread.caches[i]);
}

/* If the monitor asked meanwhile, give back; it wakes each worker once for what it says here that it has. */
static void rest_mind_hoard(struct weft__worker *worker)
{
    if (weft__load_relaxed(&worker->hoard) == WEFT__HOARD_WANTED)
        weft__worker_flush(worker);
    bool some = weft__slab_cached(&worker->thread.cache);
    for (int i = 0; i < WEFT__CACHED && !some; i++)
        some = weft__slab_cached(&worker->thread.caches[i]);
    weft__store_relaxed(&worker->hoard, some ? WEFT__HOARD_SOME : WEFT__HOARD_NONE); /* a wish that it overwrites comes again */
}

bool weft__worker_lie_down(struct weft__worker *worker)
{
    struct weft__sched *sched = worker->sched;
    weft__worker_turn_timers(worker);
    if (rest_has_work(worker)) /* RECHECK: a hook or a timer made some */
        return false;
    if (weft__load_relaxed(&sched->stopping)) /* RECHECK: a trial's nap may have used up the unpark that said so; its park ordered */
        return false;
    rest_mind_hoard(worker);
    const bool last = weft__idle_sleep(&sched->idle, worker->index, worker->searching);
    worker->searching = false;
    rest_check_drained(sched); /* RECHECK: what ended since it was asked for */
    if (last && weft__sched_has_work(sched) && weft__idle_cancel_sleep(&sched->idle, worker->index, true)) { /* RECHECK: the last look */
        worker->searching = true;
        return false;
    }
    weft__worker_note_busy(worker, false);
    return true;
}

void weft__worker_resume(struct weft__worker *worker)
{
    weft__worker_begin_polls(worker);
    weft__store_relaxed(&worker->woke, worker->thread.now); /* a time to compare with */
    weft__worker_note_busy(worker, true);
}

void weft__worker_get_up(struct weft__worker *worker)
{
    /* Picked: it was counted as searching by whoever woke it. Else a timer is due, or it is to stop. */
    worker->searching = !weft__idle_cancel_sleep(&worker->sched->idle, worker->index, false);
    worker->haul.woken = worker->searching;
    if (worker->searching)
        weft__idle_rise(&worker->sched->idle);
    weft__worker_resume(worker);
}

void weft__worker_park(struct weft__worker *worker, int64_t deadline_ns)
{
    weft__counter_add(&worker->parks, 1);
    if (!rest_in_loop(worker, deadline_ns))
        weft__parker_park(&worker->parker, deadline_ns);
    weft__counter_add(&worker->unparks, 1);
}

/*
 * Of a worker that searches: is there something to be found again, or somebody who makes it? If the last such look was in vain, a push that
 * is half done is nothing yet, as at the last look before it sleeps: it would end each of these looks as it begins, and all would look worth
 * it. Otherwise the takers' lock, which that takes to tell, is left to the search that follows.
 */
static bool rest_is_wanted(void *context)
{
    struct weft__worker *worker = context;
    struct weft__handoff *queue = &worker->sched->injector;
    return (worker->in_vain ? weft__handoff_ready(queue) : !weft__handoff_empty(queue)) || weft__idle_others_work(&worker->sched->idle, true);
}

/*
 * Look for a while yet whether something comes, if that is worth it (base/linger.h); true: search again. It goes on searching
 * meanwhile, so that nobody is woken for what comes; while no other works, all of that is in the shared queue. Not while another
 * works, who may do so for long; and not if anything waits for the loop: to look at that is a system call.
 */
static bool rest_linger(struct weft__worker *worker)
{
    if (weft__linger_limit(&worker->linger) == 0 || !worker->searching || !weft__idle_is_last(&worker->sched->idle))
        return false;
    if (worker->thread.env->io_ops->awaited(&worker->thread))
        return false;
    weft__worker_turn_timers(worker);
    weft__worker_note_busy(worker, false);
    worker->in_vain = weft__linger(&worker->linger, worker->thread.due, rest_is_wanted, worker); /* until the search finds something */
    weft__worker_resume(worker);
    return worker->in_vain;
}

/* Sleep, unless there is work after all. */
static void rest_unless_work(struct weft__worker *worker)
{
    if (rest_linger(worker) || !weft__worker_lie_down(worker))
        return;
    const int64_t since = worker->thread.now;
    weft__worker_park(worker, worker->thread.due);
    weft__worker_get_up(worker);
    if (worker->searching)
        weft__linger_slept(&worker->linger, worker->thread.now - since, worker->thread.now - weft__load_relaxed(&worker->roused));
}

/* The two events are a pair, however short the rest was. */
void weft__worker_sleep(struct weft__worker *worker)
{
    const uint32_t number = worker->sched->env.number;
    WEFT__TRACE(number, worker_park, worker->thread.number);
    rest_unless_work(worker);
    WEFT__TRACE(number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
}

void weft__worker_rest(struct weft__worker *worker, int64_t deadline_ns)
{
    if (!worker->lies)
        return;
    WEFT__TRACE(worker->sched->env.number, worker_park, worker->thread.number);
    weft__worker_park(worker, worker->thread.due < deadline_ns ? worker->thread.due : deadline_ns);
    WEFT__TRACE(worker->sched->env.number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
}
