/* SPDX-License-Identifier: MIT */
/* See series.h. */
#include "cli/trace/analysis/series.h"

enum { SERIES_WIDTH_MIN = 10000 }; /* ns: 1.28 ms in all to begin with */

void series_init(struct series *series, int64_t begin_ns)
{
    *series = (struct series){.begin_ns = begin_ns, .width_ns = SERIES_WIDTH_MIN, .since_ns = begin_ns, .value = -1};
}

static void series_fold(struct series *series)
{
    for (int i = 0; i < SERIES_BUCKETS; i++) {
        const int from = 2 * i;
        const bool there = from < SERIES_BUCKETS;
        series->integral[i] = there ? series->integral[from] + series->integral[from + 1] : 0;
        series->known_ns[i] = there ? series->known_ns[from] + series->known_ns[from + 1] : 0;
        series->max[i] = !there                                      ? 0
                         : series->max[from] > series->max[from + 1] ? series->max[from]
                                                                     : series->max[from + 1];
    }
    series->width_ns *= 2;
}

/* What the value was from `since_ns` to `ns`. */
static void series_advance(struct series *series, int64_t ns)
{
    while ((ns - series->begin_ns) / series->width_ns >= SERIES_BUCKETS)
        series_fold(series);
    while (series->since_ns < ns) {
        const int64_t bucket = (series->since_ns - series->begin_ns) / series->width_ns;
        const int64_t left = series->width_ns - (series->since_ns - series->begin_ns) % series->width_ns;
        const int64_t until = ns - series->since_ns > left ? series->since_ns + left : ns;
        if (series->value >= 0) {
            const double took = (double)(until - series->since_ns);
            series->integral[bucket] += series->value * took;
            series->known_ns[bucket] += took;
            if (series->value > series->max[bucket])
                series->max[bucket] = series->value;
        }
        series->since_ns = until;
    }
}

void series_set(struct series *series, int64_t ns, double value)
{
    series_advance(series, ns);
    series->value = value;
    const int64_t bucket = (series->since_ns - series->begin_ns) / series->width_ns;
    if (value > series->max[bucket]) /* also a value of no duration was there */
        series->max[bucket] = value;
}

void series_change(struct series *series, int64_t ns, double delta)
{
    const double value = (series->value > 0 ? series->value : 0) + delta;
    series_set(series, ns, value > 0 ? value : 0);
}

void series_columns(struct series *series, int64_t end_ns, unsigned count, double *out_mean, double *out_max)
{
    if (end_ns > series->since_ns)
        series_advance(series, end_ns);
    const int64_t used = (series->since_ns - series->begin_ns + series->width_ns - 1) / series->width_ns;
    for (unsigned column = 0; column < count; column++) {
        int64_t from = column * used / count, below = (column + 1) * used / count;
        double integral = 0, known = 0, max = 0;
        for (int64_t i = from; i < (below > from ? below : from + 1) && i < SERIES_BUCKETS; i++) {
            integral += series->integral[i];
            known += series->known_ns[i];
            max = series->max[i] > max ? series->max[i] : max;
        }
        out_mean[column] = known > 0 ? integral / known : -1;
        out_max[column] = known > 0 ? max : -1;
    }
}

double series_mean(struct series *series, int64_t end_ns)
{
    if (end_ns > series->since_ns)
        series_advance(series, end_ns);
    double integral = 0, known = 0;
    for (int i = 0; i < SERIES_BUCKETS; i++) {
        integral += series->integral[i];
        known += series->known_ns[i];
    }
    return known > 0 ? integral / known : -1;
}
