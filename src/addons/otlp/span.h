/* SPDX-License-Identifier: MIT */
/*
 * What is travelled with: a context, and in most cases the span that it names. A trail of <weft/trail.h>.
 *
 *     context   it came from outside (weft_otlp_context_set()), or its trace is not sampled: ids alone
 *     open      a span that records
 *     ended     … and is in the queue, or was dropped; as a context it goes on to serve
 *
 * Who touches what: ids and flags are written before it is shown; all else under the lock, since those that a task spawned
 * may have its span as theirs; after its end by the exporter alone. Lifetime: counted; the queue holds a reference.
 */
#ifndef WEFT_OTLP_SPAN_H
#define WEFT_OTLP_SPAN_H

#include <weft/trail.h>

#include "base/lock.h"
#include "live.h"
#include "notes.h"

enum { WEFT__OTLP_EVENTS_MAX = 128, WEFT__OTLP_LINKS_MAX = 128 };

enum { WEFT__OTLP_UNSET = 0, WEFT__OTLP_FAILED = 2 }; /* the status, as OTLP numbers it */

struct weft__otlp_event {
    uint64_t at;
    char *name;
    struct weft__otlp_notes notes;
};

/* What there is to say of a task, as it is told; it becomes attributes when it is sent. */
struct weft__otlp_task {
    uint64_t id; /* 0: it is a block's span, or a host's */
    uint64_t parent;
    const struct weft_site *site; /* lives as long as the process */
    uint32_t category;
    uint32_t polls;
    int64_t busy_ns;
    int result;
    uint8_t cancelled; /* weft_reason */
    char *runtime; /* behind the span's name, in its memory */
    char *scope;
};

struct weft__otlp_link {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;
};

struct weft__otlp_span {
    weft_trail trail; /* first */
    struct weft__otlp_node node;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_id[8];
    uint8_t flags;
    bool records;
    bool remote; /* it came from outside */
    bool parent_remote;
    bool has_parent;
    struct weft__otlp_task task;
    uint64_t begun;
    struct weft__otlp_shared *state; /* the tracestate */
    char *name;

    struct weft__otlp_span *under; /* of a block: what was current before it; a reference */
    const struct weft_frame *frame; /* and the step that it is in */
    bool block;

    struct weft__lock lock;
    bool over;
    uint64_t ended;
    struct weft__otlp_shared *correlation;
    int status;
    char *failure;
    struct weft__otlp_notes notes;
    struct weft__otlp_event *events;
    uint32_t event_count, event_room, events_dropped;
    struct weft__otlp_link *links;
    uint32_t link_count, link_room, links_dropped;
};

/* A trail of this tracer's; NULL: it is another's, or NULL. */
struct weft__otlp_span *weft__otlp_span_from(weft_trail *trail);

static inline struct weft__otlp_span *weft__otlp_span_of_node(struct weft__otlp_node *node)
{
    return (struct weft__otlp_span *)(void *)((char *)node - offsetof(struct weft__otlp_span, node));
}

/* A context from outside. NULL: no memory. */
struct weft__otlp_span *weft__otlp_span_remote(const weft_otlp_context *context);

/*
 * A child of `parent`, or the first of a trace. It records if it is sampled and wanted. `birth`: of a task, or NULL. NULL: no
 * memory.
 */
struct weft__otlp_span *weft__otlp_span_new(struct weft__otlp_span *parent, const char *name, const weft_trail_birth *birth);

/* It has ended: into the queue, if it records and has not before. `end`: of a task, or NULL. */
void weft__otlp_span_finish(struct weft__otlp_span *span, const weft_trail_end *end);

void weft__otlp_span_put(struct weft__otlp_span *span, const weft_otlp_attribute *attribute);
void weft__otlp_span_add_link(struct weft__otlp_span *span, const uint8_t *trace_id, const uint8_t *span_id, uint8_t flags);
void weft__otlp_span_add_event(struct weft__otlp_span *span, const char *name, const weft_otlp_attribute *attributes, size_t count);
void weft__otlp_span_set_failure(struct weft__otlp_span *span, const char *text);

/* As a value. */
void weft__otlp_span_context(struct weft__otlp_span *span, weft_otlp_context *out);

/* One more reference of the correlation id, or NULL. */
struct weft__otlp_shared *weft__otlp_span_correlation(struct weft__otlp_span *span);

/* What the current task or thread works on behalf of, borrowed; NULL: nothing, or another tracer's. */
struct weft__otlp_span *weft__otlp_span_current(void);

#endif
