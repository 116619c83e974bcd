/* SPDX-License-Identifier: MIT */
/*
 * What does an await cost that need not wait? One task sends into a channel and receives from it: both are ready.
 *
 *     bytes=N        of a message, at most 32768
 */
#include <string.h>

#include "lib/runtime.h"

enum { BYTES_MAX = 32768 };

static size_t bytes;
static char sent[BYTES_MAX], received[BYTES_MAX];

struct driver {
    weft_frame weft;
    weft_sender out;
    weft_receiver in;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc =
        weft_channel_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.name = "ready", .capacity = 1000), bytes,
                            &self->out, &self->in);
    for (; self->weft.rc >= 0 && self->left > 0; self->left--) {
        memcpy(sent, &self->left, sizeof self->left);
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, sent));
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, received));
        if (memcmp(received, &self->left, sizeof self->left) != 0)
            self->weft.rc = WEFT_EPROTO;
    }
    weft_sender_close(&self->out);
    weft_receiver_close(&self->in);
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    bytes = (size_t)bench_param(bench, "bytes", sizeof(uint64_t));
    return bytes < sizeof(uint64_t) || bytes > BYTES_MAX ? 1 : bench_runtime_begin(bench);
}

static int run(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {
    .name = "chan_ready", .unit = "ns", .ops = 10000000, .begin = begin, .round = run, .end = bench_runtime_end};
BENCH_WEFT(line)
