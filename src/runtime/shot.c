/* SPDX-License-Identifier: MIT */
#include "runtime/shot.h"

#include <stdio.h>
#include <weft/metrics.h>

#include "base/platform.h"
#include "blocking/pool.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "sync/meeting.h"
#include "timer/timer.h"

/* critical, degraded, unknown, healthy: one that was not evaluated is not well. */
static int shot_severity(weft_health health)
{
    return health == WEFT_HEALTHY ? 0 : health == WEFT_HEALTH_UNKNOWN ? 1 : health == WEFT_DEGRADED ? 2 : 3;
}

static void shot_add_channel(weft_channel_stats *sum, const weft_channel_stats *one, bool first)
{
    if (first) {
        *sum = *one;
        return;
    }
    sum->capacity += one->capacity;
    sum->depth += one->depth;
    sum->senders += one->senders;
    sum->senders_waiting += one->senders_waiting;
    sum->sent += one->sent;
    sum->received += one->received;
    sum->failed += one->failed;
    sum->dropped += one->dropped;
    sum->overflows += one->overflows;
    sum->waits += one->waits;
    sum->wait_total_ns += one->wait_total_ns;
    if (one->depth_max > sum->depth_max)
        sum->depth_max = one->depth_max;
    if (one->saturation > sum->saturation)
        sum->saturation = one->saturation;
    if (one->oldest_message_age_ns > sum->oldest_message_age_ns)
        sum->oldest_message_age_ns = one->oldest_message_age_ns;
    if (shot_severity(one->health) > shot_severity(sum->health))
        sum->health = one->health;
}

static int shot_see_channel(void *context, const weft_channel_stats *stats)
{
    struct weft__shot *shot = context;
    struct weft__shot_channel *channel = weft__rows_take(&shot->channels, stats->name, stats->component, 0);
    shot_add_channel(&channel->sum, stats, channel->count++ == 0);
    return 0;
}

static int shot_see_sync(void *context, const weft_sync_stats *stats)
{
    struct weft__shot *shot = context;
    struct weft__shot_sync *sync = weft__rows_take(&shot->sync, stats->name, stats->component, (uint32_t)stats->kind);
    if (sync->count++ == 0)
        sync->wait_longest_ns = -1;
    sync->permits += stats->permits;
    sync->permits_max += stats->permits_max;
    sync->waiting += stats->waiting;
    sync->waits += stats->waits;
    sync->wait_total_ns += stats->wait_total_ns;
    if (stats->wait_longest_ns > sync->wait_longest_ns)
        sync->wait_longest_ns = stats->wait_longest_ns;
    return 0;
}

static void shot_see_channel_row(void *context, struct weft__ledger_row *row)
{
    struct weft__rows *rows = &((struct weft__shot *)context)->channels;
    struct weft__shot_channel *channel = row->row.kind == UINT32_MAX
                                             ? weft__rows_take_other(rows)
                                             : weft__rows_take(rows, row->row.name, row->row.component, row->row.kind);
    weft__coarse_copy(&row->waits, &channel->waits);
    weft__coarse_copy(&row->stays, &channel->stays);
}

static void shot_see_sync_row(void *context, struct weft__ledger_row *row)
{
    struct weft__rows *rows = &((struct weft__shot *)context)->sync;
    struct weft__shot_sync *sync = row->row.kind == UINT32_MAX
                                       ? weft__rows_take_other(rows)
                                       : weft__rows_take(rows, row->row.name, row->row.component, row->row.kind);
    weft__coarse_copy(&row->waits, &sync->wait);
}

static void shot_copy_worker(struct weft__worker *worker, struct weft__shot_worker *out)
{
    out->polls = weft__counter_read(&worker->thread.polls);
    out->busy_ns = weft__worker_busy(worker);
    out->poll_age_ns = weft__worker_poll_age(worker, weft__realm_now(worker->sched->env.realm));
    out->long_polls = weft__counter_read(&worker->long_polls);
    out->steals = weft__counter_read(&worker->steals);
    out->stolen = weft__counter_read(&worker->stolen);
    out->overflows = weft__counter_read(&worker->overflows);
    out->naps = weft__counter_read(&worker->naps);
    const uint64_t unparks = weft__counter_read(&worker->unparks); /* before the other: it is never seen to be greater */
    out->parks = weft__counter_read(&worker->parks);
    out->parked = worker->sched->env.drive ? weft__idle_sleepers(&worker->sched->idle) > 0 : out->parks > unparks;
    out->queued = weft__runqueue_length(&worker->ring) + (weft__load_relaxed(&worker->next) != NULL); /* a number to show */
}

/* What fired or was cancelled first, then what was armed: there are never less than none. */
static void shot_timers(weft_runtime *rt, struct weft__shot_timers *out)
{
    for (uint32_t i = 0; i < rt->sched.worker_count; i++) {
        struct weft__timers *timers = weft__timers_of(rt->timers, i);
        const uint64_t fired = weft__counter_read(&timers->fired), cancelled = weft__counter_read(&timers->cancelled);
        out->fired += fired;
        out->cancelled += cancelled;
        out->pending += weft__counter_read(&timers->armed) - fired - cancelled;
        weft__spread_copy(&timers->lateness, &out->lateness);
    }
}

static int shot_see_fd(void *context, const weft_fd_stats *stats)
{
    struct weft__shot_io *io = context;
    io->descriptors[stats->kind]++;
    io->waiting[stats->kind] += stats->waiting;
    return 0;
}

/* Live ones first: no name is seen to have more of them than there were spawned. */
static void shot_tasks(weft_runtime *rt, struct weft__shot *shot)
{
    struct weft__sched *sched = &rt->sched;
    shot->counted = weft__census_take(&rt->census, &sched->env, &shot->live);
    const uint32_t last = weft__names_count();
    for (uint32_t number = 1; number < WEFT__NAMES_PLACES; number++) {
        if (number > last && number != WEFT__NAMES_OTHER)
            continue;
        shot->spawned_as[number] = weft__load_relaxed(&sched->env.foreign_spawned_as[number]); /* a statistic */
        for (uint32_t i = 0; i < sched->worker_count; i++)
            shot->spawned_as[number] += weft__counter_read(&sched->workers[i].thread.spawned_as[number]);
    }
}

/* What is measured, and that somebody asked for it. */
static void shot_measured(weft_runtime *rt, struct weft__shot *shot)
{
    weft__measure_ask(&rt->measure, weft__realm_now(rt->sched.env.realm));
    shot->measured = weft__load_relaxed(&rt->measure.begun);
    weft__sampled_copy(&rt->measure.polls, &shot->poll_time);
    weft__sampled_copy(&rt->measure.wakes, &shot->wake_latency);
}

struct weft__shot *weft__shot_take(weft_runtime *rt)
{
    const uint32_t workers = rt->sched.worker_count;
    struct weft__shot *shot = weft__alloc_zeroed(1, sizeof *shot + workers * sizeof shot->workers[0]);
    if (!shot)
        return NULL;
    if (!weft__rows_init(&shot->channels, WEFT_METRIC_ROWS_MAX, sizeof(struct weft__shot_channel)) ||
        !weft__rows_init(&shot->sync, WEFT_METRIC_ROWS_MAX, sizeof(struct weft__shot_sync))) {
        weft__shot_free(shot);
        return NULL;
    }
    weft__rows_copy_name(shot->name, sizeof shot->name, rt->name);
    snprintf(shot->number, sizeof shot->number, "%u", rt->sched.env.number);
    shot->worker_count = workers;
    shot->runtime.size = sizeof shot->runtime;
    shot->blocking.size = sizeof shot->blocking;
    shot_tasks(rt, shot);
    shot_measured(rt, shot); /* before the totals, which they are never seen to exceed */
    weft_runtime_stats_get(rt, &shot->runtime);
    weft_blocking_stats_get(rt, &shot->blocking);
    for (uint32_t i = 0; i < workers; i++)
        shot_copy_worker(&rt->sched.workers[i], &shot->workers[i]);
    weft__spread_copy(&rt->sched.env.blocking->waited, &shot->blocking_wait);
    weft__spread_copy(&rt->sched.env.blocking->ran, &shot->blocking_run);
    shot_timers(rt, &shot->timers);
    weft__io_totals(rt->sched.env.io, shot->io.totals);
    weft_fd_visit(rt, shot_see_fd, &shot->io);
    weft_channel_visit(rt, false, shot_see_channel, shot);
    weft_sync_visit(rt, shot_see_sync, shot);
    weft__ledger_walk(&rt->sched.env.channels->ledger, shot_see_channel_row, shot); /* rows that live were taken first */
    weft__ledger_walk(&rt->sched.env.sync->ledger, shot_see_sync_row, shot);
    shot->whole = weft__runtimes_contains(rt);
    return shot;
}

void weft__shot_free(struct weft__shot *shot)
{
    weft__rows_fini(&shot->channels);
    weft__rows_fini(&shot->sync);
    weft__free(shot);
}
