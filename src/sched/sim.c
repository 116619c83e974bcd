/* SPDX-License-Identifier: MIT */
/* The shelves, and the choices. */
#include "sched/sim.h"

#include "base/platform.h"

enum {
    SIM_NEXT_RUNS = 3,
    SIM_LAST_SHELF = WEFT__SIM_SHELVES - 1,
    SIM_ODD = 16,       /* the chance, of 256, that a task which was woken is put where the order would not have it */
    SIM_ODD_YIELD = 64, /* the same of one that gave way: others may starve for long, but not for ever */
    SIM_TIGHT_MAX = 4
};

/* Near seeds must not begin alike. Source: S. Vigna's splitmix64. */
static uint64_t sim_mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* Under the lock. */
static bool sim_happens(struct weft__sim *sim, uint32_t chance)
{
    return weft__rng_below(&sim->rng, 256) < chance;
}

/* One of a few levels of boldness. */
static uint32_t sim_level(struct weft__sim *sim, const uint32_t levels[4])
{
    return levels[weft__rng_below(&sim->rng, 4)];
}

static void sim_draw_temper(struct weft__sim *sim)
{
    static const enum weft__sim_order orders[8] = {WEFT__SIM_RANDOM, WEFT__SIM_RANDOM, WEFT__SIM_RANDOM, WEFT__SIM_RANKED,
                                                   WEFT__SIM_RANKED, WEFT__SIM_RANKED, WEFT__SIM_NEWEST, WEFT__SIM_OLDEST};
    sim->temper = (struct weft__sim_temper){
        .order = orders[weft__rng_below(&sim->rng, 8)],
        .next = sim_level(sim, (const uint32_t[4]){0, 0, 64, 224}),
        .stay = sim_level(sim, (const uint32_t[4]){0, 64, 192, 240}),
        .tight = sim_level(sim, (const uint32_t[4]){0, 0, 64, 256}),
        .spurious = sim_level(sim, (const uint32_t[4]){0, 0, 8, 48}),
        .timers = sim_level(sim, (const uint32_t[4]){8, 64, 128, 240}),
        .jobs = sim_level(sim, (const uint32_t[4]){8, 64, 128, 240}),
    };
}

struct weft__sim *weft__sim_create(uint64_t seed)
{
    struct weft__sim *sim = weft__alloc_zeroed(1, sizeof *sim);
    if (!sim)
        return NULL;
    sim->seed = seed;
    weft__rng_seed(&sim->rng, sim_mix(seed));
    sim_draw_temper(sim);
    return sim;
}

void weft__sim_destroy(struct weft__sim *sim)
{
    weft__free(sim);
}

static void sim_put(struct weft__sim *sim, weft__task *task, unsigned index, bool front)
{
    struct weft__shelf *shelf = &sim->shelves[index];
    task->next = front ? shelf->first : NULL;
    if (front || !shelf->first) {
        shelf->first = task;
        if (!task->next)
            shelf->last = task;
    } else {
        shelf->last->next = task;
        shelf->last = task;
    }
    sim->occupied |= UINT64_C(1) << index;
}

static weft__task *sim_take_from(struct weft__sim *sim, unsigned index)
{
    struct weft__shelf *shelf = &sim->shelves[index];
    weft__task *task = shelf->first;
    shelf->first = task->next;
    if (!shelf->first) {
        shelf->last = NULL;
        sim->occupied &= ~(UINT64_C(1) << index);
    }
    return task;
}

/* Where a task goes that became runnable, or gave way. `odd`: not where the order has it. */
static void sim_shelve(struct weft__sim *sim, weft__task *task, bool yields)
{
    const bool odd = sim_happens(sim, yields ? SIM_ODD_YIELD : SIM_ODD);
    switch (sim->temper.order) {
    case WEFT__SIM_RANDOM:
        sim_put(sim, task, weft__rng_below(&sim->rng, WEFT__SIM_SHELVES), sim_happens(sim, 128));
        return;
    case WEFT__SIM_RANKED: /* the rank is the task's for life; odd: behind all others */
        sim_put(sim, task, odd ? SIM_LAST_SHELF : (unsigned)(sim_mix(sim->seed ^ weft__task_id(task)) % SIM_LAST_SHELF), false);
        return;
    case WEFT__SIM_NEWEST:
        sim_put(sim, task, 0, !odd);
        return;
    default:
        sim_put(sim, task, 0, odd);
        return;
    }
}

static void sim_schedule(struct weft__env *env, weft__task *task)
{
    struct weft__sim *sim = weft__sched_of(env)->sim;
    weft__lock(&sim->lock);
    if (sim_happens(sim, sim->temper.next)) {
        weft__task *const before = sim->next;
        sim->next = task;
        task = before;
    }
    if (task)
        sim_shelve(sim, task, false);
    weft__unlock(&sim->lock);
}

/* Nobody sleeps. */
static void sim_unpark(struct weft__thread *thread)
{
    (void)thread;
}

static const struct weft__sched_ops sim_ops = {.schedule = sim_schedule, .unpark = sim_unpark};

void weft__sim_attach(struct weft__sched *sched, struct weft__sim *sim)
{
    sched->sim = sim;
    sim->coop_budget = sched->env.coop_budget;
    sched->env.ops = &sim_ops;
}

uint32_t weft__sim_below(struct weft__sim *sim, uint32_t bound)
{
    weft__lock(&sim->lock);
    const uint32_t value = weft__rng_below(&sim->rng, bound);
    weft__unlock(&sim->lock);
    return value;
}

bool weft__sim_chance(struct weft__sim *sim, uint32_t chance)
{
    return weft__sim_below(sim, 256) < chance;
}

bool weft__sim_ready(struct weft__sim *sim)
{
    weft__lock(&sim->lock);
    const bool ready = sim->next || sim->occupied;
    weft__unlock(&sim->lock);
    return ready;
}

/* The shelf that is served: of the ranks the first, otherwise any. */
static unsigned sim_choose_shelf(struct weft__sim *sim)
{
    if (sim->temper.order == WEFT__SIM_RANDOM) {
        const unsigned from = weft__rng_below(&sim->rng, WEFT__SIM_SHELVES);
        const uint64_t beyond = sim->occupied >> from;
        if (beyond)
            return from + (unsigned)__builtin_ctzll(beyond);
    }
    return (unsigned)__builtin_ctzll(sim->occupied);
}

static weft__task *sim_take(struct weft__sim *sim, uint8_t *out_source)
{
    weft__task *task = NULL;
    weft__lock(&sim->lock);
    if (sim->next && (!sim->occupied || sim->next_runs < SIM_NEXT_RUNS)) {
        task = sim->next;
        sim->next = NULL;
        sim->next_runs++;
        *out_source = WEFT_TRACE_poll_source_NEXT;
    } else if (sim->occupied) {
        task = sim_take_from(sim, sim_choose_shelf(sim));
        sim->next_runs = 0;
        *out_source = WEFT_TRACE_poll_source_GLOBAL;
    }
    weft__unlock(&sim->lock);
    return task;
}

/* The worker of this step. */
static struct weft__worker *sim_worker(struct weft__sched *sched)
{
    struct weft__sim *sim = sched->sim;
    if (!weft__sim_chance(sim, sim->temper.stay))
        sim->worker = weft__sim_below(sim, sched->worker_count);
    return &sched->workers[sim->worker];
}

/* Be a worker; whoever the thread was before. */
static struct weft__thread *sim_become(struct weft__thread *thread)
{
    struct weft__thread *const outer = weft__self;
    thread->now = weft__realm_now(thread->env->realm);
    weft__self = thread;
    return outer;
}

static void sim_remember(struct weft__sim *sim, const weft_task *task)
{
    sim->recent[sim->waited++ % WEFT__SIM_RECENT] = *task;
}

bool weft__sim_poll(struct weft__sched *sched)
{
    struct weft__sim *sim = sched->sim;
    uint8_t source;
    weft__task *task = sim_take(sim, &source);
    if (!task)
        return false;
    const weft_task handle = {weft__task_id(task), weft__slot_number(task), sched->env.number};
    struct weft__worker *worker = sim_worker(sched);
    sched->env.coop_budget = sim->coop_budget;
    if (sim->coop_budget > SIM_TIGHT_MAX && weft__sim_chance(sim, sim->temper.tight))
        sched->env.coop_budget = 1 + weft__sim_below(sim, SIM_TIGHT_MAX);
    struct weft__thread *const outer = sim_become(&worker->thread);
    const enum weft__polled polled = weft__task_poll(&worker->thread, task, source);
    if (worker->thread.debt.pay) /* the next poll is anybody's */
        weft__debt_pay(&worker->thread);
    if (polled == WEFT__POLLED_AGAIN || polled == WEFT__POLLED_YIELDED) {
        weft__lock(&sim->lock);
        sim_shelve(sim, task, true);
        weft__unlock(&sim->lock);
    } else if (polled == WEFT__POLLED_WAITS) {
        sim_remember(sim, &handle);
    }
    weft__self = outer;
    return true;
}

void weft__sim_turn_timers(struct weft__sched *sched, uint32_t index)
{
    struct weft__thread *thread = &sched->workers[index].thread;
    struct weft__thread *const outer = sim_become(thread);
    thread->due = sched->env.timer_ops->turn(thread, thread->now);
    weft__self = outer;
}

void weft__sim_disturb(struct weft__sim *sim)
{
    const uint32_t known = sim->waited < WEFT__SIM_RECENT ? (uint32_t)sim->waited : WEFT__SIM_RECENT;
    if (known > 0 && weft__sim_chance(sim, sim->temper.spurious))
        weft_wake((weft_waker){sim->recent[weft__sim_below(sim, known)]});
}
