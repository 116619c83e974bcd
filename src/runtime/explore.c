/* SPDX-License-Identifier: MIT */
/* Simulated runtimes as tests use them: to the end, for a time, until something holds, and under one seed after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <weft/error.h>
#include <weft/sim.h>

#include "base/error.h"
#include "registry/runtimes.h"
#include "runtime/runtime.h"
#include "runtime/sim.h"
#include "sched/sim.h"

enum { EXPLORE_WHY = 320 };

uint64_t weft_sim_seed(weft_runtime *rt)
{
    return weft__runtimes_contains(rt) && rt->sched.sim ? rt->sched.sim->seed : 0;
}

/* Go in, if it is a simulated runtime that this thread may turn. */
static int explore_enter(const char *call, weft_runtime *rt)
{
    const int wrong = weft__runtime_enter(call, rt);
    if (wrong)
        return wrong;
    int entered;
    if (!rt->sched.sim)
        entered = weft__refuse(WEFT_EINVAL, "%s: '%s' is not simulated: create it with .drive = WEFT_DRIVE_SIM", call, rt->name);
    else
        entered = weft__drive_enter(call, rt);
    if (entered < 0)
        weft__runtime_leave(rt);
    return entered;
}

static void explore_leave(weft_runtime *rt, int entered)
{
    weft__drive_leave(rt, entered);
    weft__runtime_leave(rt);
}

static int explore_until(const char *call, weft_runtime *rt, bool (*done)(void *context), void *context, int64_t deadline_ns)
{
    const int entered = explore_enter(call, rt);
    if (entered < 0)
        return entered;
    const int answer = weft__drive_until(rt, call, done, context, deadline_ns);
    explore_leave(rt, entered);
    return answer;
}

int weft_sim_run(weft_runtime *rt)
{
    return explore_until("weft_sim_run", rt, weft__runtime_is_quiet, rt, WEFT_FOREVER);
}

int weft_sim_until(weft_runtime *rt, bool (*done)(void *context), void *context, int64_t deadline_ns)
{
    static const char call[] = "weft_sim_until";
    if (!done)
        return weft__refuse(WEFT_EINVAL, "%s: give a function that says when it is done", call);
    return explore_until(call, rt, done, context, deadline_ns);
}

static bool explore_never(void *context)
{
    (void)context;
    return false;
}

int weft_sim_advance(weft_runtime *rt, int64_t delay_ns)
{
    static const char call[] = "weft_sim_advance";
    const int64_t now = weft_runtime_clock(rt);
    if (delay_ns < 0 || delay_ns >= WEFT_FOREVER - now)
        return weft__refuse(WEFT_EINVAL, "%s: %lld ns from %lld on: give 0 or more, and an end before WEFT_FOREVER", call,
                            (long long)delay_ns, (long long)now);
    const int answer = explore_until(call, rt, explore_never, NULL, now + delay_ns);
    return answer == WEFT_ETIMEDOUT ? 0 : answer; /* that it is there is what was asked for */
}

/* What a failed call has said is kept, whatever the end of the runtime has to say. */
static int explore_abort(weft_runtime *rt, int answer)
{
    char why[EXPLORE_WHY];
    snprintf(why, sizeof why, "%s", weft_error_detail());
    weft_runtime_destroy(rt); /* tasks that do not even listen to that keep it: the test has failed anyway */
    return weft__refuse(answer, "%s", why);
}

static int explore_one(const weft_runtime_options *options, weft_sim_test *test, void *context)
{
    weft_runtime *rt;
    int answer = weft_runtime_create(&rt, options);
    if (answer < 0)
        return answer;
    answer = test(rt, context);
    if (answer == 0)
        answer = weft_sim_run(rt);
    return answer == 0 ? weft_runtime_finish(rt) : explore_abort(rt, answer);
}

int weft_sim_explore(const struct weft_runtime_options *options, uint64_t count, weft_sim_test *test, void *context,
                     uint64_t *out_seed)
{
    if (!test || !out_seed || count == 0)
        return weft__refuse(WEFT_EINVAL, "weft_sim_explore: %llu runs: give at least one, a test, and a place for the seed",
                            (unsigned long long)count);
    weft_runtime_options each = options ? *options : (weft_runtime_options){.size = sizeof each};
    const bool replayed = each.seed == 0 && getenv("WEFT_SEED");
    uint64_t seed;
    int answer = weft__sim_seed(&each, &seed);
    each.drive = WEFT_DRIVE_SIM;
    for (uint64_t i = 0; answer == 0 && i < (replayed ? 1 : count); i++) {
        each.seed = seed + i != 0 ? seed + i : 1;
        *out_seed = each.seed;
        answer = explore_one(&each, test, context);
    }
    return answer;
}
