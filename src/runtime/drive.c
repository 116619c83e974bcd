/* SPDX-License-Identifier: MIT */
#include "runtime/drive.h"

#include <weft/error.h>

#include "base/error.h"
#include "base/event.h"
#include "blocking/pool.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "runtime/sim.h"
#include "trace/sinks.h"

enum { DRIVE_BATCH = 64 }; /* polls between two looks whether the wait is over */
#define DRIVE_MS_NS INT64_C(1000000)

/* This thread, as an address that no other has while it lives. */
static const void *drive_me(void)
{
    return &weft__self;
}

bool weft__drive_is_inside(const weft_runtime *rt)
{
    return weft__load_relaxed(&((weft_runtime *)(uintptr_t)rt)->drive.turner) == drive_me(); /* only it can write that */
}

int weft__drive_enter(const char *call, weft_runtime *rt)
{
    const void *turner = NULL;
    if (!weft__cas_strong_acq_rel(&rt->drive.turner, &turner, drive_me())) /* DR-A1 */
        return turner == drive_me() ? 1 : weft__refuse(WEFT_EBUSY, "%s: another thread is turning the runtime '%s'", call, rt->name);
    weft__store_relaxed(&rt->drive.driver, drive_me());
    return 0;
}

void weft__drive_leave(weft_runtime *rt, int entered)
{
    if (entered == 0)
        weft__store_release(&rt->drive.turner, NULL); /* DR-R1 */
}

static struct weft__worker *drive_worker(weft_runtime *rt)
{
    return &rt->sched.workers[0];
}

static uint32_t drive_turn_worker(weft_runtime *rt, uint32_t budget)
{
    weft__bell_clear(&rt->drive.bell); /* before the look: what comes after it rings again */
    const uint32_t polls = weft__worker_turn(drive_worker(rt), budget);
    if (!drive_worker(rt)->lies && !rt->sched.env.inherited)
        weft__bell_ring(&rt->drive.bell); /* something is left */
    return polls;
}

static uint32_t drive_turn_sim(weft_runtime *rt, uint32_t budget)
{
    uint32_t steps = 0;
    while (steps < budget && !rt->sched.env.inherited && weft__sim_step(rt))
        steps++;
    return steps;
}

/* Inside: one turn, of so many polls at most. The clock is the runtime's meanwhile. */
static uint32_t drive_turn(weft_runtime *rt, uint32_t budget)
{
    struct weft__realm *const outer = weft__realm_here;
    weft__realm_here = rt->sched.env.realm;
    const uint32_t done = rt->sched.sim ? drive_turn_sim(rt, budget) : drive_turn_worker(rt, budget);
    if (!rt->sched.env.inherited) /* a task, or a job of a simulated one, may have forked: this is the child */
        weft__watch_turn(rt, &drive_worker(rt)->thread);
    weft__realm_here = outer;
    return done;
}

/* A time, or that of the next tick, if that is to try once more what the system has refused. */
static int64_t drive_limit(weft_runtime *rt, int64_t time_ns)
{
    return rt->watch.next_tick < time_ns && weft__blocking_is_short(rt->sched.env.blocking) ? rt->watch.next_tick : time_ns;
}

/* Inside, and nothing is left to do: sleep until something is, or until the deadline. */
static int drive_rest(weft_runtime *rt, int64_t deadline_ns)
{
    if (weft__clock_now() >= deadline_ns)
        return WEFT_ETIMEDOUT;
    weft__worker_rest(drive_worker(rt), drive_limit(rt, deadline_ns));
    return 0;
}

static int drive_until_sim(weft_runtime *rt, const char *call, bool (*done)(void *context), void *context, int64_t deadline_ns)
{
    while (!done(context)) { /* asked after each step: what holds only for a moment is seen */
        const uint32_t steps = drive_turn(rt, 1);
        const int over = rt->sched.env.inherited ? weft__runtimes_check(call, rt)
                         : steps > 0             ? weft__sim_check_spin(rt, call)
                                                 : weft__sim_rest(rt, call, deadline_ns);
        if (over < 0)
            return over;
    }
    return 0;
}

int weft__drive_until(weft_runtime *rt, const char *call, bool (*done)(void *context), void *context, int64_t deadline_ns)
{
    if (rt->sched.sim)
        return drive_until_sim(rt, call, done, context, deadline_ns);
    int rested = 0;
    while (!done(context)) {
        if (rested < 0)
            return rested;
        const uint32_t polls = drive_turn(rt, DRIVE_BATCH);
        if (rt->sched.env.inherited)
            return weft__runtimes_check(call, rt);
        if (polls == 0 && !done(context)) /* what the loop brought in this turn need not have woken a task */
            rested = drive_rest(rt, deadline_ns);
    }
    return 0;
}

static bool drive_here(const struct weft__env *env)
{
    const weft_runtime *rt = (const weft_runtime *)(const void *)env;
    return weft__load_relaxed(&((weft_runtime *)(uintptr_t)rt)->drive.driver) == drive_me(); /* as in is_inside */
}

/* Not from where turning it would wait for itself. What a task or a worker calls was refused before. */
static int drive_enter_wait(struct weft__env *env)
{
    weft_runtime *rt = weft__runtime_of(env);
    if (weft__sinks_in_hook() || weft__watch_is_inside(rt))
        return weft__refuse(WEFT_EDEADLK, "a wait for '%s' in a hook or its health callback, on the thread that turns it: it "
                                          "would wait for itself",
                            rt->name);
    weft__fetch_add_relaxed(&rt->inside, 1); /* in the caller's RCU section, after which runtime_withdraw() waits once more */
    return 0;
}

static bool drive_event_set(void *event)
{
    return weft__event_is_set(event);
}

static int drive_wait(struct weft__env *env, struct weft__event *event, int64_t deadline_ns)
{
    weft_runtime *rt = weft__runtime_of(env);
    const int entered = weft__drive_enter("a wait", rt);
    int answer;
    if (entered < 0) { /* another thread drives it from now on */
        answer = weft__event_wait(event, deadline_ns);
    } else {
        const struct weft__pool_self job = weft__blocking_put_off(); /* a job of this runtime may be what waits */
        answer = weft__drive_until(rt, "a wait", drive_event_set, event, deadline_ns);
        weft__blocking_put_on(job);
        weft__drive_leave(rt, entered);
    }
    weft__runtime_leave(rt);
    return answer;
}

static void drive_ring(struct weft__env *env)
{
    weft_runtime *rt = weft__runtime_of(env);
    env->ops->unpark(&drive_worker(rt)->thread);
    weft__bell_ring(&rt->drive.bell);
}

static const struct weft__drive_ops drive_ops = {drive_here, drive_enter_wait, drive_wait, drive_ring};

void weft__drive_init(weft_runtime *rt)
{
    weft__bell_init(&rt->drive.bell);
    weft__store_relaxed(&rt->drive.driver, drive_me());
    rt->sched.env.drive = &drive_ops;
}

void weft__drive_fini(weft_runtime *rt)
{
    if (rt->sched.env.drive)
        weft__bell_fini(&rt->drive.bell);
}

static int drive_check(const char *call, const weft_runtime *rt)
{
    if (!rt->sched.env.drive)
        return weft__refuse(WEFT_EINVAL, "%s: '%s' has threads of its own: create it with .drive = WEFT_DRIVE_TURNS", call,
                            rt->name);
    return 0;
}

int weft_runtime_turn(weft_runtime *rt, uint32_t budget)
{
    static const char call[] = "weft_runtime_turn";
    if (budget == 0 || budget > INT32_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: a budget of %u polls: give 1 to %d", call, budget, INT32_MAX);
    const int wrong = weft__runtime_enter(call, rt);
    if (wrong)
        return wrong;
    int answer = drive_check(call, rt);
    const int entered = answer == 0 ? weft__drive_enter(call, rt) : answer;
    if (entered >= 0) {
        answer = (int)drive_turn(rt, budget);
        if (rt->sched.env.inherited)
            answer = weft__runtimes_check(call, rt);
        weft__drive_leave(rt, entered);
    } else {
        answer = entered;
    }
    weft__runtime_leave(rt);
    return answer;
}

int64_t weft_runtime_next(weft_runtime *rt)
{
    if (!weft__runtimes_contains(rt) || !rt->sched.env.drive)
        return WEFT_FOREVER;
    if (rt->sched.sim)
        return weft__sim_next(rt);
    const struct weft__worker *worker = drive_worker(rt);
    const bool rests = worker->lies && weft__idle_sleepers(&rt->sched.idle) > 0; /* else somebody has made work */
    return rests ? drive_limit(rt, worker->thread.due) : weft__realm_now(rt->sched.env.realm);
}

int weft_runtime_timeout_ms(weft_runtime *rt)
{
    const int64_t next = weft_runtime_next(rt);
    if (next == WEFT_FOREVER)
        return -1;
    const int64_t left = next - weft_runtime_clock(rt);
    if (left > (INT32_MAX - 1) * DRIVE_MS_NS)
        return INT32_MAX; /* and then it asks again */
    return left <= 0 ? 0 : (int)((left + DRIVE_MS_NS - 1) / DRIVE_MS_NS);
}

int weft_runtime_descriptor(weft_runtime *rt)
{
    static const char call[] = "weft_runtime_descriptor";
    weft__rcu_read_lock(); /* the runtime stays meanwhile */
    int fd = weft__runtimes_check(call, rt);
    if (fd == 0)
        fd = drive_check(call, rt);
    if (fd == 0 && rt->sched.sim)
        fd = weft__refuse(WEFT_EINVAL, "%s: '%s' is simulated: nothing comes from outside", call, rt->name);
    if (fd == 0) {
        const int loop = rt->sched.env.io_ops->descriptor(&drive_worker(rt)->thread);
        fd = loop < 0 ? loop : weft__bell_open(&rt->drive.bell, loop);
        if (fd < 0)
            weft__refuse(fd, "%s: the system gives no descriptor: %s", call, weft_error_text(fd));
        else
            weft__bell_ring(&rt->drive.bell); /* what is there already has not rung it */
    }
    weft__rcu_read_unlock();
    return fd;
}

int64_t weft_runtime_clock(weft_runtime *rt)
{
    return weft__runtimes_contains(rt) ? weft__realm_now(rt->sched.env.realm) : weft_clock();
}
