/* SPDX-License-Identifier: MIT */
/* A runtime for a benchmark, and the ways of being seen that its command line asks for. */
#include "lib/runtime.h"

#include <stdio.h>

weft_runtime *bench_runtime;

/* Every event, to a function that returns at once: what a hook costs without what it does. */
#define WEFT_EVENT1(e, l, x, t1, n1)                                                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1)                                                                     \
    {                                                                                                                  \
        (void)c, (void)v1;                                                                                             \
    }
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2)                                                    \
    {                                                                                                                  \
        (void)c, (void)v1, (void)v2;                                                                                   \
    }
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3)                                   \
    {                                                                                                                  \
        (void)c, (void)v1, (void)v2, (void)v3;                                                                         \
    }
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4)                  \
    {                                                                                                                  \
        (void)c, (void)v1, (void)v2, (void)v3, (void)v4;                                                               \
    }
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4, WEFT__T_##t5 v5) \
    {                                                                                                                  \
        (void)c, (void)v1, (void)v2, (void)v3, (void)v4, (void)v5;                                                     \
    }
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4, WEFT__T_##t5 v5, \
                         WEFT__T_##t6 v6)                                                                              \
    {                                                                                                                  \
        (void)c, (void)v1, (void)v2, (void)v3, (void)v4, (void)v5, (void)v6;                                           \
    }
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6

static const weft_hooks hooks_all = {
    .size = sizeof hooks_all,
#define WEFT_EVENT1(e, ...) .e = hook_##e,
#define WEFT_EVENT2(e, ...) .e = hook_##e,
#define WEFT_EVENT3(e, ...) .e = hook_##e,
#define WEFT_EVENT4(e, ...) .e = hook_##e,
#define WEFT_EVENT5(e, ...) .e = hook_##e,
#define WEFT_EVENT6(e, ...) .e = hook_##e,
#include <weft/trace_events.def>
};

int bench_runtime_begin(struct bench *bench)
{
    const uint32_t monitor_ms = (uint32_t)bench_param(bench, "monitor_ms", 0);
    const bool hooks = bench_param(bench, "hooks", 0) != 0;
    const int code = weft_runtime_create(
        &bench_runtime, WEFT_RUNTIME_OPTIONS(.name = bench->line->name, .worker_threads = (uint32_t)bench->workers,
                                             .monitor_interval_ms = monitor_ms));
    if (code < 0) {
        fprintf(stderr, "%s: no runtime: %s\n", bench->line->name, weft_error_text(code));
        return code;
    }
    weft_hooks_handle handle; /* until the end of the program */
    return hooks ? weft_hooks_add(bench_runtime, &hooks_all, &handle) : 0;
}

void bench_runtime_end(struct bench *bench)
{
    const int code = weft_runtime_finish(bench_runtime);
    if (code < 0)
        fprintf(stderr, "%s: the runtime ended with %s\n", bench->line->name, weft_error_text(code));
}

int bench_join(weft_task task)
{
    int result = weft_task_error(task);
    if (result == 0 && weft_task_join_blocking(&task, WEFT_FOREVER, &result) < 0)
        return WEFT_EINVAL;
    return result;
}
