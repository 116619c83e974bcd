/* SPDX-License-Identifier: MIT */
/* The channel monitor: statistics, health with hysteresis, the callback, metrics. */
#include "lib/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A runtime whose monitor does not sample by itself within a test: the test says when. */
static weft_runtime *quiet_runtime(void)
{
    weft_runtime *rt = NULL;
    assert_int_equal(
        weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .monitor_interval_ms = UINT32_MAX)), 0);
    return rt;
}

struct changes {
    unsigned count;
    weft_health before;
    weft_health now;
    uint64_t id;
    double saturation;
};

static void on_health(void *context, const weft_health_change *change)
{
    struct changes *changes = context;
    changes->count++;
    changes->before = change->before;
    changes->now = change->now;
    changes->id = change->stats->id;
    changes->saturation = change->stats->saturation;
}

static void fill(numbers_sender *out, numbers_receiver *in, uint32_t depth)
{
    uint64_t got;
    while (world_stats(in).depth < depth)
        assert_int_equal(numbers_try_send(out, 1), 0);
    while (world_stats(in).depth > depth)
        assert_int_equal(numbers_try_recv(in, &got), 0);
}

/* Up at the thresholds, down a tenth of the threshold below them, one call per change. */
static void health_follows_the_saturation_with_hysteresis(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 100, WEFT_WAIT, &out, &in);
    struct changes changes = {0};
    assert_int_equal(weft_monitor_on_health(rt, on_health, &changes), 0);
    const struct {
        uint32_t depth;
        weft_health health;
    } steps[] = {
        {0, WEFT_HEALTHY},   {79, WEFT_HEALTHY},  {80, WEFT_DEGRADED}, {94, WEFT_DEGRADED}, {73, WEFT_DEGRADED},
        {71, WEFT_HEALTHY},  {79, WEFT_HEALTHY},  {95, WEFT_CRITICAL}, {86, WEFT_CRITICAL}, {85, WEFT_DEGRADED},
        {100, WEFT_CRITICAL}, {0, WEFT_HEALTHY},
    };
    weft_health before = WEFT_HEALTHY;
    unsigned expected = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        fill(&out, &in, steps[i].depth);
        assert_int_equal(weft_monitor_sample(rt), 0);
        assert_int_equal(weft_monitor_sample(rt), 0); /* nothing new */
        assert_int_equal(world_stats(&in).health, steps[i].health);
        if (steps[i].health != before) {
            expected++;
            assert_int_equal(changes.before, before);
            assert_int_equal(changes.now, steps[i].health);
            assert_true(changes.id == weft_sender_channel_id(&out.weft));
            assert_true(changes.saturation * 100 > steps[i].depth - 0.5 && changes.saturation * 100 < steps[i].depth + 0.5);
        }
        before = steps[i].health;
        assert_int_equal(changes.count, expected);
    }
    assert_int_equal(weft_monitor_on_health(rt, NULL, NULL), 0);
    fill(&out, &in, 100);
    assert_int_equal(weft_monitor_sample(rt), 0);
    assert_int_equal(changes.count, expected); /* nobody listens */
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

/* A sender that waits means critical, whatever the depth is. */
static void waiting_sender_makes_it_critical(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    numbers_permit permits[2];
    assert_int_equal(numbers_try_reserve(&out, &permits[0]), 0);
    assert_int_equal(numbers_try_reserve(&out, &permits[1]), 0);
    weft_monitor_sample(rt);
    assert_int_equal(world_stats(&in).health, WEFT_HEALTHY);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 1);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    assert_int_equal(weft_monitor_sample(rt), 0);
    assert_int_equal(world_stats(&in).health, WEFT_CRITICAL);
    numbers_permit_release(&permits[0]);
    numbers_permit_release(&permits[1]);
    world_settle(rt);
    numbers_receiver_close(&in);
    world_end(rt, 1);
}

/* Thresholds of its own. */
static void thresholds_belong_to_the_channel(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 10, .degraded_at = 0.1, .critical_at = 0.2), &out,
                                    &in),
                     0);
    assert_int_equal(world_stats(&in).health, WEFT_HEALTH_UNKNOWN);
    const weft_health expected[] = {WEFT_HEALTHY, WEFT_DEGRADED, WEFT_CRITICAL};
    for (uint32_t depth = 0; depth < 3; depth++) {
        fill(&out, &in, depth);
        assert_int_equal(weft_monitor_sample(rt), 0);
        assert_int_equal(world_stats(&in).health, expected[depth]);
    }
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

static void *change_listener(void *argument)
{
    weft_runtime *rt = argument;
    for (int i = 0; i < 300; i++) {
        struct changes mine = {0}; /* lives on this stack: unused once another is set */
        if (weft_monitor_on_health(rt, on_health, &mine) != 0)
            abort();
        if (weft_monitor_on_health(rt, NULL, NULL) != 0)
            abort();
    }
    return NULL;
}

/* The context of a callback is free once another callback was set, while samples are taken all the time. */
static void callback_can_be_changed_while_samples_are_taken(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .monitor_interval_ms = 1)), 0);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        world_thread(&threads[i], change_listener, rt);
    uint64_t got;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(weft_monitor_sample(rt), 0);
        assert_int_equal(numbers_try_recv(&in, &got), 0);
        assert_int_equal(weft_monitor_sample(rt), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

struct census {
    unsigned channels;
    unsigned stop_at;
    uint64_t id;
    bool sane;
};

static int count_them(void *context, const weft_channel_stats *stats)
{
    struct census *census = context;
    census->channels++;
    census->id = stats->id;
    census->sane = census->sane && stats->depth <= stats->capacity && stats->depth_max <= stats->capacity &&
                   stats->sent >= stats->received && stats->saturation >= 0 && stats->saturation <= 1;
    return census->channels == census->stop_at ? 33 : 0;
}

static void visit_shows_every_channel(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime(), *other = quiet_runtime();
    numbers_sender out[6];
    numbers_receiver in[6];
    for (int i = 0; i < 6; i++)
        assert_int_equal(numbers_create(i == 5 ? other : rt, WEFT_CHANNEL_OPTIONS(.capacity = 1, .internal = i == 4),
                                        &out[i], &in[i]),
                         0);
    struct census census = {.sane = true};
    assert_int_equal(weft_channel_visit(rt, false, count_them, &census), 0);
    assert_int_equal(census.channels, 4);
    census = (struct census){.sane = true};
    assert_int_equal(weft_channel_visit(rt, true, count_them, &census), 0);
    assert_int_equal(census.channels, 5);
    census = (struct census){.stop_at = 2, .sane = true};
    assert_int_equal(weft_channel_visit(rt, true, count_them, &census), 33);
    assert_int_equal(census.channels, 2);
    for (int i = 0; i < 6; i++) {
        numbers_sender_close(&out[i]);
        numbers_receiver_close(&in[i]);
    }
    census = (struct census){.sane = true};
    assert_int_equal(weft_channel_visit(rt, true, count_them, &census), 0);
    assert_int_equal(census.channels, 0);
    world_end(other, 0);
    world_end(rt, 0);
}

/*
 * scenario 31, known bug 59: looked at under load and while channels come and go: never negative, never over capacity,
 * never torn.
 */
static void visit_under_load_sees_sane_numbers(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 3, WEFT_WAIT, &out, &in);
    atomic_ullong count = 0;
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 30000);
    while (world_live(rt) > 0) {
        numbers_sender o;
        numbers_receiver i;
        world_channel(rt, 2, WEFT_WAIT, &o, &i);
        struct census census = {.sane = true};
        assert_int_equal(weft_channel_visit(rt, true, count_them, &census), 0);
        assert_true(census.sane);
        assert_true(census.channels >= 1);
        numbers_sender_close(&o);
        numbers_receiver_close(&i);
    }
    assert_int_equal(atomic_load(&count), 30000);
    world_end(rt, 2);
}

struct metrics {
    unsigned count;
    unsigned stop_at;
    unsigned unknown;
    const char *prefix;
    bool prefixed;
    double sent;
};

static int see_metric(void *context, const weft_metric *metric)
{
    struct metrics *metrics = context;
    metrics->count++;
    metrics->unknown += !metric->known;
    char start[64];
    snprintf(start, sizeof start, "%s.channel.", metrics->prefix);
    if (strncmp(metric->name, start, strlen(start)) != 0 || !metric->unit || !metric->help)
        metrics->prefixed = false;
    if (strcmp(metric->name + strlen(start), "messages.sent") == 0)
        metrics->sent = metric->value;
    return metrics->count == metrics->stop_at ? 44 : 0;
}

/* known bug 105 */
static void metrics_have_names_units_and_no_invented_values(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 3, WEFT_WAIT, &out, &in);
    weft_channel_stats stats = world_stats(&in);
    struct metrics metrics = {.prefix = "weft", .prefixed = true, .sent = -1};
    assert_int_equal(weft_channel_metrics(&stats, NULL, see_metric, &metrics), 0);
    assert_true(metrics.prefixed && metrics.count > 5 && metrics.unknown >= 1);
    assert_true(metrics.sent >= 0 && metrics.sent < 1);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    stats = world_stats(&in);
    struct metrics after = {.prefix = "my app", .prefixed = true};
    assert_int_equal(weft_channel_metrics(&stats, "my app", see_metric, &after), 0);
    assert_true(after.prefixed && after.unknown < metrics.unknown);
    assert_true(after.sent > 0.5 && after.sent < 1.5);
    struct metrics stopped = {.prefix = "weft", .prefixed = true, .stop_at = 3};
    assert_int_equal(weft_channel_metrics(&stats, NULL, see_metric, &stopped), 44);
    assert_int_equal(stopped.count, 3);
    static char huge[100000];
    memset(huge, 'p', sizeof huge - 1);
    struct metrics cut = {.prefix = "weft"};
    assert_int_equal(weft_channel_metrics(&stats, huge, see_metric, &cut), 0);
    assert_int_equal(cut.count, after.count);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
}

/* Of every channel of that name, at the next evaluation; what else lives stays as it is. */
static void thresholds_change_while_a_channel_lives(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out[3];
    numbers_receiver in[3];
    static const char *const names[] = {"orders", "orders", "other"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = names[i], .capacity = 10), &out[i], &in[i]), 0);
        fill(&out[i], &in[i], 5);
    }
    assert_int_equal(weft_monitor_sample(rt), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(world_stats(&in[i]).health, WEFT_HEALTHY);
    assert_int_equal(weft_channel_set_thresholds(rt, "orders", 0.3, 0.45), 2);
    assert_int_equal(weft_channel_set_thresholds(rt, "nobody", 0.3, 0.4), 0);
    assert_int_equal(weft_channel_set_thresholds(rt, "order", 0.3, 0.4), 0);
    assert_int_equal(weft_channel_set_thresholds(rt, "orders2", 0.3, 0.4), 0);
    assert_int_equal(weft_monitor_sample(rt), 0);
    assert_int_equal(world_stats(&in[0]).health, WEFT_CRITICAL);
    assert_int_equal(world_stats(&in[1]).health, WEFT_CRITICAL);
    assert_int_equal(world_stats(&in[2]).health, WEFT_HEALTHY);
    assert_int_equal(weft_channel_set_thresholds(rt, "orders", 0, 0), 2); /* the defaults again */
    assert_int_equal(weft_monitor_sample(rt), 0);
    assert_int_equal(world_stats(&in[0]).health, WEFT_HEALTHY);
    static const double wrong[][2] = {{-0.1, 0.5}, {0.5, 0.4}, {0.5, 1.1}, {NAN, 0.5}, {0.5, NAN}, {0.96, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(weft_channel_set_thresholds(rt, "orders", wrong[i][0], wrong[i][1]), WEFT_EINVAL);
    assert_string_equal(weft_error_detail(), "weft_channel_set_thresholds: thresholds 0.96 and 0.95 of channel 'orders': give 0 "
                                             "< degraded_at <= critical_at <= 1");
    assert_int_equal(weft_channel_set_thresholds(rt, NULL, 0, 0), WEFT_EINVAL);
    assert_int_equal(weft_channel_set_thresholds(NULL, "orders", 0, 0), WEFT_EINVAL);
    for (int i = 0; i < 3; i++) {
        numbers_sender_close(&out[i]);
        numbers_receiver_close(&in[i]);
    }
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

static void name_that_was_cut_is_found(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = name, .capacity = 10), &out, &in), 0);
    assert_int_equal(weft_channel_set_thresholds(rt, name, 0.3, 0.4), 1);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

/* From the longest interval to the shortest: the monitor does not sleep through what was left of it. The test waits for an
 * evaluation that nobody asks for. */
static void interval_changes_while_the_monitor_waits(void **state)
{
    (void)state;
    weft_runtime *rt = quiet_runtime();
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 10, WEFT_WAIT, &out, &in);
    fill(&out, &in, 10);
    assert_int_equal(world_stats(&in).health, WEFT_HEALTH_UNKNOWN);
    assert_int_equal(weft_monitor_set_interval(rt, 1), 0);
    WORLD_UNTIL(world_stats(&in).health == WEFT_CRITICAL);
    assert_int_equal(weft_monitor_set_interval(rt, 0), 0); /* the default again: it goes on */
    fill(&out, &in, 0);
    WORLD_UNTIL(world_stats(&in).health == WEFT_HEALTHY);
    assert_int_equal(weft_monitor_set_interval(NULL, 1), WEFT_EINVAL);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

/* A message that nobody fetches: a month later it is a month old, and not as new as one of this moment. */
static void message_that_stays_for_weeks_is_as_old_as_it_is(void **state)
{
    (void)state;
    const int64_t day = INT64_C(86400) * 1000000000;
    weft_runtime *rt = NULL;
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1)), 0);
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2), &out, &in), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    for (int64_t days = 0; days <= 45; days += 15) {
        const int64_t age = world_stats(&in).oldest_message_age_ns;
        assert_true(age >= days * day - 1000000 && age <= days * day + 1000000);
        assert_int_equal(weft_sim_advance(rt, 15 * day), 0);
    }
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_follows_the_saturation_with_hysteresis),
        cmocka_unit_test(waiting_sender_makes_it_critical),
        cmocka_unit_test(thresholds_belong_to_the_channel),
        cmocka_unit_test(thresholds_change_while_a_channel_lives),
        cmocka_unit_test(name_that_was_cut_is_found),
        cmocka_unit_test(interval_changes_while_the_monitor_waits),
        cmocka_unit_test(callback_can_be_changed_while_samples_are_taken),
        cmocka_unit_test(visit_shows_every_channel),
        cmocka_unit_test(visit_under_load_sees_sane_numbers),
        cmocka_unit_test(metrics_have_names_units_and_no_invented_values),
        cmocka_unit_test(message_that_stays_for_weeks_is_as_old_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
