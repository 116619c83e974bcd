/* SPDX-License-Identifier: MIT */
#include "metrics/spread.h"

#define OCTAVE(n) 64e-9 * (UINT64_C(1) << (n)), 96e-9 * (UINT64_C(1) << (n))
const double weft__spread_bounds[WEFT__SPREAD_BOUNDS] = {
    OCTAVE(0),  OCTAVE(1),  OCTAVE(2),  OCTAVE(3),  OCTAVE(4),  OCTAVE(5),  OCTAVE(6),  OCTAVE(7),
    OCTAVE(8),  OCTAVE(9),  OCTAVE(10), OCTAVE(11), OCTAVE(12), OCTAVE(13), OCTAVE(14), OCTAVE(15),
    OCTAVE(16), OCTAVE(17), OCTAVE(18), OCTAVE(19), OCTAVE(20), OCTAVE(21), OCTAVE(22), OCTAVE(23),
    OCTAVE(24), OCTAVE(25), OCTAVE(26), OCTAVE(27), 64e-9 * (UINT64_C(1) << 28),
};

void weft__spread_copy(struct weft__spread *spread, struct weft__spread_copy *out)
{
    for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++) {
        const uint64_t count = weft__load_relaxed(&spread->counts[i]); /* statistics */
        out->counts[i] += count;
        out->count += count;
    }
    out->sum_ns += (double)weft__load_relaxed(&spread->sum_ns);
}

/* What was added since the last time, taken out. Under the lock: nobody else takes. */
static void spread_drain(struct weft__spread *spread, struct weft__spread_copy *out)
{
    *out = (struct weft__spread_copy){.count = 0};
    for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++) {
        if (weft__load_relaxed(&spread->counts[i]) == 0)
            continue;
        out->counts[i] = weft__exchange_relaxed(&spread->counts[i], 0); /* statistics */
        out->count += out->counts[i];
    }
    if (out->count > 0)
        out->sum_ns = (double)weft__exchange_relaxed(&spread->sum_ns, 0);
}

void weft__sampled_begin(struct weft__sampled *sampled, uint64_t things)
{
    weft__lock(&sampled->lock);
    sampled->from = things - sampled->sum.count;
    weft__unlock(&sampled->lock);
}

/* Each bucket's share of `things`; the shares are whole together. */
static void spread_scale(struct weft__spread_copy *spread, uint64_t things)
{
    const uint64_t each = things / spread->count, more = things % spread->count;
    uint64_t left = 0;
    for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++) {
        const uint64_t count = spread->counts[i];
        left += count * more;
        spread->counts[i] = count * each + left / spread->count;
        left %= spread->count;
    }
    spread->sum_ns *= (double)things / (double)spread->count;
    spread->count = things;
}

void weft__sampled_fold(struct weft__sampled *sampled, uint64_t things)
{
    struct weft__spread_copy fresh;
    weft__lock(&sampled->lock);
    spread_drain(&sampled->fresh, &fresh);
    const int64_t owed = (int64_t)(things - sampled->from - sampled->sum.count);
    if (fresh.count > 0 && owed > (int64_t)fresh.count) /* less: what was measured is counted in a moment */
        spread_scale(&fresh, (uint64_t)owed);
    for (int i = 0; i < WEFT__SPREAD_BUCKETS && fresh.count > 0; i++)
        sampled->sum.counts[i] += fresh.counts[i];
    sampled->sum.count += fresh.count;
    sampled->sum.sum_ns += fresh.sum_ns;
    weft__unlock(&sampled->lock);
}

void weft__sampled_copy(struct weft__sampled *sampled, struct weft__spread_copy *out)
{
    weft__lock(&sampled->lock);
    for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++)
        out->counts[i] += sampled->sum.counts[i];
    out->count += sampled->sum.count;
    out->sum_ns += sampled->sum.sum_ns;
    weft__spread_copy(&sampled->fresh, out);
    weft__unlock(&sampled->lock);
}
