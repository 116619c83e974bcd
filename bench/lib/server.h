/* SPDX-License-Identifier: MIT */
/*
 * A server under load: a process of its own, which says its port in one line of JSON (bench_say_port(), and the peers the same), and
 * serves until it is killed. The server has the last processor that we may use, the load the first.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <netinet/in.h>
#include <sys/types.h>

struct server {
    pid_t process; /* 0: it was not started */
    char peer[32], version[64];
    struct sockaddr_in address;
};

/* Start it; from the first on the calling thread stays on its own processor. 0, or it was said why not. It does not outlive us. */
int server_start(struct server *server, char **command);

/* End it; nothing if it was not started. */
void server_stop(struct server *server);

#endif
