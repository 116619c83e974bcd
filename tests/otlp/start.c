/* SPDX-License-Identifier: MIT */
/* Starting, refusing, stopping; forks; the component that is disabled; and an environment that is wrong. */
#include "otlp/lib/collector.h"

#include "lib/child.h"

#include <stdlib.h>
#include <weft/blocking.h>
#include <weft/inspect.h>

static void start_refuses_what_is_wrong(void **state)
{
    (void)state;
    weft_otlp *otlp = NULL;
    assert_int_equal(weft_otlp_start(NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_otlp_start(&otlp, &(weft_otlp_options){.size = 8}), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "WEFT_OTLP_OPTIONS()"));
    assert_int_equal(weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.environment = (weft_otlp_environment_use)3)), WEFT_EINVAL);
    assert_int_equal(weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.tasks = (weft_otlp_tasks)3)), WEFT_EINVAL);
    assert_null(otlp);
    weft_otlp_status status = {.size = sizeof status};
    assert_int_equal(weft_otlp_stop(NULL, 0), WEFT_EINVAL);
    assert_int_equal(weft_otlp_flush(NULL, 0), WEFT_EINVAL);
    assert_int_equal(weft_otlp_status_get(NULL, &status), WEFT_EINVAL);
}

static void start_is_once_in_a_process(void **state)
{
    (void)state;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(NULL), *other = NULL;
    assert_int_equal(weft_otlp_start(&other, NULL), WEFT_EBUSY);
    assert_non_null(strstr(weft_error_detail(), "stop it first"));
    assert_null(other);
    weft_otlp_status status = {.size = 8};
    assert_int_equal(weft_otlp_status_get(otlp, &status), WEFT_EINVAL);
    assert_int_equal(weft_otlp_status_get(otlp, NULL), WEFT_EINVAL);
    collector_stop(otlp);
    assert_int_equal(weft_tracer_set(WEFT_TRACER(.context = NULL)), 0);
    assert_int_equal(weft_otlp_start(&otlp, NULL), WEFT_EBUSY); /* somebody else follows */
    assert_int_equal(weft_tracer_set(NULL), 0);
    otlp = collector_start(NULL);
    collector_stop(otlp);
    collector_end();
}

static void settings_that_are_wrong_do_not_keep_it_from_starting(void **state)
{
    (void)state;
    weft_otlp *otlp = NULL;
    setenv("OTEL_BSP_SCHEDULE_DELAY", "soon", 1);
    setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
    assert_int_equal(weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.metrics_off = true, .service_name = "x")), 0);
    unsetenv("OTEL_BSP_SCHEDULE_DELAY");
    unsetenv("OTEL_TRACES_SAMPLER");
    const weft_otlp_status status = collector_status(otlp);
    assert_string_equal(status.settings, "OTEL_BSP_SCHEDULE_DELAY=soon: a whole number from 1 to 2147483647");
    assert_string_equal(status.error, "");
    collector_stop(otlp);
}

static void component_that_is_disabled_hands_contexts_on(void **state)
{
    (void)state;
    static const char remote[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    weft_otlp *otlp = NULL;
    weft_otlp_context context;
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    const unsigned threads = collector_threads(); /* perhaps one too many: /proc lists a thread for a moment after its join */
    setenv("OTEL_SDK_DISABLED", "true", 1);
    assert_int_equal(weft_otlp_start(&otlp, NULL), 0);
    unsetenv("OTEL_SDK_DISABLED");
    assert_true(collector_threads() <= threads);
    assert_true(collector_status(otlp).disabled);
    assert_int_equal(weft_otlp_context_parse(remote, NULL, &context), 0);
    assert_int_equal(weft_otlp_context_set(&context), 0);
    weft_otlp_span span;
    weft_otlp_span_begin(&span, "nothing", NULL);
    assert_int_equal(weft_otlp_context_current(&context), 0);
    assert_int_equal(weft_otlp_context_format(&context, text), 0);
    assert_string_equal(text, remote);
    weft_otlp_span_end(&span);
    assert_int_equal(weft_otlp_flush(otlp, WEFT_FOREVER), 0);
    assert_int_equal(weft_otlp_context_set(NULL), 0);
    collector_stop(otlp);
}

static void contexts_do_not_travel_without_a_propagator(void **state)
{
    (void)state;
    weft_otlp *otlp = NULL;
    weft_otlp_context context;
    setenv("OTEL_PROPAGATORS", "none", 1);
    assert_int_equal(weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.metrics_off = true)), 0);
    unsetenv("OTEL_PROPAGATORS");
    assert_int_equal(weft_otlp_context_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL, &context), 0);
    assert_int_equal(weft_otlp_context_set(&context), 0);
    assert_int_equal(weft_otlp_context_current(&context), WEFT_ENOENT);
    collector_stop(otlp);
}

static void correlation_has_a_length(void **state)
{
    (void)state;
    char id[200];
    weft_otlp_span span;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(NULL);
    weft_otlp_span_begin(&span, "span", NULL);
    memset(id, 'x', sizeof id);
    id[129] = '\0';
    assert_int_equal(weft_otlp_correlate(id), WEFT_ERANGE);
    id[128] = '\0';
    assert_int_equal(weft_otlp_correlate(id), 0);
    assert_int_equal(weft_otlp_correlate(NULL), 0);
    weft_otlp_span_end(&span);
    collector_stop(otlp);
    collector_end();
}

struct stopper {
    weft_frame weft;
    weft_otlp *otlp;
    atomic_int *stopped, *flushed;
    atomic_bool *says;
};

static weft_poll stopper(weft_context *cx, struct stopper *self)
{
    WEFT_BEGIN(cx, self);
    *self->flushed = weft_otlp_flush(self->otlp, WEFT_FOREVER);
    *self->stopped = weft_otlp_stop(self->otlp, WEFT_FOREVER);
    *self->says = strstr(weft_error_detail(), "weft_job_run()") != NULL;
    WEFT_END(0);
}

static int stops(void *otlp)
{
    return weft_otlp_stop(otlp, WEFT_FOREVER);
}

static void worker_is_not_stopped_by_a_stop_or_a_flush(void **state)
{
    (void)state;
    atomic_int stopped = 0, flushed = 0;
    atomic_bool says = false;
    weft_job job = {0};
    int answer = -1;
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(NULL);
    weft_runtime *rt = world_begin(1);
    assert_false(weft_worker_inside());
    weft_spawn(weft_runtime_scope(rt), stopper, .otlp = otlp, .stopped = &stopped, .flushed = &flushed, .says = &says);
    world_settle(rt);
    assert_int_equal(flushed, WEFT_EPERM);
    assert_int_equal(stopped, WEFT_EPERM);
    assert_true(says);
    collector_flush(otlp); /* it is still the caller's, and a job may end it */
    assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(stops, otlp), WEFT_FOREVER), 0);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &answer), 0);
    assert_int_equal(answer, 0);
    world_end(rt, 1);
    collector_end();
}

/* The child of a fork, with a parent that goes on: nothing of it hangs, and it may begin anew. */
static int child_begins_anew(void *context)
{
    weft_otlp *inherited = context;
    weft_otlp_span span;
    weft_otlp_span_begin(&span, "lost", NULL);
    weft_otlp_span_end(&span);
    if (weft_otlp_flush(inherited, 0) != WEFT_ESHUTDOWN || weft_otlp_stop(inherited, 0) != 0)
        return 1;
    weft_otlp *otlp = NULL;
    if (weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.endpoint = collector_url(), .metrics_off = true, .environment = WEFT_OTLP_ENVIRONMENT_IGNORED)) != 0)
        return 2;
    weft_otlp_span_begin(&span, "of the child", NULL);
    weft_otlp_span_end(&span);
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, NULL) < 0)
        return 3;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("task of the child"), ender, .result = 0);
    if (weft_runtime_finish(rt) < 0)
        return 4;
    return weft_otlp_stop(otlp, WEFT_FOREVER) == 0 ? 0 : 5;
}

static void child_of_a_fork_may_begin_anew(void **state)
{
    (void)state;
    if (WORLD_TSAN)
        skip(); /* it does not allow threads in the child of a process that had some */
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_off = true, .delay_ms = 3600000});
    weft_otlp_span span;
    weft_otlp_span_begin(&span, "of the parent", NULL);
    weft_otlp_span_end(&span);
    assert_int_equal(child_run(child_begins_anew, otlp), 0);
    collector_flush(otlp);
    json_t *spans = collector_spans();
    collector_named(spans, "of the parent");
    collector_named(spans, "of the child");
    collector_named(spans, "task of the child");
    assert_int_equal(json_array_size(spans), 3);
    json_decref(spans);
    collector_stop(otlp);
    collector_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_refuses_what_is_wrong),
        cmocka_unit_test(start_is_once_in_a_process),
        cmocka_unit_test(settings_that_are_wrong_do_not_keep_it_from_starting),
        cmocka_unit_test(component_that_is_disabled_hands_contexts_on),
        cmocka_unit_test(contexts_do_not_travel_without_a_propagator),
        cmocka_unit_test(correlation_has_a_length),
        cmocka_unit_test(worker_is_not_stopped_by_a_stop_or_a_flush),
        cmocka_unit_test(child_of_a_fork_may_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
