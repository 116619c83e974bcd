/* SPDX-License-Identifier: MIT */
/*
 * The monitor thread of a runtime. At each tick it tells the workers the time, asks the provider what is recorded, frees
 * what a stuck worker holds back, samples the health of channels, and gives empty pages back. It runs when every worker is
 * stuck, and does nothing that a worker waits for.
 *
 * A tick is 10 ms while there is work, and up to 30 ms while there is none. A driven runtime has no such thread; its
 * turns tick instead.
 */
#include <weft/error.h>
#include <weft/version.h>

#include "base/error.h"
#include "base/futex.h"
#include "base/platform.h"
#include "base/thread.h"
#include "blocking/pool.h"
#include "io/descriptor.h"
#include "monitor/rules.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "sync/meeting.h"
#include "task/announce.h"
#include "trace/emit.h"
#include "trace/sinks.h"

enum {
    WATCH_TICK_NS = 10000000,
    WATCH_IDLE_TICK_NS = 30000000,
    WATCH_SAMPLE_MS = 100,
};
static const int64_t watch_trim_ns = 1000000000;

static void watch_changed(void *context, const weft_health_change *change)
{
    struct weft__watch *watch = context;
    if (watch->callback)
        watch->callback(watch->callback_context, change);
}

/* Whether this thread is inside the callback. */
static bool watch_is_sampler(struct weft__watch *watch)
{
    return weft__load_acquire(&watch->sampler_known) && pthread_equal(weft__load_relaxed(&watch->sampler), pthread_self());
}

static _Thread_local const weft_runtime *watch_mine; /* of a monitor thread: its runtime */

bool weft__watch_is_inside(weft_runtime *rt)
{
    return watch_mine == rt || watch_is_sampler(&rt->watch);
}

/* How many channels there were to look at. */
static uint32_t watch_sample(weft_runtime *rt)
{
    struct weft__watch *watch = &rt->watch;
    weft__lock(&watch->sampling);
    weft__store_relaxed(&watch->sampler, pthread_self()); /* only its own thread finds itself there */
    weft__store_release(&watch->sampler_known, 1);
    const uint32_t channels = weft__channels_evaluate(rt->sched.env.channels, weft__rules_health, watch_changed, watch);
    weft__store_relaxed(&watch->sampler_known, 0); /* whoever still reads 1 finds another thread's name, or its own */
    weft__unlock(&watch->sampling);
    return channels;
}

int weft_monitor_sample(weft_runtime *rt)
{
    const int wrong = weft__runtimes_check("weft_monitor_sample", rt);
    if (wrong)
        return wrong;
    if (watch_is_sampler(&rt->watch))
        return weft__refuse(WEFT_EDEADLK, "weft_monitor_sample: called from the health callback");
    watch_sample(rt);
    return 0;
}

int weft_monitor_on_health(weft_runtime *rt, weft_health_fn *callback, void *context)
{
    const int wrong = weft__runtimes_check("weft_monitor_on_health", rt);
    if (wrong)
        return wrong;
    if (watch_is_sampler(&rt->watch))
        return weft__refuse(WEFT_EDEADLK, "weft_monitor_on_health: called from the health callback");
    weft__lock(&rt->watch.sampling); /* a callback that runs holds it: it has returned when this has */
    rt->watch.callback = callback;
    rt->watch.callback_context = context;
    weft__unlock(&rt->watch.sampling);
    return 0;
}

static int watch_announce_task(void *context, const weft_task_info *info)
{
    weft__announce_live(context, info);
    return 0;
}

void weft__watch_announce(weft_runtime *rt)
{
    struct weft__sched *sched = &rt->sched;
    struct weft__env *env = &sched->env;
    const uint32_t generation = ++rt->watch.generation;
    weft__fetch_add_relaxed(&weft__announce_generation, 1); /* spawns define their sites again */
    WEFT__TRACE(env->number, runtime_start, env->number, WEFT_TRACE_SCHEMA, (uint16_t)sched->worker_count, rt->name,
                WEFT_VERSION);
    WEFT__TRACE(env->number, statedump_begin, env->number, generation);
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        WEFT__TRACE(env->number, thread_start, env->number, worker->thread.number, WEFT_TRACE_thread_kind_WORKER,
                    worker->tid, worker->name);
    }
    weft__channels_announce(env->channels);
    weft__sync_announce(env->sync);
    weft_task_visit((weft_runtime *)(void *)env, watch_announce_task, env);
    WEFT__TRACE(env->number, statedump_end, env->number, generation);
}

/* The provider may have begun to record, or to record other events. */
static void watch_trace(weft_runtime *rt)
{
    const weft_trace_provider *provider = weft__sinks_provider();
    if (!provider)
        return;
    /* The count first: what a session that is counted wants is up by then, so the announcement reaches it. */
    const uint32_t sessions = provider->sessions ? provider->sessions() : 0;
    weft__sinks_refresh();
    if (sessions == rt->watch.seen_sessions || weft__load_relaxed(&weft__trace_mask) == 0)
        return;
    rt->watch.seen_sessions = sessions;
    weft__watch_announce(rt);
}

static uint64_t watch_polls(struct weft__sched *sched)
{
    uint64_t polls = 0;
    for (uint32_t i = 0; i < sched->worker_count; i++)
        polls += weft__counter_read(&sched->workers[i].thread.polls);
    return polls;
}

static uint64_t watch_wakes(struct weft__sched *sched)
{
    uint64_t wakes = weft__load_relaxed(&sched->env.foreign_wakes); /* a statistic */
    for (uint32_t i = 0; i < sched->worker_count; i++)
        wakes += weft__counter_read(&sched->workers[i].thread.wakes);
    return wakes;
}

/* Whether anything ran since the last tick, or runs. */
static bool watch_active(weft_runtime *rt)
{
    const uint64_t polls = watch_polls(&rt->sched);
    const bool active = polls != rt->watch.seen_polls ||
                        weft__idle_sleepers(&rt->sched.idle) < rt->sched.worker_count;
    rt->watch.seen_polls = polls;
    return active;
}

int64_t weft__watch_next_sample(weft_runtime *rt)
{
    struct weft__watch *watch = &rt->watch;
    return watch->sampled + weft__rules_pause(weft__load_relaxed(&watch->sample_interval), watch->channels);
}

static void watch_tick(weft_runtime *rt, int64_t now)
{
    struct weft__watch *watch = &rt->watch;
    weft__store_relaxed(&rt->sched.env.now, now);
    watch_trace(rt);
    weft__measure_tick(&rt->measure, now, watch_polls(&rt->sched), watch_wakes(&rt->sched));
    weft__blocking_tick(rt->sched.env.blocking);
    weft__sched_rescue(&rt->sched, now, watch->stall_threshold);
    if (now >= weft__watch_next_sample(rt)) {
        watch->sampled = now;
        watch->channels = watch_sample(rt);
    }
    if (now >= watch->next_trim) {
        watch->next_trim = now + watch_trim_ns;
        weft__sched_trim(&rt->sched);
        weft__slab_trim(&rt->sched.env.slab);
        weft__channels_trim(rt->sched.env.channels);
        weft__sync_trim(rt->sched.env.sync);
        weft__blocking_trim(rt->sched.env.blocking);
        weft__slab_trim(&rt->sched.env.io->slab);
    }
}

/*
 * Until the next tick, in the loops of the workers that are stuck, if there are any; and the whole time, however much comes there: a
 * look that comes early would take polls for stuck that have only begun.
 */
static void watch_sleep(weft_runtime *rt, int64_t until_ns)
{
    while (!weft__load_relaxed(&rt->watch.stop) && weft__realm_now(rt->sched.env.realm) < until_ns)
        if (!weft__sched_stand_in(&rt->sched, until_ns) &&
            weft__futex_wait(&rt->watch.stop, 0, until_ns) == -ETIMEDOUT)
            break;
}

static void *watch_main(void *argument)
{
    weft_runtime *rt = argument;
    watch_mine = rt;
    char name[WEFT__THREAD_NAME];
    weft__thread_set_name("weft-watch", rt->sched.env.number & 255, name);
    const weft_trace_provider *provider = weft__sinks_provider();
    if (provider && provider->thread_start)
        provider->thread_start();
    WEFT__TRACE(rt->sched.env.number, thread_start, rt->sched.env.number, rt->watch_number,
                WEFT_TRACE_thread_kind_MONITOR, weft__thread_id(), name);
    weft__store_release(&rt->watch.started, 1);
    weft__futex_wake(&rt->watch.started, 1);
    int64_t pause = WATCH_TICK_NS;
    while (!weft__load_relaxed(&rt->watch.stop)) { /* passes nothing on: it ends, and is joined */
        const int64_t now = weft__realm_now(rt->sched.env.realm);
        watch_tick(rt, now);
        pause = watch_active(rt) ? WATCH_TICK_NS : (pause * 2 < WATCH_IDLE_TICK_NS ? pause * 2 : WATCH_IDLE_TICK_NS);
        watch_sleep(rt, now + pause);
    }
    WEFT__TRACE(rt->sched.env.number, thread_stop, rt->sched.env.number, rt->watch_number,
                WEFT_TRACE_thread_kind_MONITOR);
    return NULL;
}

static int64_t watch_interval(uint32_t ms)
{
    return (int64_t)(ms != 0 ? ms : WATCH_SAMPLE_MS) * 1000000;
}

int weft_monitor_set_interval(weft_runtime *rt, uint32_t interval_ms)
{
    const int wrong = weft__runtimes_check("weft_monitor_set_interval", rt);
    if (wrong)
        return wrong;
    weft__store_relaxed(&rt->watch.sample_interval, watch_interval(interval_ms));
    return 0;
}

void weft__watch_init(weft_runtime *rt, uint32_t interval_ms, uint32_t stall_us)
{
    const weft_trace_provider *provider = weft__sinks_provider();
    weft__store_relaxed(&rt->watch.sample_interval, watch_interval(interval_ms));
    rt->watch.sampled = weft__realm_now(rt->sched.env.realm); /* no channel lives yet */
    rt->watch.stall_threshold = (int64_t)stall_us * 1000;
    rt->watch.seen_sessions = provider && provider->sessions ? provider->sessions() : 0; /* those saw the creation */
}

void weft__watch_turn(weft_runtime *rt, struct weft__thread *self)
{
    if (self->now < rt->watch.next_tick)
        return;
    struct weft__thread *const outer = weft__self;
    rt->watch.next_tick = self->now + WATCH_TICK_NS;
    weft__self = self; /* a callback must not wait here, and is refused as on a worker */
    watch_tick(rt, self->now);
    weft__self = outer;
}

int weft__watch_start(weft_runtime *rt)
{
    const int error = weft__thread_start(&rt->watch.thread, 0, watch_main, rt);
    rt->watch.running = error == 0;
    while (rt->watch.running && !weft__load_acquire(&rt->watch.started))
        weft__futex_wait(&rt->watch.started, 0, INT64_MAX);
    return error;
}

void weft__watch_stop(weft_runtime *rt)
{
    if (!rt->watch.running)
        return;
    weft__store_relaxed(&rt->watch.stop, 1);
    weft__futex_wake(&rt->watch.stop, 1);
    pthread_join(rt->watch.thread, NULL);
    rt->watch.running = false;
}
