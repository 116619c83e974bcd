/* SPDX-License-Identifier: MIT */
/*
 * The load of an echo server, and what the server spends on it. The same program loads weft and its peers: it starts the
 * server that stands behind "--", and ends it again (lib/server.h). Several at once: echo_together.c.
 *
 *     bench-echo_load tcp_echo connections=64 bytes=64 -- build/bench/bin/bench-tcp_echo workers=1
 *
 * tcp_echo: a closed loop, one message under way on each connection. The load, too, spends a send and a receive on each
 * message, so it is as slow as a good server: compare processor time (`cpu`, the server's) and p99 (of the round trip),
 * not messages per second.
 * idle_connection: resident bytes of the server per connection that has echoed one message, and waits.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/connections.h"
#include "lib/harness.h"
#include "lib/server.h"

enum { SETTLE_NS = 200000000 };

static struct server server;
static struct connections connections = CONNECTIONS_NONE;
static long bytes;
static int64_t *round_trips;

static int load_begin(struct bench *bench)
{
    if (!bench->rest[0]) {
        fprintf(stderr, "%s: give a server behind --\n", bench->line->name);
        return 1;
    }
    if (server_start(&server, bench->rest) != 0)
        return 1;
    bench->process = server.process;
    bench->peer = server.peer;
    bench->version = server.version;
    return 0;
}

static int bytes_param(struct bench *bench)
{
    bytes = bench_param(bench, "bytes", 64);
    if (bytes >= 1 && bytes <= CONNECTION_BYTES_MAX)
        return 0;
    fprintf(stderr, "%s: bytes=%ld: give 1 to %d\n", bench->line->name, bytes, CONNECTION_BYTES_MAX);
    return 1;
}

static int echo_begin(struct bench *bench)
{
    const long count = bench_param(bench, "connections", 64);
    round_trips = calloc((size_t)bench->ops, sizeof *round_trips);
    return !round_trips || bytes_param(bench) != 0 || load_begin(bench) != 0 ||
           connections_open(&connections, &server.address, count, bytes) != 0 || connections_send_all(&connections) != 0;
}

static int echo(struct bench *bench)
{
    const int64_t begin = bench_now();
    if (connections_take(&connections, (struct answers){.want = bench->ops, .again = LONG_MAX, .trips = round_trips}) != 0)
        return 1;
    const double wall = (double)(bench_now() - begin) / (double)bench->ops;
    bench_take_samples(bench, round_trips, (size_t)bench->ops, 1);
    bench->value = wall; /* p99 is the round trip's */
    return 0;
}

static int idle_begin(struct bench *bench)
{
    return bytes_param(bench) != 0 || connections_allow(bench->ops) != 0 || load_begin(bench) != 0;
}

/* One after the other: the server has at most one message at a time. */
static int idle_echo_each(long count)
{
    for (long i = 0; i < count; i++)
        if (connections_send(&connections, i) != 0 || connections_take(&connections, (struct answers){.want = 1}) != 0)
            return 1;
    return 0;
}

static int idle(struct bench *bench)
{
    const struct timespec settle = {.tv_nsec = SETTLE_NS};
    nanosleep(&settle, NULL); /* until it has all that it has of its own */
    const int64_t before = bench_resident_of(bench->process);
    if (connections_open(&connections, &server.address, bench->ops, bytes) != 0 || idle_echo_each(bench->ops) != 0)
        return 1;
    nanosleep(&settle, NULL);
    bench->value = (double)(bench_resident_of(bench->process) - before) / (double)bench->ops;
    connections_close(&connections);
    return 0;
}

static void end(struct bench *bench)
{
    (void)bench;
    server_stop(&server);
    connections_close(&connections);
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
