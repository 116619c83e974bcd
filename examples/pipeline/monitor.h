/* SPDX-License-Identifier: MIT */
/*
 * What --stats prints: the changes of health as they happen, and at the end one row per channel with its worst health. A
 * channel is gone when its last handle is closed, so each receiver leaves a copy of its statistics here before it closes.
 */
#ifndef PIPELINE_MONITOR_H
#define PIPELINE_MONITOR_H

#include <pthread.h>
#include <weft.h>

struct monitor_row {
    weft_channel_stats stats;
    weft_health worst;
};

struct monitor {
    pthread_mutex_t lock; /* tasks and the runtime's monitor thread write rows */
    struct monitor_row *rows; /* NULL: nothing is kept */
    size_t count, capacity;
};

/* Keep up to `channels` rows and print changes of health. 0 or a negative code. */
int monitor_start(struct monitor *monitor, weft_runtime *rt, size_t channels);

/* Called by a receiver's task when it has received the last message. */
void monitor_keep(struct monitor *monitor, const weft_receiver *receiver);

void monitor_print(struct monitor *monitor);
void monitor_free(struct monitor *monitor);

#endif
