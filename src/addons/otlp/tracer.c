/* SPDX-License-Identifier: MIT */
/*
 * Tasks. A task is a span from its spawn to its end; what has none of its own works on behalf of its spawner's. The
 * functions run on workers: they allocate, and never wait.
 */
#include "tracer.h"

#include <stdio.h>
#include <weft/error.h>
#include <weft/step.h>
#include <weft/task.h>

#include "span.h"

static const char *tracer_category(uint32_t category, char *number, size_t room)
{
    static const char *const names[] = {"", "actor", "listener", "handler", "utility"};
    if (category < sizeof names / sizeof names[0])
        return names[category];
    snprintf(number, room, "%u", category);
    return number;
}

static void tracer_describe(struct weft__otlp_span *span, const weft_trail_birth *birth)
{
    char number[16];
    const char *category = tracer_category(birth->category, number, sizeof number);
    const weft_otlp_attribute attributes[] = {
        weft_otlp_text("weft.runtime", birth->runtime),
        weft_otlp_text("weft.task.name", birth->name),
        weft_otlp_integer("weft.task.id", (int64_t)birth->task),
        weft_otlp_text("code.function.name", birth->site->function ? birth->site->function : ""),
        weft_otlp_text("code.file.path", birth->site->file ? birth->site->file : ""),
        weft_otlp_integer("code.line.number", birth->site->line),
        weft_otlp_text("weft.task.category", category),
        weft_otlp_text("weft.scope", birth->scope),
        weft_otlp_integer("weft.task.parent", (int64_t)birth->parent),
    };
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (attributes[i].kind == 't' ? *attributes[i].text != '\0' : attributes[i].integer != 0)
            weft__otlp_notes_put(&span->notes, &attributes[i]); /* nobody else has it yet */
}

static weft_trail *tracer_begins(void *context, weft_trail *current, const weft_trail_birth *birth)
{
    (void)context;
    const uint32_t tasks = weft__load_relaxed(&weft__otlp_policy.tasks); /* it was written before the tracer was set */
    const bool wanted = tasks == WEFT_OTLP_TASKS_ALL || (tasks == WEFT_OTLP_TASKS_NAMED && birth->named);
    if (!wanted || !weft__otlp_is_open(WEFT__OTLP_TRACES))
        return weft_trail_ref(current);
    struct weft__otlp_span *span = weft__otlp_span_new(weft__otlp_span_from(current), birth->name);
    if (!span) {
        weft__otlp_dropped(WEFT__OTLP_TRACES);
        return weft_trail_ref(current);
    }
    if (span->records) {
        span->trail.timed = true;
        span->task = birth->task;
        tracer_describe(span, birth);
    }
    return &span->trail;
}

/* Blocks that are open over it, the innermost first: the spans of steps that will not come back to them. */
static void tracer_finish_blocks(weft_trail *current)
{
    for (struct weft__otlp_span *span = weft__otlp_span_from(current); span && span->block; span = span->under)
        weft__otlp_span_finish(span);
}

static void tracer_conclude(struct weft__otlp_span *span, const weft_trail_end *end)
{
    static const char *const reasons[] = {"", "user", "deadline", "sibling", "shutdown"};
    const weft_otlp_attribute attributes[] = {
        weft_otlp_integer("weft.task.polls", end->polls),
        weft_otlp_integer("weft.task.busy_ns", end->busy_ns),
        weft_otlp_integer("weft.task.result", end->result),
    };
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        weft__otlp_span_put(span, &attributes[i]);
    const bool cancelled = end->cancelled > WEFT_REASON_NONE && end->cancelled <= WEFT_REASON_SHUTDOWN;
    if (cancelled) {
        const weft_otlp_attribute reason = weft_otlp_text("weft.task.cancelled", reasons[end->cancelled]);
        weft__otlp_span_put(span, &reason);
    }
    /* To end because it was asked to is no failure, but for a deadline: that was the time it had. */
    if (end->result < 0 && !(end->result == WEFT_ECANCELED && cancelled && end->cancelled != WEFT_REASON_DEADLINE))
        weft__otlp_span_set_failure(span, weft_error_name(end->result));
}

/* The span of a task is ended by that task alone: those that have it from their spawner began no span of their own. */
static void tracer_ends(void *context, weft_trail *own, weft_trail *current, const weft_trail_end *end)
{
    (void)context;
    struct weft__otlp_span *span = weft__otlp_span_from(own);
    tracer_finish_blocks(current);
    if (!span || span->task != end->task)
        return; /* its spawner's */
    tracer_conclude(span, end);
    weft__otlp_span_finish(span);
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
        weft__otlp_span_finish(span);
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
