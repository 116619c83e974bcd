/* SPDX-License-Identifier: MIT */
/* Metrics: every family of metrics.def that has a value, of its kind, with its points and their beginnings. */
#include "otlp/lib/collector.h"

#include <stdio.h>
#include <stdlib.h>

/* What the walk tells of a family right before. */
struct told {
    weft_metric_kind kind;
    uint32_t known;
    const char *unit;
};

static struct told families[WEFT_METRICS];
static const char *const family_names[WEFT_METRICS] = {
#define WEFT_METRIC(group, number, name, kind, unit, text) "weft." name,
#include <weft/metrics.def>
};

static int tell(void *context, const weft_metric_sample *sample)
{
    (void)context;
    struct told *told = &families[sample->family->number];
    told->kind = sample->family->kind;
    told->unit = sample->family->unit;
    told->known += sample->known;
    return 0;
}

static uint64_t number(const json_t *object, const char *key)
{
    return strtoull(collector_text(object, key), NULL, 10);
}

/* The metrics of the n-th request. */
static json_t *told_at(unsigned n)
{
    const json_t *resource = json_array_get(json_object_get(collector_body("/v1/metrics", n), "resourceMetrics"), 0);
    return json_object_get(json_array_get(json_object_get(resource, "scopeMetrics"), 0), "metrics");
}

static json_t *points(json_t *metrics, const char *name, const char *kind)
{
    return json_object_get(json_object_get(collector_named(metrics, name), kind), "dataPoints");
}

/* The point with this attribute; NULL: there is none. */
static json_t *point(json_t *list, const char *key, const char *value)
{
    json_t *it;
    size_t i;
    json_array_foreach(list, i, it)
        if (strcmp(collector_attribute(it, key), value) == 0)
            return it;
    return NULL;
}

static void check_histogram(const json_t *it)
{
    const json_t *counts = json_object_get(it, "bucketCounts"), *bounds = json_object_get(it, "explicitBounds");
    uint64_t sum = 0;
    assert_int_equal(json_array_size(counts), json_array_size(bounds) + 1);
    for (size_t i = 0; i < json_array_size(counts); i++)
        sum += strtoull(json_string_value(json_array_get(counts, i)), NULL, 10);
    for (size_t i = 1; i < json_array_size(bounds); i++)
        assert_true(json_real_value(json_array_get(bounds, i)) > json_real_value(json_array_get(bounds, i - 1)));
    assert_int_equal(sum, number(it, "count"));
    assert_true(json_is_number(json_object_get(it, "sum")));
}

static void check_family(json_t *metrics, const char *name, const struct told *told)
{
    static const char *const kinds[] = {"sum", "gauge", "histogram"};
    const json_t *metric = collector_named(metrics, name), *data = json_object_get(metric, kinds[told->kind]);
    json_t *it;
    size_t i;
    assert_non_null(data);
    assert_string_equal(collector_text(metric, "unit"), told->unit);
    assert_true(*collector_text(metric, "description"));
    if (told->kind != WEFT_METRIC_GAUGE)
        assert_int_equal(json_integer_value(json_object_get(data, "aggregationTemporality")), 2);
    if (told->kind == WEFT_METRIC_COUNTER)
        assert_true(json_is_true(json_object_get(data, "isMonotonic")));
    assert_true(json_array_size(json_object_get(data, "dataPoints")) > 0);
    json_array_foreach(json_object_get(data, "dataPoints"), i, it) {
        assert_true(number(it, "timeUnixNano") > 0);
        if (told->kind != WEFT_METRIC_GAUGE)
            assert_true(number(it, "startTimeUnixNano") > 0 && number(it, "startTimeUnixNano") <= number(it, "timeUnixNano"));
        if (told->kind == WEFT_METRIC_HISTOGRAM)
            check_histogram(it);
        else
            assert_true(json_is_string(json_object_get(it, "asInt")) != json_is_number(json_object_get(it, "asDouble")));
    }
}

static void metrics_are_all_that_the_walk_tells(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_ms = 3600000});
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    atomic_ullong sum = 0, count = 0;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum, .count = &count);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .from = 1, .count = 100);
    world_settle(rt);
    weft_runtime_stats stats = {.size = sizeof stats};
    do /* what is known only of a worker that polls is not known when it is told */
        assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    while (stats.workers_parked < 2);
    memset(families, 0, sizeof families);
    assert_int_equal(weft_metrics_visit(NULL, NULL, tell, NULL), 0);
    collector_flush(otlp);
    json_t *metrics = told_at(0);
    unsigned known = 0;
    for (int i = 0; i < WEFT_METRICS; i++)
        if (families[i].known > 0) {
            check_family(metrics, family_names[i], &families[i]);
            known++;
        }
    assert_true(known > 30);
    assert_string_equal(collector_text(point(points(metrics, "weft.runtime.tasks.spawned", "sum"), "runtime", weft_runtime_name(rt)), "asInt"), "2");
    world_end(rt, 2);
    collector_stop(otlp);
    collector_end();
}

static void series_that_falls_begins_anew(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_ms = 3600000});
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 8, WEFT_WAIT, &out, &in);
    for (int i = 0; i < 3; i++)
        assert_int_equal(numbers_try_send(&out, 1), 0);
    collector_flush(otlp);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    collector_flush(otlp);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_channel(rt, 8, WEFT_WAIT, &out, &in); /* of the same name: its series goes on with less */
    assert_int_equal(numbers_try_send(&out, 1), 0);
    collector_flush(otlp);
    static const char name[] = "weft.channel.messages.sent", *const values[] = {"3", "4", "1"};
    const json_t *it[3];
    for (unsigned i = 0; i < 3; i++) {
        it[i] = json_array_get(points(told_at(i), name, "sum"), 0);
        assert_string_equal(collector_text(it[i], "asInt"), values[i]);
    }
    assert_int_equal(number(it[0], "startTimeUnixNano"), number(it[1], "startTimeUnixNano"));
    assert_int_equal(number(it[2], "startTimeUnixNano"), number(it[1], "timeUnixNano"));
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
    collector_stop(otlp);
    collector_end();
}

static void metrics_come_at_intervals_and_count_what_was_dropped(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_ms = 1, .queue_max = 1, .batch_max = 1, .delay_ms = 3600000, .logs = true});
    for (int i = 0; i < 50; i++) {
        weft_otlp_span span;
        weft_otlp_span_begin(&span, "span", NULL);
        weft_otlp_span_end(&span);
    }
    collector_await("/v1/metrics", 5);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_true(status.metrics.exported > 0);
    assert_int_equal(status.spans.exported + status.spans.dropped, 50);
    collector_flush(otlp); /* told after all of it */
    json_t *last = told_at(collector_count("/v1/metrics") - 1), *it;
    size_t i;
    uint64_t told = 0;
    json_array_foreach(points(last, "weft.otlp.items", "sum"), i, it)
        if (strcmp(collector_attribute(it, "signal"), "spans") == 0 && strcmp(collector_attribute(it, "outcome"), "dropped") == 0)
            told = number(it, "asInt");
    assert_int_equal(told, status.spans.dropped);
    collector_stop(otlp);
    collector_end();
}

static void metrics_that_are_off_are_not_told(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_off = true, .metrics_ms = 1});
    collector_flush(otlp);
    collector_stop(otlp);
    assert_int_equal(collector_count("/v1/metrics"), 0);
    collector_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_all_that_the_walk_tells),
        cmocka_unit_test(series_that_falls_begins_anew),
        cmocka_unit_test(metrics_come_at_intervals_and_count_what_was_dropped),
        cmocka_unit_test(metrics_that_are_off_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
