/* SPDX-License-Identifier: MIT */
/* Log records: the host's, beside the span in which they were written, and what weft finds suspicious. */
#include "otlp/lib/collector.h"

#include <stdio.h>
#include <stdlib.h>

static void log_is_kept_beside_its_span(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.logs = true, .metrics_off = true});
    weft_otlp_span span;
    weft_otlp_context context;
    const weft_otlp_attribute attributes[] = {weft_otlp_text("user", "Ada"), weft_otlp_integer("attempt", -2)};
    weft_otlp_log(WEFT_OTLP_INFO, "of nothing", NULL, 0);
    weft_otlp_span_begin(&span, "span", NULL);
    assert_int_equal(weft_otlp_correlate("c-1"), 0);
    assert_int_equal(weft_otlp_context_current(&context), 0);
    weft_otlp_log((weft_otlp_severity)14, "of the span \xc3\x28", attributes, 2);
    weft_otlp_log((weft_otlp_severity)99, NULL, NULL, 7);
    weft_otlp_span_end(&span);
    collector_flush(otlp);
    json_t *logs = collector_logs(), *spans = collector_spans();
    assert_int_equal(json_array_size(logs), 3);
    const json_t *first = json_array_get(logs, 0), *second = json_array_get(logs, 1), *third = json_array_get(logs, 2);
    assert_string_equal(collector_text(json_object_get(first, "body"), "stringValue"), "of nothing");
    assert_string_equal(collector_text(first, "severityText"), "INFO");
    assert_null(json_object_get(first, "traceId"));
    assert_string_equal(collector_text(json_object_get(second, "body"), "stringValue"), "of the span \xef\xbf\xbd(");
    assert_string_equal(collector_text(second, "severityText"), "WARN2");
    assert_int_equal(json_integer_value(json_object_get(second, "severityNumber")), 14);
    assert_string_equal(collector_attribute(second, "user"), "Ada");
    assert_string_equal(collector_attribute(second, "attempt"), "-2");
    assert_string_equal(collector_attribute(second, "correlation.id"), "c-1");
    assert_string_equal(collector_text(second, "traceId"), collector_text(collector_named(spans, "span"), "traceId"));
    assert_string_equal(collector_text(second, "spanId"), collector_text(collector_named(spans, "span"), "spanId"));
    assert_int_equal(json_integer_value(json_object_get(third, "severityNumber")), 0);
    json_decref(logs);
    json_decref(spans);
    collector_stop(otlp);
    collector_end();
}

static void logs_that_are_off_are_not_kept(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_off = true});
    weft_otlp_log(WEFT_OTLP_ERROR, "nothing", NULL, 0);
    collector_flush(otlp);
    assert_int_equal(collector_count("/v1/logs"), 0);
    assert_int_equal(collector_status(otlp).logs.queued, 0);
    collector_stop(otlp);
    collector_end();
}

/* Two tasks of which each has a lock that the other wants. */
struct crosses {
    weft_frame weft;
    weft_mutex *first, *second;
    atomic_uint *holding;
};

static weft_poll crosses(weft_context *cx, struct crosses *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, self->first));
    atomic_fetch_add(self->holding, 1);
    while (*self->holding < 2)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, self->second));
    if (self->weft.rc == 0)
        weft_mutex_unlock(self->second);
    weft_mutex_unlock(self->first);
    WEFT_END(0);
}

static void suspicion_is_logged_once(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.logs = true, .metrics_off = true});
    weft_runtime *rt = world_begin(1);
    weft_mutex a, b;
    atomic_uint holding = 0;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "a"), &a), 0);
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "b"), &b), 0);
    const weft_task one = weft_spawn(weft_runtime_scope(rt), crosses, .first = &a, .second = &b, .holding = &holding);
    const weft_task two = weft_spawn(weft_runtime_scope(rt), crosses, .first = &b, .second = &a, .holding = &holding);
    json_t *logs = NULL;
    do { /* a lint may need two looks */
        json_decref(logs);
        collector_flush(otlp);
        logs = collector_logs();
    } while (json_array_size(logs) == 0);
    collector_flush(otlp);
    json_decref(logs);
    logs = collector_logs();
    unsigned deadlocks = 0;
    json_t *log;
    size_t i;
    json_array_foreach(logs, i, log)
        if (strcmp(collector_attribute(log, "weft.lint"), "deadlock") == 0) {
            deadlocks++;
            assert_string_equal(collector_text(log, "severityText"), "WARN");
            assert_true(*collector_attribute(log, "weft.lint.hint"));
            assert_string_equal(collector_attribute(log, "weft.runtime"), weft_runtime_name(rt));
        }
    assert_in_range(deadlocks, 1, 2); /* one of each object at most, and no more with the next look */
    json_decref(logs);
    weft_task_cancel(one);
    weft_task_cancel(two);
    world_settle(rt);
    weft_mutex_destroy(&a);
    weft_mutex_destroy(&b);
    world_end(rt, 2);
    collector_stop(otlp);
    collector_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_kept_beside_its_span),
        cmocka_unit_test(logs_that_are_off_are_not_kept),
        cmocka_unit_test(suspicion_is_logged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
