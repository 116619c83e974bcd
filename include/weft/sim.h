/* SPDX-License-Identifier: MIT */
/*
 * Simulated runtimes, for tests. The tasks run on the caller's thread, in an order that a seed decides, and in a time of
 * their own that stands still while anything can run and then jumps to the next timer: what takes an hour is tested in a
 * moment, and the order that breaks a program, once found, comes again with its seed.
 *
 * A runtime is simulated if it is created with .drive = WEFT_DRIVE_SIM; all calls work on it as on any other. The same
 * program with the same seed does the same things at the same times, and the events of both runs are equal, as long as
 * one thread does it all and nothing comes from outside (the real time, random numbers, other threads, descriptors).
 *
 * What the seed decides: which runnable task is polled next; by which of the simulated workers; how many operations a poll
 * may complete before it has to give way; at which branch a weft_select begins; when a timer that is due fires, and when a
 * blocking job begins and ends, among what else can happen; and which waiting tasks are woken for nothing. A task runs
 * undisturbed from one await to the next: races between threads inside of a poll are for ThreadSanitizer.
 *
 * The clock (weft_runtime_clock(), and weft_clock() in tasks and jobs) begins at one second and is exact: a sleep ends at
 * its nanosecond. Ids count from 1 in each simulated runtime; workers have the numbers from 0 on.
 */
#ifndef WEFT_SIM_H
#define WEFT_SIM_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

struct weft_runtime_options;

/* One run of a test: spawn, run, look; 0, or an error. The runtime is the explorer's: do not end it. */
typedef int weft_sim_test(weft_runtime *rt, void *context);

WEFT_BEGIN_DECLS

/**
 * The seed that decides a simulated runtime's run: options.seed, or WEFT_SEED of the environment, or a random one. Print
 * it when a test fails.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for any other runtime
 * @since 0.1
 */
WEFT_API uint64_t weft_sim_seed(weft_runtime *rt);

/**
 * Run until every task and every blocking job has ended.
 * @threads the one that drives it
 * @blocks the thread, while it runs the tasks
 * @owns nothing
 * @errors WEFT_EDEADLK (nothing can ever happen again, or a task spins and waits for the clock to move: weft_error_detail()
 *   and the reports say who waits for what and where, and the seed; also called by one of its tasks, jobs, hooks or
 *   callbacks), WEFT_EINVAL (not a live simulated runtime), WEFT_EBUSY (another thread is turning it)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sim_run(weft_runtime *rt);

/**
 * Let so much time pass: run whatever can run until then. The clock stands at that time afterwards, whether or not tasks
 * are left.
 * @threads the one that drives it
 * @blocks the thread, while it runs the tasks
 * @owns nothing
 * @errors WEFT_EINVAL (a negative delay, or beyond the greatest time; not a live simulated runtime), WEFT_EDEADLK (a task
 *   spins; called from inside), WEFT_EBUSY
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sim_advance(weft_runtime *rt, int64_t delay_ns);

/**
 * Run until done(context) says so; it is asked between any two things that happen, and must not wait.
 * @threads the one that drives it
 * @blocks the thread, while it runs the tasks
 * @owns context is the caller's
 * @errors WEFT_ETIMEDOUT (the clock is at the deadline, a time of weft_runtime_clock()), WEFT_EDEADLK, WEFT_EINVAL, WEFT_EBUSY
 *   (as weft_sim_run())
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sim_until(weft_runtime *rt, bool (*done)(void *context), void *context, int64_t deadline_ns);

/**
 * Run a test under many seeds, each in a runtime of its own: options.seed and those after it, or, if that is 0, one from
 * the clock and those after it. With WEFT_SEED in the environment and options.seed 0 only that one is run. After the test
 * has returned 0 the runtime is run to the end of its tasks; the first failure ends the exploration. *out_seed is its
 * seed, or the last.
 * @threads host thread
 * @blocks the thread, while it runs the tests
 * @owns options are read, drive is WEFT_DRIVE_SIM whatever they say; NULL: defaults. context is the caller's
 * @errors what the test returned, if not 0; the first error that a task of the root scope returned; WEFT_EDEADLK (tasks wait
 *   for ever); those of weft_runtime_create(); WEFT_EINVAL (null, count 0)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_sim_explore(const struct weft_runtime_options *options, uint64_t count, weft_sim_test *test,
                                            void *context, uint64_t *out_seed);

WEFT_END_DECLS

#endif
