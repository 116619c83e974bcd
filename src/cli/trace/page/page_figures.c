/* SPDX-License-Identifier: MIT */
/* What a reader sees as a shape, in figures for programs: histograms bucket by bucket, and what changes over time. */
#include "cli/trace/page/page.h"

#define PAGE_BUCKETS                                                                                                   \
    {"from_ns", NULL, DOC_NS}, {"below_ns", NULL, DOC_NS},                                                             \
    {                                                                                                                  \
        "count", NULL, DOC_COUNT                                                                                       \
    }

static void page_buckets(struct doc *doc, uint64_t process, const char *of, const struct histogram *histogram)
{
    struct histogram_bucket bucket;
    for (size_t at = 0; histogram_next(histogram, &at, &bucket);) {
        doc_count(doc, process);
        doc_text(doc, of);
        doc_ns(doc, bucket.from);
        doc_ns(doc, bucket.below);
        doc_count(doc, bucket.count);
    }
}

static void page_steps(const struct view *view, struct doc *doc, uint64_t process, const char *of,
                       struct series *series)
{
    const struct model *model = &view->analysis->model;
    const int64_t all = model->end_ns - model->begin_ns, step = all / DOC_CHART_POINTS, rest = all % DOC_CHART_POINTS;
    double mean[DOC_CHART_POINTS], max[DOC_CHART_POINTS];
    if (!series)
        return;
    series_columns(series, model->end_ns, DOC_CHART_POINTS, mean, max);
    for (int i = 0; i < DOC_CHART_POINTS; i++) {
        doc_count(doc, process);
        doc_text(doc, of);
        doc_ns(doc, step * i + rest * i / DOC_CHART_POINTS);
        doc_number(doc, mean[i]);
        doc_number(doc, max[i]);
    }
}

void page_figures(const struct view *view, struct doc *doc)
{
    static const struct doc_column polls[] = {
        {"process", NULL, DOC_COUNT}, {"name", NULL, DOC_TEXT}, PAGE_BUCKETS, {NULL, NULL, DOC_TEXT}};
    static const struct doc_column causes[] = {
        {"process", NULL, DOC_COUNT}, {"cause", NULL, DOC_TEXT}, PAGE_BUCKETS, {NULL, NULL, DOC_TEXT}};
    static const struct doc_column steps[] = {{"process", NULL, DOC_COUNT}, {"name", NULL, DOC_TEXT},
                                              {"at_ns", NULL, DOC_NS},      {"mean", NULL, DOC_NUMBER},
                                              {"max", NULL, DOC_NUMBER},    {NULL, NULL, DOC_TEXT}};
    const struct analysis *analysis = view->analysis;
    struct machine *machine;
    doc_section(doc, "histogram", "HISTOGRAMS");
    doc_table(doc, "polls", polls);
    for (size_t i = 0; i < view->profile_count; i++)
        page_buckets(doc, view->profiles[i]->process, page_name(view, view->profiles[i]->number),
                     &view->profiles[i]->polls);
    doc_table(doc, "waits", polls);
    for (size_t i = 0; i < view->profile_count; i++)
        page_buckets(doc, view->profiles[i]->process, page_name(view, view->profiles[i]->number),
                     &view->profiles[i]->waits);
    doc_table(doc, "causes", causes);
    for (uint8_t cause = 0; cause < READY_CAUSES; cause++)
        page_buckets(doc, 0, page_cause(cause), &analysis->ready[cause]);
    doc_table(doc, "residence", polls);
    for (size_t i = 0; i < view->stream_count; i++)
        page_buckets(doc, view->streams[i]->process, page_stream(view, view->streams[i]->number),
                     &view->streams[i]->residence);
    doc_section(doc, "series", "OVER TIME");
    doc_table(doc, "depth", steps);
    for (size_t i = 0; i < view->stream_count; i++)
        page_steps(view, doc, view->streams[i]->process, page_stream(view, view->streams[i]->number),
                   view->streams[i]->depth);
    doc_table(doc, "load", steps);
    for (size_t at = 0; (machine = map_next(&analysis->machines, &at));) {
        page_steps(view, doc, machine->id, "runnable", &machine->lanes.ready);
        page_steps(view, doc, machine->id, "awake", &machine->lanes.awake);
    }
}
