/* SPDX-License-Identifier: MIT */
/* The orchestrator's tasks. Each owns its two ends: when its input has ended it closes its output, and so the end
 * travels on. */
#include "orchestra.h"

/* ---- listener: takes orders from outside, and tells of each ---- */

struct request_listener {
    weft_frame weft;
    orders_receiver in;
    orders_sender out;
    orders_sender events;
    struct order order;
};

static weft_poll request_listener(weft_context *cx, struct request_listener *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->events, self->order));
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    orders_sender_close(&self->events);
    WEFT_END(0);
}

/* ---- actors: one message in, one out ---- */

struct task_initializer {
    weft_frame weft;
    orders_receiver in;
    orders_sender out;
    struct order order;
};

static weft_poll task_initializer(weft_context *cx, struct task_initializer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    WEFT_END(0);
}

struct dispatcher {
    weft_frame weft;
    orders_receiver in;
    orders_sender out;
    struct order order;
};

static weft_poll dispatcher(weft_context *cx, struct dispatcher *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    WEFT_END(0);
}

struct result_collector {
    weft_frame weft;
    orders_receiver in;
    orders_sender out;
    struct order order;
};

static weft_poll result_collector(weft_context *cx, struct result_collector *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    WEFT_END(0);
}

/* ---- the ends of the two ways ---- */

struct finalizer {
    weft_frame weft;
    struct orchestra *orchestra;
    orders_receiver in;
    struct order order;
};

static weft_poll finalizer(weft_context *cx, struct finalizer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        if (fault_is(self->orchestra, 1)) /* S1: slower than what comes */
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 2000000));
        atomic_fetch_add(&self->orchestra->finalized, 1);
    }
    orders_receiver_close(&self->in);
    WEFT_END(0);
}

struct event_logger {
    weft_frame weft;
    struct orchestra *orchestra;
    orders_receiver in;
    struct order order;
};

static weft_poll event_logger(weft_context *cx, struct event_logger *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        if (fault_is(self->orchestra, 9)) /* S9: it cannot keep up, and its channel drops what is new */
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 5000000));
        atomic_fetch_add(&self->orchestra->logged, 1);
    }
    orders_receiver_close(&self->in);
    WEFT_END(0);
}

/* ---- pollers ---- */

struct poller {
    weft_frame weft;
    struct orchestra *orchestra;
    int64_t period_ns;
    weft_interval interval;
};

static weft_poll poller(weft_context *cx, struct poller *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_interval_start(&self->interval, self->period_ns, WEFT_MISSED_SKIP);
    while (self->weft.rc >= 0) {
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        atomic_fetch_add(&self->orchestra->ticks, 1);
    }
    WEFT_END(0); /* cancelled: its runtime ends */
}

int poller_start(struct orchestra *orchestra, weft_runtime *rt, const char *name, int64_t period_ns)
{
    return weft_task_error(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name, .category = WEFT_UTILITY), poller,
                                         .orchestra = orchestra, .period_ns = period_ns));
}

/* ---- all of them ---- */

int orchestrator_start(struct orchestra *o, weft_task *out_last)
{
    weft_scope *scope = weft_runtime_scope(o->orchestrator);
    weft_task last = weft_spawn_as(scope, WEFT_TASK("finalizer", .category = WEFT_ACTOR, .joinable = true), finalizer,
                                   .orchestra = o, .in = o->from[FINALIZE]);
    const weft_task tasks[] = {
        last,
        weft_spawn_as(scope, WEFT_TASK("event logger", .category = WEFT_ACTOR), event_logger, .orchestra = o,
                      .in = o->from[EVENTS]),
        weft_spawn_as(scope, WEFT_TASK("result collector", .category = WEFT_ACTOR), result_collector,
                      .in = o->from[RESULTS], .out = o->to[FINALIZE]),
        weft_spawn_as(scope, WEFT_TASK("dispatcher", .category = WEFT_ACTOR), dispatcher, .in = o->from[READY],
                      .out = o->to[WORK]),
        weft_spawn_as(scope, WEFT_TASK("task initializer", .category = WEFT_ACTOR), task_initializer,
                      .in = o->from[INITIALIZE], .out = o->to[READY]),
        weft_spawn_as(scope, WEFT_TASK("request listener", .category = WEFT_LISTENER), request_listener,
                      .in = o->from[REQUESTS], .out = o->to[INITIALIZE], .events = o->to[EVENTS]),
    };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (weft_task_error(tasks[i]) < 0)
            return weft_task_error(tasks[i]);
    *out_last = last;
    const char *const pollers[] = {"metrics poller", "health poller", "stale poller"};
    for (int i = 0; i < 3; i++) {
        int rc = poller_start(o, o->orchestrator, pollers[i], 20000000 * (i + 1));
        if (rc < 0)
            return rc;
    }
    return 0;
}
