/* SPDX-License-Identifier: MIT */
/* A collector that is down, slow, full, broken or wrong: what is tried again, what is given up, and what is said of it. */
#include "otlp/lib/collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 4 };

static weft_otlp *begin(collector_answer *answer, weft_otlp_options options)
{
    collector_begin(answer);
    options.metrics_off = true;
    options.batch_max = BATCH;
    return collector_start(&options);
}

static void spans(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        weft_otlp_span span;
        weft_otlp_span_begin(&span, "span", NULL);
        weft_otlp_span_end(&span);
    }
}

static void end(weft_otlp *otlp)
{
    collector_stop(otlp);
    collector_end();
}

/* --- tried again -------------------------------------------------------------------------------------------------- */

static _Atomic int answer_status;
static const char *_Atomic answer_headers;

/* The first two requests are turned away. */
static struct collector_reply answers_twice(unsigned n, const char *path)
{
    (void)path;
    return (struct collector_reply){.status = n < 2 ? answer_status : 200, .headers = n < 2 ? answer_headers : NULL};
}

static void batch_is_sent_again_when_the_collector_asks_for_it(void **state)
{
    (void)state;
    static const int statuses[] = {429, 502, 503, 504, COLLECTOR_ABORT};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        answer_status = statuses[i];
        weft_otlp *otlp = begin(answers_twice, (weft_otlp_options){.retry_ms = 1});
        spans(BATCH);
        collector_flush(otlp);
        const weft_otlp_status status = collector_status(otlp);
        assert_int_equal(status.spans.exported, BATCH);
        assert_int_equal(status.spans.failed, 0);
        assert_int_equal(status.spans.requests, 3);
        assert_int_equal(status.spans.retries, 2);
        assert_true(status.error[0] != '\0');
        assert_true(json_equal(collector_body("/v1/traces", 0), collector_body("/v1/traces", 2)));
        end(otlp);
    }
}

static void retry_after_is_waited_for(void **state)
{
    (void)state;
    answer_status = 503;
    answer_headers = "Retry-After: 1\r\n";
    weft_otlp *otlp = begin(answers_twice, (weft_otlp_options){.retry_ms = 1});
    const int64_t begun = weft_clock();
    spans(BATCH);
    collector_flush(otlp);
    assert_true(weft_clock() - begun >= 2000000000); /* twice a second, which is a bound from below */
    assert_int_equal(collector_status(otlp).spans.exported, BATCH);
    answer_headers = NULL;
    end(otlp);
}

static void retry_after_is_a_date_as_well(void **state)
{
    (void)state;
    static char header[128];
    const time_t soon = time(NULL) + 2;
    struct tm parts;
    strftime(header, sizeof header, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&soon, &parts));
    answer_status = 429;
    answer_headers = header;
    weft_otlp *otlp = begin(answers_twice, (weft_otlp_options){.retry_ms = 1});
    spans(BATCH);
    collector_flush(otlp);
    struct timespec now; /* not time(): it is behind by up to a tick, and could still say the second before */
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    assert_true(now.tv_sec >= soon);
    answer_headers = NULL;
    end(otlp);
}

/* --- given up ----------------------------------------------------------------------------------------------------- */

static struct collector_reply answers_always(unsigned n, const char *path)
{
    (void)n;
    (void)path;
    return (struct collector_reply){.status = answer_status, .body = "no"};
}

static void batch_that_is_refused_is_given_up_at_once(void **state)
{
    (void)state;
    static const int statuses[] = {400, 401, 404, 413, 500, 301};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char told[16];
        answer_status = statuses[i];
        weft_otlp *otlp = begin(answers_always, (weft_otlp_options){.retry_ms = 1});
        spans(BATCH);
        collector_flush(otlp);
        const weft_otlp_status status = collector_status(otlp);
        assert_int_equal(status.spans.exported, 0);
        assert_int_equal(status.spans.failed, BATCH);
        assert_int_equal(status.spans.requests, 1);
        snprintf(told, sizeof told, "answered %d", statuses[i]);
        assert_non_null(strstr(status.error, told));
        end(otlp);
    }
}

/* The address has a name and a password in it, which are sent, and shown to nobody. */
static void password_of_the_address_is_not_in_what_went_wrong(void **state)
{
    (void)state;
    char url[128];
    answer_status = 400;
    collector_begin(answers_always);
    snprintf(url, sizeof url, "http://user:s3cret@%s", collector_url() + strlen("http://"));
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.metrics_off = true, .endpoint = url});
    spans(1);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_non_null(strstr(status.error, "http://***@127.0.0.1:"));
    assert_null(strstr(status.error, "s3cret"));
    assert_null(strstr(status.settings, "s3cret"));
    assert_non_null(strstr(collector_head("/v1/traces", 0), "Authorization: Basic "));
    end(otlp);
}

static void batch_that_is_put_off_too_often_is_given_up(void **state)
{
    (void)state;
    answer_status = 503;
    weft_otlp *otlp = begin(answers_always, (weft_otlp_options){.retry_ms = 1, .retries_max = 3});
    spans(BATCH);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_int_equal(status.spans.failed, BATCH);
    assert_int_equal(status.spans.requests, 4);
    assert_int_equal(status.spans.queued, 0);
    end(otlp);
}

static void collector_that_is_not_there_costs_what_was_to_be_sent(void **state)
{
    (void)state;
    collector_begin(NULL);
    char url[64];
    snprintf(url, sizeof url, "%s", collector_url());
    collector_end(); /* nobody listens there now */
    weft_otlp *otlp = collector_start(&(weft_otlp_options){.endpoint = url, .metrics_off = true, .batch_max = BATCH, .retries_max = 2});
    spans(BATCH);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_int_equal(status.spans.failed, BATCH);
    assert_int_equal(status.spans.requests, 3);
    assert_non_null(strstr(status.error, "onnect"));
    collector_stop(otlp);
}

/* --- slow --------------------------------------------------------------------------------------------------------- */

static struct collector_reply answers_nothing(unsigned n, const char *path)
{
    (void)n;
    (void)path;
    return (struct collector_reply){.status = COLLECTOR_SILENCE};
}

static void request_has_a_time_limit(void **state)
{
    (void)state;
    weft_otlp *otlp = begin(answers_nothing, (weft_otlp_options){.timeout_ms = 50, .retry_ms = 1, .retries_max = 1});
    spans(BATCH);
    collector_flush(otlp);
    const weft_otlp_status status = collector_status(otlp);
    assert_int_equal(status.spans.failed, BATCH);
    assert_int_equal(status.spans.requests, 2);
    assert_non_null(strstr(status.error, "time"));
    end(otlp);
}

static void queue_is_bounded_while_the_collector_is_silent(void **state)
{
    (void)state;
    enum { QUEUE = 10, MORE = 25 };
    weft_otlp *otlp = begin(answers_nothing, (weft_otlp_options){.timeout_ms = 60000, .queue_max = QUEUE});
    spans(QUEUE);
    collector_await("/v1/traces", 1); /* a batch is on its way, and counts as long as it is */
    spans(MORE);
    const weft_otlp_status status = collector_status(otlp);
    assert_int_equal(status.spans.queued, QUEUE);
    assert_int_equal(status.spans.dropped, MORE);
    assert_int_equal(weft_otlp_flush(otlp, weft_deadline_in(20000000)), WEFT_ETIMEDOUT);
    assert_int_equal(weft_otlp_stop(otlp, weft_deadline_in(20000000)), WEFT_ETIMEDOUT); /* it does not wait for a minute */
    assert_non_null(strstr(weft_error_detail(), "deadline"));
    collector_end();
}

static void stop_does_not_wait_for_a_pause(void **state)
{
    (void)state;
    answer_status = 503;
    answer_headers = "Retry-After: 3600\r\n";
    weft_otlp *otlp = begin(answers_always, (weft_otlp_options){.queue_max = 100});
    spans(BATCH);
    collector_await("/v1/traces", 1);
    assert_int_equal(weft_otlp_stop(otlp, weft_deadline_in(20000000)), WEFT_ETIMEDOUT);
    answer_headers = NULL;
    collector_end();
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static const char *_Atomic answer_body;

static struct collector_reply answers_with_a_body(unsigned n, const char *path)
{
    (void)n;
    (void)path;
    return (struct collector_reply){.status = 200, .body = answer_body};
}

static void part_that_is_rejected_is_counted(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned rejected;
        const char *told;
    } cases[] = {
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"too old\"}}", 3, "too old"},
        {"{\"partialSuccess\":{\"rejectedSpans\":1}}", 1, "rejected 1"},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"99\",\"errorMessage\":\"all\"}}", BATCH, "all"},
        {"{\"partialSuccess\":{\"errorMessage\":\"a warning\"}}", 0, "a warning"},
        {"{\"partialSuccess\":{}}", 0, ""},
        {"{\"partialSuccess\":[]}", 0, ""},
        {"{\"partialSuccess\":{\"rejectedSpans\":-5}}", 0, ""},
        {"<html>", 0, ""},
        {"", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_body = cases[i].body;
        weft_otlp *otlp = begin(answers_with_a_body, (weft_otlp_options){.retry_ms = 1});
        spans(BATCH);
        collector_flush(otlp);
        const weft_otlp_status status = collector_status(otlp);
        assert_int_equal(status.spans.rejected, cases[i].rejected);
        assert_int_equal(status.spans.exported, BATCH - cases[i].rejected);
        assert_int_equal(status.spans.requests, 1);
        assert_non_null(strstr(status.error, cases[i].told));
        end(otlp);
    }
}

static void answer_that_is_too_long_is_not_kept(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    char *body = malloc(LONG + 1);
    memset(body, 'x', LONG);
    body[LONG] = '\0';
    answer_body = body;
    weft_otlp *otlp = begin(answers_with_a_body, (weft_otlp_options){.retry_ms = 1});
    spans(BATCH);
    collector_flush(otlp);
    assert_int_equal(collector_status(otlp).spans.exported, BATCH);
    end(otlp);
    free(body);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void batches_are_of_so_many_and_go_when_they_are_full(void **state)
{
    (void)state;
    weft_otlp *otlp = begin(NULL, (weft_otlp_options){.delay_ms = 3600000});
    spans(2 * BATCH);
    collector_await("/v1/traces", 2); /* no flush: the first is full, and so is the second when that has gone */
    spans(1);
    collector_flush(otlp);
    assert_int_equal(collector_count("/v1/traces"), 3);
    assert_int_equal(collector_status(otlp).spans.exported, 2 * BATCH + 1);
    end(otlp);
}

static void batch_that_is_not_full_goes_when_it_has_waited(void **state)
{
    (void)state;
    weft_otlp *otlp = begin(NULL, (weft_otlp_options){.delay_ms = 1});
    spans(1);
    collector_await("/v1/traces", 1);
    end(otlp);
}

static void request_has_the_headers_and_the_resource(void **state)
{
    (void)state;
    weft_otlp *otlp = begin(NULL, (weft_otlp_options){.headers = "x-key=abc,x-empty=", .resource_attributes = "deployment.environment.name=test"});
    spans(1);
    collector_flush(otlp);
    const char *head = collector_head("/v1/traces", 0);
    assert_non_null(strstr(head, "POST /v1/traces HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(head, "\r\nx-key: abc\r\n"));
    assert_non_null(strstr(head, "\r\nx-empty:"));
    assert_non_null(strstr(head, "\r\nUser-Agent: OTel-OTLP-Exporter-weft/"));
    const json_t *resource = json_object_get(json_array_get(json_object_get(collector_body("/v1/traces", 0), "resourceSpans"), 0), "resource");
    assert_string_equal(collector_attribute(resource, "service.name"), "test");
    assert_string_equal(collector_attribute(resource, "deployment.environment.name"), "test");
    assert_string_equal(collector_attribute(resource, "telemetry.sdk.name"), "weft");
    end(otlp);
}

static void nothing_is_left_of_it(void **state)
{
    (void)state;
    const unsigned threads = collector_threads(); /* perhaps one too many: /proc lists a thread for a moment after its join */
    collector_begin(NULL);
    weft_otlp *otlp = collector_start(NULL);
    assert_true(collector_threads() > threads); /* its own, and the collector's */
    spans(BATCH);
    end(otlp);
    WORLD_UNTIL(collector_threads() <= threads);
}

/* Also when it is sent again. */
static void bodies_are_packed_on_request(void **state)
{
    (void)state;
    answer_status = 503;
    weft_otlp *otlp = begin(answers_twice, (weft_otlp_options){.compression = "gzip", .retry_ms = 1});
    spans(BATCH);
    collector_flush(otlp);
    assert_int_equal(collector_status(otlp).spans.exported, BATCH);
    assert_string_equal(collector_status(otlp).settings, "");
    for (unsigned n = 0; n < 3; n++) {
        assert_non_null(strstr(collector_head("/v1/traces", n), "\r\nContent-Encoding: gzip\r\n"));
        assert_non_null(collector_body("/v1/traces", n)); /* it could be unpacked, and is JSON */
    }
    json_t *list = collector_spans();
    assert_int_equal(json_array_size(list), BATCH);
    json_decref(list);
    end(otlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_sent_again_when_the_collector_asks_for_it),
        cmocka_unit_test(retry_after_is_waited_for),
        cmocka_unit_test(retry_after_is_a_date_as_well),
        cmocka_unit_test(batch_that_is_refused_is_given_up_at_once),
        cmocka_unit_test(password_of_the_address_is_not_in_what_went_wrong),
        cmocka_unit_test(batch_that_is_put_off_too_often_is_given_up),
        cmocka_unit_test(collector_that_is_not_there_costs_what_was_to_be_sent),
        cmocka_unit_test(request_has_a_time_limit),
        cmocka_unit_test(queue_is_bounded_while_the_collector_is_silent),
        cmocka_unit_test(stop_does_not_wait_for_a_pause),
        cmocka_unit_test(part_that_is_rejected_is_counted),
        cmocka_unit_test(answer_that_is_too_long_is_not_kept),
        cmocka_unit_test(batches_are_of_so_many_and_go_when_they_are_full),
        cmocka_unit_test(batch_that_is_not_full_goes_when_it_has_waited),
        cmocka_unit_test(request_has_the_headers_and_the_resource),
        cmocka_unit_test(bodies_are_packed_on_request),
        cmocka_unit_test(nothing_is_left_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
