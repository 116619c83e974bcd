/* SPDX-License-Identifier: MIT */
/*
 * What does it cost to have a function run on the blocking pool? Tasks begin jobs that do nothing, a batch at a time,
 * and wait for them: one after another, or all at once.
 *
 *     tasks=N
 *     batch=N        jobs that a task begins before it waits (0: its whole share)
 */
#include <stdlib.h>

#include "lib/runtime.h"

static long tasks, batch;
static weft_job *jobs; /* a batch for each task */

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

struct caller {
    weft_frame weft;
    weft_job *jobs;
    long left;
    long i;
};

static weft_poll caller(weft_context *cx, struct caller *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left -= batch) {
        for (self->i = 0; self->i < batch; self->i++) {
            WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->jobs[self->i], WEFT_JOB(nothing, NULL)));
            if (self->weft.rc < 0)
                WEFT_RETURN(self->weft.rc);
        }
        for (self->i = 0; self->i < batch; self->i++) {
            WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->jobs[self->i], NULL));
            if (self->weft.rc < 0)
                WEFT_RETURN(self->weft.rc);
        }
    }
    WEFT_END(0);
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    long each;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (long i = 0; i < tasks; i++)
        weft_spawn(&self->scope, caller, .jobs = jobs + i * batch, .left = self->each);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 1);
    batch = bench_param(bench, "batch", 1);
    if (tasks < 1)
        return 1;
    if (batch == 0)
        batch = (bench->ops + tasks - 1) / tasks;
    const long step = tasks * batch;
    bench->ops = (bench->ops + step - 1) / step * step;
    jobs = calloc((size_t)step, sizeof *jobs);
    return jobs ? bench_runtime_begin(bench) : 1;
}

static int call_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .each = bench->ops / tasks));
}

static void end(struct bench *bench)
{
    bench_runtime_end(bench);
    free(jobs);
}

static const struct bench_line line = {
    .name = "blocking", .unit = "ns", .ops = 100000, .begin = begin, .round = call_all, .end = end};
BENCH_WEFT(line)
