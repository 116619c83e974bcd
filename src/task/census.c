/* SPDX-License-Identifier: MIT */
#include "task/census.h"

#include "base/platform.h"
#include "base/tsan.h"
#include "registry/rcu.h"
#include "task/announce.h"

enum {
    CENSUS_SHARE = 100, /* of the time goes by between two walks */
    CENSUS_STRIDE = 256 /* slots in one RCU section: whoever waits for readers does not wait for the whole walk */
};

/*
 * The number of a task's name. Its slot may be another's by now, with other bytes in that place; then it counts as what it
 * says there, this once. Not instrumented: as in handle.c.
 */
WEFT__NO_TSAN static uint32_t census_number(weft__task *task)
{
    struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    const uint32_t number = extra ? weft__load_relaxed(&extra->number)
                                  : weft__site_known(weft__load_relaxed(&task->site)) >> 16;
    return number > 0 && number < WEFT__NAMES_OTHER ? number : WEFT__NAMES_OTHER;
}

static weft_task_state census_state(uint64_t word)
{
    if (word & WEFT__COMPLETE)
        return WEFT_TASK_ENDED;
    if (word & WEFT__RUNNING)
        return WEFT_TASK_RUNNING;
    return word & WEFT__SCHEDULED ? WEFT_TASK_SCHEDULED : WEFT_TASK_WAITING;
}

/* Some slots; false: those were the last. */
static bool census_step(struct weft__env *env, uint32_t *number, struct weft__census_counts *counts)
{
    weft__task *task = NULL;
    weft__rcu_read_lock();
    for (int i = 0; i < CENSUS_STRIDE && (task = weft__slab_next(&env->slab, number)) != NULL; i++) {
        const uint64_t word = weft__load_acquire(&task->state); /* ST-A2: the task is written */
        if (word == 0 || (word & WEFT__FREE))
            continue;
        const weft_task_state state = census_state(word);
        counts->states[state]++;
        counts->of[census_number(task)] += state != WEFT_TASK_ENDED;
    }
    weft__rcu_read_unlock();
    return task != NULL;
}

static void census_walk(struct weft__census *census, struct weft__env *env)
{
    struct weft__census_counts counts = {{0}, {0}};
    uint32_t number = 0;
    const int64_t begun = weft__clock_now();
    while (census_step(env, &number, &counts))
        ;
    const int64_t ended = weft__clock_now();
    weft__lock(&census->lock);
    census->counts = counts;
    census->taken = true;
    census->at = ended;
    census->took = ended - begun;
    weft__unlock(&census->lock);
}

static bool census_is_due(struct weft__census *census)
{
    weft__lock(&census->lock);
    const bool due = !census->taken || weft__clock_now() - census->at >= CENSUS_SHARE * census->took;
    weft__unlock(&census->lock);
    return due;
}

bool weft__census_take(struct weft__census *census, struct weft__env *env, struct weft__census_counts *out)
{
    if (weft__lock_try(&census->walking)) {
        if (census_is_due(census))
            census_walk(census, env);
        weft__unlock(&census->walking);
    }
    weft__lock(&census->lock);
    const bool taken = census->taken;
    if (taken)
        *out = census->counts;
    weft__unlock(&census->lock);
    return taken;
}
