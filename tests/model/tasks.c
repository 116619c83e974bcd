/* SPDX-License-Identifier: MIT */
#include "tasks.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>

#include "registry/runtimes.h"
#include "sync/meeting.h"
#include "task/scope.h"
#include "task/task.h"

struct runner {
    pthread_t thread;
    weft__task *task;
    _Atomic uint64_t id; /* whoever wakes it looks for it; a slot may be another task's by then */
    struct weft__thread self;
    bool joined;
    _Atomic uint32_t due; /* the task is SCHEDULED */
};

static struct weft__env tasks_env;
static struct runner runners[TASKS_MAX];
static int runner_count;

static void runner_wait(struct runner *me)
{
    if (model_choose(8) == 0) {
        weft__task_wake(me->task, weft__task_tag(me->task), 0, 0);
    }
    while (!weft__exchange_relaxed(&me->due, 0)) {
        model_futex_wait(&me->due, 0, INT64_MAX);
    }
}

static void *runner_main(void *argument)
{
    struct runner *me = argument;
    weft__self = &me->self;
    for (;;) {
        const enum weft__polled polled = weft__task_poll(&me->self, me->task, 0);
        if (polled == WEFT__POLLED_ENDED) {
            weft__slab_flush(&tasks_env.slab, &me->self.cache);
            weft__slab_flush(&tasks_env.sync->values, &me->self.caches[WEFT__CACHED_VALUES]);
            return NULL;
        }
        if (polled == WEFT__POLLED_WAITS) {
            runner_wait(me);
        }
    }
}

static void tasks_schedule(struct weft__env *env, weft__task *task)
{
    for (int i = 0; i < TASKS_MAX; i++) {
        if (weft__load_relaxed(&runners[i].id) == weft__task_id(task)) {
            weft__store_relaxed(&runners[i].due, 1);
            model_futex_wake(&runners[i].due, 1);
            return;
        }
    }
    assert(model_thread() == 0 && runner_count < TASKS_MAX); /* it is born */
    struct runner *me = &runners[runner_count++];
    me->task = task;
    weft__store_relaxed(&me->id, weft__task_id(task));
    me->self.env = env;
    me->self.number = (uint16_t)runner_count;
    weft__rng_seed(&me->self.choices, model_choose(4));
    me->self.caches[WEFT__CACHED_VALUES].slab = model_choose(2) ? &env->sync->values : NULL; /* with slots of its own, and a count */
    pthread_create(&me->thread, NULL, runner_main, me);
}

static const struct weft__sched_ops tasks_ops = {.schedule = tasks_schedule};

weft_runtime *tasks_begin(void)
{
    tasks_env.ops = &tasks_ops;
    tasks_env.coop_budget = 2;
    tasks_env.number = weft__runtimes_add(&tasks_env);
    weft__slab_init(&tasks_env.slab, &tasks_env);
    weft__scope_init_root(&tasks_env);
    tasks_env.sync = weft__sync_create(tasks_env.number, NULL);
    assert(tasks_env.sync);
    weft__runtimes_publish(tasks_env.number);
    return (weft_runtime *)(void *)&tasks_env;
}

weft_scope *tasks_scope(void)
{
    return &tasks_env.root;
}

void tasks_join_one(weft_task task)
{
    for (int i = 0; i < runner_count; i++) {
        if (weft__load_relaxed(&runners[i].id) == task.id) {
            pthread_join(runners[i].thread, NULL);
            runners[i].joined = true;
        }
    }
}

void tasks_join(void)
{
    for (int i = 0; i < runner_count; i++) {
        if (!runners[i].joined) {
            pthread_join(runners[i].thread, NULL);
        }
    }
    weft__slab_trim(&tasks_env.slab);
    weft__slab_trim(&tasks_env.slab); /* what was empty at the first */
}

void tasks_end(void)
{
    weft__runtimes_remove(tasks_env.number);
    int64_t counted = 0;
    for (int i = 0; i < runner_count; i++) {
        counted += runners[i].self.caches[WEFT__CACHED_VALUES].live;
    }
    weft__sync_close(tasks_env.sync, counted);
    weft__slab_fini(&tasks_env.slab);
}

weft_sync_stats tasks_look(struct weft__meeting *object)
{
    weft_sync_stats stats = {.size = sizeof stats};
    assert(weft__meeting_copy(object, &stats));
    return stats;
}
