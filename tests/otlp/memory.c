/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation of the process fails, for each n, while the component is started, spans and logs are made and sent, and it
 * is stopped: its own allocations, libcurl's and jansson's alike, since malloc() itself is the test's (lib/scarce.h). It is started or refused
 * with WEFT_ENOMEM, and whatever was made is counted, as sent or as lost. Nobody listens where it is sent. Not under a sanitizer,
 * whose malloc() it is then. ctest-timeout: 600
 */
#include "otlp/lib/collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stress.h"

#if !WORLD_SANITIZED

#include "addons/otlp/partial.h"
#include "lib/scarce.h"

enum { LOGS = 2 };

/* How many spans there are to be counted. */
static uint64_t make(weft_runtime *rt)
{
    weft_otlp_span outer, inner;
    const weft_otlp_attribute attributes[] = {weft_otlp_text("key", "value"), weft_otlp_integer("number", 1)};
    weft_otlp_span_begin(&outer, "outer", NULL);
    weft_otlp_span_set(attributes[0]);
    weft_otlp_correlate("c");
    weft_otlp_span_begin(&inner, "inner", NULL);
    weft_otlp_span_event("event", attributes, 2);
    weft_otlp_span_fail("why");
    const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("task"), ender, .result = WEFT_EPIPE);
    weft_otlp_log(WEFT_OTLP_INFO, "log", attributes, 2);
    weft_otlp_span_end(&inner);
    weft_otlp_span_end(&outer);
    weft_otlp_log(WEFT_OTLP_INFO, "log", NULL, 0);
    world_settle(rt);
    return weft_task_error(task) == 0 ? 3 : 2;
}

static uint64_t all(const weft_otlp_counts *counts)
{
    return counts->exported + counts->failed + counts->dropped;
}

/* With the n-th failing; whether there were so many. */
static bool without(weft_runtime *rt, long n, bool metrics)
{
    const weft_otlp_options options = {.size = sizeof options, .environment = WEFT_OTLP_ENVIRONMENT_IGNORED, .endpoint = "http://127.0.0.1:9",
                                       .headers = "a=b", .resource_attributes = "c=d", .logs = true, .metrics_off = !metrics,
                                       .retry_ms = 1, .retries_max = 1, .delay_ms = 3600000, .metrics_ms = 3600000};
    const unsigned long before = scarce_failed();
    weft_otlp *otlp = NULL;
    scarce_begin(n);
    const int started = weft_otlp_start(&otlp, &options);
    if (started == 0) {
        const uint64_t spans = make(rt);
        const int flushed = weft_otlp_flush(otlp, WEFT_FOREVER);
        scarce_end();
        const weft_otlp_status status = collector_status(otlp);
        if (flushed != 0 || all(&status.spans) != spans || all(&status.logs) < LOGS || status.spans.queued + status.logs.queued != 0)
            fail_msg("allocation %ld failed: flush %d; spans: %d exported, %d failed, %d dropped, %d queued; logs: %d; %s", n, flushed, (int)status.spans.exported,
                     (int)status.spans.failed, (int)status.spans.dropped, (int)status.spans.queued, (int)all(&status.logs), status.error);
        assert_int_equal(weft_otlp_stop(otlp, WEFT_FOREVER), 0);
    }
    scarce_end();
    if (started != 0 && started != WEFT_ENOMEM && started != WEFT_EAGAIN)
        fail_msg("allocation %ld failed: %s", n, weft_error_detail());
    return scarce_failed() != before;
}

static void sweep(bool metrics, long step)
{
    weft_runtime *rt = world_begin(1);
    long n = 0;
    assert_false(without(rt, 1L << 40, metrics)); /* what is made once is there */
    while (without(rt, n, metrics))
        n += step;
    print_message("%ld allocations\n", n);
    assert_true(n > 100);
    world_end(rt, -1);
}

static void what_is_made_without_memory_is_counted(void **state)
{
    (void)state;
    sweep(false, 1);
}

static void metrics_without_memory_are_counted(void **state)
{
    (void)state;
    sweep(true, 37);
}

/* With keys and texts of each length about those at which a buffer that doubles grows. */
static void answer_is_read_whole_without_memory(void **state)
{
    (void)state;
    enum { LONGEST = 70 };
    for (int length = 0; length <= LONGEST; length++) {
        char x[LONGEST + 1], text[4 * LONGEST + 100], why[LONGEST + 1] = "";
        memset(x, 'x', sizeof x);
        snprintf(text, sizeof text, "{\"%.*s\":[\"%.*s\"],\"partialSuccess\":{\"rejectedSpans\":7,\"errorMessage\":\"%.*s\"}}",
                 length, x, LONGEST - length, x, length, x);
        for (long n = 0;; n++) {
            const unsigned long before = scarce_failed();
            scarce_begin(n);
            const uint64_t rejected = weft__otlp_partial(text, strlen(text), "rejectedSpans", why, sizeof why);
            scarce_end();
            if (rejected != 7 || (int)strlen(why) != length)
                fail_msg("a text of %d, allocation %ld failed: %d rejected, '%s'", length, n, (int)rejected, why);
            if (scarce_failed() == before)
                break;
        }
    }
}

int main(void)
{
    if (world_in_valgrind())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_without_memory_is_counted),
        cmocka_unit_test(metrics_without_memory_are_counted),
        cmocka_unit_test(answer_is_read_whole_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) { return 77; }

#endif
