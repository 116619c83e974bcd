/* SPDX-License-Identifier: MIT */
/* Harness: the blocking pool, used from two host threads: one or two threads of the pool, a queue of one place, a keep-alive so
 * short that idle threads may leave, and a system that may refuse a thread. Each host begins two jobs (waiting for a place
 * for ever or until a deadline, or trying) and then waits for them, with or without a deadline, cancels, or detaches. Main
 * gives pages back as well, and closes the pool, perhaps while the other host is still at it; that one goes on with handles of
 * jobs that are gone while pages and pool go, too. Or it ends the runtime while that one begins jobs, or waits for a place.
 *
 * Law: a job that was begun runs once or is dropped once; one that was refused is the host's; who waits gets what was
 * returned, and sees what the job wrote; no job stays queued beside an idle thread, or with none on the way (else DEADLOCK);
 * a handle of a job that is gone answers WEFT_ESRCH; the counts add up; in the end no thread is left.
 *
 * Shows: known bug 2, known bug 14.
 * ctest-cost: 80 */
#include "model.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/blocking.h>

#include "base/platform.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"

enum { EACH = 2, HOSTS = 2, JOBS = HOSTS * EACH };

struct work {
    int number;
    int ran;     /* plain: seen through the end of the job */
    int dropped;
};

static struct weft__env env;
static bool ends_early; /* the runtime, while the other host still begins jobs and waits for them */
static struct weft__platform platform;
static bool refuses; /* the system gives no thread now and then */
static _Atomic int ended[JOBS];

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"waited for",    "timed out, then waited for", "cancelled", "detached",
                                        "no place",      "a deadline for a place",     "closed",    "no thread",
                                        "dropped by the close", "too late to cancel", "outlived by a handle", "no runtime"};
    return goal < 12 ? names[goal] : NULL;
}

static int thread_create(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*entry)(void *), void *argument)
{
    if (refuses && model_choose(3) == 0) {
        return EAGAIN;
    }
    return pthread_create(out_thread, attributes, entry, argument);
}

static int run(void *argument)
{
    struct work *work = argument;
    assert(!work->ran && !work->dropped);
    work->ran = 1;
    weft__fetch_add_relaxed(&ended[work->number], 1);
    return 100 + work->number;
}

static void drop(void *argument)
{
    struct work *work = argument;
    assert(!work->ran && !work->dropped);
    work->dropped = 1;
    weft__fetch_add_relaxed(&ended[work->number], 1);
}

static weft_runtime *runtime(void)
{
    return (weft_runtime *)(void *)&env;
}

static int begin(weft_job *job, struct work *work)
{
    const weft_job_options options = {.size = sizeof options, .fn = run, .argument = work, .drop = drop, .name = "work"};
    switch (model_choose(3)) {
    case 0:
        return weft_job_begin_blocking(runtime(), job, &options, WEFT_FOREVER);
    case 1:
        return weft_job_begin_blocking(runtime(), job, &options, model_clock() + 2000);
    default:
        return weft_job_try_begin(runtime(), job, &options);
    }
}

static void finish(weft_job *job, struct work *work)
{
    int result = -1;
    int error = weft_job_wait_blocking(job, model_choose(2) ? WEFT_FOREVER : model_clock() + 2000, &result);
    if (error == WEFT_ETIMEDOUT) {
        error = weft_job_wait_blocking(job, WEFT_FOREVER, &result);
        model_reach(1);
    }
    assert(job->id == 0);
    if (error == 0) {
        assert(work->ran && !work->dropped && result == 100 + work->number);
        model_reach(0);
    } else if (error == WEFT_ESRCH) { /* what became of it went with the runtime */
        assert(ends_early);
        model_reach(10);
    } else {
        assert(work->dropped && !work->ran && (error == WEFT_ECANCELED || error == WEFT_ESHUTDOWN));
        model_reach(error == WEFT_ECANCELED ? 2 : 8);
    }
}

static void use(weft_job *job, struct work *work)
{
    switch (model_choose(3)) {
    case 0:
        if (weft_job_cancel(*job) < 0) {
            model_reach(9);
        }
        finish(job, work);
        break;
    case 1: {
        const int error = weft_job_detach(job);
        assert((error == 0 || (ends_early && error == WEFT_ESRCH)) && job->id == 0);
        model_reach(3);
        break;
    }
    default:
        finish(job, work);
    }
}

static bool begun[JOBS];
static struct work works[JOBS];
static _Atomic bool quiet; /* the other host begins no more jobs */
static _Atomic bool over;  /* nobody does */

/* A job that was waited for; it may end only now if it was detached. */
static void use_stale(weft_job job)
{
    weft_job_info info = {.size = sizeof info};
    int result;
    switch (model_choose(4)) {
    case 0:
        assert(weft_job_cancel(job) == WEFT_ESRCH);
        break;
    case 1:
        assert(weft_job_detach(&job) == WEFT_ESRCH);
        break;
    case 2:
        assert(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == WEFT_ESRCH);
        break;
    default:
        if (weft_job_inspect(job, &info) == 0) {
            assert(info.job.id == job.id);
        }
    }
}

static void host(int me)
{
    weft_job jobs[EACH] = {0};
    for (int i = 0; i < EACH; i++) {
        int number = me * EACH + i;
        works[number].number = number;
        int error = begin(&jobs[i], &works[number]);
        begun[number] = error == 0;
        if (error < 0) {
            assert(error == WEFT_EAGAIN || error == WEFT_ETIMEDOUT || error == WEFT_ESHUTDOWN || (ends_early && error == WEFT_EINVAL));
            model_reach(error == WEFT_EINVAL ? 11 : error == WEFT_ETIMEDOUT ? 5 : error == WEFT_ESHUTDOWN ? 6 : refuses ? 7 : 4);
        }
    }
    weft_job stale = {0};
    for (int i = 0; i < EACH; i++) {
        if (begun[me * EACH + i]) {
            stale = jobs[i];
            use(&jobs[i], &works[me * EACH + i]);
        }
    }
    if (me > 0) {
        weft__store_release(&quiet, true);
    }
    if (stale.id != 0) {
        use_stale(stale);
        use_stale(stale);
    }
}

/* Where the system refuses, a job may be left without a thread until the next tick. */
static void *monitor(void *nothing)
{
    while (!weft__load_acquire(&over)) {
        weft__blocking_tick(env.blocking);
        model_relax();
    }
    return nothing;
}

static void *host_main(void *nothing)
{
    host(1);
    return nothing;
}

static void open_pool(void)
{
    const weft_runtime_options options = {
        .size = sizeof options,
        .blocking_threads_max = 1 + model_choose(2),
        .blocking_queue_max = 1,
        .blocking_keep_alive_ms = 1,
    };
    refuses = model_choose(4) == 0;
    platform = weft__platform_linux;
    platform.thread_create = thread_create;
    weft__platform = &platform;
    env.number = weft__runtimes_add(&env);
    env.blocking = weft__blocking_create(&env, &options, "model");
    assert(env.blocking);
    weft__runtimes_publish(env.number);
}

static void close_pool(void)
{
    struct weft__blocking *pool = env.blocking;
    assert(weft__blocking_stop(pool, WEFT_FOREVER) == 0);
    assert(pool->threads == 0 && pool->queued == 0 && pool->running == 0 && pool->reserved == 0 && pool->idle_count == 0);
    assert(pool->submitted - pool->returned == pool->completed + pool->cancelled);
    weft__runtimes_remove(env.number);
    weft__rcu_synchronize();
    weft__blocking_unref(pool);
}

int main(void)
{
    pthread_t other, watch;
    open_pool();
    ends_early = model_choose(3) == 0;
    if (refuses) {
        pthread_create(&watch, NULL, monitor, NULL);
    }
    pthread_create(&other, NULL, host_main, NULL);
    host(0);
    for (unsigned i = model_choose(3); i > 0; i--) {
        weft__blocking_trim(env.blocking);
        model_relax();
    }
    bool early = ends_early || model_choose(2);
    if (early) {
        weft__blocking_close(env.blocking);
    }
    while (!ends_early && !weft__load_acquire(&quiet)) {
        model_relax();
    }
    if (!early) {
        assert(weft__blocking_drain(env.blocking, WEFT_FOREVER) == 0);
        weft__blocking_close(env.blocking);
    }
    weft__store_release(&over, true);
    if (refuses) {
        pthread_join(watch, NULL);
    }
    close_pool();
    pthread_join(other, NULL);
    for (int i = 0; i < JOBS; i++) {
        assert(ended[i] == begun[i]);
    }
    return 0;
}
