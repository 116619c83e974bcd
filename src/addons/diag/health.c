/* SPDX-License-Identifier: MIT */
/*
 * /health/live, /health/ready, /health/detailed, and /api/overview. Worst of all comes first: critical, then unknown, degraded, healthy. What
 * nobody has looked at is unknown, and unknown is not healthy.
 *
 *     a worker     by how long it has been in one poll
 *     a channel    as its runtime's monitor says. A young one is unknown until the monitor has been there, and counts as
 *                  such when it stays so
 *     the pool     by how full its queue is
 *     a runtime    the worst of its channels and its pool; degraded if a worker is, critical if all are; degraded while
 *                  it shuts down; unknown if nobody has looked at its workers of late
 *     the process  the worst of its runtimes; unknown if there is none
 */
#include "health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/blocking.h>
#include <weft/runtime.h>
#include <weft/version.h>

#include "page.h"
#include "workers.h"

enum { HEALTH_QUEUE_DEGRADED = 80, HEALTH_QUEUE_CRITICAL = 95 }; /* percent of the pool's queue */

static int health_rank(weft_health health)
{
    static const int ranks[] = {2, 0, 1, 3}; /* unknown, healthy, degraded, critical */
    return ranks[health + 1];
}

weft_health weft__diag_health_worse(weft_health a, weft_health b)
{
    return health_rank(b) > health_rank(a) ? b : a;
}

/* What is wrong, in a sentence; the first of them are kept. */
__attribute__((format(printf, 4, 5))) static void health_say(struct weft__diag_health *health, weft_health status,
                                                             uint32_t runtime, const char *format, ...)
{
    if (health->reason_count == WEFT__DIAG_REASONS) {
        health->more++;
        return;
    }
    struct weft__diag_reason *reason = &health->reasons[health->reason_count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    reason->status = status;
    reason->runtime = runtime;
}

/* --- a runtime ---------------------------------------------------------------------------------------------------- */

struct judged {
    struct weft__diag_health *health;
    const weft_diag_options *options;
    struct weft__diag_view *view; /* to write to; NULL: only judge */
    struct weft__diag_page page;  /* of channels, if there is a view */
    weft_runtime_info info;
    weft_health status;
    uint64_t channels[4]; /* by health + 1 */
};

static weft_health worker_status(const weft_diag_options *options, const weft_worker_info *info)
{
    if (info->poll_ns >= (int64_t)options->poll_critical_ms * 1000000)
        return WEFT_CRITICAL;
    return info->poll_ns >= (int64_t)options->poll_degraded_ms * 1000000 ? WEFT_DEGRADED : WEFT_HEALTHY;
}

static void worker_say(struct judged *judged, const struct weft__diag_worker *worker, weft_health status)
{
    const weft_task_info *task = &worker->task;
    if (task->task.id != 0)
        health_say(judged->health, status, judged->info.number,
                   "task '%.60s' (%" PRIu64 "), spawned at %.80s:%u, has held worker %u for %" PRId64 " ms, since line %u", task->name,
                   task->task.id, task->site && task->site->file ? task->site->file : "?", task->site ? task->site->line : 0,
                   worker->info.index, worker->info.poll_ns / 1000000, task->await_line);
    else
        health_say(judged->health, status, judged->info.number, "task %" PRIu64 " has held worker %u for %" PRId64 " ms",
                   worker->info.task, worker->info.index, worker->info.poll_ns / 1000000);
}

static void health_workers(struct judged *judged, weft_runtime *rt)
{
    struct weft__diag_worker *workers = NULL;
    struct weft__diag_json *json = judged->view ? &judged->view->json : NULL;
    const int64_t degraded = (int64_t)judged->options->poll_degraded_ms * 1000000;
    const uint32_t count = weft__diag_workers_look(rt, degraded, &workers);
    uint32_t critical = 0, held = 0;
    int64_t least = INT64_MAX;
    if (json)
        weft__diag_json_open(json, "workers", '[');
    for (uint32_t i = 0; i < count; i++) {
        const weft_health status = worker_status(judged->options, &workers[i].info);
        held += status != WEFT_HEALTHY;
        critical += status == WEFT_CRITICAL;
        least = workers[i].info.poll_ns < least ? workers[i].info.poll_ns : least;
        if (status != WEFT_HEALTHY)
            worker_say(judged, &workers[i], status);
        if (!json)
            continue;
        weft__diag_json_element(json);
        weft__diag_json_text(json, "status", weft_health_name(status));
        weft__diag_worker_write(json, &workers[i]);
        weft__diag_json_close(json);
    }
    if (json)
        weft__diag_json_close(json);
    free(workers);
    if (count == 0)
        judged->status = weft__diag_health_worse(judged->status, WEFT_HEALTH_UNKNOWN); /* no memory to look */
    else if (critical == count)
        judged->status = weft__diag_health_worse(judged->status, WEFT_CRITICAL);
    else if (held > 0)
        judged->status = weft__diag_health_worse(judged->status, WEFT_DEGRADED);
    if (count > 0 && least > judged->health->all_stuck_ns)
        judged->health->all_stuck_ns = least;
}

struct channel_row {
    struct weft__diag_key key;
    weft_channel_stats stats;
};

/* The one that has been unknown longest; ids rise. */
static void channel_unknown(struct weft__diag_health *health, uint64_t id)
{
    if (health->unknown == 0 || id < health->unknown)
        health->unknown = id;
}

static int health_channel(void *context, const weft_channel_stats *stats)
{
    struct judged *judged = context;
    judged->channels[stats->health + 1]++;
    if (stats->health == WEFT_HEALTH_UNKNOWN)
        channel_unknown(judged->health, stats->id);
    else if (stats->health != WEFT_HEALTHY)
        health_say(judged->health, stats->health, judged->info.number,
                   "channel '%.60s' (%" PRIu64 ") holds %u of %u messages, and %u senders wait", stats->name, stats->id, stats->depth,
                   stats->capacity, stats->senders_waiting);
    if (stats->health != WEFT_HEALTH_UNKNOWN)
        judged->status = weft__diag_health_worse(judged->status, stats->health);
    if (!judged->view)
        return 0;
    const struct weft__diag_key key = {.id = stats->id, .number = -health_rank(stats->health)};
    struct channel_row *row = weft__diag_page_offer(&judged->page, &key);
    if (row)
        row->stats = *stats;
    return 0;
}

static void health_channels(struct judged *judged, weft_runtime *rt)
{
    static const char *const columns[] = {"status", NULL};
    struct weft__diag_view *view = judged->view;
    const struct channel_row *row;
    uint32_t at = 0;
    if (view && !weft__diag_page_begin(&judged->page, view, columns, sizeof(struct channel_row)))
        return;
    weft_channel_visit(rt, false, health_channel, judged);
    if (!view)
        return;
    weft__diag_json_open(&view->json, "channels", '{');
    for (int status = -1; status <= 2; status++)
        weft__diag_json_count(&view->json, weft_health_name((weft_health)status), judged->channels[status + 1]);
    if (!weft__diag_page_sort(&judged->page, view))
        return;
    weft__diag_json_open(&view->json, "list", '[');
    while ((row = weft__diag_page_next(&judged->page, &at)) != NULL) {
        weft__diag_json_element(&view->json);
        weft__diag_json_count(&view->json, "id", row->stats.id);
        weft__diag_json_text(&view->json, "name", row->stats.name);
        weft__diag_json_text(&view->json, "component", row->stats.component);
        weft__diag_json_text(&view->json, "status", weft_health_name(row->stats.health));
        weft__diag_json_ratio(&view->json, "saturation", row->stats.saturation);
        weft__diag_json_count(&view->json, "senders_waiting", row->stats.senders_waiting);
        weft__diag_json_time(&view->json, "oldest_message_age_ns", row->stats.oldest_message_age_ns);
        weft__diag_json_close(&view->json);
    }
    weft__diag_json_close(&view->json);
    weft__diag_json_close(&view->json);
}

static void health_pool(struct judged *judged, weft_runtime *rt)
{
    weft_blocking_stats stats = {.size = sizeof stats};
    if (weft_blocking_stats_get(rt, &stats) < 0)
        return;
    const uint64_t percent = stats.queue_max ? 100ULL * stats.queued / stats.queue_max : 0;
    const weft_health status = percent >= HEALTH_QUEUE_CRITICAL   ? WEFT_CRITICAL
                               : percent >= HEALTH_QUEUE_DEGRADED ? WEFT_DEGRADED
                                                                  : WEFT_HEALTHY;
    judged->status = weft__diag_health_worse(judged->status, status);
    if (status != WEFT_HEALTHY)
        health_say(judged->health, status, judged->info.number, "%u of %u places for blocking jobs are taken", stats.queued,
                   stats.queue_max);
    if (!judged->view)
        return;
    struct weft__diag_json *json = &judged->view->json;
    weft__diag_json_open(json, "blocking", '{');
    weft__diag_json_text(json, "status", weft_health_name(status));
    weft__diag_json_count(json, "threads", stats.threads);
    weft__diag_json_count(json, "threads_max", stats.threads_max);
    weft__diag_json_count(json, "queued", stats.queued);
    weft__diag_json_count(json, "queue_max", stats.queue_max);
    weft__diag_json_count(json, "running", stats.running);
    weft__diag_json_time(json, "queued_longest_ns", stats.queued_longest_ns);
    weft__diag_json_close(json);
}

static void health_life(struct judged *judged)
{
    const weft_runtime_info *info = &judged->info;
    if (info->looked_ns > (int64_t)judged->options->looked_max_ms * 1000000) {
        judged->status = weft__diag_health_worse(judged->status, WEFT_HEALTH_UNKNOWN);
        health_say(judged->health, WEFT_HEALTH_UNKNOWN, info->number, "nobody has looked at the workers of '%.60s' for %" PRId64 " ms: %s",
                   info->name, info->looked_ns / 1000000, info->driven ? "no thread turns it" : "its monitor is held up");
    }
    if (info->shutting_down) {
        judged->status = weft__diag_health_worse(judged->status, WEFT_DEGRADED);
        health_say(judged->health, WEFT_DEGRADED, info->number, "'%.60s' is shutting down", info->name);
    }
}

static int health_runtime(void *context, weft_runtime *rt)
{
    struct judged *all = context;
    struct judged one = {.health = all->health, .options = all->options, .view = all->view, .info = {.size = sizeof one.info}};
    if (weft_runtime_inspect(rt, &one.info) < 0)
        return 0;
    struct weft__diag_json *json = one.view ? &one.view->json : NULL;
    if (json) {
        weft__diag_json_element(json);
        weft__diag_json_count(json, "runtime", one.info.number);
        weft__diag_json_text(json, "name", one.info.name);
        weft__diag_json_flag(json, "shutting_down", one.info.shutting_down);
        weft__diag_json_time(json, "looked_ns", one.info.looked_ns);
    }
    health_life(&one);
    health_workers(&one, rt);
    health_channels(&one, rt);
    health_pool(&one, rt);
    if (json) {
        weft__diag_json_text(json, "status", weft_health_name(one.status));
        weft__diag_json_close(json);
    }
    all->health->runtimes++;
    all->health->status = weft__diag_health_worse(all->health->status, one.status);
    return 0;
}

/* --- the process -------------------------------------------------------------------------------------------------- */

static void health_judge(struct weft__diag_health *health, const weft_diag_options *options, struct weft__diag_memory *memory,
                         struct weft__diag_view *view)
{
    struct judged all = {.health = health, .options = options, .view = view};
    *health = (struct weft__diag_health){.status = WEFT_HEALTHY};
    weft_runtime_visit(health_runtime, &all);
    const int64_t now = weft_clock();
    if (health->unknown != memory->unknown) {
        memory->unknown = health->unknown;
        memory->since = now;
    }
    if (health->unknown != 0 && now - memory->since > (int64_t)options->looked_max_ms * 1000000) {
        health->status = weft__diag_health_worse(health->status, WEFT_HEALTH_UNKNOWN);
        health_say(health, WEFT_HEALTH_UNKNOWN, 0, "channel %" PRIu64 " has not been judged for %" PRId64 " ms", health->unknown,
                   (now - memory->since) / 1000000);
    }
    if (health->runtimes == 0) {
        health->status = WEFT_HEALTH_UNKNOWN;
        health_say(health, WEFT_HEALTH_UNKNOWN, 0, "no runtime lives");
    }
}

void weft__diag_judge(struct weft__diag_health *health, const weft_diag_options *options, struct weft__diag_memory *memory)
{
    health_judge(health, options, memory, NULL);
}

static void health_members(struct weft__diag_json *json, const struct weft__diag_health *health, weft_health status)
{
    weft__diag_json_text(json, "status", weft_health_name(status));
    weft__diag_json_count(json, "pid", (uint64_t)getpid());
    weft__diag_json_text(json, "version", WEFT_VERSION);
    weft__diag_json_open(json, "reasons", '[');
    for (uint32_t i = 0; i < health->reason_count; i++) {
        weft__diag_json_element(json);
        weft__diag_json_text(json, "status", weft_health_name(health->reasons[i].status));
        weft__diag_json_count(json, "runtime", health->reasons[i].runtime);
        weft__diag_json_text(json, "text", health->reasons[i].text);
        weft__diag_json_close(json);
    }
    weft__diag_json_close(json);
    weft__diag_json_count(json, "reasons_more", health->more);
}

static void health_write(struct weft__diag_view *view, const struct weft__diag_health *health, weft_health status)
{
    health_members(&view->json, health, status);
    if (status != WEFT_HEALTHY) {
        view->reply->status = 503;
        view->reply->retry = true;
    }
}

/* It answers, so the process lives; unless a runtime has been stuck with all its workers for so long that it will stay so. */
void weft__diag_health_live(struct weft__diag_view *view)
{
    struct weft__diag_health health;
    weft__diag_judge(&health, view->options, view->memory);
    const bool dead = health.all_stuck_ns >= (int64_t)view->options->live_stuck_ms * 1000000;
    weft__diag_json_time(&view->json, "all_workers_stuck_ns", health.all_stuck_ns);
    health_write(view, &health, dead ? WEFT_CRITICAL : WEFT_HEALTHY);
}

void weft__diag_health_ready(struct weft__diag_view *view)
{
    struct weft__diag_health health;
    weft__diag_judge(&health, view->options, view->memory);
    health_write(view, &health, health.status);
}

void weft__diag_health_detailed(struct weft__diag_view *view)
{
    struct weft__diag_health health;
    weft__diag_json_open(&view->json, "runtimes", '[');
    health_judge(&health, view->options, view->memory, view);
    if (view->reply->status != 200)
        return; /* refused on the way */
    weft__diag_json_close(&view->json);
    health_write(view, &health, health.status);
}

/* What a console draws each time, in one answer: it costs half of what three do. */
void weft__diag_overview(struct weft__diag_view *view)
{
    struct weft__diag_health health;
    weft__diag_judge(&health, view->options, view->memory);
    health_members(&view->json, &health, health.status);
    weft__diag_runtimes(view);
    weft__diag_workers(view);
}
