/* SPDX-License-Identifier: MIT */
/*
 * How durations are spread: a count for each of 58 buckets, whose bounds are 64 ns, 96 ns, 128 ns, 192 ns and so on to 17 s, so
 * that a quantile is told to within a third. Adding is a few instructions; any thread may.
 *
 * A sampled spread stands for more than was measured: a few durations are added (`fresh`), and from time to time they are
 * folded into the sum with the weight that makes their count that of all the things there were meanwhile. So its count is
 * exact, and what is estimated is the shape. One thread folds; any thread copies, and sees no count fall.
 */
#ifndef WEFT_METRICS_SPREAD_H
#define WEFT_METRICS_SPREAD_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/lock.h"

enum { WEFT__SPREAD_FIRST_BIT = 6, WEFT__SPREAD_BOUNDS = 57, WEFT__SPREAD_BUCKETS = WEFT__SPREAD_BOUNDS + 1 };

/* The upper bounds, in seconds; the last bucket has none. */
extern const double weft__spread_bounds[WEFT__SPREAD_BOUNDS];

struct weft__spread {
    _Atomic uint64_t counts[WEFT__SPREAD_BUCKETS];
    _Atomic uint64_t sum_ns;
};

struct weft__spread_copy {
    uint64_t counts[WEFT__SPREAD_BUCKETS];
    uint64_t count;
    double sum_ns;
};

struct weft__sampled {
    struct weft__spread fresh;
    struct weft__lock lock; /* the rest */
    struct weft__spread_copy sum;
    uint64_t from; /* how many things there had been that it does not stand for */
};

static inline unsigned weft__spread_bucket(int64_t ns)
{
    const uint64_t below = ns > 0 ? (uint64_t)ns - 1 : 0; /* a bound belongs to the bucket that it ends */
    if (below >> WEFT__SPREAD_FIRST_BIT == 0)
        return 0;
    const unsigned top = 63 - (unsigned)__builtin_clzll(below);
    const unsigned bucket = 2 * (top - WEFT__SPREAD_FIRST_BIT) + 1 + (unsigned)(below >> (top - 1) & 1);
    return bucket < WEFT__SPREAD_BOUNDS ? bucket : WEFT__SPREAD_BOUNDS;
}

static inline void weft__spread_add(struct weft__spread *spread, int64_t ns)
{
    weft__fetch_add_relaxed(&spread->counts[weft__spread_bucket(ns)], 1); /* statistics */
    weft__fetch_add_relaxed(&spread->sum_ns, ns > 0 ? (uint64_t)ns : 0);
}

/* The same, where one writes at a time: under a lock, or by its owner. */
static inline void weft__spread_note(struct weft__spread *spread, int64_t ns)
{
    _Atomic uint64_t *count = &spread->counts[weft__spread_bucket(ns)];
    weft__store_relaxed(count, weft__load_relaxed(count) + 1); /* statistics */
    weft__store_relaxed(&spread->sum_ns, weft__load_relaxed(&spread->sum_ns) + (ns > 0 ? (uint64_t)ns : 0));
}

/* What one has counted, added to a copy. */
void weft__spread_copy(struct weft__spread *spread, struct weft__spread_copy *out);

/* It begins, or goes on after a pause: so many things there have been, which it does not stand for. */
void weft__sampled_begin(struct weft__sampled *sampled, uint64_t things);

/* So many there have been by now. */
void weft__sampled_fold(struct weft__sampled *sampled, uint64_t things);

/* Added to a copy. */
void weft__sampled_copy(struct weft__sampled *sampled, struct weft__spread_copy *out);

#endif
