/* SPDX-License-Identifier: MIT */
/*
 * The watch: the latest value of something, by copy. Senders replace it, receivers see the newest and may miss those
 * between. <weft/sync.h> says what is true of all meeting points.
 * A handle serves one task or thread at a time; clone it for the next. A receiver remembers which value it has seen.
 * The value is copied byte by byte: what it points to is nobody's business here.
 *     WEFT_WATCH_DEFINE(settings, struct settings)   settings_sender, settings_receiver, settings_changed() …
 */
#ifndef WEFT_WATCH_H
#define WEFT_WATCH_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

#define WEFT_WATCH_SIZE_MAX (60 * 1024) /* bytes of a value; what is larger belongs behind a pointer */

typedef struct weft_watch_options {
    size_t size;
    const char *name;      /* copied; "watch" */
    const char *component; /* copied */
} weft_watch_options;
#define WEFT_WATCH_OPTIONS(...) WEFT__OPTIONS(weft_watch_options, __VA_ARGS__)

typedef struct weft_watch_sender {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_watch_sender;

typedef struct weft_watch_receiver {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
    uint64_t weft__seen; /* the version of the value that it has seen */
} weft_watch_receiver;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_watch_future {
    weft_future future;
    weft_watch_receiver *receiver;   /* of weft_watch_changed_begin() */
    const weft_watch_sender *sender; /* of weft_watch_closed_begin() */
} weft_watch_future;

WEFT_BEGIN_DECLS

/**
 * Create a watch with its first value, its first sender and its first receiver, which has seen that value.
 * @threads any
 * @blocks never
 * @owns both handles are the caller's to close, also after the runtime is gone; all is copied, options may be NULL
 * @errors WEFT_EINVAL (null, value_size 0 or above WEFT_WATCH_SIZE_MAX), WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_create(weft_runtime *rt, const weft_watch_options *options, size_t value_size,
                                             const void *initial, weft_watch_sender *out_sender,
                                             weft_watch_receiver *out_receiver);

/**
 * Another sender of the same watch.
 * @threads any
 * @blocks never
 * @owns *out_sender is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_sender_clone(const weft_watch_sender *sender, weft_watch_sender *out_sender);

/**
 * A new receiver, which has seen the value of now. Also when all others have gone.
 * @threads any
 * @blocks never
 * @owns *out_receiver is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_subscribe(const weft_watch_sender *sender, weft_watch_receiver *out_receiver);

/**
 * Another receiver, which has seen what this one has seen.
 * @threads any
 * @blocks never
 * @owns *out_receiver is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_receiver_clone(const weft_watch_receiver *receiver,
                                                     weft_watch_receiver *out_receiver);

/**
 * Replace the value and tell the receivers. It never waits.
 * @threads any
 * @blocks never
 * @owns the value is copied
 * @errors WEFT_EPIPE (nobody receives: the value stays as it was), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_send(const weft_watch_sender *sender, const void *value);

/**
 * Replace the value also if nobody receives, and hand out the one before.
 * @threads any
 * @blocks never
 * @owns the value is copied; out_before may be NULL
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_watch_replace(const weft_watch_sender *sender, const void *value, void *out_before);

/**
 * Change the value by a function, also if nobody receives. It gets a copy, aligned for any type of at most 16, and is called again
 * with a newer one if another sender was quicker; with a negative answer nothing changes and nobody is told.
 * @threads any
 * @blocks never; no lock is held while the function runs
 * @owns context is the caller's
 * @errors what the function answered, if negative; WEFT_ENOMEM, WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_watch_modify(const weft_watch_sender *sender, int (*function)(void *value, void *context),
                               void *context);

/**
 * Wait until nobody receives; an awaitable of the sending side. A new receiver makes it wait again.
 * @threads task
 * @blocks suspends the task, until the last receiver has gone
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_closed(weft_context *cx, const weft_watch_sender *sender);

/**
 * Close a sender. After the last one the receivers can read the value, and wait no more. Closing again does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_watch_sender_close(weft_watch_sender *sender);

/**
 * Copy the value without having seen it.
 * @threads any
 * @blocks never
 * @owns out_value is the caller's
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_watch_peek(const weft_watch_receiver *receiver, void *out_value);

/**
 * Copy the value, and have seen it.
 * @threads any
 * @blocks never
 * @owns out_value is the caller's
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_watch_read(weft_watch_receiver *receiver, void *out_value);

/**
 * Wait for a value that this receiver has not seen, and have seen it; an awaitable. Copy it with weft_watch_read().
 * @threads task
 * @blocks suspends the task, until there is a newer value or the last sender has gone
 * @owns nothing
 * @errors WEFT_EPIPE (the last sender has gone, and the last value was seen), WEFT_ECANCELED, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_changed(weft_context *cx, weft_watch_receiver *receiver);

/**
 * As weft_watch_changed(), without waiting.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EAGAIN (nothing new), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_try_changed(weft_watch_receiver *receiver);

/**
 * As weft_watch_changed() in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is a newer value, the last sender has gone, or the deadline has passed
 * @owns nothing
 * @errors WEFT_EPIPE, WEFT_ETIMEDOUT, WEFT_EPERM (on a worker), WEFT_EDEADLK (as weft_drive says), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_changed_blocking(weft_watch_receiver *receiver, int64_t deadline_ns);

/**
 * Wait for a value that fits, beginning with that of now; an awaitable. Each value that is looked at is copied to
 * out_value and seen; the one that fits is the last.
 * @threads task
 * @blocks suspends the task, until a value fits or the last sender has gone
 * @owns out_value, in the frame, is the caller's; context too
 * @errors WEFT_EPIPE (the last sender has gone, the last value does not fit), WEFT_ECANCELED, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_watch_wait_for(weft_context *cx, weft_watch_receiver *receiver,
                                               bool (*fits)(const void *value, void *context), void *context,
                                               void *out_value);

/**
 * Take the value of now for not seen: the next weft_watch_changed() is ready at once.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_watch_mark_changed(weft_watch_receiver *receiver);

/**
 * Take the value of now for seen: the next weft_watch_changed() waits for a newer one.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_watch_mark_unchanged(weft_watch_receiver *receiver);

/**
 * Close a receiver. Closing again does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_watch_receiver_close(weft_watch_receiver *receiver);

/**
 * Wait for a new value, as weft_watch_changed(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the receiver must stay until the wait is over; only by the future that is ready has it seen the value
 * @errors none; those of weft_watch_changed() come as the result
 * @since 0.1
 */
WEFT_API void weft_watch_changed_begin(weft_watch_future *future, weft_watch_receiver *receiver);

/**
 * Wait until nobody watches, as weft_watch_closed(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the sender must stay until the wait is over
 * @errors none; those of weft_watch_closed() come as the result
 * @since 0.1
 */
WEFT_API void weft_watch_closed_begin(weft_watch_future *future, const weft_watch_sender *sender);

WEFT_END_DECLS

/* At file scope; needs no semicolon. What is not here is called with `&handle.weft`. */
#define WEFT_WATCH_DEFINE(name, type)                                                                                  \
    typedef char name##_value_must_not_be_of_size_zero[sizeof(type) > 0 ? 1 : -1];                                     \
    typedef struct name##_sender {                                                                                     \
        weft_watch_sender weft;                                                                                        \
    } name##_sender;                                                                                                   \
    typedef struct name##_receiver {                                                                                   \
        weft_watch_receiver weft;                                                                                      \
    } name##_receiver;                                                                                                 \
    WEFT__INLINE int name##_create(weft_runtime *rt, const weft_watch_options *options, type initial,                  \
                                   name##_sender *out_sender, name##_receiver *out_receiver)                           \
    {                                                                                                                  \
        return weft_watch_create(rt, options, sizeof(type), &initial, out_sender ? &out_sender->weft : NULL,           \
                                 out_receiver ? &out_receiver->weft : NULL);                                           \
    }                                                                                                                  \
    WEFT__INLINE int name##_subscribe(const name##_sender *sender, name##_receiver *out_receiver)                      \
    {                                                                                                                  \
        return weft_watch_subscribe(&sender->weft, &out_receiver->weft);                                               \
    }                                                                                                                  \
    WEFT__INLINE int name##_send(const name##_sender *sender, type value)                                              \
    {                                                                                                                  \
        return weft_watch_send(&sender->weft, &value);                                                                 \
    }                                                                                                                  \
    WEFT__INLINE int name##_replace(const name##_sender *sender, type value, type *out_before)                         \
    {                                                                                                                  \
        return weft_watch_replace(&sender->weft, &value, out_before);                                                  \
    }                                                                                                                  \
    WEFT__INLINE int name##_peek(const name##_receiver *receiver, type *out_value)                                     \
    {                                                                                                                  \
        return weft_watch_peek(&receiver->weft, out_value);                                                            \
    }                                                                                                                  \
    WEFT__INLINE int name##_read(name##_receiver *receiver, type *out_value)                                           \
    {                                                                                                                  \
        return weft_watch_read(&receiver->weft, out_value);                                                            \
    }                                                                                                                  \
    WEFT__INLINE int name##_changed(weft_context *cx, name##_receiver *receiver)                                       \
    {                                                                                                                  \
        return weft_watch_changed(cx, &receiver->weft);                                                                \
    }                                                                                                                  \
    WEFT__INLINE void name##_sender_close(name##_sender *sender) { weft_watch_sender_close(&sender->weft); }           \
    WEFT__INLINE void name##_receiver_close(name##_receiver *receiver) { weft_watch_receiver_close(&receiver->weft); }

#endif
