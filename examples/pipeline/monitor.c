/* SPDX-License-Identifier: MIT */
#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs on the runtime's monitor thread, at most one call at a time. */
static void monitor_health(void *context, const weft_health_change *change)
{
    (void)context;
    if (change->before == WEFT_HEALTH_UNKNOWN && change->now == WEFT_HEALTHY)
        return; /* the first look at a channel: no news */
    fprintf(stderr, "health: channel '%s': %s -> %s (%" PRIu32 " of %" PRIu32 " places in use, %" PRIu32 " senders wait)\n",
            change->stats->name, weft_health_name(change->before), weft_health_name(change->now), change->stats->depth,
            change->stats->capacity, change->stats->senders_waiting);
}

int monitor_start(struct monitor *monitor, weft_runtime *rt, size_t channels)
{
    monitor->rows = calloc(channels, sizeof *monitor->rows);
    if (monitor->rows == NULL)
        return WEFT_ENOMEM;
    monitor->capacity = channels;
    return weft_monitor_on_health(rt, monitor_health, NULL);
}

void monitor_keep(struct monitor *monitor, const weft_receiver *receiver)
{
    weft_channel_stats stats = {.size = sizeof stats};
    if (monitor->rows == NULL || weft_receiver_stats(receiver, &stats) < 0)
        return;
    pthread_mutex_lock(&monitor->lock);
    if (monitor->count < monitor->capacity)
        monitor->rows[monitor->count++] = stats;
    pthread_mutex_unlock(&monitor->lock);
}

/* In the order of their creation, whichever ended first. */
static int monitor_compare(const void *a, const void *b)
{
    const weft_channel_stats *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

void monitor_print(struct monitor *monitor)
{
    if (monitor->rows == NULL)
        return;
    qsort(monitor->rows, monitor->count, sizeof *monitor->rows, monitor_compare);
    fprintf(stderr, "%-16s %-10s %9s %9s %9s %9s %9s %9s %10s %s\n", "channel", "component", "capacity", "depth max",
            "sent", "received", "dropped", "waits", "waited ms", "health");
    for (size_t i = 0; i < monitor->count; i++) {
        const weft_channel_stats *row = &monitor->rows[i];
        fprintf(stderr,
                "%-16s %-10s %9" PRIu32 " %9" PRIu32 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %10.1f %s\n",
                row->name, row->component, row->capacity, row->depth_max, row->sent, row->received, row->dropped,
                row->waits, (double)row->wait_total_ns / 1e6, weft_health_name(row->health));
    }
}

void monitor_free(struct monitor *monitor)
{
    free(monitor->rows);
}
