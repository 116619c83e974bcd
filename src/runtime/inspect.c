/* SPDX-License-Identifier: MIT */
/* What a runtime says of itself. */
#include <stdio.h>
#include <string.h>
#include <weft/error.h>
#include <weft/inspect.h>

#include "base/error.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "trace/emit.h"
#include "trace/sinks.h"

weft_scope *weft_runtime_scope(weft_runtime *rt)
{
    /* Reckoned, not looked at: whether it is a runtime would be asked at every spawn. */
    return rt ? (weft_scope *)(void *)((char *)rt + offsetof(weft_runtime, sched.env.root)) : NULL;
}

const char *weft_runtime_name(const weft_runtime *rt)
{
    return weft__runtimes_contains(rt) ? rt->name : "";
}

/* The runtimes that are shown on this thread: a visit may look at others in turn. */
struct inspect_visited {
    const weft_runtime *rt;
    const struct inspect_visited *outer;
};
static _Thread_local const struct inspect_visited *inspect_visited;

bool weft__runtime_is_visited(const weft_runtime *rt)
{
    for (const struct inspect_visited *one = inspect_visited; one; one = one->outer)
        if (one->rt == rt)
            return true;
    return false;
}

int weft_runtime_visit(int (*visit)(void *context, weft_runtime *rt), void *context)
{
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_visit: the function must not be null");
    int answer = 0;
    uint32_t slot = 0;
    for (weft_runtime *rt; answer == 0 && (rt = weft__runtime_hold_next(&slot)) != NULL;) {
        const struct inspect_visited one = {rt, inspect_visited};
        inspect_visited = &one;
        answer = visit(context, rt);
        inspect_visited = one.outer;
        weft__runtime_leave(rt);
    }
    return answer;
}

uint32_t weft_runtime_workers(const weft_runtime *rt)
{
    return weft__runtimes_contains(rt) ? rt->sched.worker_count : 0;
}

int weft_runtime_tracing(weft_runtime *rt, char *text, size_t text_size)
{
    const int wrong = weft__runtimes_check("weft_runtime_tracing", rt);
    if (wrong)
        return wrong;
    if (!text && text_size > 0)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_tracing: the text is null and its size is not 0: give both or none");
    const weft_trace_provider *provider = weft__sinks_provider();
    if (provider && provider->status && rt->trace_status != WEFT_EPROTO) {
        char scratch[256]; /* a daemon may have come or gone since the creation */
        const int status = provider->status(scratch, sizeof scratch);
        if (text_size > 0)
            snprintf(text, text_size, "%s", scratch);
        return status;
    }
    if (text_size > 0)
        snprintf(text, text_size, "%s", rt->trace_text);
    return rt->trace_status;
}

int weft_runtime_stats_get(weft_runtime *rt, weft_runtime_stats *out_stats)
{
    const int wrong = weft__runtimes_check("weft_runtime_stats_get", rt);
    if (wrong)
        return wrong;
    if (!out_stats || out_stats->size < sizeof *out_stats)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_stats_get: give statistics whose size is set");
    struct weft__sched *sched = &rt->sched;
    weft_runtime_stats stats = {
        .size = out_stats->size,
        .workers = sched->worker_count,
        .workers_parked = weft__idle_sleepers(&sched->idle),
        .tasks_live = weft__sched_live(sched),
        .wakes = weft__load_relaxed(&sched->env.foreign_wakes),
        .wakes_noop = weft__load_relaxed(&sched->env.foreign_wakes_noop),
        .task_bytes = weft__load_relaxed(&sched->env.slab.bytes),
        .stalls = weft__load_relaxed(&sched->stalls.total),
        .cancels_ignored = weft__load_relaxed(&sched->env.cancels_ignored),
    };
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__worker *worker = &sched->workers[i];
        stats.tasks_ended += weft__counter_read(&worker->thread.ended);
        stats.polls += weft__counter_read(&worker->thread.polls);
        stats.steals += weft__counter_read(&worker->steals);
        stats.tasks_stolen += weft__counter_read(&worker->stolen);
        stats.queue_overflows += weft__counter_read(&worker->overflows);
        stats.naps += weft__counter_read(&worker->naps);
        stats.parks += weft__counter_read(&worker->parks);
        stats.unparks += weft__counter_read(&worker->unparks);
        stats.wakes += weft__counter_read(&worker->thread.wakes);
        stats.wakes_noop += weft__counter_read(&worker->thread.wakes_noop);
    }
    for (uint32_t i = 0; i < sched->worker_count; i++) /* after `ended`: spawned is never the smaller */
        stats.tasks_spawned += weft__counter_read(&sched->workers[i].thread.spawned);
    stats.tasks_spawned += weft__env_foreign_spawned(&sched->env);
    *out_stats = stats;
    return 0;
}

int weft_runtime_inspect(weft_runtime *rt, weft_runtime_info *out_info)
{
    const int wrong = weft__runtimes_check("weft_runtime_inspect", rt);
    if (wrong)
        return wrong;
    if (!out_info || out_info->size < sizeof *out_info)
        return weft__refuse(WEFT_EINVAL, "weft_runtime_inspect: give an info whose size is set");
    struct weft__env *env = &rt->sched.env;
    const int64_t now = weft__realm_now(env->realm), looked = now - weft__load_relaxed(&env->now); /* a time to show */
    *out_info = (weft_runtime_info){
        .size = out_info->size,
        .number = env->number,
        .workers = rt->sched.worker_count,
        .driven = env->drive != NULL,
        .simulated = env->realm != NULL,
        .shutting_down = weft__load_relaxed(&env->refusing) != 0,
        .age_ns = now - rt->created,
        .looked_ns = looked > 0 ? looked : 0,
        .stall_threshold_ns = rt->watch.stall_threshold,
    };
    memcpy(out_info->name, rt->name, sizeof rt->name);
    return 0;
}

static weft_worker_state worker_state(struct weft__worker *worker, uint64_t task)
{
    if (task != 0)
        return WEFT_WORKER_POLLING;
    if (worker->sched->env.drive)
        return weft__idle_sleepers(&worker->sched->idle) > 0 ? WEFT_WORKER_ASLEEP : WEFT_WORKER_BETWEEN;
    const uint64_t unparks = weft__counter_read(&worker->unparks);
    return weft__counter_read(&worker->parks) != unparks ? WEFT_WORKER_ASLEEP : WEFT_WORKER_BETWEEN;
}

/* The handle of the task that a worker polls, if it polls that one still. */
static weft_task worker_task(struct weft__worker *worker, uint64_t id)
{
    weft_task handle = {.id = 0};
    weft__rcu_read_lock();
    weft__task *task = id != 0 ? weft__load_acquire(weft__thread_polled(&worker->thread)) : NULL; /* TP-A1 */
    if (task && weft__task_id(task) == id)
        handle = (weft_task){.id = id, .weft__slot = weft__slot_number(task), .weft__runtime = worker->sched->env.number};
    weft__rcu_read_unlock();
    return handle;
}

static weft_worker_info worker_look(struct weft__worker *worker, int64_t now)
{
    const uint64_t task = weft__load_relaxed(&worker->thread.task_id); /* a number to show */
    weft_worker_info info = {
        .size = sizeof info,
        .index = worker->index,
        .thread_id = worker->sched->env.drive ? 0 : worker->tid,
        .state = worker_state(worker, task),
        .task = task,
        .polled = worker_task(worker, task),
        .poll_ns = weft__sched_held(worker, now),
        .queued = (uint32_t)weft__runqueue_length(&worker->ring) + (weft__load_relaxed(&worker->next) != NULL),
        .polls = weft__counter_read(&worker->thread.polls),
        .ended = weft__counter_read(&worker->thread.ended),
        .wakes = weft__counter_read(&worker->thread.wakes),
        .steals = weft__counter_read(&worker->steals),
        .tasks_stolen = weft__counter_read(&worker->stolen),
        .queue_overflows = weft__counter_read(&worker->overflows),
        .naps = weft__counter_read(&worker->naps),
        .parks = weft__counter_read(&worker->parks),
        .unparks = weft__counter_read(&worker->unparks),
        .busy_ns = weft__worker_busy(worker),
    };
    info.spawned = weft__counter_read(&worker->thread.spawned);
    memcpy(info.name, worker->name, sizeof info.name);
    return info;
}

bool weft_worker_inside(void) { return weft__self != NULL; }

int weft_worker_visit(weft_runtime *rt, int (*visit)(void *context, const weft_worker_info *info), void *context)
{
    const int wrong = weft__runtimes_check("weft_worker_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_worker_visit: the function must not be null");
    int answer = 0;
    for (uint32_t i = 0; answer == 0 && i < rt->sched.worker_count; i++) {
        const weft_worker_info info = worker_look(&rt->sched.workers[i], weft__realm_now(rt->sched.env.realm));
        answer = visit(context, &info);
    }
    return answer;
}

const char *weft_worker_state_name(weft_worker_state state)
{
    static const char *const names[] = {"asleep", "between", "polling"};
    return (unsigned)state <= WEFT_WORKER_POLLING ? names[state] : "?";
}

/* The events for which a function is set. */
static uint64_t hooks_mask(const weft_hooks *hooks)
{
    uint64_t mask = 0;
#define HAS(event)                                                                                                     \
    if (offsetof(weft_hooks, event) + sizeof(void *) <= hooks->size && hooks->event)                                   \
        mask |= UINT64_C(1) << WEFT_TRACE_##event;
#define WEFT_EVENT1(event, ...) HAS(event)
#define WEFT_EVENT2(event, ...) HAS(event)
#define WEFT_EVENT3(event, ...) HAS(event)
#define WEFT_EVENT4(event, ...) HAS(event)
#define WEFT_EVENT5(event, ...) HAS(event)
#define WEFT_EVENT6(event, ...) HAS(event)
#include <weft/trace_events.def>
#undef HAS
    return mask;
}

int weft_hooks_add(weft_runtime *rt, const weft_hooks *hooks, weft_hooks_handle *out_handle)
{
    const int wrong = weft__runtimes_check("weft_hooks_add", rt);
    if (wrong)
        return wrong;
    if (!hooks || !out_handle)
        return weft__refuse(WEFT_EINVAL, "weft_hooks_add: hooks and the place for the handle must not be null");
    const uint64_t mask = hooks_mask(hooks);
    if (mask == 0)
        return weft__refuse(WEFT_EINVAL, "weft_hooks_add: no function is set: nothing would be called");
    const int result = weft__sinks_add(rt->sched.env.number, hooks, mask, out_handle);
    if (result == WEFT_EMFILE)
        weft__refuse(result, "weft_hooks_add: %d registrations live in this process: remove one first", WEFT__HOOKS_MAX);
    return result;
}

int weft_hooks_remove(weft_hooks_handle handle)
{
    const int result = weft__sinks_remove(handle);
    if (result == WEFT_EDEADLK)
        return weft__refuse(result, "weft_hooks_remove: called from a hook: it would wait for itself");
    if (result < 0)
        weft__refuse(result, "weft_hooks_remove: no such registration: removed before, or its runtime is gone");
    return result;
}
