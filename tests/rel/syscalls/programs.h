/* SPDX-License-Identifier: MIT */
/*
 * Small programs that use weft as programs do, and look at every answer. Each may be told of an error at any place; then it
 * gives up what it was about, and ends all it has begun. It answers what came of it.
 */
#ifndef WEFT_TESTS_REL_SYSCALLS_PROGRAMS_H
#define WEFT_TESTS_REL_SYSCALLS_PROGRAMS_H

enum {
    DONE = 0,   /* with the right result */
    TOLD = 1,   /* a call answered an error, and all has been given back */
    WRONG = 2,  /* a wrong result, or an error without a name */
    LEFT = 3,   /* a descriptor or memory is left */
    LEFT_EPOLL = 4 /* descriptors of epoll, and nothing else */
};

struct program {
    const char *name;
    int (*run)(void *unused);
};

/* A NULL name ends them. */
extern const struct program programs[];

/* Before the first: what the process holds, and a folder for files. After one: whether it holds the same. After the last. */
int program_note(void);
int program_check(int code);
int program_tidy(void);

#endif
