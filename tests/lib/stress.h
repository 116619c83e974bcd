/* SPDX-License-Identifier: MIT */
/*
 * What every stress test needs: a seed that is printed and can be given, sizes that a sanitized build can bear, threads
 * that begin together, and a look at what the process holds.
 */
#ifndef WEFT_TESTS_STRESS_H
#define WEFT_TESTS_STRESS_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <weft/runtime.h>

#include "base/rng.h"
#include "lib/pause.h"
#include "lib/verdict.h"

/* The seed of this run: WEFT_SEED, or one from the clock. It is printed at the first call. */
uint64_t stress_seed(void);

/* A generator of its own for each thread of a test; the same seed and the same number give the same choices. */
struct weft__rng stress_rng(unsigned number);

/* WEFT_STRESS_PERCENT percent of `count`, or all in a native build and a quarter under a sanitizer; never less than 1. */
uint64_t stress_scale(uint64_t count);

/* Whether this build has a sanitizer, or valgrind runs it: then memory is not measured. */
int stress_sanitized(void);

/* Run `body(context, 0 … count - 1)`, each on a thread of its own, all begun at once; return when all have ended. */
void stress_threads(unsigned count, void (*body)(void *context, unsigned number), void *context);

/* Start threads and go on; then wait for them. */
struct stress_team;
struct stress_team *stress_team_begin(unsigned count, void (*body)(void *context, unsigned number), void *context);
void stress_team_join(struct stress_team *team);

/* The tasks that live; wait until none does. */
uint64_t stress_tasks_live(weft_runtime *rt);
void stress_settle(weft_runtime *rt);

/*
 * Keep so many workers, each in a poll of a task that is spawned for it, until they are released: then what is spawned or woken meanwhile
 * is polled by others, or, if there are none, not yet. Once at a time. No holder is left after the release.
 */
void stress_hold(weft_runtime *rt, unsigned workers);
void stress_release(void);

/* Wait for a condition that another thread or task brings about, and let it run meanwhile. */
#define STRESS_UNTIL(condition)                                                                                        \
    for (unsigned stress_turns = 0; !(condition) && (pause_turn(&stress_turns), 1);)                                   \
    continue

/*
 * The same, asleep: whoever brings the condition about says stress_moved() after it. For waits of which a test has thousands: on a
 * machine with much else to do each turn of a loop is the price of a time slice. It orders what the waiter sees after what was done
 * before the call, and nothing the other way round.
 */
#define STRESS_WHEN(condition)                                                                                         \
    for (uint32_t stress_seen; (stress_seen = stress_moves()), !(condition);)                                          \
    stress_sleep(stress_seen)
void stress_moved(void);

/* What moved so far, as a number; sleep until it is another one. */
uint32_t stress_moves(void);
void stress_sleep(uint32_t seen);

/* What the process holds: threads, open descriptors, resident bytes. */
unsigned stress_process_threads(void);
unsigned stress_process_descriptors(void);
uint64_t stress_process_bytes(void);

#endif
