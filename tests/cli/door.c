/* SPDX-License-Identifier: MIT */
/* Who `weft page` lets in from the loopback, and what it hands on. */
#include "cli/page/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verdict.h"

#define TOKEN "00112233445566778899aabbccddeeff"
#define HOST "Host: 127.0.0.1:4711\r\n"
#define LEAVE "Authorization: Bearer " TOKEN "\r\n"

static const struct door door = {.token = TOKEN, .port = 4711};

static int judge(const char *head)
{
    const char *says = NULL;
    assert_int_equal(door_head(head, strlen(head)), strlen(head));
    const int status = door_judge(&door, head, strlen(head), &says);
    assert_true(status == 0 || (says && *says && !strchr(says, '"')));
    return status;
}

static void request_is_judged_by_its_host_and_token(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "\r\n", 0},
        {"HEAD /events?interval_ms=100 HTTP/1.1\r\n" HOST LEAVE "\r\n", 0},
        {"GET /api HTTP/1.0\r\nhOST:localhost:4711\r\nauthorization:\tbearer " TOKEN " \r\n\r\n", 0},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", 0},
        {"GET /?x HTTP/1.1\r\n" HOST "\r\n", 0},
        {"GET /page/0/main.js HTTP/1.1\r\n" HOST "\r\n", 0},
        /* no token, another, or in another place */
        {"GET /api HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /page/ HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /pages/x HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /page HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /api?/page/x HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /api?token=" TOKEN " HTTP/1.1\r\n" HOST "\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST "Authorization: Bearer 00112233445566778899aabbccddeef0\r\n\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST "Authorization: Bearer " TOKEN "0\r\n\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST "Authorization: Basic " TOKEN "\r\n\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST "Authorization: Bearer\r\n\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST "Authorization: \r\n\r\n", 401},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE LEAVE "\r\n", 400},
        /* a name that points here */
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
        {"GET /api HTTP/1.1\r\nHost: evil.example:4711\r\n" LEAVE "\r\n", 403},
        {"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n" LEAVE "\r\n", 403},
        {"GET /api HTTP/1.1\r\nHost: 127.0.0.1:4712\r\n" LEAVE "\r\n", 403},
        {"GET /api HTTP/1.1\r\nHost: 127.0.0.1:47111\r\n" LEAVE "\r\n", 403},
        {"GET /api HTTP/1.1\r\n" LEAVE "\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST HOST LEAVE "\r\n", 400},
        {"GET /api HTTP/1.1\r\nHost: evil.example\r\n" HOST LEAVE "\r\n", 400},
        /* what could be read in two ways */
        {"POST /api HTTP/1.1\r\n" HOST LEAVE "\r\n", 405},
        {"get /api HTTP/1.1\r\n" HOST LEAVE "\r\n", 405},
        {"GETX /api HTTP/1.1\r\n" HOST LEAVE "\r\n", 405},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "Content-Length: 5\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 413},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "Transfer-Encoding : chunked\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE " folded: yes\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "nothing\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE ": nothing\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "X: a\nY: b\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "X: a\rY: b\r\n\r\n", 400},
        {"GET /api HTTP/1.1\r\n" HOST LEAVE "X: \x01\r\n\r\n", 400},
        {"GET api HTTP/1.1\r\n" HOST LEAVE "\r\n", 400},
        {"GET http://127.0.0.1:4711/api HTTP/1.1\r\n" HOST LEAVE "\r\n", 400},
        {"GET  /api HTTP/1.1\r\n" HOST LEAVE "\r\n", 400},
        {"GET /api  HTTP/1.1\r\n" HOST LEAVE "\r\n", 400},
        {"GET /api HTTP/2.0\r\n" HOST LEAVE "\r\n", 400},
        {"GET /api HTTP/1.2\r\n" HOST LEAVE "\r\n", 400},
        {"GET /api\r\n" HOST LEAVE "\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (judge(cases[i].head) != cases[i].status)
            fail_msg("%d in place of %d: %s", judge(cases[i].head), cases[i].status, cases[i].head);
}

static void zero_in_a_head_is_refused(void **state)
{
    (void)state;
    char head[] = "GET /api HTTP/1.1\r\n" HOST LEAVE "X: y\r\n\r\n";
    const char *says;
    assert_int_equal(door_judge(&door, head, sizeof head - 1, &says), 0);
    head[sizeof head - 6] = '\0';
    assert_int_equal(door_judge(&door, head, sizeof head - 1, &says), 400);
}

static void head_ends_with_an_empty_line(void **state)
{
    (void)state;
    static const char bytes[] = "GET / HTTP/1.1\r\n" HOST "\r\nrest";
    for (size_t length = 0; length < sizeof bytes - 5; length++)
        assert_int_equal(door_head(bytes, length), 0);
    assert_int_equal(door_head(bytes, sizeof bytes - 1), sizeof bytes - 5);
}

static void what_is_handed_on_is_for_one_request(void **state)
{
    (void)state;
    static const char head[] = "GET /api HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nAccept: */*\r\nkeep-alive: timeout=5\r\n\r\n";
    char out[DOOR_HEAD_MAX + 64];
    const size_t length = door_rewrite(head, sizeof head - 1, out);
    out[length] = '\0';
    assert_string_equal(out, "GET /api HTTP/1.1\r\n" HOST "Accept: */*\r\nConnection: close\r\n\r\n");
}

static void tokens_are_long_and_not_the_same(void **state)
{
    (void)state;
    struct door one = {.port = 1}, other = {.port = 1};
    assert_true(door_token(&one) && door_token(&other));
    assert_int_equal(strspn(one.token, "0123456789abcdef"), DOOR_TOKEN_SIZE - 1);
    assert_string_not_equal(one.token, other.token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_judged_by_its_host_and_token),
        cmocka_unit_test(zero_in_a_head_is_refused),
        cmocka_unit_test(head_ends_with_an_empty_line),
        cmocka_unit_test(what_is_handed_on_is_for_one_request),
        cmocka_unit_test(tokens_are_long_and_not_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
