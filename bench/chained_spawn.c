/* SPDX-License-Identifier: MIT */
/* How fast is work that spawns its continuation? Each task spawns the next and ends; the last one tells the host. */
#include <semaphore.h>
#include <stdlib.h>

#include "lib/runtime.h"

static sem_t last_ended;

struct link {
    weft_frame weft;
    long left;
};

static weft_poll link(weft_context *cx, struct link *self)
{
    WEFT_BEGIN(cx, self);
    if (self->left == 0)
        sem_post(&last_ended);
    else if (weft_task_error(weft_spawn(weft_runtime_scope(bench_runtime), link, .left = self->left - 1)) < 0)
        abort();
    WEFT_END(0);
}

static int begin(struct bench *bench)
{
    return sem_init(&last_ended, 0, 0) == 0 ? bench_runtime_begin(bench) : 1;
}

static int chain(struct bench *bench)
{
    weft_spawn(weft_runtime_scope(bench_runtime), link, .left = bench->ops);
    return sem_wait(&last_ended);
}

static const struct bench_line line = {
    .name = "chained_spawn", .unit = "ns", .ops = 1000000, .begin = begin, .round = chain, .end = bench_runtime_end};
BENCH_WEFT(line)
