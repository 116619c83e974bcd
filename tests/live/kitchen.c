/* SPDX-License-Identifier: MIT */
/*
 * A program to look at: the waiters' orders fill a channel of four, since the cook waits for the oven, which the baker has
 * while he sleeps; the radio plays on. Prints the path of its socket, and ends at the end of stdin.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>
#include <weft/diag.h>

WEFT_CHANNEL_DEFINE(orders, int)

enum { WAITERS = 3 };

static atomic_bool baking;
#define HOURS(n) ((n) * INT64_C(3600000000000))

struct waiter { weft_frame weft; orders_sender out; };
static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, 1));
    orders_sender_close(&self->out);
    WEFT_END(0);
}

struct cook { weft_frame weft; orders_receiver in; weft_mutex oven; int order; };
static weft_poll cook(weft_context *cx, struct cook *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->oven));
    if (self->weft.rc == 0)
        weft_mutex_unlock(&self->oven);
    orders_receiver_close(&self->in);
    WEFT_END(0);
}

struct baker { weft_frame weft; weft_mutex oven; };
static weft_poll baker(weft_context *cx, struct baker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->oven));
    atomic_store(&baking, true);
    if (self->weft.rc == 0) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, HOURS(10)));
        weft_mutex_unlock(&self->oven);
    }
    WEFT_END(0);
}

struct radio { weft_frame weft; };
static weft_poll radio(weft_context *cx, struct radio *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 5000000));
    WEFT_END(0);
}

int main(int argc, char **argv)
{
    weft_runtime *rt;
    weft_diag *diag;
    orders_sender out, mine;
    orders_receiver in;
    weft_mutex oven;
    char end;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "kitchen", .worker_threads = 2)) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .component = "hall", .capacity = 4), &out, &in) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "oven", .component = "hall"), &oven) < 0 ||
        weft_diag_start(&diag, WEFT_DIAG_OPTIONS(.unix_path = argc > 1 ? argv[1] : NULL)) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    weft_scope *root = weft_runtime_scope(rt);
    weft_spawn_as(root, WEFT_TASK("baker"), baker, .oven = oven);
    weft_spawn_as(root, WEFT_TASK("radio"), radio);
    while (!atomic_load(&baking)) /* the baker is first at the oven */
        usleep(1000);
    weft_spawn_as(root, WEFT_TASK("cook"), cook, .in = in, .oven = oven);
    for (int i = 0; i < WAITERS; i++)
        if (orders_sender_clone(&out, &mine) == 0)
            weft_spawn_as(root, WEFT_TASK(i == 1 ? "waiter \xc3\xa9t\xc3\xa9" : "waiter"), waiter, .out = mine);
    orders_sender_close(&out);
    printf("%s\n", weft_diag_path(diag));
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    weft_diag_stop(diag);
    if (weft_runtime_destroy(rt) < 0)
        return 1;
    weft_mutex_destroy(&oven);
    return 0;
}
