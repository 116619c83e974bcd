/* SPDX-License-Identifier: MIT */
/* The cells of a timeline, fed by hand: few are exact, many become fewer and lose nothing of their sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/trace/export/timeline.h"

static struct analysis analysis;
static struct spans spans;
static struct timeline timeline;
static struct span_taker takers[1];

static void feed(const struct event *event)
{
    analysis_event(&analysis, event);
    spans_event(&spans, &analysis, event);
}

#define FEED(at, e, ...)                                                                                               \
    feed(&(struct event){.ns = 1000 + (at), .process = 7, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

static int timeline_setup(void **state)
{
    (void)state;
    analysis_init(&analysis);
    spans_init(&spans, takers, 1);
    timeline_init(&timeline, &spans);
    takers[0] = timeline_taker(&timeline);
    FEED(0, site_def, .site = 7, .name = "</script>", .function = "main", .file = "dir/a.c", .line = 12);
    FEED(0, chan_open, .chan = 3, .capacity = 4, .name = "orders", .component = "");
    return 0;
}

static int timeline_teardown(void **state)
{
    (void)state;
    timeline_fini(&timeline);
    spans_fini(&spans);
    analysis_fini(&analysis);
    return 0;
}

static void poll(uint64_t task, int64_t from, int64_t to, uint16_t worker, uint8_t result)
{
    FEED(from, poll_start, .task = task, .worker = worker);
    FEED(to, poll_end, .task = task, .worker = worker, .result = result, .line = 5);
}

static const struct timeline_lane *lane_of(const struct map *rows, enum span_what what)
{
    size_t at = 0;
    const struct timeline_row *row = map_next(rows, &at);
    assert_non_null(row);
    return &row->lanes[what];
}

/* Sums of a lane, and that its cells are in order. */
static struct timeline_cell sums_of(const struct timeline_lane *lane)
{
    struct timeline_cell sums = {0};
    for (uint32_t i = 0; i < lane->count; i++) {
        const struct timeline_cell *cell = &lane->cells[i];
        assert_true(!i || cell->begin_ns >= lane->cells[i - 1].begin_ns);
        assert_true(cell->longest_ns <= cell->sum_ns && cell->begin_ns <= cell->end_ns);
        sums.sum_ns += cell->sum_ns;
        sums.count += cell->count;
        sums.longest_ns = cell->longest_ns > sums.longest_ns ? cell->longest_ns : sums.longest_ns;
    }
    return sums;
}

static char *page(void)
{
    char *text = NULL;
    size_t size = 0;
    struct view view;
    FILE *out = open_memstream(&text, &size);
    view_init(&view, "by hand", &analysis);
    spans_finish(&spans, &analysis, analysis.model.end_ns);
    timeline_print(&timeline, &view, out);
    view_fini(&view);
    fclose(out);
    return text;
}

static void few_spans_are_cells_of_their_own(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, 2, WEFT_TRACE_poll_result_PENDING);
    FEED(50, wake, .task = 1, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    poll(1, 60, 90, 2, WEFT_TRACE_poll_result_READY);
    const struct timeline_lane *run = lane_of(&timeline.workers, SPAN_RUN);
    assert_int_equal(run->count, 2);
    assert_int_equal(run->cells[1].begin_ns, 1060);
    assert_int_equal(run->cells[1].end_ns, 1090);
    assert_int_equal(run->cells[1].label, 1); /* the profile */
    assert_int_equal(lane_of(&timeline.kinds, SPAN_READY)->count, 2);
    assert_int_equal(lane_of(&timeline.kinds, SPAN_RUN)->cells[0].label, 2); /* the worker */
    const struct timeline_lane *wait = lane_of(&timeline.kinds, SPAN_WAIT);
    assert_int_equal(wait->count, 1);
    assert_string_equal(timeline.waits[wait->cells[0].label], "channel orders");
}

static void many_spans_share_cells_and_lose_no_time(void **state)
{
    (void)state;
    enum { POLLS = 200000 };
    FEED(10, task_spawn, .task = 1, .site = 7);
    for (int64_t i = 0; i < POLLS; i++)
        poll(1, 100 + i * 100, 100 + i * 100 + (i == 777 ? 90 : 40), 0, WEFT_TRACE_poll_result_YIELD);
    const struct timeline_lane *run = lane_of(&timeline.workers, SPAN_RUN);
    const struct timeline_cell sums = sums_of(run);
    assert_in_range(run->count, TIMELINE_CELLS / 4, TIMELINE_CELLS);
    assert_int_equal(sums.count, POLLS);
    assert_int_equal(sums.sum_ns, POLLS * 40 + 50);
    assert_int_equal(sums.longest_ns, 90); /* what stands out is not lost in the crowd */
    assert_int_equal(sums_of(lane_of(&timeline.kinds, SPAN_READY)).count, POLLS);
}

static void spans_of_tasks_of_one_kind_overlap(void **state)
{
    (void)state;
    enum { TASKS = 9000 };
    for (uint64_t task = 1; task <= TASKS; task++) { /* they begin in order, and end in the opposite one */
        FEED((int64_t)task, task_spawn, .task = task, .site = 7);
    }
    for (uint64_t task = TASKS; task; task--)
        poll(task, 20000 + (int64_t)(TASKS - task) * 10, 20005 + (int64_t)(TASKS - task) * 10, 0,
             WEFT_TRACE_poll_result_READY);
    const struct timeline_cell sums = sums_of(lane_of(&timeline.kinds, SPAN_READY));
    assert_int_equal(sums.count, TASKS);
    assert_int_equal(sums.longest_ns, 20000 + (TASKS - 1) * 10 - 1);
}

static void kinds_beyond_the_last_row_share_one(void **state)
{
    (void)state;
    for (uint64_t kind = 0; kind < TIMELINE_KINDS + 50; kind++) {
        FEED(10 + (int64_t)kind * 10, site_def, .site = 100 + kind, .name = "many", .function = "f", .file = "b.c",
             .line = 1);
        FEED(11 + (int64_t)kind * 10, task_spawn, .task = 1 + kind, .site = 100 + kind);
        poll(1 + kind, 12 + (int64_t)kind * 10, 15 + (int64_t)kind * 10, 0, WEFT_TRACE_poll_result_READY);
    }
    assert_int_equal(timeline.kinds.count, TIMELINE_KINDS + 1);
    const struct timeline_row *rest = map_get(&timeline.kinds, TIMELINE_REST);
    assert_int_equal(rest->lanes[SPAN_RUN].count, 50);
    char *text = page();
    assert_non_null(strstr(text, "\"name\":\"(others)\""));
    free(text);
}

static void page_is_whole_and_names_cannot_end_its_script(void **state)
{
    (void)state;
    const struct event_gap gap = {.begin_ns = 1200, .end_ns = 1250, .count = 9, .counted = true};
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(90, stall, .task = 1, .worker = 0, .poll_ns = 70, .function = "f", .file = "a.c", .line = 5);
    spans_gap(&spans, &analysis, &gap);
    analysis_gap(&analysis, &gap);
    FEED(300, chan_send, .chan = 3, .depth = 1);
    char *text = page();
    assert_non_null(strstr(text, "\"name\":\"\\u003c/script>\""));
    assert_non_null(strstr(text, "stall: \\u003c/script> holds its worker, since line 5 of f"));
    assert_non_null(strstr(text, "9 events lost"));
    assert_null(strstr(text, "@DATA@"));
    assert_string_equal(text + strlen(text) - 8, "</html>\n");
    int scripts = 0;
    for (const char *at = text; (at = strstr(at, "</script>")); at++)
        scripts++;
    assert_int_equal(scripts, 2);
    free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, timeline_setup, timeline_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(few_spans_are_cells_of_their_own),
        TEST(many_spans_share_cells_and_lose_no_time),
        TEST(spans_of_tasks_of_one_kind_overlap),
        TEST(kinds_beyond_the_last_row_share_one),
        TEST(page_is_whole_and_names_cannot_end_its_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
