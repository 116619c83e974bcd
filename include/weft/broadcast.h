/* SPDX-License-Identifier: MIT */
/*
 * The broadcast: a bounded queue of messages that every receiver gets, in one common order. A sender never waits: a
 * receiver that falls behind by more than the capacity loses the oldest messages, and is told how many.
 * <weft/sync.h> says what is true of all meeting points.
 *
 * A handle serves one task or thread at a time; clone or subscribe for the next. Messages are copied byte by byte,
 * unless `copy` says how, and then `drop` ends the one that is kept, as soon as the last receiver that needs it has
 * read it.
 *
 *     WEFT_BROADCAST_DEFINE(news, struct event)      news_sender, news_receiver, news_send(), news_recv() …
 */
#ifndef WEFT_BROADCAST_H
#define WEFT_BROADCAST_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

#define WEFT_BROADCAST_CAPACITY_MAX 1048576
#define WEFT_BROADCAST_SIZE_MAX (1024 * 1024) /* bytes of a message */

typedef struct weft_broadcast_options {
    size_t size;
    const char *name;      /* copied; "broadcast" */
    const char *component; /* copied */
    size_t capacity;       /* messages that are kept, 1 to WEFT_BROADCAST_CAPACITY_MAX; rounded up to a power of two */
    int (*copy)(void *to, const void *from, void *context); /* to the receiver's place; negative: it gets that instead */
    void (*drop)(void *message, void *context);             /* of a kept message; only with copy. Both: any thread; what is kept
                                                               is aligned for any type of at most 16 */
    void *context;
} weft_broadcast_options;

#define WEFT_BROADCAST_OPTIONS(...) WEFT__OPTIONS(weft_broadcast_options, __VA_ARGS__)

typedef struct weft_broadcast_sender {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_broadcast_sender;

typedef struct weft_broadcast_receiver {
    struct weft__meeting *weft__object;
    uint32_t weft__generation;
    uint32_t weft__state;
    uint64_t weft__next; /* the number of the next message */
} weft_broadcast_receiver;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_broadcast_recv_future {
    weft_future future;
    weft_broadcast_receiver *receiver;
    void *out_message;
    uint64_t *out_lost;
} weft_broadcast_recv_future;

typedef struct weft_broadcast_closed_future {
    weft_future future;
    const weft_broadcast_sender *sender;
} weft_broadcast_closed_future;

WEFT_BEGIN_DECLS

/**
 * Create a broadcast for messages of `message_size` bytes, with its first sender and, if wanted, its first receiver.
 * @threads any
 * @blocks never
 * @owns the handles are the caller's to close, also after the runtime is gone; out_receiver may be NULL; options are
 *   copied
 * @errors WEFT_EINVAL (null, capacity or message_size 0 or above its limit, drop without copy), WEFT_ENOMEM,
 *   WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_create(weft_runtime *rt, const weft_broadcast_options *options,
                                                 size_t message_size, weft_broadcast_sender *out_sender,
                                                 weft_broadcast_receiver *out_receiver);

/**
 * Another sender of the same broadcast.
 * @threads any
 * @blocks never
 * @owns *out_sender is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_sender_clone(const weft_broadcast_sender *sender,
                                                       weft_broadcast_sender *out_sender);

/**
 * A new receiver, which gets what is sent from now on. Also when all others have gone.
 * @threads any
 * @blocks never
 * @owns *out_receiver is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_subscribe(const weft_broadcast_sender *sender,
                                                    weft_broadcast_receiver *out_receiver);

/**
 * The same by a receiver: the new one gets what is sent from now on, whatever this one has still to read.
 * @threads any
 * @blocks never
 * @owns *out_receiver is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_resubscribe(const weft_broadcast_receiver *receiver,
                                                      weft_broadcast_receiver *out_receiver);

/**
 * Send a message to all receivers of now. It never waits; it may push the oldest message out.
 * @threads any
 * @blocks never
 * @owns on success the broadcast owns the message; on failure the caller still does
 * @errors how many receivers it goes to, 1 or more; WEFT_EPIPE (nobody receives), WEFT_ENOMEM, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_send(const weft_broadcast_sender *sender, const void *message);

/**
 * How many messages the slowest receiver has still to read: those that are kept.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_broadcast_backlog(const weft_broadcast_sender *sender);

/**
 * Wait until nobody receives; an awaitable of the sending side. A new receiver makes it wait again.
 * @threads task
 * @blocks suspends the task, until the last receiver has gone
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_closed(weft_context *cx, const weft_broadcast_sender *sender);

/**
 * Close a sender. After the last one the receivers read what is kept and then get WEFT_EPIPE. Closing again does
 * nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_broadcast_sender_close(weft_broadcast_sender *sender);

/**
 * Receive the next message; an awaitable. WEFT_ELAGGED says that messages were lost, and how many: the next receive
 * gets the oldest that is kept.
 * @threads task
 * @blocks suspends the task, until there is a message or the last sender has gone
 * @owns on success the caller owns the copy in out_message; *out_lost is written with WEFT_ELAGGED, and may be NULL
 * @errors WEFT_ELAGGED, WEFT_EPIPE (the last sender has gone, and all was read), WEFT_ECANCELED (nothing was taken),
 *   WEFT_EINVAL, WEFT_ESRCH; what `copy` answered, if negative: that message was passed over
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_recv(weft_context *cx, weft_broadcast_receiver *receiver, void *out_message,
                                               uint64_t *out_lost);

/**
 * Receive without waiting.
 * @threads any
 * @blocks never
 * @owns as weft_broadcast_recv()
 * @errors WEFT_EAGAIN (all was read), WEFT_ELAGGED, WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH; what `copy` answered
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_try_recv(weft_broadcast_receiver *receiver, void *out_message,
                                                   uint64_t *out_lost);

/**
 * Receive in a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is a message, the last sender has gone, or the deadline has passed
 * @owns as weft_broadcast_recv()
 * @errors as weft_broadcast_recv(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_broadcast_recv_blocking(weft_broadcast_receiver *receiver, void *out_message,
                                                        uint64_t *out_lost, int64_t deadline_ns);

/**
 * How many messages this receiver could read now; those that it has lost do not count.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_broadcast_pending(const weft_broadcast_receiver *receiver);

/**
 * Close a receiver; messages that only it had still to read are dropped now. Closing again does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_broadcast_receiver_close(weft_broadcast_receiver *receiver);

/**
 * Receive, as weft_broadcast_recv(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns receiver, out_message and out_lost must stay until the wait is over; a message is read only by the future that is
 *   ready
 * @errors none; those of weft_broadcast_recv() come as the result
 * @since 0.1
 */
WEFT_API void weft_broadcast_recv_begin(weft_broadcast_recv_future *future, weft_broadcast_receiver *receiver,
                                        void *out_message, uint64_t *out_lost);

/**
 * Wait until nobody receives, as weft_broadcast_closed(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns the sender must stay until the wait is over
 * @errors none; those of weft_broadcast_closed() come as the result
 * @since 0.1
 */
WEFT_API void weft_broadcast_closed_begin(weft_broadcast_closed_future *future, const weft_broadcast_sender *sender);

WEFT_END_DECLS

/* At file scope; needs no semicolon. What is not here is called with `&handle.weft`. */
#define WEFT_BROADCAST_DEFINE(name, type)                                                                              \
    typedef char name##_message_must_not_be_of_size_zero[sizeof(type) > 0 ? 1 : -1];                                   \
    typedef struct name##_sender {                                                                                     \
        weft_broadcast_sender weft;                                                                                    \
    } name##_sender;                                                                                                   \
    typedef struct name##_receiver {                                                                                   \
        weft_broadcast_receiver weft;                                                                                  \
    } name##_receiver;                                                                                                 \
    WEFT__INLINE int name##_create(weft_runtime *rt, const weft_broadcast_options *options, name##_sender *out_sender, \
                                   name##_receiver *out_receiver)                                                      \
    {                                                                                                                  \
        return weft_broadcast_create(rt, options, sizeof(type), out_sender ? &out_sender->weft : NULL,                 \
                                     out_receiver ? &out_receiver->weft : NULL);                                       \
    }                                                                                                                  \
    WEFT__INLINE int name##_subscribe(const name##_sender *sender, name##_receiver *out_receiver)                      \
    {                                                                                                                  \
        return weft_broadcast_subscribe(&sender->weft, &out_receiver->weft);                                           \
    }                                                                                                                  \
    WEFT__INLINE int name##_sender_clone(const name##_sender *sender, name##_sender *out_sender)                       \
    {                                                                                                                  \
        return weft_broadcast_sender_clone(&sender->weft, &out_sender->weft);                                          \
    }                                                                                                                  \
    WEFT__INLINE int name##_send(const name##_sender *sender, type message)                                            \
    {                                                                                                                  \
        return weft_broadcast_send(&sender->weft, &message);                                                           \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv(weft_context *cx, name##_receiver *receiver, type *out_message, uint64_t *out_lost)   \
    {                                                                                                                  \
        return weft_broadcast_recv(cx, &receiver->weft, out_message, out_lost);                                        \
    }                                                                                                                  \
    WEFT__INLINE void name##_recv_begin(weft_broadcast_recv_future *future, name##_receiver *receiver,                 \
                                        type *out_message, uint64_t *out_lost)                                         \
    {                                                                                                                  \
        weft_broadcast_recv_begin(future, &receiver->weft, out_message, out_lost);                                     \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_recv(name##_receiver *receiver, type *out_message, uint64_t *out_lost)                 \
    {                                                                                                                  \
        return weft_broadcast_try_recv(&receiver->weft, out_message, out_lost);                                        \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv_blocking(name##_receiver *receiver, type *out_message, uint64_t *out_lost,            \
                                          int64_t deadline_ns)                                                         \
    {                                                                                                                  \
        return weft_broadcast_recv_blocking(&receiver->weft, out_message, out_lost, deadline_ns);                      \
    }                                                                                                                  \
    WEFT__INLINE void name##_sender_close(name##_sender *sender) { weft_broadcast_sender_close(&sender->weft); }       \
    WEFT__INLINE void name##_receiver_close(name##_receiver *receiver)                                                 \
    {                                                                                                                  \
        weft_broadcast_receiver_close(&receiver->weft);                                                                \
    }

#endif
