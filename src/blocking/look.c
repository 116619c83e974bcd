/* SPDX-License-Identifier: MIT */
/* Looking at jobs and at the pool: copies made under the lock, one job at a time; nobody is called with it held. */
#include <string.h>
#include <weft/error.h>
#include <weft/sync.h>

#include "base/error.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"

/* The job in a slot, if there is one. Inside an RCU section. */
static bool look_copy(struct weft__blocking *pool, struct weft__job *job, weft_job_info *out)
{
    const int64_t now = weft__realm_now(pool->env->realm);
    weft__lock(&pool->lock);
    const bool live = weft__load_relaxed(&job->state) == WEFT__JOB_LIVE;
    if (live) {
        const bool begun = job->started_ns != 0;
        const int64_t until = job->phase == WEFT__JOB_ENDED ? job->ended_ns : now;
        *out = (weft_job_info){
            .size = out->size,
            .job = {job->id, weft__slot_number(job), pool->env->number},
            .parent = job->parent,
            .site = job->site,
            .category = job->category,
            .state = job->phase == WEFT__JOB_ENDED    ? WEFT_JOB_ENDED
                     : job->phase == WEFT__JOB_QUEUED ? WEFT_JOB_QUEUED
                                                      : WEFT_JOB_RUNNING,
            .mandatory = job->mandatory,
            .thread_id = job->phase == WEFT__JOB_RUNNING ? job->thread_id : 0,
            .waited_ns = (begun ? job->started_ns : until) - job->queued_ns,
            .ran_ns = begun ? until - job->started_ns : 0,
        };
        memcpy(out->name, job->name, strlen(job->name) + 1);
    }
    weft__unlock(&pool->lock);
    return live;
}

/* The next job of the walk; false at its end. */
static bool look_next(struct weft__blocking *pool, uint32_t *number, weft_job_info *out)
{
    for (;;) {
        weft__rcu_read_lock();
        struct weft__job *job = weft__slab_next(&pool->slab, number);
        const bool found = job && look_copy(pool, job, out);
        weft__rcu_read_unlock();
        if (found || !job)
            return found;
    }
}

int weft_job_inspect(weft_job handle, weft_job_info *out_info)
{
    if (handle.id == 0 || !out_info || out_info->size < sizeof *out_info)
        return weft__refuse(WEFT_EINVAL, "weft_job_inspect: give a job, and an info whose size is set");
    weft_job_info info = {.size = out_info->size};
    weft__rcu_read_lock();
    struct weft__env *env = weft__runtimes_get(handle.weft__runtime);
    struct weft__job *job = env ? weft__slab_lookup(&env->blocking->slab, handle.weft__slot) : NULL;
    const bool found = job && look_copy(env->blocking, job, &info) && info.job.id == handle.id;
    weft__rcu_read_unlock();
    if (!found)
        return WEFT_ESRCH;
    *out_info = info;
    return 0;
}

int weft_job_visit(weft_runtime *rt, int (*visit)(void *context, const weft_job_info *info), void *context)
{
    const int wrong = weft__runtimes_check("weft_job_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_job_visit: the function must not be null");
    uint32_t number = 0;
    weft_job_info info = {.size = sizeof info};
    while (look_next(weft__env_of(rt)->blocking, &number, &info)) {
        const int answer = visit(context, &info);
        if (answer != 0)
            return answer;
    }
    return 0;
}

int weft_blocking_stats_get(weft_runtime *rt, weft_blocking_stats *out_stats)
{
    const int wrong = weft__runtimes_check("weft_blocking_stats_get", rt);
    if (wrong)
        return wrong;
    if (!out_stats || out_stats->size < sizeof *out_stats)
        return weft__refuse(WEFT_EINVAL, "weft_blocking_stats_get: give statistics whose size is set");
    struct weft__blocking *pool = weft__env_of(rt)->blocking;
    const int64_t now = weft__realm_now(pool->env->realm);
    weft__lock(&pool->lock);
    const uint32_t queued = weft__load_relaxed(&pool->queued);
    *out_stats = (weft_blocking_stats){
        .size = out_stats->size,
        .threads = pool->threads,
        .threads_idle = pool->idle_count,
        .threads_high = pool->threads_high,
        .threads_max = pool->threads_max,
        .queued = queued,
        .queued_high = pool->queued_high,
        .queue_max = pool->queue_max,
        .running = pool->running,
        .waiting = pool->waiting,
        .submitted = pool->submitted - pool->returned,
        .completed = pool->completed,
        .cancelled = pool->cancelled,
        .threads_started = pool->threads_started,
        .threads_refused = pool->threads_refused,
        .queued_longest_ns = -1,
        .waited_max_ns = pool->waited_max_ns,
    };
    if (queued > 0)
        out_stats->queued_longest_ns = now - weft__container_of(pool->queue.next, struct weft__job, link)->queued_ns;
    weft__unlock(&pool->lock);
    return 0;
}

void weft__blocking_describe_place(struct weft__waitable *waitable, const struct weft__wait *wait,
                                   struct weft__abouts *abouts)
{
    (void)waitable;
    weft__abouts_add(abouts, "a place in the blocking pool's queue")->since = wait->since;
}

void weft__blocking_describe_end(struct weft__waitable *waitable, const struct weft__wait *wait,
                                 struct weft__abouts *abouts)
{
    struct weft__blocking *pool = weft__container_of(waitable, struct weft__blocking, end);
    struct weft__about *about = weft__abouts_add(abouts, "the end of blocking job");
    about->since = wait->since;
    weft__lock(&pool->lock);
    if (wait->state == WEFT__WAIT_QUEUED) { /* alone in its job's list */
        const struct weft__job *job = weft__container_of(wait->link.next, struct weft__job, waiters);
        about->object = job->id;
        about->is = "thread that runs it";
        if (job->phase == WEFT__JOB_RUNNING)
            about->holder = WEFT_OWNER_THREAD | (uint32_t)job->thread_id;
        memcpy(about->name, job->name, strlen(job->name) + 1);
    }
    weft__unlock(&pool->lock);
}

uint32_t weft__blocking_report(struct weft__blocking *pool, char out_name[WEFT_NAME_MAX + 1])
{
    uint32_t number = 0, count = 0;
    weft_job_info info = {.size = sizeof info};
    while (look_next(pool, &number, &info)) {
        if (info.state == WEFT_JOB_ENDED)
            continue;
        if (count++ == 0)
            memcpy(out_name, info.name, sizeof info.name);
        weft__report(pool->env, WEFT_ETIMEDOUT, "weft_runtime_shutdown: the blocking job '%s' of %s:%u has not ended: it has %s "
                                                "for %lld ms",
                     info.name, info.site && info.site->file ? info.site->file : "?", info.site ? info.site->line : 0,
                     info.state == WEFT_JOB_RUNNING ? "run" : "been queued",
                     (long long)((info.state == WEFT_JOB_RUNNING ? info.ran_ns : info.waited_ns) / 1000000));
    }
    return count;
}
