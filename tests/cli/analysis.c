/* SPDX-License-Identifier: MIT */
/* The analysis, fed by hand: how long things took, who waited for whom, and what a late start or a gap may not spoil.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <weft/error.h>

#include "cli/trace/analysis/analysis.h"

static struct analysis analysis;

#define FEED(at, e, ...)                                                                                               \
    analysis_event(                                                                                                    \
        &analysis,                                                                                                     \
        &(struct event){.ns = (at), .clock_ns = (at)-1000, .process = 1, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

static int analysis_setup(void **state)
{
    (void)state;
    analysis_init(&analysis);
    FEED(1, site_def, .site = 7, .name = "intake", .function = "main", .file = "dir/a.c", .line = 12);
    FEED(1, site_def, .site = 8, .name = "ledger", .function = "main", .file = "dir/a.c", .line = 15);
    return 0;
}

static int analysis_teardown(void **state)
{
    (void)state;
    analysis_fini(&analysis);
    return 0;
}

static struct profile *profile_named(const char *name)
{
    for (uint32_t i = 0; i < analysis.profiles.count; i++) {
        const char *have = analysis_name(&analysis, analysis.profiles.list[i]);
        if (name && have ? !strcmp(name, have) : name == have)
            return analysis.profiles.list[i];
    }
    fail_msg("no profile %s", name);
    return NULL;
}

static struct stream *stream_named(const char *name)
{
    for (uint32_t i = 0; i < analysis.streams.count; i++) {
        const char *have = analysis.streams.list[i]->name;
        if (name && have ? !strcmp(name, have) : name == have)
            return analysis.streams.list[i];
    }
    fail_msg("no channel %s", name);
    return NULL;
}

static struct machine *machine(void)
{
    return map_get(&analysis.machines, 1);
}

static void poll(uint64_t task, int64_t from, int64_t to, uint8_t result, uint32_t line)
{
    FEED(from, poll_start, .task = task, .worker = 0, .source = 1);
    FEED(to, poll_end, .task = task, .worker = 0, .result = result, .line = line);
}

static uint64_t edge(const char *from, const char *to, int cause)
{
    size_t count;
    uint64_t found = 0;
    struct tally_row **rows = tally_sorted(&analysis.wakes, &count);
    for (size_t i = 0; i < count; i++)
        if (rows[i]->from == (from ? profile_named(from)->number : 0) && rows[i]->to == profile_named(to)->number &&
            rows[i]->kind == cause)
            found += rows[i]->count;
    free(rows);
    return found;
}

/* ---- tasks ---- */

static void wait_for_a_worker_is_from_the_spawn_the_wake_the_yield(void **state)
{
    (void)state;
    FEED(100, task_spawn, .task = 1, .parent = 0, .site = 7);
    poll(1, 150, 160, WEFT_TRACE_poll_result_YIELD, 20);   /* waited 50 since the spawn */
    poll(1, 190, 200, WEFT_TRACE_poll_result_PENDING, 21); /* 30 since it gave way */
    FEED(300, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_CHANNEL);
    poll(1, 320, 400, WEFT_TRACE_poll_result_READY, 0); /* 20 since the wake */
    FEED(400, task_end, .task = 1, .result = 0);
    analysis_finish(&analysis);
    const struct profile *intake = profile_named("intake");
    assert_int_equal(intake->waits.count, 3);
    assert_int_equal(intake->waits.sum, 100);
    assert_int_equal(intake->births.sum, 50);
    assert_int_equal(analysis.ready[READY_YIELD].sum, 30);
    assert_int_equal(analysis.ready[WEFT_TRACE_wake_source_CHANNEL].sum, 20);
    assert_int_equal(intake->polls.count, 3);
    assert_int_equal(intake->polls.sum, 100);
    assert_int_equal(intake->poll_worst.ns, 80);
    assert_int_equal(intake->poll_worst.from_line, 21);
    assert_int_equal(intake->poll_worst.to_line, 0);
    assert_int_equal(intake->wait_worst.ns, 50);
    assert_int_equal(intake->wait_worst.cause, READY_SPAWN);
    assert_int_equal(intake->lives.sum, 300);
    assert_int_equal(machine()->lanes.runnable, 0);
}

static void wake_while_it_runs_makes_it_runnable_at_the_end_of_the_poll(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(25, wake_noop, .task = 1, .by = 1, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(30, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 5);
    poll(1, 37, 40, WEFT_TRACE_poll_result_PENDING, 5);
    analysis_finish(&analysis);
    assert_int_equal(analysis.ready[READY_AGAIN].sum, 7);
    assert_int_equal(profile_named("intake")->self_wakes, 1);
    assert_int_equal(edge("intake", "intake", READY_AGAIN), 1);
}

static void worst_wait_names_what_held_the_worker(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 8);
    poll(2, 20, 5000, WEFT_TRACE_poll_result_PENDING, 9);
    poll(1, 5010, 5020, WEFT_TRACE_poll_result_PENDING, 9);
    const struct culprit *worst = &profile_named("intake")->wait_worst;
    assert_int_equal(worst->ns, 5000);
    assert_int_equal(worst->other, profile_named("ledger")->number);
    assert_int_equal(worst->other_ns, 4980);
}

static void who_woke_whom_is_counted_by_kind(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(11, task_spawn, .task = 2, .parent = 1, .site = 8);
    FEED(20, wake, .task = 2, .by = 1, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(30, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
    assert_int_equal(edge("intake", "ledger", READY_SPAWN), 1);
    assert_int_equal(edge("intake", "ledger", WEFT_TRACE_wake_source_CHANNEL), 1);
    assert_int_equal(edge(NULL, "intake", WEFT_TRACE_wake_source_TIMER), 1);
    assert_int_equal(edge(NULL, "intake", READY_SPAWN), 1);
}

static void long_polls_are_found_by_their_lines(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 20, 30, WEFT_TRACE_poll_result_PENDING, 100);
    for (int i = 1; i <= 10; i++) {
        const int64_t at = i * 100000000;
        poll(1, at, at + 20000000, WEFT_TRACE_poll_result_PENDING, 110);
        poll(1, at + 30000000, at + 30000100, WEFT_TRACE_poll_result_PENDING, 100);
    }
    size_t count;
    struct segment **longer = segments_longer(&analysis.segments, 10000000, &count);
    assert_int_equal(count, 1);
    assert_int_equal(longer[0]->from_line, 100);
    assert_int_equal(longer[0]->to_line, 110);
    assert_int_equal(longer[0]->polls.count, 10);
    assert_in_range(segment_time_above(longer[0], 10000000), 190000000, 210000000);
    free(longer);
}

static void task_that_has_not_ended_is_live_and_how_many_at_once_is_known(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 5; i++)
        FEED((int64_t)(10 * i), task_spawn, .task = i, .site = 7);
    FEED(60, task_end, .task = 1, .result = 0);
    FEED(61, task_end, .task = 2, .result = WEFT_EPIPE);
    FEED(100, task_spawn, .task = 6, .site = 7);
    analysis_finish(&analysis);
    const struct profile *intake = profile_named("intake");
    assert_int_equal(intake->tasks, 6);
    assert_int_equal(intake->live, 4);
    assert_int_equal(intake->at_once, 5);
    assert_int_equal(intake->failed, 1);
    assert_int_equal(intake->age_ns, 70);
    assert_int_equal(intake->lived_ns, 50 + 41 + 70 + 60 + 50 + 0);
}

/* 120,000 connections that are open for a day are together older than what 63 bits of nanoseconds hold. */
static void lives_of_many_for_a_day_are_added_up_to_the_most_that_there_is(void **state)
{
    enum { OPEN = 120000 };
    const int64_t day = INT64_C(86400000000000);
    (void)state;
    for (uint64_t i = 1; i <= OPEN; i++)
        FEED(10, task_spawn, .task = i, .site = 7);
    for (uint64_t i = 1; i <= OPEN; i += 2)
        FEED(10 + day, task_end, .task = i, .result = 0);
    analysis_finish(&analysis);
    assert_int_equal(profile_named("intake")->tasks, OPEN);
    assert_int_equal(profile_named("intake")->live, OPEN / 2);
    assert_int_equal(profile_named("intake")->lives.sum, OPEN / 2 * day);
    assert_int_equal(profile_named("intake")->lived_ns, INT64_MAX);
}

static void woken_for_nothing_is_noticed(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 11, 12, WEFT_TRACE_poll_result_PENDING, 50);
    for (int i = 0; i < 3; i++) {
        FEED(20 + 10 * i, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_CHANNEL);
        FEED(21 + 10 * i, poll_start, .task = 1, .worker = 0);
        if (i == 1)
            FEED(22 + 10 * i, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
        FEED(23 + 10 * i, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 50);
    }
    assert_int_equal(profile_named("intake")->idle_polls, 2);
}

/* ---- channels ---- */

static void channel_times_are_those_of_its_messages(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, chan_open, .chan = 3, .by = 1, .capacity = 4, .message_size = 8, .name = "orders", .component = "in");
    FEED(100, chan_send, .chan = 3, .task = 1, .depth = 1);
    FEED(200, chan_send, .chan = 3, .task = 1, .depth = 2);
    FEED(300, chan_send, .chan = 3, .task = 1, .depth = 3);
    FEED(400, chan_send, .chan = 3, .task = 1, .depth = 4);
    FEED(400, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(500, chan_recv, .chan = 3, .task = 0, .count = 2, .depth = 2);
    FEED(500, wake, .task = 1, .by = 0, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    FEED(900, chan_recv, .chan = 3, .task = 0, .count = 2, .depth = 0);
    FEED(1010, chan_end, .chan = 3);
    const struct stream *orders = stream_named("orders");
    assert_int_equal(orders->sent, 4);
    assert_int_equal(orders->received, 4);
    assert_int_equal(orders->depth_max, 4);
    assert_int_equal(orders->residence.count, 4);
    assert_int_equal(orders->residence.sum, 400 + 300 + 600 + 500);
    assert_int_equal(orders->waits, 1);
    assert_int_equal(orders->send_waits.sum, 100);
    assert_int_equal(orders->wait_worst_by, profile_named("intake")->number);
    assert_int_equal((int64_t)orders->known_ns, 1000);
    assert_int_equal((int64_t)orders->full_ns, 100);
    assert_int_equal((int64_t)orders->near_ns, 100);
    assert_int_equal(orders->full_longest_ns, 100);
    assert_int_equal((int64_t)orders->depth_ns, 100 * (1 + 2 + 3 + 4) + 400 * 2);
}

static void message_received_before_its_send_is_told_lay_for_no_time(void **state)
{
    (void)state;
    FEED(10, chan_open, .chan = 3, .capacity = 4, .name = "orders", .component = "");
    FEED(100, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 0);
    FEED(101, chan_send, .chan = 3, .task = 0, .depth = 0);
    FEED(200, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(230, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 0);
    assert_int_equal(stream_named("orders")->residence.count, 2);
    assert_int_equal(stream_named("orders")->residence.sum, 30);
}

static void thread_that_waits_for_room_has_it_with_its_send(void **state)
{
    (void)state;
    FEED(10, chan_open, .chan = 3, .capacity = 1, .name = "orders", .component = "");
    FEED(20, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(30, chan_wait, .chan = 3, .task = 0, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(90, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 0);
    FEED(95, chan_send, .chan = 3, .task = 0, .depth = 1);
    assert_int_equal(stream_named("orders")->send_waits.count, 1);
    assert_int_equal(stream_named("orders")->send_waits.sum, 65);
}

static void dropped_messages_leave_the_queue(void **state)
{
    (void)state;
    FEED(10, chan_open, .chan = 3, .capacity = 2, .name = "news", .component = "");
    FEED(20, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(30, chan_send, .chan = 3, .task = 0, .depth = 2);
    FEED(40, chan_drop, .chan = 3, .task = 0, .count = 1, .reason = WEFT_TRACE_drop_reason_OLDEST);
    FEED(40, chan_send, .chan = 3, .task = 0, .depth = 2);
    FEED(50, chan_drop, .chan = 3, .task = 0, .count = 1, .reason = WEFT_TRACE_drop_reason_NEWEST);
    FEED(130, chan_recv, .chan = 3, .task = 0, .count = 2, .depth = 0);
    assert_int_equal(stream_named("news")->residence.sum, 100 + 90);
    assert_int_equal(stream_named("news")->dropped[WEFT_TRACE_drop_reason_OLDEST], 1);
    assert_int_equal(stream_named("news")->dropped[WEFT_TRACE_drop_reason_NEWEST], 1);
}

/* ---- timers, the pool, meeting points, workers ---- */

static void timer_is_as_late_as_the_clock_says(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, timer_arm, .task = 1, .deadline_ns = 4000);
    FEED(6000, timer_fire, .task = 1, .deadline_ns = 4000, .worker = 0); /* the program's clock is 1000 behind */
    FEED(7000, timer_fire, .task = 1, .deadline_ns = UINT64_C(9000000000), .worker = 0); /* of a simulated clock */
    assert_int_equal(machine()->lateness.count, 1);
    assert_int_equal(machine()->lateness.sum, 1000);
    assert_int_equal(machine()->late_of, profile_named("intake")->number);
    assert_int_equal(machine()->fires, 2);
    assert_int_equal(machine()->fires_apart, 1);
}

static void deadline_that_no_clock_reaches_is_of_another(void **state)
{
    (void)state;
    FEED(6000, timer_fire, .task = 1, .deadline_ns = UINT64_MAX, .worker = 0);
    FEED(7000, timer_fire, .task = 1, .deadline_ns = (uint64_t)INT64_MAX + 1, .worker = 0);
    assert_int_equal(machine()->fires, 2);
    assert_int_equal(machine()->fires_apart, 2);
    assert_int_equal(machine()->lateness.count, 0);
}

static void job_waits_in_the_queue_and_runs(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, blocking_queue, .job = 5, .task = 1, .queued = 1);
    FEED(21, blocking_queue, .job = 6, .task = 1, .queued = 2);
    FEED(50, blocking_start, .job = 5, .tid = 9, .queued = 1);
    FEED(150, blocking_end, .job = 5, .result = 0);
    FEED(160, blocking_end, .job = 6, .result = WEFT_ESHUTDOWN);
    const struct jobs *jobs = &machine()->jobs;
    assert_int_equal(jobs->queued, 2);
    assert_int_equal(jobs->started, 1);
    assert_int_equal(jobs->refused, 1);
    assert_int_equal(jobs->queue_max, 2);
    assert_int_equal(jobs->queueing.sum, 30);
    assert_int_equal(jobs->running.sum, 100);
    assert_int_equal(jobs->wait_worst_by, profile_named("intake")->number);
    assert_int_equal(jobs->live.count, 0);
}

static void semaphore_tells_waits_and_holds(void **state)
{
    (void)state;
    FEED(10, sync_open, .object = 4, .kind = WEFT_TRACE_sync_kind_SEMAPHORE, .permits = 1, .name = "gate");
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 8);
    FEED(20, sync_acquire, .object = 4, .task = 1, .permits = 0, .waiting = 0);
    FEED(30, sync_wait, .object = 4, .task = 2, .waiting = 1);
    FEED(70, sync_release, .object = 4, .task = 1, .permits = 0, .waiting = 0);
    FEED(70, wake, .task = 2, .by = 1, .object = 4, .source = WEFT_TRACE_wake_source_SYNC);
    FEED(75, sync_acquire, .object = 4, .task = 2, .permits = 0, .waiting = 0);
    const struct place *gate = places_find(&machine()->places, 4);
    assert_int_equal(gate->acquires, 2);
    assert_int_equal(gate->waited.sum, 45);
    assert_int_equal(gate->held.sum, 50);
    assert_int_equal(gate->given_up, 0);
    FEED(80, sync_wait, .object = 4, .task = 1, .waiting = 1);
    FEED(90, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
    assert_int_equal(gate->given_up, 1);
}

static void worker_is_busy_in_polls_and_asleep_between_park_and_unpark(void **state)
{
    (void)state;
    FEED(10, thread_start, .runtime = 1, .worker = 0, .kind = WEFT_TRACE_thread_kind_WORKER, .tid = 9, .name = "w");
    FEED(10, task_spawn, .task = 1, .site = 7);
    poll(1, 100, 160, WEFT_TRACE_poll_result_PENDING, 1);
    FEED(170, worker_park, .worker = 0);
    FEED(270, worker_unpark, .worker = 0, .by = WEFT_TRACE_NO_WORKER);
    FEED(280, worker_park, .worker = 0); /* in vain */
    FEED(281, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(290, worker_unpark, .worker = 0, .by = WEFT_TRACE_NO_WORKER); /* 9 ns with a task to run and nobody awake */
    FEED(295, steal, .worker = 1, .victim = 0, .count = 3);
    analysis_finish(&analysis);
    const struct lane *lane = machine()->lanes.list[0];
    assert_int_equal(lane->busy_ns, 60);
    assert_int_equal(lane->parked_ns, 110);
    assert_int_equal(lane->parks, 2);
    assert_int_equal(lane->rests_in_vain, 1);
    assert_int_equal(lane->robbed, 3);
    assert_int_equal(machine()->lanes.list[1]->stolen, 3);
    assert_int_equal(machine()->lanes.wasted_ns, 9);
    assert_int_equal(machine()->lanes.runnable, 1);
}

static void circle_of_waits_is_found(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 8);
    FEED(11, chan_open, .chan = 3, .capacity = 1, .name = "there", .component = "");
    FEED(11, chan_open, .chan = 4, .capacity = 1, .name = "back", .component = "");
    FEED(20, poll_start, .task = 1, .worker = 0);
    FEED(21, chan_wait, .chan = 4, .task = 1, .side = WEFT_TRACE_channel_side_RECEIVER, .waiting = 1);
    FEED(22, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(23, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 1);
    FEED(30, poll_start, .task = 2, .worker = 0);
    FEED(31, chan_recv, .chan = 3, .task = 2, .count = 1, .depth = 0);
    FEED(32, chan_wait, .chan = 4, .task = 2, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(33, poll_end, .task = 2, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 2);
    FEED(90, worker_park, .worker = 0);
    analysis_finish(&analysis);
    assert_int_equal(analysis.knot_count, 1);
    assert_int_equal(analysis.knots[0].count, 2);
    assert_int_equal(analysis.knots[0].at[0].task, 1);
    assert_int_equal(analysis.knots[0].at[0].stream, stream_named("there")->number);
    assert_int_equal(analysis.knots[0].at[1].task, 2);
    assert_int_equal(stream_named("there")->blocked_ns, 90 - 22);
}

static void wait_of_which_nothing_is_told_is_noticed(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 8);
    FEED(10, task_spawn, .task = 3, .parent = 2, .site = 7); /* so 2 may wait for its child */
    poll(1, 20, 30, WEFT_TRACE_poll_result_PENDING, 44);
    poll(2, 31, 32, WEFT_TRACE_poll_result_PENDING, 45);
    FEED(40, poll_start, .task = 3, .worker = 0);
    FEED(41, timer_arm, .task = 3, .deadline_ns = 999);
    FEED(42, poll_end, .task = 3, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 46);
    FEED(1000, worker_park, .worker = 0);
    analysis_finish(&analysis);
    assert_int_equal(profile_named("intake")->silent_task, 1);
    assert_int_equal(profile_named("intake")->silent_ns, 970);
    assert_int_equal(profile_named("intake")->silent_line, 44);
    assert_int_equal(profile_named("ledger")->silent_ns, 0);
}

static void what_a_shutdown_lets_go_is_seen_before_it_does(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(10, task_spawn, .task = 2, .site = 8);
    FEED(11, chan_open, .chan = 3, .capacity = 1, .name = "orders", .component = "");
    poll(1, 20, 30, WEFT_TRACE_poll_result_PENDING, 44);
    FEED(40, poll_start, .task = 2, .worker = 0);
    FEED(41, chan_wait, .chan = 3, .task = 2, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(42, poll_end, .task = 2, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 9);
    FEED(500, scope_cancel, .scope = 1, .by = 0, .reason = WEFT_TRACE_cancel_reason_SHUTDOWN);
    for (uint64_t task = 1; task <= 2; task++) {
        FEED(510, wake, .task = task, .by = 0, .source = WEFT_TRACE_wake_source_CANCEL);
        poll(task, 520, 530, WEFT_TRACE_poll_result_READY, 0);
        FEED(540, task_end, .task = task, .result = WEFT_ECANCELED);
    }
    FEED(600, runtime_stop, .runtime = 1);
    analysis_finish(&analysis);
    assert_int_equal(profile_named("intake")->live, 0);
    assert_int_equal(profile_named("intake")->left, 1);
    assert_int_equal(profile_named("intake")->silent_ns, 470);
    assert_int_equal(profile_named("ledger")->silent_ns, 0);
    assert_int_equal(stream_named("orders")->blocked_ns, 500 - 41);
    assert_int_equal(machine()->shutdown_ns, 500);
    assert_int_equal(machine()->last_end_ns, 540);
}

/* ---- the recording begins late, has gaps ---- */

static void what_came_before_the_name_counts_for_it(void **state)
{
    (void)state;
    poll(1, 20, 50, WEFT_TRACE_poll_result_PENDING, 5);
    FEED(60, chan_send, .chan = 3, .task = 1, .depth = 9);
    FEED(70, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 8);
    FEED(100, statedump_begin, .runtime = 1, .generation = 1);
    FEED(101, statedump_task, .task = 1, .parent = 0, .site = 7, .state = 2, .polls = 10);
    FEED(102, chan_open, .chan = 3, .capacity = 16, .name = "orders", .component = "");
    FEED(103, statedump_chan, .chan = 3, .depth = 8, .depth_max = 12, .sent = 100, .received = 92);
    FEED(104, statedump_end, .runtime = 1, .generation = 1);
    FEED(200, chan_recv, .chan = 3, .task = 0, .count = 8, .depth = 0); /* 7 old ones, then the one that was seen */
    analysis_finish(&analysis);
    assert_int_equal(profile_named("intake")->polls.sum, 30);
    assert_int_equal(profile_named("intake")->before, 1);
    assert_int_equal(stream_named("orders")->sent, 1);
    assert_int_equal(stream_named("orders")->received, 9);
    assert_int_equal(stream_named("orders")->residence.count, 1);
    assert_int_equal(stream_named("orders")->residence.sum, 140);
    assert_int_equal(analysis.streams.count, 1);
}

static void task_that_is_announced_after_its_end_is_no_other(void **state)
{
    (void)state;
    FEED(5, task_spawn, .task = 1, .site = 7);
    FEED(6, task_end, .task = 1, .result = 0);
    FEED(7, statedump_begin, .runtime = 1, .generation = 1);
    FEED(8, statedump_task, .task = 1, .parent = 0, .site = 7, .state = 2, .polls = 1);
    FEED(9, statedump_end, .runtime = 1, .generation = 1);
    analysis_finish(&analysis);
    assert_int_equal(profile_named("intake")->tasks, 1);
    assert_int_equal(profile_named("intake")->live, 0);
    assert_int_equal(profile_named("intake")->before, 0);
}

/* The model takes the end of a task last, and a recording that begins late may begin with one. */
static void end_of_a_task_may_be_the_first_event_of_a_process(void **state)
{
    (void)state;
    const struct event ends = {
        .ns = 20, .process = 2, .kind = WEFT_TRACE_task_end, .task_end = {.task = 1, .result = WEFT_EPIPE}};
    analysis_event(&analysis, &ends);
    FEED(30, task_spawn, .task = 1, .site = 7); /* of another process */
    analysis_finish(&analysis);
    assert_int_equal(analysis.machines.count, 2);
    assert_int_equal(profile_named(NULL)->process, 2);
    assert_int_equal(profile_named(NULL)->tasks, 1);
    assert_int_equal(profile_named(NULL)->failed, 1);
    assert_int_equal(profile_named("intake")->live, 1);
}

static void task_that_nothing_names_is_listed_without_a_name(void **state)
{
    (void)state;
    poll(1, 20, 50, WEFT_TRACE_poll_result_READY, 0);
    FEED(51, task_end, .task = 1, .result = 0);
    poll(2, 60, 65, WEFT_TRACE_poll_result_PENDING, 1);
    analysis_finish(&analysis);
    assert_int_equal(profile_named(NULL)->tasks, 2);
    assert_int_equal(profile_named(NULL)->polls.sum, 35);
}

static void name_that_is_the_steps_is_an_own_one_if_a_category_came_with_it(void **state)
{
    (void)state;
    FEED(5, task_name, .task = 1, .category = 1, .name = "intake");
    FEED(6, task_spawn, .task = 1, .site = 7);
    FEED(7, task_name, .task = 2, .category = 0, .name = "ledger"); /* as the announcement says it of any task */
    FEED(8, statedump_task, .task = 2, .site = 8, .polls = 1);
    assert_string_equal(profile_named("intake")->name, "intake");
    assert_null(profile_named("ledger")->name);
}

static void nothing_is_timed_over_a_gap(void **state)
{
    (void)state;
    FEED(5, sync_open, .object = 4, .kind = WEFT_TRACE_sync_kind_MUTEX, .permits = 1, .name = "lock");
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(11, chan_open, .chan = 3, .capacity = 4, .name = "orders", .component = "");
    FEED(12, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(13, sync_acquire, .object = 4, .task = 1);
    FEED(14, blocking_queue, .job = 5, .task = 1, .queued = 1);
    FEED(15, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(16, worker_park, .worker = 0);
    analysis_gap(&analysis, &(struct event_gap){.begin_ns = 17, .end_ns = 1000000, .count = 99, .counted = true});
    FEED(1000001, worker_unpark, .worker = 0, .by = WEFT_TRACE_NO_WORKER);
    FEED(1000002, poll_start, .task = 1, .worker = 0);
    FEED(1000003, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
    FEED(1000004, sync_release, .object = 4, .task = 1);
    FEED(1000005, blocking_start, .job = 5, .tid = 1, .queued = 0);
    FEED(1000006, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 3);
    analysis_finish(&analysis);
    const struct profile *intake = profile_named("intake");
    assert_int_equal(intake->waits.count, 0);
    assert_int_equal(intake->polls.count, 1); /* it began and ended after the gap */
    assert_int_equal(intake->polls.sum, 4);
    assert_int_equal(stream_named("orders")->residence.count, 0);
    assert_int_equal(places_find(&machine()->places, 4)->held.count, 0);
    assert_int_equal(machine()->jobs.queueing.count, 0);
    assert_int_equal(machine()->lanes.list[0]->parked_ns, 0);
    assert_int_equal(machine()->lanes.runnable, 0);
    assert_int_equal(analysis.gaps, 1);
}

static void poll_that_began_before_a_gap_is_not_timed_and_later_ones_are(void **state)
{
    (void)state;
    FEED(10, task_spawn, .task = 1, .site = 7);
    FEED(20, poll_start, .task = 1, .worker = 0);
    analysis_gap(&analysis,
                 &(struct event_gap){.begin_ns = 21, .end_ns = 500, .packets = true, .count = 1, .counted = true});
    FEED(600, poll_end, .task = 1, .worker = 0, .result = WEFT_TRACE_poll_result_PENDING, .line = 3);
    FEED(700, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER);
    poll(1, 703, 710, WEFT_TRACE_poll_result_PENDING, 3);
    assert_int_equal(profile_named("intake")->polls.count, 1);
    assert_int_equal(profile_named("intake")->polls.sum, 7);
    assert_int_equal(analysis.ready[WEFT_TRACE_wake_source_WAKER].sum, 3);
}

/* ---- memory ---- */

static void memory_follows_what_lives(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 20000; i++) {
        FEED((int64_t)(i * 10), task_spawn, .task = i, .site = 7);
        FEED((int64_t)(i * 10 + 1), chan_open, .chan = i, .capacity = 1, .name = "reply", .component = "");
        FEED((int64_t)(i * 10 + 2), chan_send, .chan = i, .task = i, .depth = 1);
        FEED((int64_t)(i * 10 + 3), chan_recv, .chan = i, .task = 0, .count = 1, .depth = 0);
        FEED((int64_t)(i * 10 + 4), chan_end, .chan = i);
        poll(i, (int64_t)(i * 10 + 5), (int64_t)(i * 10 + 6), WEFT_TRACE_poll_result_READY, 0);
        FEED((int64_t)(i * 10 + 7), task_end, .task = i, .result = 0);
    }
    assert_int_equal(machine()->lives.count, 0);
    assert_int_equal(machine()->flows.count, 0);
    assert_int_equal(analysis.profiles.count, 1);
    assert_int_equal(analysis.streams.count, 1);
    assert_int_equal(profile_named("intake")->tasks, 20000);
    assert_int_equal(profile_named("intake")->never_waited, 20000);
    assert_int_equal(stream_named("reply")->residence.sum, 20000);
}

static void names_without_end_are_folded(void **state)
{
    (void)state;
    char name[32];
    for (uint64_t i = 1; i <= PROFILES_NAMES_MAX + 10; i++) {
        snprintf(name, sizeof name, "request %u", (unsigned)i);
        FEED((int64_t)(i * 10), task_name, .task = i, .category = 3, .name = name);
        FEED((int64_t)(i * 10), task_spawn, .task = i, .site = 7);
        FEED((int64_t)(i * 10 + 5), task_end, .task = i, .result = 0);
    }
    assert_int_equal(analysis.profiles.count, PROFILES_NAMES_MAX + 1);
    assert_int_equal(analysis.profiles.folded, 10);
    assert_int_equal(profile_named("intake")->tasks, 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, analysis_setup, analysis_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wait_for_a_worker_is_from_the_spawn_the_wake_the_yield),
        TEST(wake_while_it_runs_makes_it_runnable_at_the_end_of_the_poll),
        TEST(worst_wait_names_what_held_the_worker),
        TEST(who_woke_whom_is_counted_by_kind),
        TEST(long_polls_are_found_by_their_lines),
        TEST(task_that_has_not_ended_is_live_and_how_many_at_once_is_known),
        TEST(lives_of_many_for_a_day_are_added_up_to_the_most_that_there_is),
        TEST(woken_for_nothing_is_noticed),
        TEST(channel_times_are_those_of_its_messages),
        TEST(message_received_before_its_send_is_told_lay_for_no_time),
        TEST(thread_that_waits_for_room_has_it_with_its_send),
        TEST(dropped_messages_leave_the_queue),
        TEST(timer_is_as_late_as_the_clock_says),
        TEST(deadline_that_no_clock_reaches_is_of_another),
        TEST(job_waits_in_the_queue_and_runs),
        TEST(semaphore_tells_waits_and_holds),
        TEST(worker_is_busy_in_polls_and_asleep_between_park_and_unpark),
        TEST(circle_of_waits_is_found),
        TEST(wait_of_which_nothing_is_told_is_noticed),
        TEST(what_a_shutdown_lets_go_is_seen_before_it_does),
        TEST(what_came_before_the_name_counts_for_it),
        TEST(task_that_is_announced_after_its_end_is_no_other),
        TEST(end_of_a_task_may_be_the_first_event_of_a_process),
        TEST(task_that_nothing_names_is_listed_without_a_name),
        TEST(name_that_is_the_steps_is_an_own_one_if_a_category_came_with_it),
        TEST(nothing_is_timed_over_a_gap),
        TEST(poll_that_began_before_a_gap_is_not_timed_and_later_ones_are),
        TEST(memory_follows_what_lives),
        TEST(names_without_end_are_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
