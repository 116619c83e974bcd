/* SPDX-License-Identifier: MIT */
/*
 * Bounded channels: many senders, one receiver, messages by value. The channel is its own monitor (<weft/monitor.h>).
 *
 * Synchronisation (rows and columns may run at the same time on one channel):
 *
 *                        send  try_send  reserve  permit_send  recv  try_recv  recv_many  close  clone
 *     one sender handle   one task or thread at a time: clone it for the next
 *     several senders     yes   yes       yes      yes          yes   yes       yes        yes    yes
 *     the receiver        one task or thread at a time                (reserve and permits: <weft/permit.h>)
 *
 * A message that was sent happens before its receive. Messages of one sender arrive in its order; waiting senders are served in
 * the order of their arrival, and a newcomer does not pass them. Room that a task makes is theirs before its worker polls another.
 */
#ifndef WEFT_CHANNEL_H
#define WEFT_CHANNEL_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_CHANNEL_CAPACITY_MAX 16777215
#define WEFT_MESSAGE_SIZE_MAX (1024 * 1024)

typedef struct weft_channel weft_channel;

/* What a send does when the channel is full. */
typedef enum weft_overflow {
    WEFT_WAIT = 0,
    WEFT_FAIL = 1,        /* answer WEFT_EAGAIN */
    WEFT_DROP_NEWEST = 2, /* drop the message that is being sent */
    WEFT_DROP_OLDEST = 3  /* drop the message that has waited longest */
} weft_overflow;

/* What the monitor says of a channel: a share of its capacity that is in use, with hysteresis. */
typedef enum weft_health {
    WEFT_HEALTH_UNKNOWN = -1, /* not evaluated yet */
    WEFT_HEALTHY = 0,
    WEFT_DEGRADED = 1,
    WEFT_CRITICAL = 2
} weft_health;

/* Zero means default, but for the capacity, which has none. */
typedef struct weft_channel_options {
    size_t size;
    const char *name;      /* copied; "channel" */
    const char *component; /* copied; which part of the program it belongs to */
    size_t capacity;       /* messages, 1 to WEFT_CHANNEL_CAPACITY_MAX */
    weft_overflow overflow;
    void (*drop)(void *message, void *context); /* of what nobody will receive, aligned up to 16; any thread */
    void *drop_context;
    double degraded_at; /* saturation from which it is degraded, 0.80 */
    double critical_at; /* and critical, 0.95 */
    bool internal;      /* of machinery: left out of visits unless they ask for it */
} weft_channel_options;

#define WEFT_CHANNEL_OPTIONS(...) WEFT__OPTIONS(weft_channel_options, __VA_ARGS__)

/*
 * Handles, by value. Move them (into a frame, say) and use only the last copy; weft_sender_clone() makes another. A copy
 * that is used after its original was closed is an error of the program; most are found out, and answer WEFT_ESRCH.
 */
typedef struct weft_sender {
    weft_channel *weft__channel;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_sender;

typedef struct weft_receiver {
    weft_channel *weft__channel;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_receiver;

/* The right to make a sender while there is another; it does not keep the channel open. */
typedef struct weft_weak_sender {
    weft_channel *weft__channel;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_weak_sender;

WEFT_BEGIN_DECLS

/**
 * Create a channel for messages of `message_size` bytes, with its first sender and its receiver.
 * @threads any
 * @blocks never
 * @owns both handles are the caller's to close, also after the runtime is gone; options are copied
 * @errors WEFT_EINVAL (null, capacity or message_size 0 or above the limit, of more than 4096 bytes with WEFT_DROP_OLDEST and drop,
 *   thresholds not 0 < degraded <= critical <= 1), WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_create(weft_runtime *rt, const weft_channel_options *options,
                                               size_t message_size, weft_sender *out_sender,
                                               weft_receiver *out_receiver);

/**
 * Another sender of the same channel.
 * @threads any
 * @blocks never
 * @owns *out_sender is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sender_clone(const weft_sender *sender, weft_sender *out_sender);

/**
 * Close a sender. After the last one the receiver drains what is queued and then gets WEFT_EPIPE. Closing again does
 * nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_sender_close(weft_sender *sender);

/**
 * A weak handle of the same channel: for who may have to send, but must not keep the receiver waiting for it.
 * @threads any
 * @blocks never
 * @owns *out_weak is the caller's to close; it keeps the channel's memory
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sender_downgrade(const weft_sender *sender, weft_weak_sender *out_weak);

/**
 * Another sender, while there is one: it keeps the channel open from here on, also when the others close.
 * @threads any
 * @blocks never
 * @owns *out_sender is the caller's to close; the weak handle stays usable
 * @errors WEFT_EPIPE (every sender has closed, or this handle was), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_weak_sender_upgrade(const weft_weak_sender *weak, weft_sender *out_sender);

/**
 * Another weak handle of the same channel.
 * @threads any
 * @blocks never
 * @owns *out_weak is the caller's to close
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_weak_sender_clone(const weft_weak_sender *weak, weft_weak_sender *out_weak);

/**
 * Close a weak handle. Nobody is told. Closing again does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_weak_sender_close(weft_weak_sender *weak);

/**
 * Stop accepting: sends answer WEFT_EPIPE from now on and waiting senders are woken; what is queued, and what permits
 * given before still send, can be received.
 * @threads the receiver's
 * @blocks never
 * @owns the handle stays usable
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_receiver_stop(weft_receiver *receiver);

/**
 * Close the receiver: waiting and later sends answer WEFT_EPIPE, and queued messages are dropped now. Closing again
 * does nothing.
 * @threads the receiver's
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_receiver_close(weft_receiver *receiver);

/**
 * Send one message; an awaitable. If the channel is full it waits, or does what its overflow policy says.
 * @threads task
 * @blocks suspends the task, until there is room
 * @owns on success the channel owns the message; on failure the caller still does. With WEFT_DROP_NEWEST the answer 1
 *   says that this message was dropped, with WEFT_DROP_OLDEST that another was, or this, where permits hold all places
 * @errors WEFT_EPIPE (closed), WEFT_ECANCELED, WEFT_EAGAIN (full, and the policy is WEFT_FAIL), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_send(weft_context *cx, weft_sender *sender, const void *message);

/**
 * Send without waiting for room.
 * @threads any
 * @blocks never, but for the moment in which another thread writes the message that WEFT_DROP_OLDEST is to drop
 * @owns as weft_channel_send()
 * @errors WEFT_EAGAIN (full, or others wait already), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_try_send(weft_sender *sender, const void *message);

/**
 * Send from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is room or the deadline has passed
 * @owns as weft_channel_send()
 * @errors as weft_channel_send(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_send_blocking(weft_sender *sender, const void *message, int64_t deadline_ns);

/**
 * Receive one message; an awaitable.
 * @threads task
 * @blocks suspends the task, until there is a message or the last sender has closed
 * @owns on success the caller owns the message
 * @errors WEFT_EPIPE (closed and drained), WEFT_ECANCELED (nothing was taken), WEFT_EBUSY (another task or thread
 *   waits with a copy of this handle), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_recv(weft_context *cx, weft_receiver *receiver, void *out_message);

/**
 * Receive without waiting.
 * @threads any
 * @blocks never
 * @owns on success the caller owns the message
 * @errors WEFT_EAGAIN (empty, and a message may still come), WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_try_recv(weft_receiver *receiver, void *out_message);

/**
 * Receive from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is a message, the last sender has closed, or the deadline has passed
 * @owns on success the caller owns the message
 * @errors as weft_channel_recv(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_recv_blocking(weft_receiver *receiver, void *out_message, int64_t deadline_ns);

/**
 * Receive what is there, up to `limit` messages, in order; an awaitable that waits only while there is none.
 * @threads task
 * @blocks suspends the task, until there is at least one message or the last sender has closed
 * @owns the caller owns the messages returned in `out_messages`, an array of `limit`
 * @errors the number received; 0 for limit 0; otherwise as weft_channel_recv()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_recv_many(weft_context *cx, weft_receiver *receiver, void *out_messages,
                                                  size_t limit);

/**
 * The same from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is at least one message, the last sender has closed, or the deadline has passed
 * @owns as weft_channel_recv_many()
 * @errors as weft_channel_recv_many(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as
 *   weft_drive says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_recv_many_blocking(weft_receiver *receiver, void *out_messages, size_t limit,
                                                           int64_t deadline_ns);

/**
 * A descriptor that is readable while the receiver should be asked, for a host that sleeps in poll or epoll: call
 * weft_channel_try_recv() until it answers WEFT_EAGAIN, which is what makes the descriptor quiet again.
 * @threads the receiver's
 * @blocks never
 * @owns the descriptor belongs to the channel and is closed with it
 * @errors WEFT_EMFILE, WEFT_ENOMEM, WEFT_EPIPE (closed handle), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_receiver_descriptor(weft_receiver *receiver);

/**
 * The channel's number, unique in the process while the program runs; the same in every event of a recording.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for a closed, stale or null handle
 * @since 0.1
 */
WEFT_API uint64_t weft_sender_channel_id(const weft_sender *sender);

/**
 * As weft_sender_channel_id(), asked of the receiver.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for a closed, stale or null handle
 * @since 0.1
 */
WEFT_API uint64_t weft_receiver_channel_id(const weft_receiver *receiver);

WEFT_END_DECLS

#endif
