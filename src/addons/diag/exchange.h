/* SPDX-License-Identifier: MIT */
/*
 * A connection, and the server that it is one of, as the two files see them that know libmicrohttpd: exchange.c what is said
 * on it, server.c how long it lives.
 */
#ifndef WEFT_DIAG_EXCHANGE_H
#define WEFT_DIAG_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <weft/types.h>

#include "base/atomic.h"
#include "server.h"
#include "stream.h"

enum weft__diag_client_state { WEFT__DIAG_FREE, WEFT__DIAG_READING, WEFT__DIAG_REPLYING, WEFT__DIAG_STREAMING, WEFT__DIAG_ENDED };

struct weft__diag_client {
    struct weft__diag_server *server;
    _Atomic int fd; /* -1: none; libmicrohttpd closes it */
    enum weft__diag_client_state state;
    bool tcp;
    bool asked;       /* the request's headers are in */
    int wrong;        /* what its target is answered with; 0: it is a good one */
    int64_t since;    /* when the state began */
    int64_t deadline;
    size_t body;
    struct MHD_Connection *connection;
    struct weft__diag_stream stream;
    bool suspended; /* until its next piece is due */
    struct weft__diag_uri uri;
};

struct weft__diag_server {
    struct weft__diag_server_options o;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake; /* an eventfd */
    int turns; /* libmicrohttpd's epoll */
    _Atomic bool stopping;
    int64_t deaf_until; /* nobody is accepted before: no place, or no descriptor */
    int64_t next_sweep; /* not before */
    bool stirred;       /* something came that a sweep has to look at */
    uint32_t used;      /* places from the first that may be taken: the others are free */
    int64_t charged_ns; /* processor time of the thread that an answer has told, or that nobody asked for */
    struct weft__diag_counts counts;
    struct weft__diag_buffer snapshot;
    int64_t snapshot_at;
    struct weft__diag_client *accepting; /* whose connection is being made */
    uint32_t places;
    struct weft__diag_client *clients;
};

static inline void weft__diag_client_enter(struct weft__diag_client *client, enum weft__diag_client_state state, int64_t timeout_ns)
{
    client->state = state;
    client->since = weft_clock();
    client->deadline = client->since + timeout_ns;
}

/* A daemon of libmicrohttpd, without threads and sockets, that calls what is in exchange.c. NULL: no memory, or no descriptor. */
struct MHD_Daemon *weft__diag_exchange_daemon(struct weft__diag_server *server);

#endif
