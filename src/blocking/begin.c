/* SPDX-License-Identifier: MIT */
/*
 * Beginning a job. While the queue looks as if it had room the job gets its memory, and its place and its turn in one step
 * under the lock. If there is no room after all, a place is reserved first, then the job gets its memory, then it is queued: so a
 * full queue costs no memory, and an error leaves everything with the caller. Who finds the queue full waits in a line
 * for a place, with the node of its task or one on its stack; places are handed over in the order of arrival.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/context.h"
#include "task/name.h"
#include "trace/emit.h"

static int begin_check(const char *call, const weft_job *job, const weft_job_options *o)
{
    if (!o || o->size < sizeof *o || !o->fn)
        return weft__refuse(WEFT_EINVAL, "%s: give WEFT_JOB(function, argument)", call);
    if (o->argument_size > WEFT_FRAME_MAX || (o->argument_size > 0 && !o->argument))
        return weft__refuse(WEFT_EINVAL, "%s: an argument of %zu bytes to copy: give at most %d, and where they are", call,
                            o->argument_size, WEFT_FRAME_MAX);
    if (job && job->id != 0)
        return weft__refuse(WEFT_EBUSY, "%s: the handle names a job: wait for it or detach it, and zero it before its "
                                        "first use",
                            call);
    return 0;
}

enum begin_place { BEGIN_RESERVED, BEGIN_FULL, BEGIN_WAITS, BEGIN_STUCK, BEGIN_CLOSED };

/*
 * Reserve a place, or, with a node, stand in line for one. BEGIN_STUCK: this would be the last thread of the pool to do so, each
 * in a job and without a deadline: there would be none that takes a job out of the queue.
 */
static enum begin_place begin_reserve(struct weft__blocking *pool, struct weft__wait *wait, enum weft__place_mode mode)
{
    enum begin_place place = BEGIN_FULL;
    weft__lock(&pool->lock);
    if (pool->closed) {
        place = BEGIN_CLOSED;
    } else if (weft__pool_has_room_locked(pool)) {
        pool->reserved++;
        place = BEGIN_RESERVED;
    } else if (wait && mode == WEFT__PLACE_HOLDS && pool->held + 1 >= pool->threads_max) {
        place = BEGIN_STUCK;
    } else if (wait) {
        wait->state = WEFT__WAIT_QUEUED;
        wait->mode = mode;
        wait->since = weft__self_now(pool->env->realm);
        weft__list_push_back(&pool->places, &wait->link);
        pool->waiting++;
        pool->held += mode == WEFT__PLACE_HOLDS;
        weft__blocking_ref_locked(pool);
        place = BEGIN_WAITS;
    }
    weft__unlock(&pool->lock);
    return place;
}

/*
 * Check, and take a reference of the pool, since the runtime may be destroyed while a thread of the host is in here: who finds
 * the pool open under its lock finds the runtime alive, which then waits for the place that was given. NULL: *out_wrong says why.
 */
static struct weft__blocking *begin_hold(const char *call, weft_runtime *rt, const weft_job *job, const weft_job_options *options,
                                         int *out_wrong)
{
    struct weft__blocking *pool = NULL;
    *out_wrong = begin_check(call, job, options);
    if (*out_wrong)
        return NULL;
    weft__rcu_read_lock(); /* what is in the table stays until its end */
    *out_wrong = weft__runtimes_check(call, rt);
    if (!*out_wrong) {
        pool = weft__env_of(rt)->blocking;
        weft__blocking_ref_locked(pool);
    }
    weft__rcu_read_unlock();
    return pool;
}

static int begin_closed(const char *call)
{
    return weft__refuse(WEFT_ESHUTDOWN, "%s: the runtime is shutting down", call);
}

static size_t begin_round(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* Make the job and queue it. WEFT__POOL_FULL: no place was reserved, and there is none; nothing was taken. */
static int begin_submit(const char *call, struct weft__blocking *pool, weft_job *out_job, const weft_job_options *o,
                        enum weft__pool_place place)
{
    const char *name = o->name ? o->name : o->site && o->site->name ? o->site->name : "job";
    const size_t name_length = weft__name_fit(name, WEFT_NAME_MAX);
    const size_t argument_at = begin_round(sizeof(struct weft__job) + name_length + 1);
    struct weft__job *job = weft__slab_alloc(&pool->slab, weft__self_cache(&pool->slab, WEFT__CACHED_JOBS),
                                             argument_at + o->argument_size);
    if (!job) {
        if (place == WEFT__PLACE_RESERVED)
            weft__pool_release_place(pool);
        return weft__refuse(WEFT_ENOMEM, "%s: no memory for the job '%.100s': nothing was taken", call, name);
    }
    /* It is not live yet, so nobody looks at anything but its state. */
    const uint64_t outer = weft__pool_job_id();
    job->id = weft__env_new_id(pool->env);
    job->parent = outer != 0 ? outer : weft__self_task_id();
    job->site = o->site;
    job->fn = o->fn;
    job->argument = o->argument;
    job->drop = o->drop;
    job->link = (struct weft__link){0};
    weft__list_init(&job->waiters);
    job->queued_ns = weft__realm_now(pool->env->realm);
    job->started_ns = job->ended_ns = 0;
    job->code = job->result = 0;
    job->thread_id = 0;
    job->category = o->category;
    job->phase = WEFT__JOB_QUEUED;
    job->mandatory = o->mandatory;
    job->detached = !out_job;
    memcpy(job->name, name, name_length);
    job->name[name_length] = '\0';
    if (o->argument_size > 0) {
        job->argument = (char *)job + argument_at;
        memcpy(job->argument, o->argument, o->argument_size);
    }
    weft_trail *const trail = weft__trace_trails() ? weft__trail_of_message() : NULL;
    job->trail = trail;
    const weft_job handle = {job->id, weft__slot_number(job), pool->number};
    const int error = weft__pool_submit(call, pool, job, place);
    if (error != 0)
        weft_trail_unref(trail); /* nobody has taken it */
    else if (out_job)
        *out_job = handle;
    return error;
}

/*
 * Without a place, if it looks as if there were one: as begin_submit(). Not while it is recorded, since a job that finds no place is
 * none, and its events would say that there was one.
 */
static int begin_at_once(const char *call, struct weft__blocking *pool, weft_job *out_job, const weft_job_options *o)
{
    if (weft__trace_wants(WEFT_TRACE_blocking_queue) || weft__load_relaxed(&pool->queued) >= pool->queue_max) /* a guess */
        return WEFT__POOL_FULL;
    return begin_submit(call, pool, out_job, o, WEFT__PLACE_TO_BE_FOUND);
}

/* The task stood in line: what came of it? */
static int begin_resume(const char *call, weft_context *cx, struct weft__blocking *pool, struct weft__wait *wait)
{
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    weft__lock(&pool->lock);
    const uint8_t state = wait->state;
    weft__unlock(&pool->lock);
    if (state == WEFT__WAIT_QUEUED)
        return WEFT_AWAITING;
    wait->object = NULL; /* the place is ours: leaving would hand it on */
    wait->state = WEFT__WAIT_IDLE;
    weft__blocking_unref(pool);
    return state == WEFT__WAIT_GRANTED ? 0 : begin_closed(call);
}

int weft__job_begin(const char *call, weft_context *cx, weft_job *job, const weft_job_options *options, struct weft__wait *wait)
{
    const int wrong = begin_check(call, job, options);
    if (wrong)
        return wrong;
    struct weft__blocking *pool = weft__cx_thread(cx)->env->blocking;
    if (wait->object == &pool->place) {
        const int resumed = begin_resume(call, cx, pool, wait);
        return resumed == 0 ? begin_submit(call, pool, job, options, WEFT__PLACE_RESERVED) : resumed;
    }
    weft__wait_leave(wait);
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    if (!weft__cx_spend(cx))
        return WEFT_AWAITING;
    const int begun = begin_at_once(call, pool, job, options);
    if (begun != WEFT__POOL_FULL)
        return begun;
    switch (begin_reserve(pool, wait, WEFT__PLACE_WAITS)) {
    case BEGIN_RESERVED:
        return begin_submit(call, pool, job, options, WEFT__PLACE_RESERVED);
    case BEGIN_WAITS:
        wait->object = &pool->place;
        weft__cx_refund(cx);
        return WEFT_AWAITING;
    default:
        return begin_closed(call);
    }
}

int weft_job_begin(weft_context *cx, weft_job *job, const weft_job_options *options)
{
    static const char call[] = "weft_job_begin";
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    return weft__job_begin(call, cx, job, options, &weft__cx_task(cx)->wait);
}

int weft_job_try_begin(weft_runtime *rt, weft_job *job, const weft_job_options *options)
{
    static const char call[] = "weft_job_try_begin";
    int answer;
    struct weft__blocking *pool = begin_hold(call, rt, job, options, &answer);
    if (!pool)
        return answer;
    switch (begin_reserve(pool, NULL, WEFT__PLACE_WAITS)) {
    case BEGIN_RESERVED:
        answer = begin_submit(call, pool, job, options, WEFT__PLACE_RESERVED);
        break;
    case BEGIN_CLOSED:
        answer = begin_closed(call);
        break;
    default:
        answer = WEFT_EAGAIN;
    }
    weft__blocking_unref(pool);
    return answer;
}

static int begin_stuck(const char *call, const struct weft__blocking *pool)
{
    return weft__refuse(WEFT_EDEADLK, "%s: each of the %u threads of the pool would wait in a job for a place in its full queue, "
                                      "and none would make one: give a deadline, use weft_job_try_begin(), or raise "
                                      "blocking_queue_max",
                        call, pool->threads_max);
}

/* Whether this thread is one of the pool's that nobody stands in for while it waits. */
static enum weft__place_mode begin_mode(const struct weft__blocking *pool, int64_t deadline_ns)
{
    const bool holds = deadline_ns == WEFT_FOREVER && !pool->by_turns && weft__blocking_is_inside(pool);
    return holds ? WEFT__PLACE_HOLDS : WEFT__PLACE_WAITS;
}

/* Wait for a place on a thread. BEGIN_IN_CHILD: it waits on in the process that forked this one, and the pool is not held here. */
enum { BEGIN_IN_CHILD = 1 };
static int begin_block(const char *call, struct weft__blocking *pool, int64_t deadline_ns)
{
    struct weft__blocked blocked;
    weft__blocked_init(&blocked, pool->number);
    switch (begin_reserve(pool, &blocked.wait, begin_mode(pool, deadline_ns))) {
    case BEGIN_RESERVED:
        return 0;
    case BEGIN_STUCK:
        return begin_stuck(call, pool);
    case BEGIN_CLOSED:
        return begin_closed(call);
    default:
        break;
    }
    bool given_up = false;
    const int woken = weft__blocked_wait(&blocked, deadline_ns);
    if (woken == WEFT_ESHUTDOWN)
        return BEGIN_IN_CHILD;
    if (woken < 0) {
        weft__lock(&pool->lock);
        given_up = blocked.wait.state == WEFT__WAIT_QUEUED;
        if (given_up) {
            weft__list_remove(&blocked.wait.link);
            weft__pool_leave_line_locked(pool, &blocked.wait);
        }
        weft__unlock(&pool->lock);
        if (!given_up)
            weft__event_wait(&blocked.event, WEFT_FOREVER); /* whoever took the node out is about to set it */
    }
    const int answer = given_up ? woken : blocked.wait.state == WEFT__WAIT_GRANTED ? 0 : begin_closed(call);
    weft__blocking_unref(pool);
    return answer;
}

int weft_job_begin_blocking(weft_runtime *rt, weft_job *job, const weft_job_options *options, int64_t deadline_ns)
{
    static const char call[] = "weft_job_begin_blocking";
    int answer;
    struct weft__blocking *pool = begin_hold(call, rt, job, options, &answer);
    if (!pool)
        return answer;
    if (weft__self)
        answer = weft__refuse(WEFT_EPERM, "%s: not on a worker: use WEFT_AWAIT with weft_job_begin()", call);
    else
        answer = begin_block(call, pool, deadline_ns);
    if (answer == BEGIN_IN_CHILD)
        return begin_closed(call);
    if (answer == 0)
        answer = begin_submit(call, pool, job, options, WEFT__PLACE_RESERVED);
    weft__blocking_unref(pool);
    return answer;
}
