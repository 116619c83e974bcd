/* SPDX-License-Identifier: MIT */
/* The metrics of a channel, from its statistics. */
#ifndef WEFT_MONITOR_METRICS_H
#define WEFT_MONITOR_METRICS_H

#include <weft/monitor.h>

#include "metrics/families.h"

/* The value of a family; false: it is none that the statistics of a channel tell. */
bool weft__channel_value(const weft_channel_stats *stats, uint32_t number, struct weft__value *out_value);

#endif
