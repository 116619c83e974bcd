/* SPDX-License-Identifier: MIT */
#include "diag/lib/bad.h"

#include <string.h>
#include <sys/socket.h>

#include "diag/lib/http.h"
#include "lib/world.h"

const struct bad_request bad_requests[] = {
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
const size_t bad_count = sizeof bad_requests / sizeof bad_requests[0];

size_t bad_length(size_t at)
{
    return bad_requests[at].length ? bad_requests[at].length : strlen(bad_requests[at].text);
}

/* One of the list, with bytes exchanged, cut, doubled or added. */
static size_t bad_mutate(uint64_t *rng, char *out, size_t room)
{
    const size_t at = world_random(rng, (uint32_t)bad_count);
    size_t length = bad_length(at);
    memcpy(out, bad_requests[at].text, length);
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

uint64_t bad_storm(const char *where, uint64_t count, uint64_t *rng)
{
    uint64_t answered = 0;
    for (uint64_t done = 0; done < count; done += TOGETHER) {
        int fds[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            char text[4096];
            fds[i] = http_connect(where);
            assert_true(fds[i] >= 0);
            http_send(fds[i], text, bad_mutate(rng, text, sizeof text));
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
        assert_int_equal(http_status(where, "/api", NULL), 200);
    }
    return answered;
}
