/* SPDX-License-Identifier: MIT */
/*
 * Which of several echo servers spends least on a message? All of them are alive at once, on the same processor, each with its
 * connections open; the load goes round them in a random order, some thousand messages at a time. So they meet the same machine,
 * from one hundredth of a second to the next, and a round's ratio to the first server is worth more than a median of rounds that lie
 * minutes apart: differences of a hundredth are seen that bench/compare, whose servers take turns as processes, cannot see.
 *
 *     bench-echo_together connections=64 messages=8000 seconds=40 --
 *         build/bench/bin/bench-tcp_echo workers=1 -- build/bench/peers/tokio-peer tcp_echo workers=1
 *
 * rounds=N ends it earlier. Of each server: processor time per message, its ratio to the first one's in the same round (median, the middle half of the rounds,
 * and between what the median lies with 95 %), and p99 of the round trips with its ratio. The first message of each connection in a
 * round, all sent at once, counts for the former and not for the latter. Above 1: the first server is ahead.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/connections.h"
#include "lib/server.h"

enum { SERVERS_MAX = 16, ROUNDS_MAX = 20000, BYTES = 64, WARM = 2, TAIL_NS = 300000 };

/* What one round of a server came to. */
struct round {
    double cpu_ns; /* per message */
    double p99_ns;
};

struct contestant {
    struct server server;
    struct connections connections;
    clockid_t clock; /* of its processor time */
    struct round *rounds;
};

static struct contestant contestants[SERVERS_MAX];
static long contestant_count;
static int64_t *trips;

static long param_connections = 64, param_messages = 8000, param_seconds = 40, param_rounds = ROUNDS_MAX;

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int compare_times(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* NAME=NUMBER, or not. */
static int param_take(const char *argument)
{
    const struct {
        const char *name;
        long *value;
    } known[] = {{"connections=", &param_connections}, {"messages=", &param_messages}, {"seconds=", &param_seconds},
                 {"rounds=", &param_rounds}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t length = strlen(known[i].name);
        char *end;
        if (strncmp(argument, known[i].name, length) != 0)
            continue;
        errno = 0;
        *known[i].value = strtol(argument + length, &end, 10);
        if (errno == 0 && *end == '\0' && *known[i].value > 0)
            return 0;
    }
    fprintf(stderr, "%s: give connections=N messages=N seconds=N rounds=N, and each server behind --\n", argument);
    return 1;
}

/* What stands behind each "--" is a server; ends it with NULL in place of the next. */
static int contestants_start(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (param_take(argv[i]) != 0)
            return 1;
    if (param_messages <= param_connections) {
        fprintf(stderr, "messages=%ld: give more than one for each of %ld connections\n", param_messages, param_connections);
        return 1;
    }
    while (i < argc) {
        char **command = &argv[++i];
        for (; i < argc && strcmp(argv[i], "--") != 0; i++)
            continue;
        if (i < argc)
            argv[i] = NULL;
        if (!*command || contestant_count == SERVERS_MAX) {
            fprintf(stderr, "give 1 to %d servers, each behind --\n", SERVERS_MAX);
            return 1;
        }
        if (server_start(&contestants[contestant_count++].server, command) != 0)
            return 1;
    }
    if (contestant_count == 0)
        fprintf(stderr, "give a server behind --\n");
    return contestant_count == 0;
}

static int contestant_connect(struct contestant *contestant)
{
    contestant->connections = (struct connections)CONNECTIONS_NONE;
    contestant->rounds = calloc(ROUNDS_MAX, sizeof *contestant->rounds);
    if (!contestant->rounds || clock_getcpuclockid(contestant->server.process, &contestant->clock) != 0)
        return 1;
    return connections_open(&contestant->connections, &contestant->server.address, param_connections, BYTES);
}

static int64_t contestant_cpu_ns(const struct contestant *contestant)
{
    struct timespec used;
    clock_gettime(contestant->clock, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static int contestant_round(struct contestant *contestant, struct round *out)
{
    struct connections *set = &contestant->connections;
    const int64_t before = contestant_cpu_ns(contestant);
    if (connections_send_all(set) != 0 ||
        connections_take(set, (struct answers){.want = param_messages, .again = param_messages - param_connections, .trips = trips}) != 0)
        return 1;
    nanosleep(&(struct timespec){.tv_nsec = TAIL_NS}, NULL); /* what it does behind the last answer is its own, too */
    const size_t steady = (size_t)(param_messages - param_connections);
    int64_t *const in_turn = trips + param_connections;
    qsort(in_turn, steady, sizeof *in_turn, compare_times);
    *out = (struct round){(double)(contestant_cpu_ns(contestant) - before) / (double)param_messages,
                          (double)in_turn[steady * 99 / 100]};
    return 0;
}

/* A round of each, in an order that differs from round to round. */
static int round_of_all(int round)
{
    static unsigned seed = 1;
    int order[SERVERS_MAX];
    for (int i = 0; i < contestant_count; i++) {
        const int j = rand_r(&seed) % (i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < contestant_count; i++)
        if (contestant_round(&contestants[order[i]], &contestants[order[i]].rounds[round]) != 0)
            return 1;
    return 0;
}

/* How many were measured; -1: one of them failed. */
static int rounds_run(void)
{
    for (int i = 0; i < WARM; i++)
        if (round_of_all(0) != 0)
            return -1;
    const int64_t end = bench_now() + (int64_t)param_seconds * 1000000000;
    int rounds = 0;
    do {
        if (round_of_all(rounds) != 0)
            return -1;
    } while (++rounds < param_rounds && rounds < ROUNDS_MAX && bench_now() < end);
    return rounds;
}

static double at(const double *sorted, int count, double index)
{
    const int i = (int)index;
    return sorted[i < 0 ? 0 : i >= count ? count - 1 : i];
}

static void tell(const struct contestant *contestant, int rounds)
{
    static double cpu[ROUNDS_MAX], p99[ROUNDS_MAX], cpu_ratio[ROUNDS_MAX], p99_ratio[ROUNDS_MAX];
    const struct round *first = contestants[0].rounds;
    for (int i = 0; i < rounds; i++) {
        cpu[i] = contestant->rounds[i].cpu_ns;
        p99[i] = contestant->rounds[i].p99_ns;
        cpu_ratio[i] = cpu[i] / first[i].cpu_ns;
        p99_ratio[i] = p99[i] / first[i].p99_ns;
    }
    double *const all[] = {cpu, p99, cpu_ratio, p99_ratio};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        qsort(all[i], (size_t)rounds, sizeof **all, compare_doubles);
    const double middle = (rounds - 1) / 2.0, reach = 0.98 * sqrt(rounds); /* ranks between which the median lies with 95 % */
    printf("%-8s %8.0f  %.3f  %.3f to %.3f  %.3f to %.3f %8.0f  %.2f  %.2f to %.2f\n", contestant->server.peer, at(cpu, rounds, middle),
           at(cpu_ratio, rounds, middle), at(cpu_ratio, rounds, middle - reach), at(cpu_ratio, rounds, middle + reach + 1),
           at(cpu_ratio, rounds, rounds * 0.25), at(cpu_ratio, rounds, rounds * 0.75), at(p99, rounds, middle) / 1000,
           at(p99_ratio, rounds, middle), at(p99_ratio, rounds, middle - reach), at(p99_ratio, rounds, middle + reach + 1));
}

static int contest(int argc, char **argv)
{
    if (contestants_start(argc, argv) != 0 || connections_allow(param_connections * contestant_count) != 0)
        return 1;
    trips = calloc((size_t)param_messages, sizeof *trips);
    for (int i = 0; i < contestant_count; i++)
        if (!trips || contestant_connect(&contestants[i]) != 0)
            return 1;
    const int rounds = rounds_run();
    if (rounds < 0)
        return 1;
    printf("%d rounds of %ld messages of %d bytes on %ld connections\n"
           "server   ns/message ratio  with 95 %%       middle half     p99 us  ratio with 95 %%\n",
           rounds, param_messages, BYTES, param_connections);
    for (int i = 0; i < contestant_count; i++)
        tell(&contestants[i], rounds);
    return 0;
}

int main(int argc, char **argv)
{
    const int failed = contest(argc, argv);
    for (int i = 0; i < contestant_count; i++) {
        server_stop(&contestants[i].server);
        if (contestants[i].rounds)
            connections_close(&contestants[i].connections);
        free(contestants[i].rounds);
    }
    free(trips);
    return failed;
}
