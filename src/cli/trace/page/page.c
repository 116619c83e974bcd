/* SPDX-License-Identifier: MIT */
/* See page.h: the view, and what several pages use. */
#include "cli/trace/page/page.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"
#include "cli/trace/schema.h"

static int view_busier(const void *left, const void *right)
{
    const struct profile *a = *(struct profile *const *)left, *b = *(struct profile *const *)right;
    if (a->polls.sum != b->polls.sum)
        return a->polls.sum < b->polls.sum ? 1 : -1;
    return (a->number > b->number) - (a->number < b->number);
}

static int view_more_messages(const void *left, const void *right)
{
    const struct stream *a = *(struct stream *const *)left, *b = *(struct stream *const *)right;
    if (a->received != b->received)
        return a->received < b->received ? 1 : -1;
    return (a->number > b->number) - (a->number < b->number);
}

void view_init(struct view *view, const char *path, struct analysis *analysis)
{
    analysis_finish(analysis);
    *view = (struct view){.path = path, .analysis = analysis, .processes = analysis->machines.count > 1};
    findings_init(&view->findings, analysis, LINT_LIMITS);
    view->profile_count = analysis->profiles.count;
    view->profiles = memory_zeroed(view->profile_count, sizeof(struct profile *));
    for (size_t i = 0; i < view->profile_count; i++)
        view->profiles[i] = analysis->profiles.list[i];
    qsort(view->profiles, view->profile_count, sizeof(struct profile *), view_busier);
    view->stream_count = analysis->streams.count;
    view->streams = memory_zeroed(view->stream_count, sizeof(struct stream *));
    for (size_t i = 0; i < view->stream_count; i++)
        view->streams[i] = analysis->streams.list[i];
    qsort(view->streams, view->stream_count, sizeof(struct stream *), view_more_messages);
}

void view_fini(struct view *view)
{
    findings_fini(&view->findings);
    free(view->profiles);
    free(view->streams);
}

void page_report(const struct view *view, struct doc *doc)
{
    void (*const pages[])(const struct view *, struct doc *) = {
        page_recording, page_recommendations, page_inventory, page_hot,     page_runtime, page_workers,
        page_channels,  page_blocking,        page_tasks,     page_latency, page_wakes,   page_timers,
        page_pool,      page_meetings,        page_lints,     page_names};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        pages[i](view, doc);
}

void page_quantiles(struct doc *doc, const struct histogram *histogram)
{
    static const double at[] = {0.5, 0.99, 0.999};
    for (int i = 0; i < 3; i++) {
        if (histogram->count)
            doc_ns(doc, histogram_quantile(histogram, at[i]));
        else
            doc_none(doc);
    }
    if (histogram->count)
        doc_ns(doc, histogram->max);
    else
        doc_none(doc);
}

/* Counts by octave, from the first to the last that has something. */
static size_t page_count_octaves(const struct histogram *histogram, double out[64], int64_t *out_from, int64_t *out_to)
{
    struct histogram_bucket bucket;
    int first = -1, last = 0;
    memset(out, 0, 64 * sizeof *out);
    for (size_t at = 0; histogram_next(histogram, &at, &bucket);) {
        const int octave = bucket.from ? 63 - __builtin_clzll((uint64_t)bucket.from) : 0;
        if (first < 0)
            first = octave;
        last = octave;
        out[octave - first] += (double)bucket.count;
    }
    *out_from = first <= 0 ? 0 : INT64_C(1) << first;
    *out_to = last < 62 ? INT64_C(2) << last : INT64_MAX;
    return first < 0 ? 0 : (size_t)(last - first) + 1;
}

void page_octaves(struct doc *doc, const struct histogram *histogram)
{
    double octaves[64];
    int64_t from, to;
    const size_t count = page_count_octaves(histogram, octaves, &from, &to);
    if (count)
        doc_shape(doc, octaves, count);
    else
        doc_none(doc);
}

void page_histogram(struct doc *doc, const char *key, const char *title, const struct histogram *histogram)
{
    double octaves[64];
    int64_t from, to;
    char low[TEXT_DURATION_SIZE], high[TEXT_DURATION_SIZE];
    const size_t count = page_count_octaves(histogram, octaves, &from, &to);
    if (!count)
        return;
    doc_chart(doc, key, title, true, DOC_COUNT, text_duration(low, from), text_duration(high, to));
    doc_line(doc, "count", octaves, count);
}

void page_series(const struct view *view, struct doc *doc, struct series *series)
{
    double mean[DOC_POINTS], max[DOC_POINTS];
    if (!series) {
        doc_none(doc);
        return;
    }
    series_columns(series, view->analysis->model.end_ns, DOC_POINTS, mean, max);
    doc_shape(doc, mean, DOC_POINTS);
}

int64_t page_since(const struct view *view, int64_t ns)
{
    return ns - view->analysis->model.begin_ns;
}

const char *page_name(const struct view *view, uint32_t profile)
{
    if (!profile)
        return "(outside)";
    const char *name = analysis_name(view->analysis, profiles_at(&view->analysis->profiles, profile));
    return name ? name : "(not told)";
}

const char *page_stream(const struct view *view, uint32_t stream)
{
    const struct stream *found = streams_at(&view->analysis->streams, stream);
    return found && found->name ? found->name : "(not told)";
}

const char *page_cause(uint8_t cause)
{
    static const char *const own[] = {"SPAWN", "YIELD", "AGAIN"};
    const char *label = cause < READY_WAKES    ? schema_label(SCHEMA_wake_source, cause)
                        : cause < READY_CAUSES ? own[cause - READY_WAKES]
                                               : NULL;
    return label ? label : "?";
}
