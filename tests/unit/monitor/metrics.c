/* SPDX-License-Identifier: MIT */
/* The metrics of a channel: names as the table says them, values from the statistics, unknown is not a number. */
#include <string.h>
#include <weft/monitor.h>

#include "lib/verdict.h"

static const weft_channel_stats sample = {
    .size = sizeof sample, .sent = 11, .received = 7, .dropped = 1, .failed = 2, .waits = 3, .wait_total_ns = 1500000000,
    .depth = 4, .depth_max = 9, .capacity = 16, .saturation = 0.25, .health = WEFT_DEGRADED, .senders = 5,
    
    .overflows = 8, .senders_waiting = 6, .oldest_message_age_ns = 250000000,
};

struct seen {
    int count, stop_at, unknown;
    char names[32][128];
    double values[32];
    bool monotonic[32];
};

static int see(void *context, const weft_metric *metric)
{
    struct seen *seen = context;
    strncpy(seen->names[seen->count], metric->name, 127);
    seen->values[seen->count] = metric->value;
    seen->monotonic[seen->count] = metric->monotonic;
    seen->unknown += !metric->known;
    if (metric->help[0] == '\0' || metric->unit[0] == '\0')
        return -1;
    return ++seen->count == seen->stop_at ? 42 : 0;
}

static void metrics_each_row_with_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double value;
        bool monotonic;
    } rows[] = {
        {"weft.channel.messages.sent", 11, true},      {"weft.channel.messages.received", 7, true},
        {"weft.channel.messages.dropped", 1, true},    {"weft.channel.messages.failed", 2, true},
        {"weft.channel.overflows", 8, true},
        {"weft.channel.waits", 3, true},               {"weft.channel.send_wait.time", 1.5, true},
        {"weft.channel.depth", 4, false},              {"weft.channel.depth_max", 9, false},
        {"weft.channel.capacity", 16, false},          {"weft.channel.saturation", 0.25, false},
        {"weft.channel.health_status", 1, false},      {"weft.channel.senders", 5, false},
        {"weft.channel.senders_waiting", 6, false},    {"weft.channel.oldest_message_age", 0.25, false},
    };
    struct seen seen = {0};
    assert_int_equal(weft_channel_metrics(&sample, NULL, see, &seen), 0);
    assert_int_equal(seen.count, sizeof rows / sizeof rows[0]);
    assert_int_equal(seen.unknown, 0);
    for (int i = 0; i < seen.count; i++) {
        assert_string_equal(seen.names[i], rows[i].name);
        assert_true(seen.values[i] == rows[i].value);
        assert_int_equal(seen.monotonic[i], rows[i].monotonic);
    }
}

static void metrics_prefix_is_the_hosts(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(weft_channel_metrics(&sample, "shop", see, &seen), 0);
    assert_string_equal(seen.names[0], "shop.channel.messages.sent");
    memset(&seen, 0, sizeof seen);
    char longest[1000];
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(weft_channel_metrics(&sample, longest, see, &seen), 0); /* cut, not overrun */
}

static void metrics_without_an_oldest_message_has_one_unknown(void **state)
{
    (void)state;
    struct seen seen = {0};
    weft_channel_stats stats = sample;
    stats.oldest_message_age_ns = -1;
    assert_int_equal(weft_channel_metrics(&stats, NULL, see, &seen), 0);
    assert_int_equal(seen.unknown, 1);
}

static void metrics_visit_ends_the_walk(void **state)
{
    (void)state;
    struct seen seen = {.stop_at = 3};
    assert_int_equal(weft_channel_metrics(&sample, NULL, see, &seen), 42);
    assert_int_equal(seen.count, 3);
}

static void metrics_refuse_null_and_another_size(void **state)
{
    (void)state;
    struct seen seen = {0};
    weft_channel_stats small = sample;
    small.size = sizeof small - 1;
    assert_int_equal(weft_channel_metrics(NULL, NULL, see, &seen), WEFT_EINVAL);
    assert_int_equal(weft_channel_metrics(&sample, NULL, NULL, &seen), WEFT_EINVAL);
    assert_int_equal(weft_channel_metrics(&small, NULL, see, &seen), WEFT_EINVAL);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_each_row_with_its_value),
        cmocka_unit_test(metrics_prefix_is_the_hosts),
        cmocka_unit_test(metrics_without_an_oldest_message_has_one_unknown),
        cmocka_unit_test(metrics_visit_ends_the_walk),
        cmocka_unit_test(metrics_refuse_null_and_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
