/* SPDX-License-Identifier: MIT */
/*
 * Looking at channels without stopping one: counts are read where the owners write them; names, thresholds and the ring
 * under the channel's lock, which senders and receivers take only when they wait. What has no value now is -1.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "channel/channel.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/env.h"
#include "task/name.h"
#include "trace/emit.h"

/* The time that a slot carries goes round after 49 days; what seems to be from the last minute of a round comes from the future, by
 * clocks that are read now and then. */
enum { STATS_AHEAD_MS = 60000 };

/* How long the next message has been queued. Under the lock: the ring stays. */
static int64_t stats_oldest_age(weft_channel *channel, uint64_t head, uint32_t depth)
{
    if (depth == 0)
        return -1;
    unsigned char *slot = weft__channel_slot(channel, head);
    const uint64_t word = weft__load_relaxed(weft__channel_word(channel, slot)); /* the message is not looked at */
    if (!weft__slot_word_holds(word, head))
        return -1; /* being written, or taken out since */
    const uint32_t age = (uint32_t)(weft__realm_now(weft__channel_home(channel)->realm) / 1000000) - weft__slot_word_stamp(word);
    return age <= UINT32_MAX - STATS_AHEAD_MS ? (int64_t)age * 1000000 : 0;
}

bool weft__channel_copy(weft_channel *channel, weft_channel_stats *out)
{
    weft__lock(&channel->lock);
    const bool live = weft__channel_is_live(channel); /* under the lock, as its writers */
    if (live) {
        const struct weft__channel_label *label = weft__channel_label(channel);
        const bool drops = channel->overflow >= WEFT_DROP_NEWEST; /* then what was dropped is counted in place of the waits */
        const uint64_t oldest = drops ? weft__load_relaxed(&channel->dropped_oldest) : 0; /* by head, under the lock as well */
        const uint64_t newest = drops ? weft__load_relaxed(&channel->dropped_newest) : 0;
        const uint64_t waits = drops ? 0 : weft__load_relaxed(&channel->waits);
        const uint64_t full = weft__load_relaxed(&channel->failed_full);
        const uint64_t head = weft__load_acquire(&channel->head); /* CH-A2 */
        const uint64_t gate = weft__load_relaxed(&channel->gate); /* not older than head, which saw to that */
        const uint32_t capacity = channel->capacity;
        uint32_t claimed = weft__gate_depth(gate, head); /* since then */
        if (claimed > capacity)
            claimed = capacity;
        const uint32_t depth = gate & WEFT__GATE_GONE ? 0 : claimed; /* then it is the close's, which counts what it drops */
        const uint32_t deepest = weft__load_relaxed(&channel->depth_max);
        *out = (weft_channel_stats){
            .size = out->size,
            .id = weft__channel_id(channel),
            .internal = label->internal,
            .receiver_waiting = weft__load_relaxed(&channel->rx) != 0,
            .closed = (gate & WEFT__GATE_STOPPED) || weft__load_relaxed(&channel->senders) == 0,
            .overflow = (weft_overflow)channel->overflow,
            .health = (weft_health)channel->health,
            .capacity = capacity,
            .message_size = channel->message_size,
            .depth = depth,
            .depth_max = depth > deepest ? depth : deepest,
            .reserved = weft__gate_reserved(gate),
            .senders = weft__load_relaxed(&channel->senders),
            .senders_waiting = weft__load_relaxed(&channel->waiting_count),
            .saturation = (double)depth / capacity,
            .sent = head + (channel->counted ? channel->remains : claimed),
            .received = head - oldest,
            .failed = full + weft__load_relaxed(&channel->failed_end),
            .dropped = oldest + newest + channel->remains,
            .waits = waits,
            .wait_total_ns = drops ? 0 : weft__load_relaxed(&channel->wait_total_ns),
            .wait_longest_ns = -1,
            .oldest_message_age_ns = stats_oldest_age(channel, head, depth),
            .overflows = waits + full + oldest + newest,
        };
        memcpy(out->name, label->name, label->name_length + 1u);
        strcpy(out->component, weft__channel_label_component(label));
        if (channel->waiting)
            out->wait_longest_ns = weft__realm_now(weft__channel_home(channel)->realm) -
                                   weft__container_of(weft__ring_first(channel->waiting), struct weft__wait, link)->since;
    }
    weft__unlock(&channel->lock);
    return live;
}

static int stats_get(const char *call, weft_channel *channel, uint32_t generation, uint32_t state,
                     weft_channel_stats *out)
{
    if (!out || out->size < sizeof *out)
        return weft__refuse(WEFT_EINVAL, "%s: give statistics whose size is set to sizeof(weft_channel_stats)", call);
    const int wrong = weft__channel_check(call, channel, generation, state);
    if (wrong)
        return wrong;
    return weft__channel_copy(channel, out) ? 0 : WEFT_ESRCH;
}

int weft_sender_stats(const weft_sender *sender, weft_channel_stats *out_stats)
{
    if (!sender)
        return weft__refuse(WEFT_EINVAL, "weft_sender_stats: the sender must not be null");
    return stats_get("weft_sender_stats", sender->weft__channel, sender->weft__generation, sender->weft__state,
                     out_stats);
}

int weft_receiver_stats(const weft_receiver *receiver, weft_channel_stats *out_stats)
{
    if (!receiver)
        return weft__refuse(WEFT_EINVAL, "weft_receiver_stats: the receiver must not be null");
    return stats_get("weft_receiver_stats", receiver->weft__channel, receiver->weft__generation,
                     receiver->weft__state, out_stats);
}

/* The next channel of the walk; false at its end. */
static bool stats_next(struct weft__channels *channels, uint32_t *number, weft_channel_stats *out, weft_channel **out_channel)
{
    for (;;) {
        *out = (weft_channel_stats){.size = sizeof *out};
        weft__rcu_read_lock();
        weft_channel *channel = weft__slab_next(&channels->slab, number);
        const bool found = channel && weft__channel_copy(channel, out);
        weft__rcu_read_unlock();
        *out_channel = channel;
        if (found)
            return true;
        if (!channel)
            return false;
    }
}

int weft_channel_visit(weft_runtime *rt, bool with_internal, int (*visit)(void *context, const weft_channel_stats *stats),
                       void *context)
{
    const int wrong = weft__runtimes_check("weft_channel_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_channel_visit: the function must not be null");
    uint32_t number = 0;
    weft_channel_stats stats;
    weft_channel *channel;
    while (stats_next(weft__env_of(rt)->channels, &number, &stats, &channel)) {
        const int answer = stats.internal && !with_internal ? 0 : visit(context, &stats);
        if (answer != 0)
            return answer;
    }
    return 0;
}

int weft__channel_thresholds(const char *call, const char *name, double *degraded_at, double *critical_at)
{
    *degraded_at = *degraded_at != 0 ? *degraded_at : (double)WEFT__CHANNEL_LABEL_DEGRADED / WEFT__CHANNEL_LABEL_FULL;
    *critical_at = *critical_at != 0 ? *critical_at : (double)WEFT__CHANNEL_LABEL_CRITICAL / WEFT__CHANNEL_LABEL_FULL;
    if (*degraded_at > 0 && *degraded_at <= *critical_at && *critical_at <= 1)
        return 0;
    return weft__refuse(WEFT_EINVAL, "%s: thresholds %g and %g of channel '%.100s': give 0 < degraded_at <= critical_at <= 1",
                        call, *degraded_at, *critical_at, name);
}

/* Whether it lives and has this name, as it is kept; then it has these thresholds, as all that share its label. */
static bool stats_set_thresholds(weft_channel *channel, const char *name, size_t length, uint64_t thresholds)
{
    weft__lock(&channel->lock);
    struct weft__channel_label *label = weft__channel_is_live(channel) ? weft__channel_label(channel) : NULL;
    const bool it = label && label->name_length == length && memcmp(label->name, name, length) == 0;
    if (it)
        weft__store_relaxed(&label->thresholds, thresholds); /* one word, and nothing goes with it */
    weft__unlock(&channel->lock);
    return it;
}

int weft_channel_set_thresholds(weft_runtime *rt, const char *name, double degraded_at, double critical_at)
{
    static const char call[] = "weft_channel_set_thresholds";
    const int wrong = weft__runtimes_check(call, rt);
    if (wrong)
        return wrong;
    if (!name)
        return weft__refuse(WEFT_EINVAL, "%s: the name must not be null", call);
    const int unfit = weft__channel_thresholds(call, name, &degraded_at, &critical_at);
    if (unfit)
        return unfit;
    const size_t length = weft__name_fit(name, sizeof((weft_channel_stats *)0)->name - 1);
    const uint64_t thresholds = weft__channel_label_thresholds(degraded_at, critical_at);
    uint32_t number = 0;
    for (int changed = 0;;) {
        weft__rcu_read_lock();
        weft_channel *channel = weft__slab_next(&weft__env_of(rt)->channels->slab, &number);
        changed += channel && stats_set_thresholds(channel, name, length, thresholds);
        weft__rcu_read_unlock();
        if (!channel)
            return changed;
    }
}

/* Judge one channel, under its lock; false if nothing changed. */
static bool stats_judge(weft_channel *channel, weft_channel_stats *stats, weft_health *out_before,
                        weft_health (*evaluate)(weft_health, double, double, double))
{
    /* Senders that wait mean full, whatever the depth was at the moment of the look. */
    const double saturation = stats->senders_waiting > 0 ? 1.0 : stats->saturation;
    bool changed = false;
    weft__lock(&channel->lock);
    if (weft__channel_is_live(channel) && weft__channel_id(channel) == stats->id) {
        *out_before = (weft_health)channel->health;
        const uint64_t thresholds = weft__load_relaxed(&weft__channel_label(channel)->thresholds);
        stats->health = evaluate(*out_before, saturation, weft__channel_label_degraded_at(thresholds),
                                 weft__channel_label_critical_at(thresholds));
        changed = stats->health != *out_before;
        if (changed) /* it is on a line that all read */
            channel->health = stats->health;
    }
    weft__unlock(&channel->lock);
    return changed;
}

uint32_t weft__channels_evaluate(struct weft__channels *channels,
                                 weft_health (*evaluate)(weft_health before, double saturation, double degraded_at,
                                                         double critical_at),
                                 void (*changed)(void *context, const weft_health_change *change), void *context)
{
    uint32_t number = 0, looked_at = 0;
    weft_channel_stats stats;
    for (;; looked_at++) {
        weft_health before = WEFT_HEALTH_UNKNOWN;
        stats = (weft_channel_stats){.size = sizeof stats};
        weft__rcu_read_lock();
        weft_channel *channel = weft__slab_next(&channels->slab, &number);
        const bool differs = channel && weft__channel_copy(channel, &stats) && !stats.internal &&
                             stats_judge(channel, &stats, &before, evaluate);
        weft__rcu_read_unlock();
        if (!channel)
            return looked_at;
        if (!differs)
            continue;
        WEFT__TRACE(channels->number, chan_health, stats.id, (uint8_t)before, (uint8_t)stats.health,
                    (uint16_t)(stats.saturation * 1000));
        if (before != WEFT_HEALTH_UNKNOWN || stats.health != WEFT_HEALTHY) /* that it is well at first is no news */
            changed(context, &(weft_health_change){.before = before, .now = stats.health, .stats = &stats});
    }
}

void weft__channels_announce(struct weft__channels *channels)
{
    uint32_t number = 0;
    weft_channel_stats stats;
    weft_channel *channel;
    while (stats_next(channels, &number, &stats, &channel)) {
        WEFT__TRACE(channels->number, chan_open, stats.id, 0, stats.capacity, stats.message_size, stats.name,
                    stats.component);
        WEFT__TRACE(channels->number, statedump_chan, stats.id, stats.depth, stats.depth_max, stats.sent,
                    stats.received);
    }
}
