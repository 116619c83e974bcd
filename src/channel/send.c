/* SPDX-License-Identifier: MIT */
/*
 * Sending. The happy path: one compare-and-swap claims a place at the gate, the message is copied into its slot, one
 * exchange publishes it, and one look tells whether the receiver sleeps.
 *
 * How it fails: the gate is stopped (EPIPE); it is full, or others wait already: by the overflow policy. A send that
 * fails has taken nothing.
 */
#include <string.h>
#include <weft/error.h>

#include "base/check.h"
#include "base/copy.h"
#include "base/error.h"
#include "base/yield.h"
#include "channel/channel.h"
#include "task/future.h"
#include "trace/emit.h"

/* Claim a place at the gate: 0 and its position, WEFT_EAGAIN or WEFT_EPIPE. */
static int send_claim(weft_channel *channel, uint64_t *out_pos)
{
    const uint32_t capacity = channel->capacity;
    uint64_t gate = weft__load_relaxed(&channel->gate); /* the compare-and-swap orders */
    for (;;) {
        if (weft__unlikely(gate & (WEFT__GATE_STOPPED | WEFT__GATE_WAITERS)))
            return gate & WEFT__GATE_STOPPED ? WEFT_EPIPE : WEFT_EAGAIN;
        if (weft__gate_full(gate, weft__load_acquire(&channel->head_seen), capacity)) { /* CH-A2 */
            const uint64_t head = weft__load_acquire(&channel->head);                   /* CH-A2 */
            if (weft__gate_full(gate, head, capacity)) {
                const uint64_t again = weft__load_relaxed(&channel->gate);
                if (again == gate)
                    return WEFT_EAGAIN;
                gate = again;
                continue;
            }
            /* It passes on what the receiver released. It may go back: then others see less room, and look themselves. */
            weft__store_release(&channel->head_seen, head); /* CH-R2 */
        }
        if (weft__cas_weak_acq_rel(&channel->gate, &gate, gate + WEFT__GATE_POS_ONE)) {
            *out_pos = weft__gate_pos(gate);
            return 0;
        }
    }
}

/* Turn a reserved place into a claimed one. WEFT_EPIPE: the receiver has gone, and the place with it. */
static int send_claim_reserved(weft_channel *channel, uint64_t *out_pos)
{
    uint64_t gate = weft__load_relaxed(&channel->gate); /* the compare-and-swap orders */
    for (;;) {
        const bool gone = gate & WEFT__GATE_GONE;
        const uint64_t next = gate - WEFT__GATE_RESERVED_ONE + (gone ? 0 : WEFT__GATE_POS_ONE);
        if (weft__cas_weak_acq_rel(&channel->gate, &gate, next)) {
            *out_pos = weft__gate_pos(gate);
            return gone ? WEFT_EPIPE : 0;
        }
    }
}

/* How many are queued, with the message at `pos` the last. The receiver may have taken it already. */
static uint32_t send_depth(const weft_channel *channel, uint64_t pos)
{
    const uint32_t depth = weft__gate_depth((pos + 1) << WEFT__GATE_SHIFT, weft__load_relaxed(&channel->head));
    return (int32_t)depth > 0 ? depth : 0;
}

/* The trail lies beside the message before that is shown; what the word says. */
static uint32_t send_put_trail(const weft_channel *channel, unsigned char *slot, uint64_t pos)
{
    weft_trail **place = weft__trace_trails() ? weft__channel_trail(channel, slot) : NULL;
    if (!place)
        return weft__slot_seq(pos);
    *place = weft__trail_of_message();
    return weft__slot_trailed(pos);
}

/*
 * Fill the claimed slot and show it. WEFT_EPIPE: the receiver left meanwhile, and the message is still the caller's.
 * `seen`, a constant: somebody follows messages, or records them.
 */
static inline __attribute__((always_inline)) int send_show(weft_channel *channel, uint64_t pos, const void *message, bool seen)
{
    unsigned char *slot = weft__channel_slot(channel, pos);
    weft__copy(slot, message, channel->message_size);
    const uint32_t seq = seen ? send_put_trail(channel, slot, pos) : weft__slot_seq(pos);
    const uint64_t word = weft__slot_word(seq, (uint32_t)(weft__channel_now_coarse(channel) / 1000000));
    const uint64_t before = weft__exchange_seq_cst(weft__channel_word(channel, slot), word); /* CH-R1 CH-R3 */
    if (weft__unlikely(weft__slot_word_seq(before) == weft__slot_abandoned(pos))) {
        if (seen && seq == weft__slot_trailed(pos))
            weft_trail_unref(*weft__channel_trail(channel, slot));
        return WEFT_EPIPE;
    }
    if (seen)
        WEFT__TRACE(weft__channel_home(channel)->number, chan_send, weft__channel_id(channel), weft__self_task_id(),
                    send_depth(channel, pos));
    if (weft__load_seq_cst(&channel->rx)) { /* CH-A3 */
        weft__store_relaxed(&channel->sender_task, weft__self_task_id()); /* a number to show */
        weft__channel_wake_receiver(channel);
    }
    return 0;
}

static __attribute__((cold, noinline)) int send_show_seen(weft_channel *channel, uint64_t pos, const void *message)
{
    return send_show(channel, pos, message, true);
}

static int send_publish(weft_channel *channel, uint64_t pos, const void *message)
{
    if (weft__trace_wants_or_trails(WEFT_TRACE_chan_send))
        return send_show_seen(channel, pos, message);
    return send_show(channel, pos, message, false);
}

/* Take the oldest message out and drop it. False: there is none that is written, or the receiver's close has it. */
static bool send_evict(weft_channel *channel)
{
    _Alignas(16) unsigned char copy[WEFT__EVICT_SIZE_MAX]; /* the host's function runs after the unlock */
    weft__lock(&channel->lock);
    const uint64_t head = weft__load_relaxed(&channel->head); /* under the lock, as every write of it */
    unsigned char *slot = weft__channel_slot(channel, head);
    const uint64_t word = weft__load_acquire(weft__channel_word(channel, slot)); /* CH-A1 */
    const bool gone = weft__load_relaxed(&channel->gate) & WEFT__GATE_GONE;      /* set under the lock */
    const bool written = weft__slot_word_holds(word, head) && !gone;
    weft_trail *trail = written && weft__slot_word_is_trailed(word, head) ? *weft__channel_trail(channel, slot) : NULL;
    if (written) {
        if (channel->drop)
            memcpy(copy, slot, channel->message_size);
        weft__exchange_seq_cst(&channel->head, head + 1); /* CH-R2 CH-R4 */
        weft__store_relaxed(&channel->dropped_oldest, weft__load_relaxed(&channel->dropped_oldest) + 1);
    }
    weft__unlock(&channel->lock);
    if (!written)
        return false;
    weft_trail_unref(trail);
    if (channel->drop)
        channel->drop(copy, channel->drop_context);
    WEFT__TRACE(weft__channel_home(channel)->number, chan_drop, weft__channel_id(channel), weft__self_task_id(), 1,
                WEFT_TRACE_drop_reason_OLDEST);
    return true;
}

/* The channel is full and its policy is not to wait. */
static int send_overflow(weft_channel *channel, const void *message)
{
    if (channel->overflow == WEFT_FAIL)
        return weft__channel_refused(channel, WEFT_EAGAIN);
    bool evicted = false;
    unsigned turns = 0;
    while (channel->overflow == WEFT_DROP_OLDEST) {
        uint64_t pos;
        const int error = send_claim(channel, &pos);
        if (error == WEFT_EPIPE)
            return weft__channel_refused(channel, error);
        if (error == 0)
            return send_publish(channel, pos, message) < 0 ? weft__channel_refused(channel, WEFT_EPIPE) : evicted;
        const uint64_t gate = weft__load_relaxed(&channel->gate);
        if (weft__gate_reserved(gate) >= channel->capacity)
            break; /* all places are reserved: there is no message to drop but this one */
        if (send_evict(channel))
            evicted = true;
        else
            weft__yield(&turns); /* the oldest is being written this moment */
    }
    if (channel->drop)
        channel->drop((void *)(uintptr_t)message, channel->drop_context); /* the sender gave it away */
    weft__fetch_add_relaxed(&channel->dropped_newest, 1); /* a statistic */
    WEFT__TRACE(weft__channel_home(channel)->number, chan_drop, weft__channel_id(channel), weft__self_task_id(), 1,
                WEFT_TRACE_drop_reason_NEWEST);
    return 1;
}

int weft__channel_send_into_place(weft_channel *channel, const void *message)
{
    uint64_t pos;
    int error = send_claim_reserved(channel, &pos);
    if (error == 0)
        error = send_publish(channel, pos, message);
    return error == 0 ? 0 : weft__channel_refused(channel, error);
}

/* One evaluation of an awaited send, with the node that it waits with. */
static int send_await(weft_context *cx, weft_channel *channel, const void *message, struct weft__wait *wait)
{
    if (weft__unlikely(wait->object != NULL)) {
        if (weft__channel_waits_for(channel, wait, 1)) {
            const int resumed = weft__channel_resume(cx, channel, wait);
            return resumed == 0 ? weft__channel_send_into_place(channel, message) : resumed;
        }
        weft__wait_leave(wait);
    }
    if (weft__unlikely(weft__cx_cancelled(cx)))
        return WEFT_ECANCELED;
    if (weft__unlikely(!weft__cx_spend(cx)))
        return WEFT_AWAITING;
    uint64_t pos;
    const int error = send_claim(channel, &pos);
    if (weft__likely(error == 0))
        return send_publish(channel, pos, message) == 0 ? 0 : weft__channel_refused(channel, WEFT_EPIPE);
    if (error == WEFT_EPIPE)
        return weft__channel_refused(channel, error);
    if (channel->overflow != WEFT_WAIT)
        return send_overflow(channel, message);
    const int queued = weft__channel_await_places(cx, channel, 1, wait);
    return queued == 0 ? weft__channel_send_into_place(channel, message) : queued;
}

int weft__channel_check_sender(const char *call, const weft_sender *sender, const void *other)
{
    if (weft__unlikely(!sender || !other))
        return weft__refuse(WEFT_EINVAL, "%s: sender and message, or permit, must not be null", call);
    return weft__channel_check(call, sender->weft__channel, sender->weft__generation, sender->weft__state);
}

int weft_channel_send(weft_context *cx, weft_sender *sender, const void *message)
{
    static const char call[] = "weft_channel_send";
    const int wrong = weft__channel_check_sender(call, sender, message);
    if (weft__unlikely(wrong || !cx))
        return wrong ? wrong : weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    return send_await(cx, sender->weft__channel, message, &weft__cx_task(cx)->wait);
}

static int send_future_poll(weft_context *cx, weft_future *future)
{
    const weft_send_future *send = (const weft_send_future *)(const void *)future;
    const int wrong = weft__channel_check_sender("weft_send_begin", send->sender, send->message);
    return wrong ? wrong : send_await(cx, send->sender->weft__channel, send->message, weft__future_attach(cx, future));
}

void weft_send_begin(weft_send_future *future, weft_sender *sender, const void *message)
{
    if (!weft__future_begin(future, send_future_poll))
        return;
    future->sender = sender;
    future->message = message;
}

int weft_channel_try_send(weft_sender *sender, const void *message)
{
    const int wrong = weft__channel_check_sender("weft_channel_try_send", sender, message);
    if (weft__unlikely(wrong))
        return wrong;
    weft_channel *channel = sender->weft__channel;
    uint64_t pos;
    const int error = send_claim(channel, &pos);
    if (weft__likely(error == 0))
        return send_publish(channel, pos, message) == 0 ? 0 : weft__channel_refused(channel, WEFT_EPIPE);
    if (error == WEFT_EAGAIN && channel->overflow >= WEFT_DROP_NEWEST)
        return send_overflow(channel, message);
    return weft__channel_refused(channel, error);
}

int weft_channel_send_blocking(weft_sender *sender, const void *message, int64_t deadline_ns)
{
    const int wrong = weft__channel_check_sender("weft_channel_send_blocking", sender, message);
    if (wrong)
        return wrong;
    weft_channel *channel = sender->weft__channel;
    if (weft__self)
        return weft__refuse(WEFT_EPERM, "weft_channel_send_blocking: not on a worker: use WEFT_AWAIT with "
                                        "weft_channel_send()");
    uint64_t pos;
    int error = send_claim(channel, &pos);
    if (error == 0)
        return send_publish(channel, pos, message) == 0 ? 0 : weft__channel_refused(channel, WEFT_EPIPE);
    if (error == WEFT_EAGAIN && channel->overflow != WEFT_WAIT)
        return send_overflow(channel, message);
    if (error == WEFT_EAGAIN)
        error = weft__channel_block_for_places(channel, 1, deadline_ns);
    return error == 0 ? weft__channel_send_into_place(channel, message) : weft__channel_refused(channel, error);
}
