/* SPDX-License-Identifier: MIT */
/* The Trace Event Format, line by line, of a recording made by hand. Whole recordings: export.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/trace/export/perfetto.h"

static struct analysis analysis;
static struct spans spans;
static struct perfetto perfetto;
static struct span_taker takers[1];
static char *text;
static size_t text_size;
static FILE *out;

static void feed(const struct event *event)
{
    const bool ends = event->kind == WEFT_TRACE_task_end || event->kind == WEFT_TRACE_chan_end;
    if (ends)
        spans_event(&spans, &analysis, event);
    analysis_event(&analysis, event);
    if (!ends)
        spans_event(&spans, &analysis, event);
}

#define FEED(at, e, ...)                                                                                               \
    feed(&(struct event){.ns = 1000000000 + (at), .process = 7, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

static int perfetto_setup(void **state)
{
    (void)state;
    out = open_memstream(&text, &text_size);
    analysis_init(&analysis);
    spans_init(&spans, takers, 1);
    perfetto_init(&perfetto, &spans, out);
    takers[0] = perfetto_taker(&perfetto);
    FEED(0, site_def, .site = 7, .name = "in\"take", .function = "main", .file = "dir/a.c", .line = 12);
    FEED(0, chan_open, .chan = 3, .capacity = 4, .name = "orders", .component = "");
    return 0;
}

static int perfetto_teardown(void **state)
{
    (void)state;
    perfetto_fini(&perfetto);
    spans_fini(&spans);
    analysis_fini(&analysis);
    fclose(out);
    free(text);
    return 0;
}

static void finish(void)
{
    struct view view;
    view_init(&view, "by hand", &analysis);
    spans_finish(&spans, &analysis, analysis.model.end_ns);
    perfetto_finish(&perfetto, &view);
    view_fini(&view);
    fflush(out);
}

/* `line` is there, a line of its own; how often. */
static int lines_like(const char *line)
{
    int count = 0;
    const size_t length = strlen(line);
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        count += !strncmp(at, line, length);
    return count;
}

static void poll_is_a_slice_and_a_state_and_a_wake_is_an_arrow(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    FEED(1150, poll_start, .task = 1, .worker = 0, .source = WEFT_TRACE_poll_source_LOCAL);
    FEED(2160, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 20);
    FEED(3000, task_spawn, .task = 2, .site = 7);
    FEED(3100, poll_start, .task = 2, .worker = 1, .source = WEFT_TRACE_poll_source_NEXT);
    FEED(3200, wake, .task = 1, .by = 2, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(3300, poll_start, .task = 1, .worker = 0, .source = WEFT_TRACE_poll_source_NEXT);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"b\",\"cat\":\"task\",\"name\":\"in\\\"take\",\"pid\":7,\"ts\":0.100,"
                                   "\"id2\":{\"local\":\"0x1\"},\"args\":{\"task\":1,\"site\":\"step in\\\"take, "
                                   "spawned at a.c:12 in main\"}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"X\",\"cat\":\"poll\",\"name\":\"in\\\"take\",\"pid\":7,\"ts\":1.150,"
                                   "\"tid\":1,\"dur\":1.010,\"args\":{\"task\":1,\"code\":\"step in\\\"take, from its "
                                   "beginning to line 20\",\"outcome\":\"PENDING\",\"taken from\":\"LOCAL\","
                                   "\"runnable by\":\"SPAWN\"}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"b\",\"cat\":\"task\",\"name\":\"ready\",\"pid\":7,\"ts\":0.100,"));
    assert_int_equal(1, lines_like("{\"ph\":\"e\",\"cat\":\"task\",\"name\":\"ready\",\"pid\":7,\"ts\":1.150,"));
    assert_int_equal(1,
                     lines_like("{\"ph\":\"b\",\"cat\":\"task\",\"name\":\"waits for channel "
                                "orders\",\"pid\":7,\"ts\":2.160,\"id2\":{\"local\":\"0x1\"},\"args\":{\"line\":20}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"s\",\"cat\":\"wake\",\"name\":\"CHANNEL\",\"pid\":7,\"ts\":3.200,"
                                   "\"tid\":2,\"id\":1}"));
    assert_int_equal(1, lines_like("{\"ph\":\"f\",\"cat\":\"wake\",\"name\":\"CHANNEL\",\"pid\":7,\"ts\":3.300,"
                                   "\"tid\":1,\"id\":1,\"bp\":\"e\"}"));
    assert_non_null(strstr(text, "\"outcome\":\"still running\"")); /* both, when the recording ends */
    assert_int_equal(lines_like("{\"ph\":\"b\""), lines_like("{\"ph\":\"e\""));
    assert_int_equal(2, lines_like("{\"ph\":\"M\",\"name\":\"thread_name\""));
}

static void wake_for_a_reason_of_a_later_weft_is_an_arrow_all_the_same(void **state)
{
    (void)state;
    FEED(100, poll_start, .task = 1, .worker = 0, .source = WEFT_TRACE_poll_source_LOCAL);
    FEED(200, wake, .task = 2, .by = 1, .source = 200);
    FEED(300, poll_start, .task = 2, .worker = 1, .source = WEFT_TRACE_poll_source_STOLEN);
    FEED(400, poll_end, .task = 2, .worker = 1, .result = WEFT_TRACE_poll_result_READY);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"s\",\"cat\":\"wake\",\"name\":\"?\",\"pid\":7,\"ts\":0.200,\"tid\":1,\"id\":1}"));
    assert_int_equal(1, lines_like("{\"ph\":\"f\",\"cat\":\"wake\",\"name\":\"?\",\"pid\":7,\"ts\":0.300,\"tid\":2,\"id\":1,"));
}

static void channels_and_runnable_tasks_are_counters(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    FEED(110, chan_send, .chan = 3, .depth = 2);
    FEED(120, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 1);
    FEED(130, chan_end, .chan = 3);
    FEED(140, poll_start, .task = 1, .worker = 0);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"C\",\"name\":\"channel orders\",\"pid\":7,\"ts\":0.110,\"id\":\"3\","
                                   "\"args\":{\"depth\":2}}"));
    assert_int_equal(3, lines_like("{\"ph\":\"C\",\"name\":\"channel orders\""));
    assert_int_equal(1, lines_like("{\"ph\":\"C\",\"name\":\"runnable "
                                   "tasks\",\"pid\":7,\"ts\":0.100,\"args\":{\"tasks\":1}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"C\",\"name\":\"runnable "
                                   "tasks\",\"pid\":7,\"ts\":0.140,\"args\":{\"tasks\":0}}"));
}

static void workers_rest(void **state)
{
    (void)state;
    FEED(100, worker_park, .worker = 0);
    FEED(300, worker_unpark, .worker = 0, .by = 1);
    FEED(400, worker_park, .worker = 0);
    FEED(500, poll_start, .task = 1, .worker = 0); /* its waking is missing */
    FEED(600, worker_unpark, .worker = 0, .by = 1);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"X\",\"cat\":\"worker\",\"name\":\"asleep\",\"pid\":7,\"ts\":0.100,"
                                   "\"tid\":1,\"dur\":0.200}"));
    assert_int_equal(1, lines_like("{\"ph\":\"X\",\"cat\":\"worker\""));
}

static void worker_with_a_number_far_from_all_others_is_one_track(void **state)
{
    (void)state;
    const struct event_gap gap = {.begin_ns = 1000000900, .end_ns = 1000000950};
    FEED(100, worker_park, .worker = 60000);
    spans_gap(&spans, &analysis, &gap);
    analysis_gap(&analysis, &gap);
    FEED(1000, poll_start, .task = 1, .worker = 3);
    FEED(1100, poll_end, .task = 1, .worker = 3, .result = WEFT_TRACE_poll_result_READY);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":7,\"tid\":60001,\"args\":{\"name\":\"worker 60000\"}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":7,\"tid\":4,"));
    assert_int_equal(2, lines_like("{\"ph\":\"M\",\"name\":\"thread_name\""));
}

static void stalls_health_gaps_and_findings_are_moments(void **state)
{
    (void)state;
    const struct event_gap gap = {.begin_ns = 1000000900, .end_ns = 1000000950, .count = 9, .counted = true};
    FEED(100, task_spawn, .task = 1, .site = 7);
    FEED(200, poll_start, .task = 1, .worker = 0);
    FEED(500, stall, .task = 1, .worker = 0, .poll_ns = 300, .function = "f", .file = "a.c", .line = 5);
    FEED(600, chan_health, .chan = 3, .before = 0, .now = 2, .saturation_permille = 990);
    spans_gap(&spans, &analysis, &gap);
    analysis_gap(&analysis, &gap);
    FEED(1000, chan_send, .chan = 3, .depth = 1);
    finish();
    assert_int_equal(1, lines_like("{\"ph\":\"i\",\"cat\":\"stall\",\"name\":\"stall\",\"pid\":7,\"ts\":0.500,\"s\":"
                                   "\"t\",\"tid\":1,\"args\":{\"task\":1,\"name\":\"in\\\"take\",\"poll_ns\":300,"));
    assert_int_equal(1, lines_like("{\"ph\":\"i\",\"cat\":\"health\",\"name\":\"channel orders: CRITICAL\",\"pid\":7,"
                                   "\"ts\":0.600,\"s\":\"p\",\"args\":{\"saturation_permille\":990}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"i\",\"cat\":\"lost\",\"name\":\"events lost\",\"pid\":1,\"ts\":0.900,"
                                   "\"s\":\"g\",\"args\":{\"count\":9}}"));
    assert_int_equal(1, lines_like("{\"ph\":\"i\",\"cat\":\"lint\",\"name\":\"events-lost\",\"pid\":1,\"ts\":1.000,"));
    assert_non_null(strstr(text, "\"dur\":0.700,\"args\":{\"task\":1,\"code\":\"f in a.c, from its beginning to "
                                 "(it still runs)\",\"outcome\":\"not told: events are missing\""));
}

static void file_without_events_is_a_file(void **state)
{
    (void)state;
    spans.from_ns = spans.to_ns = 5000000000;
    finish();
    assert_non_null(strstr(text, "\"traceEvents\":["));
    assert_string_equal(text + strlen(text) - 4, "]\n}\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, perfetto_setup, perfetto_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(poll_is_a_slice_and_a_state_and_a_wake_is_an_arrow),
        TEST(wake_for_a_reason_of_a_later_weft_is_an_arrow_all_the_same),
        TEST(channels_and_runnable_tasks_are_counters),
        TEST(workers_rest),
        TEST(worker_with_a_number_far_from_all_others_is_one_track),
        TEST(stalls_health_gaps_and_findings_are_moments),
        TEST(file_without_events_is_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
