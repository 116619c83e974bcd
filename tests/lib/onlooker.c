/* SPDX-License-Identifier: MIT */
#include "lib/onlooker.h"

#include <time.h>

#include "lib/verdict.h"

static void onlooker_count(void *context)
{
    atomic_fetch_add_explicit(&((struct onlooker *)context)->events, 1, memory_order_relaxed);
}

#define WEFT_EVENT1(e, l, x, t1, n1)                                                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1) { (void)v1, onlooker_count(c); }
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2) { (void)v1, (void)v2, onlooker_count(c); }
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3)                                   \
    {                                                                                                                  \
        (void)v1, (void)v2, (void)v3, onlooker_count(c);                                                               \
    }
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4)                  \
    {                                                                                                                  \
        (void)v1, (void)v2, (void)v3, (void)v4, onlooker_count(c);                                                     \
    }
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4, WEFT__T_##t5 v5) \
    {                                                                                                                  \
        (void)v1, (void)v2, (void)v3, (void)v4, (void)v5, onlooker_count(c);                                           \
    }
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    static void hook_##e(void *c, WEFT__T_##t1 v1, WEFT__T_##t2 v2, WEFT__T_##t3 v3, WEFT__T_##t4 v4,                  \
                         WEFT__T_##t5 v5, WEFT__T_##t6 v6)                                                             \
    {                                                                                                                  \
        (void)v1, (void)v2, (void)v3, (void)v4, (void)v5, (void)v6, onlooker_count(c);                                 \
    }
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6

static void hook_stall_noted(void *context, uint64_t task, uint16_t worker, uint64_t poll_ns, const char *function,
                             const char *file, uint32_t line)
{
    struct onlooker *onlooker = context;
    if ((int64_t)poll_ns > atomic_load(&onlooker->stall_ns)) /* one thread tells stalls */
        atomic_store(&onlooker->stall_ns, (int64_t)poll_ns);
    hook_stall(context, task, worker, poll_ns, function, file, line);
}

static weft_hooks hooks_of(struct onlooker *onlooker)
{
    weft_hooks hooks = {
        .size = sizeof hooks,
        .context = onlooker,
#define WEFT_EVENT1(e, ...) .e = hook_##e,
#define WEFT_EVENT2(e, ...) .e = hook_##e,
#define WEFT_EVENT3(e, ...) .e = hook_##e,
#define WEFT_EVENT4(e, ...) .e = hook_##e,
#define WEFT_EVENT5(e, ...) .e = hook_##e,
#define WEFT_EVENT6(e, ...) .e = hook_##e,
#include <weft/trace_events.def>
    };
    hooks.stall = hook_stall_noted;
    return hooks;
}

static int see_task(void *context, const weft_task_info *info)
{
    (void)context;
    return VERDICT(info->task.id != 0 && info->site != NULL && info->age_ns >= 0) ? 0 : 1;
}

static int see_channel(void *context, const weft_channel_stats *stats)
{
    (void)context;
    return VERDICT(stats->depth <= stats->capacity && stats->received <= stats->sent) ? 0 : 1;
}

static int see_meeting(void *context, const weft_sync_stats *stats)
{
    (void)context;
    return VERDICT(stats->permits <= WEFT_PERMITS_MAX && stats->wait_longest_ns >= -1) ? 0 : 1;
}

static int see_job(void *context, const weft_job_info *info)
{
    (void)context;
    return VERDICT(info->job.id != 0 && info->ran_ns >= 0) ? 0 : 1;
}

static int see_dump(void *context, const char *text, size_t length)
{
    (void)text;
    ((struct onlooker *)context)->bytes += length;
    return 0;
}

void onlooker_look(struct onlooker *onlooker, weft_runtime *rt, int64_t pause_ms)
{
    const weft_hooks hooks = hooks_of(onlooker);
    const struct timespec pause = {.tv_nsec = pause_ms * 1000000};
    weft_hooks_handle handle;
    VERDICT(weft_hooks_add(rt, &hooks, &handle) == 0);
    VERDICT(weft_task_visit(rt, see_task, NULL) == 0);
    VERDICT(weft_channel_visit(rt, true, see_channel, NULL) == 0);
    VERDICT(weft_sync_visit(rt, see_meeting, NULL) == 0);
    VERDICT(weft_job_visit(rt, see_job, NULL) == 0);
    VERDICT(weft_monitor_sample(rt) == 0);
    VERDICT(weft_task_dump(rt, onlooker->bytes % 2 ? WEFT_DUMP_TEXT : WEFT_DUMP_JSON, see_dump, onlooker) == 0);
    nanosleep(&pause, NULL); /* the hooks go on meanwhile */
    VERDICT(weft_hooks_remove(handle) == 0);
}
