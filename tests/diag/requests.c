/* SPDX-License-Identifier: MIT */
/*
 * Requests that are none, or too much: each is answered with an error or cut off, and the next good one is served. A seeded
 * loop makes ten thousand more of those in the list (WEFT_SEED does a run again).
 */
#include "diag/lib/served.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/rel.h"
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

/* The request, and what may be answered; 0 among them: the connection may end without an answer. */
static const struct {
    const char *text;
    size_t length; /* 0: strlen */
    int statuses[4];
} bad[] = {
    {"GARBAGE\r\n\r\n", 0, {400, 0}},
    {"GET\r\n\r\n", 0, {400, 0}},
    {"GET /api\r\n\r\n", 0, {400, 0}},                                      /* HTTP/0.9 */
    {"GET /api HTTP/9.9\r\nHost: x\r\n\r\n", 0, {400, 505, 0}},
    {"GET /api HTTQ/1.1\r\nHost: x\r\n\r\n", 0, {400, 505, 0}},
    {"GET  /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 200, 0}},
    {"GET api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET http://evil/api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api/../api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /./api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api/%2e%2e/api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET //api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api%00 HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api%0a HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api% HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api%zz HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api?%=1 HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api?=1 HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /api#x HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 0}},
    {"GET /a\0pi HTTP/1.1\r\nHost: x\r\n\r\n", 31, {400, 404, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 38, {400, 200, 0}},
    {"GET /api HTTP/1.1\r\n\r\n", 0, {400, 0}},                             /* no Host */
    {"GET /api HTTP/1.1\r\nHost x\r\n\r\n", 0, {400, 0}},
    {"GET /api HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n", 0, {400, 200, 0}},
    {"POST /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {405, 0}},
    {"DELETE /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {405, 0}},
    {"OPTIONS /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {405, 0}},
    {"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 0, {400, 405, 0}},
    {"get /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {405, 0}},
    {"BREW /api HTTP/1.1\r\nHost: x\r\n\r\n", 0, {405, 501, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0, {413, 0}},
    {"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 0, {413, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0, {400, 413, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 0, {400, 413, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 0, {400, 413, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0, {413, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", 0, {413, 400, 0}},
    {"GET /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 0, {413, 400, 0}},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, {400, 0}},         /* TLS */
    {"\x00\x00\x00\x00", 4, {400, 0}},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, {400, 405, 505, 0}},
    {"\r\n\r\n\r\n", 0, {400, 0}},
    {"GET /api HTTP/1.1\nHost: x\n\n", 0, {400, 200, 0}},                   /* bare line feeds */
    {"GET /api HTTP/1.1\r\nHost: x\r\n", 0, {0}},                           /* and then nothing */
};

static void check(size_t at, const struct http_answer *answer)
{
    const int *statuses = bad[at].statuses;
    for (int i = 0; i < 4; i++) {
        if (answer->status == statuses[i])
            return;
        if (statuses[i] == 0)
            break;
    }
    fail_msg("request %zu, '%.60s', is answered with %d: %.200s", at, bad[at].text, answer->status, answer->text);
}

static void bad_request_is_refused_and_the_next_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_answer answer;
        http_raw(served.path, bad[i].text, bad[i].length ? bad[i].length : strlen(bad[i].text), &answer);
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
    assert_non_null(strstr(http_header(&answer, "Content-Security-Policy", value, sizeof value), "default-src 'none'"));
    assert_null(http_header(&answer, "Access-Control-Allow-Origin", value, sizeof value));
    http_free(&answer);
}

/* One of the list, with bytes exchanged, cut, doubled or added. */
static size_t mutate(uint64_t *rng, char *out, size_t room)
{
    const size_t at = world_random(rng, sizeof bad / sizeof bad[0]);
    size_t length = bad[at].length ? bad[at].length : strlen(bad[at].text);
    memcpy(out, bad[at].text, length);
    for (uint32_t i = world_random(rng, 6); i > 0; i--) {
        const size_t where = world_random(rng, (uint32_t)length + 1);
        switch (world_random(rng, 4)) {
        case 0: out[where] = (char)world_random(rng, 256); length = where == length ? length + 1 : length; break;
        case 1: length = where; break;
        case 2:
            if (length + 16 < room)
                memset(out + length, (char)world_random(rng, 256), 16), length += 16;
            break;
        case 3:
            if (2 * length < room)
                memcpy(out + length, out, length), length *= 2;
            break;
        }
    }
    return length;
}

enum { TOGETHER = 64 };

/* scenario 55 */
static void ten_thousand_requests_do_no_harm(void **state)
{
    (void)state;
    const uint64_t seed = world_seed();
    uint64_t rng = seed, answered = 0;
    const unsigned count = (unsigned)stress_scale(10000);
    for (unsigned done = 0; done < count; done += TOGETHER) {
        int fds[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            char text[4096];
            fds[i] = http_connect(served.path);
            assert_true(fds[i] >= 0);
            http_send(fds[i], text, mutate(&rng, text, sizeof text));
            shutdown(fds[i], SHUT_WR);
        }
        for (int i = 0; i < TOGETHER; i++) {
            struct http_answer answer;
            http_receive(fds[i], &answer);
            answered += answer.status != 0;
            if (answer.status != 0 && (answer.status < 200 || answer.status > 599))
                fail_msg("status %d", answer.status);
            http_free(&answer);
        }
        good_request_is_served();
    }
    good_request_is_served();
    json_t *self = http_json(served.path, "/api/diag", 200);
    assert_int_equal(member_number(self, "open"), 1);
    assert_true(member_number(self, "connections") >= count);
    json_decref(self);
    print_message("%llu of %u were answered\n", (unsigned long long)answered, count);
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
