/* SPDX-License-Identifier: MIT */
/*
 * How often a value was how large: buckets that are 1/32 of their power of two wide (HdrHistogram's layout), so that a
 * quantile is at most 3.2 % off whatever the range, and memory only for powers that occurred.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_HISTOGRAM_H
#define WEFT_CLI_TRACE_ANALYSIS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_BITS = 5,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_BITS, /* buckets of an octave */
    HISTOGRAM_OCTAVES = 64 - HISTOGRAM_BITS
};

/* All zeroes: empty. */
struct histogram {
    uint64_t count;
    int64_t sum;
    int64_t min; /* exact, like max; meaningless while count is 0 */
    int64_t max;
    uint32_t *octaves[HISTOGRAM_OCTAVES]; /* each HISTOGRAM_STEPS counts, or NULL */
};

void histogram_fini(struct histogram *histogram);

/* A value below 0 counts as 0. */
void histogram_add(struct histogram *histogram, int64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that a share `q` of all values, 0 to 1, does not exceed; 0 of an empty one. */
int64_t histogram_quantile(const struct histogram *histogram, double q);

/* How many values lie in a bucket that begins at or above `value`. */
uint64_t histogram_above(const struct histogram *histogram, int64_t value);

/* For each bucket with something in it, in order: from, below, count. */
struct histogram_bucket {
    int64_t from;
    int64_t below;
    uint64_t count;
};
/* for (size_t at = 0; histogram_next(&histogram, &at, &bucket);) */
int histogram_next(const struct histogram *histogram, size_t *at, struct histogram_bucket *out_bucket);

/*
 * Do the values of `b` tend to be larger than those of `a`? Mann and Whitney's U with the correction for ties (all
 * values of a bucket are tied), by its normal approximation. `effect` is the probability that a value of `b` exceeds
 * one of `a`, ties counting half: 0.5 is no difference. `z` is in standard deviations; 0 if either is empty.
 */
struct histogram_rank {
    double effect;
    double z;
    double p; /* two-sided */
};
struct histogram_rank histogram_compare(const struct histogram *a, const struct histogram *b);

#endif
