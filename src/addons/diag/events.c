/* SPDX-License-Identifier: MIT */
/*
 * /events: server-sent events. Each is a snapshot of figures, from which a client draws what changes: totals of each
 * runtime, what each worker does, how the channels are. Lists are for /api. And /api/diag: the component itself.
 */
#include <weft/blocking.h>
#include <weft/inspect.h>
#include <weft/runtime.h>

#include "view.h"

enum { EVENTS_DEFAULT_MS = 1000, EVENTS_MIN_MS = 50, EVENTS_MAX_MS = 60000 };

void weft__diag_events(struct weft__diag_view *view)
{
    uint64_t interval = EVENTS_DEFAULT_MS;
    if (!weft__diag_uri_number(view->uri, "interval_ms", EVENTS_MAX_MS, &interval) || interval < EVENTS_MIN_MS) {
        weft__diag_refuse(view, 400, "interval_ms is %d to %d", EVENTS_MIN_MS, EVENTS_MAX_MS);
        return;
    }
    view->reply->type = "text/event-stream";
    view->reply->events_ms = (uint32_t)interval;
}

static int snapshot_worker(void *context, const weft_worker_info *info)
{
    struct weft__diag_json *json = context;
    weft__diag_json_element(json);
    weft__diag_json_count(json, "index", info->index);
    weft__diag_json_text(json, "state", weft_worker_state_name(info->state));
    weft__diag_json_count(json, "task", info->task);
    weft__diag_json_time(json, "poll_ns", info->poll_ns);
    weft__diag_json_count(json, "queued", info->queued);
    weft__diag_json_count(json, "polls", info->polls);
    weft__diag_json_count(json, "parks", info->parks);
    weft__diag_json_count(json, "tasks_stolen", info->tasks_stolen);
    weft__diag_json_time(json, "busy_ns", info->busy_ns);
    weft__diag_json_close(json);
    return 0;
}

struct channel_sums {
    uint64_t count, unknown, degraded, critical;
    uint64_t depth, capacity, sent, received, dropped, failed, waits, senders_waiting;
};

static int snapshot_channel(void *context, const weft_channel_stats *stats)
{
    struct channel_sums *sums = context;
    sums->count++;
    sums->unknown += stats->health == WEFT_HEALTH_UNKNOWN;
    sums->degraded += stats->health == WEFT_DEGRADED;
    sums->critical += stats->health == WEFT_CRITICAL;
    sums->depth += stats->depth;
    sums->capacity += stats->capacity;
    sums->sent += stats->sent;
    sums->received += stats->received;
    sums->dropped += stats->dropped;
    sums->failed += stats->failed;
    sums->waits += stats->waits;
    sums->senders_waiting += stats->senders_waiting;
    return 0;
}

static void snapshot_channels(struct weft__diag_json *json, weft_runtime *rt)
{
    struct channel_sums sums = {0};
    weft_channel_visit(rt, false, snapshot_channel, &sums);
    weft__diag_json_open(json, "channels", '{');
    weft__diag_json_count(json, "count", sums.count);
    weft__diag_json_count(json, "unknown", sums.unknown);
    weft__diag_json_count(json, "degraded", sums.degraded);
    weft__diag_json_count(json, "critical", sums.critical);
    weft__diag_json_count(json, "depth", sums.depth);
    weft__diag_json_count(json, "capacity", sums.capacity);
    weft__diag_json_count(json, "sent", sums.sent);
    weft__diag_json_count(json, "received", sums.received);
    weft__diag_json_count(json, "dropped", sums.dropped);
    weft__diag_json_count(json, "failed", sums.failed);
    weft__diag_json_count(json, "waits", sums.waits);
    weft__diag_json_count(json, "senders_waiting", sums.senders_waiting);
    weft__diag_json_close(json);
}

static void snapshot_pool(struct weft__diag_json *json, weft_runtime *rt)
{
    weft_blocking_stats stats = {.size = sizeof stats};
    if (weft_blocking_stats_get(rt, &stats) < 0)
        return;
    weft__diag_json_open(json, "blocking", '{');
    weft__diag_json_count(json, "threads", stats.threads);
    weft__diag_json_count(json, "queued", stats.queued);
    weft__diag_json_count(json, "running", stats.running);
    weft__diag_json_count(json, "submitted", stats.submitted);
    weft__diag_json_count(json, "completed", stats.completed);
    weft__diag_json_close(json);
}

static int snapshot_runtime(void *context, weft_runtime *rt)
{
    struct weft__diag_json *json = context;
    weft_runtime_info info = {.size = sizeof info};
    weft_runtime_stats stats = {.size = sizeof stats};
    if (weft_runtime_inspect(rt, &info) < 0 || weft_runtime_stats_get(rt, &stats) < 0)
        return 0;
    weft__diag_json_element(json);
    weft__diag_json_count(json, "runtime", info.number);
    weft__diag_json_text(json, "name", info.name);
    weft__diag_json_count(json, "tasks_live", stats.tasks_live);
    weft__diag_json_count(json, "tasks_spawned", stats.tasks_spawned);
    weft__diag_json_count(json, "tasks_ended", stats.tasks_ended);
    weft__diag_json_count(json, "polls", stats.polls);
    weft__diag_json_count(json, "wakes", stats.wakes);
    weft__diag_json_count(json, "steals", stats.steals);
    weft__diag_json_count(json, "stalls", stats.stalls);
    weft__diag_json_count(json, "task_bytes", stats.task_bytes);
    weft__diag_json_open(json, "workers", '[');
    weft_worker_visit(rt, snapshot_worker, json);
    weft__diag_json_close(json);
    snapshot_channels(json, rt);
    snapshot_pool(json, rt);
    weft__diag_json_close(json);
    return 0;
}

void weft__diag_snapshot(const weft_diag_options *options, struct weft__diag_memory *memory, struct weft__diag_buffer *out)
{
    struct weft__diag_json json;
    struct weft__diag_health health;
    weft__diag_judge(&health, options, memory);
    weft__diag_json_begin(&json);
    weft__diag_json_time(&json, "at_ns", weft_clock());
    weft__diag_json_time(&json, "spent_ns", weft__diag_spent());
    weft__diag_json_text(&json, "status", weft_health_name(health.status));
    weft__diag_json_text(&json, "reason", health.reason_count > 0 ? health.reasons[0].text : NULL);
    weft__diag_json_open(&json, "runtimes", '[');
    weft_runtime_visit(snapshot_runtime, &json);
    weft__diag_json_close(&json);
    if (!weft__diag_json_end(&json, out))
        out->failed = true;
    else
        out->bytes[--out->length] = '\0'; /* without the end of line: an event is made of lines */
}

void weft__diag_self(struct weft__diag_view *view)
{
    struct weft__diag_json *json = &view->json;
    const struct weft__diag_counts *counts = view->counts;
    const weft_diag_options *options = view->options;
    weft__diag_json_count(json, "connections_max", options->connections_max);
    weft__diag_json_count(json, "request_timeout_ms", options->request_timeout_ms);
    weft__diag_json_count(json, "reply_timeout_ms", options->reply_timeout_ms);
    weft__diag_json_count(json, "connections", counts->connections);
    weft__diag_json_count(json, "open", counts->open);
    weft__diag_json_count(json, "refused", counts->refused);
    weft__diag_json_count(json, "evicted", counts->evicted);
    weft__diag_json_count(json, "timed_out", counts->timed_out);
    weft__diag_json_count(json, "starved", counts->starved);
    weft__diag_json_count(json, "requests", counts->requests);
    weft__diag_json_count(json, "failed", counts->failed);
    weft__diag_json_count(json, "streams", counts->streams);
    weft__diag_json_count(json, "events", counts->events);
    weft__diag_json_count(json, "events_dropped", counts->events_dropped);
    weft__diag_json_count(json, "body_bytes", counts->body_bytes);
    weft__diag_json_time(json, "spent_ns", weft__diag_spent());
}
