/* SPDX-License-Identifier: MIT */
#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The row of a channel, a new one if it has none yet; NULL if there is no room. Under the lock. */
static struct monitor_row *monitor_row(struct monitor *monitor, const weft_channel_stats *stats)
{
    for (size_t i = 0; i < monitor->count; i++)
        if (monitor->rows[i].stats.id == stats->id)
            return &monitor->rows[i];
    if (monitor->count == monitor->capacity)
        return NULL;
    struct monitor_row *row = &monitor->rows[monitor->count++];
    *row = (struct monitor_row){.stats = *stats, .worst = stats->health};
    return row;
}

/* Runs on the runtime's monitor thread, one call at a time. */
static void monitor_health(void *context, const weft_health_change *change)
{
    struct monitor *monitor = context;
    const weft_channel_stats *stats = change->stats;
    fprintf(stderr, "health: channel '%s': %s -> %s (%" PRIu32 " of %" PRIu32 " places in use, %" PRIu32 " senders wait)\n",
            stats->name, weft_health_name(change->before), weft_health_name(change->now), stats->depth, stats->capacity,
            stats->senders_waiting);
    pthread_mutex_lock(&monitor->lock);
    struct monitor_row *row = monitor_row(monitor, stats);
    if (row != NULL && row->worst < change->now)
        row->worst = change->now;
    pthread_mutex_unlock(&monitor->lock);
}

int monitor_start(struct monitor *monitor, weft_runtime *rt, size_t channels)
{
    monitor->rows = calloc(channels, sizeof *monitor->rows);
    if (monitor->rows == NULL)
        return WEFT_ENOMEM;
    monitor->capacity = channels;
    return weft_monitor_on_health(rt, monitor_health, monitor);
}

void monitor_keep(struct monitor *monitor, const weft_receiver *receiver)
{
    weft_channel_stats stats = {.size = sizeof stats};
    if (monitor->rows == NULL || weft_receiver_stats(receiver, &stats) < 0)
        return;
    pthread_mutex_lock(&monitor->lock);
    struct monitor_row *row = monitor_row(monitor, &stats);
    if (row != NULL)
        row->stats = stats;
    pthread_mutex_unlock(&monitor->lock);
}

/* In the order of their creation, whichever ended first. */
static int monitor_compare(const void *a, const void *b)
{
    const struct monitor_row *left = a, *right = b;
    return (left->stats.id > right->stats.id) - (left->stats.id < right->stats.id);
}

void monitor_print(struct monitor *monitor)
{
    if (monitor->rows == NULL)
        return;
    qsort(monitor->rows, monitor->count, sizeof *monitor->rows, monitor_compare);
    fprintf(stderr, "%-14s %-9s %9s %9s %9s %9s %9s %9s %10s %s\n", "channel", "component", "capacity", "depth max",
            "sent", "received", "dropped", "waits", "waited ms", "worst health");
    for (size_t i = 0; i < monitor->count; i++) {
        const weft_channel_stats *row = &monitor->rows[i].stats;
        fprintf(stderr,
                "%-14s %-9s %9" PRIu32 " %9" PRIu32 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %10.1f %s\n",
                row->name, row->component, row->capacity, row->depth_max, row->sent, row->received, row->dropped,
                row->waits, (double)row->wait_total_ns / 1e6, weft_health_name(monitor->rows[i].worst));
    }
}

void monitor_free(struct monitor *monitor)
{
    free(monitor->rows);
}
