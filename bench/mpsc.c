/* SPDX-License-Identifier: MIT */
/*
 * How many messages go through a channel? Producers send numbers, one consumer receives them, one by one or in batches.
 *
 *     producers=N
 *     capacity=N
 *     batch=N        receive up to so many at once (0: one by one; at most 256)
 */
#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

enum { BATCH_MAX = 256 };

static long producers;
static size_t capacity, batch;

struct producer {
    weft_frame weft;
    numbers_sender out;
    long left;
};

static weft_poll producer(weft_context *cx, struct producer *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0 && self->weft.rc >= 0; self->left--)
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, (uint64_t)self->left));
    numbers_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

struct consumer {
    weft_frame weft;
    numbers_receiver in;
    uint64_t value;
    uint64_t sum;
    long count;
    long expected;
};

static weft_poll consumer(weft_context *cx, struct consumer *self)
{
    WEFT_BEGIN(cx, self);
    for (;; self->count++) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->sum += self->value;
    }
    numbers_receiver_close(&self->in);
    WEFT_END(self->count == self->expected ? 0 : WEFT_EPROTO);
}

struct batch_consumer {
    weft_frame weft;
    numbers_receiver in;
    uint64_t sum;
    long count;
    long expected;
    uint64_t values[BATCH_MAX];
};

static weft_poll batch_consumer(weft_context *cx, struct batch_consumer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv_many(cx, &self->in, self->values, batch));
        if (self->weft.rc < 0)
            break;
        for (int i = 0; i < self->weft.rc; i++)
            self->sum += self->values[i];
        self->count += self->weft.rc;
    }
    numbers_receiver_close(&self->in);
    WEFT_END(self->count == self->expected ? 0 : WEFT_EPROTO);
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    numbers_receiver in;
    long count;
};

/* The channel and its producers; the first sender has gone when this returns. */
static int driver_begin(weft_context *cx, struct driver *self)
{
    numbers_sender first, out;
    int code = numbers_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = capacity),
                              &first, &self->in);
    for (long i = 0; i < producers && code >= 0; i++) {
        code = numbers_sender_clone(&first, &out);
        if (code >= 0)
            code = weft_task_error(weft_spawn(&self->scope, producer, .out = out, .left = self->count / producers));
    }
    numbers_sender_close(&first);
    return code;
}

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    if (driver_begin(cx, self) < 0)
        WEFT_RETURN(WEFT_ENOMEM);
    if (batch > 0)
        weft_spawn(&self->scope, batch_consumer, .in = self->in, .expected = self->count);
    else
        weft_spawn(&self->scope, consumer, .in = self->in, .expected = self->count);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    producers = bench_param(bench, "producers", 1);
    capacity = (size_t)bench_param(bench, "capacity", 1000);
    batch = (size_t)bench_param(bench, "batch", 0);
    if (producers < 1 || batch > BATCH_MAX)
        return 1;
    bench->ops = (bench->ops + producers - 1) / producers * producers;
    return bench_runtime_begin(bench);
}

static int send_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .count = bench->ops));
}

static const struct bench_line line = {
    .name = "mpsc", .unit = "ns", .ops = 5000000, .begin = begin, .round = send_all, .end = bench_runtime_end};
BENCH_WEFT(line)
