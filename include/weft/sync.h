/* SPDX-License-Identifier: MIT */
/*
 * Meeting points, and the first of them: the semaphore. A meeting point is created on a runtime with a name; tasks wait
 * there in the order of their arrival, and what is given is handed over to the first of them: a newcomer does not pass.
 * The others are in <weft/lock.h> (mutex, rwlock), <weft/notify.h> (notify, barrier), <weft/once.h>, <weft/oneshot.h>,
 * <weft/watch.h> and <weft/broadcast.h>.
 *
 * Handles of semaphore, mutex, rwlock, notify, barrier and once are values: copy them into frames as you like, all
 * copies mean the same object. Whoever created it destroys it, once, when nobody uses it any more; until then it lives,
 * also after its runtime. Copies are stale after that: WEFT_ESRCH. Who was let in last may destroy it at once, although
 * the call that let it in is on its way back. Statistics of all are in weft_sync_visit(), who waits there in
 * weft_sync_waiters().
 *
 * Synchronisation: by the copies of a handle of these kinds every call may be made at the same time as every other, but
 * destroy. A handle of oneshot, watch or broadcast serves one task or thread at a time; calls by different handles may be
 * made at the same time. What was done before the left happens before the return of the right:
 *
 *     semaphore          release                               an acquire that takes these permits
 *                        close                                 whoever is told WEFT_EPIPE
 *     mutex, rwlock      unlock                                the next that is let in
 *     notify             one, last                             a wait that takes it, or takes what was stored with it
 *                        all                                   a wait that it ends, a ticket that counts it
 *     barrier            wait                                  every wait of the same opening
 *     once               leave, with success                   every enter that answers 0
 *                        leave, with an error                  the next enter that answers 1
 *     oneshot            send, close of the sender             the receive; WEFT_EPIPE there
 *                        stop, close of the receiver           closed; WEFT_EPIPE of a send
 *     watch, broadcast   send, replace, modify                 whoever is told of it, reads or receives it
 *                        the close of the last of a side       WEFT_EPIPE at the other; closed
 */
#ifndef WEFT_SYNC_H
#define WEFT_SYNC_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

#define WEFT_PERMITS_MAX 268435455

/* An owner that is no task: this bit, and the number of a thread of the host. */
#define WEFT_OWNER_THREAD (UINT64_C(1) << 63)

typedef enum weft_sync_kind {
    WEFT_SYNC_SEMAPHORE = 0,
    WEFT_SYNC_MUTEX = 1,
    WEFT_SYNC_RWLOCK = 2,
    WEFT_SYNC_NOTIFY = 3,
    WEFT_SYNC_BARRIER = 4,
    WEFT_SYNC_ONCE = 5,
    WEFT_SYNC_ONESHOT = 6,
    WEFT_SYNC_WATCH = 7,
    WEFT_SYNC_BROADCAST = 8
} weft_sync_kind;

/*
 * One meeting point at one moment. What its numbers are, by kind:
 *
 *     kind        permits                         permits_max     count
 *     semaphore   free now                        the limit       -
 *     mutex       1: free                         1               -
 *     rwlock      readers that could enter        readers_max     -
 *     notify      1: a stored notification        1               times all were notified
 *     barrier     still to arrive                 parties         times it opened
 *     once        1: nobody has begun             1               1: done
 *     oneshot     1: a value waits                1               -
 *     watch       -                               1               values so far, with the first
 *     broadcast   messages kept                   capacity        messages sent
 */
typedef struct weft_sync_stats {
    size_t size; /* set by the caller: sizeof(weft_sync_stats) */
    uint64_t id; /* the same in every event of a recording */
    weft_sync_kind kind;
    char name[128];
    char component[64];
    bool closed;             /* nobody will be let in any more */
    uint64_t owner;          /* the task that holds it alone, or a thread with WEFT_OWNER_THREAD; 0: nobody */
    uint64_t taker;          /* semaphore, rwlock: who was let in last, as in owner; it may have left since */
    uint32_t permits;
    uint32_t permits_max;
    uint64_t count;
    uint32_t senders;        /* handles of oneshot, watch and broadcast */
    uint32_t receivers;
    uint32_t waiting;        /* tasks and threads that wait now */
    uint64_t waiting_first;  /* the one that waits longest, as in owner; 0: nobody */
    uint64_t waits;          /* counted when they begin */
    int64_t wait_total_ns;   /* of waits that are over */
    int64_t wait_longest_ns; /* how long the first has waited by now, or -1 */
} weft_sync_stats;

/* One of those that wait there. */
typedef struct weft_sync_waiter {
    uint64_t who;      /* as weft_sync_stats.owner */
    int64_t waited_ns; /* by now */
    uint32_t permits;  /* that it asks for: of a semaphore, or an rwlock; otherwise 1 */
    bool alone;        /* it will be the owner: mutex, once, a writer */
    bool sender;       /* oneshot, watch, broadcast: it waits until nobody receives any more */
} weft_sync_waiter;

typedef struct weft_semaphore_options {
    size_t size;
    const char *name;      /* copied; "semaphore" */
    const char *component; /* copied; which part of the program it belongs to */
    uint32_t permits;      /* free at first; 0 to permits_max */
    uint32_t permits_max;  /* WEFT_PERMITS_MAX */
} weft_semaphore_options;

#define WEFT_SEMAPHORE_OPTIONS(...) WEFT__OPTIONS(weft_semaphore_options, __VA_ARGS__)

typedef struct weft_semaphore {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_semaphore;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_semaphore_future {
    weft_future future;
    const weft_semaphore *semaphore;
    uint32_t count;
} weft_semaphore_future;

WEFT_BEGIN_DECLS

/**
 * Call `visit` with the statistics of every meeting point of the runtime, without stopping any. The walk ends when
 * visit returns other than 0, and returns that.
 * @threads any
 * @blocks never (each one's lock, which those that wait share, is held for its copy)
 * @owns the statistics are valid during the call of visit
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_sync_visit(weft_runtime *rt, int (*visit)(void *context, const weft_sync_stats *stats),
                             void *context);

/**
 * Copy who waits at one meeting point, in the order in which they will be let in.
 * @threads any
 * @blocks never (its lock, which those that wait share, is held while `room` are copied)
 * @owns out_waiters, for up to `room`, is the caller's; NULL with room 0 counts only
 * @errors how many wait, which may be more than `room`; WEFT_EINVAL, WEFT_ESHUTDOWN (of the process that forked this
 *   one), WEFT_ESRCH (no live one has this id)
 * @since 0.1
 */
WEFT_API int weft_sync_waiters(weft_runtime *rt, uint64_t id, weft_sync_waiter *out_waiters, size_t room);

/**
 * "semaphore", "mutex" and so on; "?" for a number that is no kind.
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_sync_kind_name(weft_sync_kind kind);

/**
 * Create a semaphore.
 * @threads any
 * @blocks never
 * @owns *out_semaphore is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL (null, permits above permits_max, permits_max above WEFT_PERMITS_MAX), WEFT_ENOMEM,
 *   WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_semaphore_create(weft_runtime *rt, const weft_semaphore_options *options,
                                                 weft_semaphore *out_semaphore);

/**
 * Take `count` permits; an awaitable. All of them at once, in the order of asking: one that asks for many is not passed
 * by those that ask for few.
 * @threads task
 * @blocks suspends the task, until it is the first and there are enough
 * @owns the permits are the caller's to release
 * @errors WEFT_EPIPE (closed), WEFT_ECANCELED (nothing was taken), WEFT_ERANGE (more than permits_max), WEFT_EINVAL,
 *   WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_semaphore_acquire(weft_context *cx, const weft_semaphore *semaphore, uint32_t count);

/**
 * Take `count` permits if there are as many and nobody waits.
 * @threads any
 * @blocks never
 * @owns as weft_semaphore_acquire()
 * @errors WEFT_EAGAIN, WEFT_EPIPE, WEFT_ERANGE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_semaphore_try_acquire(const weft_semaphore *semaphore, uint32_t count);

/**
 * Take `count` permits in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until it is the first and there are enough, or the deadline has passed
 * @owns as weft_semaphore_acquire()
 * @errors WEFT_ETIMEDOUT, WEFT_EPIPE, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive says),
 *   WEFT_ERANGE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_semaphore_acquire_blocking(const weft_semaphore *semaphore, uint32_t count,
                                                           int64_t deadline_ns);

/**
 * Give `count` permits: those that were taken, or more. Whoever waits and has enough now is let in.
 * @threads any
 * @blocks never
 * @owns the permits are the semaphore's
 * @errors WEFT_ERANGE (more than permits_max would be free; none was given), WEFT_EINVAL, WEFT_EPIPE (destroyed with this
 *   handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_semaphore_release(const weft_semaphore *semaphore, uint32_t count);

/**
 * Make the semaphore smaller: remove up to `count` of the permits that are free now.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors how many were removed, which may be 0; WEFT_ERANGE (count above WEFT_PERMITS_MAX), WEFT_EINVAL, WEFT_EPIPE
 *   (destroyed with this handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_semaphore_forget(const weft_semaphore *semaphore, uint32_t count);

/**
 * How many permits are free at this moment.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE (destroyed with this handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_semaphore_available(const weft_semaphore *semaphore);

/**
 * Close it for good: those that wait, and those that come, get WEFT_EPIPE. Permits may still be released. Closing again
 * does nothing.
 * @threads any
 * @blocks never
 * @owns the object lives on, until it is destroyed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_semaphore_close(const weft_semaphore *semaphore);

/**
 * Destroy it; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_semaphore_destroy(weft_semaphore *semaphore);

/**
 * Acquire, as weft_semaphore_acquire(), in weft_select(). A future that is not the one that was ready holds no permits.
 * @threads the task that will wait
 * @blocks never
 * @owns the semaphore's handle must stay until the wait is over
 * @errors none; those of weft_semaphore_acquire() come as the result
 * @since 0.1
 */
WEFT_API void weft_semaphore_acquire_begin(weft_semaphore_future *future, const weft_semaphore *semaphore,
                                           uint32_t count);

WEFT_END_DECLS

#endif
