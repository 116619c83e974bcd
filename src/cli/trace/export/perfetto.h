/* SPDX-License-Identifier: MIT */
/*
 * The Trace Event Format, JSON that ui.perfetto.dev, chrome://tracing and speedscope open: a thread per worker with its
 * polls and rests, an asynchronous track per task with what it did and waited for, arrows from who woke to who was
 * woken, counters of channels and of runnable tasks, moments of stalls, health and findings. It is written as it comes.
 */
#ifndef WEFT_CLI_TRACE_EXPORT_PERFETTO_H
#define WEFT_CLI_TRACE_EXPORT_PERFETTO_H

#include <stdio.h>

#include "cli/json.h"
#include "cli/trace/export/span.h"
#include "cli/trace/page/page.h"

struct perfetto {
    struct json json;
    const struct spans *spans; /* their window is that of counters and moments, too */
    struct map processes;      /* number → struct perfetto_process */
    int64_t begin_ns;          /* the first event: 0 of its times */
    int64_t last_ns;
    uint64_t flows;
};

/* Nothing is written before the first event. */
void perfetto_init(struct perfetto *perfetto, const struct spans *spans, FILE *out);
void perfetto_fini(struct perfetto *perfetto);
struct span_taker perfetto_taker(struct perfetto *perfetto);

/* After spans_finish(): what is open, and what the analysis has found. */
void perfetto_finish(struct perfetto *perfetto, const struct view *view);

#endif
