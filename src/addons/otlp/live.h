/* SPDX-License-Identifier: MIT */
/*
 * What all threads see of the component: what is to be recorded, and where what has ended waits to be sent. It is static, so
 * that a span that ends when the component is being stopped finds it: then the queues are shut, and take nothing.
 *
 *     queue    a list whose head anybody pushes to by a compare-and-swap, and that the exporter takes as a whole
 *
 * Who touches what: policy and limits are written before `open` is, and read by anybody; counters by anybody. relaxed,
 * but for what leads to the things themselves.
 * Edges: OQ-R1 -> OQ-A1   a thing is pushed when it is complete.
 *        OQ-R2 -> OQ-A2   the policy is complete when the queue is opened.
 * Progress: a push can make another repeat its swap; nobody waits.
 */
#ifndef WEFT_OTLP_LIVE_H
#define WEFT_OTLP_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "settings.h"

/* A thing that waits begins with it. */
struct weft__otlp_node {
    struct weft__otlp_node *next;
};

struct weft__otlp_tally {
    _Atomic uint64_t exported, dropped, failed, rejected, requests, retries;
};

struct weft__otlp_queue {
    _Atomic(struct weft__otlp_node *) head; /* the youngest first */
    _Atomic uint32_t count;                 /* with those that the exporter has taken and not sent */
    _Atomic uint32_t open;
    _Atomic uint32_t limit;
    _Atomic uint32_t batch;
    struct weft__otlp_tally tally;
};

extern struct weft__otlp_queue weft__otlp_queues[WEFT__OTLP_SIGNALS];

struct weft__otlp_policy {
    _Atomic uint32_t tasks; /* weft_otlp_tasks */
    _Atomic uint32_t sampler;
    _Atomic uint32_t parent_based;
    _Atomic uint64_t ratio; /* a trace is sampled if the lower half of its id is below this, twice */
    _Atomic uint32_t propagates;
};

extern struct weft__otlp_policy weft__otlp_policy;

static inline bool weft__otlp_is_open(enum weft__otlp_signal signal)
{
    return weft__load_acquire(&weft__otlp_queues[signal].open) != 0; /* OQ-A2 */
}

/* Something is lost. */
void weft__otlp_dropped(enum weft__otlp_signal signal);

/* Put a thing into its queue. False: it is full or shut, and the thing is the caller's. */
bool weft__otlp_push(enum weft__otlp_signal signal, struct weft__otlp_node *node);

/* The exporter: all that is there, the oldest first; it counts until weft__otlp_gone(). */
struct weft__otlp_node *weft__otlp_take(enum weft__otlp_signal signal);
void weft__otlp_gone(enum weft__otlp_signal signal, uint32_t count);

/* A new beginning of what is recorded: of the settings. Nothing is open. */
void weft__otlp_live_begin(const struct weft__otlp_settings *settings);

/* Nothing is taken any more. */
void weft__otlp_live_end(void);

/* The exporter sleeps; end that, or its next sleep. Any thread. */
void weft__otlp_rouse(void);
void weft__otlp_sleep(int64_t deadline_ns);

/* An id that nobody has, and no zero. */
void weft__otlp_new_id(uint8_t *out, uint32_t size);

/* The child of a fork: nothing is open, and ids are others than the parent's. */
void weft__otlp_live_in_child(void);

/* Now, as OTLP has times: nanoseconds since 1970. */
uint64_t weft__otlp_unix_ns(void);

#endif
