/* SPDX-License-Identifier: MIT */
/*
 * The table of paths. docs/operations/api.md describes each, and a test holds the two against each other: the answer of
 * /api lists this table.
 */
#include "routes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/inspect.h>
#include <weft/runtime.h>
#include <weft/sync.h>

#include "files.h"

#define PAGED "limit", "offset", "after", "sort"

struct route {
    const char *path; /* with a '/' at its end: an id follows */
    void (*answer)(struct weft__diag_view *view);
    const char *parameters[12];
};

static void routes_list(struct weft__diag_view *view);

static const struct route routes[] = {
    {"/health/live", weft__diag_health_live, {NULL}},
    {"/health/ready", weft__diag_health_ready, {NULL}},
    {"/health/detailed", weft__diag_health_detailed, {"limit", NULL}},
    {"/metrics", weft__diag_metrics, {"prefix", NULL}},
    {"/events", weft__diag_events, {"interval_ms", NULL}},
    {"/api", routes_list, {NULL}},
    {"/api/overview", weft__diag_overview, {NULL}},
    {"/api/runtimes", weft__diag_runtimes, {"runtime", NULL}},
    {"/api/workers", weft__diag_workers, {"runtime", NULL}},
    {"/api/tasks", weft__diag_tasks, {PAGED, "runtime", "state", "name", "category", "site", "idle_ms", NULL}},
    {"/api/task/", weft__diag_task, {"runtime", NULL}},
    {"/api/channels", weft__diag_channels, {PAGED, "runtime", "health", "name", "component", "internal", NULL}},
    {"/api/channel/", weft__diag_channel, {"runtime", NULL}},
    {"/api/resources", weft__diag_resources, {PAGED, "runtime", "kind", "name", "component", NULL}},
    {"/api/resource/", weft__diag_resource, {"runtime", NULL}},
    {"/api/blocking", weft__diag_blocking, {PAGED, "runtime", "state", "name", NULL}},
    {"/api/waits", weft__diag_waits, {PAGED, "runtime", "task", "object", "name", "held", NULL}},
    {"/api/lints", weft__diag_lints, {PAGED, "runtime", "lint", NULL}},
    {"/api/metrics", weft__diag_figures, {"name", NULL}},
    {"/api/diag", weft__diag_self, {NULL}},
};

/* The table itself. */
static void routes_list(struct weft__diag_view *view)
{
    struct weft__diag_json *json = &view->json;
    weft__diag_json_open(json, "paths", '[');
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s%s", routes[i].path, routes[i].path[strlen(routes[i].path) - 1] == '/' ? "{id}" : "");
        weft__diag_json_open(json, NULL, '{');
        weft__diag_json_text(json, "path", path);
        weft__diag_json_open(json, "parameters", '[');
        for (const char *const *name = routes[i].parameters; *name; name++)
            weft__diag_json_text(json, NULL, *name);
        weft__diag_json_close(json);
        weft__diag_json_close(json);
    }
    weft__diag_json_close(json);
}

/* The path up to and with its last '/' is a route's, and something follows. */
static const struct route *routes_find(const char *path, const char **out_id)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const size_t length = strlen(routes[i].path);
        const bool prefix = routes[i].path[length - 1] == '/';
        if (prefix ? strncmp(path, routes[i].path, length) == 0 && path[length] : strcmp(path, routes[i].path) == 0) {
            *out_id = prefix ? path + length : NULL;
            return &routes[i];
        }
    }
    return NULL;
}

void weft__diag_refuse(struct weft__diag_view *view, int status, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    weft__diag_json_free(&view->json); /* what was written so far */
    weft__diag_json_begin(&view->json);
    weft__diag_json_count(&view->json, "status", (uint64_t)status);
    weft__diag_json_text(&view->json, "error", text);
    view->reply->status = status;
    view->reply->retry = status == 503;
}

bool weft__diag_view_id(struct weft__diag_view *view, uint64_t *out_id)
{
    if (weft__diag_uri_digits(view->id, UINT64_MAX, out_id))
        return true;
    weft__diag_refuse(view, 404, "'%.40s' is no number", view->id);
    return false;
}

uint32_t weft__diag_runtime_number(weft_runtime *rt)
{
    weft_runtime_info info = {.size = sizeof info};
    return weft_runtime_inspect(rt, &info) == 0 ? info.number : 0;
}

bool weft__diag_view_wants(const struct weft__diag_view *view, weft_runtime *rt)
{
    const char *wanted = weft__diag_uri_get(view->uri, "runtime");
    uint64_t number;
    if (!wanted)
        return true;
    if (weft__diag_uri_digits(wanted, UINT32_MAX, &number) && number == weft__diag_runtime_number(rt))
        return true;
    return strcmp(wanted, weft_runtime_name(rt)) == 0;
}

void weft__diag_json_owner(struct weft__diag_json *json, const char *key, const char *thread_key, uint64_t owner)
{
    if (owner == 0)
        weft__diag_json_null(json, key);
    else if (owner & WEFT_OWNER_THREAD)
        weft__diag_json_count(json, thread_key, owner & ~WEFT_OWNER_THREAD);
    else
        weft__diag_json_count(json, key, owner);
}

/* A file of the page. */
static void routes_file(const struct weft__diag_request *request, const struct weft__diag_file *file, struct weft__diag_reply *reply)
{
    reply->type = file->type;
    reply->tag = file->tag;
    reply->lasts = file->lasts;
    reply->policy = WEFT__DIAG_PAGE_POLICY;
    if (weft__diag_file_is_known(file, request->if_none_match))
        reply->status = 304;
    else
        weft__diag_buffer_add(&reply->body, (const char *)file->bytes, file->length);
}

static void routes_run(struct weft__diag_view *view, const struct route *route)
{
    const char *unknown = weft__diag_uri_unknown(view->uri, route->parameters);
    if (unknown)
        weft__diag_refuse(view, 400, "there is no parameter '%.40s' here: /api lists those that are", unknown);
    else
        route->answer(view);
}

void weft__diag_answer(struct weft__diag_view *view, const struct weft__diag_request *request, struct weft__diag_reply *reply)
{
    view->uri = request->uri;
    view->accept = request->accept;
    view->reply = reply;
    const struct weft__diag_file *file = weft__diag_file_find(request->uri->path);
    if (file) { /* without the token, which the page needs for all else */
        routes_file(request, file, reply);
        return;
    }
    const struct route *route = routes_find(request->uri->path, &view->id);
    weft__diag_json_begin(&view->json);
    if (!request->authorized)
        weft__diag_refuse(view, 401, "the token is missing, or another one");
    else if (!route)
        weft__diag_refuse(view, 404, "there is no such path: /api lists those that are");
    else
        routes_run(view, route);
    if (view->plain || reply->events_ms > 0)
        weft__diag_json_free(&view->json);
    else if (!weft__diag_json_end(&view->json, &reply->body))
        reply->body.failed = true;
}
