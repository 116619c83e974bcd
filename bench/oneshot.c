/* SPDX-License-Identifier: MIT */
/* What does a reply cost? One task makes a oneshot, sends, receives what is there already, and closes it. */
#include "lib/runtime.h"

WEFT_ONESHOT_DEFINE(reply, uint64_t)

struct driver {
    weft_frame weft;
    reply_sender out;
    reply_receiver in;
    uint64_t value;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        self->weft.rc = reply_create(weft_context_runtime(cx), NULL, &self->out, &self->in);
        if (self->weft.rc < 0 || reply_send(&self->out, (uint64_t)self->left) < 0)
            WEFT_RETURN(WEFT_ENOMEM);
        WEFT_AWAIT(self->weft.rc, reply_recv(cx, &self->in, &self->value));
        reply_receiver_close(&self->in);
        if (self->value != (uint64_t)self->left)
            WEFT_RETURN(WEFT_EPROTO);
    }
    WEFT_END(self->weft.rc);
}

static int run(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {.name = "oneshot",
                                       .unit = "ns",
                                       .ops = 5000000,
                                       .begin = bench_runtime_begin,
                                       .round = run,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
