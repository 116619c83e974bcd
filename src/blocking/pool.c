/* SPDX-License-Identifier: MIT */
/* The pool's books: the queue, the places in it, what ends, and the pool's own beginning and end. */
#include "blocking/pool.h"

#include <weft/error.h>

#include "base/error.h"
#include "base/futex.h"
#include "base/platform.h"
#include "registry/rcu.h"
#include "trace/emit.h"

enum {
    POOL_THREADS_MAX = 512,
    POOL_QUEUE_MAX = 65536,
    POOL_KEEP_ALIVE_MS = 10000,
    POOL_RETRY_NS = 10000000 /* between two tries to start a thread when there is none */
};

static struct weft__job *pool_job(struct weft__link *link) { return weft__container_of(link, struct weft__job, link); }

static void pool_count_queued(struct weft__blocking *pool, int change)
{
    const uint32_t queued = weft__load_relaxed(&pool->queued) + (uint32_t)change;
    weft__store_relaxed(&pool->queued, queued);
    if (change > 0 && queued > pool->queued_high)
        pool->queued_high = queued;
}

/* Somebody may sleep until this: the last job, or the last thread. */
static void pool_note_moved(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    weft__store_relaxed(&pool->moved, weft__load_relaxed(&pool->moved) + 1); /* the lock orders */
    wakes->moved = true;
}

void weft__pool_wake(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    for (unsigned i = 0; i < wakes->count; i++)
        weft__waiter_wake(wakes->waiters[i], WEFT_TRACE_wake_source_BLOCKING, wakes->jobs[i]);
    if (!wakes->moved)
        return;
    weft__futex_wake(&pool->moved, WEFT__WAKE_ALL);
    if (pool->env->drive) /* the runtime stays: in the RCU section, or because its end waits for this thread of the pool */
        pool->env->drive->ring(pool->env);
}

static int64_t pool_now(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    if (wakes->now_ns == 0)
        wakes->now_ns = weft__realm_now(pool->env->realm);
    return wakes->now_ns;
}

static void pool_wake_later(struct weft__pool_wakes *wakes, struct weft__wait *wait, uint64_t job)
{
    wakes->waiters[wakes->count] = weft__wait_waiter(wait);
    wakes->jobs[wakes->count++] = job;
}

/* The first of those who wait for a place, out of the list. */
static struct weft__wait *pool_next_in_line(struct weft__blocking *pool, enum weft__wait_state state)
{
    struct weft__link *link = weft__list_pop_front(&pool->places);
    if (!link)
        return NULL;
    struct weft__wait *wait = weft__container_of(link, struct weft__wait, link);
    wait->state = (uint8_t)state;
    weft__pool_leave_line_locked(pool, wait);
    return wait;
}

void weft__pool_grant_locked(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    if (pool->waiting == 0 || pool->closed || weft__load_relaxed(&pool->queued) + pool->reserved >= pool->queue_max)
        return;
    struct weft__wait *wait = pool_next_in_line(pool, WEFT__WAIT_GRANTED);
    pool->reserved++;
    pool_wake_later(wakes, wait, 0);
}

/* A place is reserved no more; the end may wait for this. */
static void pool_count_reserved_off(struct weft__blocking *pool, struct weft__pool_wakes *wakes)
{
    if (--pool->reserved == 0 && pool->closed)
        pool_note_moved(pool, wakes);
}

void weft__pool_release_place(struct weft__blocking *pool)
{
    struct weft__pool_wakes wakes = {0};
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    pool_count_reserved_off(pool, &wakes);
    weft__pool_grant_locked(pool, &wakes);
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
}

void weft__pool_free_locked(struct weft__blocking *pool, struct weft__job *job)
{
    weft__store_relaxed(&job->state, WEFT__JOB_FREE); /* whoever looks holds the lock */
    weft__slab_free(&pool->slab, weft__self_cache(&pool->slab, WEFT__CACHED_JOBS), job);
}

void weft__pool_take_locked(struct weft__blocking *pool, struct weft__job *job, enum weft__job_phase phase,
                            struct weft__pool_wakes *wakes)
{
    weft__list_remove(&job->link);
    pool_count_queued(pool, -1);
    job->phase = (uint8_t)phase;
    if (phase == WEFT__JOB_RUNNING) {
        const int64_t now = pool_now(pool, wakes);
        job->started_ns = now > job->queued_ns ? now : job->queued_ns; /* it may have come after the look at the clock */
        job->thread_id = weft__pool_thread_id();
        pool->running++;
        weft__spread_note(&pool->waited, job->started_ns - job->queued_ns);
        if (job->started_ns - job->queued_ns > pool->waited_max_ns)
            pool->waited_max_ns = job->started_ns - job->queued_ns;
    } else {
        pool->cancelled++;
    }
    weft__pool_grant_locked(pool, wakes);
}

void weft__pool_end_locked(struct weft__blocking *pool, struct weft__job *job, int code, int result,
                           struct weft__pool_wakes *wakes)
{
    if (job->phase == WEFT__JOB_RUNNING) {
        pool->running--;
        pool->completed++;
    }
    job->phase = WEFT__JOB_ENDED;
    job->code = code;
    job->result = result;
    job->ended_ns = pool_now(pool, wakes);
    if (job->started_ns != 0)
        weft__spread_note(&pool->ran, job->ended_ns - job->started_ns);
    if (--pool->outstanding == 0)
        pool_note_moved(pool, wakes);

    bool brought = false;
    struct weft__link *link = weft__list_pop_front(&job->waiters);
    if (link) {
        struct weft__wait *wait = weft__container_of(link, struct weft__wait, link);
        wait->state = WEFT__WAIT_GRANTED;
        pool_wake_later(wakes, wait, job->id);
        if (wait->thread) {
            struct weft__job_blocked *blocked = weft__container_of(wait, struct weft__job_blocked, blocked.wait);
            blocked->code = code;
            blocked->result = result;
            brought = true;
        }
    }
    if (brought || job->detached)
        weft__pool_free_locked(pool, job);
}

void weft__pool_run(struct weft__blocking *pool, struct weft__job *job)
{
    const int result = weft__pool_call(pool, job);
    struct weft__pool_wakes wakes = {0};
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    weft__pool_end_locked(pool, job, 0, result, &wakes);
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
}

void weft__pool_drop(struct weft__blocking *pool, struct weft__job *job, int code)
{
    if (job->drop)
        job->drop(job->argument);
    weft_trail_unref(job->trail);
    job->trail = NULL;
    WEFT__TRACE(pool->env->number, blocking_end, job->id, code);
    struct weft__pool_wakes wakes = {0};
    weft__rcu_read_lock();
    weft__lock(&pool->lock);
    weft__pool_end_locked(pool, job, code, 0, &wakes);
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, &wakes);
    weft__rcu_read_unlock();
}

/* Whoever waits with a handle that weft_job_visit() has shown finds the job gone. */
static void pool_tell_gone(struct weft__job *job, struct weft__pool_wakes *wakes)
{
    struct weft__link *link = weft__list_pop_front(&job->waiters);
    if (!link)
        return;
    struct weft__wait *wait = weft__container_of(link, struct weft__wait, link);
    wait->state = WEFT__WAIT_CLOSED;
    pool_wake_later(wakes, wait, job->id);
}

bool weft__pool_take_back_locked(struct weft__blocking *pool, const struct weft__job *job, uint64_t id,
                                 struct weft__pool_wakes *wakes)
{
    /* It is looked for in the queue, since it may be gone: taken back by somebody else, and freed. */
    for (struct weft__link *link = pool->queue.prev; link != &pool->queue; link = link->prev) {
        struct weft__job *queued = pool_job(link);
        if (queued != job || queued->id != id)
            continue;
        weft__list_remove(link);
        pool_count_queued(pool, -1);
        pool->returned++;
        if (--pool->outstanding == 0)
            pool_note_moved(pool, wakes);
        pool_tell_gone(queued, wakes);
        weft__pool_free_locked(pool, queued);
        weft__pool_grant_locked(pool, wakes);
        return true;
    }
    return false;
}

/* It was not queued: free it. Under the lock, which ends. WEFT_ESHUTDOWN, or WEFT__POOL_FULL. */
static int pool_refuse_and_unlock(const char *call, struct weft__blocking *pool, struct weft__job *job, struct weft__pool_wakes *wakes)
{
    const uint64_t id = job->id;
    const bool closed = pool->closed;
    weft__pool_free_locked(pool, job);
    weft__rcu_read_lock(); /* begun before the runtime may end */
    weft__unlock(&pool->lock);
    weft__pool_wake(pool, wakes);
    weft__rcu_read_unlock();
    WEFT__TRACE(pool->number, blocking_end, id, closed ? WEFT_ESHUTDOWN : WEFT_EAGAIN);
    return closed ? weft__refuse(WEFT_ESHUTDOWN, "%s: the runtime is shutting down", call) : WEFT__POOL_FULL;
}

int weft__pool_submit(const char *call, struct weft__blocking *pool, struct weft__job *job, enum weft__pool_place place)
{
    struct weft__pool_wakes wakes = {0};
    const uint64_t id = job->id;
    /* Before it is queued: nobody can start it before it was announced. */
    WEFT__TRACE(pool->number, blocking_queue, id, weft__self_task_id(), weft__load_relaxed(&pool->queued) + 1);
    weft__lock(&pool->lock);
    if (place == WEFT__PLACE_RESERVED)
        pool_count_reserved_off(pool, &wakes);
    if (pool->closed || (place == WEFT__PLACE_TO_BE_FOUND && !weft__pool_has_room_locked(pool)))
        return pool_refuse_and_unlock(call, pool, job, &wakes);
    weft__store_relaxed(&job->state, WEFT__JOB_LIVE);
    weft__list_push_back(&pool->queue, &job->link);
    pool_count_queued(pool, 1);
    pool->submitted++;
    pool->outstanding++;
    const struct weft__pool_summon summon = weft__pool_look_locked(pool, job->queued_ns);
    weft__unlock(&pool->lock);
    if (weft__pool_summon(pool, summon, job, id) == 0)
        return 0;
    WEFT__TRACE(pool->number, blocking_end, id, WEFT_EAGAIN);
    return weft__refuse(WEFT_EAGAIN, "%s: the blocking pool has no thread, and the system gives none: raise the limit of "
                                     "threads",
                        call);
}

static size_t pool_bytes(void)
{
    return (sizeof(struct weft__blocking) + 4095) & ~(size_t)4095;
}

static uint32_t pool_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static void pool_abandon_place(struct weft__waitable *waitable, struct weft__wait *wait)
{
    struct weft__blocking *pool = weft__container_of(waitable, struct weft__blocking, place);
    weft__lock(&pool->lock);
    const uint8_t state = wait->state;
    if (state == WEFT__WAIT_QUEUED) {
        weft__list_remove(&wait->link);
        weft__pool_leave_line_locked(pool, wait);
    }
    weft__unlock(&pool->lock);
    wait->object = NULL;
    wait->state = WEFT__WAIT_IDLE;
    if (state == WEFT__WAIT_GRANTED)
        weft__pool_release_place(pool); /* handed on */
    weft__blocking_unref(pool);
}

static void pool_abandon_end(struct weft__waitable *waitable, struct weft__wait *wait)
{
    struct weft__blocking *pool = weft__container_of(waitable, struct weft__blocking, end);
    weft__lock(&pool->lock);
    if (wait->state == WEFT__WAIT_QUEUED)
        weft__list_remove(&wait->link);
    weft__unlock(&pool->lock);
    wait->object = NULL;
    wait->state = WEFT__WAIT_IDLE;
    weft__blocking_unref(pool);
}

struct weft__blocking *weft__blocking_create(struct weft__env *env, const weft_runtime_options *o, const char *thread_name)
{
    struct weft__blocking *pool = weft__platform->map(pool_bytes(), 4096); /* aligned, and zeroed */
    if (!pool)
        return NULL;
    pool->env = env;
    pool->number = env->number;
    pool->thread_name = thread_name;
    pool->stack_size = o->thread_stack_size;
    pool->threads_max = pool_default(o->blocking_threads_max, POOL_THREADS_MAX);
    pool->queue_max = pool_default(o->blocking_queue_max, POOL_QUEUE_MAX);
    pool->by_turns = o->drive == WEFT_DRIVE_SIM;
    pool->keep_alive_ns = (int64_t)pool_default(o->blocking_keep_alive_ms, POOL_KEEP_ALIVE_MS) * 1000000;
    pool->numbers = weft__alloc_zeroed((pool->threads_max + 63) / 64, sizeof *pool->numbers);
    if (!pool->numbers) {
        weft__platform->unmap(pool, pool_bytes());
        return NULL;
    }
    weft__slab_init(&pool->slab, pool);
    weft__list_init(&pool->queue);
    weft__list_init(&pool->begun);
    weft__list_init(&pool->places);
    weft__list_init(&pool->idle);
    static const struct weft__waitable_ops place = {pool_abandon_place, weft__blocking_describe_place},
                                           end = {pool_abandon_end, weft__blocking_describe_end};
    pool->place.ops = &place;
    pool->end.ops = &end;
    weft__store_relaxed(&pool->refs, 1);
    return pool;
}

void weft__blocking_orphan(struct weft__blocking *pool)
{
    pool->lock = (struct weft__lock){0};
    pool->closed = true;
    weft__list_init(&pool->queue);
    weft__list_init(&pool->begun);
    pool->exited_known = false; /* a thread of the parent cannot be joined here */
    pool->slab.lock = (struct weft__lock){0};
    weft__store_relaxed(&pool->refs, 1); /* the only thread: whoever waited is elsewhere */
}

void weft__blocking_ref_locked(struct weft__blocking *pool)
{
    weft__fetch_add_relaxed(&pool->refs, 1); /* the caller found it alive */
}

void weft__blocking_unref(struct weft__blocking *pool)
{
    if (weft__fetch_sub_acq_rel(&pool->refs, 1) != 1) /* BP-R1 BP-A1 */
        return;
    weft__slab_fini(&pool->slab);
    weft__free(pool->numbers);
    weft__platform->unmap(pool, pool_bytes());
}

/* Those who wait for a place are told that there will be none. */
static void pool_refuse_waiting(struct weft__blocking *pool)
{
    for (bool more = true; more;) {
        struct weft__pool_wakes wakes = {0};
        struct weft__wait *wait;
        weft__rcu_read_lock();
        weft__lock(&pool->lock);
        while (wakes.count < 2 && (wait = pool_next_in_line(pool, WEFT__WAIT_CLOSED)) != NULL)
            pool_wake_later(&wakes, wait, 0);
        more = wakes.count == 2;
        weft__unlock(&pool->lock);
        weft__pool_wake(pool, &wakes);
        weft__rcu_read_unlock();
    }
}

void weft__blocking_close(struct weft__blocking *pool)
{
    struct weft__link doomed, leaving, *link, *next;
    struct weft__pool_wakes none = {0};
    weft__list_init(&doomed);
    weft__list_init(&leaving);
    weft__lock(&pool->lock);
    pool->closed = true; /* from here on nothing is granted, so `none` stays empty */
    for (link = pool->queue.next; link != &pool->queue; link = next) {
        next = link->next;
        if (pool_job(link)->mandatory)
            continue;
        weft__pool_take_locked(pool, pool_job(link), WEFT__JOB_DROPPING, &none);
        weft__list_push_back(&doomed, link);
    }
    struct weft__pool_thread *idle;
    while ((idle = weft__pool_take_idle_locked(pool)) != NULL)
        weft__list_push_back(&leaving, &idle->link);
    const struct weft__pool_summon summon = weft__pool_look_locked(pool, 0); /* for mandatory jobs that no thread was there for */
    weft__unlock(&pool->lock);

    while ((link = weft__list_pop_front(&leaving)) != NULL)
        weft__event_set(&weft__container_of(link, struct weft__pool_thread, link)->event);
    (void)weft__pool_summon(pool, summon, NULL, 0);
    pool_refuse_waiting(pool);
    while ((link = weft__list_pop_front(&doomed)) != NULL)
        weft__pool_drop(pool, pool_job(link), WEFT_ESHUTDOWN);
}

/* Until no job is outstanding, nor, of a closed pool, a place with somebody who has yet to see that; and then no thread is there. */
static int pool_wait(struct weft__blocking *pool, bool threads_too, int64_t deadline_ns)
{
    for (;;) {
        weft__lock(&pool->lock);
        const bool done = pool->outstanding == 0 && !(pool->closed && pool->reserved > 0) && !(threads_too && pool->threads > 0);
        const uint32_t seen = weft__load_relaxed(&pool->moved);
        const struct weft__pool_summon summon = weft__pool_look_locked(pool, 0);
        weft__unlock(&pool->lock);
        if (done)
            return 0;
        const bool nobody = weft__pool_summon(pool, summon, NULL, 0) < 0;
        const int64_t now = weft__clock_now();
        if (now >= deadline_ns)
            return WEFT_ETIMEDOUT;
        const int64_t retry = now + POOL_RETRY_NS;
        weft__futex_wait(&pool->moved, seen, nobody && retry < deadline_ns ? retry : deadline_ns);
    }
}

int weft__blocking_drain(struct weft__blocking *pool, int64_t deadline_ns)
{
    return pool_wait(pool, false, deadline_ns);
}

int weft__blocking_stop(struct weft__blocking *pool, int64_t deadline_ns)
{
    if (pool_wait(pool, false, deadline_ns) < 0)
        return WEFT_ETIMEDOUT;
    pool_wait(pool, true, WEFT_FOREVER); /* with nothing to run they leave at once: a short deadline does not miss them */
    weft__lock(&pool->lock);
    const bool known = pool->exited_known;
    const pthread_t exited = pool->exited;
    pool->exited_known = false;
    weft__unlock(&pool->lock);
    if (known)
        pthread_join(exited, NULL);
    return 0;
}

uint64_t weft__blocking_ended(struct weft__blocking *pool)
{
    weft__lock(&pool->lock);
    const uint64_t ended = pool->submitted - pool->outstanding;
    weft__unlock(&pool->lock);
    return ended;
}

uint64_t weft__blocking_begun(struct weft__blocking *pool)
{
    weft__lock(&pool->lock);
    const uint64_t begun = pool->submitted;
    weft__unlock(&pool->lock);
    return begun;
}

void weft__blocking_tick(struct weft__blocking *pool)
{
    weft__lock(&pool->lock);
    pool->grow_failed = false;
    const struct weft__pool_summon summon = weft__pool_look_locked(pool, 0);
    weft__unlock(&pool->lock);
    (void)weft__pool_summon(pool, summon, NULL, 0);
}

bool weft__blocking_is_short(struct weft__blocking *pool)
{
    weft__lock(&pool->lock);
    const bool is_short = pool->grow_failed && !weft__list_empty(&pool->queue);
    weft__unlock(&pool->lock);
    return is_short;
}

void weft__blocking_trim(struct weft__blocking *pool)
{
    weft__slab_trim(&pool->slab);
}
