/* SPDX-License-Identifier: MIT */
/* Sockets: a server with a task for each connection, and clients of it. Nothing here says how it waits. */
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct echo { weft_frame weft; weft_fd connection; char bytes[256]; int length; size_t done; };

static weft_poll echo(weft_context *cx, struct echo *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->length, weft_fd_read(cx, &self->connection, self->bytes, sizeof self->bytes));
        if (self->length <= 0) /* 0: the other side has ended */
            break;
        self->done = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->connection, self->bytes, (size_t)self->length, &self->done));
        if (self->weft.rc < 0)
            break;
    }
    weft_fd_close(&self->connection);
    WEFT_END(self->length < 0 ? self->length : 0);
}

struct server { weft_frame weft; weft_fd listener, connection; weft_scope connections; };

static weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->connections, WEFT_SCOPE_OPTIONS(.name = "connections", .policy = WEFT_COLLECT_ALL));
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->connection, NULL));
        if (self->weft.rc < 0) /* cancelled: the clients are done */
            break;
        weft_spawn(&self->connections, echo, .connection = self->connection);
    }
    weft_fd_close(&self->listener);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->connections));
    WEFT_END(0);
}

struct client { weft_frame weft; const weft_address *server; const char *say; weft_fd fd; char heard[64]; size_t done; int got; };

static weft_poll client(weft_context *cx, struct client *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_connect(cx, self->server, &self->fd));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->say, strlen(self->say), &self->done));
    weft_fd_shutdown(&self->fd, false, true); /* that was all, and the answer can still come */
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->heard + self->got, sizeof self->heard - 1 - (size_t)self->got));
        if (self->weft.rc <= 0)
            break;
        self->got += self->weft.rc;
    }
    weft_fd_close(&self->fd);
    WEFT_END(strcmp(self->say, self->heard) == 0 ? self->got : -1);
}

int main(void)
{
    weft_runtime *rt;
    weft_fd listener = {0};
    weft_address address;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "echo")) < 0)
        return 1;
    if (weft_address_parse("127.0.0.1:0", &address) < 0 || weft_listen(rt, &address, NULL, &listener) < 0 ||
        weft_fd_addresses(&listener, &address, NULL) < 0) { /* which port it is */
        printf("%s\n", weft_error_detail());
        return 1;
    }
    const weft_task serving = weft_spawn(weft_runtime_scope(rt), server, .listener = listener);
    const char *const words[] = {"hello", "is anybody there", "goodbye"};
    weft_task clients[3];
    for (int i = 0; i < 3; i++)
        clients[i] = weft_spawn_joinable(weft_runtime_scope(rt), client, .server = &address, .say = words[i]);
    for (int i = 0; i < 3; i++) {
        int got = 0;
        if (weft_task_join_blocking(&clients[i], WEFT_FOREVER, &got) == 0)
            printf("'%s' came back, %d bytes\n", words[i], got);
    }
    weft_task_cancel(serving);
    return weft_runtime_finish(rt);
}
