/* SPDX-License-Identifier: MIT */
/* The critical path of a request, by hand: each kind of wait, the way of a message through an actor that is never idle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/trace/path/path.h"

static struct analysis analysis;
static struct path path;

#define FEED(at, e, ...) feed(&(struct event){.ns = (at), .process = 1, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

static void feed(const struct event *event)
{
    analysis_event(&analysis, event);
    path_event(&path, &analysis, event);
}

static int path_setup(void **state)
{
    (void)state;
    analysis_init(&analysis);
    path_init(&path, 1, 1, 100, 1000);
    FEED(10, site_def, .site = 7, .name = "request", .function = "main", .file = "a.c", .line = 1);
    FEED(10, site_def, .site = 8, .name = "actor", .function = "main", .file = "a.c", .line = 2);
    FEED(10, chan_open, .chan = 3, .capacity = 8, .name = "in", .component = "");
    FEED(10, chan_open, .chan = 4, .capacity = 1, .name = "reply", .component = "");
    FEED(10, sync_open, .object = 5, .kind = WEFT_TRACE_sync_kind_SEMAPHORE, .permits = 1, .name = "gate");
    FEED(20, task_spawn, .task = 2, .site = 8);
    return 0;
}

static int path_teardown(void **state)
{
    (void)state;
    path_fini(&path);
    analysis_fini(&analysis);
    return 0;
}

/* The legs of the path of task 1 up to `end_ns` are these, from the beginning. */
struct leg {
    enum path_leg_kind kind;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t task;
};

static void legs_are(int64_t end_ns, const struct leg *want, size_t count)
{
    path.end_ns = end_ns;
    path_walk(&path, 1);
    for (size_t i = 0; i < path.leg_count || i < count; i++) {
        const struct path_leg *have = i < path.leg_count ? &path.legs[i] : NULL;
        if (!have || i >= count || have->kind != want[i].kind || have->from_ns != want[i].from_ns ||
            have->to_ns != want[i].to_ns || have->task != want[i].task)
            fail_msg("leg %zu is %s from %lld to %lld of task %llu", i, have ? path_kind_name(have->kind) : "missing",
                     have ? (long long)have->from_ns : 0, have ? (long long)have->to_ns : 0,
                     have ? (unsigned long long)have->task : 0);
    }
}
#define LEGS(end_ns, ...)                                                                                              \
    legs_are((end_ns), (const struct leg[]){__VA_ARGS__},                                                              \
             sizeof((const struct leg[]){__VA_ARGS__}) / sizeof(struct leg))

static void start(uint64_t task, int64_t at)
{
    FEED(at, poll_start, .task = task, .worker = 0);
}

static void stop(uint64_t task, int64_t at, uint32_t line)
{
    FEED(at, poll_end, .task = task, .worker = 0, .line = line,
         .result = line ? WEFT_TRACE_poll_result_PENDING : WEFT_TRACE_poll_result_READY);
}

static void request_goes_through_the_actor_that_was_busy(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    start(2, 110); /* the actor is at work for others since before */
    start(1, 120);
    FEED(130, chan_send, .chan = 3, .task = 1, .depth = 1);
    stop(1, 140, 5);
    FEED(300, chan_recv, .chan = 3, .task = 2, .count = 1, .depth = 0);
    FEED(350, chan_send, .chan = 4, .task = 2, .depth = 1);
    FEED(351, wake, .task = 1, .by = 2, .object = 4, .source = WEFT_TRACE_wake_source_CHANNEL);
    start(1, 400);
    FEED(405, chan_recv, .chan = 4, .task = 1, .count = 1, .depth = 0);
    stop(1, 450, 0);
    LEGS(450, {PATH_QUEUED, 100, 120, 1}, {PATH_RUNNING, 120, 130, 1}, {PATH_MESSAGE, 130, 300, 2},
         {PATH_RUNNING, 300, 350, 2}, {PATH_MESSAGE, 350, 405, 1}, {PATH_RUNNING, 405, 450, 1});
    assert_string_equal(path.legs[2].label, "in");
    assert_string_equal(path.legs[4].label, "reply");
}

static void batch_is_followed_for_the_request(void **state)
{
    (void)state;
    FEED(90, task_spawn, .task = 9, .site = 7);
    FEED(100, task_spawn, .task = 1, .site = 7);
    start(1, 110);
    FEED(120, chan_send, .chan = 3, .task = 1, .depth = 1);
    stop(1, 125, 5);
    FEED(150, chan_send, .chan = 3, .task = 9, .depth = 2); /* later, and in the same batch */
    start(2, 200);
    FEED(201, chan_recv, .chan = 3, .task = 2, .count = 2, .depth = 0);
    FEED(230, wake, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_WAKER);
    start(1, 240);
    stop(1, 250, 0);
    LEGS(250, {PATH_QUEUED, 100, 110, 1}, {PATH_RUNNING, 110, 120, 1}, {PATH_MESSAGE, 120, 201, 2},
         {PATH_RUNNING, 201, 230, 2}, {PATH_QUEUED, 230, 240, 1}, {PATH_RUNNING, 240, 250, 1});
}

static void waits_for_time_room_and_locks_are_legs(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    start(1, 110);
    FEED(115, timer_arm, .task = 1, .deadline_ns = 200);
    stop(1, 120, 5);
    FEED(200, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
    start(1, 210);
    FEED(215, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    stop(1, 220, 6);
    FEED(300, wake, .task = 1, .by = 2, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    start(1, 310);
    FEED(315, sync_wait, .object = 5, .task = 1, .waiting = 1);
    stop(1, 320, 7);
    FEED(400, wake, .task = 1, .by = 2, .object = 5, .source = WEFT_TRACE_wake_source_SYNC);
    start(1, 410);
    stop(1, 420, 8);
    FEED(500, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_IO);
    start(1, 510);
    stop(1, 520, 0);
    LEGS(520, {PATH_QUEUED, 100, 110, 1}, {PATH_RUNNING, 110, 120, 1}, {PATH_TIMER, 120, 200, 1},
         {PATH_QUEUED, 200, 210, 1}, {PATH_RUNNING, 210, 220, 1}, {PATH_ROOM, 220, 300, 1}, {PATH_QUEUED, 300, 310, 1},
         {PATH_RUNNING, 310, 320, 1}, {PATH_LOCK, 320, 400, 1}, {PATH_QUEUED, 400, 410, 1}, {PATH_RUNNING, 410, 420, 1},
         {PATH_IO, 420, 500, 1}, {PATH_QUEUED, 500, 510, 1}, {PATH_RUNNING, 510, 520, 1});
    assert_string_equal(path.legs[5].label, "in");
    assert_string_equal(path.legs[8].label, "gate");
    assert_int_equal(path.legs[2].line, 5);
    assert_int_equal(path.legs[8].line, 7);
}

static void job_is_two_legs(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    start(1, 110);
    FEED(115, blocking_queue, .job = 44, .task = 1, .queued = 1);
    stop(1, 120, 5);
    FEED(160, blocking_start, .job = 44, .tid = 3, .queued = 0);
    FEED(300, blocking_end, .job = 44, .result = 0);
    FEED(301, wake, .task = 1, .by = 0, .object = 44, .source = WEFT_TRACE_wake_source_BLOCKING);
    start(1, 310);
    stop(1, 320, 0);
    LEGS(320, {PATH_QUEUED, 100, 110, 1}, {PATH_RUNNING, 110, 115, 1}, {PATH_POOL, 115, 160, 1},
         {PATH_JOB, 160, 301, 1}, {PATH_QUEUED, 301, 310, 1}, {PATH_RUNNING, 310, 320, 1});
}

static void child_is_on_the_way_and_so_is_who_spawned_it(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .site = 7);
    start(1, 110);
    FEED(120, task_spawn, .task = 6, .parent = 1, .site = 8);
    stop(1, 125, 5);
    start(6, 150);
    stop(6, 200, 0);
    FEED(205, wake, .task = 1, .by = 6, .source = WEFT_TRACE_wake_source_JOIN);
    FEED(206, task_end, .task = 6, .result = 0);
    start(1, 210);
    FEED(215, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_YIELD, .line = 6);
    start(1, 240);
    stop(1, 250, 0);
    LEGS(260, {PATH_QUEUED, 100, 110, 1}, {PATH_RUNNING, 110, 120, 1}, {PATH_QUEUED, 120, 150, 6},
         {PATH_RUNNING, 150, 200, 6}, {PATH_RUNNING, 200, 205, 6}, {PATH_QUEUED, 205, 210, 1},
         {PATH_RUNNING, 210, 215, 1}, {PATH_QUEUED, 215, 240, 1}, {PATH_RUNNING, 240, 250, 1},
         {PATH_RUNNING, 250, 260, 1});
}

static void what_is_not_recorded_is_said(void **state)
{
    (void)state;
    start(1, 400); /* nothing tells why it runs */
    stop(1, 450, 0);
    LEGS(450, {PATH_UNKNOWN, 100, 400, 1}, {PATH_RUNNING, 400, 450, 1});
    path.leg_count = 0;
    LEGS(300, {PATH_UNKNOWN, 100, 300, 1});
}

static void outside_is_where_it_ends(void **state)
{
    (void)state;
    FEED(150, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(151, wake, .task = 1, .by = 0, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    start(1, 160);
    FEED(165, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
    stop(1, 170, 0);
    LEGS(170, {PATH_OUTSIDE, 100, 150, 1}, {PATH_MESSAGE, 150, 165, 1}, {PATH_RUNNING, 165, 170, 1});
}

/* Two tasks that wake each other so many times: how many events the way back looks at. */
static size_t looks_at(int turns)
{
    void *none = NULL;
    path_setup(&none);
    path.end_ns = INT64_MAX;
    FEED(100, task_spawn, .task = 1, .site = 7);
    int64_t at = 200;
    for (int i = 0; i < turns; i++, at += 10) {
        const uint64_t task = i % 2 ? 1 : 2, other = 3 - task;
        start(task, at);
        FEED(at + 1, wake, .task = other, .by = task, .source = WEFT_TRACE_wake_source_WAKER);
        stop(task, at + 2, 5);
    }
    path.end_ns = at;
    path_walk(&path, 1);
    assert_in_range(path.leg_count, 2 * (size_t)turns - 10, 2 * (size_t)turns + 10); /* each turn is on the way */
    const size_t looks = path.looks;
    path_teardown(&none);
    return looks;
}

static void way_back_looks_at_each_event_a_few_times(void **state)
{
    (void)state;
    const size_t few = looks_at(1000), many = looks_at(4000);
    if (many > 4 * few + 100)
        fail_msg("%zu looks, and %zu for four times the turns", few, many);
}

static void window_that_is_too_large_keeps_its_end(void **state)
{
    (void)state;
    path.end_ns = INT64_MAX;
    FEED(100, task_spawn, .task = 1, .site = 7);
    int64_t at = 200;
    for (int i = 0; i < PATH_EVENTS_MAX / 3 + 1000; i++, at += 10) {
        FEED(at, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
        start(1, at + 1);
        stop(1, at + 2, 5);
    }
    path.end_ns = at;
    assert_true(path.dropped > 0 && path.count < PATH_EVENTS_MAX);
    path_walk(&path, 1);
    assert_true(path.leg_count > 1000);
    assert_in_range(path.looks, 1000, 4 * path.count);
    assert_int_equal(path.legs[path.leg_count - 1].to_ns, at);
    for (size_t i = 1; i < path.leg_count; i++)
        assert_int_equal(path.legs[i].from_ns, path.legs[i - 1].to_ns);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, path_setup, path_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(request_goes_through_the_actor_that_was_busy),
        TEST(batch_is_followed_for_the_request),
        TEST(waits_for_time_room_and_locks_are_legs),
        TEST(job_is_two_legs),
        TEST(child_is_on_the_way_and_so_is_who_spawned_it),
        TEST(what_is_not_recorded_is_said),
        TEST(outside_is_where_it_ends),
        cmocka_unit_test(way_back_looks_at_each_event_a_few_times),
        TEST(window_that_is_too_large_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
