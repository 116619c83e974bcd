/* SPDX-License-Identifier: MIT */
/*
 * What does a short exchange between two new tasks cost? Pairs at the same time: each task of the first half makes two
 * oneshots, spawns its partner, sends and waits for the answer. One operation is one pair, from birth to end.
 */
#include "lib/runtime.h"

WEFT_ONESHOT_DEFINE(ball, uint64_t)

struct pong {
    weft_frame weft;
    ball_receiver in;
    ball_sender out;
    uint64_t value;
};

static weft_poll pong(weft_context *cx, struct pong *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, ball_recv(cx, &self->in, &self->value));
    ball_receiver_close(&self->in);
    if (self->weft.rc == 0)
        self->weft.rc = ball_send(&self->out, self->value);
    WEFT_END(self->weft.rc);
}

struct ping {
    weft_frame weft;
    ball_sender out;
    ball_receiver in;
    uint64_t value;
};

/* Make both ways, and the partner that has the other ends. */
static int ping_begin(weft_context *cx, struct ping *self)
{
    ball_receiver there;
    ball_sender back;
    weft_runtime *rt = weft_context_runtime(cx);
    if (ball_create(rt, NULL, &self->out, &there) < 0 || ball_create(rt, NULL, &back, &self->in) < 0)
        return WEFT_ENOMEM;
    return weft_task_error(weft_spawn(weft_runtime_scope(rt), pong, .in = there, .out = back));
}

static weft_poll ping(weft_context *cx, struct ping *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = ping_begin(cx, self);
    if (self->weft.rc == 0)
        self->weft.rc = ball_send(&self->out, 1);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, ball_recv(cx, &self->in, &self->value));
    ball_receiver_close(&self->in);
    WEFT_END(self->weft.rc);
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    long pairs;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (long i = 0; i < self->pairs; i++)
        weft_spawn(&self->scope, ping);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int play(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .pairs = bench->ops));
}

static const struct bench_line line = {.name = "ping_pong",
                                       .unit = "ns",
                                       .ops = 1000,
                                       .begin = bench_runtime_begin,
                                       .round = play,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
