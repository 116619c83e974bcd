/* SPDX-License-Identifier: MIT */
/* What one does with a descriptor: bytes there and back, ends, limits, refusals. */
#define _GNU_SOURCE
#include "lib/world.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/verdict.h"

static void echo_over(const char *where, bool inet)
{
    weft_runtime *rt = world_begin(2);
    weft_address address = sockets_address(where);
    weft_fd listener = {0};
    assert_int_equal(weft_listen(rt, &address, NULL, &listener), 0);
    if (inet)
        assert_int_equal(weft_fd_addresses(&listener, &address, NULL), 0);
    const weft_task serving = weft_spawn(weft_runtime_scope(rt), server, .listener = listener);
    atomic_uint right = 0;
    weft_task clients[20];
    for (int i = 0; i < 20; i++)
        clients[i] = weft_spawn_joinable(weft_runtime_scope(rt), client, .address = &address, .rounds = 50, .right = &right);
    for (int i = 0; i < 20; i++) {
        int result = -1;
        assert_int_equal(weft_task_join_blocking(&clients[i], WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 0);
    }
    assert_int_equal(right, 20 * 50);
    assert_int_equal(weft_task_cancel(serving), 0);
    world_end(rt, 41);
}

static void bytes_come_back_over_every_kind_of_socket(void **state)
{
    (void)state;
    echo_over("127.0.0.1:0", true); /* the first loop of a process makes a pipe that libuv keeps */
    const int before = sockets_open_fds();
    if (sockets_have_ipv6())
        echo_over("[::1]:0", true);
    else
        print_message("this machine has no IPv6: left out\n");
    char path[64];
    snprintf(path, sizeof path, "unix:@weft-test-io-%d", (int)getpid()); /* another run of this may be under way */
    echo_over(path, false);
    snprintf(path, sizeof path, "unix:/tmp/weft-test-%d.sock", (int)getpid());
    echo_over(path, false);
    unlink(path + 5);
    assert_int_equal(sockets_open_fds(), before); /* the loops, too, have gone */
}

static void close_under_a_wait_wakes_it_with_ebadf(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    weft_fd copy = one;
    weft_fd_close(&copy);
    world_settle(rt);
    assert_int_equal(rc, WEFT_EBADF);
    assert_true(weft_fd_number(&one) < 0);
    char byte;
    int end;
    WORLD_UNTIL((end = weft_fd_try_read(&other, &byte, 1)) != WEFT_EAGAIN); /* closed where the loop is turned */
    assert_int_equal(end, 0);
    weft_fd_close(&other);
    weft_fd_close(&other); /* again: nothing */
    assert_int_equal(weft_fd_try_read(&other, &byte, 1), WEFT_EBADF);
    world_end(rt, 1);
}

static void cancelled_wait_takes_nothing(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_pipe(rt, &one, &other), 0);
    atomic_int rc = 1;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    assert_int_equal(weft_task_cancel(task), 0);
    world_settle(rt);
    assert_int_equal(rc, WEFT_ECANCELED);
    char byte = 0;
    assert_int_equal(weft_fd_try_write(&other, "x", 1), 1);
    assert_int_equal(weft_fd_try_read(&one, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(weft_fd_try_read(&one, &byte, 1), WEFT_EAGAIN);
    weft_fd_close(&one);
    WORLD_UNTIL(weft_fd_try_write(&other, "x", 1) == WEFT_EPIPE); /* closed where the loop is turned; and no signal */
    weft_fd_close(&other);
    world_end(rt, 1);
}

/* A read whose buffer is another one each time that it is evaluated: by hand, as one with a buffer on the stack. */
struct changer {
    weft_frame weft;
    weft_fd *fd;
    char bytes[2];
    int evaluated;
    int *got;
};

static weft_poll changer(weft_context *cx, struct changer *self)
{
    const int got = weft_fd_read(cx, self->fd, &self->bytes[self->evaluated], 1);
    if (got == WEFT_AWAITING) {
        self->evaluated = 1;
        return WEFT_PENDING;
    }
    *self->got = got == 1 && self->evaluated == 1 && self->bytes[0] == 0 ? self->bytes[1] : -1;
    return WEFT_READY;
}

static void read_uses_only_the_buffer_of_its_last_evaluation(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    int got = 0;
    weft_spawn(weft_runtime_scope(rt), changer, .fd = &one, .got = &got);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    assert_int_equal(weft_fd_try_write(&other, "x", 1), 1);
    world_settle(rt);
    assert_int_equal(got, 'x');
    weft_fd_close(&one);
    weft_fd_close(&other);
    world_end(rt, 1);
}

struct racer {
    weft_frame weft;
    weft_fd *fd;
    weft_fd_future read;
    weft_sleep_future timeout;
    weft_select_state select;
    int timeouts, got;
    char byte;
};

static weft_poll racer(weft_context *cx, struct racer *self)
{
    WEFT_BEGIN(cx, self);
    while (self->got == 0) {
        weft_fd_read_begin(&self->read, self->fd, &self->byte, 1);
        weft_sleep_begin(&self->timeout, weft_deadline_in(1000000));
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->read.future, &self->timeout.future));
        if (self->weft.rc == 1 && ++self->timeouts == 3)
            VERDICT(weft_fd_number(self->fd) >= 0);
        if (self->weft.rc == 0)
            self->got = self->read.future.result;
    }
    WEFT_END(self->got == 1 && self->byte == 'y' ? self->timeouts : -1);
}

static void read_can_be_one_of_several(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_pipe(rt, &one, &other), 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), racer, .fd = &one);
    weft_fd_stats stats = {.size = sizeof stats};
    do
        assert_int_equal(weft_fd_stats_get(&one, &stats), 0);
    while (stats.waits < 4); /* three timeouts at least */
    assert_int_equal(weft_fd_try_write(&other, "y", 1), 1);
    int result = -1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_true(result >= 3);
    weft_fd_close(&one);
    weft_fd_close(&other);
    world_end(rt, 1);
}

struct ponger {
    weft_frame weft;
    weft_fd fd;
    weft_address from;
    char buffer[32];
    int length;
};

static weft_poll ponger(weft_context *cx, struct ponger *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->length, weft_receive(cx, &self->fd, self->buffer, sizeof self->buffer, &self->from));
    if (self->length > 0)
        WEFT_AWAIT(self->length, weft_send_to(cx, &self->fd, self->buffer, (size_t)self->length, &self->from));
    weft_fd_close(&self->fd);
    WEFT_END(self->length);
}

struct pinger {
    weft_frame weft;
    weft_fd fd;
    weft_address to, from;
    char buffer[4];
    int length;
};

static weft_poll pinger(weft_context *cx, struct pinger *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->length, weft_send_to(cx, &self->fd, "datagram", 8, &self->to));
    WEFT_AWAIT(self->length, weft_receive(cx, &self->fd, self->buffer, sizeof self->buffer, &self->from));
    VERDICT(weft_address_port(&self->from) == weft_address_port(&self->to));
    VERDICT(memcmp(self->buffer, "data", 4) == 0);
    weft_fd_close(&self->fd);
    WEFT_END(self->length);
}

static void datagrams_have_a_sender_and_a_whole_length(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    weft_address here = sockets_address("127.0.0.1:0");
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_datagram_open(rt, &here, "pong", &one), 0);
    assert_int_equal(weft_fd_addresses(&one, &here, NULL), 0);
    assert_int_equal(weft_datagram_open(rt, NULL, NULL, &other), 0);
    weft_spawn(weft_runtime_scope(rt), ponger, .fd = one);
    weft_task asks = weft_spawn_joinable(weft_runtime_scope(rt), pinger, .fd = other, .to = here);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&asks, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 8); /* though only four were taken */
    world_end(rt, 2);
    verdict_assert();
}

/* IO-03: what is borrowed can be given back and registered again; it does not block from then on. */
static void borrowed_descriptor_stays_open(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    weft_fd reader = {0};
    assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.name = "mine", .borrowed = true), &reader), 0);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(weft_fd_number(&reader), fds[0]);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &reader, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&reader) == 1);
    assert_int_equal(write(fds[1], "w", 1), 1);
    WORLD_UNTIL(atomic_load(&rc) == 1 && world_live(rt) == 0);
    weft_fd_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_fd_stats_get(&reader, &stats), 0);
    assert_string_equal(stats.name, "mine");
    assert_int_equal(stats.bytes_read, 1);
    weft_fd_close(&reader);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK); /* open, and as it was left */
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &reader), 0);
    weft_fd_close(&reader);
    world_end(rt, 1); /* the loop may have had to forget the number: it is closed after that */
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    close(fds[0]);
    close(fds[1]);
}

/* IO-06: what cannot be registered stays the caller's. */
static void bad_input_is_refused(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd fd = {0}, unset = {0};
    weft_address address;
    const char *const bad[] = {"", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:8x", "host:80", "[::1:80",
                               "[::1]", "[g]:1", "[fe80::1%]:1", "[fe80::1%no-such]:1", "[fe80::1%1x]:1", "unix:", "300.1.1.1:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(weft_address_parse(bad[i], &address), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_address_parse"));
    }
    char path[200] = "unix:/";
    memset(path + 6, 'x', sizeof path - 7);
    assert_int_equal(weft_address_parse(path, &address), WEFT_EINVAL);
    const char *const good[] = {"1.2.3.4:80", "[::1]:443", "[fe80::1%1]:80", "unix:/tmp/x", "unix:@abstract", "0.0.0.0:0"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[WEFT_ADDRESS_TEXT];
        assert_int_equal(weft_address_parse(good[i], &address), 0);
        assert_int_equal(weft_address_text(&address, text, sizeof text), (int)strlen(good[i]));
        assert_string_equal(text, good[i]);
    }
    assert_int_equal(weft_address_parse(":81", &address), 0);
    assert_int_equal(weft_address_port(&address), 81);
    char by_name[WEFT_ADDRESS_TEXT], interface[IF_NAMESIZE], by_number[WEFT_ADDRESS_TEXT];
    assert_non_null(if_indextoname(1, interface));
    snprintf(by_name, sizeof by_name, "[fe80::1%%%s]:80", interface);
    assert_int_equal(weft_address_parse(by_name, &address), 0);
    assert_true(weft_address_text(&address, by_number, sizeof by_number) > 0);
    assert_string_equal(by_number, "[fe80::1%1]:80");

    const int file = open("/proc/self/exe", O_RDONLY);
    assert_int_equal(weft_fd_open(rt, file, NULL, &fd), WEFT_EPERM);
    close(file);
    assert_int_equal(weft_fd_open(rt, file, NULL, &fd), WEFT_EBADF);
    assert_int_equal(weft_fd_open(NULL, 0, NULL, &fd), WEFT_EINVAL);
    assert_int_equal(weft_fd_open(rt, 0, NULL, NULL), WEFT_EINVAL);
    char byte;
    assert_int_equal(weft_fd_try_read(&unset, &byte, 1), WEFT_EINVAL);
    assert_int_equal(weft_fd_number(NULL), WEFT_EINVAL);
    assert_int_equal(weft_fd_shutdown(&unset, false, false), WEFT_EINVAL);
    assert_int_equal(weft_fd_set(&unset, (weft_socket_option)9, 1), WEFT_EINVAL);
    assert_int_equal(weft_fd_read(NULL, &unset, &byte, 1), WEFT_EINVAL);
    assert_int_equal(weft_accept(NULL, &unset, &fd, NULL), WEFT_EINVAL);
    assert_int_equal(weft_connect(NULL, &address, &fd), WEFT_EINVAL);
    assert_int_equal(weft_listen(rt, NULL, NULL, &fd), WEFT_EINVAL);
    address = sockets_address("1.2.3.4:1");
    assert_int_equal(weft_listen(rt, &address, NULL, &fd), WEFT_EADDRNOTAVAIL);
    assert_non_null(strstr(weft_error_detail(), "1.2.3.4:1"));
    weft_fd reader = {0}, writer = {0};
    assert_int_equal(weft_pipe(rt, &reader, &writer), 0);
    assert_int_equal(weft_fd_set(&reader, WEFT_NODELAY, 1), WEFT_EINVAL); /* not a socket */
    assert_int_equal(weft_fd_shutdown(&reader, true, true), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_fd_shutdown: descriptor"));
    assert_non_null(strstr(weft_error_detail(), "is no socket: close it"));
    assert_int_equal(weft_fd_addresses(&reader, &address, NULL), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_fd_addresses: descriptor"));
    assert_non_null(strstr(weft_error_detail(), "is no socket: give one of"));
    weft_fd_close(&reader);
    weft_fd_close(&writer);
    world_end(rt, 0);
}

/* To read nothing takes nothing: a datagram is as long as it is. */
static void nothing_is_read_for_no_bytes(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd fd = {0};
    weft_address own = sockets_address("127.0.0.1:0");
    char byte = 'x';
    assert_int_equal(weft_datagram_open(rt, &own, NULL, &fd), 0);
    assert_int_equal(weft_fd_addresses(&fd, &own, NULL), 0);
    assert_int_equal(sendto(weft_fd_number(&fd), &byte, 1, 0, (const struct sockaddr *)(const void *)own.sockaddr.bytes, own.length), 1);
    byte = '-';
    assert_int_equal(weft_fd_try_read(&fd, &byte, 0), 0);
    assert_int_equal(weft_fd_try_read(&fd, NULL, 0), 0);
    assert_int_equal(weft_fd_try_read(&fd, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(weft_fd_try_write(&fd, NULL, 0), 0);
    assert_int_equal(weft_fd_try_read(&fd, &byte, 0), 0); /* not WEFT_EAGAIN: as weft_fd_read() */
    weft_fd_close(&fd);
    assert_int_equal(weft_fd_try_read(&fd, &byte, 0), WEFT_EBADF);
    world_end(rt, 0);
}

struct looker {
    unsigned count;
    bool named;
};

static int look(void *context, const weft_fd_stats *stats)
{
    struct looker *looker = context;
    looker->count++;
    looker->named |= strcmp(stats->name, "pipe") == 0 && stats->kind == WEFT_FD_STREAM && stats->fd >= 0;
    return 0;
}

static void visit_shows_every_descriptor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd reader = {0}, writer = {0};
    assert_int_equal(weft_pipe(rt, &reader, &writer), 0);
    struct looker looker = {0};
    assert_int_equal(weft_fd_visit(rt, look, &looker), 0);
    assert_int_equal(looker.count, 2);
    assert_true(looker.named);
    weft_fd_close(&reader);
    weft_fd_close(&writer);
    looker.count = 0;
    assert_int_equal(weft_fd_visit(rt, look, &looker), 0);
    assert_int_equal(looker.count, 0);
    world_end(rt, 0);
}

/* A connection has its listener's name, as much of it as is kept, also when that is closed and its place is another's. */
static void connection_keeps_the_name_of_its_listener(void **state)
{
    (void)state;
    static const char name[] = "orders of the night, which are many and whose listener has a long name";
    weft_runtime *rt = world_begin(1);
    weft_address address = sockets_address("127.0.0.1:0");
    weft_fd listener = {0}, one = {0}, two = {0};
    assert_int_equal(weft_listen(rt, &address, WEFT_LISTEN_OPTIONS(.name = name), &listener), 0);
    assert_int_equal(weft_fd_addresses(&listener, &address, NULL), 0);
    const int peer = sockets_connect_accepted(rt, &address, listener, &one), other = sockets_connect_accepted(rt, &address, listener, &two);
    weft_fd_close(&listener);
    weft_fd_close(&one);
    listener = sockets_listener(rt, &address);
    weft_fd_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_fd_stats_get(&two, &stats), 0);
    assert_int_equal(strlen(stats.name), sizeof stats.name - 1);
    assert_memory_equal(stats.name, name, sizeof stats.name - 1);
    assert_int_equal(weft_fd_stats_get(&listener, &stats), 0);
    assert_string_equal(stats.name, "listener");
    close(peer);
    close(other);
    weft_fd_close(&two);
    weft_fd_close(&listener);
    world_end(rt, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_over_every_kind_of_socket),
        cmocka_unit_test(close_under_a_wait_wakes_it_with_ebadf),
        cmocka_unit_test(cancelled_wait_takes_nothing),
        cmocka_unit_test(read_uses_only_the_buffer_of_its_last_evaluation),
        cmocka_unit_test(read_can_be_one_of_several),
        cmocka_unit_test(connection_keeps_the_name_of_its_listener),
        cmocka_unit_test(datagrams_have_a_sender_and_a_whole_length),
        cmocka_unit_test(borrowed_descriptor_stays_open),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(nothing_is_read_for_no_bytes),
        cmocka_unit_test(visit_shows_every_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
