/* SPDX-License-Identifier: MIT */
/* What the explorer says: the failure line, its details, and on replay the schedule. See report.c. */
#ifndef MODEL_REPORT_H
#define MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern bool report_tracing;       /* option trace=1 on a replay */
extern uint64_t report_seed;      /* of the execution that runs */
extern const char *report_replay; /* how to run this program again: its name and the options that matter */

/* One action of the current thread, `pc` in the program under test (0: none). Costs one test when not tracing. */
#define REPORT_TRACE(pc, ...)                                                                                          \
    do {                                                                                                               \
        if (__builtin_expect(report_tracing, 0)) {                                                                     \
            report_trace(pc, __VA_ARGS__);                                                                             \
        }                                                                                                              \
    } while (0)
void report_trace(uintptr_t pc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The schedule so far, with source lines. */
void report_schedule(void);

/* A line that explains the failure that follows. */
void report_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program: "FAIL <what> seed N", exit 1. */
_Noreturn void report_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Readable names. The text lives until eight further calls. */
const char *report_name(const void *object); /* "queue+8", "heap#3+16", "T1's stack+96" */
const char *report_place(uintptr_t pc);      /* "runqueue.c:88 runqueue_push" */

#endif
