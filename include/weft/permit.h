/* SPDX-License-Identifier: MIT */
/*
 * Places in a channel, taken before there is a message: one, or many at once. A send into a place never waits, and does not
 * fail while the receiver is there. What <weft/channel.h> says of senders is true of reservations: they wait in the same
 * list, in the order of their arrival, and one that asks for many places is not passed by those that ask for few.
 *
 * A permit is its owner's, and may be used by any task or thread, one at a time; it keeps the channel, also when every
 * sender has closed: the receiver does not see the end while a permit is out.
 */
#ifndef WEFT_PERMIT_H
#define WEFT_PERMIT_H

#include <weft/api.h>
#include <weft/channel.h>
#include <weft/error.h>
#include <weft/types.h>

/* A place in the channel that its owner may fill whenever it likes; it must be sent or released. */
typedef struct weft_permit {
    weft_channel *weft__channel;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_permit;

/* Several of them; what is not sent must be released. */
typedef struct weft_permits {
    weft_channel *weft__channel;
    uint32_t weft__generation;
    uint32_t weft__left;
} weft_permits;

WEFT_BEGIN_DECLS

/**
 * Take a place in the channel before there is a message; an awaitable.
 * @threads task
 * @blocks suspends the task, until there is room
 * @owns *out_permit is the caller's to send or release
 * @errors WEFT_EPIPE, WEFT_ECANCELED, WEFT_EAGAIN (full, and the policy is not WEFT_WAIT), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_reserve(weft_context *cx, weft_sender *sender, weft_permit *out_permit);

/**
 * Take a place in the channel if there is one now.
 * @threads any
 * @blocks never
 * @owns as weft_channel_reserve()
 * @errors WEFT_EAGAIN, WEFT_EPIPE, WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_try_reserve(weft_sender *sender, weft_permit *out_permit);

/**
 * Take a place in the channel from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is room or the deadline has passed
 * @owns as weft_channel_reserve()
 * @errors as weft_channel_reserve(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive
 *   says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_reserve_blocking(weft_sender *sender, weft_permit *out_permit,
                                                         int64_t deadline_ns);

/**
 * Send into a reserved place. It never waits and fails only when the receiver has gone meanwhile.
 * @threads any
 * @blocks never
 * @owns the permit is consumed in any case; on failure the caller still owns the message
 * @errors WEFT_EPIPE, WEFT_EINVAL (used already), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_permit_send(weft_permit *permit, const void *message);

/**
 * Give a reserved place back; the next waiting sender gets it. Releasing again does nothing.
 * @threads any
 * @blocks never
 * @owns the permit is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_permit_release(weft_permit *permit);

/**
 * Take `count` places at once; an awaitable. It gets all of them or none, and none is kept for it while it waits. 0 places
 * are there in a full channel, too, and refused by a closed one.
 * @threads task
 * @blocks suspends the task, until there is room for all
 * @owns *out_permits is the caller's to send or release
 * @errors as weft_channel_reserve(), and WEFT_ERANGE (more than the capacity: it would wait for ever)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_reserve_many(weft_context *cx, weft_sender *sender, size_t count,
                                                     weft_permits *out_permits);

/**
 * Take `count` places if all of them are there now.
 * @threads any
 * @blocks never
 * @owns as weft_channel_reserve_many()
 * @errors WEFT_EAGAIN (fewer are free, or others wait; nothing was taken), WEFT_EPIPE, WEFT_ERANGE (more than the
 *   capacity), WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_try_reserve_many(weft_sender *sender, size_t count, weft_permits *out_permits);

/**
 * Take `count` places at once from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until there is room for all or the deadline has passed
 * @owns as weft_channel_reserve_many()
 * @errors as weft_channel_reserve_many(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as
 *   weft_drive says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_channel_reserve_many_blocking(weft_sender *sender, size_t count,
                                                              weft_permits *out_permits, int64_t deadline_ns);

/**
 * Send into one of the reserved places. It never waits and fails only when the receiver has gone meanwhile.
 * @threads any
 * @blocks never
 * @owns one place is used in any case; on failure the caller still owns the message
 * @errors WEFT_EPIPE, WEFT_EINVAL (none is left), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_permits_send(weft_permits *permits, const void *message);

/**
 * How many of the places are left.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for null
 * @since 0.1
 */
WEFT_API size_t weft_permits_left(const weft_permits *permits);

/**
 * Give back what is left; waiting senders get it. Releasing again does nothing.
 * @threads any
 * @blocks never
 * @owns the permits are consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_permits_release(weft_permits *permits);

WEFT_END_DECLS

#endif
