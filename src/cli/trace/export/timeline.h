/* SPDX-License-Identifier: MIT */
/*
 * A picture of workers, tasks and channels over time, as one HTML file that asks nobody for anything: rows of cells,
 * drawn, zoomed and moved by a script in the file. A row keeps as many cells as a screen has columns, a few times over;
 * when there are more spans, neighbours become one cell that says how many they were, how long, and which was the
 * longest.
 */
#ifndef WEFT_CLI_TRACE_EXPORT_TIMELINE_H
#define WEFT_CLI_TRACE_EXPORT_TIMELINE_H

#include <stdint.h>
#include <stdio.h>

#include "cli/trace/export/span.h"
#include "cli/trace/page/page.h"

enum {
    TIMELINE_CELLS = 4096, /* of a row, at most */
    TIMELINE_KINDS = 200,  /* rows of kinds of tasks; later ones share one */
    TIMELINE_MARKS = 1000
};

#define TIMELINE_REST UINT32_MAX /* the number of the row that they share */

/* Spans that begin close to each other. */
struct timeline_cell {
    int64_t begin_ns;
    int64_t end_ns;
    int64_t sum_ns; /* of the spans: more than its length, if several were under way at a time */
    int64_t longest_ns;
    uint32_t count;
    uint32_t label; /* of the longest: a profile, or what was waited for */
};

struct timeline_lane {
    struct timeline_cell *cells; /* in the order of their beginnings */
    uint32_t count;
    uint32_t size;
    int64_t step_ns; /* how close beginnings are that share a cell; 0: none do */
};

struct timeline_row {
    uint64_t process;
    uint32_t number;               /* a worker, or a profile */
    struct timeline_lane lanes[3]; /* by enum span_what */
};

struct timeline_mark {
    int64_t begin_ns;
    int64_t end_ns;
    uint64_t process;
    uint16_t worker; /* SPAN_NOWHERE: of all */
    char text[256];
};

struct timeline {
    const struct spans *spans; /* their window is that of the picture */
    struct map workers;        /* process and worker → struct timeline_row */
    struct map kinds;          /* profile → struct timeline_row */
    char **waits;              /* what was waited for, by label */
    uint32_t wait_count;
    struct timeline_mark *marks;
    uint32_t mark_count;
    int64_t last_ns;
};

void timeline_init(struct timeline *timeline, const struct spans *spans);
void timeline_fini(struct timeline *timeline);
struct span_taker timeline_taker(struct timeline *timeline);

/* After spans_finish(). */
void timeline_print(struct timeline *timeline, const struct view *view, FILE *out);

#endif
