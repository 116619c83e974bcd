/* SPDX-License-Identifier: MIT */
/*
 * What is recorded, while it is: a program that is started for it and ends of itself, or a process that runs already, for
 * a while. Signals come through a descriptor, so that whatever is under way can be brought to an end. What the terminal
 * sends reaches the program by itself; what is sent to this process alone is passed on to it.
 */
#ifndef WEFT_CLI_TRACE_RECORD_SUBJECT_H
#define WEFT_CLI_TRACE_RECORD_SUBJECT_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/trace/record/options.h"

enum { SUBJECT_FAILED = 125, SUBJECT_NOT_RUNNABLE = 126, SUBJECT_NOT_FOUND = 127 }; /* as env, timeout and the shells */
enum { SUBJECT_TEXT = PATH_MAX + 512 };

struct subject {
    const struct options *options;
    char provider[PATH_MAX];
    bool has_provider;
    sigset_t mask; /* before ours */
    int signals;
    int timer;     /* the end of --for */
    int target;    /* tells the end of the process of --pid; -1: nothing does */
    pid_t vpid;    /* of --pid, as itself sees it */
    pid_t program; /* that was started and has not ended; 0: none */
    int status;    /* how it ended */
    bool asked;    /* SIGUSR1 came, since whoever reads this has reset it */
    char text[SUBJECT_TEXT];
};

/* Can it be recorded? 0, or -1 with subject->text. From here on, in whatever state, it is subject_end()'s. */
int subject_find(struct subject *subject, const struct options *options);

/* From now on signals come here, of which SIGUSR1 only if it is wanted. 0, or -1 with subject->text. */
int subject_listen(struct subject *subject, bool wants_usr1);

/*
 * It is recorded from here on: the program is started, the time of --for begins. 0, or an exit code: with subject->text,
 * or the one that a program had had, if it was interrupted before there was one.
 */
int subject_begin(struct subject *subject);

/* false: it is over. Does not wait. */
bool subject_goes_on(struct subject *subject);

/* Until it is over, also if nothing is recorded any more. */
void subject_wait(struct subject *subject);

/* The program's, as a shell tells it; 0 of a process. */
int subject_code(const struct subject *subject);

/* Why no event came, as far as it can be known. `known`: the session daemon has heard of the process of --pid. */
const char *subject_why(struct subject *subject, bool known);

void subject_end(struct subject *subject);

#endif
