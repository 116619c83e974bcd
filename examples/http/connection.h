/* SPDX-License-Identifier: MIT */
/* One connection of the file server, from its first request to its last. */
#ifndef EXAMPLE_HTTP_CONNECTION_H
#define EXAMPLE_HTTP_CONNECTION_H

#include <stdatomic.h>
#include <weft.h>

#include "request.h"

enum { CONNECTION_CHUNK = 65536 };

/* What all connections share. */
struct site {
    const char *root;
    int64_t patience_ns; /* for the next request, and for each piece that the other side takes */
    atomic_ulong answers;
    atomic_ulong refusals;
    atomic_ulong timeouts;
};

/* A file that is being sent: its job opens it and reads its beginning. */
struct page {
    char path[REQUEST_PATH_MAX + 256];
    int fd; /* -1: all of it was read */
    uint64_t size;
    uint64_t sent;
    size_t length; /* bytes in the chunk */
    char *chunk;
};

struct connection {
    weft_frame weft;
    weft_fd fd;
    struct site *site;
    struct request request;
    int status;
    size_t have, head; /* bytes in `in`, and of the request that is being answered */
    size_t done;
    weft_fd_future io;
    weft_timeout_state timeout;
    weft_job job;
    weft_file_op op;
    struct page page;
    char in[REQUEST_HEAD_MAX];
    char out[512];
};

weft_poll connection(weft_context *cx, struct connection *self);

#endif
