/* SPDX-License-Identifier: MIT */
/*
 * Locks that tasks may hold over an await: the mutex, and the lock for many readers or one writer. <weft/sync.h> says
 * what is true of all meeting points. Whoever waits here lets others run; a lock of the host's own stops the worker.
 *
 * Both are fair: unlocking hands over to the first that waits, and a writer that waits keeps later readers out. A task
 * that ends with a lock held leaves it locked, with its id as the owner.
 */
#ifndef WEFT_LOCK_H
#define WEFT_LOCK_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

typedef struct weft_mutex_options {
    size_t size;
    const char *name;      /* copied; "mutex" */
    const char *component; /* copied */
} weft_mutex_options;

#define WEFT_MUTEX_OPTIONS(...) WEFT__OPTIONS(weft_mutex_options, __VA_ARGS__)

typedef struct weft_rwlock_options {
    size_t size;
    const char *name;      /* copied; "rwlock" */
    const char *component; /* copied */
    uint32_t readers_max;  /* at the same time; 268435455 */
} weft_rwlock_options;

#define WEFT_RWLOCK_OPTIONS(...) WEFT__OPTIONS(weft_rwlock_options, __VA_ARGS__)

typedef struct weft_mutex {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_mutex;

typedef struct weft_rwlock {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_rwlock;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_mutex_future {
    weft_future future;
    const weft_mutex *mutex;
} weft_mutex_future;

typedef struct weft_rwlock_future {
    weft_future future;
    const weft_rwlock *rwlock;
} weft_rwlock_future;

WEFT_BEGIN_DECLS

/**
 * Create a mutex.
 * @threads any
 * @blocks never
 * @owns *out_mutex is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_mutex_create(weft_runtime *rt, const weft_mutex_options *options,
                                             weft_mutex *out_mutex);

/**
 * Lock it; an awaitable.
 * @threads task
 * @blocks suspends the task, until it is the first of those that wait and the mutex is free
 * @owns the task that is polled is the owner
 * @errors WEFT_ECANCELED (it is not locked by this call), WEFT_EDEADLK (this task has it), WEFT_EPIPE (destroyed while
 *   it waited), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_mutex_lock(weft_context *cx, const weft_mutex *mutex);

/**
 * Lock it if it is free and nobody waits.
 * @threads any
 * @blocks never
 * @owns the task that is polled, or the thread, is the owner
 * @errors WEFT_EAGAIN, WEFT_EINVAL, WEFT_EPIPE (this handle was destroyed), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_mutex_try_lock(const weft_mutex *mutex);

/**
 * Lock it in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until the mutex is its own or the deadline has passed
 * @owns the thread is the owner
 * @errors WEFT_ETIMEDOUT, WEFT_EDEADLK (this thread has it; and as weft_drive says), WEFT_EPERM (called on a worker),
 *   WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_mutex_lock_blocking(const weft_mutex *mutex, int64_t deadline_ns);

/**
 * Unlock it: the first of those that wait has it now.
 * @threads the owner
 * @blocks never
 * @owns the caller is the owner no more
 * @errors WEFT_EPERM (the caller is not the owner), WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_mutex_unlock(const weft_mutex *mutex);

/**
 * The id of the task that has it; with WEFT_OWNER_THREAD the number of a thread; 0: nobody.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for a handle that is null, stale or destroyed
 * @since 0.1
 */
WEFT_API uint64_t weft_mutex_owner(const weft_mutex *mutex);

/**
 * Destroy it, locked or not; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_mutex_destroy(weft_mutex *mutex);

/**
 * Create a lock for many readers or one writer.
 * @threads any
 * @blocks never
 * @owns *out_rwlock is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL (null, readers_max above 268435455), WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_create(weft_runtime *rt, const weft_rwlock_options *options,
                                              weft_rwlock *out_rwlock);

/**
 * Enter as one of the readers; an awaitable. It waits behind a writer that waits already, so a reader that reads again
 * inside may wait for itself.
 * @threads task
 * @blocks suspends the task, until no writer is in or before it
 * @owns the caller has to weft_rwlock_read_unlock() it
 * @errors WEFT_ECANCELED, WEFT_EDEADLK (this task is the writer), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_read(weft_context *cx, const weft_rwlock *rwlock);

/**
 * Enter as a reader if no writer is in and nobody waits.
 * @threads any
 * @blocks never
 * @owns as weft_rwlock_read()
 * @errors WEFT_EAGAIN, WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_try_read(const weft_rwlock *rwlock);

/**
 * Enter as a reader in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until no writer is in or before it, or the deadline has passed
 * @owns as weft_rwlock_read()
 * @errors WEFT_ETIMEDOUT, WEFT_EDEADLK (as weft_mutex_lock_blocking()), WEFT_EPERM (called on a worker), WEFT_EPIPE,
 *   WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_read_blocking(const weft_rwlock *rwlock, int64_t deadline_ns);

/**
 * Enter as the writer, alone; an awaitable.
 * @threads task
 * @blocks suspends the task, until it is the first of those that wait and nobody is in
 * @owns the task that is polled is the owner
 * @errors WEFT_ECANCELED, WEFT_EDEADLK (this task is the writer), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_write(weft_context *cx, const weft_rwlock *rwlock);

/**
 * Enter as the writer if nobody is in.
 * @threads any
 * @blocks never
 * @owns as weft_mutex_try_lock()
 * @errors WEFT_EAGAIN, WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_try_write(const weft_rwlock *rwlock);

/**
 * Enter as the writer in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until nobody else is in or before it, or the deadline has passed
 * @owns the thread is the owner
 * @errors WEFT_ETIMEDOUT, WEFT_EDEADLK (as weft_mutex_lock_blocking()), WEFT_EPERM (called on a worker), WEFT_EPIPE,
 *   WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_rwlock_write_blocking(const weft_rwlock *rwlock, int64_t deadline_ns);

/**
 * Leave as a reader.
 * @threads any; who entered is not remembered
 * @blocks never
 * @owns the caller is in no more
 * @errors WEFT_EPERM (no reader is in), WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_rwlock_read_unlock(const weft_rwlock *rwlock);

/**
 * Leave as the writer.
 * @threads the owner
 * @blocks never
 * @owns the caller is the owner no more
 * @errors WEFT_EPERM (the caller is not the writer), WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_rwlock_write_unlock(const weft_rwlock *rwlock);

/**
 * Destroy it, whoever is in; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_rwlock_destroy(weft_rwlock *rwlock);

/**
 * Lock, as weft_mutex_lock(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over; it is locked only by the future that is ready
 * @errors none; those of weft_mutex_lock() come as the result
 * @since 0.1
 */
WEFT_API void weft_mutex_lock_begin(weft_mutex_future *future, const weft_mutex *mutex);

/**
 * Enter as a reader, as weft_rwlock_read(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over; only the future that is ready has entered
 * @errors none; those of weft_rwlock_read() come as the result
 * @since 0.1
 */
WEFT_API void weft_rwlock_read_begin(weft_rwlock_future *future, const weft_rwlock *rwlock);

/**
 * Enter as the writer, as weft_rwlock_write(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over; only the future that is ready has entered
 * @errors none; those of weft_rwlock_write() come as the result
 * @since 0.1
 */
WEFT_API void weft_rwlock_write_begin(weft_rwlock_future *future, const weft_rwlock *rwlock);

WEFT_END_DECLS

#endif
