/* SPDX-License-Identifier: MIT */
/*
 * A clock that stands still until the test moves it. It is put in force while no thread of the library runs; from then on
 * weft_clock() answers what the test says, and who sleeps until a time sleeps until this clock shows it. Nothing in a
 * test that uses it depends on how fast the machine is.
 *
 * The monitor thread lives by the same clock: between two moves it does nothing.
 */
#ifndef WEFT_TESTS_LIB_VCLOCK_H
#define WEFT_TESTS_LIB_VCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Put the clock in force, at `now`; and take it out again. */
void vclock_begin(int64_t now);
void vclock_end(void);

/*
 * The setup and the teardown of a test of what one worker does, and in which order: a monitor for which no time passes takes nothing
 * from a worker that the system keeps in a poll.
 */
int vclock_stop(void **state);
int vclock_go(void **state);

/* Move it forward. Any thread, also a task. Several at once may advance it; a time to set is behind none that it has shown. */
void vclock_set(int64_t now);
void vclock_advance(int64_t ns);

/* The tick of a worker's wheel at which what is due at `at` fires. */
int64_t vclock_tick(int64_t at);

/*
 * Wait until so many workers sleep, of all runtimes there are, and their monitor threads; then it is a moment at which nothing can
 * happen but what the test does. The earliest time that one of them sleeps until; WEFT_FOREVER if they wait for no time.
 */
int64_t vclock_asleep(unsigned workers);

/* The same, and go on to that time; false: they wait for no time. */
bool vclock_jump(unsigned workers);

#endif
