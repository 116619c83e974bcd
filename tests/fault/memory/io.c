/* SPDX-License-Identifier: MIT */
/* Descriptors, connections, files: what of them is weft's own memory. libuv's is its own business, and what it does without
 * is in docs/design/dependencies.md. */
#include "sweep.h"

#include <fcntl.h>
#include <unistd.h>

struct reader {
    weft_frame weft;
    struct tally *tally;
    weft_fd fd;
    char bytes[8];
};

static weft_poll reader(weft_context *cx, struct reader *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->bytes, sizeof self->bytes));
    HOLDS(self->weft.rc == 5 && memcmp(self->bytes, "hello", 5) == 0);
    tally->received++;
    weft_fd_close(&self->fd);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

SCENARIO(descriptors)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 5; i++) {
        weft_fd here = {0}, there = {0};
        int ends[2];
        const bool paired = i % 2 == 0;
        if (TRY(paired ? "weft_socket_pair" : "weft_pipe",
                paired ? weft_socket_pair(rt, &here, &there) : weft_pipe(rt, &here, &there)) != 0)
            continue;
        HOLDS(weft_fd_try_write(&there, "hello", 5) == 5);
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), reader, .tally = tally, .fd = here);
        if (TRY_SPAWN(task) == 0) {
            tally->sent++;
            HOLDS(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0);
        } else {
            weft_fd_close(&here);
        }
        weft_fd_close(&there);
        if (pipe(ends) == 0) { /* a descriptor of the host's */
            weft_fd mine = {0};
            if (TRY("weft_fd_open", weft_fd_open(rt, ends[0], WEFT_FD_OPTIONS(.name = "mine"), &mine)) == 0) {
                weft_fd_close(&mine);
            } else {
                HOLDS(!(fcntl(ends[0], F_GETFL) & O_NONBLOCK)); /* it blocks, as it did */
                close(ends[0]);
            }
            close(ends[1]);
        }
    }
    tally_finish(tally, rt);
}

struct server {
    weft_frame weft;
    struct tally *tally;
    weft_fd listener, connection;
    weft_address own;
};

static weft_poll server(weft_context *cx, struct server *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->connection, NULL));
    if (TRY("weft_accept", self->weft.rc) == 0)
        weft_fd_close(&self->connection);
    weft_fd_close(&self->listener);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

struct client {
    weft_frame weft;
    struct tally *tally;
    weft_address to;
    weft_fd connection;
};

static weft_poll client(weft_context *cx, struct client *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_connect(cx, &self->to, &self->connection));
    if (TRY("weft_connect", self->weft.rc) == 0)
        weft_fd_close(&self->connection);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

/* One after the other: the listener's queue holds the connection until it is accepted. */
SCENARIO(connections)
{
    weft_runtime *rt = tally_create(tally, 1);
    weft_address any, own;
    weft_fd listener = {0};
    HOLDS(weft_address_parse("127.0.0.1:0", &any) == 0);
    if (rt && TRY("weft_listen", weft_listen(rt, &any, NULL, &listener)) == 0) {
        HOLDS(weft_fd_addresses(&listener, &own, NULL) == 0);
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), client, .tally = tally, .to = own);
        const unsigned before = tally->refused;
        if (TRY_SPAWN(task) == 0)
            HOLDS(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0);
        weft_task serve = {0};
        if (tally->refused == before) {
            serve = weft_spawn_joinable(weft_runtime_scope(rt), server, .tally = tally, .listener = listener);
            if (TRY_SPAWN(serve) == 0)
                HOLDS(weft_task_join_blocking(&serve, WEFT_FOREVER, NULL) == 0);
        }
        if (serve.id == 0 && weft_task_error(serve) != 0)
            weft_fd_close(&listener);
    }
    tally_finish(tally, rt);
}

static void on_loop(void *loop, void *context)
{
    (void)loop;
    atomic_fetch_add((atomic_uint *)context, 1);
}

SCENARIO(loop_calls)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 5; i++)
        if (TRY("weft_loop_call", weft_loop_call(rt, 0, on_loop, &tally->ended)) == 0)
            tally->accepted++;
    WORLD_UNTIL(!rt || atomic_load(&tally->ended) == tally->accepted);
    tally_finish(tally, rt);
}

struct files {
    weft_frame weft;
    struct tally *tally;
    weft_file_op op;
    weft_file_info info;
    weft_resolve_op resolve;
    weft_resolve_future lookup;
    weft_timeout_state limit;
    weft_address address;
    unsigned i;
};

static weft_poll files(weft_context *cx, struct files *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 5; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_file_stat(cx, &self->op, "/dev/null", &self->info));
        TRY("weft_file_stat", self->weft.rc);
        WEFT_AWAIT(self->weft.rc, weft_resolve(cx, &self->resolve, "127.0.0.1:80", &self->address, 1));
        TRY("weft_resolve", self->weft.rc > 0 ? 0 : self->weft.rc);
        weft_resolve_begin(&self->lookup, &self->resolve, "127.0.0.1:80", &self->address, 1);
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->limit, &self->lookup.future, 0)); /* mostly too short */
        weft_resolve_close(&self->resolve);
        if (self->weft.rc != WEFT_ETIMEDOUT)
            TRY("weft_resolve_begin", self->weft.rc > 0 ? 0 : self->weft.rc);
    }
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

SCENARIO(files)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), files, .tally = tally);
    const int code = weft_task_error(task);
    tally_finish(tally, rt); /* the task has the tally until then */
    tally->accepted += code == 0;
    tally->refused += code == WEFT_ENOMEM;
    HOLDS(code == 0 || code == WEFT_ENOMEM);
}
