/* SPDX-License-Identifier: MIT */
#include "runtime/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <weft/error.h>
#include <weft/sim.h>

#include "base/error.h"
#include "base/loaded.h"
#include "base/platform.h"
#include "blocking/pool.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "sched/sim.h"
#include "task/announce.h"
#include "task/look.h"
#include "timer/timer.h"

enum {
    SIM_LOOPS = 16,          /* the chance, of 256, that descriptors are looked at although other things can happen */
    SIM_STEPS_MAX = 2000000, /* at one moment */
    SIM_TOLD = 16,           /* tasks that are told one by one */
    SIM_LINE = 200
};

int weft__sim_seed(const weft_runtime_options *o, uint64_t *out_seed)
{
    const char *given = o->seed == 0 ? getenv("WEFT_SEED") : NULL;
    uint64_t seed = o->seed;
    if (given && *given) {
        char *end;
        errno = 0;
        seed = strtoull(given, &end, 0);
        if (errno != 0 || *end != '\0' || *given == '-')
            return weft__refuse(WEFT_EINVAL, "weft_runtime_create: WEFT_SEED='%.40s': set it to the number that a failing "
                                             "run has printed, or unset it",
                                given);
    }
    while (seed == 0)
        seed = weft__platform->random() >> 32; /* short enough to be typed */
    *out_seed = seed;
    return 0;
}

/* A number for the workers' own choices. */
static uint64_t sim_draw(struct weft__sim *sim)
{
    return (uint64_t)weft__sim_below(sim, UINT32_MAX) << 32 | weft__sim_below(sim, UINT32_MAX);
}

int weft__sim_begin(weft_runtime *rt, uint64_t seed)
{
    struct weft__sched *sched = &rt->sched;
    struct weft__sim *sim = weft__sim_create(seed);
    if (!sim)
        return WEFT_ENOMEM;
    weft__sim_attach(sched, sim);
    for (uint32_t i = 0; i < sched->worker_count; i++)
        weft__rng_seed(&sched->workers[i].thread.choices, sim_draw(sim));
    weft__fetch_add_relaxed(&weft__announce_generation, 1); /* sites are told in each run, as in the first */
    return 0;
}

static int64_t sim_now(const weft_runtime *rt)
{
    return weft__realm_now(rt->sched.env.realm);
}

static int64_t sim_next_timer(const weft_runtime *rt)
{
    int64_t next = WEFT_FOREVER;
    for (uint32_t i = 0; i < rt->sched.worker_count; i++) {
        const int64_t due = weft__load_relaxed(&weft__timers_of(rt->timers, i)->next);
        if (due < next)
            next = due;
    }
    return next;
}

/* How many workers have a timer that is due; the choice-th of them. */
static uint32_t sim_due(const weft_runtime *rt, uint32_t choice, uint32_t *out_worker)
{
    const int64_t now = sim_now(rt);
    uint32_t count = 0;
    for (uint32_t i = 0; i < rt->sched.worker_count; i++)
        if (weft__load_relaxed(&weft__timers_of(rt->timers, i)->next) <= now && count++ == choice)
            *out_worker = i;
    return count;
}

/* Take what has come for descriptors, without waiting: what comes from outside is no part of the simulation. */
static bool sim_turn_loops(weft_runtime *rt)
{
    const struct weft__io_ops *io = rt->sched.env.io_ops;
    struct weft__thread *const outer = weft__self;
    uint32_t woken = 0;
    for (uint32_t i = 0; i < rt->sched.worker_count; i++) {
        weft__self = &rt->sched.workers[i].thread;
        if (io->awaited(weft__self))
            woken += io->turn(weft__self);
    }
    weft__self = outer;
    return woken > 0;
}

bool weft__sim_step(weft_runtime *rt)
{
    struct weft__sched *sched = &rt->sched;
    struct weft__sim *sim = sched->sim;
    struct weft__blocking *pool = sched->env.blocking;
    weft__sim_disturb(sim);
    if (weft__sim_chance(sim, SIM_LOOPS))
        sim_turn_loops(rt);
    const bool tasks = weft__sim_ready(sim);
    const uint32_t jobs = weft__blocking_steps(pool);
    uint32_t worker = 0;
    const uint32_t timers = sim_due(rt, 0, &worker);
    sim->steps++;
    if (timers > 0 && ((!tasks && jobs == 0) || weft__sim_chance(sim, sim->temper.timers))) {
        sim_due(rt, weft__sim_below(sim, timers), &worker);
        weft__sim_turn_timers(sched, worker);
        return true;
    }
    if (jobs > 0 && (!tasks || weft__sim_chance(sim, sim->temper.jobs))) {
        weft__blocking_step(pool, weft__sim_below(sim, jobs));
        return true;
    }
    return weft__sim_poll(sched) || sim_turn_loops(rt);
}

static void sim_set_clock(weft_runtime *rt, int64_t to)
{
    weft__store_relaxed(&rt->sched.env.realm->now, to);
    weft__store_relaxed(&rt->sched.env.now, to);
}

/* On its way the clock passes the time at which channels are looked at: what is to be seen there has stood still since. */
static void sim_move_clock(weft_runtime *rt, int64_t to)
{
    struct weft__thread *self = &rt->sched.workers[0].thread;
    const int64_t sample = weft__watch_next_sample(rt);
    rt->sched.sim->steps = 0;
    if (sample < to) {
        if (sample > sim_now(rt))
            sim_set_clock(rt, sample);
        self->now = sim_now(rt);
        weft__watch_turn(rt, self);
    }
    sim_set_clock(rt, to);
}

/* Tell the host who waits, the first of them one by one. How many, and one of them. */
static uint32_t sim_report(weft_runtime *rt, const char *call, char out_line[SIM_LINE])
{
    struct weft__env *env = &rt->sched.env;
    struct weft__loaded loaded;
    struct weft__look look;
    uint32_t count = 0, number = 0;
    weft__loaded_read(&loaded);
    while (weft__look_next(env, &number, &loaded, &look)) {
        char line[SIM_LINE];
        if (look.info.state == WEFT_TASK_ENDED || ++count > SIM_TOLD)
            continue;
        weft__look_line(&look, line, sizeof line);
        weft__report(env, WEFT_EDEADLK, "%s: for ever: %s", call, line);
        for (size_t i = 0; count == 1 && i < sizeof line; i++)
            out_line[i] = line[i];
    }
    if (count > SIM_TOLD)
        weft__report(env, WEFT_EDEADLK, "%s: for ever: %u more tasks: weft_task_dump() tells all", call, count - SIM_TOLD);
    return count;
}

static int sim_stuck(weft_runtime *rt, const char *call)
{
    char line[SIM_LINE];
    const unsigned long long seed = rt->sched.sim->seed;
    const uint32_t tasks = sim_report(rt, call, line);
    if (tasks == 0)
        return weft__refuse(WEFT_EDEADLK, "%s: nothing can ever happen again (WEFT_SEED=%llu): no task is left in '%s'", call,
                            seed, rt->name);
    return weft__refuse(WEFT_EDEADLK, "%s: nothing can ever happen again (WEFT_SEED=%llu): %u tasks wait; one is %s", call, seed,
                        tasks, line);
}

int weft__sim_rest(weft_runtime *rt, const char *call, int64_t deadline_ns)
{
    const int64_t now = sim_now(rt);
    if (now >= deadline_ns)
        return WEFT_ETIMEDOUT;
    const int64_t next = sim_next_timer(rt);
    const int64_t to = next < deadline_ns ? next : deadline_ns;
    if (to == WEFT_FOREVER)
        return sim_stuck(rt, call);
    sim_move_clock(rt, to);
    return 0;
}

int64_t weft__sim_next(weft_runtime *rt)
{
    if (weft__sim_ready(rt->sched.sim) || weft__blocking_steps(rt->sched.env.blocking) > 0)
        return sim_now(rt);
    return sim_next_timer(rt);
}

int weft__sim_check_spin(weft_runtime *rt, const char *call)
{
    char line[SIM_LINE];
    if (rt->sched.sim->steps < SIM_STEPS_MAX)
        return 0;
    sim_report(rt, call, line);
    rt->sched.sim->steps = 0; /* it may be tried again */
    return weft__refuse(WEFT_EDEADLK, "%s: %d steps and the clock has not moved (WEFT_SEED=%llu): a task that spins until a "
                                      "time has come waits for ever: let it sleep; one that lives is %s",
                        call, SIM_STEPS_MAX, (unsigned long long)rt->sched.sim->seed, line);
}
