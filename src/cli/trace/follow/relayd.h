/* SPDX-License-Identifier: MIT */
/*
 * A relay daemon of LTTng for one live session: it passes on what the session records. On this machine alone, at ports
 * that nobody else has, and what it writes goes away with it.
 */
#ifndef WEFT_CLI_TRACE_FOLLOW_RELAYD_H
#define WEFT_CLI_TRACE_FOLLOW_RELAYD_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

enum { RELAYD_CONTROL, RELAYD_DATA, RELAYD_LIVE, RELAYD_PORTS };

struct relayd {
    pid_t pid; /* 0: it does not run */
    int said;
    unsigned ports[RELAYD_PORTS];
    char folder[PATH_MAX];
};

/* 0, and it answers; or -1 and `text` says what to do. */
int relayd_start(struct relayd *relayd, char *text, size_t size);

/* Also of one that was not started. */
void relayd_stop(struct relayd *relayd);

#endif
