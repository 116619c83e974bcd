/* SPDX-License-Identifier: MIT */
/*
 * The critical path to a moment in a task: what it waited for last, and what that waited for, back to a beginning. The
 * way back goes from a poll to what made it runnable: the poll of who woke it; and from a message that was received in
 * the poll to the poll in which it was sent, since a receiver that is never idle is not woken for each message.
 *
 * It needs the events of the window between both moments at once, so memory follows the window, up to PATH_EVENTS_MAX;
 * of a larger one the latest are kept, and the path ends where they begin.
 */
#ifndef WEFT_CLI_TRACE_PATH_PATH_H
#define WEFT_CLI_TRACE_PATH_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/trace/analysis/analysis.h"

enum { PATH_EVENTS_MAX = 2000000, PATH_LEGS_MAX = 100000 };

/* What the time went by with. */
enum path_leg_kind {
    PATH_RUNNING, /* it was polled */
    PATH_QUEUED,  /* it was runnable and waited for a worker */
    PATH_MESSAGE, /* a message lay in a channel */
    PATH_ROOM,    /* it waited for room in a channel */
    PATH_LOCK,    /* it waited at a meeting point */
    PATH_TIMER,   /* it waited for a time */
    PATH_IO,      /* it waited for a descriptor */
    PATH_POOL,    /* its job waited for a thread of the blocking pool */
    PATH_JOB,     /* its job ran */
    PATH_OUTSIDE, /* it waited for what is no task */
    PATH_UNKNOWN, /* the recording does not tell */
    PATH_KINDS
};

struct path_leg {
    enum path_leg_kind kind;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t task;
    uint32_t profile;
    uint32_t line;     /* of PATH_RUNNING: where the poll stopped; of waits: where it waits. 0: not told */
    const char *label; /* a channel's or a lock's name, or NULL */
};

struct path_event {
    int64_t ns;
    uint64_t task;
    uint64_t other; /* who did it, or the channel, or the job */
    const char *label;
    uint32_t profile; /* of `task` */
    uint32_t before;  /* 1 + the event of the same task before, 0: none */
    uint32_t match;   /* of a receive: 1 + the sending of the last message it took; 0: not in the window */
    uint32_t number;  /* a line, a count */
    uint8_t kind;     /* WEFT_TRACE_… */
    uint8_t detail;   /* a source, a result, a side */
};

struct path {
    int64_t begin_ns;
    int64_t end_ns;
    uint64_t process;
    uint64_t prefer; /* whose message a batch is followed for, if it has one of it */
    struct path_event *events;
    size_t count;
    uint64_t dropped;      /* of the window, since it was too large */
    struct map last;       /* task → 1 + its latest event, as a pointer */
    struct map queues;     /* channel → what lies in it */
    struct map jobs;       /* blocking job → its task, as a pointer */
    struct path_leg *legs; /* after path_walk(): from the beginning to the end */
    size_t leg_count;
    size_t looks; /* events that path_walk() looked at: what the way back costs, which grows as its length (tests/cli/path.c) */
};

/* The window: events of other processes, or outside of it, are not kept. `task` is whose path will be asked for. */
void path_init(struct path *path, uint64_t process, uint64_t task, int64_t begin_ns, int64_t end_ns);
void path_fini(struct path *path);

/* After the analysis has taken the event (before, if it ends a task): names are those of the analysis. */
void path_event(struct path *path, const struct analysis *analysis, const struct event *event);

/* The path that ends in this task at `end_ns`. */
void path_walk(struct path *path, uint64_t task);

const char *path_kind_name(enum path_leg_kind kind);

#endif
