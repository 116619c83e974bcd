/* SPDX-License-Identifier: MIT */
/* The families of metrics as a table, stamped from <weft/metrics.def>, and what one value of one of them is. */
#ifndef WEFT_METRICS_FAMILIES_H
#define WEFT_METRICS_FAMILIES_H

#include <weft/metrics.h>

enum weft__metric_group {
#define WEFT_METRIC_GROUP(group, labels, text) WEFT__METRICS_##group,
#include <weft/metrics.def>
};

struct weft__family {
    enum weft__metric_group group;
    weft_metric_kind kind;
    const char *name; /* without the prefix */
    const char *unit;
    const char *help;
};

/* By number. */
extern const struct weft__family weft__families[WEFT_METRICS];

/* The next alias of a family from *position on, NULL at the end; *position moves behind it. */
const char *weft__families_alias(uint32_t number, uint32_t *position);

/* A value that is told. Unknown if nothing was set. */
struct weft__value {
    bool known;
    bool whole;
    double value;
    int64_t exact;
};

static inline struct weft__value weft__value_count(uint64_t count)
{
    return (struct weft__value){true, true, (double)count, (int64_t)count};
}
static inline struct weft__value weft__value_whole(int64_t number)
{
    return (struct weft__value){true, true, (double)number, number};
}
static inline struct weft__value weft__value_ratio(double value)
{
    return (struct weft__value){.known = true, .value = value};
}
/* A time in seconds; of one that is negative it is said that there is none. */
static inline struct weft__value weft__value_time(int64_t ns)
{
    return (struct weft__value){.known = ns >= 0, .value = ns >= 0 ? (double)ns / 1e9 : 0};
}

#endif
