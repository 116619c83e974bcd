/* SPDX-License-Identifier: MIT */
/*
 * Eleven things that go wrong in programs of this kind, each looking like a feature where it was written. S1, S8, S9,
 * S10 and S11 are switches in the ordinary tasks; what is here the others need.
 */
#define _GNU_SOURCE /* nanosleep */
#include "orchestra.h"

#include <time.h>

const char *const fault_names[FAULTS + 1] = {
    "none",
    "a receiver that is slower than what comes",
    "a call that blocks, in a poll",
    "a computation that does not give way",
    "an operation that forgets whom to wake",
    "a loop that asks again and again",
    "two tasks that send to each other",
    "a timer per order that nobody cancels",
    "admission behind the spawn",
    "events that are dropped",
    "a heartbeat that is far too fast",
    "a blocking pool with one thread",
};

static void pause_thread(int64_t ns)
{
    const struct timespec rest = {.tv_nsec = (long)ns};
    nanosleep(&rest, NULL);
}

/* ---- S3: all the time of a worker, in one poll ---- */

struct reindex {
    weft_frame weft;
    uint64_t sum;
};

static weft_poll reindex(weft_context *cx, struct reindex *self)
{
    const int64_t end = weft_clock() + 300000000;
    WEFT_BEGIN(cx, self);
    while (weft_clock() < end)
        for (uint64_t i = 0; i < 100000; i++)
            self->sum += i * i;
    WEFT_END(0);
}

/* ---- S4: an awaitable of one's own that does not keep the waker ---- */

struct cache_poller {
    weft_frame weft;
    struct orchestra *orchestra;
};

static int cache_refreshed(weft_context *cx)
{
    if (weft_context_cancelled(cx) != WEFT_REASON_NONE)
        return WEFT_ECANCELED;
    return WEFT_AWAITING; /* and weft_context_waker(cx) was given to nobody */
}

static weft_poll cache_poller(weft_context *cx, struct cache_poller *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc, cache_refreshed(cx));
        atomic_fetch_add(&self->orchestra->ticks, 1);
    } while (self->weft.rc >= 0);
    WEFT_END(0);
}

/* ---- S5: asking instead of waiting ---- */

struct load_poller {
    weft_frame weft;
    struct orchestra *orchestra;
};

static weft_poll load_poller(weft_context *cx, struct load_poller *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc >= 0 && atomic_load(&self->orchestra->finalized) < self->orchestra->options.orders)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

/* ---- S6: a circle of full channels ---- */

struct bookkeeper {
    weft_frame weft;
    orders_receiver in;
    orders_sender out;
    struct order order;
    int sent;
};

/* Two letters out for each that comes in: with both channels full, each waits for the other to take one. */
static weft_poll bookkeeper(weft_context *cx, struct bookkeeper *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc >= 0) {
        for (self->sent = 0; self->sent < 2 && self->weft.rc >= 0; self->sent++)
            WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
    }
    orders_receiver_close(&self->in);
    orders_sender_close(&self->out);
    WEFT_END(0);
}

static int circle_start(struct orchestra *o)
{
    orders_sender to_ledger, to_auditor;
    orders_receiver ledger, auditor;
    int rc =
        orders_create(o->orchestrator, WEFT_CHANNEL_OPTIONS(.name = "to ledger", .component = "books", .capacity = 4),
                      &to_ledger, &ledger);
    if (rc >= 0)
        rc = orders_create(o->orchestrator,
                           WEFT_CHANNEL_OPTIONS(.name = "to auditor", .component = "books", .capacity = 4), &to_auditor,
                           &auditor);
    if (rc < 0)
        return rc;
    weft_scope *scope = weft_runtime_scope(o->orchestrator);
    rc = weft_task_error(
        weft_spawn_as(scope, WEFT_TASK("ledger", .category = WEFT_ACTOR), bookkeeper, .in = ledger, .out = to_auditor));
    if (rc < 0)
        return rc;
    return weft_task_error(weft_spawn_as(scope, WEFT_TASK("auditor", .category = WEFT_ACTOR), bookkeeper, .in = auditor,
                                         .out = to_ledger));
}

/* ---- S7: the thirty seconds of each order, whether it is done or not ---- */

struct deadline_watch {
    weft_frame weft;
};

static weft_poll deadline_watch(weft_context *cx, struct deadline_watch *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, PATIENCE_S * INT64_C(1000000000)));
    WEFT_END(0);
}

/* ---- in their places ---- */

void fault_in_handler(struct orchestra *orchestra, weft_scope *scope)
{
    if (fault_is(orchestra, 2)) /* S2: a call that blocks, and with it the worker */
        pause_thread(15000000);
    if (fault_is(orchestra, 7))
        weft_spawn_as(scope, WEFT_TASK("deadline watch", .category = WEFT_UTILITY), deadline_watch);
}

int fault_store(void *argument)
{
    (void)argument;
    pause_thread(4000000);
    return 0;
}

int fault_start(struct orchestra *o)
{
    weft_scope *scope = weft_runtime_scope(o->worker);
    switch (o->options.fault) {
    case 3:
        return weft_task_error(weft_spawn_as(scope, WEFT_TASK("reindex", .category = WEFT_UTILITY), reindex));
    case 4:
        return weft_task_error(
            weft_spawn_as(scope, WEFT_TASK("cache poller", .category = WEFT_UTILITY), cache_poller, .orchestra = o));
    case 5:
        return weft_task_error(
            weft_spawn_as(scope, WEFT_TASK("load poller", .category = WEFT_UTILITY), load_poller, .orchestra = o));
    case 6:
        return circle_start(o);
    default:
        return 0;
    }
}
