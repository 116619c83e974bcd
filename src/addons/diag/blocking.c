/* SPDX-License-Identifier: MIT */
/* /api/blocking: the pools of threads, and the jobs that are queued or run there. */
#include <string.h>
#include <weft/blocking.h>
#include <weft/runtime.h>

#include "page.h"

enum { JOBS_ID, JOBS_NAME, JOBS_WAITED, JOBS_RAN };
static const char *const jobs_columns[] = {"id", "name", "waited", "ran", NULL};
static const char *const jobs_states[] = {"queued", "running", "ended"};

struct job_row {
    struct weft__diag_key key;
    weft_job_info info;
    uint32_t runtime;
};

struct jobs {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    uint32_t runtime;
    const char *state; /* NULL: any */
    const char *name;
};

static int jobs_offer(void *context, const weft_job_info *info)
{
    struct jobs *jobs = context;
    if ((jobs->state && strcmp(jobs_states[info->state], jobs->state) != 0) || (jobs->name && !strstr(info->name, jobs->name)))
        return 0;
    struct weft__diag_key key = {.id = info->job.id};
    switch (jobs->page.sort) {
    case JOBS_NAME: weft__diag_key_text(&key, info->name); break;
    case JOBS_WAITED: key.number = info->waited_ns; break;
    case JOBS_RAN: key.number = info->ran_ns; break;
    case JOBS_ID: key.number = 0; break;
    }
    struct job_row *row = weft__diag_page_offer(&jobs->page, &key);
    if (row) {
        row->info = *info;
        row->runtime = jobs->runtime;
    }
    return 0;
}

static void pool_write(struct weft__diag_json *json, const weft_blocking_stats *stats, uint32_t runtime)
{
    weft__diag_json_element(json);
    weft__diag_json_count(json, "runtime", runtime);
    weft__diag_json_count(json, "threads", stats->threads);
    weft__diag_json_count(json, "threads_idle", stats->threads_idle);
    weft__diag_json_count(json, "threads_high", stats->threads_high);
    weft__diag_json_count(json, "threads_max", stats->threads_max);
    weft__diag_json_count(json, "queued", stats->queued);
    weft__diag_json_count(json, "queued_high", stats->queued_high);
    weft__diag_json_count(json, "queue_max", stats->queue_max);
    weft__diag_json_count(json, "running", stats->running);
    weft__diag_json_count(json, "waiting", stats->waiting);
    weft__diag_json_count(json, "submitted", stats->submitted);
    weft__diag_json_count(json, "completed", stats->completed);
    weft__diag_json_count(json, "cancelled", stats->cancelled);
    weft__diag_json_count(json, "threads_started", stats->threads_started);
    weft__diag_json_count(json, "threads_refused", stats->threads_refused);
    weft__diag_json_time(json, "queued_longest_ns", stats->queued_longest_ns);
    weft__diag_json_time(json, "waited_max_ns", stats->waited_max_ns);
    weft__diag_json_close(json);
}

static int jobs_of_runtime(void *context, weft_runtime *rt)
{
    struct jobs *jobs = context;
    weft_blocking_stats stats = {.size = sizeof stats};
    jobs->runtime = weft__diag_runtime_number(rt);
    if (!weft__diag_view_wants(jobs->view, rt) || weft_blocking_stats_get(rt, &stats) < 0)
        return 0;
    pool_write(&jobs->view->json, &stats, jobs->runtime);
    return weft_job_visit(rt, jobs_offer, jobs);
}

static void job_write(struct weft__diag_json *json, const weft_job_info *info, uint32_t runtime)
{
    weft__diag_json_element(json);
    weft__diag_json_count(json, "runtime", runtime);
    weft__diag_json_count(json, "id", info->job.id);
    weft__diag_json_text(json, "name", info->name);
    weft__diag_json_count(json, "category", info->category);
    weft__diag_json_text(json, "state", jobs_states[info->state]);
    weft__diag_json_flag(json, "mandatory", info->mandatory);
    weft__diag_json_count(json, "parent", info->parent);
    weft__diag_json_text(json, "file", info->site ? info->site->file : NULL);
    weft__diag_json_count(json, "line", info->site ? info->site->line : 0);
    weft__diag_json_count(json, "thread_id", (uint64_t)info->thread_id);
    weft__diag_json_time(json, "waited_ns", info->waited_ns);
    weft__diag_json_time(json, "ran_ns", info->ran_ns);
    weft__diag_json_close(json);
}

void weft__diag_blocking(struct weft__diag_view *view)
{
    struct jobs jobs = {.view = view, .state = weft__diag_uri_get(view->uri, "state"), .name = weft__diag_uri_get(view->uri, "name")};
    const struct job_row *row;
    uint32_t at = 0;
    if (!weft__diag_page_begin(&jobs.page, view, jobs_columns, sizeof(struct job_row)))
        return;
    weft__diag_json_open(&view->json, "pools", '[');
    weft_runtime_visit(jobs_of_runtime, &jobs);
    weft__diag_json_close(&view->json);
    if (!weft__diag_page_sort(&jobs.page, view))
        return;
    weft__diag_json_open(&view->json, "jobs", '[');
    while ((row = weft__diag_page_next(&jobs.page, &at)) != NULL)
        job_write(&view->json, &row->info, row->runtime);
    weft__diag_json_close(&view->json);
}
