/* SPDX-License-Identifier: MIT */
/*
 * This program stands between the library and libc's recv() and send(), as a preloaded network stack would: it sees each read and
 * each write of a socket, though the library makes the system's calls itself where nobody does.
 */
#define _GNU_SOURCE
#include "lib/world.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/verdict.h"

static atomic_uint received, sent;

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buffer, size_t length, int flags)
{
    atomic_fetch_add(&received, 1);
    return syscall(SYS_recvfrom, fd, buffer, length, flags, NULL, NULL);
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void *buffer, size_t length, int flags)
{
    atomic_fetch_add(&sent, 1);
    return syscall(SYS_sendto, fd, buffer, length, flags, NULL, 0);
}

struct asker {
    weft_frame weft;
    weft_fd *one, *other;
    size_t done;
    char byte;
};

static weft_poll asker(weft_context *cx, struct asker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, self->one, "x", 1, &self->done));
    VERDICT(self->weft.rc == 0 && atomic_load(&sent) == 1);
    WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, self->other, &self->byte, 1));
    VERDICT(self->weft.rc == 1 && self->byte == 'x' && atomic_load(&received) >= 1);
    WEFT_END(0);
}

static void who_stands_between_sees_each_call(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    weft_spawn(weft_runtime_scope(rt), asker, .one = &one, .other = &other);
    world_settle(rt);
    verdict_assert();
    const unsigned before_received = atomic_load(&received), before_sent = atomic_load(&sent);
    char byte;
    assert_int_equal(weft_fd_try_write(&one, "y", 1), 1);
    assert_int_equal(atomic_load(&sent), before_sent + 1);
    assert_int_equal(weft_fd_try_read(&other, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(atomic_load(&received), before_received + 1);
    assert_int_equal(weft_fd_try_read(&other, &byte, 1), WEFT_EAGAIN);
    assert_int_equal(atomic_load(&received), before_received + 2);
    weft_fd_close(&one);
    weft_fd_close(&other);
    world_end(rt, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_stands_between_sees_each_call)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
