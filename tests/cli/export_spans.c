/* SPDX-License-Identifier: MIT */
/* Spans, fed by hand: what a task did when, and what a late start, a gap or the end of the recording may not spoil. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/trace/export/folded.h"
#include "cli/trace/export/span.h"

enum { SEEN_MAX = 64 };

static struct analysis analysis;
static struct spans spans;
static struct folded busy, waits;
static struct span_taker takers[3];
static struct span seen[SEEN_MAX];
static int seen_count, event_count, gap_count;

static void see_span(void *context, const struct analysis *of, const struct span *span)
{
    (void)context;
    (void)of;
    assert_true(seen_count < SEEN_MAX);
    seen[seen_count++] = *span;
}

static void see_event(void *context, const struct analysis *of, const struct event *event)
{
    (void)context;
    (void)of;
    (void)event;
    event_count++;
}

static void see_gap(void *context, const struct event_gap *gap)
{
    (void)context;
    (void)gap;
    gap_count++;
}

static void feed(const struct event *event)
{
    const bool ends = event->kind == WEFT_TRACE_task_end;
    if (ends)
        spans_event(&spans, &analysis, event);
    analysis_event(&analysis, event);
    if (!ends)
        spans_event(&spans, &analysis, event);
}

#define FEED_OF(number, at, e, ...)                                                                                    \
    feed(&(struct event){                                                                                              \
        .ns = (at), .clock_ns = (at)-1000, .process = (number), .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})
#define FEED(at, e, ...) FEED_OF(1, at, e, __VA_ARGS__)

static int spans_setup(void **state)
{
    (void)state;
    seen_count = event_count = gap_count = 0;
    folded_init(&busy, false);
    folded_init(&waits, true);
    takers[0] = (struct span_taker){NULL, see_span, see_event, see_gap};
    takers[1] = folded_taker(&busy);
    takers[2] = folded_taker(&waits);
    analysis_init(&analysis);
    spans_init(&spans, takers, 3);
    FEED(1, site_def, .site = 7, .name = "intake", .function = "main", .file = "dir/a.c", .line = 12);
    FEED(1, site_def, .site = 8, .name = "led;ger", .function = "main", .file = "dir/a.c", .line = 15);
    FEED(1, chan_open, .chan = 3, .capacity = 4, .name = "orders", .component = "");
    return 0;
}

static int spans_teardown(void **state)
{
    (void)state;
    spans_fini(&spans);
    folded_fini(&busy);
    folded_fini(&waits);
    analysis_fini(&analysis);
    return 0;
}

static void poll(uint64_t task, int64_t from, int64_t to, uint16_t worker, uint8_t result, uint32_t line)
{
    FEED(from, poll_start, .task = task, .worker = worker, .source = WEFT_TRACE_poll_source_LOCAL);
    FEED(to, poll_end, .task = task, .worker = worker, .result = result, .line = line);
}

static void finish(int64_t ns)
{
    analysis_finish(&analysis);
    spans_finish(&spans, &analysis, ns);
}

static void assert_span(int at, enum span_what what, int64_t begin, int64_t end, uint8_t cause)
{
    assert_in_range(at, 0, seen_count - 1);
    assert_int_equal(seen[at].what, what);
    assert_int_equal(seen[at].begin_ns, begin);
    assert_int_equal(seen[at].end_ns, end);
    assert_int_equal(seen[at].wake.cause, cause);
}

static char *folded_text(const struct folded *folded)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    folded_print(folded, &analysis, out);
    fclose(out);
    return text;
}

/* A task is born, polled, waits for a message, is woken in the poll of another, and ends. */
static void live_once(void)
{
    FEED(100, task_spawn, .task = 1, .site = 7);
    poll(1, 150, 160, 0, WEFT_TRACE_poll_result_PENDING, 20);
    FEED(200, task_spawn, .task = 2, .parent = 1, .site = 8);
    FEED(210, poll_start, .task = 2, .worker = 1, .source = WEFT_TRACE_poll_source_NEXT);
    FEED(220, wake, .task = 1, .by = 2, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(230, poll_end, .task = 2, .worker = 1, .result = WEFT_TRACE_poll_result_READY);
    FEED(231, task_end, .task = 2, .worker = 1);
    poll(1, 250, 260, 0, WEFT_TRACE_poll_result_READY, 0);
    FEED(261, task_end, .task = 1);
}

static void task_is_ready_runs_waits_and_is_ready_again(void **state)
{
    (void)state;
    live_once();
    finish(300);
    assert_int_equal(seen_count, 7);
    assert_span(0, SPAN_READY, 100, 150, READY_SPAWN);
    assert_span(1, SPAN_RUN, 150, 160, READY_SPAWN);
    assert_int_equal(seen[1].to_line, 20);
    assert_int_equal(seen[1].source, WEFT_TRACE_poll_source_LOCAL);
    assert_span(3, SPAN_WAIT, 160, 220, WEFT_TRACE_wake_source_CHANNEL);
    assert_int_equal(seen[3].from_line, 20);
    assert_false(seen[3].cut);
    assert_span(4, SPAN_RUN, 210, 230, READY_SPAWN);
    assert_span(5, SPAN_READY, 220, 250, WEFT_TRACE_wake_source_CHANNEL);
    assert_span(6, SPAN_RUN, 250, 260, WEFT_TRACE_wake_source_CHANNEL);
    assert_int_equal(seen[6].from_line, 20);
    assert_int_equal(seen[6].result, WEFT_TRACE_poll_result_READY);
    assert_int_equal(seen[6].wake.by, 2);
    assert_int_equal(seen[6].wake.worker, 1); /* in whose poll it was woken */
    assert_int_equal(seen[6].wake.ns, 220);
    assert_int_equal(event_count, 3 + 11);
}

static void who_ended_wakes_his_joiner_from_his_last_poll(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, 0, WEFT_TRACE_poll_result_PENDING, 5);
    FEED(40, task_spawn, .task = 2, .site = 8);
    poll(2, 50, 60, 1, WEFT_TRACE_poll_result_READY, 0);
    FEED(61, task_end, .task = 2, .worker = 1);
    FEED(62, wake, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_JOIN);
    poll(1, 70, 80, 0, WEFT_TRACE_poll_result_READY, 0);
    finish(90);
    const struct span *last = &seen[seen_count - 1];
    assert_int_equal(last->what, SPAN_RUN);
    assert_int_equal(last->wake.worker, 1);
    assert_int_equal(last->wake.ns, 59); /* within the poll from 50 to 60 */
}

static void last_poll_is_the_latest_whatever_the_worker(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, 0, WEFT_TRACE_poll_result_PENDING, 5);
    FEED(40, task_spawn, .task = 2, .site = 8);
    poll(2, 50, 60, 1, WEFT_TRACE_poll_result_YIELD, 3); /* worker 1 polls nobody after it */
    poll(2, 70, 80, 0, WEFT_TRACE_poll_result_READY, 0);
    FEED(81, task_end, .task = 2, .worker = 0);
    FEED(82, wake, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_JOIN);
    poll(1, 90, 95, 1, WEFT_TRACE_poll_result_READY, 0);
    const struct span *last = &seen[seen_count - 1];
    assert_int_equal(last->what, SPAN_RUN);
    assert_int_equal(last->wake.worker, 0);
    assert_int_equal(last->wake.ns, 79);
}

static void who_was_woken_while_it_ran_is_ready_at_the_end_of_the_poll(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(25, wake_noop, .task = 1, .by = 1, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(30, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 5);
    poll(1, 37, 40, 0, WEFT_TRACE_poll_result_YIELD, 6);
    poll(1, 45, 50, 0, WEFT_TRACE_poll_result_READY, 0);
    assert_span(2, SPAN_READY, 30, 37, READY_AGAIN);
    assert_int_equal(seen[2].wake.worker, 0);
    assert_int_equal(seen[2].wake.ns, 25);
    assert_span(4, SPAN_READY, 40, 45, READY_YIELD);
    assert_int_equal(seen_count, 6);
}

static void wake_that_is_told_after_the_poll_it_came_in_is_one_all_the_same(void **state)
{
    (void)state;
    FEED(5, wake, .task = 2, .source = WEFT_TRACE_wake_source_TIMER); /* wakes are recorded */
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, 0, WEFT_TRACE_poll_result_PENDING, 5);
    FEED(31, wake_noop, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER);
    poll(1, 40, 50, 0, WEFT_TRACE_poll_result_PENDING, 6);
    assert_span(2, SPAN_READY, 30, 40, READY_AGAIN);
    FEED(51, wake_noop, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER); /* of the poll before: stale */
    FEED(70, wake, .task = 1, .source = WEFT_TRACE_wake_source_TIMER);
    assert_span(4, SPAN_WAIT, 50, 70, WEFT_TRACE_wake_source_TIMER);
}

static void poll_without_a_wake_where_none_are_recorded_ends_a_wait(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, 0, WEFT_TRACE_poll_result_PENDING, 5);
    poll(1, 40, 50, 0, WEFT_TRACE_poll_result_PENDING, 6);
    assert_span(2, SPAN_WAIT, 30, 40, SPAN_UNTOLD);
}

static void late_recording_tells_what_it_knows(void **state)
{
    (void)state;
    FEED(10, statedump_task, .task = 1, .site = 7, .state = WEFT_TRACE_task_state_WAITING);
    FEED(10, statedump_task, .task = 2, .site = 8, .state = WEFT_TRACE_task_state_SCHEDULED);
    FEED(30, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
    poll(2, 40, 50, 0, WEFT_TRACE_poll_result_PENDING, 4); /* since when it was runnable nobody knows */
    assert_int_equal(seen_count, 2);
    assert_span(0, SPAN_WAIT, 10, 30, WEFT_TRACE_wake_source_TIMER);
    assert_true(seen[0].cut);
    assert_span(1, SPAN_RUN, 40, 50, SPAN_UNTOLD);
    FEED(60, poll_end, .task = 9, .worker = 1, .result = WEFT_TRACE_poll_result_YIELD); /* began before */
    assert_int_equal(seen_count, 2);
}

static void wake_in_a_poll_that_began_before_the_recording_is_from_nowhere(void **state)
{
    (void)state;
    FEED(5, wake, .task = 2, .source = WEFT_TRACE_wake_source_TIMER); /* wakes are recorded */
    FEED(10, poll_end, .task = 1, .worker = 1, .result = WEFT_TRACE_poll_result_PENDING, .line = 5);
    poll(1, 40, 50, 1, WEFT_TRACE_poll_result_READY, 0);
    assert_span(0, SPAN_READY, 10, 40, READY_AGAIN);
    assert_span(1, SPAN_RUN, 40, 50, READY_AGAIN);
    assert_int_equal(seen[1].wake.worker, SPAN_NOWHERE); /* and no arrow from worker 0, of 1970 */
}

static void gap_drops_what_was_open(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    const struct event_gap gap = {.begin_ns = 25, .end_ns = 40, .count = 9, .counted = true};
    spans_gap(&spans, &analysis, &gap);
    analysis_gap(&analysis, &gap);
    assert_int_equal(seen_count, 2); /* the wait for its first poll, and that it ran until the gap */
    assert_span(1, SPAN_RUN, 20, 25, READY_SPAWN);
    assert_true(seen[1].lost);
    FEED(50, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 5);
    assert_int_equal(seen_count, 2);
    FEED(60, wake, .task = 1, .source = WEFT_TRACE_wake_source_IO);
    poll(1, 70, 80, 0, WEFT_TRACE_poll_result_READY, 0);
    assert_int_equal(seen_count, 5);
    assert_span(2, SPAN_WAIT, 50, 60, WEFT_TRACE_wake_source_IO);
    assert_int_equal(gap_count, 1);
    assert_int_equal(analysis.polls.sum, 10);
    char *text = folded_text(&busy); /* as the analysis has it */
    assert_string_equal(text, "intake;step intake, from line 5 to its end 10\n");
    free(text);
}

/* A gap may be told before events of other streams that lie in it: a poll that begins there is no span. */
static void wake_from_a_poll_that_is_not_told_is_from_nowhere(void **state)
{
    (void)state;
    const struct event_gap gap = {.begin_ns = 5, .end_ns = 40, .count = 9, .counted = true};
    spans_gap(&spans, &analysis, &gap);
    analysis_gap(&analysis, &gap);
    FEED(20, poll_start, .task = 2, .worker = 1);
    FEED(50, task_spawn, .task = 1, .parent = 2, .site = 7);
    FEED(60, poll_end, .task = 2, .worker = 1, .result = WEFT_TRACE_poll_result_READY);
    FEED(61, task_end, .task = 2);
    FEED(62, wake, .task = 3, .by = 2, .source = WEFT_TRACE_wake_source_JOIN);
    poll(1, 70, 80, 0, WEFT_TRACE_poll_result_READY, 0);
    poll(3, 90, 95, 0, WEFT_TRACE_poll_result_READY, 0);
    assert_int_equal(seen_count, 4); /* two waits for a worker, two polls */
    for (int i = 0; i < seen_count; i++)
        assert_int_equal(seen[i].wake.worker, SPAN_NOWHERE);
}

static void end_of_the_recording_cuts_what_is_open(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(30, poll_start, .task = 2, .worker = 1);
    FEED(35, chan_wait, .chan = 3, .task = 2, .side = WEFT_TRACE_channel_side_RECEIVER);
    FEED(40, poll_end, .task = 2, .worker = 1, .result = WEFT_TRACE_poll_result_PENDING, .line = 8);
    finish(100);
    assert_int_equal(seen_count, 5);
    int run = seen[3].what == SPAN_RUN ? 3 : 4;
    assert_span(run, SPAN_RUN, 20, 100, READY_SPAWN);
    assert_int_equal(seen[run].result, SPAN_UNENDED);
    assert_true(seen[run].cut);
    assert_span(7 - run, SPAN_WAIT, 40, 100, WEFT_TRACE_wake_source_CHANNEL); /* that much was told */
    assert_true(seen[7 - run].cut);
    assert_int_equal(seen[7 - run].wake.object, 3);
}

static void cancelled_wait_is_for_what_it_was_for(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(25, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_RECEIVER);
    FEED(30, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 8);
    FEED(50, wake, .task = 1, .source = WEFT_TRACE_wake_source_CANCEL);
    assert_span(2, SPAN_WAIT, 30, 50, WEFT_TRACE_wake_source_CHANNEL);
    poll(1, 60, 70, 0, WEFT_TRACE_poll_result_PENDING, 9);
    FEED(80, wake, .task = 1, .source = WEFT_TRACE_wake_source_CANCEL);
    assert_span(5, SPAN_WAIT, 70, 80, WEFT_TRACE_wake_source_CANCEL); /* at another line, of which nothing is told */
}

static void window_cuts_spans_and_leaves_out_events(void **state)
{
    (void)state;
    spans.from_ns = 155;
    spans.to_ns = 225;
    live_once();
    finish(300);
    assert_int_equal(seen_count, 5);
    assert_span(0, SPAN_RUN, 155, 160, READY_SPAWN);
    assert_true(seen[0].cut);
    assert_span(2, SPAN_WAIT, 160, 220, WEFT_TRACE_wake_source_CHANNEL);
    assert_span(3, SPAN_RUN, 210, 225, READY_SPAWN);
    assert_span(4, SPAN_READY, 220, 225, WEFT_TRACE_wake_source_CHANNEL);
    assert_int_equal(event_count, 3 + 4);
}

/* ---- folded stacks ---- */

static void stacks_are_who_spawned_whom_and_where(void **state)
{
    (void)state;
    live_once();
    finish(300);
    char *text = folded_text(&busy);
    assert_string_equal(text, "intake;step intake, from its beginning to line 20 10\n"
                              "intake;step intake, from line 20 to its end 10\n"
                              "intake;led:ger;step led:ger, from its beginning to its end 20\n");
    free(text);
    text = folded_text(&waits);
    assert_string_equal(text, "intake;waits for a worker 80\n"
                              "intake;waits at line 20;channel orders 60\n"
                              "intake;led:ger;waits for a worker 10\n");
    free(text);
}

static void generations_of_one_kind_are_one_frame(void **state)
{
    (void)state;
    for (uint64_t task = 1; task <= 1000; task++) {
        FEED((int64_t)task * 10, task_spawn, .task = task, .parent = task - 1, .site = task % 2 ? 7 : 8);
        poll(task, (int64_t)task * 10 + 2, (int64_t)task * 10 + 5, 0, WEFT_TRACE_poll_result_READY, 0);
        seen_count = 0;
    }
    char *text = folded_text(&busy);
    assert_string_equal(text, "intake;step intake, from its beginning to its end 1500\n"
                              "intake;led:ger;step led:ger, from its beginning to its end 1500\n");
    free(text);
    for (uint64_t task = 1; task <= 1000; task++)
        FEED(20000, task_end, .task = task);
    assert_int_equal(busy.tasks.count, 0); /* memory follows what lives */
    assert_int_equal(spans.machines.count, 1);
}

static void too_many_stacks_count_for_their_task(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    for (uint32_t line = 1; line <= FOLDED_ROWS_MAX + 10; line++) {
        poll(1, 10 * (int64_t)line + 10, 10 * (int64_t)line + 11, 0, WEFT_TRACE_poll_result_YIELD, line);
        seen_count = 0;
    }
    char *text = folded_text(&busy);
    assert_non_null(strstr(text, "intake;(the rest) 10\n"));
    free(text);
}

static void processes_are_told_apart(void **state)
{
    (void)state;
    live_once();
    FEED_OF(2, 400, task_spawn, .task = 1, .site = 7);
    FEED_OF(2, 410, poll_start, .task = 1, .worker = 0);
    FEED_OF(2, 430, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_READY);
    finish(500);
    char *text = folded_text(&busy);
    assert_non_null(strstr(text, "process 1;intake;step intake, from line 20 to its end 10\n"));
    assert_non_null(strstr(text, "process 2;(not told);from its beginning to its end 20\n"));
    free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, spans_setup, spans_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(task_is_ready_runs_waits_and_is_ready_again),
        TEST(who_ended_wakes_his_joiner_from_his_last_poll),
        TEST(last_poll_is_the_latest_whatever_the_worker),
        TEST(who_was_woken_while_it_ran_is_ready_at_the_end_of_the_poll),
        TEST(wake_that_is_told_after_the_poll_it_came_in_is_one_all_the_same),
        TEST(poll_without_a_wake_where_none_are_recorded_ends_a_wait),
        TEST(late_recording_tells_what_it_knows),
        TEST(wake_in_a_poll_that_began_before_the_recording_is_from_nowhere),
        TEST(gap_drops_what_was_open),
        TEST(wake_from_a_poll_that_is_not_told_is_from_nowhere),
        TEST(end_of_the_recording_cuts_what_is_open),
        TEST(cancelled_wait_is_for_what_it_was_for),
        TEST(window_cuts_spans_and_leaves_out_events),
        TEST(stacks_are_who_spawned_whom_and_where),
        TEST(generations_of_one_kind_are_one_frame),
        TEST(too_many_stacks_count_for_their_task),
        TEST(processes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
