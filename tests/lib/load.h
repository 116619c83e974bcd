/* SPDX-License-Identifier: MIT */
/*
 * A mixed load: scenes, tasks that use channels, timers, locks, meeting points, the blocking pool, scopes, joins and
 * cancellation, each in its own way. What a scene answers depends on its number only, however it was scheduled, so a load is
 * right on any machine and under any disturbance, or it is wrong. A scene that is cancelled leaves nothing behind, either.
 */
#ifndef WEFT_TESTS_LIB_LOAD_H
#define WEFT_TESTS_LIB_LOAD_H

#include <stdint.h>
#include <weft.h>

/* Begin a scene, a joinable task of the runtime's root scope; weft_task_error() says why not. */
weft_task load_begin(weft_runtime *rt, uint64_t number);

/* What it answers, unless it is cancelled. */
int load_answer(uint64_t number);

/*
 * Play `count` scenes from `first` on, some dozens at once, on a thread that is not the runtime's. The sum of their answers;
 * an answer that is not right is a verdict.
 */
uint64_t load_play(weft_runtime *rt, uint64_t first, uint64_t count);

#endif
