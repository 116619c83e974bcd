/* SPDX-License-Identifier: MIT */
/*
 * Tasks. A task is a span from its spawn to its end; what has none of its own works on behalf of its spawner's. The
 * functions run on workers: they allocate, and never wait.
 */
#include "tracer.h"

#include <weft/error.h>
#include <weft/step.h>
#include <weft/task.h>

#include "span.h"

static weft_trail *tracer_begins(void *context, weft_trail *current, const weft_trail_birth *birth)
{
    (void)context;
    const uint32_t tasks = weft__load_relaxed(&weft__otlp_policy.tasks); /* it was written before the tracer was set */
    const bool wanted = tasks == WEFT_OTLP_TASKS_ALL || (tasks == WEFT_OTLP_TASKS_NAMED && birth->named);
    if (!wanted || !weft__otlp_is_open(WEFT__OTLP_TRACES))
        return weft_trail_ref(current);
    struct weft__otlp_span *span = weft__otlp_span_new(weft__otlp_span_from(current), birth->name, birth);
    if (!span) {
        weft__otlp_dropped(WEFT__OTLP_TRACES);
        return weft_trail_ref(current);
    }
    return &span->trail;
}

/* Blocks that are open over it, the innermost first: the spans of steps that will not come back to them. */
static void tracer_finish_blocks(weft_trail *current)
{
    for (struct weft__otlp_span *span = weft__otlp_span_from(current); span && span->block; span = span->under)
        weft__otlp_span_finish(span, NULL);
}

/* The span of a task is ended by that task alone: those that have it from their spawner began no span of their own. */
static void tracer_ends(void *context, weft_trail *own, weft_trail *current, const weft_trail_end *end)
{
    (void)context;
    struct weft__otlp_span *span = weft__otlp_span_from(own);
    tracer_finish_blocks(current);
    if (span && span->task.id == end->task) /* otherwise its spawner's */
        weft__otlp_span_finish(span, end);
}

/* A message that came in a batch, or inside of a span: what is current stays, and says that they belong together. */
static void tracer_received(void *context, weft_trail *current, weft_trail *message)
{
    (void)context;
    struct weft__otlp_span *from = weft__otlp_span_from(message);
    if (from)
        weft__otlp_span_add_link(weft__otlp_span_from(current), from->trace_id, from->span_id, from->flags);
}

static void tracer_returns(void *context, weft_trail *current, const struct weft_frame *frame)
{
    (void)context;
    for (struct weft__otlp_span *span = weft__otlp_span_from(current); span && span->block && span->frame == frame;
         span = weft__otlp_span_current()) {
        weft__otlp_span_finish(span, NULL);
        if (weft_trail_leave(span->under ? &span->under->trail : NULL) < 0)
            return;
    }
}

int weft__otlp_tracer_begin(void)
{
    return weft_tracer_set(WEFT_TRACER(.task_begins = tracer_begins, .task_ends = tracer_ends, .received = tracer_received,
                                       .step_returns = tracer_returns));
}

void weft__otlp_tracer_end(void)
{
    if (weft_tracer_set(NULL) < 0)
        return; /* it is there, and this is none of its functions */
}
