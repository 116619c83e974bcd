/* SPDX-License-Identifier: MIT */
/*
 * The thread that sends. It takes what has ended, in batches, asks for metrics when their time has come, and has one request
 * of each signal under way at most. While one is, or its next attempt is waited for, what is younger waits in the queue.
 *
 *     IDLE  ──batch is full, or has waited long enough──►  SENDING  ──2xx──►  IDLE
 *                                                          │    ▲  └─refused, or tried often enough──►  IDLE, given up
 *                              429, 502, 503, 504, nothing ▼    │ later, by Retry-After or ever longer
 *                                                          PAUSING
 *
 * Who touches what: the thread everything; others the words of `flush` and `stop`, and `error` under its lock.
 * Edges: OX-R1 -> OX-A1   stop, and its deadline.
 *        OX-R2 -> OX-A2   a flush has been done.
 */
#ifndef WEFT_OTLP_EXPORTER_H
#define WEFT_OTLP_EXPORTER_H

#include <pthread.h>

#include "base/lock.h"
#include "base/rng.h"
#include "live.h"
#include "metrics.h"
#include "post.h"
#include "suspicions.h"

struct weft__otlp_lane {
    enum { WEFT__OTLP_IDLE, WEFT__OTLP_SENDING, WEFT__OTLP_PAUSING } state;
    struct weft__otlp_node *waiting; /* taken from the queue, the oldest first */
    struct weft__otlp_node *batch;   /* those of them that are being sent */
    uint32_t waiting_count, batch_count;
    int64_t since;                   /* when something was seen to wait; 0: nothing was. Of metrics: when they were told last */
    char *body;
    size_t length;
    uint32_t items;                  /* spans, records or data points in it */
    uint32_t attempts;
    int64_t again;                   /* PAUSING: until then */
    uint64_t gone;                   /* things that were done with, in whatever way; of metrics: requests */
    uint64_t flush_until;            /* a flush is over when so many have */
};

struct weft__otlp_exporter {
    const struct weft__otlp_settings *settings;
    struct weft__otlp_poster *poster;
    struct weft__otlp_lane lanes[WEFT__OTLP_SIGNALS];
    struct weft__otlp_metrics *metrics;
    struct weft__otlp_suspicions suspicions;
    struct weft__rng rng;
    pthread_t thread;
    _Atomic uint32_t flush_wanted, flush_done; /* numbers of flushes */
    uint32_t flush_begun;                      /* the one that is being done */
    bool hurry; /* then nobody waits for a batch to fill, and metrics are told as the flush wants them, not by the clock */
    bool whole; /* the thread left because all had gone, not for the deadline; read after the join */
    _Atomic uint32_t stop;
    _Atomic int64_t stop_deadline;
    struct weft__lock lock;
    char error[256];
};

/* 0, WEFT_ENOMEM, or why there is no thread. The settings stay. */
int weft__otlp_exporter_start(struct weft__otlp_exporter **out, const struct weft__otlp_settings *settings);

/* Wait for what there is to be sent. 0 or WEFT_ETIMEDOUT. */
int weft__otlp_exporter_flush(struct weft__otlp_exporter *exporter, int64_t deadline_ns);

/* The same, then the end of it. The queues are shut. Whether nothing was lost. */
bool weft__otlp_exporter_stop(struct weft__otlp_exporter *exporter, int64_t deadline_ns);

void weft__otlp_exporter_error(struct weft__otlp_exporter *exporter, char *out, size_t room);

#endif
