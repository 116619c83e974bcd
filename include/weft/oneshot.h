/* SPDX-License-Identifier: MIT */
/*
 * The oneshot: one value, by copy, from one sender to one receiver. <weft/sync.h> says what is true of all meeting
 * points.
 *
 * Each side has one handle. Move it (into a frame, say) and use only the last copy, in one thread at a time; each is closed
 * by its owner. What a task did before the send happens before the return of the receive.
 *
 *     WEFT_ONESHOT_DEFINE(reply, struct answer)      reply_sender, reply_receiver, reply_send(), reply_recv() …
 */
#ifndef WEFT_ONESHOT_H
#define WEFT_ONESHOT_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

#define WEFT_ONESHOT_SIZE_MAX (60 * 1024) /* bytes of a value; what is larger belongs behind a pointer */

typedef struct weft_oneshot_options {
    size_t size;
    const char *name;      /* copied; "oneshot" */
    const char *component; /* copied */
    void (*drop)(void *value, void *context); /* of a value that was sent and that nobody will receive, aligned
                                                 for any type of at most 16; any thread */
    void *drop_context;
} weft_oneshot_options;

#define WEFT_ONESHOT_OPTIONS(...) WEFT__OPTIONS(weft_oneshot_options, __VA_ARGS__)

typedef struct weft_oneshot_sender {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_oneshot_sender;

typedef struct weft_oneshot_receiver {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_oneshot_receiver;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_oneshot_recv_future {
    weft_future future;
    const weft_oneshot_receiver *receiver;
    void *out_value;
} weft_oneshot_recv_future;

typedef struct weft_oneshot_closed_future {
    weft_future future;
    const weft_oneshot_sender *sender;
} weft_oneshot_closed_future;

WEFT_BEGIN_DECLS

/**
 * Create a oneshot for a value of `value_size` bytes, with its two ends.
 * @threads any
 * @blocks never
 * @owns both handles are the caller's to close, also after the runtime is gone; options are copied and may be NULL
 * @errors WEFT_EINVAL (null, value_size 0 or above WEFT_ONESHOT_SIZE_MAX), WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_create(weft_runtime *rt, const weft_oneshot_options *options, size_t value_size,
                                               weft_oneshot_sender *out_sender, weft_oneshot_receiver *out_receiver);

/**
 * Send the value. It never waits, and there is no second one: the sender is closed by it.
 * @threads any
 * @blocks never
 * @owns on success the oneshot owns the value; on failure the caller still does. The handle is consumed, but for EINVAL
 *   and ESRCH
 * @errors WEFT_EPIPE (the receiver has stopped or gone), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_send(weft_oneshot_sender *sender, const void *value);

/**
 * Wait until nobody will receive; an awaitable of the sending side, for one that prepares a value at a cost.
 * @threads task
 * @blocks suspends the task, until the receiver has stopped or gone
 * @owns the handle stays usable
 * @errors WEFT_ECANCELED, WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_closed(weft_context *cx, const weft_oneshot_sender *sender);

/**
 * Close the sender without a value: the receiver gets WEFT_EPIPE. Closing again, or after a send, does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_oneshot_sender_close(weft_oneshot_sender *sender);

/**
 * Receive the value; an awaitable.
 * @threads task
 * @blocks suspends the task, until the value has come or the sender has gone
 * @owns on success the caller owns the value
 * @errors WEFT_EPIPE (there will be none: the sender has gone, it was received before, or nothing was sent before the
 *   stop), WEFT_ECANCELED (nothing was taken), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_recv(weft_context *cx, const weft_oneshot_receiver *receiver, void *out_value);

/**
 * Receive without waiting.
 * @threads any
 * @blocks never
 * @owns on success the caller owns the value
 * @errors WEFT_EAGAIN (it may still come), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_try_recv(const weft_oneshot_receiver *receiver, void *out_value);

/**
 * Receive in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until the value has come, the sender has gone, or the deadline has passed
 * @owns on success the caller owns the value
 * @errors as weft_oneshot_recv(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_oneshot_recv_blocking(const weft_oneshot_receiver *receiver, void *out_value,
                                                      int64_t deadline_ns);

/**
 * Stop accepting: a send answers WEFT_EPIPE from now on. A value that was sent before can be received.
 * @threads the receiver's
 * @blocks never
 * @owns the handle stays usable
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_oneshot_stop(const weft_oneshot_receiver *receiver);

/**
 * Close the receiver: a send answers WEFT_EPIPE, and a value that was sent is dropped now. Closing again does nothing.
 * @threads the receiver's
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_oneshot_receiver_close(weft_oneshot_receiver *receiver);

/**
 * Receive, as weft_oneshot_recv(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns receiver and out_value must stay until the wait is over; the value is taken only by the future that is ready
 * @errors none; those of weft_oneshot_recv() come as the result
 * @since 0.1
 */
WEFT_API void weft_oneshot_recv_begin(weft_oneshot_recv_future *future, const weft_oneshot_receiver *receiver,
                                      void *out_value);

/**
 * Wait until nobody will receive, as weft_oneshot_closed(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the sender must stay until the wait is over
 * @errors none; those of weft_oneshot_closed() come as the result
 * @since 0.1
 */
WEFT_API void weft_oneshot_closed_begin(weft_oneshot_closed_future *future, const weft_oneshot_sender *sender);

WEFT_END_DECLS

/* At file scope; needs no semicolon. */
#define WEFT_ONESHOT_DEFINE(name, type)                                                                                \
    typedef char name##_value_must_not_be_of_size_zero[sizeof(type) > 0 ? 1 : -1];                                     \
    typedef struct name##_sender {                                                                                     \
        weft_oneshot_sender weft;                                                                                      \
    } name##_sender;                                                                                                   \
    typedef struct name##_receiver {                                                                                   \
        weft_oneshot_receiver weft;                                                                                    \
    } name##_receiver;                                                                                                 \
    WEFT__INLINE int name##_create(weft_runtime *rt, const weft_oneshot_options *options, name##_sender *out_sender,   \
                                   name##_receiver *out_receiver)                                                      \
    {                                                                                                                  \
        return weft_oneshot_create(rt, options, sizeof(type), out_sender ? &out_sender->weft : NULL,                   \
                                   out_receiver ? &out_receiver->weft : NULL);                                         \
    }                                                                                                                  \
    WEFT__INLINE int name##_send(name##_sender *sender, type value)                                                    \
    {                                                                                                                  \
        return weft_oneshot_send(&sender->weft, &value);                                                               \
    }                                                                                                                  \
    WEFT__INLINE int name##_closed(weft_context *cx, const name##_sender *sender)                                      \
    {                                                                                                                  \
        return weft_oneshot_closed(cx, &sender->weft);                                                                 \
    }                                                                                                                  \
    WEFT__INLINE void name##_sender_close(name##_sender *sender) { weft_oneshot_sender_close(&sender->weft); }         \
    WEFT__INLINE void name##_recv_begin(weft_oneshot_recv_future *future, const name##_receiver *receiver,             \
                                        type *out_value)                                                               \
    {                                                                                                                  \
        weft_oneshot_recv_begin(future, &receiver->weft, out_value);                                                   \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv(weft_context *cx, const name##_receiver *receiver, type *out_value)                   \
    {                                                                                                                  \
        return weft_oneshot_recv(cx, &receiver->weft, out_value);                                                      \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_recv(const name##_receiver *receiver, type *out_value)                                 \
    {                                                                                                                  \
        return weft_oneshot_try_recv(&receiver->weft, out_value);                                                      \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv_blocking(const name##_receiver *receiver, type *out_value, int64_t deadline_ns)       \
    {                                                                                                                  \
        return weft_oneshot_recv_blocking(&receiver->weft, out_value, deadline_ns);                                    \
    }                                                                                                                  \
    WEFT__INLINE void name##_stop(const name##_receiver *receiver) { weft_oneshot_stop(&receiver->weft); }             \
    WEFT__INLINE void name##_receiver_close(name##_receiver *receiver) { weft_oneshot_receiver_close(&receiver->weft); }

#endif
