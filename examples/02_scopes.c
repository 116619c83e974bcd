/* SPDX-License-Identifier: MIT */
/*
 * Teaches structured concurrency: a scope ends only after all of its tasks. When one of them fails, the default policy,
 * fail-fast, cancels the others: their awaits answer WEFT_ECANCELED, and they clean up and end by themselves.
 */
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(orders, int)

/* A customer orders without end; only a cancellation gets him out of his loop. */
struct customer { weft_frame weft; orders_sender out; int number; int *result; bool *cleaned_up; };

/* Gives back what the frame holds: at the task's end, and in place of the task if it is cancelled before it began. */
static void customer_drop(void *frame)
{
    struct customer *self = frame;
    orders_sender_close(&self->out);
    *self->cleaned_up = true;
}

static weft_poll customer(weft_context *cx, struct customer *self)
{
    WEFT_BEGIN(cx, self);
    do
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->number));
    while (self->weft.rc >= 0);
    *self->result = self->weft.rc;
    customer_drop(self);
    WEFT_END(self->weft.rc); /* ending with WEFT_ECANCELED is no failure */
}

/* The clerk gives up, but not before he has heard from both customers. */
struct clerk { weft_frame weft; orders_receiver *in; int order; bool heard[2]; };

static weft_poll clerk(weft_context *cx, struct clerk *self)
{
    WEFT_BEGIN(cx, self);
    while (!self->heard[0] || !self->heard[1]) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, self->in, &self->order));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        self->heard[self->order] = true;
    }
    WEFT_END(WEFT_ENOENT); /* a negative result is a failure: it cancels the scope */
}

/* The shop owns the scope. Its frame outlives the tasks of the scope, so they may point into it. */
struct shop {
    weft_frame weft;
    weft_scope scope;
    orders_sender out;
    orders_receiver in;
    int results[2];
    bool cleaned_up[2];
};

static void shop_start(struct shop *self)
{
    weft_spawn(&self->scope, clerk, .in = &self->in);
    for (int i = 0; i < 2; i++) {
        orders_sender out; /* a sender serves one task: each customer gets one of its own */
        if (orders_sender_clone(&self->out, &out) < 0)
            continue;
        weft_task task = weft_spawn_as(&self->scope, WEFT_TASK("customer", .drop = customer_drop), customer, .out = out,
                                       .number = i, .result = &self->results[i], .cleaned_up = &self->cleaned_up[i]);
        if (weft_task_error(task) < 0)
            orders_sender_close(&out); /* not spawned: what the frame refers to is still ours */
    }
    orders_sender_close(&self->out);
}

static weft_poll shop(weft_context *cx, struct shop *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = orders_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 1),
                                  &self->out, &self->in);
    if (self->weft.rc < 0 || weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "shop")) < 0)
        WEFT_RETURN(WEFT_ENOMEM);
    shop_start(self);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope)); /* waits for all of them; tells the first failure */
    orders_receiver_close(&self->in);

    printf("the scope's result is %s\n", weft_error_name(self->weft.rc));
    for (int i = 0; i < 2; i++)
        printf("customer %d got %s, cleaned up: %s\n", i, weft_error_name(self->results[i]),
               self->cleaned_up[i] ? "yes" : "no");
    WEFT_END(0); /* the failure was dealt with here: it goes no further up */
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "scopes")) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), shop);
    return weft_runtime_finish(rt) < 0;
}
