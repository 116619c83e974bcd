/* SPDX-License-Identifier: MIT */
/*
 * A program whose worker is held by one task among others, and that counts how often somebody walks through all of its tasks: the
 * endpoint calls weft_task_visit(), and what a program defines goes before what a library does. It says the number when its input ends.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <weft.h>

enum { TASKS = 100 };

static atomic_uint walks;
static atomic_bool ends;

WEFT_API int weft_task_visit(weft_runtime *rt, int (*visit)(void *context, const weft_task_info *info), void *context)
{
    int (*real)(weft_runtime *, int (*)(void *, const weft_task_info *), void *);
    void *found = dlsym(RTLD_NEXT, "weft_task_visit");
    memcpy(&real, &found, sizeof real); /* ISO C has no cast for it */
    atomic_fetch_add(&walks, 1);
    return real(rt, visit, context);
}

struct sleeper { weft_frame weft; };
struct holder { weft_frame weft; };

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, WEFT_FOREVER));
    WEFT_END(0);
}

static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&ends))
        sched_yield();
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    char byte;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "held", .worker_threads = 1)) < 0)
        return 1;
    for (int i = 0; i < TASKS; i++)
        weft_spawn(weft_runtime_scope(rt), sleeper);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("the holder"), holder);
    printf("runs %d\n", (int)getpid());
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    atomic_store(&ends, true);
    const int error = weft_runtime_destroy(rt);
    printf("walks %u\n", atomic_load(&walks));
    return error < 0;
}
