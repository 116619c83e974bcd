/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lib/sockets.h"

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>


int sockets_open_fds(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

bool sockets_have_ipv6(void)
{
    const struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool have = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof loopback) == 0;
    if (fd >= 0)
        close(fd);
    return have;
}

weft_address sockets_address(const char *text)
{
    weft_address address;
    assert_int_equal(weft_address_parse(text, &address), 0);
    return address;
}

weft_fd sockets_listener(weft_runtime *rt, weft_address *out_address)
{
    weft_fd listener = {0};
    *out_address = sockets_address("127.0.0.1:0");
    assert_int_equal(weft_listen(rt, out_address, NULL, &listener), 0);
    assert_int_equal(weft_fd_addresses(&listener, out_address, NULL), 0);
    return listener;
}

weft_poll echo(weft_context *cx, struct echo *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->length, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
        if (self->length <= 0)
            break;
        self->done = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->buffer, (size_t)self->length, &self->done));
        if (self->weft.rc < 0) {
            self->length = self->weft.rc;
            break;
        }
    }
    weft_fd_close(&self->fd);
    WEFT_END(self->length);
}

weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->connection, NULL));
        if (self->weft.rc < 0)
            break;
        if (weft_task_error(weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), echo, .fd = self->connection)) < 0)
            weft_fd_close(&self->connection);
    }
    weft_fd_close(&self->listener);
    WEFT_END(0);
}

weft_poll client(weft_context *cx, struct client *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_connect(cx, self->address, &self->fd));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (self->i = 0; self->i < self->rounds; self->i++) {
        memset(self->out, 'a' + self->i % 26, sizeof self->out);
        self->done = self->got = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->out, sizeof self->out, &self->done));
        if (self->weft.rc < 0)
            break;
        while (self->got < sizeof self->in) {
            WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->in + self->got, sizeof self->in - self->got));
            if (self->weft.rc <= 0)
                break;
            self->got += (size_t)self->weft.rc;
        }
        if (self->got == sizeof self->in && memcmp(self->in, self->out, sizeof self->in) == 0)
            atomic_fetch_add(self->right, 1);
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

weft_poll fd_waiter(weft_context *cx, struct fd_waiter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, self->fd, &self->byte, 1));
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

uint32_t sockets_waiting(const weft_fd *fd)
{
    weft_fd_stats stats = {.size = sizeof stats};
    return weft_fd_stats_get(fd, &stats) == 0 ? stats.waiting : 0;
}

int sockets_connect_plainly(const weft_address *address)
{
    const struct sockaddr *where = (const struct sockaddr *)(const void *)address->sockaddr.bytes;
    const int fd = socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, where, address->length), 0);
    return fd;
}

weft_poll accepter(weft_context *cx, struct accepter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, self->out, NULL));
    WEFT_END(self->weft.rc);
}

int sockets_connect_accepted(weft_runtime *rt, const weft_address *address, weft_fd listener, weft_fd *out)
{
    const int peer = sockets_connect_plainly(address);
    weft_task accepting = weft_spawn_joinable(weft_runtime_scope(rt), accepter, .listener = listener, .out = out);
    int result = -1;
    assert_int_equal(weft_task_join_blocking(&accepting, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    return peer;
}
