/* SPDX-License-Identifier: MIT */
/*
 * The blocking pool of a runtime: jobs, the queue they wait in, and the threads that run them. Jobs live in a slab, so
 * the list of all jobs is the slab itself and a handle is a number that may be kept for ever.
 *
 * States of a job:
 *
 *     QUEUED      in the queue, in the order of arrival
 *     RUNNING     its function runs on a thread of the pool (or on one that waits for it, see wait.c)
 *     DROPPING    taken out of the queue for good; whoever did it is running its drop function
 *     ENDED       its outcome waits for whoever owns the handle; a detached job is freed instead
 *
 *     begin            (nothing) -> QUEUED       any thread, with a place reserved before
 *     take             QUEUED -> RUNNING         a thread of the pool
 *     cancel, close    QUEUED -> DROPPING        any thread; close leaves mandatory jobs where they are
 *     end              RUNNING, DROPPING -> ENDED
 *     claim, detach    ENDED -> freed            the owner of the handle
 *
 * States of a thread: starting (counted, and at most one at a time), working, idle (in the idle list), leaving.
 *
 * Who touches what: the lock guards everything that says nothing else. It is held for a few instructions and never while
 * a job, a drop function, a hook or a wake runs. One lock and not a queue per thread: whoever submits decides in one step
 * whether an idle thread is told or a new one is begun, and whoever goes idle decides in one step that nothing is queued;
 * sharded queues have lost jobs between those two steps (tokio #8056).
 *
 * Edges: the lock's (LK-R1, LK-A1), a thread's event (EV-R1, EV-A1), and
 *     BP-R1 -> BP-A1   the count of those who hold the pool: whoever frees it sees what the others did.
 * Progress: blocking; a submit waits for the lock at most.
 * Shutdown: close refuses, cancels what is queued and tells idle threads to leave; stop waits until the last job has ended
 * and the last thread has gone. A thread that leaves joins the one that left before it, so that stop has one to join.
 */
#ifndef WEFT_BLOCKING_POOL_H
#define WEFT_BLOCKING_POOL_H

#include <pthread.h>
#include <stddef.h>
#include <weft/blocking.h>

#include "base/linger.h"
#include "base/list.h"
#include "base/lock.h"
#include "metrics/spread.h"
#include "registry/slab.h"
#include "task/env.h"
#include "task/trail.h"
#include "task/wait.h"

#define WEFT__JOB_PHASE_MAP(XX)                                                                                        \
    XX(QUEUED)                                                                                                         \
    XX(RUNNING)                                                                                                        \
    XX(DROPPING)                                                                                                       \
    XX(ENDED)

enum weft__job_phase {
#define WEFT__JOB_PHASE(name) WEFT__JOB_##name,
    WEFT__JOB_PHASE_MAP(WEFT__JOB_PHASE)
#undef WEFT__JOB_PHASE
};

/* The state word of a slot; under the lock, but the slab looks whether it is 0. */
enum { WEFT__JOB_LIVE = 1, WEFT__JOB_FREE = 2 };

/* Three lines: what whoever runs it reads, what is written on its way, and what neither is. */
struct weft__job {
    _Atomic uint64_t state;
    struct weft__slot *slab_next;
    uint64_t id;
    weft_job_fn *fn;       /* this, argument, drop: written before it is queued, then read by whoever took it */
    void *argument;
    void (*drop)(void *argument);
    weft_trail *trail;     /* that it is run on behalf of, or NULL; whoever runs or drops it takes it */
    int64_t queued_ns;

    struct weft__link link;    /* in the queue, or in the list of whoever drops it */
    struct weft__link waiters; /* who waits for its end: at most one */
    int64_t started_ns;
    int64_t ended_ns;
    int32_t code;          /* 0: it ran, and this is what it returned: */
    int32_t result;
    int32_t thread_id;     /* of the thread that runs it */
    uint8_t phase;
    bool mandatory;
    bool detached;         /* nobody asks for the outcome */

    uint64_t parent;       /* the task or the job that began it; 0: a host thread */
    const weft_site *site;
    uint32_t category;
    char name[];           /* and behind it, aligned, the copied argument */
};

struct weft__blocking {
    /* Each job changes this on its way in and on its way out, on two processors as a rule: one line. */
    _Alignas(64) struct weft__lock lock;
    _Atomic uint32_t queued;  /* read without the lock by events, relaxed: a number to look at */
    uint32_t reserved;        /* places given to somebody who is about to fill them; the end waits for him */
    uint32_t outstanding;     /* queued, running, dropping */
    uint32_t waiting;         /* nodes in `places` */
    uint32_t idle_count;      /* threads in `idle` */
    uint32_t threads;         /* also the one that is starting */
    bool closed;
    bool starting;            /* a thread was begun and has not asked for a job yet */
    bool told;                /* the same of an idle one that was told */
    bool grow_failed;         /* the system gave no thread: the next tick tries again */
    bool by_turns;            /* simulated: there are no threads, whoever turns the runtime runs the jobs */
    struct weft__link queue;  /* of jobs */
    uint64_t submitted;       /* and this minus `outstanding` is how many have ended */

    _Alignas(64) struct weft__env *env; /* while the runtime lives: whoever has a place, a job or a thread in hand keeps it */
    uint32_t number;          /* the runtime's, for events */
    uint32_t threads_max;
    uint32_t queue_max;
    uint32_t queued_high;
    uint32_t threads_high;
    int64_t keep_alive_ns;
    size_t stack_size;
    const char *thread_name;

    /* Of whoever runs jobs. Statistics, but for the list. */
    _Alignas(64) struct weft__link idle; /* of threads; the one that became idle last is told first */
    uint32_t running;
    uint64_t completed;
    int64_t waited_max_ns;
    struct weft__spread waited; /* how long jobs waited for a thread, and how long they ran */
    struct weft__spread ran;

    _Alignas(64) _Atomic uint32_t refs; /* the runtime, and each wait node that points here */
    uint32_t held;            /* of those in `places`, jobs of this pool without a deadline: each holds one of the threads meanwhile */
    struct weft__link places; /* of wait nodes: who waits for a place in the queue */
    struct weft__link begun;  /* by turns: of jobs that were taken, and will be run */
    uint32_t begun_count;
    bool exited_known;        /* a thread has left and is not joined yet: */
    pthread_t exited;
    uint64_t *numbers;        /* a bit for each thread number that is in use */
    _Atomic uint32_t moved;   /* counts the ends of the last job and the last thread; whoever waits for them sleeps on it */
    uint64_t returned;        /* submitted, and given back because the system gave no thread; statistics from here on */
    uint64_t cancelled;
    uint64_t threads_started;
    uint64_t threads_refused;
    struct weft__waitable place; /* of a node in `places` */
    struct weft__waitable end;   /* of a node in a job's `waiters` */
    struct weft__slab slab;
};

/* What the lock's holder has found to do after the unlock. Filled and used inside one RCU section (task/wait.h). */
struct weft__pool_wakes {
    weft__waiter waiters[2];
    uint64_t jobs[2];
    unsigned count;
    bool moved;
    int64_t now_ns; /* 0: nobody has looked at the clock yet; one look serves the end of a job and the start of the next */
};
void weft__pool_wake(struct weft__blocking *pool, struct weft__pool_wakes *wakes);

/* A blocked thread that waits for a job; the outcome is brought to it, since the runtime may be gone when it wakes. */
struct weft__job_blocked {
    struct weft__blocked blocked;
    int32_t code;
    int32_t result;
};

/* The room's part of a runtime. The name stays the caller's and lives as long. NULL: no memory. */
struct weft__blocking *weft__blocking_create(struct weft__env *env, const weft_runtime_options *options,
                                             const char *thread_name);
void weft__blocking_ref_locked(struct weft__blocking *pool);
void weft__blocking_unref(struct weft__blocking *pool);

/* From here on: refuse, and cancel what is queued and not mandatory. May be repeated. */
void weft__blocking_close(struct weft__blocking *pool);

/* Wait until no job is outstanding. 0 or WEFT_ETIMEDOUT. */
int weft__blocking_drain(struct weft__blocking *pool, int64_t deadline_ns);

/* The same of a closed pool, and until its threads have gone. */
int weft__blocking_stop(struct weft__blocking *pool, int64_t deadline_ns);

/* In the child of a fork: a thread of the pool that forked, by a job, has none but its own end to come to. */
void weft__blocking_orphan(struct weft__blocking *pool);

/* Whether the calling thread belongs to the pool. */
bool weft__blocking_is_inside(const struct weft__blocking *pool);

/* Jobs that were begun, and those of them that have ended; first ended, then begun, and both equal: there was a moment
 * without any. */
uint64_t weft__blocking_ended(struct weft__blocking *pool);
uint64_t weft__blocking_begun(struct weft__blocking *pool);

/* Tell the host which jobs have not ended; how many, and the name of one. */
uint32_t weft__blocking_report(struct weft__blocking *pool, char out_name[WEFT_NAME_MAX + 1]);

/* The wait->describe of both waitables. */
void weft__blocking_describe_place(struct weft__waitable *waitable, const struct weft__wait *wait,
                                   struct weft__abouts *abouts);
void weft__blocking_describe_end(struct weft__waitable *waitable, const struct weft__wait *wait,
                                 struct weft__abouts *abouts);

/*
 * Jobs by turns, one step at a time: how many steps could be taken now; and take one of them, 0 to that number minus 1: a
 * job that was taken before is run, or the first in the queue is taken. On the thread that turns the runtime.
 */
uint32_t weft__blocking_steps(struct weft__blocking *pool);
void weft__blocking_step(struct weft__blocking *pool, uint32_t choice);

/* What this thread is to a pool, while it runs a job; taken off while it turns the runtime from inside the job. */
struct weft__pool_self {
    const struct weft__blocking *pool;
    uint64_t job;
    int id;
};
struct weft__pool_self weft__blocking_put_off(void);
void weft__blocking_put_on(struct weft__pool_self self);

/* Monitor thread, at each tick: try again to start a thread; give empty pages back. */
void weft__blocking_tick(struct weft__blocking *pool);
void weft__blocking_trim(struct weft__blocking *pool);

/* Threads (thread.c). */
struct weft__pool_thread {
    struct weft__link link; /* in `idle`, or in the list of who tells it to leave */
    struct weft__event event;
    uint32_t number;
    bool coming;            /* it is the one that `told` means, or, if fresh, `starting` */
    bool fresh;
    bool idle;              /* in `idle` */
    struct weft__linger linger; /* this and the next: its own */
    int64_t since_ns;       /* when it became idle */
    int64_t told_ns;        /* when it was taken out of `idle` to be told; 0: nobody knows */
};

/*
 * Is somebody on the way to the queue, if there is something in it? Decided under the lock, done after it: an idle thread
 * is told, or a new one begun. Whoever comes asks again, so one at a time is enough. 0, or WEFT_EAGAIN: the system
 * gave no thread, and there is no other; then `mine`, if it was given, is out of the queue and freed. The time is the look's; 0: not known.
 */
enum weft__pool_summons { WEFT__SUMMON_NOBODY, WEFT__SUMMON_IDLE, WEFT__SUMMON_NEW };
struct weft__pool_summon {
    enum weft__pool_summons who;
    struct weft__pool_thread *idle;
};
struct weft__pool_summon weft__pool_look_locked(struct weft__blocking *pool, int64_t now_ns);
int weft__pool_summon(struct weft__blocking *pool, struct weft__pool_summon summon, const struct weft__job *mine,
                      uint64_t id);
bool weft__pool_take_back_locked(struct weft__blocking *pool, const struct weft__job *job, uint64_t id,
                                 struct weft__pool_wakes *wakes);

/* The thread that became idle last, out of the list; NULL: none is idle. */
struct weft__pool_thread *weft__pool_take_idle_locked(struct weft__blocking *pool);

/* The id of the job that runs on this thread, and the thread's; 0: none. */
uint64_t weft__pool_job_id(void);
int weft__pool_thread_id(void);

_Static_assert(offsetof(struct weft__job, link) == 64 && offsetof(struct weft__job, parent) == 128, "a job's lines");

/* How a node stands in line (wait->mode). */
enum weft__place_mode { WEFT__PLACE_WAITS = 0, WEFT__PLACE_HOLDS = 1 /* a thread of the pool, without a deadline */ };

/* A node is out of the line. */
static inline void weft__pool_leave_line_locked(struct weft__blocking *pool, const struct weft__wait *wait)
{
    pool->waiting--;
    pool->held -= wait->mode == WEFT__PLACE_HOLDS;
}

/* Whether the pool could do with a thread that the system did not give: the next tick tries again. */
bool weft__blocking_is_short(struct weft__blocking *pool);

/* Whether somebody who comes now may have a place: nobody waits for one, and there is one. */
static inline bool weft__pool_has_room_locked(const struct weft__blocking *pool)
{
    return weft__load_relaxed(&((struct weft__blocking *)(uintptr_t)pool)->queued) + pool->reserved < pool->queue_max &&
           pool->waiting == 0;
}

/*
 * The job is written: queue it, in the place that was reserved for it or in one that is found now, and see that a thread takes
 * it. On failure, and then the job is freed: WEFT_ESHUTDOWN; WEFT_EAGAIN: there is no thread and the system gives none;
 * WEFT__POOL_FULL: no place was found.
 */
enum weft__pool_place { WEFT__PLACE_RESERVED, WEFT__PLACE_TO_BE_FOUND };
enum { WEFT__POOL_FULL = 1 };
int weft__pool_submit(const char *call, struct weft__blocking *pool, struct weft__job *job, enum weft__pool_place place);

/* weft_job_begin(), weft_job_wait() and weft_job_run() under the name of the call that they are done for; the first two with the node
 * to wait with, the task's own or a future's. */
int weft__job_begin(const char *call, weft_context *cx, weft_job *job, const weft_job_options *options, struct weft__wait *wait);
int weft__job_wait(const char *call, weft_context *cx, weft_job *job, int *out_result, struct weft__wait *wait);
int weft__job_run(const char *call, weft_context *cx, weft_job *job, const weft_job_options *options, int *out_result);

/* A place was reserved and is not used. */
void weft__pool_release_place(struct weft__blocking *pool);
void weft__pool_grant_locked(struct weft__blocking *pool, struct weft__pool_wakes *wakes);

/* Take a job that is QUEUED out of the queue: to run it, or to drop it. */
void weft__pool_take_locked(struct weft__blocking *pool, struct weft__job *job, enum weft__job_phase phase,
                            struct weft__pool_wakes *wakes);

/* The end of a job that runs or is dropped. It is freed if nobody will claim it. */
void weft__pool_end_locked(struct weft__blocking *pool, struct weft__job *job, int code, int result,
                           struct weft__pool_wakes *wakes);

/* Run a job that was taken to be run, here on a thread of the pool; what it returned. The caller ends it. No lock held. */
int weft__pool_call(struct weft__blocking *pool, struct weft__job *job);

/* Run a job that was taken to be run, and end it. The same. */
void weft__pool_run(struct weft__blocking *pool, struct weft__job *job);

/* Drop a job that was taken to be dropped, and end it with a code. No lock held, not inside an RCU section. */
void weft__pool_drop(struct weft__blocking *pool, struct weft__job *job, int code);

void weft__pool_free_locked(struct weft__blocking *pool, struct weft__job *job);

#endif
