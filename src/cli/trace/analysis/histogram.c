/* SPDX-License-Identifier: MIT */
/* See histogram.h. Values below 32 have a bucket each: that is octave 0; octave o holds 2^(o+4) to 2^(o+5). */
#include "cli/trace/analysis/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

void histogram_fini(struct histogram *histogram)
{
    for (size_t i = 0; i < HISTOGRAM_OCTAVES; i++)
        free(histogram->octaves[i]);
    *histogram = (struct histogram){0};
}

static unsigned histogram_octave(uint64_t value)
{
    return value < HISTOGRAM_STEPS ? 0 : (unsigned)(63 - __builtin_clzll(value)) - HISTOGRAM_BITS + 1;
}

static uint64_t histogram_step(uint64_t value, unsigned octave)
{
    return octave ? (value >> (octave - 1)) - HISTOGRAM_STEPS : value;
}

static int64_t histogram_from(size_t index)
{
    const size_t octave = index / HISTOGRAM_STEPS, step = index % HISTOGRAM_STEPS;
    const uint64_t from = octave ? (HISTOGRAM_STEPS + (uint64_t)step) << (octave - 1) : step;
    return from > INT64_MAX ? INT64_MAX : (int64_t)from; /* where the last bucket ends */
}

static uint32_t *histogram_counts(struct histogram *histogram, unsigned octave)
{
    if (!histogram->octaves[octave])
        histogram->octaves[octave] = memory_zeroed(HISTOGRAM_STEPS, sizeof(uint32_t));
    return histogram->octaves[octave];
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    const uint64_t v = value > 0 ? (uint64_t)value : 0;
    const unsigned octave = histogram_octave(v);
    if (!histogram->count || (int64_t)v < histogram->min)
        histogram->min = (int64_t)v;
    if (!histogram->count || (int64_t)v > histogram->max)
        histogram->max = (int64_t)v;
    histogram->count++;
    duration_add(&histogram->sum, (int64_t)v);
    histogram_counts(histogram, octave)[histogram_step(v, octave)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (!from->count)
        return;
    if (!into->count || from->min < into->min)
        into->min = from->min;
    if (!into->count || from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    duration_add(&into->sum, from->sum);
    for (unsigned octave = 0; octave < HISTOGRAM_OCTAVES; octave++)
        for (unsigned step = 0; from->octaves[octave] && step < HISTOGRAM_STEPS; step++)
            histogram_counts(into, octave)[step] += from->octaves[octave][step];
}

int histogram_next(const struct histogram *histogram, size_t *at, struct histogram_bucket *bucket)
{
    for (; *at < (size_t)HISTOGRAM_OCTAVES * HISTOGRAM_STEPS; ++*at) {
        const uint32_t *counts = histogram->octaves[*at / HISTOGRAM_STEPS];
        if (!counts) {
            *at += HISTOGRAM_STEPS - 1; /* one more by the loop */
            continue;
        }
        const uint32_t count = counts[*at % HISTOGRAM_STEPS];
        if (!count)
            continue;
        *bucket = (struct histogram_bucket){histogram_from(*at), histogram_from(*at + 1), count};
        ++*at;
        return 1;
    }
    return 0;
}

int64_t histogram_quantile(const struct histogram *histogram, double q)
{
    if (!histogram->count || q >= 1)
        return histogram->count ? histogram->max : 0;
    double rank = q * (double)histogram->count; /* so many values are at most as large */
    struct histogram_bucket bucket;
    int64_t value = histogram->max;
    for (size_t at = 0; histogram_next(histogram, &at, &bucket);) {
        if (rank <= (double)bucket.count) {
            value = bucket.from + (int64_t)((double)(bucket.below - 1 - bucket.from) * rank / (double)bucket.count);
            break;
        }
        rank -= (double)bucket.count;
    }
    if (value > histogram->max)
        return histogram->max;
    return value < histogram->min ? histogram->min : value;
}

uint64_t histogram_above(const struct histogram *histogram, int64_t value)
{
    uint64_t count = 0;
    struct histogram_bucket bucket;
    for (size_t at = 0; histogram_next(histogram, &at, &bucket);)
        if (bucket.from >= value)
            count += bucket.count;
    return count;
}

struct histogram_rank histogram_compare(const struct histogram *a, const struct histogram *b)
{
    const double n = (double)a->count, m = (double)b->count, all = n + m;
    struct histogram_rank rank = {.effect = 0.5, .p = 1};
    if (!a->count || !b->count)
        return rank;
    double below = 0, u = 0, ties = 0; /* values of a in lower buckets; pairs in which b is larger; t³ - t */
    for (unsigned i = 0; i < HISTOGRAM_OCTAVES * HISTOGRAM_STEPS; i++) {
        const uint32_t *of_a = a->octaves[i / HISTOGRAM_STEPS], *of_b = b->octaves[i / HISTOGRAM_STEPS];
        const double in_a = of_a ? of_a[i % HISTOGRAM_STEPS] : 0, in_b = of_b ? of_b[i % HISTOGRAM_STEPS] : 0;
        const double tied = in_a + in_b;
        u += in_b * (below + in_a / 2);
        ties += tied * tied * tied - tied;
        below += in_a;
    }
    const double variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
    rank.effect = u / (n * m);
    if (variance > 0) {
        rank.z = (u - n * m / 2) / sqrt(variance);
        rank.p = erfc(fabs(rank.z) / sqrt(2));
    }
    return rank;
}
