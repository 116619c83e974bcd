/* SPDX-License-Identifier: MIT */
/*
 * How long until a task runs that waits on an idle runtime? A thread of the host sends the time to it, once a
 * millisecond, and the task says how old the message is: the median, and the 99th percentile of a round.
 */
#include <stdlib.h>
#include <time.h>

#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(times, int64_t)

static int64_t *samples;

struct listener {
    weft_frame weft;
    times_receiver in;
    int64_t sent;
    long count;
    long expected;
};

static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, times_recv(cx, &self->in, &self->sent));
        if (self->weft.rc < 0)
            break;
        samples[self->count++] = bench_now() - self->sent;
    }
    times_receiver_close(&self->in);
    WEFT_END(self->count == self->expected ? 0 : WEFT_EPROTO);
}

static int begin(struct bench *bench)
{
    samples = calloc((size_t)bench->ops, sizeof *samples);
    return samples ? bench_runtime_begin(bench) : 1;
}

static int listen_to_all(struct bench *bench)
{
    const struct timespec gap = {.tv_nsec = 1000000};
    times_sender out;
    times_receiver in;
    if (times_create(bench_runtime, WEFT_CHANNEL_OPTIONS(.name = "times", .capacity = 16), &out, &in) < 0)
        return 1;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(bench_runtime), listener, .in = in, .expected = bench->ops);
    int code = 0;
    for (long i = 0; i < bench->ops && code == 0; i++) {
        nanosleep(&gap, NULL);
        code = times_try_send(&out, bench_now());
    }
    times_sender_close(&out);
    const int result = bench_join(task);
    bench_take_samples(bench, samples, (size_t)bench->ops, 1000);
    return code < 0 ? code : result;
}

static void end(struct bench *bench)
{
    bench_runtime_end(bench);
    free(samples);
}

static const struct bench_line line = {
    .name = "wake_latency", .unit = "us", .ops = 2000, .begin = begin, .round = listen_to_all, .end = end};
BENCH_WEFT(line)
