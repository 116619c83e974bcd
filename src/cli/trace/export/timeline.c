/* SPDX-License-Identifier: MIT */
/* See timeline.h: here cells are made; the page is timeline_page.html. */
#include "cli/trace/export/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"
#include "cli/trace/export/timeline_page.h"

enum { TIMELINE_WAITS = 1024 };

void timeline_init(struct timeline *timeline, const struct spans *spans)
{
    *timeline = (struct timeline){.spans = spans};
}

static void timeline_rows_fini(struct map *rows)
{
    struct timeline_row *row;
    for (size_t at = 0; (row = map_next(rows, &at));) {
        for (int i = 0; i < 3; i++)
            free(row->lanes[i].cells);
        free(row);
    }
    map_fini(rows);
}

void timeline_fini(struct timeline *timeline)
{
    timeline_rows_fini(&timeline->workers);
    timeline_rows_fini(&timeline->kinds);
    for (uint32_t i = 0; i < timeline->wait_count; i++)
        free(timeline->waits[i]);
    free(timeline->waits);
    free(timeline->marks);
}

/* ---- cells ---- */

static int64_t lane_column(const struct timeline_lane *lane, int64_t ns)
{
    return lane->step_ns ? ns / lane->step_ns : ns;
}

static void cell_join(struct timeline_cell *into, const struct timeline_cell *from)
{
    into->begin_ns = from->begin_ns < into->begin_ns ? from->begin_ns : into->begin_ns;
    into->end_ns = from->end_ns > into->end_ns ? from->end_ns : into->end_ns;
    duration_add(&into->sum_ns, from->sum_ns);
    into->count += from->count;
    if (from->longest_ns > into->longest_ns) {
        into->longest_ns = from->longest_ns;
        into->label = from->label;
    }
}

/* Neighbours become one until the lane is half empty. */
static void lane_thin(struct timeline_lane *lane)
{
    while (lane->count > TIMELINE_CELLS / 2) {
        uint32_t kept = 0;
        lane->step_ns = lane->step_ns ? 2 * lane->step_ns : 1;
        for (uint32_t i = 1; i < lane->count; i++) {
            struct timeline_cell *last = &lane->cells[kept];
            if (lane_column(lane, lane->cells[i].begin_ns) == lane_column(lane, last->begin_ns))
                cell_join(last, &lane->cells[i]);
            else
                lane->cells[++kept] = lane->cells[i];
        }
        lane->count = kept + 1;
    }
}

static void timeline_lane_add(struct timeline_lane *lane, const struct timeline_cell *cell)
{
    if (lane->count == TIMELINE_CELLS)
        lane_thin(lane);
    if (lane->count == lane->size) {
        lane->size = lane->size ? 2 * lane->size : 64;
        lane->cells = memory_resize(lane->cells, lane->size, sizeof *lane->cells);
    }
    const int64_t column = lane_column(lane, cell->begin_ns);
    uint32_t at = lane->count; /* spans come when they end, so nearly in order */
    while (at && lane_column(lane, lane->cells[at - 1].begin_ns) > column)
        at--;
    if (at && lane->step_ns && lane_column(lane, lane->cells[at - 1].begin_ns) == column) {
        cell_join(&lane->cells[at - 1], cell);
        return;
    }
    memmove(&lane->cells[at + 1], &lane->cells[at], (lane->count - at) * sizeof *lane->cells);
    lane->cells[at] = *cell;
    lane->count++;
}

/* ---- rows ---- */

static struct timeline_row *timeline_row(struct map *rows, uint64_t key, uint64_t process, uint32_t number)
{
    struct timeline_row *row = map_get(rows, key);
    if (!row) {
        row = memory_zeroed(1, sizeof *row);
        row->process = process;
        row->number = number;
        map_put(rows, key, row);
    }
    return row;
}

static uint32_t timeline_wait(struct timeline *timeline, const char *text)
{
    for (uint32_t i = 0; i < timeline->wait_count; i++)
        if (!strcmp(timeline->waits[i], text))
            return i;
    if (timeline->wait_count == TIMELINE_WAITS)
        return 0;
    if (!timeline->waits)
        timeline->waits = memory_zeroed(TIMELINE_WAITS, sizeof *timeline->waits);
    timeline->waits[timeline->wait_count] = memory_text(text);
    return timeline->wait_count++;
}

static void timeline_span(void *context, const struct analysis *analysis, const struct span *span)
{
    struct timeline *timeline = context;
    struct timeline_cell cell = {.begin_ns = span->begin_ns,
                                 .end_ns = span->end_ns,
                                 .sum_ns = span->end_ns - span->begin_ns,
                                 .longest_ns = span->end_ns - span->begin_ns,
                                 .count = 1,
                                 .label = span->profile};
    if (span->what == SPAN_RUN && span->worker != WEFT_TRACE_NO_WORKER) {
        const uint64_t key = span->process << 16 | span->worker;
        struct timeline_row *worker = timeline_row(&timeline->workers, key, span->process, span->worker);
        timeline_lane_add(&worker->lanes[SPAN_RUN], &cell);
    }
    const bool others = !map_get(&timeline->kinds, span->profile) && timeline->kinds.count >= TIMELINE_KINDS;
    const uint32_t number = others ? TIMELINE_REST : span->profile;
    struct timeline_row *kind = timeline_row(&timeline->kinds, number, span->process, number);
    if (span->what == SPAN_WAIT) {
        char text[160];
        if (!timeline->wait_count)
            (void)timeline_wait(timeline, "something else"); /* label 0: one of too many */
        cell.label = timeline_wait(timeline, span_wake_text(analysis, span->process, &span->wake, text, sizeof text));
    } else if (span->what == SPAN_RUN) {
        cell.label = span->worker;
    }
    timeline_lane_add(&kind->lanes[span->what], &cell);
}

/* ---- marks ---- */

static struct timeline_mark *timeline_mark(struct timeline *timeline, int64_t begin_ns, int64_t end_ns)
{
    if (timeline->mark_count == TIMELINE_MARKS || begin_ns > timeline->spans->to_ns ||
        end_ns < timeline->spans->from_ns)
        return NULL;
    if (!timeline->marks)
        timeline->marks = memory_zeroed(TIMELINE_MARKS, sizeof *timeline->marks);
    struct timeline_mark *mark = &timeline->marks[timeline->mark_count++];
    *mark = (struct timeline_mark){.begin_ns = begin_ns, .end_ns = end_ns, .worker = SPAN_NOWHERE};
    return mark;
}

static void timeline_event(void *context, const struct analysis *analysis, const struct event *event)
{
    struct timeline *timeline = context;
    const struct machine *machine = map_get(&analysis->machines, event->process);
    timeline->last_ns = event->ns;
    if (event->kind != WEFT_TRACE_stall)
        return;
    const struct life *life = machine ? life_find(machine, event->stall.task) : NULL;
    struct timeline_mark *mark = timeline_mark(timeline, event->ns, event->ns);
    if (!mark)
        return;
    mark->process = event->process;
    mark->worker = event->stall.worker;
    snprintf(mark->text, sizeof mark->text, "stall: %s holds its worker, since line %u of %s",
             span_name(analysis, life ? life->profile->number : 0), event->stall.line, event->stall.function);
}

static void timeline_gap(void *context, const struct event_gap *gap)
{
    struct timeline *timeline = context;
    const int64_t begin = gap->begin_ns > 0 ? gap->begin_ns : timeline->last_ns;
    const int64_t end = gap->end_ns > begin && gap->end_ns < INT64_MAX ? gap->end_ns : begin;
    struct timeline_mark *mark = timeline_mark(timeline, begin, end);
    if (!mark)
        return;
    if (gap->counted && gap->count <= INT64_MAX)
        snprintf(mark->text, sizeof mark->text, "%llu %s lost", (unsigned long long)gap->count,
                 gap->packets ? "packets" : "events");
    else
        snprintf(mark->text, sizeof mark->text, "lost: nobody knows how much");
}

struct span_taker timeline_taker(struct timeline *timeline)
{
    return (struct span_taker){timeline, timeline_span, timeline_event, timeline_gap};
}

/* ---- the page ---- */

static void timeline_findings(struct timeline *timeline, const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        struct timeline_mark *mark =
            finding->at_ns > 0 ? timeline_mark(timeline, finding->at_ns, finding->at_ns) : NULL;
        if (mark)
            snprintf(mark->text, sizeof mark->text, "%s: %.60s: %.160s", lint_id(finding->lint), finding->subject,
                     finding->what);
    }
}

void timeline_print(struct timeline *timeline, const struct view *view, FILE *out)
{
    timeline_findings(timeline, &view->findings);
    timeline_page_print(timeline, view, out);
}
