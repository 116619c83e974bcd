/* SPDX-License-Identifier: MIT */
#include "lib/connections.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

enum { EVENTS = 512, DESCRIPTORS_MORE = 64 };

static char out[CONNECTION_BYTES_MAX], in[CONNECTION_BYTES_MAX];

static int connection_lost(const struct connections *set, const struct connection *connection, const char *what)
{
    fprintf(stderr, "connection %ld: %s: %s\n", (long)(connection - set->all), what, strerror(errno));
    return 1;
}

/* Open one. It is reset when it ends, so that thousands of them leave nothing behind in the system. */
static int connection_open(struct connections *set, struct connection *connection, const struct sockaddr_in *address)
{
    const struct linger reset = {.l_onoff = 1};
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return connection_lost(set, connection, "connect");
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return epoll_ctl(set->loop, EPOLL_CTL_ADD, connection->fd, &event) == 0 ? 0 : connection_lost(set, connection, "epoll_ctl");
}

static int connection_send(struct connections *set, struct connection *connection)
{
    connection->got = 0;
    connection->sent = bench_now();
    return send(connection->fd, out, (size_t)set->bytes, MSG_NOSIGNAL) == set->bytes ? 0 : connection_lost(set, connection, "send");
}

/* What has come: 1 if the message is complete, 0 if not yet, -1 if the connection is lost. */
static int connection_receive(struct connections *set, struct connection *connection)
{
    const ssize_t more = recv(connection->fd, in, (size_t)(set->bytes - connection->got), 0);
    if (more <= 0) {
        connection_lost(set, connection, "recv");
        return -1;
    }
    connection->got += more;
    return connection->got == set->bytes;
}

int connections_open(struct connections *set, const struct sockaddr_in *address, long count, long bytes)
{
    set->all = calloc((size_t)count, sizeof *set->all);
    set->loop = epoll_create1(EPOLL_CLOEXEC);
    set->bytes = bytes;
    if (!set->all || set->loop < 0)
        return 1;
    for (set->count = 0; set->count < count; set->count++)
        if (connection_open(set, &set->all[set->count], address) != 0)
            return 1;
    return 0;
}

void connections_close(struct connections *set)
{
    for (long i = 0; i < set->count; i++)
        close(set->all[i].fd);
    free(set->all);
    if (set->loop >= 0)
        close(set->loop);
    *set = (struct connections)CONNECTIONS_NONE;
}

int connections_send(struct connections *set, long index) { return connection_send(set, &set->all[index]); }

int connections_send_all(struct connections *set)
{
    for (long i = 0; i < set->count; i++)
        if (connections_send(set, i) != 0)
            return 1;
    return 0;
}

int connections_take(struct connections *set, struct answers answers)
{
    struct epoll_event events[EVENTS];
    for (long taken = 0; taken < answers.want;) {
        const int count = epoll_wait(set->loop, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            const int complete = connection_receive(set, connection);
            if (complete < 0)
                return 1;
            if (!complete)
                continue;
            if (answers.trips && taken < answers.want)
                answers.trips[taken] = bench_now() - connection->sent;
            if (taken++ < answers.again && connection_send(set, connection) != 0)
                return 1;
        }
    }
    return 0;
}

int connections_allow(long count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if ((long)limit.rlim_max >= count + DESCRIPTORS_MORE && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    fprintf(stderr, "%ld descriptors are not allowed here, at most %ld are\n", count + DESCRIPTORS_MORE, (long)limit.rlim_max);
    return 1;
}
