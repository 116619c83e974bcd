/* SPDX-License-Identifier: MIT */
#include "monitor/metrics.h"

#include <stdio.h>
#include <weft/error.h>

#include "base/error.h"

bool weft__channel_value(const weft_channel_stats *s, uint32_t number, struct weft__value *out_value)
{
    switch (number) {
#define VALUE(name, what)                                                                                              \
    case WEFT_METRIC_channel_##name:                                                                                   \
        *out_value = (what);                                                                                           \
        return true;
        VALUE(messages_sent, weft__value_count(s->sent))
        VALUE(messages_received, weft__value_count(s->received))
        VALUE(messages_dropped, weft__value_count(s->dropped))
        VALUE(messages_failed, weft__value_count(s->failed))
        VALUE(overflows, weft__value_count(s->overflows))
        VALUE(waits, weft__value_count(s->waits))
        VALUE(send_wait_time, weft__value_time(s->wait_total_ns))
        VALUE(depth, weft__value_count(s->depth))
        VALUE(depth_max, weft__value_count(s->depth_max))
        VALUE(capacity, weft__value_count(s->capacity))
        VALUE(saturation, weft__value_ratio(s->saturation))
        VALUE(health_status, weft__value_whole(s->health))
        VALUE(senders, weft__value_count(s->senders))
        VALUE(senders_waiting, weft__value_count(s->senders_waiting))
        VALUE(oldest_message_age, weft__value_time(s->oldest_message_age_ns))
#undef VALUE
    default:
        return false;
    }
}

int weft_channel_metrics(const weft_channel_stats *stats, const char *prefix,
                         int (*visit)(void *context, const weft_metric *metric), void *context)
{
    if (!stats || !visit || stats->size < sizeof *stats)
        return weft__refuse(WEFT_EINVAL, "weft_channel_metrics: give statistics whose size is set, and a function");
    for (uint32_t number = 0; number < WEFT_METRICS; number++) {
        struct weft__value value;
        if (!weft__channel_value(stats, number, &value))
            continue;
        const struct weft__family *family = &weft__families[number];
        char name[256];
        snprintf(name, sizeof name, "%s.%s", prefix ? prefix : "weft", family->name);
        const int answer = visit(context, &(weft_metric){.name = name,
                                                         .unit = family->unit,
                                                         .help = family->help,
                                                         .monotonic = family->kind == WEFT_METRIC_COUNTER,
                                                         .known = value.known,
                                                         .value = value.value});
        if (answer != 0)
            return answer;
    }
    return 0;
}
