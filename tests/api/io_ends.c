/* SPDX-License-Identifier: MIT */
/* How a connection ends, is refused, limited or slowed down, and what is left then. */
#define _GNU_SOURCE
#include "lib/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/scarcity.h"
#include "lib/sockets.h"
#include "lib/verdict.h"

struct flood {
    weft_frame weft;
    weft_fd fd;
    const char *data;
    size_t length, done;
    atomic_size_t *out_done;
};

static weft_poll flood(weft_context *cx, struct flood *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->data, self->length, &self->done));
    atomic_store(self->out_done, self->done);
    weft_fd_close(&self->fd);
    WEFT_END(self->weft.rc);
}

struct drain {
    weft_frame weft;
    weft_fd fd;
    const char *expected;
    size_t got;
    char buffer[3000];
};

static weft_poll drain(weft_context *cx, struct drain *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
        if (self->weft.rc > 0) {
            VERDICT(memcmp(self->buffer, self->expected + self->got, (size_t)self->weft.rc) == 0);
            self->got += (size_t)self->weft.rc;
        }
    } while (self->weft.rc > 0);
    weft_fd_close(&self->fd);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : (int)self->got);
}

/* A slow reader slows the writer, and what was written comes out whole. */
static void slow_reader_slows_the_writer(void **state)
{
    (void)state;
    enum { LENGTH = 3000000 };
    char *data = malloc(LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        data[i] = (char)(i * 31 + i / 251);
    weft_runtime *rt = world_begin(2);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    atomic_size_t done = 0;
    weft_fd watch = one;
    weft_spawn(weft_runtime_scope(rt), flood, .fd = one, .data = data, .length = LENGTH, .out_done = &done);
    WORLD_UNTIL(sockets_waiting(&watch) == 1); /* full, and nobody reads */
    weft_task reader = weft_spawn_joinable(weft_runtime_scope(rt), drain, .fd = other, .expected = data);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&reader, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, LENGTH);
    world_settle(rt);
    assert_int_equal(done, LENGTH);
    world_end(rt, 2);
    verdict_assert();
    free(data);
}

/* The other side goes with a reset while data is on the way. */
static void reset_is_an_error_of_the_next_read(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address);
    const weft_task serving = weft_spawn(weft_runtime_scope(rt), server, .listener = listener);
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(raw, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length), 0);
    char byte;
    assert_int_equal(write(raw, "z", 1), 1);
    assert_int_equal(read(raw, &byte, 1), 1);
    const struct linger now = {1, 0};
    setsockopt(raw, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(raw); /* a reset */
    assert_int_equal(weft_task_cancel(serving), 0);
    world_settle(rt);
    int code = weft_runtime_finish(rt);
    assert_int_equal(code, WEFT_ECONNRESET); /* the echo's result */
}

/* A peer that never reads: the writer waits, its deadline ends that, and the frame says how far it came. */
struct impatient {
    weft_frame weft;
    weft_fd *fd;
    weft_fd_future write;
    weft_timeout_state timeout;
    size_t sent;
    char bytes[32768];
};

static weft_poll impatient(weft_context *cx, struct impatient *self)
{
    WEFT_BEGIN(cx, self);
    do {
        weft_fd_write_begin(&self->write, self->fd, self->bytes, sizeof self->bytes);
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->write.future, 5000000));
        self->sent += self->weft.rc > 0 ? (size_t)self->weft.rc : 0;
    } while (self->weft.rc > 0);
    WEFT_END(self->weft.rc == WEFT_ETIMEDOUT && self->sent > 0 ? 0 : self->weft.rc);
}

static void peer_that_never_reads_meets_a_deadline(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), impatient, .fd = &one);
    int result = -1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(sockets_waiting(&one), 0); /* withdrawn */
    weft_fd_close(&other);
    int code;
    WORLD_UNTIL((code = weft_fd_try_write(&one, "x", 1)) != WEFT_EAGAIN);
    assert_int_equal(code, WEFT_EPIPE); /* and no signal */
    weft_fd_close(&one);
    world_end(rt, 1);
}

static void refused_connection_says_so(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address);
    weft_fd_close(&listener);
    atomic_uint right = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), client, .address = &address, .rounds = 1, .right = &right);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECONNREFUSED);
    const weft_address nowhere = sockets_address("unix:/tmp/weft-nobody-is-here.sock");
    task = weft_spawn_joinable(weft_runtime_scope(rt), client, .address = &nowhere, .rounds = 1, .right = &right);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ENOENT);
    assert_int_equal(right, 0);
    world_end(rt, 2);
}

struct half {
    weft_frame weft;
    weft_fd fd;
    size_t done;
    int got;
    char buffer[16];
};

static weft_poll half(weft_context *cx, struct half *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, "ask", 3, &self->done));
    VERDICT(weft_fd_shutdown(&self->fd, false, true) == 0);
    do {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
        self->got += self->weft.rc > 0 ? self->weft.rc : 0;
    } while (self->weft.rc > 0);
    weft_fd_close(&self->fd);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->got);
}

/* A limit for a connection alone. Nobody accepts, and the queue of a Unix socket is full: the attempt stays. */
struct patient {
    weft_frame weft;
    const weft_address *address;
    weft_fd fd;
    weft_connect_future connect;
    weft_timeout_state limit;
    weft_sleep_future sleep;
    weft_select_state select;
    int64_t limit_ns;
    bool again;
    int which;
};
static weft_poll patient(weft_context *cx, struct patient *self)
{
    WEFT_BEGIN(cx, self);
    weft_connect_begin(&self->connect, self->address, &self->fd);
    WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->limit, &self->connect.future, self->limit_ns));
    if (self->weft.rc == WEFT_ETIMEDOUT && self->again) { /* it goes on where it was */
        VERDICT(weft_fd_number(&self->fd) >= 0);
        weft_sleep_begin(&self->sleep, WEFT_FOREVER);
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->sleep.future, &self->connect.future));
        VERDICT(self->which == 1);
        self->weft.rc = self->connect.future.result;
    }
    weft_fd_close(&self->fd);
    WEFT_END(self->weft.rc);
}

static int connect_with(weft_runtime *rt, const weft_address *address, int64_t limit_ns)
{
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), patient, .address = address, .limit_ns = limit_ns);
    int result = 1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    return result;
}

static void connection_has_a_limit_and_is_one_of_several(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address);
    assert_int_equal(connect_with(rt, &address, WEFT_FOREVER), 0);
    weft_fd_close(&listener);
    const weft_address nowhere = sockets_address("unix:/tmp/weft-nobody-is-here.sock");
    assert_int_equal(connect_with(rt, &nowhere, WEFT_FOREVER), WEFT_ENOENT);
    assert_int_equal(connect_with(rt, NULL, WEFT_FOREVER), WEFT_EINVAL);

    char path[64];
    snprintf(path, sizeof path, "unix:@weft-test-full-%d", (int)getpid());
    address = sockets_address(path);
    assert_int_equal(weft_listen(rt, &address, WEFT_LISTEN_OPTIONS(.backlog = 1), &listener), 0);
    int queued[8], count = 0;
    do
        queued[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    while (connect(queued[count], (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length) == 0 && ++count < 8);
    assert_int_equal(errno, EAGAIN);
    close(queued[count]);
    const int before = sockets_open_fds();
    assert_int_equal(connect_with(rt, &address, 1000000), WEFT_ETIMEDOUT);
    WORLD_UNTIL(sockets_open_fds() == before);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), patient, .address = &address, .limit_ns = 1000000, .again = true);
    const int fd = weft_fd_number(&listener);
    WORLD_UNTIL(sockets_open_fds() > before); /* it has begun; from now on there is room */
    int accepted[9], got = 0, result = 1;
    while (got <= count) {
        accepted[got] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (accepted[got] < 0)
            sched_yield();
        else
            got++;
    }
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    while (got > 0)
        close(accepted[--got]);
    while (count > 0)
        close(queued[--count]);
    weft_fd_close(&listener);
    verdict_assert();
    world_end(rt, 5);
}

static void half_closed_connection_still_brings_the_answer(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    weft_spawn(weft_runtime_scope(rt), echo, .fd = other);
    weft_task asks = weft_spawn_joinable(weft_runtime_scope(rt), half, .fd = one);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&asks, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 3);
    world_end(rt, 2);
    verdict_assert();
}

/* SD-11, known bug 32: what is open when the runtime ends is closed; the handles are the host's still, and harmless. */
static void end_of_the_runtime_closes_descriptors(void **state)
{
    (void)state;
    const int before = sockets_open_fds();
    weft_runtime *rt = world_begin(2);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    assert_int_equal(rc, WEFT_ECANCELED);
    assert_int_equal(sockets_open_fds(), before);
    char byte;
    assert_int_equal(weft_fd_try_read(&one, &byte, 1), WEFT_EBADF);
    assert_true(weft_fd_number(&other) < 0);
    weft_fd_close(&one);
    weft_fd_close(&other);
}

/* Who was told is polled long after, when its descriptor, and the runtime that this was of, have gone. */
static void wait_that_was_told_is_left_without_its_descriptor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1), *other = world_begin(1);
    weft_fd reader = {0}, writer = {0};
    atomic_int rc = 1;
    struct latch entered = LATCH, leave = LATCH;
    assert_int_equal(weft_pipe(other, &reader, &writer), 0);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &reader, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&reader) == 1);
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    weft_fd_close(&reader); /* under the wait: its task is runnable, and nobody is there to poll it */
    weft_fd_close(&writer);
    world_end(other, 0);
    latch_up(&leave);
    world_settle(rt);
    assert_int_equal(rc, WEFT_EBADF);
    world_end(rt, 2);
}

/* No descriptor is left: accepting pauses and goes on when there is one. known bug 94, scenario 41 */
static void accept_without_descriptors_pauses_and_goes_on(void **state)
{
    (void)state;
    if (world_in_valgrind())
        skip(); /* it has descriptors of its own above any limit, and gives those */
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address), watch = listener;
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_pipe(rt, &one, &other), 0);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc); /* the loop is open before it gets tight */
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    struct scarcity scarcity;
    scarcity_begin(&scarcity);
    const weft_task serving = weft_spawn(weft_runtime_scope(rt), server, .listener = listener);
    const int connected = connect(raw, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length);
    weft_fd_stats stats = {.size = sizeof stats};
    do
        weft_fd_stats_get(&watch, &stats);
    while (stats.pauses < 2);
    scarcity_end(&scarcity);
    assert_int_equal(connected, 0);
    char byte = 0;
    assert_int_equal(write(raw, "q", 1), 1);
    assert_int_equal(read(raw, &byte, 1), 1); /* accepted, and echoed */
    assert_int_equal(byte, 'q');
    close(raw);
    assert_int_equal(weft_task_cancel(serving), 0);
    weft_fd_close(&other);
    world_settle(rt);
    weft_fd_close(&one);
    world_end(rt, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_reader_slows_the_writer),
        cmocka_unit_test(reset_is_an_error_of_the_next_read),
        cmocka_unit_test(peer_that_never_reads_meets_a_deadline),
        cmocka_unit_test(refused_connection_says_so),
        cmocka_unit_test(connection_has_a_limit_and_is_one_of_several),
        cmocka_unit_test(half_closed_connection_still_brings_the_answer),
        cmocka_unit_test(end_of_the_runtime_closes_descriptors),
        cmocka_unit_test(wait_that_was_told_is_left_without_its_descriptor),
        cmocka_unit_test(accept_without_descriptors_pauses_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
