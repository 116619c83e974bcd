/* SPDX-License-Identifier: MIT */
/*
 * What other threads and tasks have to say about a test. cmocka may assert only on the test's own thread, so a check that
 * runs elsewhere leaves a verdict, and the test asserts it after the join: VERDICT(x == 1) anywhere, then verdict_assert().
 */
#ifndef WEFT_TESTS_VERDICT_H
#define WEFT_TESTS_VERDICT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The first failure is kept, the others are counted. Any thread. Whether it held. */
bool verdict_note(bool held, const char *condition, const char *file, int line);

#define VERDICT(condition) verdict_note((condition), #condition, __FILE__, __LINE__)

/* Whether all have held since the last verdict_assert(). */
bool verdict_holds(void);

/* The test's own thread: fail with the first verdict that did not hold; forget it for the next test. */
void verdict_assert(void);

#endif
