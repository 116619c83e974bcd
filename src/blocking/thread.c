/* SPDX-License-Identifier: MIT */
/*
 * The threads of the pool. One is begun when a job is queued and nobody is idle, by whoever submits; while it starts no
 * other is begun, and when it takes its job and finds more queued it begins the next: a burst costs the task that makes
 * it one thread, not hundreds.
 *
 * An idle thread sleeps on an event of its own. Whoever has something for it takes it out of the list first, so a thread
 * whose time is up looks, under the lock, whether it was taken out: if so it stays, however late it is.
 *
 * How it fails: the system gives no thread. The job stays queued for the threads there are, and the monitor's tick tries
 * again (a driven runtime is told that it wants a turn for that); only if there is none at all the submit fails.
 */
#include <stdio.h>
#include <string.h>
#include <weft/error.h>

#include "base/platform.h"
#include "base/thread.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "trace/emit.h"
#include "trace/sinks.h"

static _Thread_local struct weft__pool_self thread_self __attribute__((tls_model("initial-exec")));

uint64_t weft__pool_job_id(void) { return thread_self.job; }
int weft__pool_thread_id(void) { return thread_self.id; }
bool weft__blocking_is_inside(const struct weft__blocking *pool) { return thread_self.pool == pool; }

struct weft__pool_self weft__blocking_put_off(void)
{
    const struct weft__pool_self self = thread_self;
    thread_self = (struct weft__pool_self){0};
    return self;
}

void weft__blocking_put_on(struct weft__pool_self self)
{
    thread_self = self;
}

struct weft__pool_thread *weft__pool_take_idle_locked(struct weft__blocking *pool)
{
    if (pool->idle_count == 0)
        return NULL;
    struct weft__pool_thread *thread = weft__container_of(pool->idle.prev, struct weft__pool_thread, link);
    weft__list_remove(&thread->link);
    thread->idle = false;
    pool->idle_count--;
    return thread;
}

struct weft__pool_summon weft__pool_look_locked(struct weft__blocking *pool, int64_t now_ns)
{
    struct weft__pool_summon summon = {WEFT__SUMMON_NOBODY, NULL};
    if (pool->by_turns || weft__list_empty(&pool->queue) || pool->told || pool->starting)
        return summon;
    summon.idle = weft__pool_take_idle_locked(pool);
    if (summon.idle) {
        summon.who = WEFT__SUMMON_IDLE;
        summon.idle->coming = pool->told = true;
        summon.idle->told_ns = now_ns;
    } else if (pool->threads < pool->threads_max && !(pool->grow_failed && pool->threads > 0)) {
        summon.who = WEFT__SUMMON_NEW;
        pool->starting = true;
        if (++pool->threads > pool->threads_high)
            pool->threads_high = pool->threads;
    }
    return summon;
}

/* The lowest number that is free; there is one. */
static uint32_t thread_take_number(struct weft__blocking *pool)
{
    uint32_t word = 0;
    while (pool->numbers[word] == UINT64_MAX)
        word++;
    const uint32_t bit = (uint32_t)__builtin_ctzll(~pool->numbers[word]);
    pool->numbers[word] |= UINT64_C(1) << bit;
    return word * 64 + bit;
}

/* "<prefix>-blk-<number>"; the prefix is what gets cut. */
static void thread_name(const struct weft__blocking *pool, uint32_t number, char out_name[WEFT__THREAD_NAME])
{
    char digits[12], prefix[WEFT__THREAD_NAME];
    const int room = WEFT__THREAD_NAME - 1 - (int)strlen("-blk-") - snprintf(digits, sizeof digits, "%u", number);
    snprintf(prefix, sizeof prefix, "%.*s-blk", room, pool->thread_name);
    weft__thread_set_name(prefix, number, out_name);
}

static void thread_begin(struct weft__blocking *pool, struct weft__pool_thread *me)
{
    thread_self.pool = pool;
    thread_self.id = weft__thread_id();
    weft__lock(&pool->lock);
    me->number = thread_take_number(pool);
    weft__unlock(&pool->lock);
    char name[WEFT__THREAD_NAME];
    thread_name(pool, me->number, name);
    const weft_trace_provider *provider = weft__sinks_provider();
    if (provider && provider->thread_start)
        provider->thread_start();
    WEFT__TRACE(pool->env->number, thread_start, pool->env->number, WEFT_TRACE_NO_WORKER,
                WEFT_TRACE_thread_kind_BLOCKING, thread_self.id, name);
}

/* It asks for a job: nobody else is known to be on the way to the queue. */
static void thread_arrive_locked(struct weft__blocking *pool, struct weft__pool_thread *me)
{
    if (!me->coming)
        return;
    me->coming = false;
    if (me->fresh) {
        me->fresh = false;
        pool->starting = false;
        pool->grow_failed = false;
        pool->threads_started++;
    } else {
        pool->told = false;
    }
}

/* The last thread has gone: somebody may sleep until this. */
static void thread_note_none(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    weft__store_relaxed(&pool->moved, weft__load_relaxed(&pool->moved) + 1); /* the lock orders */
    wakes->moved = true;
}

/* It will not take another job. */
static void thread_leave_locked(struct weft__blocking *pool, struct weft__pool_thread *me, struct weft__pool_wakes *wakes,
                                pthread_t *out_previous, bool *out_join)
{
    pool->numbers[me->number / 64] &= ~(UINT64_C(1) << me->number % 64);
    *out_join = pool->exited_known;
    *out_previous = pool->exited;
    pool->exited = pthread_self();
    pool->exited_known = true;
    if (--pool->threads == 0)
        thread_note_none(pool, wakes);
}

/* Somebody follows: the job is called with what its submitter worked on behalf of. */
static __attribute__((cold, noinline)) int thread_call_followed(struct weft__job *job)
{
    struct weft__trail_outer outer;
    weft__trail_job_begins(job->trail, &outer);
    job->trail = NULL;
    const int result = job->fn(job->argument);
    weft__trail_job_ends(&outer);
    return result;
}

int weft__pool_call(struct weft__blocking *pool, struct weft__job *job)
{
    const uint64_t outer = thread_self.job; /* a job that waits for another may run it */
    thread_self.job = job->id;
    WEFT__TRACE(pool->env->number, blocking_start, job->id, thread_self.id, weft__load_relaxed(&pool->queued));
    const int result = weft__trace_trails() ? thread_call_followed(job) : job->fn(job->argument);
    WEFT__TRACE(pool->env->number, blocking_end, job->id, result);
    thread_self.job = outer;
    return result;
}

/*
 * The next two in the queue, as the lock's holder saw them. Their lines are with who began them; fetched while no lock is held they keep
 * nobody waiting: of the first what is read when it is called, of the second what is written when the one before it leaves the
 * list. Hints, by addresses alone: by now they may be gone.
 */
struct thread_ahead {
    struct weft__link *soon;
    struct weft__link *later;
};

static struct thread_ahead thread_ahead_locked(const struct weft__blocking *pool)
{
    return (struct thread_ahead){pool->queue.next, pool->queue.next->next};
}

static void thread_fetch(const struct weft__blocking *pool, struct thread_ahead ahead)
{
    if (ahead.soon == &pool->queue)
        return;
    __builtin_prefetch(weft__container_of(ahead.soon, struct weft__job, link));
    __builtin_prefetch(ahead.later, 1);
}

enum thread_step { THREAD_RUNS, THREAD_IDLES, THREAD_LEAVES };

/* End the job at hand, if there is one, and find out what comes next. */
static enum thread_step thread_next(struct weft__blocking *pool, struct weft__pool_thread *me, struct weft__job **job,
                                    int result)
{
    struct weft__pool_wakes wakes = {.now_ns = weft__realm_now(pool->env->realm)}; /* others wait while the lock is held */
    enum thread_step step = THREAD_RUNS;
    bool join = false;
    pthread_t previous;
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    thread_arrive_locked(pool, me);
    if (*job)
        weft__pool_end_locked(pool, *job, 0, result, &wakes);
    if (!weft__list_empty(&pool->queue)) {
        *job = weft__container_of(pool->queue.next, struct weft__job, link);
        weft__pool_take_locked(pool, *job, WEFT__JOB_RUNNING, &wakes);
    } else if (pool->closed) {
        step = THREAD_LEAVES;
        thread_leave_locked(pool, me, &wakes, &previous, &join);
    } else {
        step = THREAD_IDLES;
        *job = NULL;
        weft__event_clear(&me->event);
        me->idle = true;
        me->since_ns = wakes.now_ns;
        me->told_ns = 0;
        weft__list_push_back(&pool->idle, &me->link);
        pool->idle_count++;
    }
    const struct weft__pool_summon summon = weft__pool_look_locked(pool, wakes.now_ns); /* there is more than one can do */
    const struct thread_ahead ahead = thread_ahead_locked(pool);
    weft__unlock(&pool->lock);
    thread_fetch(pool, ahead);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
    (void)weft__pool_summon(pool, summon, NULL, 0); /* this one is here, whatever the system gives */
    if (join)
        pthread_join(previous, NULL);
    return step;
}

static bool thread_is_told(void *context)
{
    struct weft__pool_thread *me = context;
    return weft__event_is_set(&me->event);
}

/* Sleep until there is something to do, and look for that first if it is worth it; false: the time was up, and it has left. */
static bool thread_park(struct weft__blocking *pool, struct weft__pool_thread *me)
{
    if (weft__linger(&me->linger, INT64_MAX, thread_is_told, me))
        return true;
    if (weft__event_wait(&me->event, weft__clock_now() + pool->keep_alive_ns) == 0) {
        const int64_t now = weft__clock_now();
        if (me->told_ns != 0)
            weft__linger_slept(&me->linger, now - me->since_ns, now - me->told_ns);
        return true;
    }
    struct weft__pool_wakes wakes = {0};
    bool join = false;
    pthread_t previous;
    weft__lock(&pool->lock);
    const bool leaves = me->idle; /* if not, it was taken out, and the event is set or about to be */
    if (leaves) {
        me->idle = false;
        weft__list_remove(&me->link);
        pool->idle_count--;
        thread_leave_locked(pool, me, &wakes, &previous, &join);
    }
    weft__unlock(&pool->lock);
    if (!leaves) {
        weft__event_wait(&me->event, WEFT_FOREVER);
        return true;
    }
    weft__pool_wake(pool, &wakes);
    if (join)
        pthread_join(previous, NULL);
    return false;
}

static void *thread_main(void *argument)
{
    struct weft__blocking *pool = argument;
    struct weft__pool_thread me = {.coming = true, .fresh = true};
    struct weft__job *job = NULL;
    int result = 0;
    thread_begin(pool, &me);
    for (;;) {
        const enum thread_step step = thread_next(pool, &me, &job, result);
        if (step == THREAD_RUNS)
            result = weft__pool_call(pool, job);
        else if (step == THREAD_LEAVES || !thread_park(pool, &me))
            break;
    }
    WEFT__TRACE(pool->env->number, thread_stop, pool->env->number, WEFT_TRACE_NO_WORKER,
                WEFT_TRACE_thread_kind_BLOCKING);
    return NULL;
}

/*
 * The system gave no thread. If there is no other, the job that it was for goes back, in the same step: if the monitor's
 * tick could try again in between, the job would be queued and its submitter told that it is not. If there are others,
 * one may have become idle, and was not told because a thread was starting.
 */
static int thread_refused(struct weft__blocking *pool, const struct weft__job *mine, uint64_t id,
                          struct weft__pool_summon *summon)
{
    struct weft__pool_wakes wakes = {0};
    int answer = 0;
    *summon = (struct weft__pool_summon){WEFT__SUMMON_NOBODY, NULL};
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    pool->starting = false;
    pool->grow_failed = true;
    pool->threads_refused++;
    if (--pool->threads == 0) {
        thread_note_none(pool, &wakes);
        if (!mine || weft__pool_take_back_locked(pool, mine, id, &wakes))
            answer = WEFT_EAGAIN;
    } else {
        *summon = weft__pool_look_locked(pool, 0);
    }
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    if (answer == 0 && pool->env->drive)
        pool->env->drive->ring(pool->env); /* who turns it has a time to look at that was none before */
    weft__rcu_read_unlock();
    return answer;
}

int weft__pool_summon(struct weft__blocking *pool, struct weft__pool_summon summon, const struct weft__job *mine,
                      uint64_t id)
{
    int answer = 0;
    if (summon.who == WEFT__SUMMON_NEW) {
        pthread_t thread; /* it is joined by the one that leaves after it */
        if (weft__thread_start(&thread, pool->stack_size, thread_main, pool) < 0)
            answer = thread_refused(pool, mine, id, &summon);
    }
    if (summon.who == WEFT__SUMMON_IDLE)
        weft__event_set(&summon.idle->event);
    return answer;
}
