/* SPDX-License-Identifier: MIT */
/* What does a channel cost when nobody waits and nobody is in the way? One task: try_send, then try_recv, a pair. */
#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

struct driver {
    weft_frame weft;
    numbers_sender out;
    numbers_receiver in;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    uint64_t value;
    WEFT_BEGIN(cx, self);
    self->weft.rc = numbers_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = 1000),
                                   &self->out, &self->in);
    for (; self->weft.rc >= 0 && self->left > 0; self->left--)
        if (numbers_try_send(&self->out, (uint64_t)self->left) < 0 || numbers_try_recv(&self->in, &value) < 0 ||
            value != (uint64_t)self->left)
            self->weft.rc = WEFT_EPROTO;
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    WEFT_END(self->weft.rc);
}

static int run(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {.name = "chan_try",
                                       .unit = "ns",
                                       .ops = 10000000,
                                       .begin = bench_runtime_begin,
                                       .round = run,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
