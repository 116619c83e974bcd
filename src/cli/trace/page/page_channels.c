/* SPDX-License-Identifier: MIT */
/* Channels: how full, who waits, how large they should be. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/trace/advice/capacity.h"
#include "cli/trace/page/page.h"

static void page_channel_row(const struct view *view, struct doc *doc, const struct stream *stream,
                             const struct capacity *capacity)
{
    const double end = (double)(view->analysis->model.end_ns - view->analysis->model.begin_ns) / 1e9;
    doc_count(doc, stream->process);
    doc_text(doc, stream->name ? stream->name : "(not told)");
    doc_text(doc, stream->component && stream->component[0] ? stream->component : NULL);
    doc_count(doc, stream->channels);
    if (stream->capacity)
        doc_count(doc, stream->capacity);
    else
        doc_none(doc);
    doc_count(doc, stream->depth_max);
    doc_number(doc, stream->known_ns > 0 ? stream->depth_ns / stream->known_ns : -1);
    doc_share(doc, capacity->near_share);
    doc_share(doc, capacity->full_share);
    page_series(view, doc, stream->depth);
    doc_count(doc, stream->sent);
    doc_count(doc, stream->received);
    doc_number(doc, end > 0 ? (double)stream->received / end : -1);
    if (capacity->recommended)
        doc_count(doc, capacity->recommended);
    else
        doc_none(doc);
    doc_text(doc, capacity->reason);
}

static void page_blocked_senders(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"name", "channel", DOC_TEXT},
                                         {"waits", "senders waited", DOC_COUNT},
                                         {"waiting_max", "at once", DOC_COUNT},
                                         {"waited_ns", "together", DOC_NS},
                                         PAGE_QUANTILES("wait", ""),
                                         {"worst_by", "longest of", DOC_TEXT},
                                         {"still_ns", "still waits for", DOC_NS},
                                         {"receiver", "who should drain it", DOC_TEXT},
                                         {NULL, NULL, DOC_TEXT}};
    doc_table(doc, "blocked", columns);
    for (size_t i = 0; i < view->stream_count; i++) {
        const struct stream *stream = view->streams[i];
        if (!stream->waits)
            continue;
        doc_count(doc, stream->process);
        doc_text(doc, stream->name ? stream->name : "(not told)");
        doc_count(doc, stream->waits);
        doc_count(doc, stream->waiting_max);
        doc_ns(doc, stream->send_waits.sum);
        page_quantiles(doc, &stream->send_waits);
        doc_text(doc, stream->wait_worst_ns ? page_name(view, stream->wait_worst_by) : NULL);
        doc_ns(doc, stream->blocked_ns);
        doc_text(doc, stream->received ? page_name(view, stream->receiver) : NULL);
    }
}

static void page_messages(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"name", "channel", DOC_TEXT},
                                         PAGE_QUANTILES("residence", "lay for "),
                                         {"shape", "by length", DOC_SHAPE},
                                         {"failed", "refused", DOC_COUNT},
                                         {"dropped_newest", "dropped new", DOC_COUNT},
                                         {"dropped_oldest", "dropped old", DOC_COUNT},
                                         {"dropped_closed", "at the close", DOC_COUNT},
                                         {NULL, NULL, DOC_TEXT}};
    doc_table(doc, "messages", columns);
    for (size_t i = 0; i < view->stream_count; i++) {
        const struct stream *stream = view->streams[i];
        doc_count(doc, stream->process);
        doc_text(doc, stream->name ? stream->name : "(not told)");
        page_quantiles(doc, &stream->residence);
        page_octaves(doc, &stream->residence);
        doc_count(doc, stream->failed);
        for (int reason = 0; reason < 3; reason++)
            doc_count(doc, stream->dropped[reason]);
    }
}

/* Who sends and receives how much: every pair. */
static void page_partners(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {{"channel", NULL, DOC_TEXT},
                                                {"side", NULL, DOC_TEXT},
                                                {"task", NULL, DOC_TEXT},
                                                {"messages", NULL, DOC_COUNT},
                                                {NULL, NULL, DOC_TEXT}};
    const struct tally *tallies[] = {&view->analysis->sends, &view->analysis->takes};
    doc_table(doc, "partners", columns);
    for (int side = 0; side < 2; side++) {
        size_t count;
        struct tally_row **rows = tally_sorted(tallies[side], &count);
        for (size_t i = 0; i < count; i++) {
            doc_text(doc, page_stream(view, side ? rows[i]->from : rows[i]->to));
            doc_text(doc, side ? "receiver" : "sender");
            doc_text(doc, page_name(view, side ? rows[i]->to : rows[i]->from));
            doc_count(doc, rows[i]->count);
        }
        free(rows);
    }
}

static void page_depths(const struct view *view, struct doc *doc)
{
    enum { CHARTS = 8 };
    char key[32], title[256];
    for (size_t i = 0; i < view->stream_count && i < CHARTS; i++) {
        const struct stream *stream = view->streams[i];
        double mean[DOC_CHART_POINTS], max[DOC_CHART_POINTS];
        if (!stream->depth || !stream->sent)
            continue;
        snprintf(key, sizeof key, "depth_%zu", i);
        snprintf(title, sizeof title, "Depth of '%s' over time, capacity %" PRIu32, stream->name ? stream->name : "?",
                 stream->capacity);
        series_columns(stream->depth, view->analysis->model.end_ns, DOC_POINTS, mean, max);
        doc_chart(doc, key, title, false, DOC_NUMBER, "the beginning", "the end");
        doc_line(doc, "mean", mean, DOC_POINTS);
        doc_line(doc, "greatest", max, DOC_POINTS);
    }
}

void page_channels(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"name", "name", DOC_TEXT},
                                         {"component", "component", DOC_TEXT},
                                         {"channels", "channels", DOC_COUNT},
                                         {"capacity", "capacity", DOC_COUNT},
                                         {"depth_max", "high-water", DOC_COUNT},
                                         {"depth_mean", "mean", DOC_NUMBER},
                                         {"near_share", "above 80%", DOC_SHARE},
                                         {"full_share", "full", DOC_SHARE},
                                         {"depth", "depth over time", DOC_SHAPE},
                                         {"sent", "sent", DOC_COUNT},
                                         {"received", "received", DOC_COUNT},
                                         {"per_second", "a second", DOC_NUMBER},
                                         {"recommended", "better", DOC_COUNT},
                                         {"reason", NULL, DOC_TEXT},
                                         {NULL, NULL, DOC_TEXT}};
    struct capacity capacity;
    doc_section(doc, "channels", "CHANNELS");
    doc_table(doc, "channels", columns);
    for (size_t i = 0; i < view->stream_count; i++) {
        capacity = capacity_of(view->analysis, view->streams[i]);
        page_channel_row(view, doc, view->streams[i], &capacity);
    }
    for (size_t i = 0; i < view->stream_count; i++) {
        const struct stream *stream = view->streams[i];
        capacity = capacity_of(view->analysis, stream);
        if (capacity.verdict > CAPACITY_FITS)
            doc_note(doc, "%s: %s.", stream->name ? stream->name : "(not told)", capacity.reason);
    }
    page_blocked_senders(view, doc);
    page_messages(view, doc);
    page_partners(view, doc);
    page_depths(view, doc);
}
