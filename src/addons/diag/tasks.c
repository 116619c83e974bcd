/* SPDX-License-Identifier: MIT */
/*
 * /api/tasks and /api/task/ID. A task is told as weft_task_dump() tells it, with its runtime in front: where it is, what it
 * waits for, who is at the other end. A page is chosen by what weft_task_visit() knows, and only the rows of the page are
 * looked at closer.
 */
#include <stdio.h>
#include <string.h>
#include <weft/dump.h>
#include <weft/runtime.h>
#include <weft/task.h>

#include "members.h"
#include "page.h"
#include "workers.h"

enum { TASKS_ID, TASKS_NAME, TASKS_AGE, TASKS_IDLE, TASKS_POLLS };
static const char *const tasks_columns[] = {"id", "name", "age", "idle", "polls", NULL};
static const char *const tasks_states[] = {"scheduled", "running", "waiting", "ended"};
static const char *const tasks_categories[] = {"uncategorized", "actor", "listener", "handler", "utility"};

struct task_row {
    struct weft__diag_key key;
    weft_task task;
    uint32_t runtime;
};

struct tasks {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    uint32_t runtime;
    int state;           /* -1: any */
    int64_t category;    /* -1: any */
    int64_t idle_ns;
    const char *name;    /* a part of it; NULL: any */
    const char *site;
};

/* A word of a list; -1: none of them. */
static int tasks_word(const char *const *words, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

static bool tasks_filter_category(struct tasks *tasks, const char *text)
{
    uint64_t number;
    if (weft__diag_uri_digits(text, UINT32_MAX, &number))
        tasks->category = (int64_t)number;
    else
        tasks->category = tasks_word(tasks_categories, 5, text);
    return tasks->category >= 0;
}

static bool tasks_filter(struct tasks *tasks)
{
    const struct weft__diag_uri *uri = tasks->view->uri;
    const char *state = weft__diag_uri_get(uri, "state"), *category = weft__diag_uri_get(uri, "category");
    uint64_t idle_ms = 0;
    tasks->name = weft__diag_uri_get(uri, "name");
    tasks->site = weft__diag_uri_get(uri, "site");
    tasks->state = state ? tasks_word(tasks_states, 4, state) : -1;
    tasks->category = -1;
    if (state && tasks->state < 0)
        weft__diag_refuse(tasks->view, 400, "state is scheduled, running, waiting or ended");
    else if (category && !tasks_filter_category(tasks, category))
        weft__diag_refuse(tasks->view, 400, "category is a number, or uncategorized, actor, listener, handler or utility");
    else if (!weft__diag_uri_number(uri, "idle_ms", INT32_MAX, &idle_ms))
        weft__diag_refuse(tasks->view, 400, "idle_ms is a number of milliseconds");
    else {
        tasks->idle_ns = (int64_t)idle_ms * 1000000;
        return true;
    }
    return false;
}

/* "server.c:44" */
static bool tasks_site_matches(const weft_site *site, const char *part)
{
    char text[512];
    snprintf(text, sizeof text, "%s:%u", site && site->file ? site->file : "", site ? site->line : 0);
    return strstr(text, part) != NULL;
}

static bool tasks_match(const struct tasks *tasks, const weft_task_info *info)
{
    return (tasks->state < 0 || (int)info->state == tasks->state) &&
           (tasks->category < 0 || info->category == (uint64_t)tasks->category) && info->idle_ns >= tasks->idle_ns &&
           (!tasks->name || strstr(info->name, tasks->name)) && (!tasks->site || tasks_site_matches(info->site, tasks->site));
}

static int tasks_offer(void *context, const weft_task_info *info)
{
    struct tasks *tasks = context;
    if (!tasks_match(tasks, info))
        return 0;
    struct weft__diag_key key = {.id = info->task.id};
    switch (tasks->page.sort) {
    case TASKS_NAME: weft__diag_key_text(&key, info->name); break;
    case TASKS_AGE: key.number = info->age_ns; break;
    case TASKS_IDLE: key.number = info->idle_ns; break;
    case TASKS_POLLS: key.number = info->polls; break;
    case TASKS_ID: key.number = 0; break;
    }
    struct task_row *row = weft__diag_page_offer(&tasks->page, &key);
    if (row) {
        row->task = info->task;
        row->runtime = tasks->runtime;
    }
    return 0;
}

static int tasks_of_runtime(void *context, weft_runtime *rt)
{
    struct tasks *tasks = context;
    tasks->runtime = weft__diag_runtime_number(rt);
    return weft__diag_view_wants(tasks->view, rt) ? weft_task_visit(rt, tasks_offer, tasks) : 0;
}

static int tasks_append(void *context, const char *text, size_t length)
{
    weft__diag_buffer_add(context, text, length);
    return 0;
}

bool weft__diag_task_write(struct weft__diag_json *json, weft_task task)
{
    struct weft__diag_buffer text = {0};
    const bool alive = weft_task_dump_one(task, WEFT_DUMP_JSON, tasks_append, &text) == 0;
    if (alive)
        json->failed |= text.failed || !weft__diag_members(json, text.bytes, text.length);
    weft__diag_buffer_free(&text);
    return alive;
}

/* With its runtime in front. */
static bool tasks_write(struct weft__diag_json *json, weft_task task, uint32_t runtime)
{
    weft__diag_json_count(json, "runtime", runtime);
    return weft__diag_task_write(json, task);
}

void weft__diag_tasks(struct weft__diag_view *view)
{
    struct tasks tasks = {.view = view};
    const void *row;
    uint32_t at = 0;
    if (!tasks_filter(&tasks) || !weft__diag_page_begin(&tasks.page, view, tasks_columns, sizeof(struct task_row)))
        return;
    weft_runtime_visit(tasks_of_runtime, &tasks);
    if (!weft__diag_page_sort(&tasks.page, view))
        return;
    weft__diag_json_open(&view->json, "tasks", '[');
    while ((row = weft__diag_page_next(&tasks.page, &at)) != NULL) {
        const struct task_row *task = row;
        weft__diag_json_element(&view->json);
        if (tasks_write(&view->json, task->task, task->runtime))
            weft__diag_json_close(&view->json);
        else
            weft__diag_json_drop(&view->json);
    }
    weft__diag_json_close(&view->json);
}

struct task_search {
    struct weft__diag_view *view;
    uint64_t id;
    weft_task found;
    uint32_t runtime;
};

static int task_is_it(void *context, const weft_task_info *info)
{
    struct task_search *search = context;
    if (info->task.id != search->id)
        return 0;
    search->found = info->task;
    return 1;
}

static int task_in_runtime(void *context, weft_runtime *rt)
{
    struct task_search *search = context;
    search->runtime = weft__diag_runtime_number(rt);
    return weft__diag_view_wants(search->view, rt) ? weft_task_visit(rt, task_is_it, search) : 0;
}

void weft__diag_task(struct weft__diag_view *view)
{
    struct task_search search = {.view = view};
    if (!weft__diag_view_id(view, &search.id))
        return;
    if (weft_runtime_visit(task_in_runtime, &search) != 1 || !tasks_write(&view->json, search.found, search.runtime))
        weft__diag_refuse(view, 404, "no task %llu lives", (unsigned long long)search.id);
}
