/* SPDX-License-Identifier: MIT */
/*
 * What each task did between two moments: it ran, it waited for a worker, it waited for something. Whatever is drawn or
 * added up over time is made of these. Takes events beside an analysis, which knows the names; memory follows what
 * lives.
 *
 * After a gap whatever was open is dropped, by the rule of the analysis: what began at or before model.certain_ns is no
 * span; only of a poll it is told that it ran until then. What the end of the recording cuts off says so.
 */
#ifndef WEFT_CLI_TRACE_EXPORT_SPAN_H
#define WEFT_CLI_TRACE_EXPORT_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/analysis.h"

enum span_what {
    SPAN_RUN,   /* it was polled */
    SPAN_READY, /* it waited for a worker */
    SPAN_WAIT   /* it waited for something */
};

#define SPAN_UNTOLD  ((uint8_t)255) /* as a cause: no event tells it */
#define SPAN_NOWHERE UINT16_MAX     /* as a worker: what woke it was no poll */
#define SPAN_UNENDED ((uint8_t)255) /* as the result of a poll */

/* What made a task runnable. */
struct span_wake {
    uint8_t cause;   /* READY_…, or SPAN_UNTOLD */
    uint64_t by;     /* the task that did, 0: none */
    uint64_t object; /* which channel, meeting point, descriptor; 0: not told */
    uint16_t worker; /* whose poll it was done in, or SPAN_NOWHERE */
    int64_t ns;      /* a moment in that poll */
};

struct span {
    enum span_what what;
    bool cut;  /* the recording ends before it does, or begins after it did */
    bool lost; /* a poll whose end is missing: it ran at least until here */
    uint64_t process;
    uint64_t task;
    uint32_t profile; /* 0: not told yet */
    int64_t begin_ns;
    int64_t end_ns;
    uint16_t worker;       /* that polls it: of SPAN_RUN, and of SPAN_READY unless it is cut */
    uint8_t source;        /* of SPAN_RUN: WEFT_TRACE_poll_source_… */
    uint8_t result;        /* of SPAN_RUN: WEFT_TRACE_poll_result_…, or SPAN_UNENDED */
    uint32_t from_line;    /* the await from which a poll went on, or at which a task waits; 0: its beginning */
    uint32_t to_line;      /* of SPAN_RUN: the await at which it stopped; 0: its end */
    struct span_wake wake; /* of SPAN_WAIT the one that ended it, else the one in front */
};

/* Who takes them. Each may be NULL. */
struct span_taker {
    void *context;
    void (*span)(void *context, const struct analysis *analysis, const struct span *span);
    void (*event)(void *context, const struct analysis *analysis, const struct event *event);
    void (*gap)(void *context, const struct event_gap *gap);
};

struct spans {
    struct map machines; /* process → what is open in it */
    int64_t from_ns;     /* only what lies between these is told; spans are cut there */
    int64_t to_ns;
    const struct span_taker *takers;
    uint32_t taker_count;
};

void spans_init(struct spans *spans, const struct span_taker *takers, uint32_t count);
void spans_fini(struct spans *spans);

/* After the analysis has taken the event; before, if it ends a task or a channel: names are those of the analysis. */
void spans_event(struct spans *spans, const struct analysis *analysis, const struct event *event);

/* Before the analysis has taken it. */
void spans_gap(struct spans *spans, const struct analysis *analysis, const struct event_gap *gap);

/* The recording has ended at `ns`: what is open becomes spans, too. */
void spans_finish(struct spans *spans, const struct analysis *analysis, int64_t ns);

/* "order intake", "(not told)". */
const char *span_name(const struct analysis *analysis, uint32_t profile);

/* "channel orders", "a timer": what a task waited for that this ended, or "a worker" for what is no wait. Returns
 * `out`. */
const char *span_wake_text(const struct analysis *analysis, uint64_t process, const struct span_wake *wake, char *out,
                           size_t size);

#endif
