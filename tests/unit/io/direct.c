/* SPDX-License-Identifier: MIT */
/* What a socket answers, by the system's call and by libc's: the same, whichever is taken. */
#include "io/direct.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "lib/world.h"

enum { UNTOUCHED = 4711 }; /* a number that no errno has */

static int setup_direct(void **state)
{
    (void)state;
    weft__direct = true;
    return 0;
}

static int setup_libc(void **state)
{
    (void)state;
    weft__direct = false;
    return 0;
}

static void pair(int out[2]) { assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out), 0); }

static void bytes_come_as_they_were_sent(void **state)
{
    (void)state;
    int end[2];
    char buffer[64] = "";
    pair(end);
    assert_int_equal(weft__direct_send(end[0], "twelve bytes", 12), 12);
    assert_int_equal(weft__direct_recv(end[1], buffer, 6), 6); /* as many as were asked for */
    assert_int_equal(weft__direct_recv(end[1], buffer + 6, sizeof buffer - 6), 6);
    assert_memory_equal(buffer, "twelve bytes", 12);
    close(end[0]);
    assert_int_equal(weft__direct_recv(end[1], buffer, sizeof buffer), 0);
    close(end[1]);
}

static void nothing_there_and_no_room_are_told(void **state)
{
    (void)state;
    int end[2];
    static char much[4096];
    pair(end);
    assert_int_equal(weft__direct_recv(end[1], much, sizeof much), -EAGAIN);
    ssize_t sent;
    do
        sent = weft__direct_send(end[0], much, sizeof much);
    while (sent > 0);
    assert_int_equal(sent, -EAGAIN);
    close(end[0]);
    close(end[1]);
}

static void other_side_that_has_gone_is_told_without_a_signal(void **state)
{
    (void)state;
    int end[2];
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    pair(end);
    close(end[1]);
    assert_int_equal(weft__direct_send(end[0], "x", 1), -EPIPE);
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(end[0]);
}

static void connection_that_was_reset_is_told(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0), one = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(one, (struct sockaddr *)&address, length), 0);
    const int other = accept(listener, NULL, NULL);
    assert_true(other >= 0);
    const struct linger now = {.l_onoff = 1};
    setsockopt(other, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(other); /* by a reset, which the loopback delivers within the call */
    char byte;
    assert_int_equal(weft__direct_recv(one, &byte, 1), -ECONNRESET);
    assert_int_equal(weft__direct_send(one, "x", 1), -EPIPE);
    close(one);
    close(listener);
}

static void wrong_descriptors_and_addresses_are_told(void **state)
{
    (void)state;
    int end[2];
    char byte;
    pair(end);
    const int null = open("/dev/null", O_RDWR);
    assert_true(null >= 0);
    assert_int_equal(weft__direct_recv(null, &byte, 1), -ENOTSOCK);
    assert_int_equal(weft__direct_send(null, "x", 1), -ENOTSOCK);
    close(null);
    close(end[0]);
    close(end[1]);
    assert_int_equal(weft__direct_recv(end[0], &byte, 1), -EBADF);
    assert_int_equal(weft__direct_send(end[0], "x", 1), -EBADF);
}

/* The rest of a program may look at errno after a call that has nothing to do with weft. */
static void systems_call_leaves_errno_alone(void **state)
{
    (void)state;
    char byte;
    errno = UNTOUCHED;
    assert_int_equal(weft__direct_recv(-1, &byte, 1), -EBADF);
    assert_int_equal(errno, UNTOUCHED);
}

/* Nobody stands between here, but for a sanitizer, whose recv() and send() are its own. */
static void whose_the_calls_are_is_found(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    world_end(rt, 0);
    assert_int_equal(weft__direct, !WORLD_SANITIZED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_the_calls_are_is_found), /* before one is chosen */
        cmocka_unit_test_setup(systems_call_leaves_errno_alone, setup_direct),
        cmocka_unit_test_setup(bytes_come_as_they_were_sent, setup_direct),
        cmocka_unit_test_setup(bytes_come_as_they_were_sent, setup_libc),
        cmocka_unit_test_setup(nothing_there_and_no_room_are_told, setup_direct),
        cmocka_unit_test_setup(nothing_there_and_no_room_are_told, setup_libc),
        cmocka_unit_test_setup(other_side_that_has_gone_is_told_without_a_signal, setup_direct),
        cmocka_unit_test_setup(other_side_that_has_gone_is_told_without_a_signal, setup_libc),
        cmocka_unit_test_setup(connection_that_was_reset_is_told, setup_direct),
        cmocka_unit_test_setup(connection_that_was_reset_is_told, setup_libc),
        cmocka_unit_test_setup(wrong_descriptors_and_addresses_are_told, setup_direct),
        cmocka_unit_test_setup(wrong_descriptors_and_addresses_are_told, setup_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
