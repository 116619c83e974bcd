/* SPDX-License-Identifier: MIT */
/*
 * A value over time in a fixed number of buckets: its mean, weighted by time, and its greatest. When the time grows
 * beyond the last bucket neighbours are joined, so a recording of a minute and one of a day take the same memory.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_SERIES_H
#define WEFT_CLI_TRACE_ANALYSIS_SERIES_H

#include <stdbool.h>
#include <stdint.h>

enum { SERIES_BUCKETS = 128 };

struct series {
    int64_t begin_ns;
    int64_t width_ns;                /* of a bucket; 0: never set */
    int64_t since_ns;                /* since when the value is what it is */
    double value;                    /* below 0: unknown, which counts for no time */
    double integral[SERIES_BUCKETS]; /* value times nanoseconds */
    double known_ns[SERIES_BUCKETS]; /* for how long of the bucket the value was known */
    double max[SERIES_BUCKETS];
};

/* From `begin_ns` on; the value is unknown. */
void series_init(struct series *series, int64_t begin_ns);

/* From `ns` on, not before the last call, the value is this. */
void series_set(struct series *series, int64_t ns, double value);

/* Add `delta` to a value that is known, or to 0. */
void series_change(struct series *series, int64_t ns, double delta);

/* `count` columns from the beginning to `end_ns`: mean and max of each, -1 where nothing is known. */
void series_columns(struct series *series, int64_t end_ns, unsigned count, double *out_mean, double *out_max);

/* The mean from the beginning to `end_ns` over the time in which it was known; -1: never. */
double series_mean(struct series *series, int64_t end_ns);

#endif
