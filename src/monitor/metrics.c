/* SPDX-License-Identifier: MIT */
/* The metrics of a channel, stamped from <weft/metrics.def>. */
#include <stdio.h>
#include <weft/error.h>
#include <weft/monitor.h>

#include "base/error.h"

int weft_channel_metrics(const weft_channel_stats *stats, const char *prefix,
                         int (*visit)(void *context, const weft_metric *metric), void *context)
{
    if (!stats || !visit || stats->size < sizeof *stats)
        return weft__refuse(WEFT_EINVAL, "weft_channel_metrics: give statistics whose size is set, and a function");
    const weft_channel_stats *s = stats;
    enum { gauge, counter };
    char name[256];
    int answer;
#define XX(metric, kind, metric_unit, text, is_known, number)                                                          \
    snprintf(name, sizeof name, "%s.channel." metric, prefix ? prefix : "weft");                                       \
    answer = visit(context, &(weft_metric){.name = name,                                                               \
                                           .unit = (metric_unit),                                                      \
                                           .help = (text),                                                             \
                                           .monotonic = (kind) == counter,                                             \
                                           .known = (is_known),                                                        \
                                           .value = (number)});                                                        \
    if (answer != 0)                                                                                                   \
        return answer;
#include <weft/metrics.def>
#undef XX
    return 0;
}
