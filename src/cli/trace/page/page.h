/* SPDX-License-Identifier: MIT */
/* The pages of the report: each writes one section of a document from a finished analysis. */
#ifndef WEFT_CLI_TRACE_PAGE_PAGE_H
#define WEFT_CLI_TRACE_PAGE_PAGE_H

#include "cli/doc/doc.h"
#include "cli/trace/advice/lint.h"
#include "cli/trace/analysis/analysis.h"

/* What there is to write about. */
struct view {
    const char *path;
    struct analysis *analysis;
    struct findings findings;
    struct profile **profiles; /* busiest first */
    size_t profile_count;
    struct stream **streams; /* most messages first */
    size_t stream_count;
    uint64_t foreign; /* events of other providers */
    uint64_t unknown; /* events of a later weft */
    char cut[512];    /* why it could not be read to its end, or "" */
    bool processes;   /* there are several: say which */
};

/* Finishes the analysis and looks for findings. */
void view_init(struct view *view, const char *path, struct analysis *analysis);
void view_fini(struct view *view);

/* What makes the figures doubtful, first; then what was recorded, of what. */
void page_recording(const struct view *view, struct doc *doc);

void page_recommendations(const struct view *view, struct doc *doc);
void page_inventory(const struct view *view, struct doc *doc);
void page_hot(const struct view *view, struct doc *doc);
void page_runtime(const struct view *view, struct doc *doc);
void page_workers(const struct view *view, struct doc *doc);
void page_channels(const struct view *view, struct doc *doc);
void page_blocking(const struct view *view, struct doc *doc);
void page_tasks(const struct view *view, struct doc *doc);
void page_wakes(const struct view *view, struct doc *doc);
void page_latency(const struct view *view, struct doc *doc);
void page_timers(const struct view *view, struct doc *doc);
void page_pool(const struct view *view, struct doc *doc);
void page_meetings(const struct view *view, struct doc *doc);
void page_lints(const struct view *view, struct doc *doc);
void page_names(const struct view *view, struct doc *doc);

/* For programs only: what the others show as shapes. */
void page_figures(const struct view *view, struct doc *doc);

/* All that a report is made of, in the order in which it is read. */
void page_report(const struct view *view, struct doc *doc);

/* ---- for pages ---- */

/* A histogram as the cells count, p50, p99, p99.9, max; and its columns, to be put into a table's. */
#define PAGE_QUANTILES(prefix, title)                                                                                  \
    {prefix "_p50_ns", title "p50", DOC_NS}, {prefix "_p99_ns", title "p99", DOC_NS},                                  \
        {prefix "_p999_ns", title "p99.9", DOC_NS},                                                                    \
    {                                                                                                                  \
        prefix "_max_ns", title "max", DOC_NS                                                                          \
    }
void page_quantiles(struct doc *doc, const struct histogram *histogram);

/* The process of a row, as the first cell; a column of "process" is for programs only unless there are several. */
#define PAGE_PROCESS(view)                                                                                             \
    {                                                                                                                  \
        "process", (view)->processes ? "process" : NULL, DOC_COUNT                                                     \
    }

/* A histogram as one bar per octave, from that of its least to that of its greatest value. */
void page_octaves(struct doc *doc, const struct histogram *histogram);

/* The same as a chart. */
void page_histogram(struct doc *doc, const char *key, const char *title, const struct histogram *histogram);

/* A series as a cell: its means over the recording. */
void page_series(const struct view *view, struct doc *doc, struct series *series);

/* "12.3 ms after the beginning" as a time since the recording's begin. */
int64_t page_since(const struct view *view, int64_t ns);

const char *page_name(const struct view *view, uint32_t profile); /* never NULL; "outside" for 0 */
const char *page_stream(const struct view *view, uint32_t stream);
const char *page_cause(uint8_t cause); /* "CHANNEL", "SPAWN"; "?" for what is none, as of a later weft */

#endif
