/* SPDX-License-Identifier: MIT */
/*
 * Once: it is done exactly once, by whoever comes first; the others wait for it. <weft/sync.h> says what is true of all
 * meeting points.
 */
#ifndef WEFT_ONCE_H
#define WEFT_ONCE_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

typedef struct weft_once_options {
    size_t size;
    const char *name;      /* copied; "once" */
    const char *component; /* copied */
} weft_once_options;

#define WEFT_ONCE_OPTIONS(...) WEFT__OPTIONS(weft_once_options, __VA_ARGS__)

typedef struct weft_once {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_once;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_once_future {
    weft_future future;
    const weft_once *once;
} weft_once_future;

WEFT_BEGIN_DECLS

/**
 * Create a once.
 * @threads any
 * @blocks never
 * @owns *out_once is the caller's to destroy, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_once_create(weft_runtime *rt, const weft_once_options *options, weft_once *out_once);

/**
 * Come to a thing that is done once; an awaitable. The answer 1 says: do it, awaiting as you like, and then say how it
 * went with weft_once_leave(). The answer 0 says that it has been done.
 * @threads task
 * @blocks suspends the task, while somebody else does it
 * @owns with 1 the task that is polled is the owner
 * @errors 0 or 1; WEFT_ECANCELED, WEFT_EDEADLK (this task is doing it), WEFT_EPIPE (destroyed), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_once_enter(weft_context *cx, const weft_once *once);

/**
 * The same in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, while somebody else does it, or until the deadline has passed
 * @owns with 1 the thread is the owner
 * @errors as weft_once_enter(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_once_enter_blocking(const weft_once *once, int64_t deadline_ns);

/**
 * Say how it went: with 0 or more it is done and all that wait go on; with a negative result the next of them tries.
 * @threads the owner
 * @blocks never
 * @owns the caller is the owner no more
 * @errors WEFT_EPERM (the caller is not doing it), WEFT_EINVAL, WEFT_EPIPE, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_once_leave(const weft_once *once, int result);

/**
 * Call `function` unless it has been done; an awaitable. For what needs no await of its own.
 * @threads task
 * @blocks suspends the task, while somebody else does it
 * @owns context is the caller's
 * @errors 0: it has been done, here or before; what function answered, if negative: the next will try; as
 *   weft_once_enter()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_once_run(weft_context *cx, const weft_once *once, int (*function)(void *context),
                                         void *context);

/**
 * Destroy it; those that wait get WEFT_EPIPE. Destroying again does nothing.
 * @threads any; no other call may be under way, but waits by copies of the handle
 * @blocks never
 * @owns the handle is consumed, and its copies are stale
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_once_destroy(weft_once *once);

/**
 * Come to it, as weft_once_enter(), in weft_select(). Only the future that is ready, with 1, has to do it.
 * @threads the task that will wait
 * @blocks never
 * @owns the handle must stay until the wait is over
 * @errors none; those of weft_once_enter() come as the result
 * @since 0.1
 */
WEFT_API void weft_once_enter_begin(weft_once_future *future, const weft_once *once);

WEFT_END_DECLS

#endif
