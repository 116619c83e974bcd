/* SPDX-License-Identifier: MIT */
/*
 * Room that a receiver makes while senders wait for some. A task that receives one message after the other does not see to them at
 * each: they are given their places, in their order and under one lock, when a batch has come free, or before anything else is
 * done on its thread (task/debt.h). Each of them then finds its turn of the scheduler, and has the channel to fill, as often as
 * batches come free, and not as often as messages are received.
 *
 *     nothing owed -> owed     a message was received, and WAITERS is set; the channel is held
 *     owed         -> owed     a batch has come free: granted, and the next batch begins
 *     owed         -> nothing  the debt is paid: granted if WAITERS is still set; let go
 *
 * A batch is four places for each who waits; at most a quarter of the capacity, so that what has not been received yet keeps the receiver
 * busy meanwhile; and at most BATCH_MAX. Where few wait, wakes are few anyway, and the earlier they come the less there is for a thief. A
 * channel of less than eight has no batches, nor has a receiver that is no task's await: who waits is served at each message.
 *
 * Edges: those of channel/channel.h. Each receive looks at the gate (CH-A4) after it has moved head: a sender that sets WAITERS too late
 * for that look has seen the room. So the look of the debt orders nothing: it finds again what a receive has seen, or else somebody has
 * granted it.
 */
#ifndef WEFT_CHANNEL_BATCH_H
#define WEFT_CHANNEL_BATCH_H

#include "channel/channel.h"

/* A batch has come free, or the first place. */
void weft__batch_come_free(weft_channel *channel, struct weft__thread *self, uint64_t gate);

/* Places have come free, and senders wait. On the thread of the task that received. */
static inline void weft__batch_add(weft_channel *channel, struct weft__thread *self, uint64_t gate)
{
    const uint64_t head = weft__load_relaxed(&channel->head); /* its own */
    if (self->debt.owing != channel || (int64_t)(head - self->debt.until) >= 0)
        weft__batch_come_free(channel, self, gate);
}

#endif
