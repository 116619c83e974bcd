/* SPDX-License-Identifier: MIT */
/*
 * What does a channel cost that is made for one request? One task creates channels of 8-byte messages and closes them.
 *
 *     capacity=N
 */
#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

static size_t capacity;

struct driver {
    weft_frame weft;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    numbers_sender out;
    numbers_receiver in;
    WEFT_BEGIN(cx, self);
    for (; self->weft.rc >= 0 && self->left > 0; self->left--) {
        self->weft.rc = numbers_create(weft_context_runtime(cx),
                                       WEFT_CHANNEL_OPTIONS(.name = "request", .capacity = capacity), &out, &in);
        if (self->weft.rc < 0)
            break;
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    capacity = (size_t)bench_param(bench, "capacity", 100);
    return bench_runtime_begin(bench);
}

static int create_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {
    .name = "chan_create", .unit = "ns", .ops = 100000, .begin = begin, .round = create_all, .end = bench_runtime_end};
BENCH_WEFT(line)
