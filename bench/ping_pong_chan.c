/* SPDX-License-Identifier: MIT */
/*
 * What does a round trip between two tasks cost? Two channels, and each task waits for the other at every message.
 *
 *     capacity=N     of both
 */
#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(ball, uint64_t)

static size_t capacity;

struct pong {
    weft_frame weft;
    ball_receiver in;
    ball_sender out;
    uint64_t value;
};

static weft_poll pong(weft_context *cx, struct pong *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, ball_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, ball_send(cx, &self->out, self->value));
    }
    ball_receiver_close(&self->in);
    ball_sender_close(&self->out);
    WEFT_END(0);
}

struct ping {
    weft_frame weft;
    ball_sender out;
    ball_receiver in;
    weft_task partner;
    uint64_t value;
    long i;
    long count;
};

/* Both channels, and the partner at their other ends. */
static int ping_begin(weft_context *cx, struct ping *self)
{
    ball_receiver there;
    ball_sender back;
    weft_runtime *rt = weft_context_runtime(cx);
    if (ball_create(rt, WEFT_CHANNEL_OPTIONS(.name = "there", .capacity = capacity), &self->out, &there) < 0 ||
        ball_create(rt, WEFT_CHANNEL_OPTIONS(.name = "back", .capacity = capacity), &back, &self->in) < 0)
        return WEFT_ENOMEM;
    self->partner = weft_spawn_joinable(weft_runtime_scope(rt), pong, .in = there, .out = back);
    return weft_task_error(self->partner);
}

static weft_poll ping(weft_context *cx, struct ping *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = ping_begin(cx, self);
    for (; self->weft.rc >= 0 && self->i < self->count; self->i++) {
        WEFT_AWAIT(self->weft.rc, ball_send(cx, &self->out, (uint64_t)self->i));
        WEFT_AWAIT(self->weft.rc, ball_recv(cx, &self->in, &self->value));
    }
    ball_sender_close(&self->out);
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->partner, NULL));
    ball_receiver_close(&self->in);
    WEFT_END(self->i == self->count && self->value == (uint64_t)self->count - 1 ? 0 : WEFT_EPROTO);
}

static int begin(struct bench *bench)
{
    capacity = (size_t)bench_param(bench, "capacity", 1);
    return bench_runtime_begin(bench);
}

static int play(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), ping, .count = bench->ops));
}

static const struct bench_line line = {
    .name = "ping_pong_chan", .unit = "ns", .ops = 1000000, .begin = begin, .round = play, .end = bench_runtime_end};
BENCH_WEFT(line)
