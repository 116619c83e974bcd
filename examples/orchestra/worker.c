/* SPDX-License-Identifier: MIT */
/* The worker's tasks: a listener that spawns a handler per order, ten at a time, and pollers. */
#include "orchestra.h"

/* ---- a handler: one order, then it ends ---- */

struct step_handler {
    weft_frame weft;
    struct orchestra *orchestra;
    weft_scope *scope;
    orders_sender out;
    struct order order;
    weft_sleep_future answer;
    weft_timeout_state timeout;
    weft_job job;
    int stored;
};

static void step_handler_end(void *frame)
{
    struct step_handler *self = frame;
    if (!fault_is(self->orchestra, 8))
        weft_semaphore_release(&self->orchestra->handlers, 1); /* the listener took it */
    orders_sender_close(&self->out);
}

static weft_poll step_handler(weft_context *cx, struct step_handler *self)
{
    WEFT_BEGIN(cx, self);
    if (fault_is(self->orchestra, 8)) /* S8: admission inside, where it bounds what runs and not what waits */
        WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->orchestra->handlers, 1));
    /* What it asks for takes a millisecond; more than thirty seconds it does not wait. */
    weft_sleep_begin(&self->answer, weft_deadline_in(HANDLE_NS));
    WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->answer.future, PATIENCE_S * INT64_C(1000000000)));
    fault_in_handler(self->orchestra, self->scope);
    if (fault_is(self->orchestra, 11)) /* S11: all of them store, and the pool has one thread */
        WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, fault_store, self, &self->stored));
    WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    if (fault_is(self->orchestra, 8))
        weft_semaphore_release(&self->orchestra->handlers, 1);
    step_handler_end(self);
    WEFT_END(0);
}

/* ---- the listener ---- */

struct work_listener {
    weft_frame weft;
    struct orchestra *orchestra;
    orders_receiver in;
    orders_sender out;
    orders_sender clone;
    struct order order;
    weft_scope handlers;
};

static weft_poll work_listener(weft_context *cx, struct work_listener *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc =
        weft_scope_open(cx, &self->handlers, WEFT_SCOPE_OPTIONS(.name = "handlers", .policy = WEFT_COLLECT_ALL));
    while (self->weft.rc >= 0) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        if (!fault_is(self->orchestra, 8)) { /* admission before the spawn: what waits, waits in the channel */
            WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->orchestra->handlers, 1));
            if (self->weft.rc < 0)
                break;
        }
        self->weft.rc = orders_sender_clone(&self->out, &self->clone);
        if (self->weft.rc >= 0)
            weft_spawn_as(&self->handlers,
                          WEFT_TASK("step handler", .category = WEFT_HANDLER, .drop = step_handler_end), step_handler,
                          .orchestra = self->orchestra, .scope = weft_runtime_scope(self->orchestra->worker),
                          .out = self->clone, .order = self->order);
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->handlers));
    WEFT_END(0);
}

int worker_start(struct orchestra *o)
{
    int rc = weft_task_error(weft_spawn_as(weft_runtime_scope(o->worker),
                                           WEFT_TASK("work listener", .category = WEFT_LISTENER), work_listener,
                                           .orchestra = o, .in = o->from[WORK], .out = o->to[RESULTS]));
    const char *const pollers[] = {"heartbeat", "cache poller", "load poller", "backlog poller"};
    for (int i = 0; i < 4 && rc >= 0; i++) {
        if ((fault_is(o, 4) && i == 1) || (fault_is(o, 5) && i == 2))
            continue; /* fault_start() has one of its own */
        rc = poller_start(o, o->worker, pollers[i], fault_is(o, 10) && i == 0 ? 20000 : 10000000 * (i + 1));
    }
    return rc;
}
