/* SPDX-License-Identifier: MIT */
/*
 * A scenario: a race that has bitten runtimes, as a few tasks in a simulated runtime. It is played under one seed after
 * the other; each time it spawns, runs to the end, and holds its books against each other. It also names the outcomes
 * between which the race decides: an exploration in which one of them was never seen has not explored the race.
 *
 * One thread does everything, so scenarios keep what they count on the stack of play().
 */
#ifndef WEFT_TESTS_SCENARIO_H
#define WEFT_TESTS_SCENARIO_H

#include "lib/verdict.h"
#include "lib/world.h"

enum { OUTCOMES_MAX = 6 };

struct stage {
    weft_runtime *rt;
    weft_scope *scope; /* the root */
    uint64_t dice;     /* the scenario's own choices, of the same seed */
    uint32_t seen;     /* a bit for each outcome */
};

struct scenario {
    const char *name;
    void (*play)(struct stage *stage);
    const char *outcomes[OUTCOMES_MAX];
    uint32_t queue_max; /* of the blocking pool, and how many jobs run at a time; 0: the default */
    uint32_t threads_max;
};

/* Each file of scenarios has a list that ends with a NULL name. */
extern const struct scenario scenarios_of_tasks[];
extern const struct scenario scenarios_of_channels[];
extern const struct scenario scenarios_of_meetings[];
extern const struct scenario scenarios_of_time[];
extern const struct scenario scenarios_of_ends[];

/* 0 to limit - 1. */
static inline uint32_t roll(struct stage *stage, uint32_t limit) { return world_random(&stage->dice, limit); }

static inline void reach(struct stage *stage, unsigned outcome) { stage->seen |= 1u << outcome; }

/* Run until all have ended. */
void stage_run(struct stage *stage);

/* The only outcome of most waits: it was had, or its task was cancelled. */
static inline void reach_either(struct stage *stage, int rc, unsigned had, unsigned cancelled)
{
    if (VERDICT(rc == 0 || rc == WEFT_ECANCELED))
        reach(stage, rc == 0 ? had : cancelled);
}

/* Gives way so many times, then cancels a task. */
struct canceller {
    weft_frame weft;
    weft_task target;
    uint32_t yields;
};
weft_poll canceller(weft_context *cx, struct canceller *self);

/* Gives way so many times, then returns a result. */
struct ending {
    weft_frame weft;
    uint32_t yields;
    int result;
    unsigned *ended;
};
weft_poll ending(weft_context *cx, struct ending *self);

#endif
