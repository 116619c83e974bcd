/* SPDX-License-Identifier: MIT */
/*
 * /api/waits: an edge for each thing that a task waits for, to the task at the other end, as far as that is known. The
 * edges of a circle that nobody leaves are all here.
 */
#include "waits.h"

#include <string.h>
#include <weft/dump.h>
#include <weft/runtime.h>

#include "page.h"

enum { WAITS_TASK, WAITS_FOR, WAITS_NAME };
static const char *const waits_columns[] = {"task", "for", "name", NULL};
enum { WAITS_AT_MAX = 100 };

struct wait_row {
    struct weft__diag_key key;
    weft_wait_info info;
    uint32_t runtime;
};

struct waits {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    uint32_t runtime;
    uint64_t task;   /* 0: any */
    uint64_t object;
    uint64_t held;   /* 1: only those that somebody is behind */
    const char *name;
};

static int waits_offer(void *context, const weft_wait_info *info)
{
    struct waits *waits = context;
    if ((waits->task && info->task != waits->task) || (waits->object && info->object != waits->object) ||
        (waits->held && info->holder == 0) || (waits->name && !strstr(info->name, waits->name)))
        return 0;
    struct weft__diag_key key = {.id = info->task};
    if (waits->page.sort == WAITS_FOR)
        key.number = info->for_ns;
    else if (waits->page.sort == WAITS_NAME)
        weft__diag_key_text(&key, info->name);
    struct wait_row *row = weft__diag_page_offer(&waits->page, &key);
    if (row) {
        row->info = *info;
        row->runtime = waits->runtime;
    }
    return 0;
}

static int waits_of_runtime(void *context, weft_runtime *rt)
{
    struct waits *waits = context;
    waits->runtime = weft__diag_runtime_number(rt);
    return weft__diag_view_wants(waits->view, rt) ? weft_wait_visit(rt, waits_offer, waits) : 0;
}

static void wait_write(struct weft__diag_json *json, const weft_wait_info *info)
{
    weft__diag_json_count(json, "task", info->task);
    weft__diag_json_text(json, "task_name", info->task_name);
    weft__diag_json_text(json, "what", info->what);
    weft__diag_json_count(json, "object", info->object);
    weft__diag_json_text(json, "name", info->name);
    weft__diag_json_owner(json, "holder", "holder_thread", info->holder);
    weft__diag_json_text(json, "holder_is", info->holder_is);
    weft__diag_json_time(json, "for_ns", info->for_ns);
    weft__diag_json_time(json, "ends_in_ns", info->ends_in_ns);
    weft__diag_json_text(json, "function", info->function);
    weft__diag_json_text(json, "file", info->file);
    weft__diag_json_count(json, "line", info->line);
}

void weft__diag_waits(struct weft__diag_view *view)
{
    struct waits waits = {.view = view, .name = weft__diag_uri_get(view->uri, "name")};
    const struct wait_row *row;
    uint32_t at = 0;
    if (!weft__diag_uri_number(view->uri, "task", UINT64_MAX, &waits.task) ||
        !weft__diag_uri_number(view->uri, "object", UINT64_MAX, &waits.object)) {
        weft__diag_refuse(view, 400, "task and object are ids");
        return;
    }
    if (!weft__diag_uri_number(view->uri, "held", 1, &waits.held)) {
        weft__diag_refuse(view, 400, "held is 0 or 1");
        return;
    }
    if (!weft__diag_page_begin(&waits.page, view, waits_columns, sizeof(struct wait_row)))
        return;
    weft_runtime_visit(waits_of_runtime, &waits);
    if (!weft__diag_page_sort(&waits.page, view))
        return;
    weft__diag_json_open(&view->json, "waits", '[');
    while ((row = weft__diag_page_next(&waits.page, &at)) != NULL) {
        weft__diag_json_element(&view->json);
        weft__diag_json_count(&view->json, "runtime", row->runtime);
        wait_write(&view->json, &row->info);
        weft__diag_json_close(&view->json);
    }
    weft__diag_json_close(&view->json);
}

struct waits_at {
    struct weft__diag_json *json;
    uint64_t object;
    uint32_t count;
};

static int waits_at_object(void *context, const weft_wait_info *info)
{
    struct waits_at *at = context;
    if (info->object != at->object)
        return 0;
    weft__diag_json_element(at->json);
    wait_write(at->json, info);
    weft__diag_json_close(at->json);
    return ++at->count == WAITS_AT_MAX;
}

void weft__diag_waits_at(struct weft__diag_json *json, weft_runtime *rt, uint64_t object)
{
    struct waits_at at = {.json = json, .object = object};
    weft__diag_json_open(json, "waiting", '[');
    weft_wait_visit(rt, waits_at_object, &at);
    weft__diag_json_close(json);
}
