/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_setaffinity */
#include "lib/server.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* The processors that we may use: those of before the first server, when we took one of them. */
static const cpu_set_t *processors_allowed(void)
{
    static cpu_set_t allowed;
    if (CPU_COUNT(&allowed) == 0)
        sched_getaffinity(0, sizeof allowed, &allowed);
    return &allowed;
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
static int server_hear(struct server *server, int said)
{
    char row[256];
    unsigned port;
    FILE *file = fdopen(said, "r");
    if (!file || !fgets(row, sizeof row, file) ||
        sscanf(row, "{\"peer\":\"%31[^\"]\",\"version\":\"%63[^\"]\",\"port\":%u}", server->peer, server->version, &port) != 3) {
        fprintf(stderr, "the server does not say where it listens\n");
        return 1;
    }
    server->address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return 0; /* the file stays open: what else the server says has a reader */
}

int server_start(struct server *server, char **command)
{
    const cpu_set_t *allowed = processors_allowed();
    int said[2];
    if (pipe(said) != 0)
        return 1;
    const pid_t process = fork();
    if (process < 0)
        return 1;
    if (process == 0)
        server_become(command, said[1], allowed);
    server->process = process;
    close(said[1]);
    pin_to(allowed, false);
    return server_hear(server, said[0]);
}

void server_stop(struct server *server)
{
    if (server->process == 0)
        return;
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    server->process = 0;
}
