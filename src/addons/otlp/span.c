/* SPDX-License-Identifier: MIT */
#include "span.h"

#include <stdlib.h>
#include <string.h>
#include <weft/error.h>

#include "w3c.h"

static void span_free(weft_trail *trail)
{
    struct weft__otlp_span *span = (struct weft__otlp_span *)(void *)trail;
    for (uint32_t i = 0; i < span->event_count; i++) {
        free(span->events[i].name);
        weft__otlp_notes_free(&span->events[i].notes);
    }
    weft__otlp_notes_free(&span->notes);
    weft__otlp_shared_unref(span->state);
    weft__otlp_shared_unref(span->correlation);
    if (span->under)
        weft_trail_unref(&span->under->trail);
    free(span->events);
    free(span->links);
    free(span->name);
    free(span->failure);
    free(span);
}

struct weft__otlp_span *weft__otlp_span_from(weft_trail *trail)
{
    return trail && trail->free == span_free ? (struct weft__otlp_span *)(void *)trail : NULL;
}

static struct weft__otlp_span *span_make(void)
{
    struct weft__otlp_span *span = calloc(1, sizeof *span);
    if (span)
        weft_trail_init(&span->trail, span_free);
    return span;
}

struct weft__otlp_span *weft__otlp_span_remote(const weft_otlp_context *context)
{
    struct weft__otlp_span *span = span_make();
    if (!span)
        return NULL;
    memcpy(span->trace_id, context->trace_id, sizeof span->trace_id);
    memcpy(span->span_id, context->span_id, sizeof span->span_id);
    span->flags = context->flags;
    span->remote = true;
    span->state = weft__otlp_shared_new(context->tracestate);
    return span;
}

/* Whether a trace is among the sampled ones by its id, of which the lower half is random. */
static bool span_in_ratio(const uint8_t *trace_id)
{
    uint64_t lower = 0;
    for (int i = 8; i < 16; i++)
        lower = lower << 8 | trace_id[i];
    return lower >> 1 < weft__load_relaxed(&weft__otlp_policy.ratio);
}

static bool span_sampled(const struct weft__otlp_span *span, const struct weft__otlp_span *parent)
{
    if (parent && weft__load_relaxed(&weft__otlp_policy.parent_based)) /* of the policy all was written before */
        return parent->flags & 1;
    switch (weft__load_relaxed(&weft__otlp_policy.sampler)) {
    case WEFT__OTLP_ALWAYS_OFF:
        return false;
    case WEFT__OTLP_RATIO:
        return span_in_ratio(span->trace_id);
    default:
        return true;
    }
}

static void span_inherit(struct weft__otlp_span *span, struct weft__otlp_span *parent)
{
    memcpy(span->trace_id, parent->trace_id, sizeof span->trace_id);
    memcpy(span->parent_id, parent->span_id, sizeof span->parent_id);
    span->has_parent = true;
    span->parent_remote = parent->remote;
    span->state = weft__otlp_shared_ref(parent->state);
    span->correlation = weft__otlp_span_correlation(parent);
    span->flags = parent->flags & ~1u;
}

/* The texts of a span lie in one block, its name first. */
static bool span_describe(struct weft__otlp_span *span, const char *name, const weft_trail_birth *birth)
{
    const char *texts[] = {name && *name ? name : "?", birth ? birth->runtime : "", birth ? birth->scope : ""};
    char **const places[] = {&span->name, &span->task.runtime, &span->task.scope};
    size_t lengths[3], size = 0;
    for (int i = 0; i < 3; i++)
        size += lengths[i] = strnlen(texts[i], WEFT__OTLP_TEXT_MAX) + 1;
    char *at = malloc(size);
    for (int i = 0; at && i < 3; at += lengths[i++]) {
        *places[i] = memcpy(at, texts[i], lengths[i] - 1);
        at[lengths[i] - 1] = '\0';
    }
    if (birth) {
        span->trail.timed = true;
        span->task.id = birth->task;
        span->task.parent = birth->parent;
        span->task.site = birth->site;
        span->task.category = birth->category;
    }
    return span->name != NULL;
}

struct weft__otlp_span *weft__otlp_span_new(struct weft__otlp_span *parent, const char *name, const weft_trail_birth *birth)
{
    struct weft__otlp_span *span = span_make();
    if (!span)
        return NULL;
    weft__otlp_new_id(span->span_id, sizeof span->span_id);
    if (parent)
        span_inherit(span, parent);
    else
        weft__otlp_new_id(span->trace_id, sizeof span->trace_id);
    span->flags |= span_sampled(span, parent);
    span->records = (span->flags & 1) && weft__otlp_is_open(WEFT__OTLP_TRACES);
    if (!span->records)
        return span;
    span->begun = weft__otlp_unix_ns();
    if (span_describe(span, name, birth))
        return span;
    weft_trail_unref(&span->trail);
    return NULL;
}

/* To end because it was asked to is no failure, but for a deadline: that was the time it had. Under the lock. */
static void span_conclude(struct weft__otlp_span *span, const weft_trail_end *end)
{
    const bool asked = end->result == WEFT_ECANCELED && end->cancelled != WEFT_REASON_NONE && end->cancelled != WEFT_REASON_DEADLINE;
    span->task.polls = end->polls;
    span->task.busy_ns = end->busy_ns;
    span->task.result = end->result;
    span->task.cancelled = (uint8_t)end->cancelled;
    if (end->result >= 0 || asked)
        return;
    span->status = WEFT__OTLP_FAILED;
    if (!span->failure)
        span->failure = weft__otlp_text_copy(weft_error_name(end->result));
}

void weft__otlp_span_finish(struct weft__otlp_span *span, const weft_trail_end *end)
{
    weft__lock(&span->lock);
    if (end && span->records && !span->over)
        span_conclude(span, end);
    const bool first = span->records && !span->over;
    span->over = true;
    span->ended = first ? weft__otlp_unix_ns() : span->ended;
    weft__unlock(&span->lock);
    if (!first)
        return;
    weft_trail_ref(&span->trail);
    if (!weft__otlp_push(WEFT__OTLP_TRACES, &span->node))
        weft_trail_unref(&span->trail);
}

/* Whether there is something to write to; then the lock is held. */
static bool span_open(struct weft__otlp_span *span)
{
    if (!span || !span->records)
        return false;
    weft__lock(&span->lock);
    if (!span->over)
        return true;
    weft__unlock(&span->lock);
    return false;
}

void weft__otlp_span_put(struct weft__otlp_span *span, const weft_otlp_attribute *attribute)
{
    if (!span_open(span))
        return;
    weft__otlp_notes_put(&span->notes, attribute);
    weft__unlock(&span->lock);
}

/* Room for one more in a list; NULL: there is none, or no memory. */
static void *span_grow(void **list, uint32_t count, uint32_t *room, uint32_t limit, size_t size)
{
    if (count >= *room) {
        const uint32_t wanted = *room ? 2 * *room : 4;
        void *more = count < limit ? realloc(*list, wanted * size) : NULL;
        if (!more)
            return NULL;
        *list = more;
        *room = wanted;
    }
    return (char *)*list + count * size;
}

void weft__otlp_span_add_event(struct weft__otlp_span *span, const char *name, const weft_otlp_attribute *attributes, size_t count)
{
    if (!name || !span_open(span))
        return;
    void *list = span->events;
    struct weft__otlp_event *event = span_grow(&list, span->event_count, &span->event_room, WEFT__OTLP_EVENTS_MAX, sizeof *event);
    span->events = list;
    char *copy = event ? weft__otlp_text_copy(name) : NULL;
    if (copy) {
        *event = (struct weft__otlp_event){.at = weft__otlp_unix_ns(), .name = copy};
        weft__otlp_notes_put_all(&event->notes, attributes, count);
        span->event_count++;
    } else {
        span->events_dropped++;
    }
    weft__unlock(&span->lock);
}

void weft__otlp_span_add_link(struct weft__otlp_span *span, const uint8_t *trace_id, const uint8_t *span_id, uint8_t flags)
{
    if (!span_open(span))
        return;
    void *list = span->links;
    struct weft__otlp_link *link = span_grow(&list, span->link_count, &span->link_room, WEFT__OTLP_LINKS_MAX, sizeof *link);
    span->links = list;
    if (link) {
        memcpy(link->trace_id, trace_id, sizeof link->trace_id);
        memcpy(link->span_id, span_id, sizeof link->span_id);
        link->flags = flags;
        span->link_count++;
    } else {
        span->links_dropped++;
    }
    weft__unlock(&span->lock);
}

void weft__otlp_span_set_failure(struct weft__otlp_span *span, const char *text)
{
    if (!span_open(span))
        return;
    span->status = WEFT__OTLP_FAILED;
    char *copy = text ? weft__otlp_text_copy(text) : NULL;
    if (copy) {
        free(span->failure);
        span->failure = copy;
    }
    weft__unlock(&span->lock);
}

void weft__otlp_span_context(struct weft__otlp_span *span, weft_otlp_context *out)
{
    *out = (weft_otlp_context){.flags = span->flags};
    memcpy(out->trace_id, span->trace_id, sizeof out->trace_id);
    memcpy(out->span_id, span->span_id, sizeof out->span_id);
    if (span->state)
        memcpy(out->tracestate, span->state->text, strlen(span->state->text) + 1); /* it was one */
}

struct weft__otlp_shared *weft__otlp_span_correlation(struct weft__otlp_span *span)
{
    weft__lock(&span->lock);
    struct weft__otlp_shared *correlation = weft__otlp_shared_ref(span->correlation);
    weft__unlock(&span->lock);
    return correlation;
}

struct weft__otlp_span *weft__otlp_span_current(void)
{
    return weft__otlp_span_from(weft_trail_current());
}
