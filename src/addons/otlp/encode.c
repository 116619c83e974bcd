/* SPDX-License-Identifier: MIT */
#include "encode.h"

#include <stdio.h>
#include <string.h>
#include <weft/task.h>
#include <weft/version.h>

#include "log.h"
#include "span.h"

static void encode_resource(struct weft__otlp_json *json, const struct weft__otlp_pairs *resource)
{
    weft__otlp_json_open(json, "resource", '{');
    weft__otlp_json_open(json, "attributes", '[');
    for (size_t i = 0; i < resource->count; i++)
        weft__otlp_json_attribute_text(json, resource->of[i].key, resource->of[i].value);
    weft__otlp_json_attribute_text(json, "telemetry.sdk.name", "weft");
    weft__otlp_json_attribute_text(json, "telemetry.sdk.language", "c");
    weft__otlp_json_attribute_text(json, "telemetry.sdk.version", WEFT_VERSION);
    weft__otlp_json_close(json);
    weft__otlp_json_close(json);
}

void weft__otlp_encode_begin(struct weft__otlp_json *json, const struct weft__otlp_pairs *resource, const char *what, const char *list)
{
    char key[32];
    weft__otlp_json_begin(json);
    snprintf(key, sizeof key, "resource%s", what);
    weft__otlp_json_open(json, key, '[');
    weft__otlp_json_open(json, NULL, '{');
    encode_resource(json, resource);
    snprintf(key, sizeof key, "scope%s", what);
    weft__otlp_json_open(json, key, '[');
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_open(json, "scope", '{');
    weft__otlp_json_text(json, "name", "weft");
    weft__otlp_json_text(json, "version", WEFT_VERSION);
    weft__otlp_json_close(json);
    weft__otlp_json_open(json, list, '[');
}

char *weft__otlp_encode_end(struct weft__otlp_json *json, size_t *out_length)
{
    return weft__otlp_json_end(json, out_length);
}

/* The trace flags, and beyond them whether it is known that the parent is in another process (bits 8 and 9). */
static int64_t encode_flags(uint8_t flags, bool remote)
{
    return flags | 0x100 | (remote ? 0x200 : 0);
}

static void encode_events(struct weft__otlp_json *json, const struct weft__otlp_span *span)
{
    weft__otlp_json_open(json, "events", '[');
    for (uint32_t i = 0; i < span->event_count; i++) {
        weft__otlp_json_open(json, NULL, '{');
        weft__otlp_json_count(json, "timeUnixNano", span->events[i].at);
        weft__otlp_json_text(json, "name", span->events[i].name);
        weft__otlp_json_open(json, "attributes", '[');
        weft__otlp_json_notes(json, &span->events[i].notes);
        weft__otlp_json_close(json);
    }
    weft__otlp_json_close(json);
    if (span->events_dropped > 0)
        weft__otlp_json_integer(json, "droppedEventsCount", span->events_dropped);
}

static void encode_links(struct weft__otlp_json *json, const struct weft__otlp_span *span)
{
    weft__otlp_json_open(json, "links", '[');
    for (uint32_t i = 0; i < span->link_count; i++) {
        weft__otlp_json_open(json, NULL, '{');
        weft__otlp_json_hex(json, "traceId", span->links[i].trace_id, 16);
        weft__otlp_json_hex(json, "spanId", span->links[i].span_id, 8);
        weft__otlp_json_integer(json, "flags", span->links[i].flags);
        weft__otlp_json_close(json);
    }
    weft__otlp_json_close(json);
    if (span->links_dropped > 0)
        weft__otlp_json_integer(json, "droppedLinksCount", span->links_dropped);
}

static const char *encode_category(uint32_t category, char *number, size_t room)
{
    static const char *const names[] = {"", "actor", "listener", "handler", "utility"};
    if (category < sizeof names / sizeof names[0])
        return names[category];
    snprintf(number, room, "%u", category);
    return number;
}

/* What was told of a task, but for what says nothing. */
static void encode_task(struct weft__otlp_json *json, const struct weft__otlp_span *span)
{
    static const char *const reasons[] = {"", "user", "deadline", "sibling", "shutdown"};
    const struct weft__otlp_task *task = &span->task;
    char number[16];
    const weft_otlp_attribute attributes[] = {
        weft_otlp_text("weft.runtime", task->runtime),
        weft_otlp_text("weft.scope", task->scope),
        weft_otlp_text("weft.task.name", span->name),
        weft_otlp_text("weft.task.category", encode_category(task->category, number, sizeof number)),
        weft_otlp_text("weft.task.cancelled", task->cancelled < 5 ? reasons[task->cancelled] : ""),
        weft_otlp_integer("weft.task.id", (int64_t)task->id),
        weft_otlp_integer("weft.task.parent", (int64_t)task->parent),
        weft_otlp_integer("weft.task.polls", task->polls),
        weft_otlp_integer("weft.task.busy_ns", task->busy_ns),
        weft_otlp_integer("weft.task.result", task->result),
        weft_otlp_text("code.function.name", task->site->function),
        weft_otlp_text("code.file.path", task->site->file),
        weft_otlp_integer("code.line.number", task->site->line),
    };
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        const weft_otlp_attribute *it = &attributes[i];
        const bool says = it->kind == 't' ? it->text && *it->text : it->integer != 0 || strcmp(it->key, "weft.task.result") == 0;
        if (says)
            weft__otlp_json_attribute(json, it);
    }
}

/* It has ended: nobody writes to it any more, but to its correlation id. */
static void encode_span(struct weft__otlp_json *json, struct weft__otlp_span *span)
{
    enum { INTERNAL = 1 };
    struct weft__otlp_shared *correlation = weft__otlp_span_correlation(span);
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_hex(json, "traceId", span->trace_id, 16);
    weft__otlp_json_hex(json, "spanId", span->span_id, 8);
    if (span->has_parent)
        weft__otlp_json_hex(json, "parentSpanId", span->parent_id, 8);
    if (span->state)
        weft__otlp_json_text(json, "traceState", span->state->text);
    weft__otlp_json_integer(json, "flags", encode_flags(span->flags, span->parent_remote));
    weft__otlp_json_text(json, "name", span->name);
    weft__otlp_json_integer(json, "kind", INTERNAL);
    weft__otlp_json_count(json, "startTimeUnixNano", span->begun);
    weft__otlp_json_count(json, "endTimeUnixNano", span->ended > span->begun ? span->ended : span->begun);
    weft__otlp_json_open(json, "attributes", '[');
    if (span->task.id != 0)
        encode_task(json, span);
    if (correlation)
        weft__otlp_json_attribute_text(json, "correlation.id", correlation->text);
    weft__otlp_json_notes(json, &span->notes);
    weft__otlp_shared_unref(correlation);
    encode_events(json, span);
    encode_links(json, span);
    weft__otlp_json_open(json, "status", '{');
    if (span->failure)
        weft__otlp_json_text(json, "message", span->failure);
    weft__otlp_json_integer(json, "code", span->status);
    weft__otlp_json_close(json);
    weft__otlp_json_close(json);
}

char *weft__otlp_encode_spans(const struct weft__otlp_pairs *resource, struct weft__otlp_node *first, uint32_t count, size_t *out_length)
{
    struct weft__otlp_json json;
    weft__otlp_encode_begin(&json, resource, "Spans", "spans");
    for (; first && count > 0; first = first->next, count--)
        encode_span(&json, weft__otlp_span_of_node(first));
    return weft__otlp_encode_end(&json, out_length);
}

static void encode_log(struct weft__otlp_json *json, const struct weft__otlp_log *log)
{
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_count(json, "timeUnixNano", log->at);
    weft__otlp_json_count(json, "observedTimeUnixNano", log->at);
    weft__otlp_json_integer(json, "severityNumber", log->severity);
    weft__otlp_json_text(json, "severityText", weft__otlp_severity_name(log->severity));
    weft__otlp_json_open(json, "body", '{');
    weft__otlp_json_text(json, "stringValue", log->body);
    weft__otlp_json_close(json);
    weft__otlp_json_open(json, "attributes", '[');
    weft__otlp_json_notes(json, &log->notes);
    if (log->traced) {
        weft__otlp_json_hex(json, "traceId", log->trace_id, 16);
        weft__otlp_json_hex(json, "spanId", log->span_id, 8);
        weft__otlp_json_integer(json, "flags", log->flags);
    }
    weft__otlp_json_close(json);
}

char *weft__otlp_encode_logs(const struct weft__otlp_pairs *resource, struct weft__otlp_node *first, uint32_t count, size_t *out_length)
{
    struct weft__otlp_json json;
    weft__otlp_encode_begin(&json, resource, "Logs", "logRecords");
    for (; first && count > 0; first = first->next, count--)
        encode_log(&json, weft__otlp_log_of(first));
    return weft__otlp_encode_end(&json, out_length);
}
