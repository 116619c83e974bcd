/* SPDX-License-Identifier: MIT */
/*
 * What happens in a simulated runtime, one thing at a time: a poll, a timer that is due, a step of a blocking job, a wake
 * for nothing; which of them, says the generator of sched/sim.h. When nothing can happen the clock is moved to the next
 * timer. When there is none, nothing ever will.
 *
 * Threads: the one that turns the runtime.
 */
#ifndef WEFT_RUNTIME_SIM_H
#define WEFT_RUNTIME_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/runtime.h>

/* The seed that a runtime with these options gets: 0, or WEFT_EINVAL: WEFT_SEED is not a number. */
int weft__sim_seed(const weft_runtime_options *options, uint64_t *out_seed);

/* Make a runtime, whose scheduler is made, a simulated one. 0 or WEFT_ENOMEM. */
int weft__sim_begin(weft_runtime *rt, uint64_t seed);

/* Let one thing happen. False: nothing can, now. */
bool weft__sim_step(weft_runtime *rt);

/*
 * Nothing can happen now: move the clock to the next timer, or to the deadline. 0; WEFT_ETIMEDOUT: it stands there;
 * WEFT_EDEADLK: there is neither, with a text that begins with `call` and says who waits for what.
 */
int weft__sim_rest(weft_runtime *rt, const char *call, int64_t deadline_ns);

/* When something can happen: the time there is, or that of the next timer, or WEFT_FOREVER. */
int64_t weft__sim_next(weft_runtime *rt);

/* So much has happened while the clock stood that somebody must be waiting for it to move. 0, or WEFT_EDEADLK. */
int weft__sim_check_spin(weft_runtime *rt, const char *call);

#endif
