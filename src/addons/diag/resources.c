/* SPDX-License-Identifier: MIT */
/* /api/resources and /api/resource/ID: meeting points, who holds them, and who waits there in which order. */
#include <string.h>
#include <weft/runtime.h>
#include <weft/sync.h>

#include "page.h"

enum { RESOURCES_ID, RESOURCES_NAME, RESOURCES_KIND, RESOURCES_WAITING, RESOURCES_WAITS, RESOURCES_LONGEST };
static const char *const resources_columns[] = {"id", "name", "kind", "waiting", "waits", "longest", NULL};
enum { RESOURCE_WAITERS_MAX = 100 };

struct resource_row {
    struct weft__diag_key key;
    weft_sync_stats stats;
    uint32_t runtime;
};

struct resources {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    uint32_t runtime;
    const char *kind; /* NULL: any */
    const char *name;
    const char *component;
};

static int resources_offer(void *context, const weft_sync_stats *stats)
{
    struct resources *resources = context;
    const char *kind = weft_sync_kind_name(stats->kind);
    if ((resources->kind && strcmp(kind, resources->kind) != 0) || (resources->name && !strstr(stats->name, resources->name)) ||
        (resources->component && strcmp(stats->component, resources->component) != 0))
        return 0;
    struct weft__diag_key key = {.id = stats->id};
    switch (resources->page.sort) {
    case RESOURCES_NAME: weft__diag_key_text(&key, stats->name); break;
    case RESOURCES_KIND: weft__diag_key_text(&key, kind); break;
    case RESOURCES_WAITING: key.number = stats->waiting; break;
    case RESOURCES_WAITS: key.number = (int64_t)stats->waits; break;
    case RESOURCES_LONGEST: key.number = stats->wait_longest_ns; break;
    case RESOURCES_ID: key.number = 0; break;
    }
    struct resource_row *row = weft__diag_page_offer(&resources->page, &key);
    if (row) {
        row->stats = *stats;
        row->runtime = resources->runtime;
    }
    return 0;
}

static int resources_of_runtime(void *context, weft_runtime *rt)
{
    struct resources *resources = context;
    resources->runtime = weft__diag_runtime_number(rt);
    return weft__diag_view_wants(resources->view, rt) ? weft_sync_visit(rt, resources_offer, resources) : 0;
}

static void resource_write(struct weft__diag_json *json, const weft_sync_stats *stats, uint32_t runtime)
{
    weft__diag_json_count(json, "runtime", runtime);
    weft__diag_json_count(json, "id", stats->id);
    weft__diag_json_text(json, "kind", weft_sync_kind_name(stats->kind));
    weft__diag_json_text(json, "name", stats->name);
    weft__diag_json_text(json, "component", stats->component);
    weft__diag_json_flag(json, "closed", stats->closed);
    weft__diag_json_owner(json, "owner", "owner_thread", stats->owner);
    weft__diag_json_owner(json, "taker", "taker_thread", stats->taker);
    weft__diag_json_count(json, "permits", stats->permits);
    weft__diag_json_count(json, "permits_max", stats->permits_max);
    weft__diag_json_count(json, "count", stats->count);
    weft__diag_json_count(json, "senders", stats->senders);
    weft__diag_json_count(json, "receivers", stats->receivers);
    weft__diag_json_count(json, "waiting", stats->waiting);
    weft__diag_json_owner(json, "waiting_first", "waiting_first_thread", stats->waiting_first);
    weft__diag_json_count(json, "waits", stats->waits);
    weft__diag_json_time(json, "wait_total_ns", stats->wait_total_ns);
    weft__diag_json_time(json, "wait_longest_ns", stats->wait_longest_ns);
}

void weft__diag_resources(struct weft__diag_view *view)
{
    const struct weft__diag_uri *uri = view->uri;
    struct resources resources = {.view = view, .kind = weft__diag_uri_get(uri, "kind"), .name = weft__diag_uri_get(uri, "name"),
                                  .component = weft__diag_uri_get(uri, "component")};
    const struct resource_row *row;
    uint32_t at = 0;
    if (!weft__diag_page_begin(&resources.page, view, resources_columns, sizeof(struct resource_row)))
        return;
    weft_runtime_visit(resources_of_runtime, &resources);
    if (!weft__diag_page_sort(&resources.page, view))
        return;
    weft__diag_json_open(&view->json, "resources", '[');
    while ((row = weft__diag_page_next(&resources.page, &at)) != NULL) {
        weft__diag_json_element(&view->json);
        resource_write(&view->json, &row->stats, row->runtime);
        weft__diag_json_close(&view->json);
    }
    weft__diag_json_close(&view->json);
}

struct resource_search {
    struct weft__diag_view *view;
    uint64_t id;
    weft_sync_stats stats;
};

static int resource_is_it(void *context, const weft_sync_stats *stats)
{
    struct resource_search *search = context;
    if (stats->id != search->id)
        return 0;
    search->stats = *stats;
    return 1;
}

/* In the order in which they will be let in. */
static void resource_write_waiters(struct weft__diag_json *json, weft_runtime *rt, uint64_t id)
{
    weft_sync_waiter waiters[RESOURCE_WAITERS_MAX];
    const int waiting = weft_sync_waiters(rt, id, waiters, RESOURCE_WAITERS_MAX);
    weft__diag_json_open(json, "waiters", '[');
    for (int i = 0; i < waiting && i < RESOURCE_WAITERS_MAX; i++) {
        weft__diag_json_element(json);
        weft__diag_json_owner(json, "task", "thread", waiters[i].who);
        weft__diag_json_time(json, "waited_ns", waiters[i].waited_ns);
        weft__diag_json_count(json, "permits", waiters[i].permits);
        weft__diag_json_flag(json, "alone", waiters[i].alone);
        weft__diag_json_flag(json, "sender", waiters[i].sender);
        weft__diag_json_close(json);
    }
    weft__diag_json_close(json);
}

static int resource_in_runtime(void *context, weft_runtime *rt)
{
    struct resource_search *search = context;
    if (!weft__diag_view_wants(search->view, rt) || weft_sync_visit(rt, resource_is_it, search) != 1)
        return 0;
    resource_write(&search->view->json, &search->stats, weft__diag_runtime_number(rt));
    resource_write_waiters(&search->view->json, rt, search->id);
    return 1;
}

void weft__diag_resource(struct weft__diag_view *view)
{
    struct resource_search search = {.view = view};
    if (!weft__diag_view_id(view, &search.id))
        return;
    if (weft_runtime_visit(resource_in_runtime, &search) != 1)
        weft__diag_refuse(view, 404, "no meeting point %llu lives", (unsigned long long)search.id);
}
