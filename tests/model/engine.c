/* SPDX-License-Identifier: MIT */
/* What the runtime room does to put a scheduler together and to take it apart, in the same order, with small numbers.
 */
#include "engine.h"

#include <assert.h>
#include <weft/types.h>

#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "sched/sched.h"
#include "task/scope.h"
#include "timer/timer.h"

static struct weft__sched engine;
static struct weft__timers *engine_timers;

weft_scope *engine_start(uint32_t workers)
{
    engine.worker_count = workers;
    engine.global_queue_interval = 3;
    engine.thread_name = "model";
    engine.env.coop_budget = 4;
    engine.env.number = weft__runtimes_add(&engine);
    weft__slab_init(&engine.env.slab, &engine.env);
    weft__scope_init_root(&engine.env);
    assert(weft__sched_init(&engine, 1) == 0);
    assert(weft__timers_create(&engine.env, workers, &engine_timers) == 0);
    for (uint32_t i = 0; i < workers; i++)
        engine.workers[i].thread.timers = weft__timers_of(engine_timers, i);
    weft__runtimes_publish(engine.env.number);
    assert(weft__sched_start(&engine, 0) == 0);
    return &engine.env.root;
}

void engine_stop(void)
{
    assert(weft__sched_drain(&engine, WEFT_FOREVER) == 0);
    assert(weft__sched_live(&engine) == 0);
    weft__sched_stop(&engine);
    weft__runtimes_remove(engine.env.number);
    weft__rcu_synchronize();
    weft__timers_destroy(engine_timers, engine.worker_count);
    weft__sched_fini(&engine);
    weft__slab_fini(&engine.env.slab);
}
