/* SPDX-License-Identifier: MIT */
/*
 * The runtime that a file of tests has, or each of its tests: cmocka's setups and their teardown. The last header that a file includes, and
 * after WEFT_ONESHOT_DEFINE() and the like: functions there have parameters of the name that it declares.
 */
#ifndef WEFT_TESTS_LIB_RUNTIME_H
#define WEFT_TESTS_LIB_RUNTIME_H

#include "lib/world.h"

extern weft_runtime *rt;

/* With one worker, so that the order of polls is exact; with two. */
int runtime_of_one(void **state);
int runtime_of_two(void **state);

/* Hold the books against each other, destroy it, and assert the verdicts. */
int runtime_end(void **state);

#endif
