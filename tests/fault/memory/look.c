/* SPDX-License-Identifier: MIT */
/* Looking: hooks, walks, dumps, statistics, health. But for what is looked at, and the copy for metrics, nothing of it allocates. */
#include "sweep.h"

static void on_spawn(void *context, uint64_t task, uint64_t parent, uint64_t site, uint16_t worker)
{
    (void)task;
    (void)parent;
    (void)site;
    (void)worker;
    atomic_fetch_add((atomic_uint *)context, 1);
}

SCENARIO(hooks)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    atomic_uint spawns = 0;
    weft_hooks_handle hooks = 0;
    const unsigned before = faulty_calls_here();
    HOLDS(weft_hooks_add(rt, WEFT_HOOKS(.context = &spawns, .task_spawn = on_spawn), &hooks) == 0);
    HOLDS(faulty_calls_here() == before);
    for (int i = 0; i < 20; i++)
        TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), ender, .ended = &tally->ended));
    HOLDS(weft_hooks_remove(hooks) == 0 && atomic_load(&spawns) == tally->accepted);
    tally_finish(tally, rt);
}

#define IGNORE(noun, type)                                                                                             \
    static int ignore_##noun(void *context, const type *item)                                                          \
    {                                                                                                                  \
        (void)item;                                                                                                    \
        ++*(unsigned *)context;                                                                                        \
        return 0;                                                                                                      \
    }
IGNORE(task, weft_task_info)
IGNORE(channel, weft_channel_stats)
IGNORE(job, weft_job_info)
IGNORE(sync, weft_sync_stats)
IGNORE(fd, weft_fd_stats)
IGNORE(metric, weft_metric)

SCENARIO(visits)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    numbers_sender out;
    numbers_receiver in;
    weft_mutex mutex;
    const bool channel = TRY("weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in)) == 0;
    const bool locked = TRY("weft_mutex_create", weft_mutex_create(rt, NULL, &mutex)) == 0;
    TRY_SPAWN(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("seen"), parked, .ended = &tally->ended));
    const unsigned before = faulty_calls_here();
    unsigned seen = 0;
    weft_runtime_stats stats = {.size = sizeof stats};
    weft_blocking_stats pool = {.size = sizeof pool};
    HOLDS(weft_runtime_stats_get(rt, &stats) == 0 && weft_blocking_stats_get(rt, &pool) == 0);
    HOLDS(weft_task_visit(rt, ignore_task, &seen) == 0 && weft_channel_visit(rt, true, ignore_channel, &seen) == 0);
    HOLDS(weft_job_visit(rt, ignore_job, &seen) == 0 && weft_sync_visit(rt, ignore_sync, &seen) == 0);
    HOLDS(weft_fd_visit(rt, ignore_fd, &seen) == 0);
    HOLDS(seen == tally->accepted + channel + locked);
    HOLDS(faulty_calls_here() == before);
    if (channel) {
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    if (locked)
        weft_mutex_destroy(&mutex);
    tally_destroy(tally, rt);
}

static int ignore_text(void *context, const char *text, size_t length)
{
    (void)text;
    *(unsigned *)context += length > 0;
    return 0;
}

SCENARIO(dump)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    for (int i = 0; i < 30; i++)
        TRY_SPAWN(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("dumped"), parked, .ended = &tally->ended));
    const unsigned before = faulty_calls_here();
    unsigned pieces = 0;
    HOLDS(weft_task_dump(rt, WEFT_DUMP_TEXT, ignore_text, &pieces) == 0);
    HOLDS(weft_task_dump(rt, WEFT_DUMP_JSON, ignore_text, &pieces) == 0);
    HOLDS(pieces > 0);
    HOLDS(faulty_calls_here() == before);
    tally_destroy(tally, rt);
}

static void on_health(void *context, const weft_health_change *change)
{
    (void)context;
    (void)change;
}

SCENARIO(health)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    numbers_sender out;
    numbers_receiver in;
    const bool made = TRY("weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in)) == 0;
    const unsigned before = faulty_calls_here();
    HOLDS(weft_monitor_on_health(rt, on_health, NULL) == 0);
    if (made) {
        weft_channel_stats stats = {.size = sizeof stats};
        unsigned metrics = 0;
        HOLDS(numbers_try_send(&out, 1) == 0);
        HOLDS(weft_monitor_sample(rt) == 0);
        HOLDS(weft_receiver_stats(&in.weft, &stats) == 0);
        HOLDS(weft_channel_metrics(&stats, NULL, ignore_metric, &metrics) == 0 && metrics > 0);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    HOLDS(weft_monitor_on_health(rt, NULL, NULL) == 0);
    HOLDS(faulty_calls_here() == before);
    tally_destroy(tally, rt);
}

static int ignore_sample(void *context, const weft_metric_sample *sample)
{
    ++*(unsigned *)context;
    return sample->family->name[0] == '\0';
}

/* The copy for a walk is what allocates: without memory nothing is told, and the next walk tells all. */
SCENARIO(metrics)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    for (weft_runtime *of = rt;; of = NULL) { /* this one, and all of the process */
        unsigned samples = 0;
        const int code = TRY("weft_metrics_visit", weft_metrics_visit(of, NULL, ignore_sample, &samples));
        HOLDS(code == 0 ? samples > 50 : samples == 0);
        if (!of)
            break;
    }
    tally_destroy(tally, rt);
}
