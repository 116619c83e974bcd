/* SPDX-License-Identifier: MIT */
/*
 * What tests of descriptors share: listeners, connections, and tasks that echo, ask and wait.
 */
#ifndef WEFT_TESTS_LIB_SOCKETS_H
#define WEFT_TESTS_LIB_SOCKETS_H

#include "lib/world.h"

/* How many descriptors the process has open; one of them is for the look. */
int sockets_open_fds(void);

/* Whether this machine has an IPv6 loopback: some containers have none. */
bool sockets_have_ipv6(void);

/* The address that a text says. */
weft_address sockets_address(const char *text);

/* A listener at a free port of this machine, and its address. */
weft_fd sockets_listener(weft_runtime *rt, weft_address *out_address);

/* Echoes until the other side ends, or an error, which it returns. */
struct echo {
    weft_frame weft;
    weft_fd fd;
    size_t done;
    int length;
    char buffer[256];
};
weft_poll echo(weft_context *cx, struct echo *self);

/* Accepts until it is cancelled or closed, an echo for each. */
struct server {
    weft_frame weft;
    weft_fd listener;
    weft_fd connection;
};
weft_poll server(weft_context *cx, struct server *self);

/* Connects, sends `rounds` pieces and expects each back, closes. */
struct client {
    weft_frame weft;
    const weft_address *address;
    int rounds;
    atomic_uint *right;
    weft_fd fd;
    int i;
    size_t done, got;
    char out[64], in[64];
};
weft_poll client(weft_context *cx, struct client *self);

/* Reads a byte, and says what the read answered. */
struct fd_waiter {
    weft_frame weft;
    weft_fd *fd;
    atomic_int *rc;
    char byte;
};
weft_poll fd_waiter(weft_context *cx, struct fd_waiter *self);

/* How many wait at it. */
uint32_t sockets_waiting(const weft_fd *fd);

/* A plain socket, connected to the address. */
int sockets_connect_plainly(const weft_address *address);

/* Accepts one connection. */
struct accepter {
    weft_frame weft;
    weft_fd listener;
    weft_fd *out;
};
weft_poll accepter(weft_context *cx, struct accepter *self);

/* A connection with both ends: of this thread, which is returned, and of a task. */
int sockets_connect_accepted(weft_runtime *rt, const weft_address *address, weft_fd listener, weft_fd *out);

#endif
