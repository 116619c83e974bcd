/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the first of several. A future is an operation as an object, owned by the caller, in the frame: set it up
 * with its begin function, wait with weft_select(), read its `result`. The others are withdrawn before the wait returns:
 * no message is lost, no place is kept. A future may be waited for again.
 *
 *     weft_recv_begin(&self->recv, &self->in, &self->value);
 *     weft_sleep_begin(&self->timeout, weft_deadline_in(1000000));
 *     WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->recv.future, &self->timeout.future));
 *     if (self->which == 0) …                                          // self->recv.future.result is 0, or WEFT_EPIPE
 */
#ifndef WEFT_FUTURE_H
#define WEFT_FUTURE_H

#include <weft/api.h>
#include <weft/channel.h>
#include <weft/error.h>
#include <weft/permit.h>
#include <weft/types.h>

#define WEFT_SELECT_MAX 8

/* The common part. `result` is what the operation answers, once it is the one that was ready. */
typedef struct weft_future {
    int (*weft__poll)(weft_context *cx, struct weft_future *future);
    int result;
    uint32_t weft__reserved;
    uint64_t weft__node[6];
} weft_future;

typedef struct weft_recv_future {
    weft_future future;
    weft_receiver *receiver;
    void *out_message;
} weft_recv_future;

typedef struct weft_send_future {
    weft_future future;
    weft_sender *sender;
    const void *message;
} weft_send_future;

typedef struct weft_reserve_future {
    weft_future future;
    weft_sender *sender;
    weft_permit *out_permit;
} weft_reserve_future;

typedef struct weft_reserve_many_future {
    weft_future future;
    weft_sender *sender;
    size_t count;
    weft_permits *out_permits;
} weft_reserve_many_future;

typedef struct weft_sleep_future {
    weft_future future;
    int64_t deadline_ns;
} weft_sleep_future;

typedef struct weft_join_future {
    weft_future future;
    weft_task *task;
    int *out_result;
} weft_join_future;

/* The wait itself; zeroed, in the frame. */
typedef struct weft_select_state {
    const void *weft__waitable;
    weft_future *weft__futures[WEFT_SELECT_MAX];
    uint32_t weft__count;
    uint32_t weft__reserved;
} weft_select_state;

WEFT_BEGIN_DECLS

/**
 * Receive, as weft_channel_recv(), into *out_message.
 * @threads the task that will wait
 * @blocks never
 * @owns receiver and out_message must stay until the wait is over; a message is taken only by the future that is ready
 * @errors none; those of weft_channel_recv() come as the result
 * @since 0.1
 */
WEFT_API void weft_recv_begin(weft_recv_future *future, weft_receiver *receiver, void *out_message);

/**
 * Send, as weft_channel_send(), the message at `message`.
 * @threads the task that will wait
 * @blocks never
 * @owns sender and message must stay until the wait is over; the message is taken only by the future that is ready
 * @errors none; those of weft_channel_send() come as the result
 * @since 0.1
 */
WEFT_API void weft_send_begin(weft_send_future *future, weft_sender *sender, const void *message);

/**
 * Reserve, as weft_channel_reserve(), into *out_permit.
 * @threads the task that will wait
 * @blocks never
 * @owns sender and out_permit must stay until the wait is over
 * @errors none; those of weft_channel_reserve() come as the result
 * @since 0.1
 */
WEFT_API void weft_reserve_begin(weft_reserve_future *future, weft_sender *sender, weft_permit *out_permit);

/**
 * Reserve many places, as weft_channel_reserve_many(), into *out_permits.
 * @threads the task that will wait
 * @blocks never
 * @owns sender and out_permits must stay until the wait is over
 * @errors none; those of weft_channel_reserve_many() come as the result
 * @since 0.1
 */
WEFT_API void weft_reserve_many_begin(weft_reserve_many_future *future, weft_sender *sender, size_t count,
                                      weft_permits *out_permits);

/**
 * Sleep until a time of weft_clock().
 * @threads the task that will wait
 * @blocks never
 * @owns nothing
 * @errors none; the result is 0
 * @since 0.1
 */
WEFT_API void weft_sleep_begin(weft_sleep_future *future, int64_t deadline_ns);

/**
 * Join, as weft_task_join().
 * @threads the task that will wait
 * @blocks never
 * @owns task and out_result must stay until the wait is over
 * @errors none; those of weft_task_join() come as the result
 * @since 0.1
 */
WEFT_API void weft_join_begin(weft_join_future *future, weft_task *task, int *out_result);

/**
 * Wait for the first of `count` futures; an awaitable. Answers its place in the array. If several are ready, a random
 * one is taken, or the first if `biased`. weft_select() and weft_select_biased() build the array.
 * @threads task
 * @blocks suspends the task, until one is ready
 * @owns futures and state must stay until the wait is over; the array is read at each evaluation
 * @errors WEFT_ECANCELED (all were withdrawn), WEFT_EINVAL (null, none, more than WEFT_SELECT_MAX, a future not begun)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_select_from(weft_context *cx, weft_select_state *state, weft_future *const *futures,
                                            size_t count, bool biased);

WEFT_END_DECLS

#ifdef __cplusplus
extern "C++" {
template <class... Future>
static inline int weft__select_of(weft_context *cx, weft_select_state *state, bool biased, Future *...future)
{
    weft_future *const futures[] = {future...};
    return weft_select_from(cx, state, futures, sizeof...(future), biased);
}
}
#define weft_select(cx, state, ...) weft__select_of((cx), (state), false, __VA_ARGS__)
#define weft_select_biased(cx, state, ...) weft__select_of((cx), (state), true, __VA_ARGS__)
#else
#define WEFT__FUTURES(...) ((weft_future *const[]){__VA_ARGS__})
#define WEFT__SELECT(cx, state, biased, ...)                                                                           \
    weft_select_from((cx), (state), WEFT__FUTURES(__VA_ARGS__), sizeof WEFT__FUTURES(__VA_ARGS__) / sizeof(void *), (biased))
#define weft_select(cx, state, ...) WEFT__SELECT(cx, state, false, __VA_ARGS__)
#define weft_select_biased(cx, state, ...) WEFT__SELECT(cx, state, true, __VA_ARGS__)
#endif

#endif
