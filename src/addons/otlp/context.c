/* SPDX-License-Identifier: MIT */
/* What is said of the current task or thread: contexts that come and go, correlation, and spans that code begins. */
#include <stdlib.h>
#include <string.h>
#include <weft/error.h>
#include <weft/otlp.h>
#include <weft/trail.h>

#include "span.h"
#include "w3c.h"

int weft_otlp_context_parse(const char *traceparent, const char *tracestate, weft_otlp_context *out_context)
{
    static const char call[] = "weft_otlp_context_parse";
    weft_otlp_context context;
    if (!traceparent || !out_context)
        return weft_error_refuse(WEFT_EINVAL, "%s: traceparent and the place for the context must not be null", call);
    const char *wrong = weft__otlp_traceparent_read(traceparent, &context);
    if (wrong)
        return weft_error_refuse(WEFT_EINVAL, "%s: traceparent '%.60s': %s: begin a new trace", call, traceparent, wrong);
    if (tracestate)
        weft__otlp_tracestate_read(tracestate, context.tracestate);
    *out_context = context;
    return 0;
}

static bool context_has_ids(const weft_otlp_context *context)
{
    return !weft__otlp_id_is_zero(context->trace_id, 16) && !weft__otlp_id_is_zero(context->span_id, 8);
}

int weft_otlp_context_format(const weft_otlp_context *context, char *out_traceparent)
{
    if (!context || !out_traceparent)
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_context_format: context and text must not be null");
    if (!context_has_ids(context))
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_context_format: the trace id or the span id is zero: read one, or take the "
                                              "current");
    weft__otlp_traceparent_write(context, out_traceparent);
    return 0;
}

int weft_otlp_context_current(weft_otlp_context *out_context)
{
    if (!out_context)
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_context_current: the place for the context must not be null");
    struct weft__otlp_span *span = weft__otlp_span_current();
    if (!span || !weft__load_relaxed(&weft__otlp_policy.propagates)) /* a setting */
        return WEFT_ENOENT;
    weft__otlp_span_context(span, out_context);
    return 0;
}

int weft_otlp_context_set(const weft_otlp_context *context)
{
    static const char call[] = "weft_otlp_context_set";
    if (!context)
        return weft_trail_set(NULL);
    if (!context_has_ids(context) || memchr(context->tracestate, '\0', sizeof context->tracestate) == NULL)
        return weft_error_refuse(WEFT_EINVAL, "%s: an id is zero, or the tracestate has no end: use weft_otlp_context_parse()", call);
    if (!weft__load_relaxed(&weft__otlp_policy.propagates)) /* a setting */
        return 0;
    struct weft__otlp_span *span = weft__otlp_span_remote(context);
    if (!span)
        return weft_error_refuse(WEFT_ENOMEM, "%s: no memory", call);
    const int error = weft_trail_set(&span->trail);
    weft_trail_unref(&span->trail);
    return error;
}

int weft_otlp_correlate(const char *id)
{
    static const char call[] = "weft_otlp_correlate";
    if (id && strlen(id) >= WEFT_OTLP_CORRELATION_SIZE)
        return weft_error_refuse(WEFT_ERANGE, "%s: an id of %zu bytes: at most %d", call, strlen(id), WEFT_OTLP_CORRELATION_SIZE - 1);
    struct weft__otlp_span *span = weft__otlp_span_current();
    if (!span)
        return weft_error_refuse(WEFT_ENOENT, "%s: the task works on behalf of nothing: weft_otlp_context_set(), or a span", call);
    struct weft__otlp_shared *shared = weft__otlp_shared_new(id), *before;
    if (id && *id && !shared)
        return weft_error_refuse(WEFT_ENOMEM, "%s: no memory", call);
    weft__lock(&span->lock);
    before = span->correlation;
    span->correlation = shared;
    weft__unlock(&span->lock);
    weft__otlp_shared_unref(before);
    return 0;
}

void weft_otlp_span_begin(weft_otlp_span *span, const char *name, const struct weft_frame *frame)
{
    if (!span)
        return;
    *span = (weft_otlp_span){.weft__open = 1}; /* the block runs, whatever becomes of its span */
    if (!weft__otlp_is_open(WEFT__OTLP_TRACES))
        return;
    struct weft__otlp_span *under = weft__otlp_span_current(), *block = weft__otlp_span_new(under, name, NULL);
    if (!block) {
        weft__otlp_dropped(WEFT__OTLP_TRACES);
        return;
    }
    block->block = true;
    block->frame = frame;
    block->under = under;
    if (under)
        weft_trail_ref(&under->trail);
    if (weft_trail_enter(&block->trail) == 0)
        span->weft__trail = block;
    weft_trail_unref(&block->trail); /* entered, it is the task's */
}

/* Whether a block is open in the current task or thread: only then is it there at all. */
static bool context_is_inside(const struct weft__otlp_span *block)
{
    const struct weft__otlp_span *span = weft__otlp_span_current();
    while (span && span != block && span->block)
        span = span->under;
    return span == block;
}

void weft_otlp_span_end(weft_otlp_span *span)
{
    if (!span)
        return;
    const struct weft__otlp_span *block = span->weft__trail;
    *span = (weft_otlp_span){.weft__open = 0};
    if (!block || !context_is_inside(block))
        return; /* it was closed when its step returned */
    for (bool last = false; !last;) {
        struct weft__otlp_span *top = weft__otlp_span_current();
        last = top == block;
        weft__otlp_span_finish(top, NULL);
        if (weft_trail_leave(top->under ? &top->under->trail : NULL) < 0)
            return;
    }
}

void weft_otlp_span_set(weft_otlp_attribute attribute)
{
    weft__otlp_span_put(weft__otlp_span_current(), &attribute);
}

void weft_otlp_span_event(const char *name, const weft_otlp_attribute *attributes, size_t count)
{
    weft__otlp_span_add_event(weft__otlp_span_current(), name, attributes, count);
}

void weft_otlp_span_link(const weft_otlp_context *context)
{
    if (context && context_has_ids(context))
        weft__otlp_span_add_link(weft__otlp_span_current(), context->trace_id, context->span_id, context->flags);
}

void weft_otlp_span_fail(const char *text)
{
    weft__otlp_span_set_failure(weft__otlp_span_current(), text);
}
