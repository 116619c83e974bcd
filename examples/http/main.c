/* SPDX-License-Identifier: MIT */
/*
 * A file server: HTTP/1.1, GET and HEAD, a task for each connection. ctest-timeout: 0
 *
 *     example-http [ADDRESS [FOLDER [SECONDS]]]      127.0.0.1:8080, the current folder, 10 seconds of patience
 *
 * It says where it listens, and on SIGINT or SIGTERM ends its connections and says what it did.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "connection.h"

struct acceptor {
    weft_frame weft;
    weft_fd listener, fd;
    struct site *site;
    weft_scope connections;
};

static weft_poll acceptor(weft_context *cx, struct acceptor *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->connections, WEFT_SCOPE_OPTIONS(.name = "connections", .policy = WEFT_COLLECT_ALL));
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->fd, NULL));
        if (self->weft.rc < 0)
            break;
        if (weft_task_error(weft_spawn_as(&self->connections, WEFT_TASK("connection", .category = WEFT_HANDLER), connection,
                                          .fd = self->fd, .site = self->site)) < 0)
            weft_fd_close(&self->fd);
    }
    weft_fd_close(&self->listener);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->connections));
    WEFT_END(0);
}

/* Waits for the signal, and then cancels the acceptor and with it all connections. */
struct stopper {
    weft_frame weft;
    weft_fd signals;
    weft_signal got;
    weft_task acceptor;
};

static weft_poll stopper(weft_context *cx, struct stopper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_signals_wait(cx, &self->signals, &self->got));
    weft_fd_close(&self->signals);
    weft_task_cancel(self->acceptor);
    WEFT_END(0);
}

static int complain(const char *what)
{
    fprintf(stderr, "example-http: %s: %s\n", what, weft_error_detail());
    return 1;
}

int main(int argc, char **argv)
{
    struct site site = {.root = argc > 2 ? argv[2] : ".", .patience_ns = (argc > 3 ? atoll(argv[3]) : 10) * 1000000000};
    const int ends[] = {SIGINT, SIGTERM};
    weft_runtime *rt;
    weft_address address;
    weft_fd listener = {0}, signals = {0};
    if (weft_address_parse(argc > 1 ? argv[1] : "127.0.0.1:8080", &address) < 0)
        return complain("the address");
    sigset_t blocked; /* here, before there are threads that might get them */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "http")) < 0)
        return complain("the runtime");
    if (weft_signals_open(rt, ends, 2, &signals) < 0 || weft_listen(rt, &address, NULL, &listener) < 0 ||
        weft_fd_addresses(&listener, &address, NULL) < 0) {
        complain("listening");
        weft_runtime_destroy(rt);
        return 1;
    }
    char text[WEFT_ADDRESS_TEXT];
    weft_address_text(&address, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);

    const weft_task accepting = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("acceptor", .category = WEFT_LISTENER), acceptor,
                                              .listener = listener, .site = &site);
    weft_spawn(weft_runtime_scope(rt), stopper, .signals = signals, .acceptor = accepting);
    const int result = weft_runtime_finish(rt);
    printf("answers %lu, refusals %lu, of them timeouts %lu\n", site.answers, site.refusals, site.timeouts);
    return result < 0;
}
