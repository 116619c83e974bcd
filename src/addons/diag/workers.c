/* SPDX-License-Identifier: MIT */
/* /api/runtimes and /api/workers. */
#include "workers.h"

#include <stdlib.h>
#include <weft/blocking.h>
#include <weft/runtime.h>

#include "view.h"

struct look {
    struct weft__diag_worker *workers;
    uint32_t count;
    uint32_t room;
    int64_t held_ns;
};

static int look_worker(void *context, const weft_worker_info *info)
{
    struct look *look = context;
    if (look->count == look->room)
        return 1;
    struct weft__diag_worker *worker = &look->workers[look->count++];
    *worker = (struct weft__diag_worker){.info = *info, .task.size = sizeof worker->task};
    if (info->polled.id != 0 && info->poll_ns >= look->held_ns)
        weft_task_inspect(info->polled, &worker->task); /* or it has ended */
    return 0;
}

uint32_t weft__diag_workers_look(weft_runtime *rt, int64_t held_ns, struct weft__diag_worker **out)
{
    struct look look = {.room = weft_runtime_workers(rt), .held_ns = held_ns};
    look.workers = look.room ? malloc(look.room * sizeof *look.workers) : NULL;
    if (!look.workers)
        return 0;
    weft_worker_visit(rt, look_worker, &look);
    *out = look.workers;
    return look.count;
}

void weft__diag_worker_write(struct weft__diag_json *json, const struct weft__diag_worker *worker)
{
    const weft_worker_info *info = &worker->info;
    weft__diag_json_count(json, "index", info->index);
    weft__diag_json_text(json, "name", info->name);
    weft__diag_json_count(json, "thread_id", (uint64_t)info->thread_id);
    weft__diag_json_text(json, "state", weft_worker_state_name(info->state));
    weft__diag_json_time(json, "poll_ns", info->poll_ns);
    weft__diag_json_count(json, "queued", info->queued);
    weft__diag_json_count(json, "polls", info->polls);
    weft__diag_json_count(json, "spawned", info->spawned);
    weft__diag_json_count(json, "ended", info->ended);
    weft__diag_json_count(json, "wakes", info->wakes);
    weft__diag_json_count(json, "steals", info->steals);
    weft__diag_json_count(json, "tasks_stolen", info->tasks_stolen);
    weft__diag_json_count(json, "queue_overflows", info->queue_overflows);
    weft__diag_json_count(json, "naps", info->naps);
    weft__diag_json_count(json, "parks", info->parks);
    weft__diag_json_count(json, "unparks", info->unparks);
    weft__diag_json_time(json, "busy_ns", info->busy_ns);
    if (info->task == 0) {
        weft__diag_json_null(json, "task");
        return;
    }
    weft__diag_json_open(json, "task", '{');
    if (worker->task.task.id == 0 || !weft__diag_task_write(json, worker->task.task))
        weft__diag_json_count(json, "id", info->task);
    weft__diag_json_close(json);
}

static int workers_of_runtime(void *context, weft_runtime *rt)
{
    struct weft__diag_view *view = context;
    struct weft__diag_worker *workers = NULL;
    weft_runtime_info info = {.size = sizeof info};
    if (!weft__diag_view_wants(view, rt) || weft_runtime_inspect(rt, &info) < 0)
        return 0;
    const uint32_t count = weft__diag_workers_look(rt, info.stall_threshold_ns, &workers);
    for (uint32_t i = 0; i < count; i++) {
        weft__diag_json_element(&view->json);
        weft__diag_json_count(&view->json, "runtime", info.number);
        weft__diag_worker_write(&view->json, &workers[i]);
        weft__diag_json_close(&view->json);
    }
    free(workers);
    return 0;
}

void weft__diag_workers(struct weft__diag_view *view)
{
    weft__diag_json_open(&view->json, "workers", '[');
    weft_runtime_visit(workers_of_runtime, view);
    weft__diag_json_close(&view->json);
}

static void runtime_write_stats(struct weft__diag_json *json, const weft_runtime_stats *stats)
{
    weft__diag_json_count(json, "workers_parked", stats->workers_parked);
    weft__diag_json_count(json, "tasks_spawned", stats->tasks_spawned);
    weft__diag_json_count(json, "tasks_ended", stats->tasks_ended);
    weft__diag_json_count(json, "tasks_live", stats->tasks_live);
    weft__diag_json_count(json, "polls", stats->polls);
    weft__diag_json_count(json, "steals", stats->steals);
    weft__diag_json_count(json, "tasks_stolen", stats->tasks_stolen);
    weft__diag_json_count(json, "queue_overflows", stats->queue_overflows);
    weft__diag_json_count(json, "naps", stats->naps);
    weft__diag_json_count(json, "parks", stats->parks);
    weft__diag_json_count(json, "unparks", stats->unparks);
    weft__diag_json_count(json, "wakes", stats->wakes);
    weft__diag_json_count(json, "wakes_noop", stats->wakes_noop);
    weft__diag_json_count(json, "task_bytes", stats->task_bytes);
    weft__diag_json_count(json, "stalls", stats->stalls);
    weft__diag_json_count(json, "cancels_ignored", stats->cancels_ignored);
}

static int runtimes_write(void *context, weft_runtime *rt)
{
    struct weft__diag_view *view = context;
    struct weft__diag_json *json = &view->json;
    weft_runtime_info info = {.size = sizeof info};
    weft_runtime_stats stats = {.size = sizeof stats};
    char tracing[256] = "";
    if (!weft__diag_view_wants(view, rt) || weft_runtime_inspect(rt, &info) < 0 || weft_runtime_stats_get(rt, &stats) < 0)
        return 0;
    const bool traced = weft_runtime_tracing(rt, tracing, sizeof tracing) == 0;
    weft__diag_json_element(json);
    weft__diag_json_count(json, "runtime", info.number);
    weft__diag_json_text(json, "name", info.name);
    weft__diag_json_count(json, "workers", info.workers);
    weft__diag_json_flag(json, "driven", info.driven);
    weft__diag_json_flag(json, "simulated", info.simulated);
    weft__diag_json_flag(json, "shutting_down", info.shutting_down);
    weft__diag_json_time(json, "age_ns", info.age_ns);
    weft__diag_json_time(json, "looked_ns", info.looked_ns);
    weft__diag_json_time(json, "stall_threshold_ns", info.stall_threshold_ns);
    weft__diag_json_flag(json, "tracing", traced);
    weft__diag_json_text(json, "tracing_says", tracing);
    runtime_write_stats(json, &stats);
    weft__diag_json_close(json);
    return 0;
}

void weft__diag_runtimes(struct weft__diag_view *view)
{
    weft__diag_json_open(&view->json, "runtimes", '[');
    weft_runtime_visit(runtimes_write, view);
    weft__diag_json_close(&view->json);
}
