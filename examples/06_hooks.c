/* SPDX-License-Identifier: MIT */
/*
 * Teaches hooks: the events that LTTng can record, as calls into the program, for a host with a tracer or metrics of its
 * own. They run where the event happens, on any worker, so what they touch is atomic, and they must be quick.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

struct counts {
    atomic_int spawned, polls, yields;
};

/* The parameters of each hook are its row in <weft/trace_events.def>; a row may grow only with a new schema. */
static void on_task_spawn(void *context, uint64_t task, uint64_t parent, uint64_t site, uint16_t worker)
{
    struct counts *counts = context;
    (void)task, (void)parent, (void)site, (void)worker;
    atomic_fetch_add_explicit(&counts->spawned, 1, memory_order_relaxed);
}

static void on_poll_start(void *context, uint64_t task, uint16_t worker, uint8_t source)
{
    struct counts *counts = context;
    (void)task, (void)worker, (void)source;
    atomic_fetch_add_explicit(&counts->polls, 1, memory_order_relaxed);
}

static void on_poll_end(void *context, uint64_t task, uint16_t worker, uint8_t result, uint32_t line)
{
    struct counts *counts = context;
    (void)task, (void)worker, (void)line;
    if (result == WEFT_TRACE_poll_result_YIELD)
        atomic_fetch_add_explicit(&counts->yields, 1, memory_order_relaxed);
}

/* Lets the others run three times: four polls. */
struct polite { weft_frame weft; int i; };

static weft_poll polite(weft_context *cx, struct polite *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 3; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(0);
}

/* A task that owns the scope of ten polite ones, so that main() has one task to join. */
struct party { weft_frame weft; weft_scope scope; };

static weft_poll party(weft_context *cx, struct party *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "party")) < 0)
        WEFT_RETURN(WEFT_EINVAL);
    for (int i = 0; i < 10; i++)
        weft_spawn(&self->scope, polite);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

int main(void)
{
    struct counts counts = {0};
    weft_runtime *rt;
    weft_hooks_handle hooks;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "hooks")) < 0)
        return 1;
    if (weft_hooks_add(rt, WEFT_HOOKS(.context = &counts, .task_spawn = on_task_spawn, .poll_start = on_poll_start,
                                      .poll_end = on_poll_end), &hooks) < 0)
        return 1;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), party);
    if (weft_task_join_blocking(&task, WEFT_FOREVER, NULL) < 0)
        return 1;
    weft_hooks_remove(hooks); /* when it returns no hook runs any more, so what they point to may go */

    printf("tasks spawned: %d\n", atomic_load(&counts.spawned));
    printf("polls that yielded: %d\n", atomic_load(&counts.yields));
    /* The party is polled at its start and after its scope; whether between, too, is up to the schedule. */
    printf("polls, at least 42: %s\n", atomic_load(&counts.polls) >= 42 ? "yes" : "no");
    return weft_runtime_finish(rt) < 0;
}
