/* SPDX-License-Identifier: MIT */
/* See channels.h. */
#include "cli/trace/model/channels.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

static void channel_free(struct channel *channel)
{
    free(channel->name);
    free(channel->component);
    free(channel);
}

const struct channel_group *channels_next_group(const struct channels *channels, size_t *at,
                                                const struct channel_group *before)
{
    return before && before->same_hash ? before->same_hash : map_next(&channels->groups, at);
}

void channels_fini(struct channels *channels)
{
    struct channel *channel;
    for (size_t at = 0; (channel = map_next(&channels->live, &at));)
        channel_free(channel);
    struct channel_group *group;
    for (size_t at = 0; (group = map_next(&channels->groups, &at));)
        while (group) {
            struct channel_group *next = group->same_hash;
            free(group->name);
            free(group->component);
            free(group);
            group = next;
        }
    map_fini(&channels->live);
    map_fini(&channels->groups);
}

void channel_totals_init(struct channel_totals *totals)
{
    *totals = (struct channel_totals){.health = WEFT_TRACE_health_UNKNOWN, .health_worst = WEFT_TRACE_health_UNKNOWN};
}

struct channel *channels_find(const struct channels *channels, uint64_t id)
{
    return map_get(&channels->live, id);
}

static struct channel *channels_need(struct channels *channels, uint64_t id)
{
    struct channel *channel = channels_find(channels, id);
    if (!channel) {
        channel = memory_zeroed(1, sizeof *channel);
        channel->id = id;
        channel_totals_init(&channel->totals);
        channel->totals.channels = 1;
        channel->totals.live = 1;
        channel->totals.before = 1; /* until its opening is seen */
        map_put(&channels->live, id, channel);
    }
    return channel;
}

void channels_open(struct channels *channels, const struct event *event, bool announced)
{
    struct channel *channel = channels_need(channels, event->chan_open.chan);
    if (channel->opened)
        return; /* announced again */
    channel->opened = true;
    channel->name = memory_text(event->chan_open.name);
    channel->component = memory_text(event->chan_open.component);
    channel->capacity = event->chan_open.capacity;
    channel->message_size = event->chan_open.message_size;
    channel->totals.before = announced;
}

void channels_announce(struct channels *channels, const struct event *event)
{
    struct channel *channel = channels_need(channels, event->statedump_chan.chan);
    struct channel_totals *totals = &channel->totals;
    if (event->statedump_chan.depth_max > totals->depth_max)
        totals->depth_max = event->statedump_chan.depth_max;
    if (!totals->before)
        return; /* everything since its opening has been counted */
    uint64_t sent = event->statedump_chan.sent, received = event->statedump_chan.received;
    totals->sent_before = sent > totals->sent ? sent - totals->sent : 0;
    totals->received_before = received > totals->received ? received - totals->received : 0;
}

/* UNKNOWN is 255 and yet the best: nothing bad was said. */
static uint8_t channel_health_worse(uint8_t a, uint8_t b)
{
    if (a == WEFT_TRACE_health_UNKNOWN || (b != WEFT_TRACE_health_UNKNOWN && b > a))
        return b;
    return a;
}

void channel_totals_add(struct channel_totals *sum, const struct channel_totals *one)
{
    sum->channels += one->channels;
    sum->live += one->live;
    sum->before += one->before;
    sum->sent += one->sent;
    sum->received += one->received;
    sum->sent_before += one->sent_before;
    sum->received_before += one->received_before;
    sum->failed += one->failed;
    sum->dropped += one->dropped;
    sum->waits_send += one->waits_send;
    sum->waits_receive += one->waits_receive;
    duration_add(&sum->wait_send_ns, one->wait_send_ns);
    if (one->depth_max > sum->depth_max)
        sum->depth_max = one->depth_max;
    sum->health = channel_health_worse(sum->health, one->health);
    sum->health_worst = channel_health_worse(sum->health_worst, one->health_worst);
}

static bool channels_same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static uint64_t channels_hash(const char *name, const char *component, uint32_t capacity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ capacity;
    const char *texts[] = {name, component};
    for (int i = 0; i < 2; i++) {
        hash *= UINT64_C(0x100000001b3);
        for (const char *c = texts[i]; c && *c; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The group of all names beyond CHANNELS_NAMES_MAX; it is told by this pointer. */
static const char channels_rest[] = "(more names)";

static struct channel_group *channels_group(struct channels *channels, const char *name, const char *component,
                                            uint32_t capacity)
{
    uint64_t hash = channels_hash(name, component, capacity);
    struct channel_group *first = map_get(&channels->groups, hash), *group = first;
    while (group && (group->capacity != capacity || !channels_same_text(group->name, name) ||
                     !channels_same_text(group->component, component)))
        group = group->same_hash;
    if (group)
        return group;
    if (channels->group_count >= CHANNELS_NAMES_MAX && name != channels_rest)
        return channels_group(channels, channels_rest, NULL, 0);
    group = memory_zeroed(1, sizeof *group);
    group->name = memory_text(name);
    group->component = memory_text(component);
    group->capacity = capacity;
    channel_totals_init(&group->totals);
    group->same_hash = first;
    map_put(&channels->groups, hash, group);
    channels->group_count++;
    return group;
}

void channels_end(struct channels *channels, uint64_t id)
{
    struct channel *channel = channels_need(channels, id);
    channel->totals.live = 0;
    channel_totals_add(&channels_group(channels, channel->name, channel->component, channel->capacity)->totals,
                       &channel->totals);
    map_remove(&channels->live, id);
    channel_free(channel);
    channels->ended[channels->ended_count++ % CHANNELS_ENDED] = id;
}

void channels_send(struct channels *channels, const struct event *event)
{
    struct channel_totals *totals = &channels_need(channels, event->chan_send.chan)->totals;
    totals->sent++;
    if (event->chan_send.depth > totals->depth_max)
        totals->depth_max = event->chan_send.depth;
}

void channels_receive(struct channels *channels, const struct event *event)
{
    channels_need(channels, event->chan_recv.chan)->totals.received += event->chan_recv.count;
}

void channels_wait(struct channels *channels, const struct event *event)
{
    struct channel_totals *totals = &channels_need(channels, event->chan_wait.chan)->totals;
    if (event->chan_wait.side == WEFT_TRACE_channel_side_SENDER)
        totals->waits_send++;
    else
        totals->waits_receive++;
}

void channels_waited(struct channels *channels, uint64_t id, int64_t ns)
{
    struct channel *channel = channels_find(channels, id);
    if (channel)
        duration_add(&channel->totals.wait_send_ns, ns);
}

void channels_fail(struct channels *channels, const struct event *event)
{
    channels_need(channels, event->chan_fail.chan)->totals.failed++;
}

void channels_drop(struct channels *channels, const struct event *event)
{
    channels_need(channels, event->chan_drop.chan)->totals.dropped += event->chan_drop.count;
}

void channels_health(struct channels *channels, const struct event *event)
{
    for (int i = 0; i < CHANNELS_ENDED; i++)
        if (channels->ended[i] == event->chan_health.chan)
            return;
    struct channel_totals *totals = &channels_need(channels, event->chan_health.chan)->totals;
    totals->health = event->chan_health.now;
    totals->health_worst = channel_health_worse(totals->health_worst, event->chan_health.now);
}
