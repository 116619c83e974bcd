/* SPDX-License-Identifier: MIT */
/*
 * The walk over all metrics: first a shot of each runtime, which then may end; then the families, one after the other,
 * each of all runtimes. Nothing is held while the host is called.
 */
#include <stdio.h>
#include <weft/error.h>

#include "base/error.h"
#include "metrics/families.h"
#include "monitor/metrics.h"
#include "runtime/runtime.h"
#include "runtime/shot.h"
#include "task/look.h"

struct metrics_walk {
    int (*visit)(void *context, const weft_metric_sample *sample);
    void *context;
    struct weft__shot *shots;
    weft_metric_family family;
    bool first;
    uint32_t label_count;
    weft_metric_label labels[WEFT_METRIC_LABELS_MAX];
};

static void metrics_label(struct metrics_walk *walk, const char *key, const char *value)
{
    walk->labels[walk->label_count++] = (weft_metric_label){key, value};
}

/* Behind the labels of all, which stand. */
static void metrics_begin_labels(struct metrics_walk *walk)
{
    walk->label_count = 2;
}

static int metrics_tell(struct metrics_walk *walk, struct weft__value value)
{
    const weft_metric_sample sample = {
        .family = &walk->family,
        .first = walk->first,
        .known = value.known,
        .whole = value.whole,
        .label_count = walk->label_count,
        .labels = walk->labels,
        .value = value.value,
        .exact = value.exact,
    };
    walk->first = false;
    return walk->visit(walk->context, &sample);
}

static int metrics_tell_histogram(struct metrics_walk *walk, const weft_metric_histogram *histogram, bool known)
{
    const weft_metric_sample sample = {
        .family = &walk->family,
        .first = walk->first,
        .known = known,
        .label_count = walk->label_count,
        .labels = walk->labels,
        .histogram = histogram,
    };
    walk->first = false;
    return walk->visit(walk->context, &sample);
}

static int metrics_tell_spread(struct metrics_walk *walk, const struct weft__spread_copy *spread, bool known)
{
    const weft_metric_histogram histogram = {WEFT__SPREAD_BOUNDS, weft__spread_bounds, spread->counts, spread->count,
                                             spread->sum_ns / 1e9};
    return metrics_tell_histogram(walk, &histogram, known);
}

static int metrics_tell_coarse(struct metrics_walk *walk, const struct weft__coarse_copy *coarse)
{
    const weft_metric_histogram histogram = {WEFT__COARSE_BOUNDS, weft__coarse_bounds, coarse->counts, coarse->count,
                                             coarse->sum_ns / 1e9};
    return metrics_tell_histogram(walk, &histogram, true);
}

static int metrics_tell_runtime(struct metrics_walk *walk, const struct weft__shot *shot)
{
    const weft_runtime_stats *s = &shot->runtime;
    metrics_begin_labels(walk);
    switch (walk->family.number) {
#define TELL(name, value)                                                                                              \
    case WEFT_METRIC_runtime_##name:                                                                                   \
        return metrics_tell(walk, weft__value_count(value));
        TELL(workers, s->workers)
        TELL(workers_parked, s->workers_parked)
        TELL(tasks_spawned, s->tasks_spawned)
        TELL(tasks_ended, s->tasks_ended)
        TELL(tasks_live, s->tasks_live)
        TELL(task_memory, s->task_bytes)
        TELL(wakes, s->wakes)
        TELL(wakes_noop, s->wakes_noop)
        TELL(long_polls, s->stalls)
        TELL(cancels_ignored, s->cancels_ignored)
#undef TELL
    case WEFT_METRIC_runtime_poll_time:
        return metrics_tell_spread(walk, &shot->poll_time, shot->measured);
    case WEFT_METRIC_runtime_wake_latency:
        return metrics_tell_spread(walk, &shot->wake_latency, shot->measured);
    default:
        return 0;
    }
}

static int metrics_tell_states(struct metrics_walk *walk, const struct weft__shot *shot)
{
    for (int state = 0; state < WEFT__CENSUS_STATES; state++) {
        metrics_begin_labels(walk);
        metrics_label(walk, "state", weft__look_state((weft_task_state)state));
        const struct weft__value value = weft__value_count(shot->live.states[state]);
        const int answer = metrics_tell(walk, shot->counted ? value : (struct weft__value){0});
        if (answer != 0)
            return answer;
    }
    return 0;
}

/* The name of a category; of one of the host's its number. */
static const char *metrics_category(uint32_t category, char text[12])
{
    static const char *const names[] = {"uncategorized", "actor", "listener", "handler", "utility"};
    if (category < sizeof names / sizeof names[0])
        return names[category];
    snprintf(text, 12, "%u", category);
    return text;
}

static int metrics_tell_task(struct metrics_walk *walk, const struct weft__shot *shot, uint32_t number)
{
    const struct weft__name *name = number == WEFT__NAMES_OTHER ? NULL : weft__names_at(number);
    char category[12];
    metrics_begin_labels(walk);
    metrics_label(walk, "task_name", name ? name->text : WEFT__ROW_OTHER);
    metrics_label(walk, "category", name ? metrics_category(name->category, category) : WEFT__ROW_OTHER);
    if (walk->family.number == WEFT_METRIC_task_spawned)
        return metrics_tell(walk, weft__value_count(shot->spawned_as[number]));
    return metrics_tell(walk, shot->counted ? weft__value_count(shot->live.of[number]) : (struct weft__value){0});
}

/* The table of names is the process's: those of which this runtime has none are left out. */
static int metrics_tell_tasks(struct metrics_walk *walk, const struct weft__shot *shot)
{
    int answer = 0;
    for (uint32_t number = 1; answer == 0 && number < WEFT__NAMES_PLACES; number++)
        if (shot->spawned_as[number] > 0)
            answer = metrics_tell_task(walk, shot, number);
    return answer;
}

static struct weft__value metrics_of_worker(const struct weft__shot_worker *w, uint32_t number)
{
    switch (number) {
    case WEFT_METRIC_worker_polls:
        return weft__value_count(w->polls);
    case WEFT_METRIC_worker_busy_time:
        return weft__value_time(w->busy_ns);
    case WEFT_METRIC_worker_poll_age:
        return weft__value_time(w->poll_age_ns);
    case WEFT_METRIC_worker_long_polls:
        return weft__value_count(w->long_polls);
    case WEFT_METRIC_worker_parks:
        return weft__value_count(w->parks);
    case WEFT_METRIC_worker_naps:
        return weft__value_count(w->naps);
    case WEFT_METRIC_worker_parked:
        return weft__value_count(w->parked);
    case WEFT_METRIC_worker_steals:
        return weft__value_count(w->steals);
    case WEFT_METRIC_worker_tasks_stolen:
        return weft__value_count(w->stolen);
    case WEFT_METRIC_worker_overflows:
        return weft__value_count(w->overflows);
    case WEFT_METRIC_worker_queue_depth:
        return weft__value_count(w->queued);
    default:
        return (struct weft__value){0};
    }
}

static int metrics_tell_workers(struct metrics_walk *walk, const struct weft__shot *shot)
{
    for (uint32_t i = 0; i < shot->worker_count; i++) {
        char index[12];
        snprintf(index, sizeof index, "%u", i);
        metrics_begin_labels(walk);
        metrics_label(walk, "worker", index);
        const int answer = metrics_tell(walk, metrics_of_worker(&shot->workers[i], walk->family.number));
        if (answer != 0)
            return answer;
    }
    return 0;
}

/* Of a name of which none lives only the count and the histograms are known. */
static int metrics_tell_channel(struct metrics_walk *walk, const struct weft__shot_channel *channel)
{
    struct weft__value value = weft__value_count(channel->count);
    switch (walk->family.number) {
    case WEFT_METRIC_channel_send_wait:
        return metrics_tell_coarse(walk, &channel->waits);
    case WEFT_METRIC_channel_residence:
        return metrics_tell_coarse(walk, &channel->stays);
    default:
        if (weft__channel_value(&channel->sum, walk->family.number, &value) && channel->count == 0)
            value = (struct weft__value){0};
        return metrics_tell(walk, value);
    }
}

static int metrics_tell_channels(struct metrics_walk *walk, const struct weft__shot *shot)
{
    for (uint32_t i = 0; i < weft__rows_walk(&shot->channels); i++) {
        const struct weft__shot_channel *channel = weft__rows_at(&shot->channels, i);
        metrics_begin_labels(walk);
        metrics_label(walk, "channel_name", channel->row.name);
        metrics_label(walk, "component", channel->row.component);
        const int answer = metrics_tell_channel(walk, channel);
        if (answer != 0)
            return answer;
    }
    return 0;
}

static struct weft__value metrics_of_sync(const struct weft__shot_sync *s, uint32_t number)
{
    if (s->count == 0 && number != WEFT_METRIC_sync_count)
        return (struct weft__value){0}; /* none of the name lives */
    switch (number) {
    case WEFT_METRIC_sync_count:
        return weft__value_count(s->count);
    case WEFT_METRIC_sync_permits:
        return s->row.kind == WEFT_SYNC_WATCH || s->row.kind == UINT32_MAX ? (struct weft__value){0}
                                                                           : weft__value_count(s->permits);
    case WEFT_METRIC_sync_permits_max:
        return s->row.kind == UINT32_MAX ? (struct weft__value){0} : weft__value_count(s->permits_max);
    case WEFT_METRIC_sync_waiting:
        return weft__value_count(s->waiting);
    case WEFT_METRIC_sync_waits:
        return weft__value_count(s->waits);
    case WEFT_METRIC_sync_wait_time:
        return weft__value_time(s->wait_total_ns);
    case WEFT_METRIC_sync_wait_longest:
        return weft__value_time(s->wait_longest_ns);
    default:
        return (struct weft__value){0};
    }
}

static int metrics_tell_sync(struct metrics_walk *walk, const struct weft__shot *shot)
{
    for (uint32_t i = 0; i < weft__rows_walk(&shot->sync); i++) {
        const struct weft__shot_sync *sync = weft__rows_at(&shot->sync, i);
        const bool other = sync->row.kind == UINT32_MAX;
        metrics_begin_labels(walk);
        metrics_label(walk, "sync_name", sync->row.name);
        metrics_label(walk, "sync_kind", other ? WEFT__ROW_OTHER : weft_sync_kind_name((weft_sync_kind)sync->row.kind));
        metrics_label(walk, "component", sync->row.component);
        const int answer = walk->family.number == WEFT_METRIC_sync_wait
                               ? metrics_tell_coarse(walk, &sync->wait)
                               : metrics_tell(walk, metrics_of_sync(sync, walk->family.number));
        if (answer != 0)
            return answer;
    }
    return 0;
}

static int metrics_tell_blocking(struct metrics_walk *walk, const struct weft__shot *shot)
{
    const weft_blocking_stats *s = &shot->blocking;
    metrics_begin_labels(walk);
    switch (walk->family.number) {
#define TELL(name, value)                                                                                              \
    case WEFT_METRIC_blocking_##name:                                                                                  \
        return metrics_tell(walk, value);
        TELL(threads, weft__value_count(s->threads))
        TELL(threads_idle, weft__value_count(s->threads_idle))
        TELL(threads_max, weft__value_count(s->threads_max))
        TELL(threads_started, weft__value_count(s->threads_started))
        TELL(threads_refused, weft__value_count(s->threads_refused))
        TELL(running, weft__value_count(s->running))
        TELL(queued, weft__value_count(s->queued))
        TELL(queue_max, weft__value_count(s->queue_max))
        TELL(waiting, weft__value_count(s->waiting))
        TELL(jobs_submitted, weft__value_count(s->submitted))
        TELL(jobs_completed, weft__value_count(s->completed))
        TELL(jobs_cancelled, weft__value_count(s->cancelled))
        TELL(queued_longest, weft__value_time(s->queued_longest_ns))
#undef TELL
    case WEFT_METRIC_blocking_queue_wait:
        return metrics_tell_spread(walk, &shot->blocking_wait, true);
    case WEFT_METRIC_blocking_run_time:
        return metrics_tell_spread(walk, &shot->blocking_run, true);
    default:
        return 0;
    }
}

static int metrics_tell_timers(struct metrics_walk *walk, const struct weft__shot *shot)
{
    metrics_begin_labels(walk);
    switch (walk->family.number) {
    case WEFT_METRIC_timer_pending:
        return metrics_tell(walk, weft__value_count(shot->timers.pending));
    case WEFT_METRIC_timer_fired:
        return metrics_tell(walk, weft__value_count(shot->timers.fired));
    case WEFT_METRIC_timer_cancelled:
        return metrics_tell(walk, weft__value_count(shot->timers.cancelled));
    case WEFT_METRIC_timer_lateness:
        return metrics_tell_spread(walk, &shot->timers.lateness, true);
    default:
        return 0;
    }
}

static struct weft__value metrics_of_io(const struct weft__shot_io *io, int kind, uint32_t number)
{
    const struct weft__io_totals *totals = &io->totals[kind];
    switch (number) {
#define VALUE(name, count)                                                                                             \
    case WEFT_METRIC_io_##name:                                                                                        \
        return weft__value_count(count);
        VALUE(descriptors, io->descriptors[kind])
        VALUE(waiting, io->waiting[kind])
        VALUE(waits, totals->waits)
        VALUE(reads, totals->reads)
        VALUE(writes, totals->writes)
        VALUE(bytes_read, totals->bytes_read)
        VALUE(bytes_written, totals->bytes_written)
        VALUE(accept_pauses, totals->pauses)
#undef VALUE
    default:
        return (struct weft__value){0};
    }
}

static int metrics_tell_io(struct metrics_walk *walk, const struct weft__shot *shot)
{
    static const char *const kinds[WEFT__IO_KINDS] = {"other", "stream", "socket", "listener", "datagram"};
    int answer = 0;
    for (int kind = 0; answer == 0 && kind < WEFT__IO_KINDS; kind++) {
        metrics_begin_labels(walk);
        metrics_label(walk, "fd_kind", kinds[kind]);
        answer = metrics_tell(walk, metrics_of_io(&shot->io, kind, walk->family.number));
    }
    return answer;
}

static int metrics_tell_names(struct metrics_walk *walk, const struct weft__shot *shot)
{
    const struct {
        const char *table;
        uint64_t others;
    } tables[] = {{"channel", weft__rows_others(&shot->channels)},
                  {"sync", weft__rows_others(&shot->sync)},
                  {"task", weft__names_others()}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        metrics_begin_labels(walk);
        metrics_label(walk, "table", tables[i].table);
        const int answer = metrics_tell(walk, weft__value_count(tables[i].others));
        if (answer != 0)
            return answer;
    }
    return 0;
}

/* The samples of one family, under one of its names. */
static int metrics_tell_family(struct metrics_walk *walk)
{
    static int (*const tell[])(struct metrics_walk *walk, const struct weft__shot *shot) = {
        [WEFT__METRICS_runtime] = metrics_tell_runtime,   [WEFT__METRICS_state] = metrics_tell_states,
        [WEFT__METRICS_task] = metrics_tell_tasks,        [WEFT__METRICS_worker] = metrics_tell_workers,
        [WEFT__METRICS_channel] = metrics_tell_channels,  [WEFT__METRICS_sync] = metrics_tell_sync,
        [WEFT__METRICS_blocking] = metrics_tell_blocking, [WEFT__METRICS_timer] = metrics_tell_timers,
        [WEFT__METRICS_io] = metrics_tell_io,             [WEFT__METRICS_names] = metrics_tell_names,
    };
    int answer = 0;
    walk->first = true;
    for (const struct weft__shot *shot = walk->shots; shot && answer == 0; shot = shot->next) {
        if (!shot->whole)
            continue;
        walk->labels[0] = (weft_metric_label){"runtime", shot->name};
        walk->labels[1] = (weft_metric_label){"runtime_id", shot->number};
        answer = tell[weft__families[walk->family.number].group](walk, shot);
    }
    return answer;
}

static int metrics_tell_named(struct metrics_walk *walk, const char *prefix, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%s", prefix, name);
    walk->family.name = full;
    return metrics_tell_family(walk);
}

static int metrics_tell_all(struct metrics_walk *walk, const char *prefix)
{
    int answer = 0;
    for (uint32_t number = 0; number < WEFT_METRICS && answer == 0; number++) {
        const struct weft__family *family = &weft__families[number];
        uint32_t position = 0;
        walk->family = (weft_metric_family){
            .number = number, .kind = family->kind, .unit = family->unit, .help = family->help};
        answer = metrics_tell_named(walk, prefix ? prefix : "weft", family->name);
        walk->family.alias = true;
        for (const char *name; prefix && answer == 0 && (name = weft__families_alias(number, &position)) != NULL;)
            answer = metrics_tell_named(walk, prefix, name);
    }
    return answer;
}

static void metrics_free(struct weft__shot *shots)
{
    while (shots) {
        struct weft__shot *next = shots->next;
        weft__shot_free(shots);
        shots = next;
    }
}

/* A runtime that is held: look, and let it go. Where the next one goes, NULL: no memory. */
static struct weft__shot **metrics_add(weft_runtime *rt, struct weft__shot **out_shot)
{
    *out_shot = weft__shot_take(rt);
    weft__runtime_leave(rt);
    return *out_shot ? &(*out_shot)->next : NULL;
}

static int metrics_take(weft_runtime *rt, struct weft__shot **out_shots)
{
    struct weft__shot **next = out_shots;
    if (rt) {
        const int wrong = weft__runtime_hold("weft_metrics_visit", rt);
        if (wrong)
            return wrong;
        next = metrics_add(rt, next);
    } else {
        uint32_t slot = 0;
        while (next && (rt = weft__runtime_hold_next(&slot)) != NULL)
            next = metrics_add(rt, next);
    }
    return next ? 0 : weft__refuse(WEFT_ENOMEM, "weft_metrics_visit: no memory for a copy of what there is to tell");
}

int weft_metrics_visit(weft_runtime *rt, const char *prefix,
                       int (*visit)(void *context, const weft_metric_sample *sample), void *context)
{
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_metrics_visit: the function must not be null");
    struct metrics_walk walk = {.visit = visit, .context = context};
    int answer = metrics_take(rt, &walk.shots);
    if (answer == 0)
        answer = metrics_tell_all(&walk, prefix);
    metrics_free(walk.shots);
    return answer;
}
