/* SPDX-License-Identifier: MIT */
/*
 * What a task needs of its runtime, and what the runtime's threads carry: the seam that lets task/ know no scheduler.
 * A weft_runtime begins with its env.
 */
#ifndef WEFT_TASK_ENV_H
#define WEFT_TASK_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/runtime.h>
#include <weft/scope.h>
#include <weft/step.h>
#include <weft/trace.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "base/rng.h"
#include "metrics/names.h"
#include "registry/ids.h"
#include "registry/realm.h"
#include "registry/slab.h"
#include "task/debt.h"

struct weft__task;
struct weft__env;
struct weft__thread;
struct weft__timers;
struct weft__wait;
struct weft__channels;
struct weft__sync;
struct weft__blocking;
struct weft__io;
struct weft__reactor;
struct weft__measure;

/* Services of the scheduler. Called with no lock held, on any thread. */
struct weft__sched_ops {
    void (*schedule)(struct weft__env *env, struct weft__task *task); /* it is SCHEDULED: queue it */
    void (*unpark)(struct weft__thread *thread); /* end the worker's sleep, or its next before it begins */
};

/* Services of the loops, for whoever parks a worker. */
struct weft__io_ops {
    /* Does anything wait for the thread's loop? Then it sleeps there. */
    bool (*awaited)(const struct weft__thread *self);
    /* Take the loop, to sleep in it: from here to the leaving nobody else turns it, and no rousing goes by. False: not open. */
    bool (*enter)(struct weft__thread *self);
    /* Sleep in the loop until something has come, somebody rouses, or the deadline. How many waiters were woken. */
    uint32_t (*sleep)(struct weft__thread *self, int64_t deadline_ns);
    void (*leave)(struct weft__thread *self);
    /* Take what has come, without waiting. On its own thread, or for a worker that is stuck. */
    uint32_t (*turn)(struct weft__thread *thread);
    /* As sleep, in the loops of workers that are stuck, all of them at once. False, at once: somebody else is at each of them. */
    bool (*stand_in)(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns);
    /* End that sleep. Any thread. */
    void (*rouse)(struct weft__thread *thread);
    /* A descriptor that is readable while a turn would find something; or a negative errno. Opens the loop. */
    int (*descriptor)(struct weft__thread *thread);
};

/* Of a runtime without loops. */
extern const struct weft__io_ops weft__io_none;

/* Services of the timers. On the thread that `self` is, but disarm: any thread. */
struct weft__timer_ops {
    /* Put a deadline (wait->since) into this thread's wheel. */
    void (*arm)(struct weft__thread *self, struct weft__wait *wait);
    /* Take it out; false: it is being fired this moment, ask again. */
    bool (*disarm)(struct weft__wait *wait);
    /* Fire what is due; the time of the next turn, INT64_MAX for none. */
    int64_t (*turn)(struct weft__thread *self, int64_t now);
};

struct weft__event;

/* Services of a runtime without threads of its own, which a thread of the host turns. */
struct weft__drive_ops {
    /* Whether it is this thread that turns it. Any thread. */
    bool (*here)(const struct weft__env *env);
    /* On that thread, in an RCU section: a wait begins, and the runtime stays until it is over. 0, or WEFT_EDEADLK and why. */
    int (*enter)(struct weft__env *env);
    /* Turn it until the event is set; then the wait is over. 0, WEFT_ETIMEDOUT, WEFT_EDEADLK. */
    int (*wait)(struct weft__env *env, struct weft__event *event, int64_t deadline_ns);
    /* There may be something to do: whoever sleeps there looks. Any thread, in an RCU section. */
    void (*ring)(struct weft__env *env);
};

enum { WEFT__SCOPE_LOCKS = 64 };

static inline unsigned weft__lock_index(const void *address) { return (unsigned)((uintptr_t)address >> 6) % WEFT__SCOPE_LOCKS; }

/* What a worker keeps free slots of, beside tasks, for what it creates next. */
enum weft__cached { WEFT__CACHED_CHANNELS, WEFT__CACHED_VALUES, WEFT__CACHED_JOBS, WEFT__CACHED };

struct weft__scope_lock {
    _Alignas(64) struct weft__lock lock;
};

struct weft__env {
    const struct weft__sched_ops *ops;
    const struct weft__timer_ops *timer_ops;
    const struct weft__io_ops *io_ops;
    const struct weft__drive_ops *drive; /* NULL: it has threads */
    uint32_t number;      /* of the runtime, in the process */
    const char *name;     /* the runtime's */
    struct weft__realm *realm; /* its time and its ids; NULL: the process's */
    struct weft__channels *channels; /* where its channels live; the channel room's */
    struct weft__sync *sync;         /* the sync room's */
    struct weft__blocking *blocking; /* the blocking room's */
    struct weft__io *io;             /* the io room's */
    struct weft__measure *measure;   /* how long polls and wakes take; NULL: nobody asks */
    uint32_t coop_budget;
    weft_report_fn *report;
    void *report_context;
    bool inherited; /* the runtime lives in the process that forked this one; set while there is one thread */
    _Atomic uint32_t refusing; /* spawns are refused: shutting down */
    _Atomic uint32_t cancelled; /* every task is cancelled: shutting down */
    _Atomic int32_t first_error; /* of a task of the root scope */
    _Atomic uint64_t cancels_ignored; /* tasks that were told often that they are cancelled, and went on */
    weft_scope root;
    _Atomic int64_t now; /* the clock as the monitor thread saw it last */
    _Alignas(64) _Atomic uint64_t foreign_wakes; /* by threads that are not this runtime's */
    _Atomic uint64_t foreign_wakes_noop;
    _Atomic uint64_t foreign_spawned_as[WEFT__NAMES_PLACES]; /* by the number of the name; weft__env_foreign_spawned() */
    struct weft__slab slab;
    struct weft__scope_lock scope_locks[WEFT__SCOPE_LOCKS]; /* members of scopes but the root, by the scope's address */
    struct weft__scope_lock claim_locks[WEFT__SCOPE_LOCKS]; /* claims of joinable tasks, by the task's; taken first */
};

/*
 * A counter that one thread writes and any thread reads. The add is a load and a store, no locked instruction; the store
 * releases (CN-R1), so that a reader who acquires (CN-A1) and sees the n-th event sees what came before it.
 */
typedef _Atomic uint64_t weft__counter;
static inline __attribute__((always_inline)) void weft__counter_add(weft__counter *counter, uint64_t n)
{
    weft__store_release(counter, weft__load_relaxed(counter) + n); /* CN-R1 */
}
static inline uint64_t weft__counter_read(weft__counter *counter) { return weft__load_acquire(counter); /* CN-A1 */ }

/* What each thread of a runtime carries; the only per-thread global points here. Belongs to its thread, but counters. */
struct weft__thread {
    uint32_t entered; /* trails that are over the polled task's; the macros read it: first */
    struct weft__env *env;
    weft_context cx;         /* of every poll, one after the other; its task: weft__thread_polled() */
    _Atomic uint64_t task_id; /* its id, 0 outside of a poll; the monitor reads it */
    int64_t now;             /* read once per round of the scheduler */
    uint16_t number;         /* WEFT_TRACE_NO_WORKER on threads that are no worker */
    bool yield;              /* the poll wants another turn at once */
    struct weft__timers *timers; /* the timer room's */
    int64_t due; /* its wheel has nothing to do before this, as far as its own thread knows */
    struct weft__reactor *reactor; /* the io room's */
    const struct weft__task *awaited; /* what the last poll waits to join: an address to compare with, it may have ended; or NULL */
    struct weft__rng choices;    /* of select */
    struct weft__ids ids;
    struct weft__slab_cache cache; /* of tasks */
    struct weft__slab_cache caches[WEFT__CACHED];
    weft_poll_fn *timed; /* the body of a task whose poll is timed (task/measure.h) */
    _Atomic int64_t timed_since; /* when that poll began; 0: it has not; a time to show */
    struct weft__debt debt; /* of the task that was polled last, to those who wait for what it does */
    weft__counter spawned;
    weft__counter ended;
    weft__counter polls;
    weft__counter completed; /* operations that polls completed without waiting: units of their budgets */
    weft__counter wakes;
    weft__counter wakes_noop;
    weft__counter spawned_as[WEFT__NAMES_PLACES]; /* of `spawned`, by the number of the name */
};

extern _Thread_local struct weft__thread *weft__self __attribute__((tls_model("initial-exec")));

/*
 * The task being polled, or NULL (TP-R1); whoever looks from elsewhere acquires it inside an RCU section (TP-A1): then the slot is one,
 * though the task may have ended.
 */
static inline _Atomic(void *) *weft__thread_polled(struct weft__thread *thread) { return (_Atomic(void *) *)&thread->cx.weft__task; }

/* The same on the thread itself. */
static inline struct weft__task *weft__thread_task(const struct weft__thread *self)
{
    return weft__load_relaxed(weft__thread_polled((struct weft__thread *)self));
}

/* The thread's own record, if it is a thread of that runtime. */
static inline struct weft__thread *weft__self_in(const struct weft__env *env)
{
    struct weft__thread *self = weft__self;
    return self && self->env == env ? self : NULL;
}

/* This thread's cache of a slab's slots; NULL: it has none, and they come straight from the pages. */
static inline struct weft__slab_cache *weft__self_cache(const struct weft__slab *slab, enum weft__cached which)
{
    struct weft__thread *self = weft__self;
    return self && self->caches[which].slab == slab ? &self->caches[which] : NULL;
}

/* A number for something new: out of the thread's own stretch, or else from the counter that all share. */
static inline uint64_t weft__env_new_id(const struct weft__env *env)
{
    struct weft__thread *self = weft__self_in(env);
    return self ? weft__ids_take(&self->ids) : weft__id_new(env->realm);
}

/* How many tasks were spawned by threads that are not this runtime's. Whoever saw one of them end knows its name. */
uint64_t weft__env_foreign_spawned(struct weft__env *env);

/* The id of the task that this thread polls, for events; 0 if none. */
static inline uint64_t weft__self_task_id(void) { return weft__self ? weft__load_relaxed(&weft__self->task_id) : 0; }
static inline uint16_t weft__self_number(void) { return weft__self ? weft__self->number : WEFT_TRACE_NO_WORKER; }

static inline struct weft__env *weft__env_of(weft_runtime *rt) { return (struct weft__env *)(void *)rt; }

/* The time to some milliseconds, without reading the clock. On the thread itself. */
static inline int64_t weft__thread_now(const struct weft__thread *self)
{
    /* A worker in a long poll has an old time; the monitor's is at most a tick old. */
    const int64_t seen = weft__load_relaxed(&self->env->now);
    return self->now > seen ? self->now : seen;
}

/* The same on any thread: one of the host's asks the clock of the realm. */
static inline int64_t weft__self_now(struct weft__realm *realm)
{
    const struct weft__thread *self = weft__self;
    return self ? weft__thread_now(self) : weft__realm_now(realm);
}

/* The same for what is kept in milliseconds: as old on a thread of the host as a worker's own time may be. */
static inline int64_t weft__self_now_coarse(struct weft__realm *realm)
{
    const struct weft__thread *self = weft__self;
    return self ? weft__thread_now(self) : weft__realm_now_coarse(realm);
}

/* Tell the host, if it listens. Any thread, no lock held. */
void weft__report(struct weft__env *env, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
