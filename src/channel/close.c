/* SPDX-License-Identifier: MIT */
/*
 * Ends. A sender leaves the count of senders; the last one wakes the receiver, which drains and then sees the end. The
 * receiver shuts the gate, so that the position it reads there is final, and drops what is queued; a sender that has
 * claimed a slot and not written it yet finds the mark ABANDONED there and keeps its message: each side does one
 * exchange on the word, and whoever is second knows.
 */
#include <weft/error.h>

#include "channel/channel.h"
#include "task/env.h"
#include "trace/emit.h"

/* Messages that are in it; none when the receiver has gone. */
static uint32_t close_depth(weft_channel *channel)
{
    const uint64_t gate = weft__load_relaxed(&channel->gate);
    return gate & WEFT__GATE_GONE ? 0 : weft__gate_depth(gate, weft__load_relaxed(&channel->head));
}

void weft_sender_close(weft_sender *sender)
{
    if (!sender || !sender->weft__channel)
        return;
    weft_channel *channel = sender->weft__channel;
    const int stale = weft__channel_check("weft_sender_close", channel, sender->weft__generation, sender->weft__state);
    *sender = (weft_sender){NULL, 0, WEFT__HANDLE_CLOSED};
    if (stale)
        return; /* a copy of a handle that was closed: the slot may be another channel's by now */
    weft__channel_leave(channel, false);
    if (weft__fetch_sub_seq_cst(&channel->senders, 1) == 1) { /* CH-R5 */
        WEFT__TRACE(weft__channel_home(channel)->number, chan_close, weft__channel_id(channel), weft__self_task_id(),
                    WEFT_TRACE_channel_side_SENDER, close_depth(channel));
        if (weft__load_seq_cst(&channel->rx)) /* CH-A3: or it sees the count after it has registered */
            weft__channel_wake_receiver(channel);
    }
    weft__channel_unref(channel);
}

void weft_receiver_stop(weft_receiver *receiver)
{
    if (!receiver || !receiver->weft__channel)
        return;
    weft_channel *channel = receiver->weft__channel;
    if (weft__channel_check("weft_receiver_stop", channel, receiver->weft__generation, receiver->weft__state))
        return;
    if (weft__fetch_or_seq_cst(&channel->gate, WEFT__GATE_STOPPED) & WEFT__GATE_STOPPED)
        return;
    WEFT__TRACE(weft__channel_home(channel)->number, chan_close, weft__channel_id(channel), weft__self_task_id(),
                WEFT_TRACE_channel_side_RECEIVER,
                weft__gate_depth(weft__load_relaxed(&channel->gate), weft__load_relaxed(&channel->head)));
    weft__channel_refuse_waiting(channel);
}

/* Take the message at `pos`, or leave the mark that says nobody will. Whether there was one. */
static bool close_take(weft_channel *channel, uint64_t pos, unsigned char **out_slot)
{
    unsigned char *slot = *out_slot = weft__channel_slot(channel, pos);
    _Atomic uint64_t *word = weft__channel_word(channel, slot);
    uint64_t now = weft__load_acquire(word); /* CH-A1 */
    while (!weft__slot_word_holds(now, pos))
        if (weft__cas_weak_acq_rel(word, &now, weft__slot_word(weft__slot_abandoned(pos), 0))) /* CH-A1 */
            return false;
    return true;
}

/*
 * Shut the gate. What it and head have between them from here on belongs to the close alone, so the drop function and the
 * hooks run without a lock, and may look at the channel. The gate as it was, where what is queued begins, and how much it is.
 */
static uint64_t close_shut(weft_channel *channel, uint64_t *out_head, uint32_t *out_depth)
{
    weft__lock(&channel->lock); /* for who looks; and where senders move head, too, they do so under it */
    const uint64_t gate = weft__fetch_or_seq_cst(&channel->gate, WEFT__GATE_STOPPED | WEFT__GATE_GONE);
    *out_head = weft__load_relaxed(&channel->head);
    const uint32_t depth = *out_depth = weft__gate_depth(gate, *out_head);
    if (depth > weft__load_relaxed(&channel->depth_max))
        weft__store_relaxed(&channel->depth_max, depth);
    weft__unlock(&channel->lock);
    return gate;
}

void weft_receiver_close(weft_receiver *receiver)
{
    if (!receiver || !receiver->weft__channel)
        return;
    weft_channel *channel = receiver->weft__channel;
    const int stale = weft__channel_check("weft_receiver_close", channel, receiver->weft__generation, receiver->weft__state);
    *receiver = (weft_receiver){NULL, 0, WEFT__HANDLE_CLOSED};
    if (stale)
        return;
    weft__channel_leave(channel, true);
    uint64_t head;
    uint32_t depth;
    const uint64_t gate = close_shut(channel, &head, &depth);
    if (!(gate & WEFT__GATE_STOPPED))
        WEFT__TRACE(weft__channel_home(channel)->number, chan_close, weft__channel_id(channel), weft__self_task_id(),
                    WEFT_TRACE_channel_side_RECEIVER, depth);
    uint32_t dropped = 0;
    for (uint64_t pos = head; pos != head + depth; pos++) {
        unsigned char *slot;
        if (!close_take(channel, pos, &slot))
            continue;
        dropped++;
        weft__channel_drop_trail(channel, slot, pos);
        if (channel->drop)
            channel->drop(slot, channel->drop_context);
    }
    weft__lock(&channel->lock);
    channel->remains = dropped & 0xffffff; /* at most the capacity */
    channel->counted = 1;
    weft__unlock(&channel->lock);
    if (dropped > 0)
        WEFT__TRACE(weft__channel_home(channel)->number, chan_drop, weft__channel_id(channel), weft__self_task_id(), dropped,
                    WEFT_TRACE_drop_reason_CLOSED);
    weft__channel_refuse_waiting(channel);
    weft__channel_unref(channel);
}
