/* SPDX-License-Identifier: MIT */
/*
 * The life of a runtime. Creation does everything that can fail, in an order that unwinds; the end cannot fail: refuse,
 * cancel, wait, join, let nobody in, wait for who is inside, unpublish, wait for the last reader, free.
 */
#include <stdio.h>
#include <string.h>
#include <weft/error.h>
#include <weft/version.h>

#include "base/error.h"
#include "base/futex.h"
#include "base/platform.h"
#include "base/thread.h"
#include "blocking/pool.h"
#include "io/descriptor.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "runtime/sim.h"
#include "sched/sim.h"
#include "sync/meeting.h"
#include "task/look.h"
#include "task/name.h"
#include "task/scope.h"
#include "timer/timer.h"
#include "trace/emit.h"
#include "trace/provider.h"
#include "trace/sinks.h"

_Static_assert(offsetof(weft_runtime, sched) == 0 && offsetof(struct weft__sched, env) == 0,
               "a runtime begins with its scheduler, which begins with the env");

enum {
    RUNTIME_STACK_MIN = 16384,
    RUNTIME_EVENT_INTERVAL = 64,
    RUNTIME_COOP_BUDGET = 128,
    RUNTIME_SIM_WORKERS = 4,         /* on any machine: the seed decides, not the processors */
    RUNTIME_SIM_EPOCH_NS = 1000000000, /* not 0, which is no time in some places */
    RUNTIME_STALL_US = 10000,
    RUNTIME_OVERDUE_TOLD = 16, /* tasks that a shutdown names, one by one */
    RUNTIME_LINE = 400,
    RUNTIME_CANCEL_AGAIN_NS = 10000000 /* a spawn that raced with shutdown is cancelled this much later */
};

#define RUNTIME_CLOSED (UINT32_C(1) << 31) /* of `inside` */

static int create_check(weft_runtime **out_rt, const weft_runtime_options *o)
{
    if (!out_rt)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: the place for the runtime must not be null");
    if (o && o->size < sizeof *o)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: options of %zu bytes, not %zu: use WEFT_RUNTIME_OPTIONS()",
                            o->size, sizeof *o);
    if (o && o->worker_threads > WEFT_WORKERS_MAX)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: worker_threads %u: give 1 to %d, or 0 for what the "
                                         "process may use",
                            o->worker_threads, WEFT_WORKERS_MAX);
    if (o && (unsigned)o->drive > WEFT_DRIVE_SIM)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: drive %d is not one of weft_drive", (int)o->drive);
    if (o && (unsigned)o->measure > WEFT_MEASURE_NEVER)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: measure %d is not one of weft_measure", (int)o->measure);
    if (o && o->drive == WEFT_DRIVE_TURNS && o->worker_threads > 1)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: worker_threads %u of a runtime that is driven by turns: it "
                                         "has none; give 0 or 1",
                            o->worker_threads);
    if (o && o->thread_stack_size != 0 && o->thread_stack_size < RUNTIME_STACK_MIN)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: thread_stack_size %zu: give at least %d, or 0 for the "
                                         "system's default",
                            o->thread_stack_size, RUNTIME_STACK_MIN);
    if (o && (o->blocking_threads_max > WEFT_BLOCKING_THREADS_MAX || o->blocking_queue_max > WEFT_BLOCKING_QUEUE_MAX))
        return weft__refuse(WEFT_EINVAL, "weft_runtime_create: blocking_threads_max %u, blocking_queue_max %u: give at most "
                                         "%d and %d, or 0 for the defaults",
                            o->blocking_threads_max, o->blocking_queue_max, WEFT_BLOCKING_THREADS_MAX,
                            WEFT_BLOCKING_QUEUE_MAX);
    return 0;
}

static size_t runtime_bytes(void)
{
    return (sizeof(weft_runtime) + 4095) & ~(size_t)4095;
}

static void create_copy(char *out, size_t room, const char *text)
{
    const size_t length = weft__name_fit(text, room - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

static uint32_t create_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static uint32_t create_workers(const weft_runtime_options *o)
{
    if (o->drive == WEFT_DRIVE_TURNS)
        return 1;
    return create_default(o->worker_threads, o->drive == WEFT_DRIVE_SIM ? RUNTIME_SIM_WORKERS : weft__thread_processors());
}

static void create_fill(weft_runtime *rt, const weft_runtime_options *o)
{
    struct weft__sched *sched = &rt->sched;
    create_copy(rt->name, sizeof rt->name, o->name ? o->name : "weft");
    sched->env.name = rt->name;
    create_copy(rt->thread_name, sizeof rt->thread_name, o->thread_name ? o->thread_name : "weft");
    sched->thread_name = rt->thread_name;
    sched->worker_count = create_workers(o);
    sched->global_queue_interval = o->global_queue_interval;
    sched->event_interval = create_default(o->event_interval, RUNTIME_EVENT_INTERVAL);
    sched->next_slot_off = o->next_slot_off;
    sched->env.coop_budget = create_default(o->coop_budget, RUNTIME_COOP_BUDGET);
    sched->env.report = o->report;
    sched->env.report_context = o->report_context;
    rt->created = weft__realm_now(sched->env.realm);
    weft__store_relaxed(&sched->env.now, rt->created);
    weft__slab_init(&sched->env.slab, &sched->env);
    weft__scope_init_root(&sched->env);
    sched->env.measure = &rt->measure;
    weft__measure_init(&rt->measure, o->measure);
}

/* The parts that can fail, in order; what was made is left for runtime_free. */
static int create_parts(weft_runtime *rt, const weft_runtime_options *o, uint64_t seed)
{
    struct weft__env *env = &rt->sched.env;
    if (weft__fork_prepare() < 0)
        return WEFT_ENOMEM;
    env->number = weft__runtimes_add(rt);
    if (env->number == 0)
        return weft__refuse(WEFT_EMFILE, "weft_runtime_create: %d runtimes live in this process, the most there can be",
                            WEFT__RUNTIMES_MAX);
    env->channels = weft__channels_create(env->number, env->realm);
    env->sync = weft__sync_create(env->number, env->realm);
    env->blocking = weft__blocking_create(env, o, rt->thread_name);
    env->io = weft__io_create(env, rt->sched.worker_count);
    if (!env->sync || !env->channels || !env->blocking || !env->io)
        return WEFT_ENOMEM;
    const int error = weft__sched_init(&rt->sched, seed);
    if (error < 0)
        return error;
    const int timers = weft__timers_create(&rt->sched.env, rt->sched.worker_count, &rt->timers);
    if (timers < 0)
        return timers;
    for (uint32_t i = 0; i < rt->sched.worker_count; i++) {
        struct weft__slab_cache *caches = rt->sched.workers[i].thread.caches;
        caches[WEFT__CACHED_CHANNELS].slab = &env->channels->slab;
        caches[WEFT__CACHED_VALUES].slab = &env->sync->values;
        caches[WEFT__CACHED_JOBS].slab = &env->blocking->slab;
        rt->sched.workers[i].thread.timers = weft__timers_of(rt->timers, i);
        weft__reactor_bind(weft__reactors_at(env->io->reactors, i), &rt->sched.workers[i].thread);
    }
    if (o->drive == WEFT_DRIVE_THREADS)
        rt->watch_number = weft__worker_number_take();
    weft__watch_init(rt, o->monitor_interval_ms, create_default(o->stall_threshold_us, RUNTIME_STALL_US));
    rt->trace_status = weft__provider_find(o->tracing, rt->trace_text, sizeof rt->trace_text);
    weft__sinks_refresh(); /* what is recorded may have changed since an earlier runtime was there to look */
    WEFT__TRACE(env->number, runtime_start, env->number, WEFT_TRACE_SCHEMA, (uint16_t)rt->sched.worker_count, rt->name,
                WEFT_VERSION);
    return 0;
}

/* What its workers have counted of what they created and ended. */
static int64_t runtime_counted(const weft_runtime *rt, enum weft__cached which)
{
    int64_t counted = 0;
    for (uint32_t i = 0; rt->sched.workers && i < rt->sched.worker_count; i++)
        counted += rt->sched.workers[i].thread.caches[which].live;
    return counted;
}

/* No thread of it runs, and nobody can look it up any more. */
static void runtime_free(weft_runtime *rt)
{
    struct weft__env *env = &rt->sched.env;
    const int64_t channels = runtime_counted(rt, WEFT__CACHED_CHANNELS), values = runtime_counted(rt, WEFT__CACHED_VALUES);
    weft__measure_fini(&rt->measure);
    weft__timers_destroy(rt->timers, rt->sched.worker_count);
    weft__sched_fini(&rt->sched);
    weft__worker_number_return(rt->watch_number);
    weft__drive_fini(rt);
    weft__sim_destroy(rt->sched.sim);
    weft__slab_fini(&env->slab);
    if (env->channels)
        weft__channels_close(env->channels, channels);
    if (env->sync)
        weft__sync_close(env->sync, values);
    if (env->blocking)
        weft__blocking_unref(env->blocking);
    if (env->io)
        weft__io_unref(env->io);
    weft__realm_unref(env->realm);
    weft__platform->unmap(rt, runtime_bytes());
}

/* Let nobody new come in, and wait for who is inside. */
static void end_wait_for_others(weft_runtime *rt)
{
    weft__fetch_or_relaxed(&rt->inside, RUNTIME_CLOSED);
    for (;;) {
        const uint32_t inside = weft__load_acquire(&rt->inside); /* EN-A1: they look at it no more */
        if (inside == RUNTIME_CLOSED)
            return;
        weft__futex_wait(&rt->inside, inside, INT64_MAX);
    }
}

/* Count this thread, if the end is not waiting for the last to leave. In an RCU section in which it was found. */
static bool runtime_come_in(weft_runtime *rt)
{
    if (!(weft__fetch_add_relaxed(&rt->inside, 1) & RUNTIME_CLOSED)) /* one word: the end sees the count, or this the bit */
        return true;
    weft__runtime_leave(rt);
    return false;
}

static int runtime_refuse_closed(const char *call)
{
    return weft__refuse(WEFT_EINVAL, "%s: not a live runtime: another thread has ended it", call);
}

/* Take it out of the table and wait for those who found it there. */
static void runtime_unpublish(weft_runtime *rt)
{
    const uint32_t number = rt->sched.env.number;
    if (number == 0)
        return;
    weft__runtimes_remove(number);
    weft__rcu_synchronize();
    weft__sinks_forget(number);
}

/*
 * Whoever is shown it finds it alive until they leave: it goes out of the table after them. Then comes who was let in
 * without a look at the bit, by drive_enter_wait().
 */
static void runtime_withdraw(weft_runtime *rt)
{
    end_wait_for_others(rt);
    runtime_unpublish(rt);
    end_wait_for_others(rt);
}

/* Say what the system did not give. */
static int create_failed(int error, const weft_runtime_options *o)
{
    const uint32_t workers = create_workers(o);
    switch (error) {
    case WEFT_EMFILE:
        return error; /* said where it was found */
    case WEFT_ENOMEM:
        return weft__refuse(error, "weft_runtime_create: no memory for a runtime of %u workers: nothing was taken", workers);
    case WEFT_EAGAIN:
        return weft__refuse(error, "weft_runtime_create: the system gives no thread for %u workers: ask for fewer, or raise "
                                   "the limit",
                            workers);
    default:
        return weft__refuse(error, "weft_runtime_create: no thread with a stack of %zu bytes: %s", o->thread_stack_size,
                            weft_error_text(error));
    }
}

/* The threads. */
static int create_start(weft_runtime *rt, const weft_runtime_options *o)
{
    const int error = weft__sched_start(&rt->sched, o->thread_stack_size);
    if (error < 0)
        return error;
    weft__runtimes_publish(rt->sched.env.number);
    const int watch = weft__watch_start(rt);
    if (watch < 0) {
        weft__sched_stop(&rt->sched);
        weft__io_end(rt->sched.env.io);
    }
    return watch;
}

/* In their place. */
static int create_driven(weft_runtime *rt, uint64_t seed)
{
    const int error = rt->sched.env.realm ? weft__sim_begin(rt, seed) : 0;
    if (error < 0)
        return error;
    weft__drive_init(rt);
    weft__sched_begin_driven(&rt->sched);
    weft__runtimes_publish(rt->sched.env.number);
    return 0;
}

static int create_seed(const weft_runtime_options *o, uint64_t *out_seed)
{
    if (o->drive == WEFT_DRIVE_SIM)
        return weft__sim_seed(o, out_seed);
    *out_seed = o->seed != 0 ? o->seed : weft__platform->random();
    return 0;
}

/* Only a simulated runtime lives by a time and by ids of its own. */
static int create_realm(weft_runtime *rt, const weft_runtime_options *o)
{
    if (o->drive != WEFT_DRIVE_SIM)
        return 0;
    rt->sched.env.realm = weft__realm_create(RUNTIME_SIM_EPOCH_NS);
    return rt->sched.env.realm ? 0 : WEFT_ENOMEM;
}

int weft_runtime_create(weft_runtime **out_rt, const weft_runtime_options *options)
{
    static const weft_runtime_options defaults = {.size = sizeof defaults};
    const int wrong = create_check(out_rt, options);
    if (wrong)
        return wrong;
    const weft_runtime_options *o = options ? options : &defaults;
    uint64_t seed;
    const int unseeded = create_seed(o, &seed);
    if (unseeded)
        return unseeded;
    weft_runtime *rt = weft__platform->map(runtime_bytes(), 4096);
    if (!rt)
        return create_failed(WEFT_ENOMEM, o);
    rt->watch_number = WEFT_TRACE_NO_WORKER;
    int error = create_realm(rt, o);
    create_fill(rt, o);
    if (error == 0)
        error = create_parts(rt, o, seed);
    if (error == 0)
        error = o->drive == WEFT_DRIVE_THREADS ? create_start(rt, o) : create_driven(rt, seed);
    if (error < 0) {
        runtime_withdraw(rt); /* somebody may look at it already */
        runtime_free(rt);
        return create_failed(error, o);
    }
    *out_rt = rt;
    if (o->tracing && rt->trace_status < 0)
        weft__report(&rt->sched.env, rt->trace_status, "%s", rt->trace_text);
    weft__components_from_environment(rt);
    return 0;
}

/* Whether this thread may wait for the runtime, and the runtime is one. */
static int end_check(const char *call, weft_runtime *rt)
{
    const int wrong = weft__runtimes_check(call, rt);
    if (wrong)
        return wrong;
    if ((weft__self && weft__self->env == &rt->sched.env) || weft__blocking_is_inside(rt->sched.env.blocking))
        return weft__refuse(WEFT_EDEADLK, "%s: called by a task of this runtime: it would wait for itself; let main, or "
                                          "another thread of the host, do it",
                            call);
    if (rt->sched.env.drive && weft__drive_is_inside(rt))
        return weft__refuse(WEFT_EDEADLK, "%s: called in a turn of this runtime: it would wait for itself", call);
    if (weft__runtime_is_visited(rt))
        return weft__refuse(WEFT_EDEADLK, "%s: called from weft_runtime_visit(), which shows it: its end waits for that", call);
    if (weft__watch_is_inside(rt) || weft__sinks_in_hook())
        return weft__refuse(WEFT_EDEADLK, "%s: called by a hook or by the health callback: the end waits for those; tell "
                                          "main, or another thread of the host, to do it",
                            call);
    return 0;
}

int weft__runtime_enter(const char *call, weft_runtime *rt)
{
    weft__rcu_read_lock(); /* whoever frees it waits for who is inside, takes it out of the table, and waits for this section */
    int wrong = end_check(call, rt);
    if (!wrong && !runtime_come_in(rt))
        wrong = runtime_refuse_closed(call);
    weft__rcu_read_unlock();
    return wrong;
}

int weft__runtime_hold(const char *call, weft_runtime *rt)
{
    weft__rcu_read_lock(); /* as in weft__runtime_enter() */
    int wrong = weft__runtimes_check(call, rt);
    if (!wrong && !runtime_come_in(rt))
        wrong = runtime_refuse_closed(call);
    weft__rcu_read_unlock();
    return wrong;
}

weft_runtime *weft__runtime_hold_next(uint32_t *slot)
{
    weft__rcu_read_lock(); /* the same */
    weft_runtime *rt;
    while ((rt = weft__runtimes_next(slot)) != NULL && !runtime_come_in(rt))
        continue;
    weft__rcu_read_unlock();
    return rt;
}

void weft__runtime_leave(weft_runtime *rt)
{
    weft__fetch_sub_release(&rt->inside, 1); /* EN-R1 */
    weft__futex_wake(&rt->inside, 1); /* passes the address only: the memory may have gone */
}

static void shutdown_cancel_all(struct weft__env *env)
{
    uint32_t number = 0;
    for (;;) {
        weft__rcu_read_lock();
        weft__task *task = weft__slab_next(&env->slab, &number);
        if (task) {
            const uint64_t word = weft__load_relaxed(&task->state); /* whose task it is, the cancel finds out */
            if (!(word & (WEFT__FREE | WEFT__COMPLETE | WEFT__CANCELLED)))
                weft__task_cancel(task, weft__state_tag(word), WEFT_REASON_SHUTDOWN);
        }
        weft__rcu_read_unlock();
        if (!task)
            return;
    }
}

/* Tell the host which tasks have not ended, the first of them one by one; how many, and the first in out_line. */
static uint64_t shutdown_report_tasks(weft_runtime *rt, char out_line[RUNTIME_LINE])
{
    struct weft__env *env = &rt->sched.env;
    struct weft__loaded loaded;
    struct weft__look look;
    uint64_t count = 0;
    uint32_t number = 0;
    weft__loaded_read(&loaded);
    while (weft__look_next(env, &number, &loaded, &look)) {
        char line[RUNTIME_LINE];
        if (look.info.state == WEFT_TASK_ENDED || ++count > RUNTIME_OVERDUE_TOLD)
            continue;
        weft__look_line(&look, line, sizeof line);
        weft__report(env, WEFT_ETIMEDOUT, "weft_runtime_shutdown: the task %s, has not ended", line);
        if (count == 1)
            memcpy(out_line, line, sizeof line);
    }
    if (count > RUNTIME_OVERDUE_TOLD)
        weft__report(env, WEFT_ETIMEDOUT, "weft_runtime_shutdown: %llu more tasks have not ended: weft_task_dump() tells all",
                     (unsigned long long)(count - RUNTIME_OVERDUE_TOLD));
    return count;
}

/* The deadline has passed: who has not ended? */
static int shutdown_overdue(weft_runtime *rt)
{
    char line[RUNTIME_LINE], job[WEFT_NAME_MAX + 1];
    const unsigned long long tasks = shutdown_report_tasks(rt, line);
    const uint32_t jobs = weft__blocking_report(rt->sched.env.blocking, job);
    static const char call[] = "weft_runtime_shutdown";
    if (tasks > 0 && jobs > 0)
        return weft__refuse(WEFT_ETIMEDOUT, "%s: %llu tasks and %u blocking jobs have not ended (weft_task_dump(), "
                                            "weft_job_visit()); one is the job '%s', one the task %s",
                            call, tasks, jobs, job, line);
    if (jobs > 0)
        return weft__refuse(WEFT_ETIMEDOUT, "%s: %u blocking jobs have not ended (weft_job_visit()); one is the job '%s'",
                            call, jobs, job);
    if (tasks > 0)
        return weft__refuse(WEFT_ETIMEDOUT, "%s: %llu tasks have not ended (weft_task_dump()); one is %s", call, tasks,
                            line);
    return weft__refuse(WEFT_ETIMEDOUT, "%s: the last task or thread ended this moment: call it again", call);
}

/* Either may begin the other, so only a moment without both is the end. */
bool weft__runtime_is_quiet(void *runtime)
{
    weft_runtime *rt = runtime;
    struct weft__blocking *pool = rt->sched.env.blocking;
    const uint64_t ended = weft__blocking_ended(pool);
    return weft__sched_live(&rt->sched) == 0 && weft__blocking_begun(pool) == ended;
}

/* Until then, or until the deadline. */
static int end_drain(const char *call, weft_runtime *rt, int64_t deadline_ns)
{
    struct weft__env *env = &rt->sched.env;
    if (env->drive)
        return weft__drive_until(rt, call, weft__runtime_is_quiet, rt, deadline_ns);
    while (!weft__runtime_is_quiet(rt))
        if (weft__sched_drain(&rt->sched, deadline_ns) < 0 || weft__blocking_drain(env->blocking, deadline_ns) < 0)
            return WEFT_ETIMEDOUT;
    return 0;
}

/* 0, WEFT_ETIMEDOUT; of a simulated runtime WEFT_EDEADLK: tasks that do not listen wait for ever; of a driven one WEFT_ESHUTDOWN:
 * a task has forked meanwhile, and this is the child. */
static int shutdown_until(const char *call, weft_runtime *rt, int64_t deadline_ns)
{
    struct weft__env *env = &rt->sched.env;
    weft__store_relaxed(&env->refusing, 1); /* what is accepted by who has not seen it, a later walk finds */
    weft__blocking_close(env->blocking);
    for (;;) {
        shutdown_cancel_all(env);
        /* A simulated runtime has one thread, which does not race with itself. */
        const int64_t again = env->realm ? WEFT_FOREVER : weft__clock_now() + RUNTIME_CANCEL_AGAIN_NS;
        const int drained = end_drain(call, rt, again < deadline_ns ? again : deadline_ns);
        if (drained == 0)
            return weft__blocking_stop(env->blocking, WEFT_FOREVER); /* its threads have nothing to do but to leave */
        if (drained != WEFT_ETIMEDOUT)
            return drained;
        if (weft__realm_now(env->realm) >= deadline_ns)
            return shutdown_overdue(rt);
    }
}

/* What libraries have begun on the loops of libuv no task waits for. A simulated runtime does not turn to what is outside of it. */
static int shutdown_requests(weft_runtime *rt, int64_t deadline_ns)
{
    static const char call[] = "weft_runtime_shutdown";
    struct weft__env *env = &rt->sched.env;
    if (rt->sched.sim)
        return 0;
    const int turned = env->drive ? weft__drive_until(rt, call, weft__io_is_settled, env->io, deadline_ns) : 0;
    if (turned < 0 && turned != WEFT_ETIMEDOUT)
        return turned;
    uint32_t worker;
    const uint32_t requests = weft__io_settle(env->io, env->drive ? INT64_MIN : deadline_ns, &worker);
    if (requests == 0)
        return 0;
    const int overdue = weft__refuse(WEFT_ETIMEDOUT, "%s: requests of libuv are not done, %u on the loop of worker %u "
                                                     "(weft_loop_call()): call it again",
                                     call, requests, worker);
    weft__report(env, overdue, "%s", weft_error_detail());
    return overdue;
}

/* Whoever ends a driven runtime turns it to the end. */
static int end_drive(const char *call, weft_runtime *rt)
{
    return rt->sched.env.drive ? weft__drive_enter(call, rt) : 0;
}

int weft_runtime_shutdown(weft_runtime *rt, int64_t deadline_ns)
{
    const int wrong = weft__runtime_enter("weft_runtime_shutdown", rt);
    if (wrong)
        return wrong;
    const int entered = end_drive("weft_runtime_shutdown", rt);
    int result = entered < 0 ? entered : shutdown_until("weft_runtime_shutdown", rt, deadline_ns);
    if (result == 0)
        result = shutdown_requests(rt, deadline_ns);
    if (rt->sched.env.drive)
        weft__drive_leave(rt, entered);
    weft__runtime_leave(rt);
    return result;
}

/* Nothing lives any more. */
static void runtime_end(weft_runtime *rt)
{
    weft__watch_stop(rt);
    weft__sched_stop(&rt->sched);
    weft__io_end(rt->sched.env.io);
    WEFT__TRACE(rt->sched.env.number, runtime_stop, rt->sched.env.number);
    runtime_withdraw(rt);
    runtime_free(rt);
}

/* Only one may end it. */
static int end_begin(const char *call, weft_runtime *rt)
{
    const int wrong = weft__runtime_enter(call, rt);
    if (wrong)
        return wrong;
    const bool first = weft__exchange_acquire(&rt->ending, 1) == 0; /* EE-A1 */
    const int entered = first ? end_drive(call, rt) : 0;
    if (entered < 0)
        weft__store_release(&rt->ending, 0); /* EE-R1 */
    weft__runtime_leave(rt);
    return first ? entered : weft__refuse(WEFT_EINVAL, "%s: another thread is ending this runtime", call);
}

/* It cannot be ended: its tasks wait for ever, or live in the parent of this process. It stays the caller's. */
static int end_give_up(weft_runtime *rt, int code)
{
    weft__store_release(&rt->ending, 0); /* EE-R1 */
    weft__drive_leave(rt, 0);
    return code;
}

int weft_runtime_finish(weft_runtime *rt)
{
    static const char call[] = "weft_runtime_finish";
    const int wrong = end_begin(call, rt);
    if (wrong)
        return wrong;
    int stuck = end_drain(call, rt, WEFT_FOREVER);
    if (stuck == 0)
        stuck = shutdown_until(call, rt, WEFT_FOREVER); /* what a host thread spawned meanwhile */
    if (stuck < 0)
        return end_give_up(rt, stuck);
    const int result = weft__load_relaxed(&rt->sched.env.first_error);
    runtime_end(rt);
    return result;
}

/* In the child of a fork: whoever waited for it, worked in it or held a lock of it is in the other process. */
static int destroy_inherited(weft_runtime *rt)
{
    struct weft__env *env = &rt->sched.env;
    if (weft__self_in(env) || weft__blocking_is_inside(env->blocking) || weft__watch_is_inside(rt) ||
        weft__drive_is_inside(rt) || weft__runtime_is_visited(rt))
        return weft__refuse(WEFT_EDEADLK, "weft_runtime_destroy: this thread is one of the runtime's, or in a call of it, in the "
                                          "process that forked this one: return, or end the process");
    runtime_unpublish(rt);
    weft__io_disown(env->io);
    runtime_free(rt);
    return 0;
}

int weft_runtime_destroy(weft_runtime *rt)
{
    if (weft__runtimes_inherited(rt))
        return destroy_inherited(rt);
    static const char call[] = "weft_runtime_destroy";
    const int wrong = end_begin(call, rt);
    if (wrong)
        return wrong;
    const int stuck = shutdown_until(call, rt, WEFT_FOREVER);
    if (stuck < 0)
        (void)end_give_up(rt, stuck);
    if (stuck == WEFT_ESHUTDOWN) /* one of its tasks has forked, and this is the child */
        return destroy_inherited(rt);
    if (stuck < 0)
        return stuck;
    runtime_end(rt);
    return 0;
}
