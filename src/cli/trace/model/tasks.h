/* SPDX-License-Identifier: MIT */
/*
 * The tasks of one process: those that live, one record each; those that have ended, added up by where they were
 * spawned and what they were called. So memory follows what lives, not how long the recording is.
 */
#ifndef WEFT_CLI_TRACE_MODEL_TASKS_H
#define WEFT_CLI_TRACE_MODEL_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/event.h"
#include "cli/trace/map.h"

enum { TASKS_NAMES_MAX = 4096 }; /* names of their own that are told apart; later ones count for their site */

#define TASKS_CLOSED INT64_MIN /* for a time: nothing is open */

struct task_totals {
    uint64_t tasks;
    uint64_t live;          /* not ended */
    uint64_t before;        /* lived when the recording began */
    uint64_t ok;            /* ended with 0 or more */
    uint64_t cancelled;     /* ended with WEFT_ECANCELED */
    uint64_t failed;        /* ended with another error */
    int32_t first_error;    /* of those */
    uint64_t polls;         /* in the recording */
    uint64_t polls_untimed; /* of which one end is missing */
    uint64_t polls_before;  /* before the recording, as it was announced */
    uint64_t wakes;
    uint64_t wakes_noop;
    int64_t busy_ns;
    int64_t longest_ns;
};

struct task {
    uint64_t id;
    uint64_t parent;
    uint64_t site;
    char *name; /* its own; NULL: the site's */
    uint32_t category;
    int64_t poll_ns; /* when the open poll began, or TASKS_CLOSED */
    int64_t wait_ns; /* when it began to wait for room in a channel, or TASKS_CLOSED */
    uint64_t wait_chan;
    struct task_totals totals; /* of this one task */
};

struct task_site {
    uint64_t id;
    char *name;
    char *function;
    char *file;
    uint32_t line;
    uint32_t bytes; /* of memory that the first task of it took */
};

struct task_group {
    uint64_t site;
    char *name;
    uint32_t category;
    struct task_totals totals;
    struct task_group *same_hash;
};

enum { TASKS_ENDED = 64 }; /* more than threads can be about to forget a task that has ended */

struct tasks {
    struct map live;                  /* id → struct task */
    struct map ended;                 /* ids of tasks that ended while an announcement was under way */
    uint64_t last_ended[TASKS_ENDED]; /* and of those before: one that begins now may tell of them yet */
    uint32_t last_at;
    bool announcing;
    struct map sites;  /* id → struct task_site */
    struct map groups; /* hash → struct task_group */
    uint64_t named_groups;
    uint64_t names_folded; /* tasks whose own name was one too many */
};

void tasks_fini(struct tasks *tasks);

/* The record of a live task, or NULL; tasks_need() makes one for a task that nothing told of before. */
struct task *tasks_find(const struct tasks *tasks, uint64_t id);
struct task *tasks_need(struct tasks *tasks, uint64_t id);

/* An announcement begins, or the last of those under way ends. */
void tasks_announcing(struct tasks *tasks, bool announcing);

void tasks_site(struct tasks *tasks, const struct event *site_def);
void tasks_name(struct tasks *tasks, const struct event *task_name);
void tasks_spawn(struct tasks *tasks, const struct event *task_spawn);
void tasks_announce(struct tasks *tasks, const struct event *statedump_task);
void tasks_end(struct tasks *tasks, uint64_t id, int32_t result);

void tasks_poll_start(struct tasks *tasks, uint64_t id, int64_t ns);

/* How long the poll took, or -1: its beginning lies before the recording, or before `certain_ns`, the last gap's end.
 */
int64_t tasks_poll_end(struct tasks *tasks, uint64_t id, int64_t ns, int64_t certain_ns);

/* "order intake", or the site's name, or NULL. */
const char *tasks_name_of(const struct tasks *tasks, const char *own, uint64_t site);

/* The totals of ended tasks by group; then those that live, one at a time, until NULL. */
const struct task_group *tasks_next_group(const struct tasks *tasks, size_t *at, const struct task_group *before);

void task_totals_add(struct task_totals *sum, const struct task_totals *one);

#endif
