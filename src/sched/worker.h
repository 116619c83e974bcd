/* SPDX-License-Identifier: MIT */
/*
 * The parts of a worker. It runs tasks (worker.c), looks for some elsewhere (search.c), judges whether those are worth it
 * (judge.c), and rests (rest.c); each of these calls those after it and none before. All of it is for the worker's own thread, or for
 * the one that drives it.
 */
#ifndef WEFT_SCHED_WORKER_H
#define WEFT_SCHED_WORKER_H

#include "sched/sched.h"

enum {
    WEFT__WORKER_BATCH = 64, /* tasks taken from the shared queue at once */
};

/* The time, and what is due by now. The next time that something is. */
static inline int64_t weft__worker_turn_timers(struct weft__worker *worker)
{
    worker->thread.now = weft__realm_now(worker->thread.env->realm);
    weft__store_relaxed(&worker->looked, worker->thread.now); /* a time to compare with */
    return worker->thread.due = worker->thread.env->timer_ops->turn(&worker->thread, worker->thread.now);
}

/* The same, and what was before is no poll: it slept, or, driven, the host did something else. */
static inline void weft__worker_begin_polls(struct weft__worker *worker)
{
    weft__worker_turn_timers(worker);
    weft__pace_begin(&worker->pace, worker->thread.now, worker->tick);
}

/*
 * When to look at the loop next. Not before those that this look woke had their polls: what they have not read yet would be
 * told once more, and switched off, since nobody waits for it.
 */
static inline void weft__worker_pause_loop(struct weft__worker *worker, uint32_t woken)
{
    worker->io_at = worker->tick + worker->sched->event_interval + woken;
}

/* Up to a fair share of the shared queue: one to run, the rest into the ring. Whether that leaves any is remembered. */
weft__task *weft__worker_take_injected(struct weft__worker *worker, size_t limit);

/*
 * With nothing of its own left: what is everybody's, and what others have. While no other works it takes what there is, and
 * asks not what it is worth.
 */
weft__task *weft__worker_forage(struct weft__worker *worker);

/* It has found a task. Is there another, and nobody who would look for it? */
void weft__worker_end_search(struct weft__worker *worker);

/* It has run what it took from others, if it did: what was that worth? How long to nap before it takes more. */
int64_t weft__worker_judge(struct weft__worker *worker);

/* It has taken what others could have done. From here on it is noted what that is worth, after a nap also to compare with that. */
void weft__worker_note_haul(struct weft__worker *worker, bool after_nap);

/*
 * Nap, and be searching after it, or picked meanwhile. False: somebody naps already, or nobody else works any more. What comes
 * for its loop or from outside ends the nap, and so does a timer.
 */
bool weft__worker_nap(struct weft__worker *worker, int64_t nap_ns);

/* A trial is under way: is it time for its next step? */
void weft__worker_follow_trial(struct weft__worker *worker);

/* The last trial could not tell, and what was taken for it may last. */
void weft__worker_try_again(struct weft__worker *worker);

/* Go to sleep as the others see it, unless there is work after all. A timer has some at thread.due. */
bool weft__worker_lie_down(struct weft__worker *worker);

/* Wait: in its loop, or else on its parker. */
void weft__worker_park(struct weft__worker *worker, int64_t deadline_ns);

/* It was parked, and is not any more. */
void weft__worker_resume(struct weft__worker *worker);

/* Be awake again. */
void weft__worker_get_up(struct weft__worker *worker);

/* Sleep, unless there is work after all. */
void weft__worker_sleep(struct weft__worker *worker);

/* Give back the free slots that it keeps. */
void weft__worker_flush(struct weft__worker *worker);

#endif
