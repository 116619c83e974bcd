/* SPDX-License-Identifier: MIT */
/*
 * What tasks of one kind did: those of a process that share spawn site, name and category. There are as many profiles
 * as a program has kinds of tasks, however many tasks it spawns.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_PROFILE_H
#define WEFT_CLI_TRACE_ANALYSIS_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/event.h"
#include "cli/trace/map.h"

enum {
    PROFILES_NAMES_MAX = 4096
}; /* names of their own that are told apart; tasks with a later one count for their site */

/* Why a task became runnable: a WEFT_TRACE_wake_source_…, or one of these. */
enum {
    READY_WAKES = WEFT_TRACE_wake_source_BLOCKING + 1,
    READY_SPAWN = READY_WAKES,
    READY_YIELD, /* it gave way */
    READY_AGAIN, /* it was woken while it ran */
    READY_CAUSES
};

#define PROFILE_STILL UINT32_MAX /* as a line: the poll had not ended when the recording did */

/* The worst of a kind, and what it was. */
struct culprit {
    int64_t ns;    /* 0: there was none */
    int64_t at_ns; /* when it began */
    uint64_t task;
    uint16_t worker;
    uint8_t cause;      /* READY_… */
    uint32_t from_line; /* of a poll: the await that it went on from, and the one at which it stopped; 0: begin, end */
    uint32_t to_line;
    uint32_t other;   /* profile of what held the worker longest meanwhile; 0: nothing did, or nobody knows */
    int64_t other_ns; /* for how long */
};

struct profile {
    uint32_t number; /* from 1 on; 0: a task's own, of which nobody knows yet what it is */
    uint64_t process;
    uint64_t site;
    char *name; /* its own; NULL: the site's */
    uint32_t category;
    uint64_t tasks;
    uint64_t live; /* when the recording ended */
    uint64_t before;
    uint64_t at_once; /* lived at the same time, at most */
    uint64_t now;
    uint64_t failed;
    uint64_t cancelled[5]; /* asked to end, by WEFT_TRACE_cancel_reason_… */
    struct histogram polls;
    struct histogram waits;  /* from runnable to polled */
    struct histogram births; /* the same, of the first poll; they are in `waits`, too */
    struct histogram lives;  /* of tasks whose begin and end were seen */
    int64_t lived_ns;        /* of all, also of parts of lives */
    struct culprit poll_worst;
    struct culprit wait_worst;
    uint64_t ready[READY_CAUSES];
    uint64_t self_wakes;
    uint64_t noops;
    uint64_t idle_polls;      /* woken, nothing done, and back to the same await */
    uint64_t never_waited;    /* tasks that ended in their first poll */
    int64_t longest_alone_ns; /* the longest of those */
    uint64_t spawns;
    uint64_t sends;
    uint64_t receives; /* messages */
    uint64_t send_waits;
    uint64_t timer_waits;
    uint64_t sync_waits;
    uint64_t io_waits;
    uint64_t accepts; /* of io_waits: on a listening socket */
    uint64_t jobs;    /* handed to the blocking pool */
    uint32_t stream;  /* the stream that it received most recently from; 0: none */
    uint64_t left;  /* how many lived when the recording ended, or when a shutdown of its process began; the next are of
                       then */
    int64_t age_ns; /* of the oldest that lives, when the recording ended */
    int64_t silent_ns; /* longest that a live one has been waiting for something that no event tells of */
    uint64_t silent_task;
    uint32_t silent_line;
    struct profile *same_hash;
};

struct profiles {
    struct map by_hash;
    struct profile **list; /* by number - 1 */
    uint32_t count;
    uint32_t named;
    uint64_t folded; /* tasks whose own name was one too many */
};

void profiles_fini(struct profiles *profiles);

/* The profile of this kind; made at the first call. */
struct profile *profiles_need(struct profiles *profiles, uint64_t process, uint64_t site, const char *name,
                              uint32_t category);

/* By its number; NULL for 0. */
struct profile *profiles_at(const struct profiles *profiles, uint32_t number);

/* One without a number, of a task of which nobody knows yet what it is; and its end: what it says goes into another. */
struct profile *profile_private(void);
void profile_merge(struct profile *into, struct profile *from);
void profile_free(struct profile *profile);

#endif
