/* SPDX-License-Identifier: MIT */
/* The model's channels and workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <weft/error.h>

#include "cli/feed.h"

static struct model model;
static struct report report;

static int channels_setup(void **state)
{
    (void)state;
    model_init(&model);
    return 0;
}

static int channels_teardown(void **state)
{
    (void)state;
    report_fini(&report);
    report = (struct report){0};
    model_fini(&model);
    return 0;
}

static const struct report_channels *channels_row(const char *name)
{
    report_fini(&report);
    report_init(&report, &model);
    const struct report_channels *row = feed_channels(&report, name);
    assert_non_null(row);
    return row;
}

static void channels_open_3(void)
{
    FEED(&model, 1, chan_open, .chan = 3, .by = 0, .capacity = 10, .message_size = 4, .name = "orders",
         .component = "");
}

static void messages_are_counted(void **state)
{
    (void)state;
    channels_open_3();
    for (uint32_t i = 1; i <= 4; i++)
        FEED(&model, 10 + i, chan_send, .chan = 3, .task = 1, .depth = i);
    FEED(&model, 20, chan_recv, .chan = 3, .task = 2, .count = 3, .depth = 1);
    FEED(&model, 21, chan_fail, .chan = 3, .task = 1, .error = WEFT_EAGAIN);
    FEED(&model, 22, chan_drop, .chan = 3, .task = 1, .count = 2, .reason = WEFT_TRACE_drop_reason_OLDEST);
    const struct report_channels *row = channels_row("orders");
    assert_int_equal(row->totals.sent, 4);
    assert_int_equal(row->totals.received, 3);
    assert_int_equal(row->totals.failed, 1);
    assert_int_equal(row->totals.dropped, 2);
    assert_int_equal(row->totals.depth_max, 4);
    assert_int_equal(row->totals.before, 0);
    assert_int_equal(row->capacity, 10);
    assert_true(row->saturation > 0.399 && row->saturation < 0.401);
}

static void wait_for_room_ends_with_the_wake(void **state)
{
    (void)state;
    channels_open_3();
    FEED(&model, 5, task_spawn, .task = 1, .site = 7);
    FEED(&model, 10, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(&model, 90, wake, .task = 1, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(&model, 95, wake, .task = 1, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(&model, 99, chan_wait, .chan = 3, .task = 2, .side = WEFT_TRACE_channel_side_RECEIVER, .waiting = 1);
    const struct report_channels *row = channels_row("orders");
    assert_int_equal(row->totals.waits_send, 1);
    assert_int_equal(row->totals.waits_receive, 1);
    assert_int_equal(row->totals.wait_send_ns, 80);
}

static void health_is_what_the_monitor_said_last(void **state)
{
    (void)state;
    channels_open_3();
    FEED(&model, 10, chan_send, .chan = 3, .depth = 10);
    FEED(&model, 11, chan_health, .chan = 3, .before = 255, .now = 2, .saturation_permille = 1000);
    FEED(&model, 12, chan_health, .chan = 3, .before = 2, .now = 0, .saturation_permille = 0);
    const struct report_channels *row = channels_row("orders");
    assert_int_equal(row->health, WEFT_TRACE_health_HEALTHY);
    assert_true(row->health_said);
    assert_int_equal(row->totals.health_worst, WEFT_TRACE_health_CRITICAL);
}

static void health_that_nobody_told_is_judged_by_the_high_water_mark(void **state)
{
    (void)state;
    static const struct {
        uint32_t depth;
        uint8_t health;
    } cases[] = {{0, WEFT_TRACE_health_HEALTHY},
                 {7, WEFT_TRACE_health_HEALTHY},
                 {8, WEFT_TRACE_health_DEGRADED},
                 {9, WEFT_TRACE_health_DEGRADED},
                 {10, WEFT_TRACE_health_CRITICAL}};
    channels_open_3();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FEED(&model, 10 + (int64_t)i, chan_send, .chan = 3, .depth = cases[i].depth);
        assert_int_equal(channels_row("orders")->health, cases[i].health);
        assert_false(channels_row("orders")->health_said);
    }
}

static void health_of_a_channel_that_has_just_ended_makes_no_channel(void **state)
{
    (void)state;
    channels_open_3();
    FEED(&model, 10, chan_end, .chan = 3);
    FEED(&model, 11, chan_health, .chan = 3, .before = 255, .now = 0);
    assert_int_equal(channels_row("orders")->totals.channels, 1);
    assert_int_equal(report.channel_count, 1);
}

static void channels_of_one_name_are_one_row(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 3; id++) {
        FEED(&model, 1, chan_open, .chan = id, .capacity = 10, .name = "reply", .component = "rpc");
        FEED(&model, 2, chan_send, .chan = id, .depth = (uint32_t)id);
        if (id < 3)
            FEED(&model, 3, chan_end, .chan = id);
    }
    const struct report_channels *row = channels_row("reply");
    assert_int_equal(row->totals.channels, 3);
    assert_int_equal(row->totals.live, 1);
    assert_int_equal(row->totals.sent, 3);
    assert_int_equal(row->totals.depth_max, 3);
    assert_string_equal(row->component, "rpc");
}

static void names_without_end_are_one_row_at_last(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= CHANNELS_NAMES_MAX + 10; id++) {
        char name[32];
        snprintf(name, sizeof name, "reply %d", (int)id);
        FEED(&model, 1, chan_open, .chan = id, .capacity = 10, .name = name, .component = "");
        FEED(&model, 2, chan_send, .chan = id, .depth = 1);
        FEED(&model, 3, chan_end, .chan = id);
    }
    assert_int_equal(channels_row("(more names)")->totals.channels, 10);
    assert_int_equal(report.all_channels.sent, CHANNELS_NAMES_MAX + 10);
    assert_int_equal(model_process(&model, 1)->channels.live.count, 0);
}

static void channel_that_lived_before_is_named_by_the_announcement(void **state)
{
    (void)state;
    FEED(&model, 5, chan_send, .chan = 3, .depth = 2);
    FEED(&model, 6, statedump_begin, .runtime = 1, .generation = 2);
    channels_open_3();
    FEED(&model, 7, statedump_chan, .chan = 3, .depth = 2, .depth_max = 9, .sent = 101, .received = 99);
    FEED(&model, 8, statedump_end, .runtime = 1, .generation = 2);
    FEED(&model, 9, chan_recv, .chan = 3, .count = 2, .depth = 0);
    const struct report_channels *row = channels_row("orders");
    assert_int_equal(row->totals.before, 1);
    assert_int_equal(row->totals.sent, 1);
    assert_int_equal(row->totals.sent_before, 100);
    assert_int_equal(row->totals.received, 2);
    assert_int_equal(row->totals.received_before, 99);
    assert_int_equal(row->totals.depth_max, 9);
}

static void channel_that_is_announced_though_its_opening_was_recorded_counts_once(void **state)
{
    (void)state;
    channels_open_3();
    FEED(&model, 5, chan_send, .chan = 3, .depth = 1);
    FEED(&model, 6, statedump_begin, .runtime = 1, .generation = 2);
    channels_open_3();
    FEED(&model, 7, statedump_chan, .chan = 3, .depth = 1, .depth_max = 1, .sent = 1, .received = 0);
    FEED(&model, 8, statedump_end, .runtime = 1, .generation = 2);
    const struct report_channels *row = channels_row("orders");
    assert_int_equal(row->totals.channels, 1);
    assert_int_equal(row->totals.before, 0);
    assert_int_equal(row->totals.sent, 1);
    assert_int_equal(row->totals.sent_before, 0);
}

/* ---- workers ---- */

static void worker_is_busy_in_polls_and_asleep_in_parks(void **state)
{
    (void)state;
    FEED(&model, 0, runtime_start, .runtime = 1, .schema = 1, .workers = 1, .name = "orders", .version = "0.1.0");
    FEED(&model, 0, thread_start, .runtime = 1, .worker = 4, .kind = WEFT_TRACE_thread_kind_WORKER, .tid = 77,
         .name = "");
    FEED(&model, 0, thread_start, .runtime = 1, .worker = 65535, .kind = WEFT_TRACE_thread_kind_MONITOR, .tid = 78,
         .name = "");
    FEED(&model, 10, poll_start, .task = 1, .worker = 4);
    FEED(&model, 35, poll_end, .task = 1, .worker = 4, .result = 0);
    FEED(&model, 40, worker_park, .worker = 4);
    FEED(&model, 90, worker_unpark, .worker = 4, .by = 65535);
    FEED(&model, 95, steal, .worker = 4, .victim = 0, .count = 3);
    FEED(&model, 96, queue_overflow, .worker = 4, .count = 9);
    FEED(&model, 100, thread_stop, .runtime = 1, .worker = 4, .kind = WEFT_TRACE_thread_kind_WORKER);
    FEED(&model, 500, runtime_stop, .runtime = 1);
    report_init(&report, &model);
    assert_int_equal(report.worker_count, 1);
    const struct report_worker *row = &report.workers[0];
    assert_int_equal(row->worker->number, 4);
    assert_int_equal(row->worker->tid, 77);
    assert_int_equal(row->worker->polls, 1);
    assert_int_equal(row->worker->parks, 1);
    assert_int_equal(row->worker->parked_ns, 50);
    assert_int_equal(row->worker->steals, 1);
    assert_int_equal(row->worker->stolen, 3);
    assert_int_equal(row->worker->overflows, 1);
    assert_int_equal(row->time_ns, 100);
    assert_true(row->busy > 0.249 && row->busy < 0.251);
    assert_string_equal(row->runtime->name, "orders");
}

static void worker_number_that_is_used_again_is_a_worker_of_its_own(void **state)
{
    (void)state;
    for (uint32_t runtime = 1; runtime <= 2; runtime++) {
        int64_t at = 100 * runtime;
        FEED(&model, at, thread_start, .runtime = runtime, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER,
             .tid = 70);
        FEED(&model, at + 1, poll_start, .task = runtime, .worker = 0);
        FEED(&model, at + 2, poll_end, .task = runtime, .worker = 0, .result = 1);
        FEED(&model, at + 3, thread_stop, .runtime = runtime, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER);
    }
    report_init(&report, &model);
    assert_int_equal(report.worker_count, 2);
    assert_int_equal(report.workers[0].worker->polls, 1);
    assert_int_equal(report.workers[1].worker->polls, 1);
    assert_int_equal(report.workers[1].worker->runtime, 2);
}

static void processes_that_nothing_tells_apart_are_noticed(void **state)
{
    (void)state;
    FEED(&model, 10, thread_start, .runtime = 1, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER, .tid = 70);
    FEED(&model, 11, thread_start, .runtime = 1, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER, .tid = 70);
    report_init(&report, &model);
    assert_false(report.mixed); /* announced again */
    report_fini(&report);
    FEED(&model, 12, thread_start, .runtime = 1, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER, .tid = 90);
    report_init(&report, &model);
    assert_true(report.mixed);
}

static void sleep_over_a_gap_is_not_timed(void **state)
{
    (void)state;
    FEED(&model, 10, worker_park, .worker = 0);
    model_gap(&model, &(struct event_gap){.begin_ns = 20, .end_ns = 30, .count = 1, .packets = true, .counted = true});
    FEED(&model, 1000, worker_unpark, .worker = 0, .by = 1);
    report_init(&report, &model);
    assert_int_equal(report.workers[0].worker->parks, 1);
    assert_int_equal(report.workers[0].worker->parked_ns, 0);
    assert_int_equal(model.packets_lost, 1);
    assert_int_equal(model.events_lost, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, channels_setup, channels_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_are_counted),
        TEST(wait_for_room_ends_with_the_wake),
        TEST(health_is_what_the_monitor_said_last),
        TEST(health_that_nobody_told_is_judged_by_the_high_water_mark),
        TEST(health_of_a_channel_that_has_just_ended_makes_no_channel),
        TEST(channels_of_one_name_are_one_row),
        TEST(names_without_end_are_one_row_at_last),
        TEST(channel_that_lived_before_is_named_by_the_announcement),
        TEST(channel_that_is_announced_though_its_opening_was_recorded_counts_once),
        TEST(worker_is_busy_in_polls_and_asleep_in_parks),
        TEST(worker_number_that_is_used_again_is_a_worker_of_its_own),
        TEST(processes_that_nothing_tells_apart_are_noticed),
        TEST(sleep_over_a_gap_is_not_timed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
