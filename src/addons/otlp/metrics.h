/* SPDX-License-Identifier: MIT */
/*
 * All that weft_metrics_visit() tells, as one request of OTLP: counters are cumulative sums that only rise, gauges are gauges,
 * histograms cumulative with their bounds. And what became of the things that the component itself had to send.
 *
 * A cumulative value says since when it has been counted. That is when the component was started, or the telling before
 * the one in which a series appeared. One that has fallen (the counters of channels are of those that live, and one of them has
 * gone) begins anew with the telling before. So the last value and the beginning of each series are remembered, by a hash
 * of its labels; what was not told in one round is forgotten in it.
 *
 * Threads: the exporter.
 */
#ifndef WEFT_OTLP_METRICS_H
#define WEFT_OTLP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "settings.h"

struct weft__otlp_metrics;

struct weft__otlp_metrics *weft__otlp_metrics_create(void); /* NULL: no memory */
void weft__otlp_metrics_destroy(struct weft__otlp_metrics *metrics);

/* The text of a request, to be freed, and how many data points it has. NULL: no memory. */
char *weft__otlp_metrics_tell(struct weft__otlp_metrics *metrics, const struct weft__otlp_pairs *resource, size_t *out_length,
                              uint32_t *out_points);

#endif
