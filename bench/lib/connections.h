/* SPDX-License-Identifier: MIT */
/* The load of an echo server: connections, on each of which at most one message is under way. One thread; it blocks. */
#ifndef BENCH_CONNECTIONS_H
#define BENCH_CONNECTIONS_H

#include <netinet/in.h>
#include <stdint.h>

enum { CONNECTION_BYTES_MAX = 65536 };

struct connection {
    int fd;
    long got;     /* bytes of the message under way that have come back */
    int64_t sent; /* when it went */
};

struct connections {
    struct connection *all;
    long count;
    long bytes; /* of a message */
    int loop;   /* an epoll; CONNECTIONS_NONE is without one */
};

#define CONNECTIONS_NONE {.loop = -1}

/* Open them; what is open after a failure goes with connections_close(). 0, or it was said why not, as everywhere here. */
int connections_open(struct connections *set, const struct sockaddr_in *address, long count, long bytes);
void connections_close(struct connections *set);

/* Send a message on one, or on each. */
int connections_send(struct connections *set, long index);
int connections_send_all(struct connections *set);

/* How a number of answers is taken. */
struct answers {
    long want;      /* until so many are complete; all that came with the last of them are read, too */
    long again;     /* the first so many are followed by the next message on their connection */
    int64_t *trips; /* if not null: room for `want` round trips, in ns */
};

int connections_take(struct connections *set, struct answers answers);

/* Descriptors for so many, here and in the servers. */
int connections_allow(long count);

#endif
