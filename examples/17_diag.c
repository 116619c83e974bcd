/* SPDX-License-Identifier: MIT */
/*
 * A program that can be looked at from outside: with an argument it waits, and says what to type in another terminal. Without
 * one it asks itself, as curl would, and ends.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <weft.h>
#include <weft/diag.h>

WEFT_CHANNEL_DEFINE(orders, int)

struct shop { weft_frame weft; orders_sender out; int order; };

/* Nobody takes the orders: the fifth has to wait. */
static weft_poll shop(weft_context *cx, struct shop *self)
{
    WEFT_BEGIN(cx, self);
    for (self->order = 0; self->weft.rc == 0; self->order++)
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    orders_sender_close(&self->out);
    WEFT_END(0);
}

/* GET a path; the status of the answer. */
static int ask(const char *socket_path, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[256];
    int status = 0;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const int length = snprintf(text, sizeof text, "GET %s HTTP/1.0\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && write(fd, text, (size_t)length) == length) {
        const ssize_t got = read(fd, text, sizeof text - 1);
        text[got > 0 ? got : 0] = '\0';
        sscanf(text, "HTTP/1.%*d %d", &status);
    }
    close(fd);
    return status;
}

int main(int argc, char **argv)
{
    (void)argv;
    weft_runtime *rt;
    weft_diag *diag;
    orders_sender out;
    orders_receiver in;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "shop")) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 4), &out, &in) < 0)
        return 1;
    if (weft_diag_start(&diag, NULL) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    weft_spawn(weft_runtime_scope(rt), shop, .out = out);
    if (argc > 1) {
        printf("curl --unix-socket %s http://weft/api/waits\n", weft_diag_path(diag));
        getchar();
    }
    while (ask(weft_diag_path(diag), "/health/ready") == 200) /* until the monitor has seen that the channel is full */
        usleep(20000);
    static const char *const paths[] = {"/health/live", "/health/ready", "/api/waits", "/api/nothing"};
    for (int i = 0; i < 4; i++)
        printf("%s: %d\n", paths[i], ask(weft_diag_path(diag), paths[i]));
    orders_receiver_close(&in);
    weft_diag_stop(diag);
    return weft_runtime_finish(rt);
}
