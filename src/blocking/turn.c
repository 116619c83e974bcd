/* SPDX-License-Identifier: MIT */
/*
 * Jobs of a simulated runtime. There are no threads: whoever turns the runtime runs the jobs, between two polls. A job is
 * taken in one step and run in a later one, so tasks find jobs that run already; as many are taken at a time as there
 * could be threads, in the order of the queue, and end in any order, as those on threads do.
 */
#include "blocking/pool.h"
#include "registry/rcu.h"

enum { TURN_THREAD = 1 }; /* the id of the thread on which they say they run */

/* Under the lock. */
static bool turn_may_take(const struct weft__blocking *pool)
{
    return !weft__list_empty(&pool->queue) && pool->running < pool->threads_max;
}

uint32_t weft__blocking_steps(struct weft__blocking *pool)
{
    weft__lock(&pool->lock);
    const uint32_t steps = pool->begun_count + turn_may_take(pool);
    weft__unlock(&pool->lock);
    return steps;
}

static void turn_take(struct weft__blocking *pool)
{
    struct weft__pool_wakes wakes = {0};
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    if (turn_may_take(pool)) {
        struct weft__job *job = weft__container_of(pool->queue.next, struct weft__job, link);
        weft__pool_take_locked(pool, job, WEFT__JOB_RUNNING, &wakes);
        weft__list_push_back(&pool->begun, &job->link);
        pool->begun_count++;
    }
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
}

/* NULL: there are not so many. */
static struct weft__job *turn_choose(struct weft__blocking *pool, uint32_t choice)
{
    struct weft__job *job = NULL;
    weft__lock(&pool->lock);
    if (choice < pool->begun_count) {
        struct weft__link *link = pool->begun.next;
        while (choice-- > 0)
            link = link->next;
        weft__list_remove(link);
        pool->begun_count--;
        job = weft__container_of(link, struct weft__job, link);
    }
    weft__unlock(&pool->lock);
    return job;
}

void weft__blocking_step(struct weft__blocking *pool, uint32_t choice)
{
    struct weft__job *job = turn_choose(pool, choice);
    const struct weft__pool_self outer = weft__blocking_put_off();
    weft__blocking_put_on((struct weft__pool_self){.pool = pool, .id = TURN_THREAD});
    if (job)
        weft__pool_run(pool, job);
    else
        turn_take(pool);
    weft__blocking_put_on(outer);
}
