/* SPDX-License-Identifier: MIT */
/*
 * Requests that are none, or too much: each is answered with an error or cut off, and the next good one is served. A seeded
 * loop makes ten thousand more of those in the list (WEFT_SEED does a run again). ctest-cost: 8
 */
#include "diag/lib/bad.h"
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/stress.h"

static struct served served;

static int begin(void **state)
{
    (void)state;
    SERVED(&served, .request_timeout_ms = 60000);
    return 0;
}

static int end(void **state)
{
    (void)state;
    served_end(&served);
    return 0;
}

#define OWN(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void good_request_is_served(void)
{
    json_decref(http_json(served.path, "/api", 200));
}

static void check(size_t at, const struct http_answer *answer)
{
    const int *statuses = bad_requests[at].statuses;
    for (int i = 0; i < 4; i++) {
        if (answer->status == statuses[i])
            return;
        if (statuses[i] == 0)
            break;
    }
    fail_msg("request %zu, '%.60s', is answered with %d: %.200s", at, bad_requests[at].text, answer->status, answer->text);
}

static void bad_request_is_refused_and_the_next_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < bad_count; i++) {
        struct http_answer answer;
        http_raw(served.path, bad_requests[i].text, bad_length(i), &answer);
        check(i, &answer);
        http_free(&answer);
        good_request_is_served();
    }
}

static int status_of(const char *begin, const char *unit, size_t times, const char *finish)
{
    const size_t length = strlen(unit);
    char *text = malloc(strlen(begin) + times * length + strlen(finish) + 1), *at = text + sprintf(text, "%s", begin);
    struct http_answer answer;
    for (size_t i = 0; i < times; i++, at += length)
        memcpy(at, unit, length);
    at += sprintf(at, "%s", finish);
    http_raw(served.path, text, (size_t)(at - text), &answer);
    const int status = answer.status;
    http_free(&answer);
    free(text);
    return status;
}

static void request_that_is_too_large_is_refused(void **state)
{
    (void)state;
    int status = status_of("GET /api?x=", "y", 3000, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(status, 414);
    status = status_of("GET /", "y", 1 << 20, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(status == 414 || status == 431 || status == 0);
    good_request_is_served();
    status = status_of("GET /api HTTP/1.1\r\nHost: x\r\nX: ", "y", 1 << 20, "\r\n\r\n");
    assert_true(status == 431 || status == 413 || status == 0);
    good_request_is_served();
    status = status_of("GET /api HTTP/1.1\r\nHost: x\r\n", "X: y\r\n", 100000, "\r\n");
    assert_true(status == 431 || status == 413 || status == 0);
    good_request_is_served();
    status = status_of("GET /api?", "a=b&", 16, "c=d HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(status, 400); /* too many parameters */
}

static void requests_in_one_piece_are_answered_in_order(void **state)
{
    (void)state;
    static const char text[] = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nHEAD /api HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /nope HTTP/1.1\r\nHost: x\r\n\r\nGET /api/diag HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct http_answer answer;
    http_raw(served.path, text, sizeof text - 1, &answer);
    static const char *const statuses[] = {"HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"};
    const char *at = answer.text;
    for (int i = 0; i < 4; i++) {
        at = strstr(at, "HTTP/1.1 ");
        assert_non_null(at);
        assert_memory_equal(at, statuses[i], 12);
        at += 12;
    }
    assert_null(strstr(at, "HTTP/1.1 "));
    http_free(&answer);
}

static void head_has_the_headers_and_no_body(void **state)
{
    (void)state;
    static const char text[] = "HEAD /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct http_answer answer;
    char length[16];
    http_raw(served.path, text, sizeof text - 1, &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(http_header(&answer, "Content-Length", length, sizeof length));
    assert_true(atoi(length) > 100);
    assert_string_equal(answer.body, "");
    http_free(&answer);
}

static void answer_has_the_headers_that_keep_browsers_out(void **state)
{
    (void)state;
    struct http_answer answer;
    char value[128];
    http_get(served.path, "/api", NULL, &answer);
    assert_string_equal(http_header(&answer, "Content-Type", value, sizeof value), "application/json");
    assert_string_equal(http_header(&answer, "X-Content-Type-Options", value, sizeof value), "nosniff");
    assert_string_equal(http_header(&answer, "Cache-Control", value, sizeof value), "no-store");
    double made_ms = -1; /* what it took, for those who ask again at a pace */
    assert_int_equal(sscanf(http_header(&answer, "Server-Timing", value, sizeof value), "make;dur=%lf", &made_ms), 1);
    assert_true(made_ms >= 0);
    assert_non_null(strstr(http_header(&answer, "Content-Security-Policy", value, sizeof value), "default-src 'none'"));
    assert_null(http_header(&answer, "Access-Control-Allow-Origin", value, sizeof value));
    http_free(&answer);
}

/* scenario 55 */
static void ten_thousand_requests_do_no_harm(void **state)
{
    (void)state;
    uint64_t rng = world_seed();
    const uint64_t count = stress_scale(10000);
    const uint64_t answered = bad_storm(served.path, count, &rng);
    json_t *self = http_json(served.path, "/api/diag", 200);
    assert_int_equal(member_number(self, "open"), 1);
    assert_true(member_number(self, "connections") >= (int64_t)count);
    json_decref(self);
    print_message("%llu of %llu were answered\n", (unsigned long long)answered, (unsigned long long)count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN(bad_request_is_refused_and_the_next_is_served),
        OWN(request_that_is_too_large_is_refused),
        OWN(requests_in_one_piece_are_answered_in_order),
        OWN(head_has_the_headers_and_no_body),
        OWN(answer_has_the_headers_that_keep_browsers_out),
        OWN(ten_thousand_requests_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
