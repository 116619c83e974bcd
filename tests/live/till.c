/* SPDX-License-Identifier: MIT */
/*
 * A program whose numbers are known: a channel of eight places with a difficult name and three messages, a task that waits. Prints
 * the loopback port that it has found free, and ends at the end of stdin.
 *
 *   till SOCKET TOKEN
 */
#include <stdio.h>
#include <unistd.h>
#include <weft.h>
#include <weft/diag.h>

WEFT_CHANNEL_DEFINE(orders, int)

struct sleeper { weft_frame weft; };

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, WEFT_FOREVER));
    WEFT_END(0);
}

int main(int argc, char **argv)
{
    weft_runtime *rt;
    weft_diag *diag;
    orders_sender out;
    orders_receiver in;
    if (argc < 3 || weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "till 1", .worker_threads = 2)) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders \"of\" the\nday", .component = "till", .capacity = 8), &out, &in) < 0 ||
        weft_diag_start(&diag, WEFT_DIAG_OPTIONS(.unix_path = argv[1], .tcp_port = WEFT_DIAG_PORT_ANY, .token = argv[2])) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    for (int i = 0; i < 3; i++)
        if (orders_try_send(&out, i) < 0)
            return 1;
    weft_spawn(weft_runtime_scope(rt), sleeper);
    printf("port %d\n", weft_diag_port(diag));
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    weft_diag_stop(diag);
    orders_sender_close(&out);
    orders_receiver_close(&in);
    return weft_runtime_destroy(rt) < 0;
}
