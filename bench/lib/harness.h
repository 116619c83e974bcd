/* SPDX-License-Identifier: MIT */
/*
 * Measuring: how the programs of bench/ run a line, and what they print. There is no weft in it, so the peers that are
 * written in C and C++ use it, too; those in other languages print the same object.
 *
 * A program sets up once, warms up, and then runs rounds of `ops` operations. The main thread alone is in here. What a
 * round did is one object per round: wall time, processor time of the whole process, what others used meanwhile,
 * voluntary context switches, and instructions where the machine counts them.
 *
 *     PROGRAM [ops=N] [workers=N] [rounds=N] [warm=N] [pin=CPU,CPU] [NAME=VALUE of the line] [-- for the line]
 *
 * A server is a line without rounds: it says its port, and serves until it is killed. What it does is measured by a program
 * that starts it, as the work of another process.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/clock.h"
#include "lib/resident.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_PARAMS_MAX = 16 };

/* One run of a program. A line's functions read it, and write value and p99. */
struct bench {
    const struct bench_line *line;
    long ops;     /* of a round */
    long workers; /* that the runtime under test may have */
    double value; /* set by a round that measures by itself, in the line's unit; otherwise wall nanoseconds per
                     operation */
    double p99;   /* of such a round's own samples; 0: it has none */
    struct {
        const char *name;
        long value;
    } params[BENCH_PARAMS_MAX]; /* those that the line asked for, in that order */
    int param_count;
    char **arguments; /* ends with NULL; what was understood is replaced by "" */
    char **rest;      /* what came after "--", ends with NULL */
    pid_t process;    /* set by a line that measures another process: whose processor time and switches count */
    const char *peer; /* what is printed with the figures; such a line says whose they are */
    const char *version;
};

struct bench_line {
    const char *name;
    const char *unit;                  /* lower is better in each */
    long ops;                          /* of a round, unless the caller says otherwise */
    bool once;                         /* one round without a warm-up: it measures what the first use costs */
    int (*begin)(struct bench *bench); /* reads its parameters, sets up; may be null */
    int (*round)(struct bench *bench); /* 0, or it failed */
    void (*end)(struct bench *bench);  /* may be null */
    int (*serve)(struct bench *bench); /* in place of rounds: calls bench_say_port(), and goes on until it is killed */
};

/* Run one line, and print its object to stdout. For main(): the exit code. */
int bench_main(int argc, char **argv, const char *peer, const char *version, const struct bench_line *line);

/* The same for a program of several lines: the first argument names one, `lines` without arguments prints their names.
 */
int bench_main_of(int argc, char **argv, const char *peer, const char *version, const struct bench_line *lines,
                  size_t count);

/* A parameter of the line: its value on the command line, or the default. It is printed with the figures. */
long bench_param(struct bench *bench, const char *name, long otherwise);

/* Of a server: tell who started it where it listens. */
void bench_say_port(const struct bench *bench, unsigned port);

/* Sort samples, and set value and p99 of the round: in the unit of which one is `divisor` units of the samples. */
void bench_take_samples(struct bench *bench, int64_t *samples, size_t count, double divisor);

/* Computation that takes as long as its argument says and that no compiler removes; and how much of it takes `ns`. */
uint64_t bench_work(uint64_t turns);
uint64_t bench_work_turns(int64_t ns);

/* Pseudo-random numbers that are the same in every program and language here; *state begins as BENCH_SEED. */
#define BENCH_SEED UINT64_C(88172645463325252)
uint64_t bench_random(uint64_t *state);

/* How many calls of fib(n) have n >= 2: the operations of that line. */
long bench_fib_calls(long n);

#ifdef __cplusplus
}
#endif

#endif
