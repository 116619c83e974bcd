/* SPDX-License-Identifier: MIT */
/*
 * The channel monitor: what every channel counts from its creation, its health, and a callback when that changes.
 * Nothing has to be attached; reading it stops no channel.
 */
#ifndef WEFT_MONITOR_H
#define WEFT_MONITOR_H

#include <weft/api.h>
#include <weft/channel.h>
#include <weft/error.h>
#include <weft/types.h>

/* One channel at one moment. An age or a wait is -1 where there is none: unknown is never a number. */
typedef struct weft_channel_stats {
    size_t size; /* set by the caller: sizeof(weft_channel_stats) */
    uint64_t id;
    char name[128];
    char component[64];
    bool internal;
    bool receiver_waiting;
    bool closed; /* it accepts no more messages */
    weft_overflow overflow;
    weft_health health;
    uint32_t capacity;
    uint32_t message_size;
    uint32_t depth;           /* messages queued now, at most capacity */
    uint32_t depth_max;       /* the deepest it has been seen */
    uint32_t reserved;        /* places held by permits */
    uint32_t senders;         /* open handles */
    uint32_t senders_waiting; /* tasks and threads that wait for room now */
    double saturation;        /* depth / capacity, 0 to 1 */
    uint64_t sent;
    uint64_t received;
    uint64_t failed;          /* sends refused: full, closed */
    uint64_t dropped;         /* by overflow, or queued when the receiver closed */
    uint64_t waits;           /* sends that had to wait, counted when they begin to */
    int64_t wait_total_ns;    /* time that finished waits took */
    int64_t wait_longest_ns;  /* how long the first of the waiting senders has waited by now, or -1 */
    int64_t oldest_message_age_ns; /* how long the next message has been queued, or -1; to a millisecond, and up to 49 days */
    uint64_t overflows;       /* sends that found no room: they waited, were refused, or dropped a message */
} weft_channel_stats;

/* A change of a channel's health, as it is told to the callback. */
typedef struct weft_health_change {
    weft_health before;
    weft_health now;
    const weft_channel_stats *stats; /* valid during the call */
} weft_health_change;

typedef void weft_health_fn(void *context, const weft_health_change *change);

/* A value of one metric of one channel; names are those of <weft/metrics.def> behind the prefix. */
typedef struct weft_metric {
    const char *name; /* valid during the call */
    const char *unit; /* "{message}", "s", "1", … as OpenTelemetry spells units */
    const char *help;
    bool monotonic;   /* a counter; otherwise a gauge */
    bool known;       /* false: there is no value now, print none */
    double value;
} weft_metric;

WEFT_BEGIN_DECLS

/**
 * Copy the statistics of the channel behind a sender.
 * @threads any
 * @blocks never (a lock that waiting senders share is held for the copy)
 * @owns out_stats is the caller's, its size field set
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_sender_stats(const weft_sender *sender, weft_channel_stats *out_stats);

/**
 * Copy the statistics of the channel behind a receiver.
 * @threads any
 * @blocks never
 * @owns out_stats is the caller's, its size field set
 * @errors WEFT_EINVAL, WEFT_EPIPE (closed handle), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_receiver_stats(const weft_receiver *receiver, weft_channel_stats *out_stats);

/**
 * Call `visit` with the statistics of every channel of the runtime, without stopping any. The walk ends when visit
 * returns other than 0, and returns that. Channels of machinery (option `internal`) only if `with_internal`.
 * @threads any
 * @blocks never
 * @owns the statistics are valid during the call of visit
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_channel_visit(weft_runtime *rt, bool with_internal,
                                int (*visit)(void *context, const weft_channel_stats *stats), void *context);

/**
 * Call `callback` at each change of a channel's health, on the runtime's monitor thread. NULL removes it.
 * @threads any but the callback itself
 * @blocks the thread, until a callback that is running has returned
 * @owns context is the caller's, and unused once this has returned for another callback
 * @errors WEFT_EINVAL, WEFT_EDEADLK (called from the callback)
 * @since 0.1
 */
WEFT_API int weft_monitor_on_health(weft_runtime *rt, weft_health_fn *callback, void *context);

/**
 * Evaluate every channel now instead of at the next interval.
 * @threads any but the callback itself
 * @blocks the thread, until the callbacks of this evaluation have returned
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EDEADLK (called from the callback)
 * @since 0.1
 */
WEFT_API int weft_monitor_sample(weft_runtime *rt);

/**
 * Other thresholds for every channel of this name, from its next evaluation on; how many there are. 0 is the default, as in
 * weft_channel_options.
 * @threads any
 * @blocks never (a lock that waiting senders share is held for a moment)
 * @owns nothing
 * @errors WEFT_EINVAL (null, thresholds not 0 < degraded <= critical <= 1)
 * @since 0.1
 */
WEFT_API int weft_channel_set_thresholds(weft_runtime *rt, const char *name, double degraded_at, double critical_at);

/**
 * Another interval between evaluations, counted from the last one. 0 is the default, as in weft_runtime_options.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_monitor_set_interval(weft_runtime *rt, uint32_t interval_ms);

/**
 * The channel's metrics by name: "<prefix>.channel.messages.sent" and so on. `prefix` NULL is "weft".
 * @threads any
 * @blocks never
 * @owns the metric is valid during the call of visit
 * @errors WEFT_EINVAL; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_channel_metrics(const weft_channel_stats *stats, const char *prefix,
                                  int (*visit)(void *context, const weft_metric *metric), void *context);

/**
 * "healthy", "degraded", "critical" or "unknown".
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_health_name(weft_health health);

WEFT_END_DECLS

#endif
