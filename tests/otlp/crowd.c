/* SPDX-License-Identifier: MIT */
/*
 * Many tasks and threads at once, and a collector that cannot keep up: what is sent and what is dropped is all that there
 * was, while the component starts and stops.
 */
#include "otlp/lib/collector.h"

#include <stdio.h>

enum { THREADS = 4, ROUNDS = 300, TASKS = 3000 };

static void *thread_writes(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        weft_otlp_span outer, inner;
        weft_otlp_span_begin(&outer, "outer", NULL);
        weft_otlp_span_begin(&inner, "inner", NULL);
        weft_otlp_span_set(weft_otlp_integer("i", i));
        weft_otlp_log(WEFT_OTLP_INFO, "inside", NULL, 0);
        weft_otlp_span_end(&inner);
        weft_otlp_span_end(&outer);
    }
    return NULL;
}

static void crowd_loses_nothing_uncounted(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.logs = true, .queue_max = 200, .batch_max = 50, .delay_ms = 1, .metrics_ms = 5});
    weft_runtime *rt = world_begin(2);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_writes, NULL), 0);
    for (int i = 0; i < TASKS; i++)
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("one of many"), ender, .result = 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    world_end(rt, TASKS);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_int_equal(status.spans.exported + status.spans.dropped, TASKS + THREADS * ROUNDS * 2);
    assert_true(status.logs.exported + status.logs.dropped >= THREADS * ROUNDS); /* and what weft says itself */
    assert_int_equal(status.spans.queued, 0);
    assert_int_equal(status.spans.failed, 0);
    json_t *spans = collector_spans();
    assert_int_equal(json_array_size(spans), status.spans.exported);
    json_decref(spans);
    collector_stop(otlp);
    collector_end();
}

static void *thread_goes_on(void *argument)
{
    atomic_bool *stop = argument;
    while (!*stop) {
        weft_otlp_span span;
        weft_otlp_span_begin(&span, "span", NULL);
        weft_otlp_log(WEFT_OTLP_INFO, "log", NULL, 0);
        weft_otlp_span_end(&span);
    }
    return NULL;
}

static void crowd_goes_on_while_it_starts_and_stops(void **state)
{
    (void)state;
    atomic_bool stop = false;
    pthread_t threads[2];
    collector_begin(NULL);
    const unsigned before = collector_threads(); /* perhaps one too many: /proc lists a thread for a moment after its join */
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_goes_on, &stop), 0);
    for (int round = 0; round < 20; round++) {
        weft_otlp *otlp = collector_start(&(weft_otlp_options){.logs = true, .queue_max = 64, .batch_max = 16, .delay_ms = 1});
        if (round % 2)
            collector_flush(otlp);
        collector_stop(otlp);
    }
    stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    WORLD_UNTIL(collector_threads() <= before);
    collector_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowd_loses_nothing_uncounted),
        cmocka_unit_test(crowd_goes_on_while_it_starts_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
