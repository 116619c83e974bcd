/* SPDX-License-Identifier: MIT */
/*
 * Meeting points without permits to keep: notify (something happened: look), barrier (all are here). <weft/sync.h> says
 * what is true of all meeting points.
 */
#ifndef WEFT_NOTIFY_H
#define WEFT_NOTIFY_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

typedef struct weft_notify_options {
    size_t size;
    const char *name;      /* copied; "notify" */
    const char *component; /* copied */
} weft_notify_options;

#define WEFT_NOTIFY_OPTIONS(...) WEFT__OPTIONS(weft_notify_options, __VA_ARGS__)

typedef struct weft_barrier_options {
    size_t size;
    const char *name;      /* copied; "barrier" */
    const char *component; /* copied */
    uint32_t parties;      /* how many have to arrive; 0 is 1 */
} weft_barrier_options;

#define WEFT_BARRIER_OPTIONS(...) WEFT__OPTIONS(weft_barrier_options, __VA_ARGS__)

typedef struct weft_notify {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_notify;

typedef struct weft_barrier {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_barrier;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_notify_future {
    weft_future future;
    const weft_notify *notify;
    uint64_t ticket;
    bool has_ticket;
} weft_notify_future;

typedef struct weft_barrier_future {
    weft_future future;
    const weft_barrier *barrier;
} weft_barrier_future;

WEFT_BEGIN_DECLS

/**
 * Create a notify.
 * @threads any
 * @blocks never
 * @owns *out_notify is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_notify_create(weft_runtime *rt, const weft_notify_options *options,
                                              weft_notify *out_notify);

/**
 * Wait for a notification, or take the one that is stored; an awaitable.
 * @threads task
 * @blocks suspends the task, until it is notified
 * @owns nothing
 * @errors WEFT_ECANCELED (a notification that it got already goes to another), WEFT_EPIPE (destroyed), WEFT_EINVAL,
 *   WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_notify_wait(weft_context *cx, const weft_notify *notify);

/**
 * A ticket for weft_notify_wait_since(): take it, look at what you wait for, and no notify_all after it is missed.
 * @threads any
 * @blocks never
 * @owns nothing; any number may be taken
 * @errors none; 0 for a handle that is null, stale or destroyed
 * @since 0.1
 */
WEFT_API uint64_t weft_notify_ticket(const weft_notify *notify);

/**
 * As weft_notify_wait(), but ready at once if all were notified since the ticket; the stored notification stays then.
 * @threads task
 * @blocks suspends the task, until it is notified
 * @owns nothing
 * @errors as weft_notify_wait()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_notify_wait_since(weft_context *cx, const weft_notify *notify, uint64_t ticket);

/**
 * Wait in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until it is notified or the deadline has passed
 * @owns nothing
 * @errors WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive says), WEFT_EPIPE,
 *   WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_notify_wait_blocking(const weft_notify *notify, int64_t deadline_ns);

/**
 * Notify the one that waits longest; if nobody waits one notification, and never more than one, is stored.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_notify_one(const weft_notify *notify);

/**
 * As weft_notify_one(), but the one that came last.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_notify_last(const weft_notify *notify);

/**
 * Notify all that wait now. Nothing is stored.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_notify_all(const weft_notify *notify);

/**
 * Destroy it; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_notify_destroy(weft_notify *notify);

/**
 * Create a barrier. It can be used again as soon as it has opened.
 * @threads any
 * @blocks never
 * @owns *out_barrier is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL (null, parties above 268435455), WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_barrier_create(weft_runtime *rt, const weft_barrier_options *options,
                                               weft_barrier *out_barrier);

/**
 * Arrive, and wait for the others; an awaitable. One that is cancelled while it waits has not arrived.
 * @threads task
 * @blocks suspends the task, until all have arrived
 * @owns nothing
 * @errors 1 for exactly one of them, the last to arrive, and 0 for the others; WEFT_ECANCELED, WEFT_EPIPE (destroyed),
 *   WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_barrier_wait(weft_context *cx, const weft_barrier *barrier);

/**
 * The same in a host thread, with a deadline of weft_clock(). One whose time is over has not arrived.
 * @threads host thread
 * @blocks the thread, until all have arrived or the deadline has passed
 * @owns nothing
 * @errors as weft_barrier_wait(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_barrier_wait_blocking(const weft_barrier *barrier, int64_t deadline_ns);

/**
 * Destroy it; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_barrier_destroy(weft_barrier *barrier);

/**
 * Wait, as weft_notify_wait(), in weft_select(). One that is not the future that was ready passes its notification on.
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over
 * @errors none; those of weft_notify_wait() come as the result
 * @since 0.1
 */
WEFT_API void weft_notify_wait_begin(weft_notify_future *future, const weft_notify *notify);

/**
 * The same with a ticket, as weft_notify_wait_since().
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over
 * @errors none; those of weft_notify_wait_since() come as the result
 * @since 0.1
 */
WEFT_API void weft_notify_wait_since_begin(weft_notify_future *future, const weft_notify *notify, uint64_t ticket);

/**
 * Arrive and wait, as weft_barrier_wait(), in weft_select(). If another future is ready first, it has not arrived.
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over
 * @errors none; those of weft_barrier_wait() come as the result
 * @since 0.1
 */
WEFT_API void weft_barrier_wait_begin(weft_barrier_future *future, const weft_barrier *barrier);

WEFT_END_DECLS

#endif
