/* SPDX-License-Identifier: MIT */
/*
 * Places in advance. A reservation is counted in the gate beside the messages, so it takes no slot: a permit is the right to
 * claim one. It is counted off when the place is claimed for a message, or given back.
 *
 *     free      reserve n    n more are reserved, all at once; or wait for all, in the list of the senders
 *     reserved  send         one less, and one message more: the sum stays
 *     reserved  release      so many less: for those that wait, and for a receiver that waits for the end
 *
 * Threads: any. A permit holds the channel, not a sender: the receiver waits for it, whoever has closed.
 */
#include <weft/error.h>
#include <weft/permit.h>

#include "base/check.h"
#include "base/error.h"
#include "channel/channel.h"
#include "task/future.h"

/* Places that are free now: 0, WEFT_EAGAIN or WEFT_EPIPE. */
static int reserve_claim(weft_channel *channel, uint32_t count)
{
    const uint32_t capacity = channel->capacity;
    uint64_t gate = weft__load_relaxed(&channel->gate); /* the compare-and-swap orders */
    for (;;) {
        if (gate & (WEFT__GATE_STOPPED | WEFT__GATE_WAITERS))
            return gate & WEFT__GATE_STOPPED ? WEFT_EPIPE : WEFT_EAGAIN;
        if (!weft__gate_fits(gate, weft__load_acquire(&channel->head), capacity, count)) { /* CH-A2 */
            /* A head that is younger than the gate looks like a full channel too. */
            const uint64_t again = weft__load_relaxed(&channel->gate);
            if (again == gate)
                return WEFT_EAGAIN;
            gate = again;
            continue;
        }
        if (weft__cas_weak_acq_rel(&channel->gate, &gate, gate + count * WEFT__GATE_RESERVED_ONE))
            return 0;
    }
}

/* One evaluation of an awaited reservation: 0: the places are reserved. */
static int reserve_await(weft_context *cx, weft_channel *channel, uint32_t count, struct weft__wait *wait)
{
    if (weft__channel_waits_for(channel, wait, count))
        return weft__channel_resume(cx, channel, wait);
    weft__wait_leave(wait);
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    if (!weft__cx_spend(cx))
        return WEFT_AWAITING;
    const int error = reserve_claim(channel, count);
    if (error == WEFT_EAGAIN && channel->overflow == WEFT_WAIT)
        return weft__channel_await_places(cx, channel, count, wait);
    return error == 0 ? 0 : weft__channel_refused(channel, error);
}

static int reserve_try(weft_channel *channel, uint32_t count)
{
    const int error = reserve_claim(channel, count);
    return error == 0 ? 0 : weft__channel_refused(channel, error);
}

static int reserve_block(const char *call, weft_channel *channel, uint32_t count, int64_t deadline_ns)
{
    if (weft__self)
        return weft__refuse(WEFT_EPERM, "%s: not on a worker: use WEFT_AWAIT with the form without _blocking", call);
    int error = reserve_claim(channel, count);
    if (error == WEFT_EAGAIN && channel->overflow == WEFT_WAIT)
        error = weft__channel_block_for_places(channel, count, deadline_ns);
    return error == 0 ? 0 : weft__channel_refused(channel, error);
}

/* The handle's own hold of the channel; its generation. */
static uint32_t reserve_hold(weft_channel *channel)
{
    weft__fetch_add_relaxed(&channel->refs, 1); /* the sender at hand keeps it above zero */
    return (uint32_t)weft__channel_id(channel);
}

static int reserve_done(int answer, weft_channel *channel, weft_permit *out_permit)
{
    if (answer == 0)
        *out_permit = (weft_permit){channel, reserve_hold(channel), 0};
    return answer;
}

int weft_channel_reserve(weft_context *cx, weft_sender *sender, weft_permit *out_permit)
{
    static const char call[] = "weft_channel_reserve";
    const int wrong = weft__channel_check_sender(call, sender, out_permit);
    if (wrong || !cx)
        return wrong ? wrong : weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    weft_channel *channel = sender->weft__channel;
    return reserve_done(reserve_await(cx, channel, 1, &weft__cx_task(cx)->wait), channel, out_permit);
}

static int reserve_future_poll(weft_context *cx, weft_future *future)
{
    const weft_reserve_future *reserve = (const weft_reserve_future *)(const void *)future;
    const int wrong = weft__channel_check_sender("weft_reserve_begin", reserve->sender, reserve->out_permit);
    if (wrong)
        return wrong;
    weft_channel *channel = reserve->sender->weft__channel;
    return reserve_done(reserve_await(cx, channel, 1, weft__future_attach(cx, future)), channel, reserve->out_permit);
}

void weft_reserve_begin(weft_reserve_future *future, weft_sender *sender, weft_permit *out_permit)
{
    if (!weft__future_begin(future, reserve_future_poll))
        return;
    future->sender = sender;
    future->out_permit = out_permit;
}

int weft_channel_try_reserve(weft_sender *sender, weft_permit *out_permit)
{
    const int wrong = weft__channel_check_sender("weft_channel_try_reserve", sender, out_permit);
    return wrong ? wrong : reserve_done(reserve_try(sender->weft__channel, 1), sender->weft__channel, out_permit);
}

int weft_channel_reserve_blocking(weft_sender *sender, weft_permit *out_permit, int64_t deadline_ns)
{
    static const char call[] = "weft_channel_reserve_blocking";
    const int wrong = weft__channel_check_sender(call, sender, out_permit);
    if (wrong)
        return wrong;
    weft_channel *channel = sender->weft__channel;
    return reserve_done(reserve_block(call, channel, 1, deadline_ns), channel, out_permit);
}

/* 0: ask for so many; 1: for none, and that is answered: by an error, or by no permits. */
enum { MANY_NONE = 1 };
static int many_check(const char *call, const weft_sender *sender, size_t count, const weft_permits *out_permits)
{
    const int wrong = weft__channel_check_sender(call, sender, out_permits);
    if (wrong)
        return wrong;
    weft_channel *channel = sender->weft__channel;
    const uint32_t capacity = channel->capacity;
    if (count > capacity)
        return weft__refuse(WEFT_ERANGE, "%s: %zu places of a channel that has %u: there is never room for so many", call,
                            count, capacity);
    if (count > 0)
        return 0;
    const uint64_t gate = weft__load_relaxed(&channel->gate); /* a refusal here orders nothing */
    return gate & WEFT__GATE_STOPPED ? weft__channel_refused(channel, WEFT_EPIPE) : MANY_NONE;
}

static int many_none(int wrong, weft_permits *out_permits)
{
    if (wrong != MANY_NONE)
        return wrong;
    *out_permits = (weft_permits){NULL, 0, 0};
    return 0;
}

static int many_done(int answer, weft_channel *channel, size_t count, weft_permits *out_permits)
{
    if (answer == 0)
        *out_permits = (weft_permits){channel, reserve_hold(channel), (uint32_t)count};
    return answer;
}

static int many_await(const char *call, weft_context *cx, const weft_sender *sender, size_t count,
                      weft_permits *out_permits, struct weft__wait *wait)
{
    const int wrong = many_check(call, sender, count, out_permits);
    if (wrong)
        return many_none(wrong, out_permits);
    weft_channel *channel = sender->weft__channel;
    return many_done(reserve_await(cx, channel, (uint32_t)count, wait), channel, count, out_permits);
}

int weft_channel_reserve_many(weft_context *cx, weft_sender *sender, size_t count, weft_permits *out_permits)
{
    static const char call[] = "weft_channel_reserve_many";
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    return many_await(call, cx, sender, count, out_permits, &weft__cx_task(cx)->wait);
}

static int many_future_poll(weft_context *cx, weft_future *future)
{
    const weft_reserve_many_future *many = (const weft_reserve_many_future *)(const void *)future;
    return many_await("weft_reserve_many_begin", cx, many->sender, many->count, many->out_permits,
                      weft__future_attach(cx, future));
}

void weft_reserve_many_begin(weft_reserve_many_future *future, weft_sender *sender, size_t count,
                             weft_permits *out_permits)
{
    if (!weft__future_begin(future, many_future_poll))
        return;
    future->sender = sender;
    future->count = count;
    future->out_permits = out_permits;
}

int weft_channel_try_reserve_many(weft_sender *sender, size_t count, weft_permits *out_permits)
{
    const int wrong = many_check("weft_channel_try_reserve_many", sender, count, out_permits);
    if (wrong)
        return many_none(wrong, out_permits);
    weft_channel *channel = sender->weft__channel;
    return many_done(reserve_try(channel, (uint32_t)count), channel, count, out_permits);
}

int weft_channel_reserve_many_blocking(weft_sender *sender, size_t count, weft_permits *out_permits,
                                       int64_t deadline_ns)
{
    static const char call[] = "weft_channel_reserve_many_blocking";
    const int wrong = many_check(call, sender, count, out_permits);
    if (wrong)
        return many_none(wrong, out_permits);
    weft_channel *channel = sender->weft__channel;
    return many_done(reserve_block(call, channel, (uint32_t)count, deadline_ns), channel, count, out_permits);
}

/* A copy of what was used is found out as long as no other permit is out: this one would be counted, were it not used. */
static int permit_check(const char *call, weft_channel *channel, uint32_t generation, uint32_t state, uint32_t count)
{
    if (!channel)
        return weft__refuse(WEFT_EINVAL, "%s: the permit was never given, or used already: reserve another", call);
    const int stale = weft__channel_check(call, channel, generation, state);
    if (stale)
        return stale;
    if (weft__gate_reserved(weft__load_relaxed(&channel->gate)) < count)
        return weft__refuse(WEFT_EINVAL, "%s: a copy of a permit that was used already: reserve another", call);
    return 0;
}

/* The channel of a permit, which is consumed. */
static int permit_take(const char *call, weft_permit *permit, weft_channel **out_channel)
{
    const weft_permit taken = *permit;
    if (taken.weft__channel)
        *permit = (weft_permit){NULL, 0, WEFT__HANDLE_CLOSED};
    *out_channel = taken.weft__channel;
    return permit_check(call, taken.weft__channel, taken.weft__generation, taken.weft__state, 1);
}

int weft_permit_send(weft_permit *permit, const void *message)
{
    static const char call[] = "weft_permit_send";
    if (!permit || !message)
        return weft__refuse(WEFT_EINVAL, "%s: permit and message must not be null", call);
    weft_channel *channel;
    const int wrong = permit_take(call, permit, &channel);
    if (wrong)
        return wrong;
    const int error = weft__channel_send_into_place(channel, message);
    weft__channel_unref(channel);
    return error;
}

void weft_permit_release(weft_permit *permit)
{
    weft_channel *channel;
    if (!permit || !permit->weft__channel || permit_take("weft_permit_release", permit, &channel))
        return;
    weft__channel_release_places(channel, 1);
    weft__channel_unref(channel);
}

/* Take `count` of the places that are left. Whether these were the last. */
static bool permits_take(weft_permits *permits, uint32_t count)
{
    permits->weft__left -= count;
    const bool last = permits->weft__left == 0;
    if (last)
        *permits = (weft_permits){NULL, 0, 0};
    return last;
}

int weft_permits_send(weft_permits *permits, const void *message)
{
    static const char call[] = "weft_permits_send";
    if (!permits || !message)
        return weft__refuse(WEFT_EINVAL, "%s: permits and message must not be null", call);
    weft_channel *channel = permits->weft__channel;
    const int wrong = permit_check(call, channel, permits->weft__generation, 0, permits->weft__left);
    if (wrong)
        return wrong;
    const bool last = permits_take(permits, 1);
    const int error = weft__channel_send_into_place(channel, message);
    if (last)
        weft__channel_unref(channel);
    return error;
}

size_t weft_permits_left(const weft_permits *permits)
{
    return permits ? permits->weft__left : 0;
}

void weft_permits_release(weft_permits *permits)
{
    if (!permits || !permits->weft__channel)
        return;
    weft_channel *channel = permits->weft__channel;
    const uint32_t left = permits->weft__left;
    const int wrong = permit_check("weft_permits_release", channel, permits->weft__generation, 0, left);
    permits_take(permits, left);
    if (wrong)
        return;
    weft__channel_release_places(channel, left);
    weft__channel_unref(channel);
}
