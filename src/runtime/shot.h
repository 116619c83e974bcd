/* SPDX-License-Identifier: MIT */
/*
 * A runtime at one moment, as its metrics need it: copied object by object, without stopping any. What has a name is
 * gathered by it (metrics/rows.h), so a shot is bounded whatever lives.
 */
#ifndef WEFT_RUNTIME_SHOT_H
#define WEFT_RUNTIME_SHOT_H

#include <weft/blocking.h>
#include <weft/monitor.h>
#include <weft/runtime.h>
#include <weft/sync.h>

#include "io/descriptor.h"
#include "metrics/ledger.h"
#include "metrics/rows.h"
#include "metrics/spread.h"
#include "task/census.h"

struct weft__shot_worker {
    uint64_t polls;
    int64_t busy_ns;
    int64_t poll_age_ns; /* -1: it polls nothing */
    uint64_t long_polls;
    uint64_t naps;
    uint64_t parks;
    bool parked;
    uint64_t steals;
    uint64_t stolen;
    uint64_t overflows;
    uint64_t queued;
};

struct weft__shot_channel {
    struct weft__row row; /* first */
    uint64_t count;
    struct weft__coarse_copy waits; /* these two also of those that are gone; of none that lives, count is 0 */
    struct weft__coarse_copy stays;
    weft_channel_stats sum; /* of those of the name: sums; the greatest depth, saturation and age, the worst health */
};

struct weft__shot_sync {
    struct weft__row row; /* first; its kind is the weft_sync_kind */
    uint64_t count;
    uint64_t permits;
    uint64_t permits_max;
    uint64_t waiting;
    uint64_t waits;
    int64_t wait_total_ns;
    int64_t wait_longest_ns;
    struct weft__coarse_copy wait; /* also at those that are gone */
};

struct weft__shot_timers {
    uint64_t pending;
    uint64_t fired;
    uint64_t cancelled;
    struct weft__spread_copy lateness;
};

struct weft__shot_io {
    struct weft__io_totals totals[WEFT__IO_KINDS]; /* these three by kind */
    uint64_t descriptors[WEFT__IO_KINDS];
    uint64_t waiting[WEFT__IO_KINDS];
};

struct weft__shot {
    struct weft__shot *next;
    bool whole; /* the runtime lived until the end of it */
    char name[128];
    char number[12];
    weft_runtime_stats runtime;
    uint64_t spawned_as[WEFT__NAMES_PLACES]; /* by the number of the name */
    bool counted; /* there was a census */
    struct weft__census_counts live;
    bool measured; /* the two below tell something */
    struct weft__spread_copy poll_time;
    struct weft__spread_copy wake_latency;
    weft_blocking_stats blocking;
    struct weft__spread_copy blocking_wait;
    struct weft__spread_copy blocking_run;
    struct weft__shot_timers timers;
    struct weft__shot_io io;
    struct weft__rows channels;
    struct weft__rows sync;
    uint32_t worker_count;
    struct weft__shot_worker workers[];
};

/* Take one of a runtime that is held. NULL: no memory. */
struct weft__shot *weft__shot_take(weft_runtime *rt);
void weft__shot_free(struct weft__shot *shot);

#endif
