/* SPDX-License-Identifier: MIT */
/* What a harness may ask of the explorer. A harness is an ordinary C program with main(); README.md tells the rest. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* From here on, relaxed loads and stores of these bytes are judged as plain accesses: a race is a failure. For objects
 * that are atomic in form only, as the slots of a ring that a cursor hands over. Without this the edge that keeps a
 * writer behind a reader cannot be tested: what goes wrong without it is load buffering, which is never produced. */
void model_data(const void *address, size_t size);

/* The futex calls of src/base/futex.h: 0, -EAGAIN or -ETIMEDOUT; INT64_MAX is no deadline. A wake tells how many it
 * woke. */
int model_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);
int model_futex_wake(_Atomic uint32_t *word, int count);

/* sys_membarrier: every thread runs a full fence now. */
void model_membarrier(void);

/* The virtual clock, in nanoseconds: moves when it is read, by each model_relax(), and to a deadline when a wait ends there. */
int64_t model_clock(void);

/* One turn of a spin loop: somebody else goes on. A loop without it is a livelock as soon as nobody else can run. */
void model_relax(void);

/* Zeroed memory of the tracked heap, at any alignment; goes back with free(). */
void *model_pages(size_t size, size_t alignment);

/* Their memory reads as zero from here on. Judged as a plain write to all that was ever touched of it: nobody may look meanwhile,
 * not even by atomics. */
void model_discard(void *pages, size_t size);

/* Goals show that a harness gets where it should: a run fails unless each goal below MODEL_GOALS that has a name was
 * reached in some execution (option goals=off: they are only counted). A harness names them by defining
 * model_goal_name, which returns NULL beyond its last one. */
enum { MODEL_GOALS = 256 };
void model_reach(unsigned goal);
const char *model_goal_name(unsigned goal);

#endif
