/* SPDX-License-Identifier: MIT */
/*
 * What does a task cost that a task spawns? One task spawns batches of empty tasks and waits for all of each batch:
 * they are the tasks of a scope, which it closes; or, to compare, it joins each by its handle.
 *
 *     batch=N        tasks at a time
 *     join=1         join each one
 */
#include <stdlib.h>

#include "lib/runtime.h"

static long batch;
static bool join_each;
static weft_task *handles; /* of a batch */

struct empty {
    weft_frame weft;
};

static weft_poll empty(weft_context *cx, struct empty *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(0);
}

struct by_scope {
    weft_frame weft;
    weft_scope scope;
    long left;
};

static weft_poll by_scope(weft_context *cx, struct by_scope *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left -= batch) {
        self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        for (long i = 0; i < batch; i++)
            weft_spawn(&self->scope, empty);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    WEFT_END(0);
}

struct by_join {
    weft_frame weft;
    long left;
    long i;
};

static weft_poll by_join(weft_context *cx, struct by_join *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left -= batch) {
        for (long i = 0; i < batch; i++)
            handles[i] = weft_spawn_joinable(weft_runtime_scope(bench_runtime), empty);
        for (self->i = 0; self->i < batch; self->i++) {
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &handles[self->i], NULL));
            if (self->weft.rc < 0)
                WEFT_RETURN(self->weft.rc);
        }
    }
    WEFT_END(0);
}

static int begin(struct bench *bench)
{
    batch = bench_param(bench, "batch", 10000);
    join_each = bench_param(bench, "join", 0) != 0;
    if (batch < 1)
        return 1;
    bench->ops = (bench->ops + batch - 1) / batch * batch;
    handles = calloc((size_t)batch, sizeof *handles);
    return handles ? bench_runtime_begin(bench) : 1;
}

static int spawn_all(struct bench *bench)
{
    weft_scope *root = weft_runtime_scope(bench_runtime);
    return bench_join(join_each ? weft_spawn_joinable(root, by_join, .left = bench->ops)
                                : weft_spawn_joinable(root, by_scope, .left = bench->ops));
}

static void end(struct bench *bench)
{
    bench_runtime_end(bench);
    free(handles);
}

static const struct bench_line line = {
    .name = "spawn_local", .unit = "ns", .ops = 1000000, .begin = begin, .round = spawn_all, .end = end};
BENCH_WEFT(line)
