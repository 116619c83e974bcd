/* SPDX-License-Identifier: MIT */
/*
 * The other end of a handle: wait, cancel, detach. A handle carries the runtime's number, the slot's number and the id;
 * each is checked on the way, inside an RCU section, so a handle may be kept for ever.
 *
 * A cancelled task that waits for a job that is queued takes it back; if it runs already, the task waits on, since its
 * argument is in use. A thread of the pool that waits for a job that is queued runs it: with every thread waiting
 * for jobs that none is left to run, the pool would stand still.
 */
#include <weft/error.h>

#include "base/error.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/future.h"

/* The job of a handle, with its pool locked; NULL: gone, and nothing is locked. Inside an RCU section. */
static struct weft__job *wait_find_locked(weft_job handle, struct weft__blocking **out_pool)
{
    struct weft__env *env = weft__runtimes_get(handle.weft__runtime);
    if (!env || handle.id == 0)
        return NULL;
    struct weft__blocking *pool = env->blocking;
    struct weft__job *job = weft__slab_lookup(&pool->slab, handle.weft__slot);
    if (!job)
        return NULL;
    __builtin_prefetch(job, 1); /* two lines, as a rule of the thread that ran it: not one after the other, nor while others wait for the lock */
    __builtin_prefetch(&job->link, 1);
    weft__lock(&pool->lock);
    if (weft__load_relaxed(&job->state) != WEFT__JOB_LIVE || job->id != handle.id || job->detached) {
        weft__unlock(&pool->lock);
        return NULL;
    }
    *out_pool = pool;
    return job;
}

enum wait_step {
    WAIT_ENDED,    /* claimed; the job is gone */
    WAIT_WAITS,    /* the node is in its list */
    WAIT_WITHDRAWN,/* taken back: it is the caller's, to be dropped */
    WAIT_TAKEN,    /* the caller is to run it */
    WAIT_BUSY,
    WAIT_STALE
};

/* What the caller may do with a job that has not started. */
struct wait_rights {
    bool withdraw;
    bool run;
};

struct wait_found {
    struct weft__blocking *pool;
    struct weft__job *job;
    int32_t code;
    int32_t result;
};

/* Claim the outcome if it is there, else make use of the rights, else register the node. */
static enum wait_step wait_try(weft_job handle, struct weft__wait *wait, struct wait_rights rights,
                               struct wait_found *found)
{
    struct weft__pool_wakes wakes = {0};
    enum wait_step step = WAIT_WAITS;
    weft__rcu_read_lock();
    struct weft__job *job = found->job = wait_find_locked(handle, &found->pool);
    if (!job) {
        weft__rcu_read_unlock();
        return WAIT_STALE;
    }
    struct weft__blocking *pool = found->pool;
    if (job->phase == WEFT__JOB_ENDED) {
        step = WAIT_ENDED;
        found->code = job->code;
        found->result = job->result;
        weft__pool_free_locked(pool, job);
    } else if (!weft__list_empty(&job->waiters)) {
        step = WAIT_BUSY;
    } else if (job->phase == WEFT__JOB_QUEUED && rights.withdraw && !job->mandatory) {
        step = WAIT_WITHDRAWN;
        weft__pool_take_locked(pool, job, WEFT__JOB_DROPPING, &wakes);
    } else if (job->phase == WEFT__JOB_QUEUED && rights.run && weft__blocking_is_inside(pool)) {
        step = WAIT_TAKEN;
        weft__pool_take_locked(pool, job, WEFT__JOB_RUNNING, &wakes);
    } else {
        wait->state = WEFT__WAIT_QUEUED;
        weft__list_push_back(&job->waiters, &wait->link);
        weft__blocking_ref_locked(pool);
    }
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
    return step;
}

static int wait_check(const char *call, const weft_job *job)
{
    if (!job || job->id == 0)
        return weft__refuse(WEFT_EINVAL, "%s: the handle is null, or names no job", call);
    return 0;
}

/* The last step of a wait: 0 and the result, or why it did not run. */
static int wait_over(weft_job *job, int32_t code, int32_t result, int *out_result)
{
    *job = (weft_job){0};
    if (code == 0 && out_result)
        *out_result = result;
    return code;
}

static int wait_error(const char *call, enum wait_step step, weft_job *job)
{
    if (step == WAIT_BUSY)
        return weft__refuse(WEFT_EBUSY, "%s: somebody else waits for this job", call);
    *job = (weft_job){0};
    return weft__refuse(WEFT_ESRCH, "%s: the job was waited for or detached, or its runtime is gone", call);
}

int weft__job_wait(const char *call, weft_context *cx, weft_job *job, int *out_result, struct weft__wait *wait)
{
    const bool waited = wait->object == &weft__cx_thread(cx)->env->blocking->end;
    weft__wait_leave(wait); /* this wait's own registration, too: it is made again if the job has not ended */
    const int wrong = wait_check(call, job);
    if (wrong)
        return wrong;
    const struct wait_rights rights = {.withdraw = weft__cx_cancelled(cx)};
    if (!rights.withdraw && !weft__cx_spend(cx)) /* to know that it is cancelled has been spent for: it may be all there is */
        return WEFT_AWAITING;
    struct wait_found found = {0};
    const enum wait_step step = wait_try(*job, wait, rights, &found);
    switch (step) {
    case WAIT_ENDED:
        return wait_over(job, found.code, found.result, out_result);
    case WAIT_WAITS:
        wait->object = &found.pool->end;
        if (!waited)
            wait->since = weft__thread_now(weft__cx_thread(cx));
        weft__cx_refund(cx);
        return WEFT_AWAITING;
    case WAIT_WITHDRAWN:
        weft__pool_drop(found.pool, found.job, WEFT_ECANCELED);
        (void)wait_try(*job, wait, rights, &found); /* it has ended: claim it */
        return wait_over(job, WEFT_ECANCELED, 0, out_result);
    default:
        return wait_error(call, step, job);
    }
}

int weft_job_wait(weft_context *cx, weft_job *job, int *out_result)
{
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "weft_job_wait: the context must not be null");
    return weft__job_wait("weft_job_wait", cx, job, out_result, &weft__cx_task(cx)->wait);
}

static int wait_future_poll(weft_context *cx, weft_future *future)
{
    weft_job_future *wait = (weft_job_future *)(void *)future;
    return weft__job_wait("weft_job_wait_begin", cx, wait->job, wait->out_result, weft__future_attach(cx, future));
}

void weft_job_wait_begin(weft_job_future *future, weft_job *job, int *out_result)
{
    if (!weft__future_begin(future, wait_future_poll))
        return;
    future->job = job;
    future->out_result = out_result;
}

int weft__job_run(const char *call, weft_context *cx, weft_job *job, const weft_job_options *options, int *out_result)
{
    if (!cx || !job)
        return weft__refuse(WEFT_EINVAL, "%s: context and handle must not be null", call);
    if (job->id == 0) {
        const int begun = weft__job_begin(call, cx, job, options, &weft__cx_task(cx)->wait);
        if (begun != 0)
            return begun;
    }
    return weft__job_wait(call, cx, job, out_result, &weft__cx_task(cx)->wait);
}

int weft_job_run(weft_context *cx, weft_job *job, const weft_job_options *options, int *out_result)
{
    return weft__job_run("weft_job_run", cx, job, options, out_result);
}

/* The time was up: take the node out. False: the job has just ended, and the outcome is on its way. */
static bool wait_withdraw(struct weft__blocking *pool, struct weft__wait *wait)
{
    weft__lock(&pool->lock);
    const bool withdrawn = wait->state == WEFT__WAIT_QUEUED;
    if (withdrawn)
        weft__list_remove(&wait->link);
    weft__unlock(&pool->lock);
    return withdrawn;
}

int weft_job_wait_blocking(weft_job *job, int64_t deadline_ns, int *out_result)
{
    static const char call[] = "weft_job_wait_blocking";
    const int wrong = wait_check(call, job);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__refuse(WEFT_EPERM, "%s: not on a worker: use WEFT_AWAIT with weft_job_wait()", call);
    struct weft__job_blocked blocked = {0};
    weft__blocked_init(&blocked.blocked, job->weft__runtime);
    struct weft__wait *wait = &blocked.blocked.wait;
    struct wait_found found = {0};
    enum wait_step step = wait_try(*job, wait, (struct wait_rights){.run = deadline_ns == WEFT_FOREVER}, &found);
    if (step == WAIT_TAKEN) {
        weft__pool_run(found.pool, found.job);
        step = wait_try(*job, wait, (struct wait_rights){0}, &found);
    }
    if (step == WAIT_ENDED)
        return wait_over(job, found.code, found.result, out_result);
    if (step != WAIT_WAITS)
        return wait_error(call, step, job);
    bool withdrawn = false;
    const int woken = weft__blocked_wait(&blocked.blocked, deadline_ns);
    if (woken == WEFT_ESHUTDOWN)
        return woken;
    if (woken < 0) {
        withdrawn = wait_withdraw(found.pool, wait);
        if (!withdrawn)
            weft__event_wait(&blocked.blocked.event, WEFT_FOREVER);
    }
    weft__blocking_unref(found.pool);
    if (withdrawn)
        return woken;
    if (wait->state == WEFT__WAIT_CLOSED)
        return wait_error(call, WAIT_STALE, job);
    return wait_over(job, blocked.code, blocked.result, out_result);
}

int weft_job_cancel(weft_job handle)
{
    if (handle.id == 0)
        return weft__refuse(WEFT_EINVAL, "weft_job_cancel: the handle names no job");
    struct weft__blocking *pool;
    struct weft__pool_wakes wakes = {0};
    int answer = WEFT_ESRCH;
    weft__rcu_read_lock();
    struct weft__job *job = wait_find_locked(handle, &pool);
    if (job) {
        if (job->phase == WEFT__JOB_QUEUED && !job->mandatory) {
            answer = 0;
            weft__pool_take_locked(pool, job, WEFT__JOB_DROPPING, &wakes);
        } else if (job->phase != WEFT__JOB_ENDED) {
            answer = WEFT_EBUSY;
        }
        weft__unlock(&pool->lock);
        weft__pool_wake(pool, &wakes);
    }
    weft__rcu_read_unlock();
    if (answer == 0)
        weft__pool_drop(pool, job, WEFT_ECANCELED); /* not inside the section: it may do anything */
    return answer;
}

int weft_job_detach(weft_job *handle)
{
    const int wrong = wait_check("weft_job_detach", handle);
    if (wrong)
        return wrong;
    struct weft__blocking *pool;
    struct weft__pool_wakes wakes = {0};
    weft__rcu_read_lock();
    struct weft__job *job = wait_find_locked(*handle, &pool);
    if (job) {
        struct weft__link *link = weft__list_pop_front(&job->waiters);
        if (link) { /* the owner of a copy waits: it is told that the job is gone */
            struct weft__wait *wait = weft__container_of(link, struct weft__wait, link);
            wait->state = WEFT__WAIT_CLOSED;
            wakes.waiters[0] = weft__wait_waiter(wait);
            wakes.jobs[0] = job->id;
            wakes.count = 1;
        }
        job->detached = true;
        if (job->phase == WEFT__JOB_ENDED)
            weft__pool_free_locked(pool, job);
        weft__unlock(&pool->lock);
        weft__pool_wake(pool, &wakes);
    }
    weft__rcu_read_unlock();
    *handle = (weft_job){0};
    return job ? 0 : WEFT_ESRCH;
}
