/* SPDX-License-Identifier: MIT */
/*
 * The life of a worker: take the next task, poll it, again; with nothing of its own left, search; with nothing found,
 * sleep.
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
#include "base/futex.h"
#include "base/thread.h"
#include "registry/rcu.h"
#include "sched/sched.h"
#include "trace/emit.h"
#include "trace/sinks.h"

#ifndef WEFT__STEAL_ROUNDS /* fewer are for tests */
#define WEFT__STEAL_ROUNDS 4
#endif

enum {
    WORKER_NEXT_RUNS = 3,     /* polls in a row before the ring's turn that neither begin nor end a task */
    WORKER_CLOCK_INTERVAL = 16, /* polls between two looks at the clock */
    WORKER_BATCH = 64,        /* tasks taken from the shared queue at once */
};

/* The loop of a worker stands in two places; calls in it would cost a twentieth of a poll. */
#define WORKER_INLINE static inline __attribute__((always_inline))

/* Once per round: the time, and what is due by now. The next time that something is. */
static int64_t worker_turn(struct weft__worker *worker)
{
    worker->thread.now = weft__realm_now(worker->thread.env->realm);
    weft__store_relaxed(&worker->looked, worker->thread.now); /* a time to compare with */
    return worker->thread.due = worker->thread.env->timer_ops->turn(&worker->thread, worker->thread.now);
}

/* By the clock that the monitor keeps something is due already: polls have been long. */
static bool worker_is_late(const struct weft__worker *worker)
{
    return weft__load_relaxed(&worker->thread.env->now) >= worker->thread.due; /* nothing is read by it */
}

/*
 * When to look at the loop next. Not before those that this look woke had their polls: what they have not read yet would be
 * told once more, and switched off, since nobody waits for it.
 */
static void worker_pause_loop(struct weft__worker *worker, uint32_t woken)
{
    worker->io_pause = (worker->sched->event_interval + woken + WORKER_CLOCK_INTERVAL - 1) / WORKER_CLOCK_INTERVAL;
}

/* Look at the loop between polls. */
WORKER_INLINE void worker_turn_loop(struct weft__worker *worker)
{
    const struct weft__io_ops *io = worker->thread.env->io_ops;
    if (worker->io_pause > 0)
        worker->io_pause--;
    else if (io->awaited(&worker->thread))
        worker_pause_loop(worker, io->turn(&worker->thread));
}

/* Up to a fair share of the shared queue: one to run, the rest into the ring. Whether that leaves any is remembered. */
static weft__task *worker_take_injected(struct weft__worker *worker, size_t limit)
{
    struct weft__handoff_node *nodes[WORKER_BATCH];
    const size_t count = weft__handoff_pop(&worker->sched->injector, nodes, limit);
    for (size_t i = 1; i < count; i++) {
        weft__task *task = weft__container_of(nodes[i], weft__task, queued);
        if (!weft__runqueue_push(&worker->ring, task))
            weft__handoff_push(&worker->sched->injector, &task->queued); /* a thief holds slots back: it keeps its turn */
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

/* A poll before the ring's turn. One that begins its task, or ends it (worker_run), is progress. */
WORKER_INLINE void worker_count_run(struct weft__worker *worker, weft__task *task)
{
    worker->next_runs += weft__load_relaxed(&task->polls) != 0; /* whoever dequeued it owns it */
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
        worker->source = WEFT_TRACE_poll_source_NEXT;
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
    worker->source = WEFT_TRACE_poll_source_LOCAL;
    return task;
}

WORKER_INLINE weft__task *worker_take_oldest(struct weft__worker *worker)
{
    worker->next_runs = 0;
    worker->ring_turn = worker->tick;
    weft__task *task = weft__runqueue_pop(&worker->ring);
    if (task)
        worker->source = WEFT_TRACE_poll_source_LOCAL;
    return task;
}

/* A tree or a chain has kept it from the ring since the last look into the shared queue; in some dozen polls even a pair does not. */
static bool worker_owes_ring(const struct weft__worker *worker)
{
    const uint32_t polls = worker->tick - worker->ring_turn;
    return polls >= worker->pace.interval && polls >= WORKER_CLOCK_INTERVAL;
}

/* What is its own, and now and then one that is everybody's. */
WORKER_INLINE weft__task *worker_take_own(struct weft__worker *worker)
{
    weft__task *task;
    worker->tick++;
    if (worker->until_shared-- == 0) {
        worker->until_shared = 0; /* after the ring, if that has a turn */
        if (worker_owes_ring(worker) && (task = worker_take_oldest(worker)) != NULL)
            return task;
        worker->until_shared = worker->pace.interval - 1;
        if ((task = worker_take_injected(worker, 1)) != NULL)
            return task;
    }
    if ((task = worker_take_next(worker)) != NULL)
        return task;
    if ((task = worker_take_awaited(worker)) != NULL)
        return task;
    return worker_take_oldest(worker);
}

/* Half of somebody else's ring: one to run, the rest into this one's. */
static weft__task *worker_steal_from(struct weft__worker *worker, struct weft__worker *victim)
{
    weft__task *taken[WEFT__RUNQUEUE_CAPACITY / 2];
    const size_t count = weft__runqueue_steal(&victim->ring, taken, WEFT__RUNQUEUE_CAPACITY / 2);
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

/* Look everywhere else, a few times, beginning at a random worker. */
static weft__task *worker_search(struct weft__worker *worker)
{
    if (!worker->searching && !(worker->searching = weft__idle_begin_search(&worker->sched->idle)))
        return NULL;
    const uint32_t count = worker->sched->worker_count;
    for (int round = 0; round < WEFT__STEAL_ROUNDS; round++) {
        uint32_t victim = weft__rng_below(&worker->rng, count);
        for (uint32_t i = 0; i < count; i++, victim = WEFT__CHAOS_ANY(count, victim + 1 == count ? 0 : victim + 1)) {
            weft__task *task = victim == worker->index ? NULL : worker_steal_from(worker, &worker->sched->workers[victim]);
            if (task)
                return task;
        }
        weft__task *task = worker_take_injected(worker, WORKER_BATCH);
        if (task)
            return task;
    }
    return NULL;
}

/* Who naps in the midst of its work keeps what it has, and counts as searching: others that ran out might not search, and all would sleep. */
static weft__task *worker_take_from_napper(struct weft__worker *worker)
{
    const int napper = weft__idle_napper(&worker->sched->idle);
    return napper < 0 ? NULL : worker_steal_from(worker, &worker->sched->workers[napper]);
}

static bool worker_has_work(struct weft__worker *worker)
{
    return weft__load_relaxed(&worker->next) || weft__runqueue_length(&worker->ring) > 0;
}

/* Is there anything anywhere? The last look of the last searcher. */
static bool worker_sees_work(struct weft__sched *sched)
{
    if (!weft__handoff_empty(&sched->injector))
        return true;
    for (uint32_t i = 0; i < sched->worker_count; i++)
        if (weft__runqueue_length(&sched->workers[i].ring) > 0)
            return true;
    return false;
}

/* It has found a task. Is there another, and nobody who would look for it? Its own come first: they may be half a ring. */
static void worker_end_search(struct weft__worker *worker)
{
    worker->searching = false;
    if (!weft__idle_end_search(&worker->sched->idle))
        return;
    if (weft__runqueue_length(&worker->ring) == 0 && !worker_sees_work(worker->sched))
        return;
    weft__sched_notify(worker->sched); /* RECHECK: what came while it searched woke nobody */
}

/* Somebody waits for the last task, and it may have been ours. */
static void worker_check_drained(struct weft__sched *sched)
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
static bool worker_sleep_in_loop(struct weft__worker *worker, int64_t due)
{
    const struct weft__io_ops *io = worker->thread.env->io_ops;
    if (!io->awaited(&worker->thread))
        return false;
    if (io->enter(&worker->thread)) {
        if (weft__parker_depart(&worker->parker))
            worker_pause_loop(worker, io->sleep(&worker->thread, due));
        io->leave(&worker->thread);
    }
    weft__parker_arrive(&worker->parker);
    return true;
}

static void worker_flush(struct weft__worker *worker)
{
    weft__slab_flush(&worker->sched->env.slab, &worker->thread.cache);
    for (int i = 0; i < WEFT__CACHED; i++)
        if (worker->thread.caches[i].slab)
            weft__slab_flush(worker->thread.caches[i].slab, &worker->thread.caches[i]);
}

/* If the monitor asked meanwhile, give back; it wakes each worker once for what it says here that it has. */
static void worker_mind_hoard(struct weft__worker *worker)
{
    if (weft__load_relaxed(&worker->hoard) == WEFT__HOARD_WANTED)
        worker_flush(worker);
    bool some = weft__slab_cached(&worker->thread.cache);
    for (int i = 0; i < WEFT__CACHED && !some; i++)
        some = weft__slab_cached(&worker->thread.caches[i]);
    weft__store_relaxed(&worker->hoard, some ? WEFT__HOARD_SOME : WEFT__HOARD_NONE); /* a wish that it overwrites comes again */
}

/* Go to sleep as the others see it, unless there is work after all. A timer has some at thread.due. */
static bool worker_lie_down(struct weft__worker *worker)
{
    struct weft__sched *sched = worker->sched;
    worker_turn(worker);
    if (worker_has_work(worker)) /* RECHECK: a hook or a timer made some */
        return false;
    if (weft__load_relaxed(&sched->stopping)) /* RECHECK: a trial's nap may have used up the unpark that said so; its park ordered */
        return false;
    worker_mind_hoard(worker);
    const bool last = weft__idle_sleep(&sched->idle, worker->index, worker->searching);
    worker->searching = false;
    worker_check_drained(sched); /* RECHECK: what ended since it was asked for */
    if (last && worker_sees_work(sched) && weft__idle_cancel_sleep(&sched->idle, worker->index, true)) { /* RECHECK: the last look */
        worker->searching = true;
        return false;
    }
    weft__worker_note_busy(worker, false);
    return true;
}

/* It was parked, and is not any more. */
static void worker_resume(struct weft__worker *worker)
{
    worker_turn(worker);
    weft__pace_begin(&worker->pace, worker->thread.now, worker->tick);
    weft__store_relaxed(&worker->woke, worker->thread.now); /* a time to compare with */
    weft__worker_note_busy(worker, true);
}

/* Be awake again. */
static void worker_get_up(struct weft__worker *worker)
{
    /* Picked: it was counted as searching by whoever woke it. Else a timer is due, or it is to stop. */
    worker->searching = !weft__idle_cancel_sleep(&worker->sched->idle, worker->index, false);
    worker->haul.woken = worker->searching;
    worker_resume(worker);
}

static void worker_park(struct weft__worker *worker, int64_t deadline_ns)
{
    weft__counter_add(&worker->parks, 1);
    if (!worker_sleep_in_loop(worker, deadline_ns))
        weft__parker_park(&worker->parker, deadline_ns);
    weft__counter_add(&worker->unparks, 1);
}

/* How far all workers have come. Their counters' lines move for it: asked when a trial begins or ends. */
static struct weft__progress worker_progress(struct weft__worker *worker, int64_t now_ns)
{
    struct weft__sched *sched = worker->sched;
    struct weft__progress progress = {.now_ns = now_ns, .rests = weft__idle_rests(&sched->idle)};
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__thread *thread = &sched->workers[i].thread;
        progress.done += weft__counter_read(&thread->polls) + weft__counter_read(&thread->completed) + weft__counter_read(&thread->spawned);
    }
    return progress;
}

/* What a step of a trial says: everybody's doubt, or when to try again. */
static void worker_heed_trial(struct weft__worker *worker, enum weft__trial_says says, int64_t now_ns)
{
    struct weft__doubt *doubt = &worker->sched->doubt;
    if (says == WEFT__TRIAL_SHARED || says == WEFT__TRIAL_APART)
        weft__doubt_tried(doubt, says == WEFT__TRIAL_SHARED, now_ns);
    if (worker->trial.again_ns != 0)
        weft__doubt_defer_trial(doubt, now_ns, worker->trial.again_ns);
}

static void worker_note_taken(struct weft__worker *worker, int64_t now_ns)
{
    worker_heed_trial(worker, weft__trial_took(&worker->trial, worker_progress(worker, now_ns)), now_ns);
}

static void worker_note_napped(struct weft__worker *worker, int64_t now_ns)
{
    worker_heed_trial(worker, weft__trial_napped(&worker->trial, worker_progress(worker, now_ns)), now_ns);
}

/* What is in its next slot others may steal, too. */
static void worker_open_next(struct weft__worker *worker)
{
    weft__task *task = weft__exchange_relaxed(&worker->next, NULL); /* its own, unless the rescuer was first */
    if (task && !weft__runqueue_push(&worker->ring, task))
        weft__handoff_push(&worker->sched->injector, &task->queued);
}

/*
 * What it has is everybody's now. Nobody is woken: the others look there now and then, and this one before it sleeps, or naps, since a
 * nap ends in a search.
 */
static void worker_give_back(struct weft__worker *worker)
{
    struct weft__sched *sched = worker->sched;
    weft__task *task = weft__exchange_relaxed(&worker->next, NULL); /* its own, unless the rescuer was first */
    if (task)
        weft__handoff_push(&sched->injector, &task->queued);
    while ((task = weft__runqueue_pop(&worker->ring)) != NULL)
        weft__handoff_push(&sched->injector, &task->queued);
    weft__idle_announce(&sched->idle);
}

/*
 * Nap, and be searching after it, or picked meanwhile. False: somebody naps already, or nobody else works any more. What comes
 * for its loop or from outside ends the nap, and so does a timer.
 */
static bool worker_nap(struct weft__worker *worker, int64_t nap_ns)
{
    const uint32_t number = worker->sched->env.number;
    if (!weft__idle_nap(&worker->sched->idle, worker->index, worker->searching)) {
        worker_heed_trial(worker, weft__trial_stayed(&worker->trial), worker->thread.now);
        return false;
    }
    if (weft__idle_is_called(&worker->sched->idle)) { /* it stays so: the search that follows tells whether it took all of it */
        worker->searching = weft__idle_end_nap(&worker->sched->idle, worker->index);
        if (!worker->searching)
            worker_get_up(worker);
        worker_heed_trial(worker, weft__trial_stayed(&worker->trial), worker->thread.now);
        return true;
    }
    weft__counter_add(&worker->naps, 1);
    WEFT__TRACE(number, worker_park, worker->thread.number);
    worker_turn(worker);
    weft__worker_note_busy(worker, false);
    const int64_t until = worker->thread.now + nap_ns;
    weft__trial_begin(&worker->trial, worker_progress(worker, worker->thread.now));
    worker_park(worker, until < worker->thread.due ? until : worker->thread.due);
    worker_note_napped(worker, weft__realm_now(worker->thread.env->realm));
    weft__doubt_napped(&worker->sched->doubt, nap_ns);
    if (weft__idle_end_nap(&worker->sched->idle, worker->index)) {
        worker->searching = true;
        worker_resume(worker);
    } else {
        worker_get_up(worker);
    }
    WEFT__TRACE(number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
    return true;
}

/*
 * It is at work, and has been for so long that it can be told whether that is shared. To see what is done without it, nap: what is in
 * its ring others may steal. If it is shared, leave it to them.
 */
static void worker_try_without(struct weft__worker *worker)
{
    worker_note_taken(worker, worker->thread.now);
    if (weft__trial_wants_nap(&worker->trial)) {
        worker_open_next(worker);
        worker_nap(worker, WEFT__DOUBT_NAP_MIN_NS);
    }
    if (weft__doubt_shared(&worker->sched->doubt, worker->thread.now) && weft__idle_others_work(&worker->sched->idle, worker->searching))
        worker_give_back(worker);
}

/* It has run what it took from others, if it did: what was that worth? How long to nap before it takes more. */
static int64_t worker_judge(struct weft__worker *worker)
{
    struct weft__doubt *doubt = &worker->sched->doubt;
    if (worker->haul.since_ns == 0 && weft__load_relaxed(&doubt->nap_ns) == 0)
        return 0;
    const int64_t now = weft__realm_now(worker->thread.env->realm);
    if (worker->haul.since_ns != 0)
        weft__doubt_judge(doubt, &worker->haul, now);
    if (weft__trial_is_due(&worker->trial, now))
        worker_note_taken(worker, now);
    const int64_t nap = weft__doubt_nap(doubt, now);
    return nap == 0 && weft__trial_wants_nap(&worker->trial) ? WEFT__DOUBT_NAP_MIN_NS : nap;
}

/* It has taken what others could have done. From here on it is noted what that is worth, after a nap also to compare with that. */
static void worker_note_haul(struct weft__worker *worker, bool after_nap)
{
    const int64_t now = worker->haul.since_ns = weft__realm_now(worker->thread.env->realm);
    if (after_nap && worker->trial.alone != 0)
        weft__trial_begin(&worker->trial, worker_progress(worker, now));
    else if (!weft__trial_is_under_way(&worker->trial) && weft__doubt_tries(&worker->sched->doubt, now))
        weft__trial_begin_anew(&worker->trial, worker_progress(worker, now));
}

/*
 * With nothing of its own left: what is everybody's, and what others have. While no other works it takes what there is, and
 * asks not what it is worth.
 */
static weft__task *worker_forage(struct weft__worker *worker)
{
    weft__task *task;
    const bool others = weft__idle_others_work(&worker->sched->idle, worker->searching);
    const bool may_nap = others && !worker->napped;
    const int64_t nap_ns = may_nap ? worker_judge(worker) : 0;
    if (nap_ns > 0 || (may_nap && WEFT__CHAOS_STRIKES)) { /* there a nap of no time, since a test's clock may stand */
        worker->napped = worker_nap(worker, nap_ns);
        return NULL;
    }
    const bool after_nap = worker->napped;
    worker->napped = false;
    worker->haul.tasks = 0;
    worker->haul.since_ns = 0;
    const bool called = weft__idle_called(&worker->sched->idle); /* it looks now, and finds what was there */
    if (!(task = worker_take_injected(worker, WORKER_BATCH)) && !(task = worker_take_from_napper(worker)))
        task = worker_search(worker);
    if (called && worker->crowded)
        weft__idle_call(&worker->sched->idle); /* but has not taken all of it; or none, while another was at the queue */
    if (task && others)
        worker_note_haul(worker, after_nap);
    return task;
}

/* Of a worker that searches: is there something to be found again, or somebody who makes it? */
static bool worker_is_wanted(void *context)
{
    struct weft__sched *sched = context;
    return !weft__handoff_empty(&sched->injector) || weft__idle_others_work(&sched->idle, true);
}

/*
 * Look for a while yet whether something comes, if that is worth it (base/linger.h); true: search again. It goes on searching
 * meanwhile, so that nobody is woken for what comes; while no other works, all of that is in the shared queue. Not if
 * anything waits for the loop: to look at that is a system call.
 */
static bool worker_linger(struct weft__worker *worker)
{
    if (weft__linger_limit(&worker->linger) == 0 || !worker->searching || worker->thread.env->io_ops->awaited(&worker->thread))
        return false;
    worker_turn(worker);
    weft__worker_note_busy(worker, false);
    const bool wanted = weft__linger(&worker->linger, worker->thread.due, worker_is_wanted, worker->sched);
    worker_resume(worker);
    return wanted;
}

/* Sleep, unless there is work after all. */
static void worker_rest(struct weft__worker *worker)
{
    if (worker_linger(worker) || !worker_lie_down(worker))
        return;
    const int64_t since = worker->thread.now;
    worker_park(worker, worker->thread.due);
    worker_get_up(worker);
    if (worker->searching)
        weft__linger_slept(&worker->linger, worker->thread.now - since, worker->thread.now - weft__load_relaxed(&worker->roused));
}

/* The two events are a pair, however short the rest was. */
static void worker_sleep(struct weft__worker *worker)
{
    const uint32_t number = worker->sched->env.number;
    WEFT__TRACE(number, worker_park, worker->thread.number);
    worker_rest(worker);
    WEFT__TRACE(number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
}

/* A trial is under way. By polls that are long, sixteen until the next look would be too many. */
static __attribute__((noinline)) void worker_follow_trial(struct weft__worker *worker)
{
    if (worker->pace.poll_ns >= WEFT__TRIAL_COARSE_NS)
        worker_turn(worker);
    if (weft__trial_is_due(&worker->trial, worker->thread.now))
        worker_try_without(worker);
}

/* The last trial could not tell, and what was taken for it may last. */
static __attribute__((noinline)) void worker_try_again(struct weft__worker *worker)
{
    if (weft__doubt_tries(&worker->sched->doubt, worker->thread.now))
        weft__trial_begin_anew(&worker->trial, worker_progress(worker, worker->thread.now));
}

/* Between two polls: what time and the loop have for it. Before the next task is taken: a timer's goes first. */
WORKER_INLINE void worker_look_up(struct weft__worker *worker)
{
    const bool round = worker->tick % WORKER_CLOCK_INTERVAL == 0;
    if (round || worker_is_late(worker))
        worker_turn(worker);
    if (weft__unlikely(weft__trial_is_under_way(&worker->trial)))
        worker_follow_trial(worker);
    if (round) {
        weft__pace_measure(&worker->pace, worker->thread.now, worker->tick);
        if (weft__unlikely(worker->trial.again_ns != 0))
            worker_try_again(worker);
        worker_turn_loop(worker);
    }
}

WORKER_INLINE void worker_run(struct weft__worker *worker, weft__task *task)
{
    if (worker->searching)
        worker_end_search(worker);
    const enum weft__polled polled = weft__task_poll(&worker->thread, task, worker->source);
    if (polled == WEFT__POLLED_ENDED)
        worker->next_runs = 0;
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
        worker_get_up(worker);
    else
        worker_turn(worker);
    worker->lies = false;
    while (polls < budget && !worker->lies && !weft__load_relaxed(&worker->sched->stopping)) { /* in a fork's child only */
        worker_look_up(worker);
        weft__task *task = worker_take_own(worker);
        if (!task)
            task = worker_take_injected(worker, WORKER_BATCH);
        if (task) {
            worker_run(worker, task);
            polls++;
        } else if (!io->awaited(&worker->thread) || io->turn(&worker->thread) == 0) {
            worker->lies = worker_lie_down(worker);
        }
    }
    weft__self = outer;
    return polls;
}

void weft__worker_rest(struct weft__worker *worker, int64_t deadline_ns)
{
    if (!worker->lies)
        return;
    WEFT__TRACE(worker->sched->env.number, worker_park, worker->thread.number);
    worker_park(worker, worker->thread.due < deadline_ns ? worker->thread.due : deadline_ns);
    WEFT__TRACE(worker->sched->env.number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
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
        if (!task)
            task = worker_forage(worker);
        if (task)
            worker_run(worker, task);
        else if (!worker->napped)
            worker_sleep(worker);
    }
    WEFT__TRACE(sched->env.number, thread_stop, sched->env.number, worker->thread.number, WEFT_TRACE_thread_kind_WORKER);
    worker_flush(worker);
    weft__self = NULL;
    return NULL;
}
