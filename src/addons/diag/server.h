/* SPDX-License-Identifier: MIT */
/*
 * The HTTP side: connections, their deadlines and limits, and one thread that turns them all. The door to libmicrohttpd, in
 * two files, server.c and exchange.c: nothing else includes it. What is answered is somebody else's business (routes.h).
 *
 * Threads: start and stop on any; everything else, and every call of `answer` and `snapshot`, on the server's own.
 */
#ifndef WEFT_DIAG_SERVER_H
#define WEFT_DIAG_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "endpoint.h"
#include "uri.h"

struct weft__diag_request {
    const struct weft__diag_uri *uri;
    const char *accept; /* the header, or NULL */
    const char *if_none_match;
    bool authorized; /* by the user of the Unix socket, or by the token */
};

struct weft__diag_reply {
    int status;
    const char *type; /* Content-Type */
    const char *policy; /* Content-Security-Policy; NULL: nothing is loaded or run */
    const char *tag;    /* ETag: a file of the page; NULL: made now, and not to be kept */
    bool lasts;         /* what is at the path never changes */
    struct weft__diag_buffer body;
    bool retry;         /* say when to ask again */
    int64_t made_ns;    /* processor time of the thread since the answer before; 0: none was taken */
    uint32_t events_ms; /* not 0: in place of the body, a snapshot at each such interval, until the client leaves */
};

/* What the server itself has seen. */
struct weft__diag_counts {
    uint64_t connections; /* accepted */
    uint64_t refused;     /* of another user */
    uint64_t evicted;     /* sent nothing useful while others waited for a place */
    uint64_t timed_out;   /* request not in, or answer not taken in time */
    uint64_t starved;     /* times that the system gave no descriptor, or no memory */
    uint64_t requests;
    uint64_t failed;      /* answered with a status of 400 or above */
    uint64_t events;      /* snapshots sent */
    uint64_t events_dropped; /* left out, since the client was slow */
    uint32_t open;
    uint32_t streams;
    uint64_t body_bytes;  /* of answers that are on their way */
};

struct weft__diag_server_options {
    struct weft__diag_endpoint *unix_endpoint; /* fd -1: none */
    struct weft__diag_endpoint *tcp_endpoint;
    const char *token;
    uint32_t connections_max;
    int64_t request_timeout_ns;
    int64_t reply_timeout_ns;
    uint32_t retry_after_s;
    void (*answer)(void *context, const struct weft__diag_request *request, struct weft__diag_reply *reply);
    void (*snapshot)(void *context, struct weft__diag_buffer *out); /* one line of JSON */
    void *context;
};

struct weft__diag_server;

/* 0, WEFT_ENOMEM, WEFT_EMFILE, WEFT_EAGAIN. The options' pointers stay valid until it is stopped. */
int weft__diag_server_start(const struct weft__diag_server_options *options, struct weft__diag_server **out_server);
void weft__diag_server_stop(struct weft__diag_server *server);

const struct weft__diag_counts *weft__diag_server_counts(const struct weft__diag_server *server);

/* Processor time of the thread, by itself: what it waited for a processor is no cost of anybody's. */
int64_t weft__diag_spent(void);

/* In the child of a fork: close what came along, and touch nothing else of it. */
void weft__diag_server_disown(struct weft__diag_server *server);

#endif
