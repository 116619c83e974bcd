/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: N workers, each a thread with a ring, a next slot and a parker; one shared queue; who sleeps. It begins
 * with the env, so a task finds it by its scope.
 *
 * Threads: workers run worker.c, whose parts are in worker.h; any thread schedules; the monitor thread rescues. The runtime starts
 * and stops it.
 */
#ifndef WEFT_SCHED_SCHED_H
#define WEFT_SCHED_SCHED_H

#include <pthread.h>
#include <stdint.h>

#include "base/linger.h"
#include "base/rng.h"
#include "base/thread.h"
#include "registry/handoff.h"
#include "sched/idle.h"
#include "sched/pace.h"
#include "sched/parker.h"
#include "sched/runqueue.h"
#include "sched/trial.h"
#include "sched/worth.h"
#include "task/task.h"

/* The free slots of a worker's cache, which keep their pages: it says that it has some when it goes to sleep. */
enum weft__hoard { WEFT__HOARD_NONE, WEFT__HOARD_SOME, WEFT__HOARD_WANTED };

enum { WEFT__WORKER_OLD = 4 }; /* polls after which a task is old; see weft__worker_gives_way() */

struct weft__worker {
    struct weft__thread thread; /* first: weft__self of this thread */
    struct weft__sched *sched;
    uint32_t index;             /* among the workers of its runtime */
    uint32_t tick;              /* polls so far, for what happens every so often */
    uint32_t next_runs;         /* polls in a row before the ring's turn that neither began nor ended a task */
    uint32_t shared_turn;       /* the poll at which the shared queue comes first */
    uint32_t ring_turn;         /* the poll at which its ring was served last */
    struct weft__pace pace;
    bool crowded;               /* the last look into the shared queue left tasks there: more is ready than rings hold */
    uint32_t io_at;             /* the poll before which it may look at its loop again */
    bool searching;
    bool in_vain;               /* its last look before a sleep found something, and the search after that has not, so far */
    struct weft__linger linger;
    struct weft__haul haul;
    struct weft__trial trial;
    bool napped;                /* and has not looked for work since */
    uint8_t source;             /* where the task at hand was found */
    struct weft__rng rng;
    pthread_t pthread;
    char name[WEFT__THREAD_NAME];
    int tid;                    /* this and the name: written before it is counted in `started` */
    struct weft__parker parker;
    _Atomic int64_t roused;     /* when somebody picked it from among the sleepers last; theirs who pick */
    _Atomic int64_t woke;       /* when it got up last; its owner's, the monitor reads it */
    _Atomic uint64_t busy;      /* weft__worker_busy() tells what it says; its owner's */
    _Atomic int64_t busy_told;  /* the most that anybody was told; theirs who ask */
    _Atomic int64_t looked;     /* when it looked at the clock last; its owner's, for those who look from outside */
    _Atomic uint32_t hoard;     /* enum weft__hoard; its owner's, and the monitor's, who may want them back */
    _Alignas(64) _Atomic(weft__task *) next; /* the task woken last; its owner's, and the rescuer's */
    struct weft__runqueue ring;
    weft__counter steals;
    weft__counter stolen;
    weft__counter overflows;
    weft__counter naps;
    weft__counter parks;
    weft__counter unparks;
    weft__counter long_polls;  /* the monitor thread's */

    /* of a driven worker */
    bool lies; /* between two turns, with nothing to do: it counts as asleep */

    /* the rescuer's memory of this worker: the monitor thread writes it; any thread reads the first two */
    _Atomic uint64_t seen_polls;
    _Atomic int64_t seen_since; /* the time of the look, or when the poll began that it saw */
    bool seen_busy;     /* there was a poll */
    bool seen_stuck;
    bool seen_stalled; /* the poll is counted as a stall */
    bool seen_told;    /* and the host was told */
};

/* Polls that held their workers for too long, and how many the host was told of. The monitor thread's, but `total`. */
struct weft__stalls {
    _Atomic uint64_t total;
    int64_t begin; /* of a stretch of time in which only so many are told */
    uint32_t told;
    uint32_t untold;
};

struct weft__sim;

struct weft__sched {
    struct weft__env env; /* first */
    struct weft__sim *sim; /* in place of the queues, of a simulated runtime; NULL */
    uint32_t worker_count;
    uint32_t global_queue_interval; /* 0: each worker finds its own */
    uint32_t event_interval;
    bool next_slot_off;
    const char *thread_name;
    _Atomic uint32_t stopping; /* workers leave */
    _Atomic uint32_t started;  /* workers that run and have their names; creation sleeps on this word */
    _Atomic uint32_t draining; /* how many wait for the last task to end */
    _Atomic uint32_t drained;  /* how often it did; they sleep on this word */
    struct weft__handoff injector;
    struct weft__idle idle;
    struct weft__doubt doubt;
    struct weft__stalls stalls;
    struct weft__worker *workers;
};

/* Fill in the scheduler's part; the runtime has set counts and names. 0 or WEFT_ENOMEM. */
int weft__sched_init(struct weft__sched *sched, uint64_t seed);
void weft__sched_fini(struct weft__sched *sched);

/* Start all workers. On failure none is left. */
int weft__sched_start(struct weft__sched *sched, size_t stack_size);

/* In its place: the workers have no threads, and the first one lies down. The calling thread stands for theirs in events. */
void weft__sched_begin_driven(struct weft__sched *sched);

/* Join the workers. No task lives. */
void weft__sched_stop(struct weft__sched *sched);

/* Host thread: wait until no task lives, or the deadline. 0 or WEFT_ETIMEDOUT. */
int weft__sched_drain(struct weft__sched *sched, int64_t deadline_ns);

/* Tasks spawned and not ended; exact when it is 0. */
uint64_t weft__sched_live(struct weft__sched *sched);

/* Monitor thread, at each tick: what a worker that is stuck in a poll holds back is given to the others, and a poll that
 * is longer than threshold_ns is said to be a stall (rescue.c). */
void weft__sched_rescue(struct weft__sched *sched, int64_t now, int64_t threshold_ns);

/* Any thread: how long by `now` the worker has been in the poll that it is in, as far as the rescuer's looks can tell; 0:
 * it is in none, or in one that began after the last look. */
int64_t weft__sched_held(struct weft__worker *worker, int64_t now);

/* Monitor thread: sleep in the loops of all workers that were stuck at the last look, until the deadline or until something has
 * come for one of them. False, at once: there is none, or somebody else is at each of these loops. */
bool weft__sched_stand_in(struct weft__sched *sched, int64_t deadline_ns);

/* Monitor thread, now and then: workers that sleep on free slots are asked for them, so that empty pages can go. */
void weft__sched_trim(struct weft__sched *sched);

/* The body of a worker thread. */
void *weft__worker_main(void *worker);

/* It has its name: tell so, and that this is its thread. */
void weft__worker_announce(struct weft__worker *worker);

/*
 * A worker without a thread of its own: work on the calling thread until nothing is left, or until `budget` polls were
 * done; how many were. Then sleep, if nothing was left, until somebody makes work, a timer is due, or the deadline.
 * One thread at a time.
 */
uint32_t weft__worker_turn(struct weft__worker *worker, uint32_t budget);
void weft__worker_rest(struct weft__worker *worker, int64_t deadline_ns);

/* A task was put where others can find it: see that somebody looks. */
void weft__sched_notify(struct weft__sched *sched);

/* Put a task into the shared queue. Any thread. */
void weft__sched_inject(struct weft__sched *sched, weft__task *task);

/* Is there anything where others than its owner can take it? The last look of the last searcher. */
bool weft__sched_has_work(struct weft__sched *sched);

/*
 * While the shared queue is crowded a task that has been polled before, often, goes behind it and not into the ring: a ring
 * that is filled again and again by the same tasks keeps all others out. A young one stays: a tree of tasks that is not
 * finished branch by branch grows without bounds.
 */
static inline bool weft__worker_gives_way(const struct weft__worker *worker, weft__task *task)
{
    return weft__unlikely(worker->crowded) && weft__load_relaxed(&task->polls) >= WEFT__WORKER_OLD; /* whoever queues it owns it */
}

/*
 * How long a worker has been awake, from its birth, with the time since it got up last if it is. One word, so that what is
 * read is of one moment: twice what the sum was minus the time at which it got up, plus 1, while it is awake;
 * twice the sum while it sleeps. All modulo 2^63, which no sum reaches: a clock may stand anywhere. No clock is read for it: a
 * worker does so anyway before it sleeps and after.
 */
static inline void weft__worker_note_busy(struct weft__worker *worker, bool awake)
{
    const uint64_t word = weft__load_relaxed(&worker->busy); /* its own */
    const uint64_t now = (uint64_t)worker->thread.now, sum = ((word >> 1) + (word & 1 ? now : 0)) & INT64_MAX;
    weft__store_relaxed(&worker->busy, 2 * (awake ? sum - now : sum) + awake);
}

/* Never less than was told before: a worker may be held up between its look at the clock and its note, and whoever asks then is
 * told of the time in between. Any thread. */
static inline int64_t weft__worker_busy(struct weft__worker *worker)
{
    const uint64_t word = weft__load_relaxed(&worker->busy); /* before the clock, which is then not before it got up */
    const uint64_t now = word & 1 ? (uint64_t)weft__realm_now(worker->thread.env->realm) : 0;
    const int64_t sum = (int64_t)(((word >> 1) + now) & INT64_MAX);
    int64_t told = weft__load_relaxed(&worker->busy_told);
    while (sum > told)
        if (weft__cas_weak_relaxed(&worker->busy_told, &told, sum)) /* a number, nothing follows from it */
            return sum;
    return told;
}

/* How long the poll that a worker is in has lasted by now, also one that the rescuer has not seen yet; -1: it is in none. Any
 * thread. */
int64_t weft__worker_poll_age(struct weft__worker *worker, int64_t now);

static inline struct weft__sched *weft__sched_of(struct weft__env *env) { return (struct weft__sched *)(void *)env; }

#endif
