/* SPDX-License-Identifier: MIT */
/* See timeline_page.h. Times in the data are nanoseconds since the beginning of the picture. */
#include "cli/trace/export/timeline_page.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/memory.h"

enum { TIMELINE_LINE_DEPTH = 3, TIMELINE_COLUMNS = 128 };

static const char *const timeline_page[] = {
#include "timeline_page.inc"
};
static const char timeline_page_data[] = "@DATA@\n";

struct timeline_frame {
    int64_t begin_ns;
    int64_t end_ns;
};

/* Six numbers a cell: since the beginning of the one before, length, sum, count, the longest, its label. */
static void timeline_cells(struct json *json, const char *key, const struct timeline_lane *lane, int64_t begin_ns)
{
    int64_t before = begin_ns;
    json_open(json, key, '[');
    for (uint32_t i = 0; i < lane->count; i++) {
        const struct timeline_cell *cell = &lane->cells[i];
        json_integer(json, NULL, cell->begin_ns - before);
        json_integer(json, NULL, cell->end_ns - cell->begin_ns);
        json_integer(json, NULL, cell->sum_ns);
        json_count(json, NULL, cell->count);
        json_integer(json, NULL, cell->longest_ns);
        json_count(json, NULL, cell->label);
        before = cell->begin_ns;
    }
    json_close(json, ']');
}

static int timeline_row_order(const void *left, const void *right)
{
    const struct timeline_row *a = *(struct timeline_row *const *)left, *b = *(struct timeline_row *const *)right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void timeline_workers(struct json *json, const struct timeline *timeline, int64_t begin_ns)
{
    struct timeline_row **rows = memory_zeroed(timeline->workers.count + 1, sizeof(struct timeline_row *)), *row;
    size_t count = 0;
    for (size_t at = 0; (row = map_next(&timeline->workers, &at));)
        rows[count++] = row;
    qsort(rows, count, sizeof *rows, timeline_row_order);
    json_open(json, "workers", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_count(json, "process", rows[i]->process);
        json_count(json, "worker", rows[i]->number);
        timeline_cells(json, "run", &rows[i]->lanes[SPAN_RUN], begin_ns);
        json_close(json, '}');
    }
    json_close(json, ']');
    free(rows);
}

static void timeline_kind(struct json *json, const struct timeline_row *row, const char *name, const char *place,
                          const struct timeline_frame *frame)
{
    json_open(json, NULL, '{');
    json_count(json, "process", row->process);
    json_count(json, "kind", row->number);
    json_text(json, "name", name);
    json_text(json, "place", place);
    timeline_cells(json, "run", &row->lanes[SPAN_RUN], frame->begin_ns);
    timeline_cells(json, "ready", &row->lanes[SPAN_READY], frame->begin_ns);
    timeline_cells(json, "wait", &row->lanes[SPAN_WAIT], frame->begin_ns);
    json_close(json, '}');
}

/* Busiest first, as in the report; then what nothing was told of, and what there was no room for. */
static void timeline_kinds(struct json *json, const struct timeline *timeline, const struct view *view,
                           const struct timeline_frame *frame)
{
    const struct timeline_row *row;
    char place[160];
    json_open(json, "kinds", '[');
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        row = map_get(&timeline->kinds, profile->number);
        lint_place(view->analysis, profile, place, sizeof place);
        if (row)
            timeline_kind(json, row, page_name(view, profile->number), place, frame);
    }
    if ((row = map_get(&timeline->kinds, 0)))
        timeline_kind(json, row, "(not told)", "its name and place were not recorded", frame);
    if ((row = map_get(&timeline->kinds, TIMELINE_REST)))
        timeline_kind(json, row, "(others)", "kinds beyond those that have a row", frame);
    json_close(json, ']');
}

static void timeline_channels(struct json *json, const struct view *view)
{
    double mean[TIMELINE_COLUMNS], max[TIMELINE_COLUMNS];
    json_open(json, "channels", '[');
    for (size_t i = 0; i < view->stream_count; i++) {
        const struct stream *stream = view->streams[i];
        if (!stream->depth || !stream->received)
            continue;
        series_columns(stream->depth, view->analysis->model.end_ns, TIMELINE_COLUMNS, mean, max);
        json_open(json, NULL, '{');
        json_count(json, "process", stream->process);
        json_text(json, "name", page_stream(view, stream->number));
        json_count(json, "capacity", stream->capacity);
        json_open(json, "max", '[');
        for (int k = 0; k < TIMELINE_COLUMNS; k++)
            json_ratio(json, NULL, max[k]);
        json_close(json, ']');
        json_open(json, "mean", '[');
        for (int k = 0; k < TIMELINE_COLUMNS; k++)
            json_ratio(json, NULL, mean[k]);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void timeline_marks(struct json *json, const struct timeline *timeline, const struct timeline_frame *frame)
{
    json_open(json, "marks", '[');
    for (uint32_t i = 0; i < timeline->mark_count; i++) {
        const struct timeline_mark *mark = &timeline->marks[i];
        json_open(json, NULL, '{');
        json_integer(json, "from", mark->begin_ns - frame->begin_ns);
        json_integer(json, "to", mark->end_ns - frame->begin_ns);
        json_count(json, "process", mark->process);
        if (mark->worker != SPAN_NOWHERE)
            json_count(json, "worker", mark->worker);
        json_text(json, "text", mark->text);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void timeline_data(const struct timeline *timeline, const struct view *view, FILE *out)
{
    const struct model *model = &view->analysis->model;
    const struct spans *spans = timeline->spans;
    const struct timeline_frame frame = {spans->from_ns > model->begin_ns ? spans->from_ns : model->begin_ns,
                                         spans->to_ns < model->end_ns ? spans->to_ns : model->end_ns};
    struct json json = {.out = out, .in_page = true, .line_from = TIMELINE_LINE_DEPTH};
    json_open(&json, NULL, '{');
    json_text(&json, "title", view->path);
    json_integer(&json, "since_ns", frame.begin_ns - model->begin_ns);
    json_integer(&json, "length_ns", frame.end_ns - frame.begin_ns);
    json_integer(&json, "recording_ns", model->end_ns - model->begin_ns);
    json_flag(&json, "processes", view->processes);
    json_open(&json, "waits", '[');
    for (uint32_t i = 0; i < timeline->wait_count; i++)
        json_text(&json, NULL, timeline->waits[i]);
    json_close(&json, ']');
    timeline_workers(&json, timeline, frame.begin_ns);
    timeline_kinds(&json, timeline, view, &frame);
    timeline_channels(&json, view);
    timeline_marks(&json, timeline, &frame);
    json_close(&json, '}');
}

void timeline_page_print(const struct timeline *timeline, const struct view *view, FILE *out)
{
    for (size_t i = 0; i < sizeof timeline_page / sizeof *timeline_page; i++) {
        if (strcmp(timeline_page[i], timeline_page_data) != 0)
            fputs(timeline_page[i], out);
        else
            timeline_data(timeline, view, out);
    }
}
