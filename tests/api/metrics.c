/* SPDX-License-Identifier: MIT */
/* The walk over all metrics: totals are the runtime's own, rows are bounded, unknown is no number, and how it ends. */
#include "lib/chaos.h"
#include "lib/meter.h"
#include "lib/verdict.h"
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void metrics_totals_are_the_runtimes_own(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    atomic_ullong sum = 0;
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 1000);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum);
    for (int i = 0; i < 100; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    world_settle(rt);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    verdict_assert();
    assert_true(meter_sum(&meter, "weft.runtime.tasks.spawned", "") == 102);
    assert_true(meter_sum(&meter, "weft.runtime.tasks.ended", "") == 102);
    assert_true(meter_sum(&meter, "weft.runtime.tasks.live", "") == 0);
    assert_true(meter_sum(&meter, "weft.runtime.worker.polls", "") == (double)stats.polls);
    assert_true(meter_sum(&meter, "weft.runtime.worker.steals", "") == (double)stats.steals);
    assert_true(meter_sum(&meter, "weft.runtime.wakes", "") == (double)stats.wakes);
    assert_int_equal(meter_samples(&meter, "weft.runtime.worker.polls"), 2);
    assert_non_null(meter_find(&meter, "weft.runtime.worker.polls", "worker=1"));
    assert_non_null(meter_find(&meter, "weft.runtime.workers", weft_runtime_name(rt)));
    meter_free(&meter);
    world_end(rt, 102);
}

static void metrics_of_channels_are_those_of_the_monitor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .component = "shop", .capacity = 4, .overflow = WEFT_FAIL),
                                    &out, &in),
                     0);
    for (int i = 0; i < 6; i++)
        (void)!numbers_try_send(&out, 1);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    struct meter meter;
    meter_take(&meter, rt, "tasker");
    verdict_assert();
    const char *labels = "channel_name=orders,component=shop";
    assert_true(meter_sum(&meter, "tasker.channel.open", labels) == 1);
    assert_true(meter_sum(&meter, "tasker.channel.messages.sent", labels) == 4);
    assert_true(meter_sum(&meter, "tasker.channel.messages.received", labels) == 1);
    assert_true(meter_sum(&meter, "tasker.channel.messages.failed", labels) == 2);
    assert_true(meter_sum(&meter, "tasker.channel.depth", labels) == 3);
    assert_true(meter_sum(&meter, "tasker.channel.saturation", labels) == 0.75);
    assert_true(meter_sum(&meter, "tasker.channel.oldest_message_age", labels) >= 0);
    /* the analysed system's names */
    assert_true(meter_sum(&meter, "tasker.channel.overflow.events", labels) == 2);
    assert_true(meter_sum(&meter, "tasker.channel.buffer_size", labels) == 4);
    assert_true(meter_sum(&meter, "tasker.channel.backlog", labels) == 3);
    assert_true(meter_find(&meter, "tasker.channel.backlog", labels)->alias);
    assert_int_equal(meter_find(&meter, "tasker.channel.backlog", labels)->number, WEFT_METRIC_channel_depth);
    const size_t families = meter.families;
    meter_free(&meter);
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_int_equal(meter.families, families - 3); /* without a prefix of the host's no aliases */
    assert_null(meter_find(&meter, "weft.channel.backlog", ""));
    meter_free(&meter);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

/* Sends that wait, and messages that are dropped, have found no room as well. */
static void metrics_every_overflow_counts(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    static const weft_overflow policies[] = {WEFT_WAIT, WEFT_FAIL, WEFT_DROP_OLDEST, WEFT_DROP_NEWEST};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, policies[i], &out, &in);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(world_stats(&in).overflows, 0);
        if (policies[i] == WEFT_WAIT)
            weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 1);
        else
            (void)!numbers_try_send(&out, 2);
        WORLD_UNTIL(world_stats(&in).overflows > 0);
        assert_int_equal(world_stats(&in).overflows, 1);
        numbers_receiver_close(&in);
        if (policies[i] == WEFT_WAIT)
            world_settle(rt);
        else
            numbers_sender_close(&out);
    }
    world_end(rt, 1);
}

/* A worker that is stuck in a poll shows its age, which grows, and is busy; one that has nothing to do shows none. */
static void metrics_stuck_worker_shows_its_age(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    double age = 0;
    while (age < 0.05) { /* it is let go when it is that old, and not before */
        const double now = meter_now(rt, "weft.runtime.worker.poll_age", "");
        VERDICT(now >= 0);
        age = now;
    }
    WORLD_UNTIL(meter_now(rt, "weft.runtime.worker.long_polls", "") == 1);
    assert_true(meter_now(rt, "weft.runtime.long_polls", "") == 1);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    const struct meter_sample *one = meter_find(&meter, "weft.runtime.worker.poll_age", "worker=0");
    const struct meter_sample *other = meter_find(&meter, "weft.runtime.worker.poll_age", "worker=1");
    assert_true(one->known != other->known); /* one of them holds it */
    const char *stuck = one->known ? "worker=0" : "worker=1";
    assert_true(meter_sum(&meter, "weft.runtime.worker.busy.time", stuck) >= 0.04);
    assert_true(meter_sum(&meter, "weft.runtime.worker.parked", stuck) == 0);
    assert_true(meter_sum(&meter, "weft.runtime.worker.long_polls", stuck) == 1);
    meter_free(&meter);
    verdict_assert();
    latch_up(&leave);
    world_settle(rt);
    WORLD_UNTIL(meter_now(rt, "weft.runtime.workers_parked", "") == 2 && meter_now(rt, "weft.runtime.worker.parked", "") == 2);
    assert_true(meter_now(rt, "weft.runtime.worker.poll_age", "") == -1); /* unknown of both */
    const double busy = meter_now(rt, "weft.runtime.worker.busy.time", "");
    assert_true(busy >= 0.04);
    world_end(rt, 1);
}

/* A runtime without a monitor: the thread that turns it is in a poll, and another thread looks. */
struct turning {
    weft_runtime *rt;
    int turned;
};

static void *turn_it(void *argument)
{
    struct turning *turning = argument;
    turning->turned = weft_runtime_turn(turning->rt, 100);
    return NULL;
}

static void metrics_stuck_turn_shows_its_age(void **state)
{
    (void)state;
    struct turning turning = {0};
    assert_int_equal(weft_runtime_create(&turning.rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(turning.rt), plug, .entered = &entered, .leave = &leave);
    pthread_t thread;
    world_thread(&thread, turn_it, &turning);
    latch_wait(&entered, 1);
    WORLD_UNTIL(meter_now(turning.rt, "weft.runtime.worker.poll_age", "worker=0") >= 0.05);
    latch_up(&leave);
    pthread_join(thread, NULL);
    verdict_assert();
    assert_int_equal(turning.turned, 1);
    assert_true(meter_now(turning.rt, "weft.runtime.worker.poll_age", "") == -1);
    const double busy = meter_now(turning.rt, "weft.runtime.worker.busy.time", "");
    assert_true(busy >= 0.05);
    assert_true(meter_now(turning.rt, "weft.runtime.worker.busy.time", "") == busy); /* it sleeps, and does not grow */
    world_end(turning.rt, 1);
}

/* What counts never falls, whatever the workers do at the moment of the look. */
static void metrics_busy_time_never_falls(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* a worker that is held up between its clock and its note shows in it */
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    atomic_ullong sum = 0;
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = WORLD_SANITIZED ? 5000 : 50000);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum);
    double last[2] = {0, 0};
    for (bool live = true; live;) {
        live = world_live(rt) > 0;
        for (int i = 0; i < 2; i++) {
            const double busy = meter_now(rt, "weft.runtime.worker.busy.time", i == 0 ? "worker=0" : "worker=1");
            VERDICT(busy >= last[i]);
            last[i] = busy;
        }
    }
    verdict_assert();
    world_end(rt, 2);
}

static weft_runtime *measured_runtime(weft_measure measure)
{
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .measure = measure)), 0);
    return rt;
}

static const char poll_time[] = "weft.runtime.poll.time", wake_latency[] = "weft.runtime.wake.latency";

/* Two tasks and a channel; every message comes through, whether or not its polls are timed. */
static void exchange(weft_runtime *rt, uint64_t count)
{
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    atomic_ullong sum = 0, received = 0;
    atomic_int sent = -1, got = -1;
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .from = 1, .count = count, .rc = &sent);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum, .count = &received, .rc = &got);
    world_settle(rt);
    assert_int_equal(atomic_load(&received), count);
    assert_int_equal(atomic_load(&sum), count * (count + 1) / 2);
    assert_int_equal(atomic_load(&sent), 0);
}

/* Each poll is timed, so at a quiet moment the histogram has as many as there were. */
static void metrics_exact_times_every_poll(void **state)
{
    (void)state;
    weft_runtime *rt = measured_runtime(WEFT_MEASURE_EXACT);
    assert_int_equal(meter_counted(rt, poll_time), 0); /* known: none */
    exchange(rt, 500);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    const struct meter_sample *polls = meter_find(&meter, poll_time, ""), *wakes = meter_find(&meter, wake_latency, "");
    assert_true((double)polls->count == meter_sum(&meter, "weft.runtime.worker.polls", ""));
    assert_true(polls->sum > 0 && wakes->sum > 0);
    assert_true(wakes->count > 0 && (double)wakes->count <= meter_sum(&meter, "weft.runtime.wakes", ""));
    meter_free(&meter);
    world_end(rt, 2);
}

/* Nobody is measured until somebody asks, and then it goes on by itself. */
static void metrics_times_begin_when_they_are_asked_for(void **state)
{
    (void)state;
    weft_runtime *rt = measured_runtime(WEFT_MEASURE_ASKED);
    exchange(rt, 100);
    assert_int_equal(meter_counted(rt, poll_time), -1); /* unknown, and not zero: this asked first */
    assert_int_equal(meter_counted(rt, wake_latency) <= 0, 1);
    WORLD_UNTIL(meter_counted(rt, poll_time) == 0); /* a tick later */
    const double before = meter_now(rt, "weft.runtime.worker.polls", "");
    do
        exchange(rt, 20000);
    while (meter_counted(rt, poll_time) == 0 || meter_counted(rt, wake_latency) == 0);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    const double polls = meter_sum(&meter, "weft.runtime.worker.polls", "") - before;
    assert_true((double)meter_find(&meter, poll_time, "")->count <= polls);
    meter_free(&meter);
    world_end(rt, -1);
}

static void metrics_times_are_never_taken_where_that_is_said(void **state)
{
    (void)state;
    weft_runtime *rt = measured_runtime(WEFT_MEASURE_NEVER), *other = measured_runtime(WEFT_MEASURE_EXACT);
    exchange(rt, 1000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(meter_counted(rt, poll_time), -1);
        assert_int_equal(weft_monitor_sample(rt), 0);
    }
    assert_int_equal(meter_counted(other, poll_time), 0); /* the polls of the one are not those of the other */
    verdict_assert();
    world_end(rt, 2);
    world_end(other, 0);
}

/* Of a poll that is timed the age is exact, and its end shows in the histogram. */
static void metrics_timed_poll_shows_its_age(void **state)
{
    (void)state;
    weft_runtime *rt = measured_runtime(WEFT_MEASURE_EXACT);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    WORLD_UNTIL(meter_now(rt, "weft.runtime.worker.poll_age", "") >= 0.02);
    assert_int_equal(meter_counted(rt, poll_time), 0); /* it has not ended */
    latch_up(&leave);
    world_settle(rt);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_int_equal(meter_find(&meter, poll_time, "")->count, 1);
    assert_true(meter_find(&meter, poll_time, "")->sum >= 0.02);
    meter_free(&meter);
    world_end(rt, 1);
}

/* Cancelled before and after the first poll, with scopes that stay open, and tasks that are never polled: whatever becomes of
 * a task whose function was exchanged, it ends as it would have. */
static void count_drop(void *frame)
{
    atomic_fetch_add(*(atomic_uint **)((char *)frame + sizeof(weft_frame)), 1);
}

static void metrics_measured_tasks_end_as_others_do(void **state)
{
    (void)state;
    weft_runtime *rt = measured_runtime(WEFT_MEASURE_EXACT);
    enum { TASKS = 300 };
    atomic_uint polls = 0, ended = 0, leave = 0;
    weft_task tasks[TASKS];
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("parked", .joinable = true), parked, .polls = &polls,
                                 .ended = &ended, .leave = &leave, .result = i);
        assert_int_equal(weft_task_error(tasks[i]), 0);
    }
    WORLD_UNTIL(atomic_load(&polls) >= TASKS);
    atomic_store(&leave, 1);
    for (int i = 0; i < TASKS; i++)
        weft_wake((weft_waker){tasks[i]});
    for (int i = 0; i < TASKS; i++) {
        int result = -1;
        assert_int_equal(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, &result), 0);
        assert_int_equal(result, i);
    }
    assert_int_equal(atomic_load(&ended), TASKS);
    struct latch entered = LATCH, free = LATCH;
    for (int i = 0; i < 2; i++) /* no worker is left to poll what follows */
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &free);
    latch_wait(&entered, 2);
    atomic_uint dropped = 0;
    weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("dropped", .drop = count_drop, .joinable = true), parked,
                                   .polls = &dropped);
    assert_int_equal(weft_task_cancel(task), 0);
    latch_up(&free);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECANCELED);
    assert_int_equal(atomic_load(&dropped), 1);
    world_end(rt, -1);
}

/* Simulated time: a wake waits for no time, and the same seed tells the same. */
static void metrics_of_a_simulated_runtime_are_its_own(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 7,
                                                                       .measure = WEFT_MEASURE_EXACT)),
                         0);
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        atomic_ullong sum = 0;
        weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 100);
        weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum);
        assert_int_equal(weft_sim_run(rt), 0);
        struct meter meter;
        meter_take(&meter, rt, NULL);
        verdict_assert();
        assert_true((double)meter_find(&meter, poll_time, "")->count ==
                    meter_sum(&meter, "weft.runtime.worker.polls", ""));
        assert_true(meter_find(&meter, poll_time, "")->sum == 0);
        meter_free(&meter);
        assert_int_equal(weft_runtime_finish(rt), 0);
    }
}

static void metrics_measure_must_be_one_of_its_words(void **state)
{
    (void)state;
    static const int wrong[] = {-1, 4, 99};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.measure = (weft_measure)wrong[i])), WEFT_EINVAL);
        assert_null(rt);
        assert_non_null(strstr(weft_error_detail(), "weft_runtime_create: measure"));
    }
}

/* An age of nothing, and the wait of nobody. */
static void metrics_unknown_is_no_number(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_semaphore semaphore;
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "limit", .permits = 3), &semaphore), 0);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    static const char *const unknown[] = {"weft.channel.oldest_message_age", "weft.sync.wait_longest",
                                          "weft.blocking.queued_longest"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const struct meter_sample *sample = meter_find(&meter, unknown[i], "");
        assert_non_null(sample);
        assert_false(sample->known);
        assert_false(sample->whole);
    }
    assert_true(meter_sum(&meter, "weft.sync.permits", "sync_name=limit,sync_kind=semaphore") == 3);
    meter_free(&meter);
    weft_semaphore_destroy(&semaphore);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

/* Of several of a name the counts are added, and of all others the worst is told. */
static void metrics_one_name_is_one_row(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    numbers_sender out[3];
    numbers_receiver in[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "reply", .capacity = 4), &out[i], &in[i]), 0);
        for (int sent = 0; sent <= i; sent++)
            assert_int_equal(numbers_try_send(&out[i], 1), 0);
    }
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_int_equal(meter_samples(&meter, "weft.channel.depth"), 1);
    assert_true(meter_sum(&meter, "weft.channel.open", "") == 3);
    assert_true(meter_sum(&meter, "weft.channel.depth", "") == 6);
    assert_true(meter_sum(&meter, "weft.channel.capacity", "") == 12);
    assert_true(meter_sum(&meter, "weft.channel.messages.sent", "") == 6);
    assert_true(meter_sum(&meter, "weft.channel.saturation", "") == 0.75);
    meter_free(&meter);
    for (int i = 0; i < 3; i++) {
        numbers_sender_close(&out[i]);
        numbers_receiver_close(&in[i]);
    }
    world_end(rt, 0);
}

/* Ten thousand names: the table stays as large as it is, and says what it did. */
static void metrics_names_are_bounded(void **state)
{
    (void)state;
    enum { NAMES = 10000 };
    weft_runtime *rt = world_begin(1);
    weft_semaphore *semaphores = calloc(NAMES, sizeof *semaphores);
    assert_non_null(semaphores);
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "request %d", i);
        assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = name, .permits = 2), &semaphores[i]), 0);
    }
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_int_equal(meter_samples(&meter, "weft.sync.live"), WEFT_METRIC_ROWS_MAX + 1);
    assert_true(meter_sum(&meter, "weft.sync.live", "") == NAMES);
    assert_true(meter_sum(&meter, "weft.sync.live", "sync_name=(other)") == NAMES - WEFT_METRIC_ROWS_MAX);
    const double others = meter_sum(&meter, "weft.names.other", "table=sync");
    assert_true(others > 0.9 * (NAMES - WEFT_METRIC_ROWS_MAX) && others < 1.1 * (NAMES - WEFT_METRIC_ROWS_MAX));
    assert_true(meter_sum(&meter, "weft.names.other", "table=channel") == 0);
    meter_free(&meter);
    for (int i = 0; i < NAMES; i++)
        weft_semaphore_destroy(&semaphores[i]);
    free(semaphores);
    world_end(rt, 0);
}

static int count_runtime(void *context, weft_runtime *rt)
{
    int *count = context;
    ++*count;
    VERDICT(weft_runtime_destroy(rt) == WEFT_EDEADLK);
    VERDICT(weft_runtime_finish(rt) == WEFT_EDEADLK);
    return 0;
}

static int stop_at_once(void *context, weft_runtime *rt)
{
    (void)context;
    (void)rt;
    return 77;
}

static void metrics_of_all_runtimes_stand_together(void **state)
{
    (void)state;
    weft_runtime *a = world_begin(1), *b = world_begin(2);
    struct meter meter;
    meter_take(&meter, NULL, NULL);
    verdict_assert();
    assert_int_equal(meter_samples(&meter, "weft.runtime.workers"), 2);
    assert_int_equal(meter_samples(&meter, "weft.runtime.worker.polls"), 3);
    meter_free(&meter);
    int count = 0;
    assert_int_equal(weft_runtime_visit(count_runtime, &count), 0);
    verdict_assert();
    assert_int_equal(count, 2);
    assert_int_equal(weft_runtime_visit(stop_at_once, NULL), 77);
    assert_int_equal(weft_runtime_visit(NULL, NULL), WEFT_EINVAL);
    world_end(a, 0);
    world_end(b, 0);
    meter_take(&meter, NULL, NULL);
    assert_int_equal(meter.count, 0);
    meter_free(&meter);
    count = 0;
    assert_int_equal(weft_runtime_visit(count_runtime, &count), 0);
    assert_int_equal(count, 0);
    verdict_assert();
}

struct stopper {
    int left;
    int answer;
};

static int stop_after(void *context, const weft_metric_sample *sample)
{
    struct stopper *stopper = context;
    (void)sample;
    return stopper->left-- == 0 ? stopper->answer : 0;
}

static void metrics_visit_ends_the_walk(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    for (int left = 0; left < 30; left++) {
        struct stopper stopper = {.left = left, .answer = left != 20 ? left - 20 : 5};
        assert_int_equal(weft_metrics_visit(rt, NULL, stop_after, &stopper), stopper.answer);
        assert_int_equal(stopper.left, -1);
    }
    world_end(rt, 0);
}

/* Nothing is held while the host is called: it may end the runtime. */
static int end_it(void *context, const weft_metric_sample *sample)
{
    weft_runtime **rt = context;
    (void)sample;
    if (*rt && weft_runtime_destroy(*rt) != 0)
        return -1;
    *rt = NULL;
    return 0;
}

static void metrics_visit_may_end_the_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_metrics_visit(rt, NULL, end_it, &rt), 0);
    assert_null(rt);
}

static void metrics_refuse_what_is_no_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    struct stopper stopper = {.left = 1000000};
    assert_int_equal(weft_metrics_visit(rt, NULL, NULL, NULL), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_metrics_visit"));
    weft_runtime *gone = rt;
    world_end(rt, 0);
    assert_int_equal(weft_metrics_visit(gone, NULL, stop_after, &stopper), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_metrics_visit"));
    assert_int_equal(stopper.left, 1000000);
    char longest[1000];
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    rt = world_begin(1);
    assert_int_equal(weft_metrics_visit(rt, longest, stop_after, &stopper), 0); /* cut, not overrun */
    world_end(rt, 0);
    assert_string_equal(weft_metric_kind_name(WEFT_METRIC_COUNTER), "counter");
    assert_string_equal(weft_metric_kind_name(WEFT_METRIC_HISTOGRAM), "histogram");
    assert_string_equal(weft_metric_kind_name((weft_metric_kind)3), "?");
}

/* How long was waited, and how long messages stayed: by a time that the test moves, and for names of which nothing lives. */
struct slow { weft_frame weft; numbers_receiver in; uint64_t got; };

static weft_poll slow(weft_context *cx, struct slow *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 10000000));
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

struct holder { weft_frame weft; weft_semaphore semaphore; };

static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->semaphore, 1));
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 300000000));
    weft_semaphore_release(&self->semaphore, 1);
    WEFT_END(0);
}

static void metrics_waits_are_kept_by_name(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 5)), 0);
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "slow", .capacity = 1), &out, &in), 0);
    weft_semaphore semaphore;
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "one", .permits = 1), &semaphore), 0);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 100);
    weft_spawn(weft_runtime_scope(rt), slow, .in = in);
    for (int i = 0; i < 3; i++)
        weft_spawn(weft_runtime_scope(rt), holder, .semaphore = semaphore);
    assert_int_equal(weft_sim_run(rt), 0);
    weft_semaphore_destroy(&semaphore);
    struct meter meter;
    meter_take(&meter, rt, NULL); /* nothing of these names lives any more */
    verdict_assert();
    const struct meter_sample *waits = meter_find(&meter, "weft.channel.send_wait", "channel_name=slow");
    const struct meter_sample *stays = meter_find(&meter, "weft.channel.residence", "channel_name=slow");
    const struct meter_sample *held = meter_find(&meter, "weft.sync.wait", "sync_name=one,sync_kind=semaphore");
    assert_true(waits && stays && held);
    assert_in_range(waits->count, 50, 99); /* all but those that came when there was room */
    assert_true(waits->sum > 0.3 && waits->sum < 1.1);
    assert_int_equal(stays->count, 2); /* the first, and the sixty-fifth */
    assert_int_equal(held->count, 2);
    assert_true(held->sum > 0.89 && held->sum < 0.91);
    assert_true(meter_sum(&meter, "weft.channel.open", "channel_name=slow") == 0);
    assert_true(meter_sum(&meter, "weft.channel.messages.sent", "channel_name=slow") == -1); /* unknown */
    assert_true(meter_sum(&meter, "weft.sync.waits", "sync_name=one") == -1);
    meter_free(&meter);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

/* By a clock that the test moves: what is armed, what fires and how late, what is taken back. */
struct sleeper { weft_frame weft; int64_t delay_ns; };

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    WEFT_END(self->weft.rc);
}

static void metrics_of_timers_add_up(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 3)), 0);
    for (int i = 0; i < 3; i++)
        weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 1000000);
    weft_task late = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("late", .joinable = true), sleeper, .delay_ns = 1000000000);
    assert_int_equal(weft_sim_advance(rt, 100), 0);
    assert_true(meter_now(rt, "weft.timer.pending", "") == 4);
    assert_true(meter_now(rt, "weft.timer.fired", "") == 0);
    assert_int_equal(weft_sim_advance(rt, 2000000), 0);
    assert_true(meter_now(rt, "weft.timer.pending", "") == 1);
    assert_true(meter_now(rt, "weft.timer.fired", "") == 3);
    assert_int_equal(meter_counted(rt, "weft.timer.lateness"), 3);
    assert_int_equal(weft_task_cancel(late), 0);
    assert_int_equal(weft_sim_run(rt), 0);
    assert_true(meter_now(rt, "weft.timer.pending", "") == 0);
    assert_true(meter_now(rt, "weft.timer.cancelled", "") == 1);
    verdict_assert();
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&late, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECANCELED);
    (void)!weft_runtime_finish(rt);
}

static int no_work(void *argument)
{
    (void)argument;
    return 0;
}

static void metrics_of_the_pool_add_up(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    for (int i = 0; i < 5; i++) {
        weft_job job = {0};
        assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(no_work, NULL), WEFT_FOREVER), 0);
        assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL), 0);
    }
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_true(meter_sum(&meter, "weft.blocking.jobs.submitted", "") == 5);
    assert_true(meter_sum(&meter, "weft.blocking.jobs.completed", "") == 5);
    assert_int_equal(meter_find(&meter, "weft.blocking.queue_wait", "")->count, 5);
    assert_int_equal(meter_find(&meter, "weft.blocking.run.time", "")->count, 5);
    meter_free(&meter);
    world_end(rt, 0);
}

/* What a descriptor did stays counted when it is closed. */
static void metrics_of_descriptors_outlive_them(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    weft_fd reader = {0}, writer = {0};
    assert_int_equal(weft_fd_open(rt, ends[0], NULL, &reader), 0);
    assert_int_equal(weft_fd_open(rt, ends[1], NULL, &writer), 0);
    char text[16] = "four";
    assert_int_equal(weft_fd_try_write(&writer, text, 4), 4);
    assert_int_equal(weft_fd_try_read(&reader, text, sizeof text), 4);
    for (int closed = 0; closed < 2; closed++) {
        struct meter meter;
        meter_take(&meter, rt, NULL);
        verdict_assert();
        assert_true(meter_sum(&meter, "weft.io.descriptors", "") == (closed ? 0 : 2));
        assert_true(meter_sum(&meter, "weft.io.bytes_written", "fd_kind=stream") == 4);
        assert_true(meter_sum(&meter, "weft.io.bytes_read", "fd_kind=stream") == 4);
        assert_true(meter_sum(&meter, "weft.io.reads", "") == 1);
        assert_true(meter_sum(&meter, "weft.io.writes", "") == 1);
        meter_free(&meter);
        if (!closed) {
            weft_fd_close(&reader);
            weft_fd_close(&writer);
        }
    }
    world_end(rt, 0);
}

/* Tasks by name: those of a function, those with a name and a category, those that live. */
static void metrics_tasks_are_told_by_name(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_uint leave = 0;
    for (int i = 0; i < 7; i++)
        weft_spawn(weft_runtime_scope(rt), parked, .leave = &leave);
    for (int i = 0; i < 5; i++)
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("cart", .category = WEFT_ACTOR), parked, .leave = &leave);
    weft_task joined = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("cart", .category = 99, .joinable = true), ender, .result = 0);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("no\xfftext"), ender, .result = 0);
    WORLD_UNTIL(world_live(rt) == 12); /* who ends is seen as ended for a moment, also if nobody joins it */
    WORLD_UNTIL(meter_now(rt, "weft.runtime.tasks.state", "state=waiting") == 12);
    assert_true(meter_now(rt, "weft.runtime.tasks.state", "state=ended") == 1);
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    assert_true(meter_sum(&meter, "weft.task.spawned", "task_name=parked,category=uncategorized") == 7);
    assert_true(meter_sum(&meter, "weft.task.spawned", "task_name=cart,category=actor") == 5);
    assert_true(meter_sum(&meter, "weft.task.spawned", "task_name=cart,category=99") == 1);
    assert_true(meter_sum(&meter, "weft.task.spawned", "task_name=(other),category=(other)") == 1);
    assert_true(meter_sum(&meter, "weft.task.spawned", "") == 14);
    assert_true(meter_sum(&meter, "weft.task.live", "task_name=parked") == 7);
    assert_true(meter_sum(&meter, "weft.task.live", "category=actor") == 5);
    assert_true(meter_sum(&meter, "weft.task.live", "category=99") == 0);
    assert_true(meter_sum(&meter, "weft.task.live", "") == 12);
    assert_true(meter_sum(&meter, "weft.runtime.tasks.state", "") == 13);
    meter_free(&meter);
    weft_runtime *other = world_begin(1); /* a runtime is told of its own tasks only */
    assert_true(meter_now(other, "weft.task.spawned", "") == -1);
    world_end(other, 0);
    int result;
    assert_int_equal(weft_task_join_blocking(&joined, WEFT_FOREVER, &result), 0);
    world_end(rt, 14);
}

struct breeder {
    weft_frame weft;
    unsigned number;
    unsigned i;
};

/* Spawns tasks of names that nobody can tell apart, and of one that everybody knows. */
static weft_poll breeder(weft_context *cx, struct breeder *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 2500; self->i++) {
        char name[32];
        snprintf(name, sizeof name, "request %u of %u", self->i, self->number);
        weft_spawn_as(weft_runtime_scope(weft_context_runtime(cx)), WEFT_TASK(name), ender, .result = 0);
        weft_spawn_as(weft_runtime_scope(weft_context_runtime(cx)), WEFT_TASK("breeding", .category = WEFT_UTILITY), ender, .result = 0);
        if (self->i % 64 == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* Ten thousand names: five hundred are told apart, the others are counted, all of them. The last test: the table is full. */
static void metrics_task_names_are_bounded(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    for (unsigned i = 0; i < 4; i++)
        weft_spawn(weft_runtime_scope(rt), breeder, .number = i);
    for (bool live = true; live;) { /* while names come; a walk is whole at any moment */
        live = world_live(rt) > 0;
        struct meter meter;
        meter_take(&meter, rt, NULL);
        VERDICT(meter_samples(&meter, "weft.task.spawned") <= WEFT_METRIC_TASK_NAMES_MAX + 1);
        VERDICT(meter_sum(&meter, "weft.task.spawned", "") <= 20004);
        meter_free(&meter);
    }
    struct meter meter;
    meter_take(&meter, rt, NULL);
    verdict_assert();
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    assert_int_equal(stats.tasks_spawned, 20004);
    assert_true(meter_sum(&meter, "weft.task.spawned", "") == 20004);
    assert_true(meter_sum(&meter, "weft.task.spawned", "task_name=breeding,category=utility") == 10000);
    assert_true(meter_samples(&meter, "weft.task.spawned") > WEFT_METRIC_TASK_NAMES_MAX - 20);
    const double others = meter_sum(&meter, "weft.task.spawned", "task_name=(other)");
    assert_true(others >= 10000 - WEFT_METRIC_TASK_NAMES_MAX && others < 10000);
    const double names = meter_sum(&meter, "weft.names.other", "table=task");
    assert_true(names > 0.9 * others && names < 1.1 * others);
    meter_free(&meter);
    world_end(rt, 20004);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_totals_are_the_runtimes_own),
        cmocka_unit_test(metrics_of_channels_are_those_of_the_monitor),
        cmocka_unit_test(metrics_every_overflow_counts),
        cmocka_unit_test(metrics_stuck_worker_shows_its_age),
        cmocka_unit_test(metrics_stuck_turn_shows_its_age),
        cmocka_unit_test(metrics_busy_time_never_falls),
        cmocka_unit_test(metrics_exact_times_every_poll),
        cmocka_unit_test(metrics_times_begin_when_they_are_asked_for),
        cmocka_unit_test(metrics_times_are_never_taken_where_that_is_said),
        cmocka_unit_test(metrics_timed_poll_shows_its_age),
        cmocka_unit_test(metrics_measured_tasks_end_as_others_do),
        cmocka_unit_test(metrics_of_a_simulated_runtime_are_its_own),
        cmocka_unit_test(metrics_measure_must_be_one_of_its_words),
        cmocka_unit_test(metrics_unknown_is_no_number),
        cmocka_unit_test(metrics_one_name_is_one_row),
        cmocka_unit_test(metrics_names_are_bounded),
        cmocka_unit_test(metrics_of_all_runtimes_stand_together),
        cmocka_unit_test(metrics_visit_ends_the_walk),
        cmocka_unit_test(metrics_visit_may_end_the_runtime),
        cmocka_unit_test(metrics_refuse_what_is_no_runtime),
        cmocka_unit_test(metrics_waits_are_kept_by_name),
        cmocka_unit_test(metrics_of_timers_add_up),
        cmocka_unit_test(metrics_of_the_pool_add_up),
        cmocka_unit_test(metrics_of_descriptors_outlive_them),
        cmocka_unit_test(metrics_tasks_are_told_by_name),
        cmocka_unit_test(metrics_task_names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
