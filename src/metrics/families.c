/* SPDX-License-Identifier: MIT */
#include "metrics/families.h"

#include <stddef.h>

const struct weft__family weft__families[WEFT_METRICS] = {
#define WEFT_METRIC(group, number, name, kind, unit, text)                                                             \
    [WEFT_METRIC_##number] = {WEFT__METRICS_##group, WEFT_METRIC_##kind, name, unit, text},
#include <weft/metrics.def>
};

static const struct {
    uint32_t number;
    const char *name;
} families_aliases[] = {
#define WEFT_METRIC_ALIAS(number, name) {WEFT_METRIC_##number, name},
#include <weft/metrics.def>
};

const char *weft__families_alias(uint32_t number, uint32_t *position)
{
    while (*position < sizeof families_aliases / sizeof families_aliases[0]) {
        const uint32_t i = (*position)++;
        if (families_aliases[i].number == number)
            return families_aliases[i].name;
    }
    return NULL;
}

const char *weft_metric_kind_name(weft_metric_kind kind)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};
    return (unsigned)kind <= WEFT_METRIC_HISTOGRAM ? names[kind] : "?";
}
