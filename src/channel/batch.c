/* SPDX-License-Identifier: MIT */
#include "channel/batch.h"

#include "task/env.h"

#ifndef WEFT__BATCH_SHARE
#define WEFT__BATCH_SHARE 4 /* of the capacity */
#endif
enum {
    BATCH_EACH = 4, /* places for each who waits: so many messages for a wake */
    BATCH_MAX = 256
};

static uint32_t batch_size(const weft_channel *channel)
{
    const uint32_t share = channel->capacity / WEFT__BATCH_SHARE;
    const uint32_t most = share < BATCH_MAX ? share : BATCH_MAX;
    const uint32_t waiting = weft__load_relaxed(&((weft_channel *)(uintptr_t)channel)->waiting_count); /* about so many */
    return waiting < most / BATCH_EACH ? waiting * BATCH_EACH : most;
}

static void batch_pay(void *owing)
{
    weft_channel *channel = owing;
    if (weft__load_relaxed(&channel->gate) & WEFT__GATE_WAITERS) /* what a receive saw of it stays seen */
        weft__channel_grant(channel);
    weft__channel_unref(channel);
}

void weft__batch_come_free(weft_channel *channel, struct weft__thread *self, uint64_t gate)
{
    const uint64_t head = weft__load_relaxed(&channel->head); /* its own */
    const uint32_t size = batch_size(channel);
    struct weft__debt *debt = &self->debt;
    if (debt->owing == channel) {
        weft__channel_grant(channel);
        debt->until = head + size;
        return;
    }
    const uint32_t taken = weft__gate_depth(gate, head) + weft__gate_reserved(gate);
    const uint32_t room = channel->capacity - taken;
    if (room >= size) {
        weft__channel_grant(channel);
        return;
    }
    if (debt->pay)
        weft__debt_pay(self); /* another channel's */
    weft__fetch_add_relaxed(&channel->refs, 1); /* the receiver at hand keeps it above zero */
    *debt = (struct weft__debt){batch_pay, channel, weft__thread_task(self), head + (size - room)};
}
