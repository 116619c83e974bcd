/* SPDX-License-Identifier: MIT */
/* A program in which something of each kind lives, so that every part of an answer is there: "runs" when all of it is. */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(orders, int)

static weft_mutex ledger;
static atomic_int over;

struct sender { weft_frame weft; orders_sender out; int i; };

static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->weft.rc == 0; self->i++)
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->i));
    orders_sender_close(&self->out);
    WEFT_END(0);
}

struct owner { weft_frame weft; };

/* The first has it and sleeps; the second waits for it, and is cancelled without listening. */
static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &ledger));
    if (self->weft.rc < 0)
        WEFT_RETURN(0);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, INT64_C(3600000000000)));
    weft_mutex_unlock(&ledger);
    WEFT_END(0);
}

struct scoped { weft_frame weft; weft_scope scope; };

static weft_poll scoped(weft_context *cx, struct scoped *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_scope_open(cx, &self->scope, NULL) < 0)
        WEFT_RETURN(WEFT_ENOMEM);
    weft_spawn(&self->scope, owner);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

struct stuck { weft_frame weft; };

static weft_poll stuck(weft_context *cx, struct stuck *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&over))
        usleep(10000);
    WEFT_END(0);
}

static int job(void *argument)
{
    (void)argument;
    while (!atomic_load(&over))
        usleep(10000);
    return 0;
}

int main(void)
{
    weft_runtime *rt;
    orders_sender out;
    orders_receiver in;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "full", .worker_threads = 2)) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 2), &out, &in) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "ledger"), &ledger) < 0 ||
        weft_job_try_begin(rt, NULL, WEFT_JOB(job, NULL)) < 0 || weft_mutex_try_lock(&ledger) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), sender, .out = out);
    weft_spawn(weft_runtime_scope(rt), scoped);
    weft_spawn(weft_runtime_scope(rt), stuck);
    weft_channel_stats stats = {.size = sizeof stats};
    weft_runtime_stats totals = {.size = sizeof totals};
    while (weft_receiver_stats(&in.weft, &stats) == 0 && stats.senders_waiting == 0)
        usleep(1000);
    while (weft_runtime_stats_get(rt, &totals) == 0 && totals.stalls == 0)
        usleep(1000);
    printf("runs %d\n", (int)getpid());
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    atomic_store(&over, 1);
    orders_receiver_close(&in);
    weft_mutex_unlock(&ledger);
    return weft_runtime_destroy(rt) < 0;
}
