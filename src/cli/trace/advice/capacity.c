/* SPDX-License-Identifier: MIT */
/*
 * See capacity.h. A channel that is full for a good part of the time is as long as its capacity whatever that is: its
 * receiver is too slow, and room only makes messages older. One that is full now and then is too small for its bursts:
 * it needs room for what was sent, at the rate at which it was sent, for as long as it was full.
 */
#include "cli/trace/advice/capacity.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/text.h"

#define FULL_SHARE   0.25 /* of the time: then the receiver is what is too slow */
#define ROOM         1.25 /* more than the greatest burst that was seen */
#define WAITS_ITSELF 0.3  /* share of its life: less, and it is no computation that makes it slow */
#define SPARE        0.25 /* of the capacity: what never uses more can be smaller */

enum { CAPACITY_MIN = 16, CAPACITY_WORTH = 64 };

uint64_t capacity_pressure(const struct stream *stream)
{
    return stream->waits + stream->failed + stream->dropped[WEFT_TRACE_drop_reason_NEWEST] +
           stream->dropped[WEFT_TRACE_drop_reason_OLDEST];
}

static uint32_t capacity_round(double wanted)
{
    uint32_t size = CAPACITY_MIN;
    while (size < wanted && size < UINT32_C(1) << 30)
        size *= 2;
    return size;
}

static const char *capacity_receiver(const struct analysis *analysis, const struct stream *stream)
{
    const char *name = analysis_name(analysis, profiles_at(&analysis->profiles, stream->receiver));
    return name ? name : "a thread";
}

static void capacity_slow_receiver(const struct analysis *analysis, const struct stream *stream,
                                   struct capacity *capacity)
{
    char lies[TEXT_DURATION_SIZE], busy[128] = "";
    capacity->verdict = CAPACITY_RECEIVER;
    capacity->recommended = stream->capacity;
    if (capacity->receiver_busy >= 0)
        snprintf(busy, sizeof busy, ", and is busy for %.0f%% of its life%s", capacity->receiver_busy * 100,
                 capacity->receiver_busy < WAITS_ITSELF ? " (so it waits for something itself)" : "");
    const double seconds = (double)(analysis->model.end_ns - analysis->model.begin_ns) / 1e9;
    snprintf(capacity->reason, sizeof capacity->reason,
             "full for %.0f%% of the time: '%s' takes %.0f messages a second%s. No capacity is large enough for that; "
             "more room only makes messages older (half of them lie for %s or more now): make the receiver faster, "
             "or let less in",
             capacity->full_share * 100, capacity_receiver(analysis, stream),
             seconds > 0 ? (double)stream->received / seconds : 0, busy,
             text_duration(lies, histogram_quantile(&stream->residence, 0.5)));
}

static void capacity_bursts(const struct stream *stream, struct capacity *capacity)
{
    const double open_ns = stream->known_ns - stream->full_ns;
    const double rate = open_ns > 0 ? (double)stream->sent / open_ns : 0; /* while there was room */
    const double missed = rate * (double)stream->full_longest_ns;
    char longest[TEXT_DURATION_SIZE];
    double wanted = (stream->capacity + missed) * ROOM;
    if (wanted < stream->capacity + stream->waiting_max)
        wanted = stream->capacity + stream->waiting_max;
    capacity->verdict = CAPACITY_LARGER;
    capacity->recommended = capacity_round(wanted);
    if (capacity->recommended <= stream->capacity)
        capacity->recommended = capacity_round(stream->capacity + 1.0);
    snprintf(
        capacity->reason, sizeof capacity->reason,
        "bursts fill it: full for %.1f%% of the time and for at most %s at once, in which %.0f more would have come "
        "at the rate of the rest; up to %" PRIu32 " senders waited",
        capacity->full_share > 0 ? capacity->full_share * 100 : 0, text_duration(longest, stream->full_longest_ns),
        missed, stream->waiting_max);
}

static void capacity_spare(const struct stream *stream, struct capacity *capacity)
{
    const uint32_t wanted = capacity_round(2.0 * stream->depth_max);
    if (stream->capacity < CAPACITY_WORTH || stream->depth_max > SPARE * stream->capacity ||
        wanted >= stream->capacity) {
        capacity->verdict = CAPACITY_FITS;
        capacity->recommended = stream->capacity;
        snprintf(capacity->reason, sizeof capacity->reason, "at most %" PRIu32 " of %" PRIu32 " were used",
                 stream->depth_max, stream->capacity);
        return;
    }
    const uint64_t saved = (uint64_t)(stream->capacity - wanted) * stream->message_size;
    capacity->verdict = CAPACITY_SMALLER;
    capacity->recommended = wanted;
    snprintf(capacity->reason, sizeof capacity->reason,
             "at most %" PRIu32 " of %" PRIu32 " were used: %" PRIu32
             " leave as much room again, and a receiver that is too "
             "slow is noticed earlier (%" PRIu64 " KiB less per channel)",
             stream->depth_max, stream->capacity, wanted, saved / 1024);
}

struct capacity capacity_of(const struct analysis *analysis, const struct stream *stream)
{
    struct capacity capacity = {.full_share = -1, .near_share = -1, .receiver_busy = -1};
    const struct profile *receiver = profiles_at(&analysis->profiles, stream->receiver);
    if (stream->known_ns > 0 && stream->capacity) {
        capacity.full_share = stream->full_ns / stream->known_ns;
        capacity.near_share = stream->near_ns / stream->known_ns;
    }
    if (receiver && receiver->lived_ns > 0)
        capacity.receiver_busy = (double)receiver->polls.sum / (double)receiver->lived_ns;
    if (!stream->capacity)
        snprintf(capacity.reason, sizeof capacity.reason, "its capacity was not recorded");
    else if (!stream->sent)
        snprintf(capacity.reason, sizeof capacity.reason, "nothing was sent");
    else if (capacity.full_share >= FULL_SHARE && capacity_pressure(stream))
        capacity_slow_receiver(analysis, stream, &capacity);
    else if (capacity_pressure(stream))
        capacity_bursts(stream, &capacity);
    else
        capacity_spare(stream, &capacity);
    return capacity;
}
