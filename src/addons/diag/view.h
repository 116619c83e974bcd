/* SPDX-License-Identifier: MIT */
/* What a path is answered with: a function that writes the members of a JSON object, and may refuse instead. */
#ifndef WEFT_DIAG_VIEW_H
#define WEFT_DIAG_VIEW_H

#include <weft/diag.h>
#include <weft/types.h>

#include "health.h"
#include "json.h"
#include "server.h"

struct weft__diag_view {
    const struct weft__diag_uri *uri;
    const char *id;     /* what follows the prefix of a path like /api/task/; NULL */
    const char *accept; /* the request's, or NULL */
    const weft_diag_options *options; /* complete: no zeros */
    const struct weft__diag_counts *counts;
    struct weft__diag_memory *memory;
    struct weft__diag_reply *reply;
    struct weft__diag_json json; /* an open object */
    bool plain; /* the body is written, and is no JSON */
};

/* Answer with this instead. */
void weft__diag_refuse(struct weft__diag_view *view, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether the parameter `runtime`, a number or a name, means this one; it does if it is not there. */
bool weft__diag_view_wants(const struct weft__diag_view *view, weft_runtime *rt);

/* The number that the path ends with; false: refused, it is none. */
bool weft__diag_view_id(struct weft__diag_view *view, uint64_t *out_id);

/* A runtime's number. */
uint32_t weft__diag_runtime_number(weft_runtime *rt);

/* A task or a thread, as the statistics of weft spell them: "<key>" a task's number or null, "<key>_thread" if it is one. */
void weft__diag_json_owner(struct weft__diag_json *json, const char *key, const char *thread_key, uint64_t owner);

/* The paths. */
void weft__diag_health_live(struct weft__diag_view *view);
void weft__diag_health_ready(struct weft__diag_view *view);
void weft__diag_health_detailed(struct weft__diag_view *view);
void weft__diag_overview(struct weft__diag_view *view);
void weft__diag_runtimes(struct weft__diag_view *view);
void weft__diag_workers(struct weft__diag_view *view);
void weft__diag_tasks(struct weft__diag_view *view);
void weft__diag_task(struct weft__diag_view *view);
void weft__diag_channels(struct weft__diag_view *view);
void weft__diag_channel(struct weft__diag_view *view);
void weft__diag_resources(struct weft__diag_view *view);
void weft__diag_resource(struct weft__diag_view *view);
void weft__diag_blocking(struct weft__diag_view *view);
void weft__diag_waits(struct weft__diag_view *view);
void weft__diag_lints(struct weft__diag_view *view);
void weft__diag_metrics(struct weft__diag_view *view);
void weft__diag_figures(struct weft__diag_view *view);
void weft__diag_events(struct weft__diag_view *view);
void weft__diag_self(struct weft__diag_view *view);

/* What an event carries: one line of JSON. */
void weft__diag_snapshot(const weft_diag_options *options, struct weft__diag_memory *memory, struct weft__diag_buffer *out);

#endif
