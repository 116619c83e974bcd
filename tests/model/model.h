/* SPDX-License-Identifier: MIT */
/* What a harness may ask of the explorer. A harness is an ordinary C program with main(); README.md tells the rest. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>

/* A choice that the explorer makes: 0 to n - 1. */
unsigned model_choose(unsigned n);

/* Ends the execution without a verdict unless `sane`. */
void model_assume(bool sane);

/* Fails the execution: "FAIL <text> seed N". */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A remark in the schedule that a replay prints. */
void model_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The number of the running thread; main is 0. */
unsigned model_thread(void);

/* Goals show that a harness gets where it should: a run fails unless each goal below MODEL_GOALS that has a name was reached
 * in some execution (option goals=off: they are only counted). A harness names them by defining model_goal_name, which
 * returns NULL beyond its last one. */
enum { MODEL_GOALS = 256 };
void model_reach(unsigned goal);
const char *model_goal_name(unsigned goal);

#endif
