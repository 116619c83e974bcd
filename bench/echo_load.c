/* SPDX-License-Identifier: MIT */
/*
 * The load of an echo server, and what the server spends on it. The same program loads weft and its peers: it starts the
 * server that stands behind "--", which says its port, and ends it again. The server has the last processor that we may
 * use to itself, the load the first.
 *
 *     bench-echo_load tcp_echo connections=64 bytes=64 -- build/bench/bin/bench-tcp_echo workers=1
 *
 * tcp_echo: a closed loop, one message under way on each connection. The load, too, spends a send and a receive on each
 * message, so it is as slow as a good server: compare processor time (`cpu`, the server's) and p99 (of the round trip),
 * not messages per second.
 * idle_connection: resident bytes of the server per connection that has echoed one message, and waits.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/harness.h"

enum { BYTES_MAX = 65536, EVENTS = 512, DESCRIPTORS_MORE = 64, SETTLE_NS = 200000000 };

struct connection {
    int fd;
    long got;     /* bytes of the message under way that have come back */
    int64_t sent; /* when it went */
};

static char server_peer[32], server_version[64];
static struct sockaddr_in server_address;
static struct connection *connections;
static long connection_count, bytes;
static int64_t *round_trips;
static int loop = -1; /* an epoll */
static char out[BYTES_MAX], in[BYTES_MAX];

/* --- the server's process --------------------------------------------------------------------------------------------
 */

/* The first or the last processor of those that `allowed` has. */
static void pin_to(const cpu_set_t *allowed, bool last)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed) && (last || CPU_COUNT(&one) == 0)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
        }
    sched_setaffinity(0, sizeof one, &one);
}

/* In the child: become the server. It does not outlive us, whatever becomes of us. */
static void server_become(char **command, int said, const cpu_set_t *allowed)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(said, STDOUT_FILENO);
    pin_to(allowed, true);
    execv(command[0], command);
    perror(command[0]);
    _exit(127);
}

/* {"peer":"…","version":"…","port":N} */
static int server_hear(int said)
{
    char row[256];
    unsigned port;
    FILE *file = fdopen(said, "r");
    if (!file || !fgets(row, sizeof row, file) ||
        sscanf(row, "{\"peer\":\"%31[^\"]\",\"version\":\"%63[^\"]\",\"port\":%u}", server_peer, server_version, &port) != 3) {
        fprintf(stderr, "the server does not say where it listens\n");
        return 1;
    }
    server_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return 0; /* the file stays open: what else the server says has a reader */
}

static int server_start(struct bench *bench)
{
    cpu_set_t allowed;
    int said[2];
    if (!bench->rest[0]) {
        fprintf(stderr, "%s: give a server behind --\n", bench->line->name);
        return 1;
    }
    sched_getaffinity(0, sizeof allowed, &allowed);
    if (pipe(said) != 0 || (bench->process = fork()) < 0)
        return 1;
    if (bench->process == 0)
        server_become(bench->rest, said[1], &allowed);
    close(said[1]);
    pin_to(&allowed, false);
    if (server_hear(said[0]) != 0)
        return 1;
    bench->peer = server_peer;
    bench->version = server_version;
    return 0;
}

/* --- connections -----------------------------------------------------------------------------------------------------
 */

static int connection_lost(const struct connection *connection, const char *what)
{
    fprintf(stderr, "connection %ld: %s: %s\n", (long)(connection - connections), what, strerror(errno));
    return 1;
}

/* Open one. It is reset when it ends, so that thousands of them leave nothing behind in the system. */
static int connection_open(struct connection *connection)
{
    const struct linger reset = {.l_onoff = 1};
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&server_address, sizeof server_address) != 0)
        return connection_lost(connection, "connect");
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd, &event) == 0 ? 0 : connection_lost(connection, "epoll_ctl");
}

static int connection_send(struct connection *connection)
{
    connection->got = 0;
    connection->sent = bench_now();
    return send(connection->fd, out, (size_t)bytes, MSG_NOSIGNAL) == bytes ? 0 : connection_lost(connection, "send");
}

/* What has come: 1 if the message is complete, 0 if not yet, -1 if the connection is lost. */
static int connection_receive(struct connection *connection)
{
    const ssize_t more = recv(connection->fd, in, (size_t)(bytes - connection->got), 0);
    if (more <= 0) {
        connection_lost(connection, "recv");
        return -1;
    }
    connection->got += more;
    return connection->got == bytes;
}

static void connections_close(void)
{
    for (long i = 0; i < connection_count; i++)
        close(connections[i].fd);
    free(connections);
    if (loop >= 0)
        close(loop);
    connections = NULL;
    connection_count = 0;
    loop = -1;
}

static int connections_open(long count)
{
    connections = calloc((size_t)count, sizeof *connections);
    loop = epoll_create1(EPOLL_CLOEXEC);
    if (!connections || loop < 0)
        return 1;
    for (; connection_count < count; connection_count++)
        if (connection_open(&connections[connection_count]) != 0)
            return 1;
    return 0;
}

/* Read the answers of those that have some, until `want` are complete; each is followed by the next message if `again`. */
static int answers_take(long want, bool again)
{
    struct epoll_event events[EVENTS];
    for (long taken = 0; taken < want;) {
        const int count = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < count; i++) { /* all of them, even if those are more than wanted */
            struct connection *connection = events[i].data.ptr;
            const int complete = connection_receive(connection);
            if (complete < 0)
                return 1;
            if (!complete)
                continue;
            if (round_trips && taken < want)
                round_trips[taken] = bench_now() - connection->sent;
            taken++;
            if (again && connection_send(connection) != 0)
                return 1;
        }
    }
    return 0;
}

/* --- echo ------------------------------------------------------------------------------------------------------------
 */

static int bytes_param(struct bench *bench)
{
    bytes = bench_param(bench, "bytes", 64);
    if (bytes >= 1 && bytes <= BYTES_MAX)
        return 0;
    fprintf(stderr, "%s: bytes=%ld: give 1 to %d\n", bench->line->name, bytes, BYTES_MAX);
    return 1;
}

static int echo_begin(struct bench *bench)
{
    const long count = bench_param(bench, "connections", 64);
    round_trips = calloc((size_t)bench->ops, sizeof *round_trips);
    if (!round_trips || bytes_param(bench) != 0 || server_start(bench) != 0 || connections_open(count) != 0)
        return 1;
    for (long i = 0; i < count; i++)
        if (connection_send(&connections[i]) != 0)
            return 1;
    return 0;
}

static int echo(struct bench *bench)
{
    const int64_t begin = bench_now();
    if (answers_take(bench->ops, true) != 0)
        return 1;
    const double wall = (double)(bench_now() - begin) / (double)bench->ops;
    bench_take_samples(bench, round_trips, (size_t)bench->ops, 1);
    bench->value = wall; /* p99 is the round trip's */
    return 0;
}

/* --- idle connections ------------------------------------------------------------------------------------------------
 */

/* Descriptors for all of them, here and in the server. */
static int descriptors_allow(long count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if ((long)limit.rlim_max >= count + DESCRIPTORS_MORE && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    fprintf(stderr, "%ld descriptors are not allowed here, at most %ld are\n", count + DESCRIPTORS_MORE, (long)limit.rlim_max);
    return 1;
}

static int idle_begin(struct bench *bench)
{
    return bytes_param(bench) != 0 || descriptors_allow(bench->ops) != 0 || server_start(bench) != 0;
}

/* One after the other: the server has at most one message at a time. */
static int idle_echo_each(long count)
{
    for (long i = 0; i < count; i++)
        if (connection_send(&connections[i]) != 0 || answers_take(1, false) != 0)
            return 1;
    return 0;
}

static int idle(struct bench *bench)
{
    const struct timespec settle = {.tv_nsec = SETTLE_NS};
    nanosleep(&settle, NULL); /* until it has all that it has of its own */
    const int64_t before = bench_resident_of(bench->process);
    if (connections_open(bench->ops) != 0 || idle_echo_each(bench->ops) != 0)
        return 1;
    nanosleep(&settle, NULL);
    bench->value = (double)(bench_resident_of(bench->process) - before) / (double)bench->ops;
    connections_close();
    return 0;
}

static void end(struct bench *bench)
{
    if (bench->process > 0) {
        kill(bench->process, SIGKILL);
        waitpid(bench->process, NULL, 0);
    }
    connections_close();
    free(round_trips);
}

static const struct bench_line lines[] = {
    {.name = "tcp_echo", .unit = "ns", .ops = 100000, .begin = echo_begin, .round = echo, .end = end},
    {.name = "idle_connection", .unit = "bytes", .ops = 10000, .once = true, .begin = idle_begin, .round = idle,
     .end = end},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "?", "?", lines, sizeof lines / sizeof *lines);
}
