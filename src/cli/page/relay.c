/* SPDX-License-Identifier: MIT */
/*
 * See relay.h. A pair is READING its request until the head is in, then PASSING what the process answers until that ends, or
 * TELLING an answer of our own. Nothing of the answer is looked at. A browser that leaves takes its pair along, and so ends
 * the stream that the process makes for it.
 */
#include "cli/page/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/memory.h"

enum { PAIRS = 64, ANSWER_SIZE = 65536, BACKLOG = 64 };
static const int64_t head_limit_ms = 10000;

enum pair_state { FREE, READING, PASSING, TELLING };

struct pair {
    enum pair_state state;
    int browser, process; /* -1: none */
    int64_t since_ms;
    size_t head_length;   /* that came, or is to be handed on */
    size_t head_sent;
    size_t length, sent;  /* of the answer */
    bool answered;        /* it is our own, and no more of it comes */
    char head[DOOR_HEAD_MAX + 64];
    char answer[ANSWER_SIZE];
};

struct relay {
    struct door *door;
    int listener;
    struct sockaddr_un process;
    struct pair pairs[PAIRS];
};

static int64_t relay_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct relay *relay_open(struct door *door, const char *socket_path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)door->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return NULL;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        const int error = errno;
        close(listener);
        errno = error;
        return NULL;
    }
    struct relay *relay = memory_zeroed(1, sizeof *relay);
    relay->door = door;
    relay->listener = listener;
    relay->process.sun_family = AF_UNIX;
    snprintf(relay->process.sun_path, sizeof relay->process.sun_path, "%s", socket_path);
    door->port = ntohs(address.sin_port);
    return relay;
}

static void pair_end(struct pair *pair)
{
    close(pair->browser);
    if (pair->process >= 0)
        close(pair->process);
    pair->state = FREE;
}

void relay_close(struct relay *relay)
{
    for (int i = 0; i < PAIRS; i++)
        if (relay->pairs[i].state != FREE)
            pair_end(&relay->pairs[i]);
    close(relay->listener);
    free(relay);
}

/* An answer of our own, in the shape of those of the process. */
static void pair_tell(struct pair *pair, int status, const char *says)
{
    char body[512];
    const int length = snprintf(body, sizeof body, "{\"status\":%d,\"error\":\"%s\"}\n", status, says);
    pair->length = (size_t)snprintf(pair->answer, sizeof pair->answer,
                                    "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
                                    "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                                    "Connection: close\r\n\r\n%s",
                                    status, status == 502 ? "Bad Gateway" : "Refused", length, body);
    pair->sent = 0;
    pair->answered = true;
    pair->state = TELLING;
}

/* To the process: at once or not at all, since it is on this machine. */
static int pair_connect(const struct relay *relay)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&relay->process, sizeof relay->process) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void pair_begin(struct relay *relay, struct pair *pair, size_t head_length)
{
    char head[DOOR_HEAD_MAX + 64];
    const char *says;
    const int status = door_judge(relay->door, pair->head, head_length, &says);
    if (status) {
        pair_tell(pair, status, says);
        return;
    }
    pair->process = pair_connect(relay);
    if (pair->process < 0) {
        pair_tell(pair, 502, "nobody is at its socket: it has ended, or its endpoint has");
        return;
    }
    pair->head_length = door_rewrite(pair->head, head_length, head);
    memcpy(pair->head, head, pair->head_length);
    pair->head_sent = pair->length = pair->sent = 0;
    pair->answered = false;
    pair->state = PASSING;
}

/* Whether it goes on after a read or a write that did nothing. */
static bool pair_waits(ssize_t got)
{
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void pair_read_head(struct relay *relay, struct pair *pair)
{
    const ssize_t got = recv(pair->browser, pair->head + pair->head_length, DOOR_HEAD_MAX - pair->head_length, 0);
    if (pair_waits(got))
        return;
    if (got <= 0) {
        pair_end(pair);
        return;
    }
    pair->head_length += (size_t)got;
    pair->head[pair->head_length] = '\0';
    const size_t whole = door_head(pair->head, pair->head_length);
    if (whole)
        pair_begin(relay, pair, whole);
    else if (pair->head_length == DOOR_HEAD_MAX)
        pair_tell(pair, 431, "the head of the request is too long");
}

static void pair_send_head(struct pair *pair)
{
    const ssize_t sent = send(pair->process, pair->head + pair->head_sent, pair->head_length - pair->head_sent, MSG_NOSIGNAL);
    if (sent > 0)
        pair->head_sent += (size_t)sent;
    else if (!pair_waits(sent))
        pair_end(pair);
}

static void pair_read_answer(struct pair *pair)
{
    const ssize_t got = recv(pair->process, pair->answer, sizeof pair->answer, 0);
    if (pair_waits(got))
        return;
    pair->sent = 0;
    pair->length = got > 0 ? (size_t)got : 0;
    if (got <= 0)
        pair_end(pair);
}

static void pair_send_answer(struct pair *pair)
{
    const ssize_t sent = send(pair->browser, pair->answer + pair->sent, pair->length - pair->sent, MSG_NOSIGNAL);
    if (sent <= 0) {
        if (!pair_waits(sent))
            pair_end(pair);
        return;
    }
    pair->sent += (size_t)sent;
    if (pair->sent < pair->length)
        return;
    pair->sent = pair->length = 0;
    if (pair->answered)
        pair_end(pair);
}

/* What comes from a browser behind its request is nothing that is answered; that it has left ends the pair. */
static void pair_read_rest(struct pair *pair)
{
    char rest[4096];
    const ssize_t got = recv(pair->browser, rest, sizeof rest, 0);
    if (got == 0 || (got < 0 && !pair_waits(got)))
        pair_end(pair);
}

static void relay_accept(struct relay *relay)
{
    for (int i = 0; i < PAIRS; i++) {
        struct pair *pair = &relay->pairs[i];
        if (pair->state != FREE)
            continue;
        const int fd = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        pair->browser = fd;
        pair->process = -1;
        pair->head_length = 0;
        pair->since_ms = relay_clock_ms();
        pair->state = READING;
    }
}

/* What a pair waits for: polled[0] is its browser, polled[1] its process. */
static void pair_wants(const struct pair *pair, struct pollfd polled[2])
{
    const bool holds = pair->length > pair->sent;
    polled[0] = (struct pollfd){.fd = pair->state == FREE ? -1 : pair->browser, .events = (short)(POLLIN | (holds ? POLLOUT : 0))};
    polled[1] = (struct pollfd){.fd = -1};
    if (pair->state == READING)
        polled[0].events = POLLIN;
    if (pair->state != PASSING)
        return;
    polled[1].fd = pair->process;
    polled[1].events = (short)((pair->head_sent < pair->head_length ? POLLOUT : 0) | (holds ? 0 : POLLIN));
    if (polled[1].events == 0)
        polled[1].fd = -1; /* or its end would be told again and again */
}

static void pair_turn(struct relay *relay, struct pair *pair, const struct pollfd polled[2])
{
    if (pair->state == READING && polled[0].revents) {
        pair_read_head(relay, pair);
        return;
    }
    if (pair->state != FREE && (polled[0].revents & (POLLIN | POLLHUP | POLLERR)))
        pair_read_rest(pair);
    if (pair->state == PASSING && (polled[1].revents & POLLOUT))
        pair_send_head(pair);
    if (pair->state == PASSING && (polled[1].revents & (POLLIN | POLLHUP | POLLERR)) && pair->length == pair->sent)
        pair_read_answer(pair);
    if ((pair->state == PASSING || pair->state == TELLING) && pair->length > pair->sent)
        pair_send_answer(pair);
}

/* Those that have not sent their request in time make room. Whether others still have to. */
static bool relay_sweep(struct relay *relay)
{
    bool reading = false;
    for (int i = 0; i < PAIRS; i++) {
        struct pair *pair = &relay->pairs[i];
        if (pair->state == READING && relay_clock_ms() - pair->since_ms > head_limit_ms)
            pair_end(pair);
        reading |= pair->state == READING;
    }
    return reading;
}

bool relay_run(struct relay *relay, const volatile sig_atomic_t *ended, const sigset_t *asleep)
{
    struct pollfd polled[1 + 2 * PAIRS];
    while (!*ended) {
        const bool reading = relay_sweep(relay);
        const struct timespec second = {.tv_sec = 1};
        bool room = false;
        for (int i = 0; i < PAIRS; i++) {
            pair_wants(&relay->pairs[i], &polled[1 + 2 * i]);
            room |= relay->pairs[i].state == FREE;
        }
        polled[0] = (struct pollfd){.fd = room ? relay->listener : -1, .events = POLLIN};
        if (ppoll(polled, sizeof polled / sizeof polled[0], reading ? &second : NULL, asleep) < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        for (int i = 0; i < PAIRS; i++)
            pair_turn(relay, &relay->pairs[i], &polled[1 + 2 * i]);
        if (polled[0].revents)
            relay_accept(relay);
    }
    return true;
}
