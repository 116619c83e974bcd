/* SPDX-License-Identifier: MIT */
/*
 * The scheduler of a simulated runtime. What is runnable lies in one place, whoever made it so, and a generator that was
 * begun with a seed says which task is polled next, by which worker, and with what budget. It does not imitate the order
 * of the real one: that is one of many that can happen, and this one makes any of them happen.
 *
 * One seed, one temper: some runs are random throughout; some rank the tasks and poll the first that is runnable, so that
 * others starve for long (the bugs that need one task to stand still while others go far); some prefer the newest, or the
 * oldest. In each of them every runnable task is polled sooner or later. Source of the ranks: S. Burckhardt et al., "A
 * Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
 *
 * Who touches what: the lock guards the shelves and the generator, since any thread may wake a task; all the rest belongs
 * to the thread that turns the runtime. A run in which another thread does so is not decided by its seed alone.
 */
#ifndef WEFT_SCHED_SIM_H
#define WEFT_SCHED_SIM_H

#include "base/lock.h"
#include "base/rng.h"
#include "sched/sched.h"

enum { WEFT__SIM_SHELVES = 64, WEFT__SIM_RECENT = 32 };

enum weft__sim_order { WEFT__SIM_RANDOM, WEFT__SIM_RANKED, WEFT__SIM_NEWEST, WEFT__SIM_OLDEST };

/* How a run goes about it; drawn from its seed. Chances are out of 256. */
struct weft__sim_temper {
    enum weft__sim_order order;
    uint32_t next;     /* that a task which was woken is the next one, as out of a worker's next slot */
    uint32_t stay;     /* that the worker stays the same */
    uint32_t tight;    /* that a poll has a budget of one to four operations */
    uint32_t spurious; /* that a task which waits is woken for nothing, at each step */
    uint32_t timers;   /* that a timer which is due comes before a runnable task */
    uint32_t jobs;     /* the same of a blocking job */
};

struct weft__shelf {
    weft__task *first;
    weft__task *last;
};

struct weft__sim {
    uint64_t seed;
    uint32_t coop_budget;
    struct weft__sim_temper temper;
    uint64_t steps; /* since the clock was moved */

    struct weft__lock lock;
    struct weft__rng rng;
    weft__task *next;
    uint32_t next_runs; /* in a row */
    uint64_t occupied;  /* a bit for each shelf that has something */
    struct weft__shelf shelves[WEFT__SIM_SHELVES];

    uint32_t worker; /* the last one */
    uint64_t waited; /* polls after which a task waited */
    weft_task recent[WEFT__SIM_RECENT]; /* the last of those */
};

/* NULL: no memory. */
struct weft__sim *weft__sim_create(uint64_t seed);
void weft__sim_destroy(struct weft__sim *sim);

/* Put it in the place of the workers' queues. After weft__sched_init(). */
void weft__sim_attach(struct weft__sched *sched, struct weft__sim *sim);

/* 0 to bound - 1; and whether something happens that has this chance, out of 256. */
uint32_t weft__sim_below(struct weft__sim *sim, uint32_t bound);
bool weft__sim_chance(struct weft__sim *sim, uint32_t chance);

/* Whether a task is runnable. */
bool weft__sim_ready(struct weft__sim *sim);

/* Poll one, if there is one. */
bool weft__sim_poll(struct weft__sched *sched);

/* Turn the timers of a worker, as that worker. */
void weft__sim_turn_timers(struct weft__sched *sched, uint32_t worker);

/* Perhaps wake a task that waits, for nothing. */
void weft__sim_disturb(struct weft__sim *sim);

#endif
