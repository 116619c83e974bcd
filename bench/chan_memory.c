/* SPDX-License-Identifier: MIT */
/*
 * How much memory does a channel take? Resident bytes per open channel of 8-byte messages: new, or when each of its
 * places was used once.
 *
 *     capacity=N
 *     used=1
 */
#include <stdlib.h>

#include "lib/runtime.h"

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

struct ends {
    numbers_sender out;
    numbers_receiver in;
};

static size_t capacity;
static bool used;
static struct ends *channels;

static int channel_use(struct ends *ends)
{
    uint64_t value;
    for (size_t i = 0; i < capacity; i++)
        if (numbers_try_send(&ends->out, i) < 0)
            return 1;
    for (size_t i = 0; i < capacity; i++)
        if (numbers_try_recv(&ends->in, &value) < 0)
            return 1;
    return 0;
}

static int begin(struct bench *bench)
{
    capacity = (size_t)bench_param(bench, "capacity", 1);
    used = bench_param(bench, "used", 0) != 0;
    channels = malloc((size_t)bench->ops * sizeof *channels);
    for (long i = 0; channels && i < bench->ops; i++) /* resident before, so that it does not count */
        channels[i] = (struct ends){0};
    return channels ? bench_runtime_begin(bench) : 1;
}

static int create_all(struct bench *bench)
{
    const int64_t before = bench_resident();
    int code = 0;
    for (long i = 0; i < bench->ops && code == 0; i++) {
        code = numbers_create(bench_runtime, WEFT_CHANNEL_OPTIONS(.name = "request", .capacity = capacity),
                              &channels[i].out, &channels[i].in);
        if (code == 0 && used)
            code = channel_use(&channels[i]);
    }
    bench->value = (double)(bench_resident() - before) / (double)bench->ops;
    return code;
}

static void end(struct bench *bench)
{
    for (long i = 0; i < bench->ops; i++) {
        numbers_sender_close(&channels[i].out);
        numbers_receiver_close(&channels[i].in);
    }
    bench_runtime_end(bench);
    free(channels);
}

static const struct bench_line line = {.name = "chan_memory",
                                       .unit = "bytes",
                                       .ops = 100000,
                                       .once = true,
                                       .begin = begin,
                                       .round = create_all,
                                       .end = end};
BENCH_WEFT(line)
