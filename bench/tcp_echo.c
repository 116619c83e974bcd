/* SPDX-License-Identifier: MIT */
/*
 * What does a message cost an echo server? A task for each connection reads and writes it back. bench-echo_load starts this
 * program, and measures it.
 *
 *     bench-echo_load tcp_echo connections=64 -- bench-tcp_echo workers=1
 */
#include <stdlib.h>
#include <string.h>

#include "lib/runtime.h"

enum { ECHO_BYTES = 4096 };

/* What could not be written at once. */
struct rest {
    size_t length, done;
    char bytes[];
};

struct echo {
    weft_frame weft;
    weft_fd connection;
    struct rest *rest;
};

/* Write back what there is room for, and keep the rest: a reader that is slow costs memory, others none. 0, or why not. */
static int echo_back(struct echo *self, const char *bytes, int length)
{
    const int moved = weft_fd_try_write(&self->connection, bytes, (size_t)length);
    if (moved == length || (moved < 0 && moved != WEFT_EAGAIN))
        return moved < 0 ? moved : 0;
    const int written = moved < 0 ? 0 : moved;
    const size_t kept = (size_t)(length - written);
    self->rest = malloc(sizeof *self->rest + kept);
    if (!self->rest)
        return WEFT_ENOMEM;
    *self->rest = (struct rest){.length = kept};
    memcpy(self->rest->bytes, bytes + written, kept);
    return 0;
}

static weft_poll echo(weft_context *cx, struct echo *self)
{
    char bytes[ECHO_BYTES]; /* on the worker's stack: a read uses its buffer only while it is evaluated */
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->connection, bytes, sizeof bytes));
        if (self->weft.rc <= 0 || (self->weft.rc = echo_back(self, bytes, self->weft.rc)) < 0)
            break;
        if (!self->rest)
            continue;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->connection, self->rest->bytes, self->rest->length, &self->rest->done));
        free(self->rest);
        self->rest = NULL;
        if (self->weft.rc < 0)
            break;
    }
    weft_fd_close(&self->connection);
    WEFT_END(0);
}

struct server {
    weft_frame weft;
    weft_fd listener, connection;
};

static weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->connection, NULL));
        if (self->weft.rc < 0)
            break;
        weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), echo, .connection = self->connection);
    }
    weft_fd_close(&self->listener);
    WEFT_END(self->weft.rc);
}

static int serve(struct bench *bench)
{
    weft_fd listener = {0};
    weft_address address;
    if (weft_address_parse("127.0.0.1:0", &address) < 0 ||
        weft_listen(bench_runtime, &address, WEFT_LISTEN_OPTIONS(.name = "echo"), &listener) < 0 ||
        weft_fd_addresses(&listener, &address, NULL) < 0)
        return 1;
    const weft_task serving = weft_spawn_joinable(weft_runtime_scope(bench_runtime), server, .listener = listener);
    bench_say_port(bench, weft_address_port(&address));
    return bench_join(serving);
}

static const struct bench_line line = {
    .name = "tcp_echo", .unit = "ns", .ops = 1, .begin = bench_runtime_begin, .end = bench_runtime_end, .serve = serve};
BENCH_WEFT(line)
