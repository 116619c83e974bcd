/* SPDX-License-Identifier: MIT */
/* See segment.h. */
#include "cli/trace/analysis/segment.h"

#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

void segments_fini(struct segments *segments)
{
    struct segment *segment;
    for (size_t at = 0; (segment = map_next(&segments->by_key, &at));) {
        histogram_fini(&segment->polls);
        free(segment);
    }
    map_fini(&segments->by_key);
}

void segments_add(struct segments *segments, uint32_t profile, uint32_t from_line, uint32_t to_line, uint64_t task,
                  int64_t begin_ns, int64_t took_ns)
{
    /* A profile's number has at most 24 bits, a line of code less than 20. */
    const uint64_t key = (uint64_t)profile << 40 | (uint64_t)(from_line & 0xfffff) << 20 | (to_line & 0xfffff);
    struct segment *segment = map_get(&segments->by_key, key);
    if (!segment) {
        if (segments->by_key.count >= SEGMENTS_MAX) {
            segments->folded++;
            return;
        }
        segment = memory_zeroed(1, sizeof *segment);
        segment->profile = profile;
        segment->from_line = from_line;
        segment->to_line = to_line;
        map_put(&segments->by_key, key, segment);
    }
    if (!segment->polls.count || took_ns > segment->polls.max) {
        segment->task = task;
        segment->at_ns = begin_ns;
    }
    histogram_add(&segment->polls, took_ns);
}

int64_t segment_time_above(const struct segment *segment, int64_t ns)
{
    int64_t sum = 0;
    struct histogram_bucket bucket;
    for (size_t at = 0; histogram_next(&segment->polls, &at, &bucket);)
        if (bucket.below > ns)
            duration_add(&sum, duration_times(bucket.from + (bucket.below - bucket.from) / 2, bucket.count));
    return sum < segment->polls.sum ? sum : segment->polls.sum;
}

struct segment_rank {
    struct segment *segment;
    int64_t ns;
};

static int segment_order(const void *left, const void *right)
{
    const struct segment_rank *a = left, *b = right;
    if (a->ns != b->ns)
        return a->ns < b->ns ? 1 : -1;
    if (a->segment->profile != b->segment->profile)
        return a->segment->profile < b->segment->profile ? -1 : 1;
    return (a->segment->to_line > b->segment->to_line) - (a->segment->to_line < b->segment->to_line);
}

struct segment **segments_longer(const struct segments *segments, int64_t ns, size_t *count)
{
    struct segment_rank *ranks = memory_zeroed(segments->by_key.count, sizeof *ranks);
    struct segment *segment;
    size_t n = 0;
    for (size_t at = 0; (segment = map_next(&segments->by_key, &at));)
        if (segment->polls.max >= ns)
            ranks[n++] = (struct segment_rank){segment, segment_time_above(segment, ns)};
    qsort(ranks, n, sizeof *ranks, segment_order);
    struct segment **found = memory_zeroed(n, sizeof(struct segment *));
    for (size_t i = 0; i < n; i++)
        found[i] = ranks[i].segment;
    free(ranks);
    *count = n;
    return found;
}
