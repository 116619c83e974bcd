/* SPDX-License-Identifier: MIT */
/* The rules of channels: full for long, and never nearly full. */
#include <weft/monitor.h>

#include "lints/walk.h"

enum { CHANNELS_SMALL = 64, CHANNELS_ROUNDS = 10 };
static const int64_t channels_long_ns = 1000000000; /* the receiver of a sender that waits so long is slow */

static int channels_visit(void *context, const weft_channel_stats *stats)
{
    struct weft__lints_walk *walk = context;
    const unsigned long long id = stats->id;
    if (stats->health == WEFT_CRITICAL || stats->wait_longest_ns >= channels_long_ns)
        weft__lints_tell(walk, WEFT_LINT_SATURATED, 0, stats->id, stats->name,
                         "channel '%s' (%llu) holds %u of %u, %u senders wait, the first for %lld ms; the next message is %lld ms "
                         "old",
                         stats->name, id, stats->depth, stats->capacity, stats->senders_waiting,
                         (long long)(stats->wait_longest_ns > 0 ? stats->wait_longest_ns / 1000000 : 0),
                         (long long)(stats->oldest_message_age_ns > 0 ? stats->oldest_message_age_ns / 1000000 : 0));
    if (stats->capacity >= CHANNELS_SMALL && stats->received >= (uint64_t)CHANNELS_ROUNDS * stats->capacity &&
        stats->depth_max < walk->lints->options.oversized_below * stats->capacity)
        weft__lints_tell(walk, WEFT_LINT_OVERSIZED, 0, stats->id, stats->name,
                         "channel '%s' (%llu) has room for %u, and of %llu messages never held more than %u at a time", stats->name,
                         id, stats->capacity, (unsigned long long)stats->received, stats->depth_max);
    return walk->answer;
}

void weft__lints_channels(struct weft__lints_walk *walk)
{
    if (walk->answer == 0)
        weft_channel_visit(walk->rt, false, channels_visit, walk);
}
