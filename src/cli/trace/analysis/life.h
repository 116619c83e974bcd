/* SPDX-License-Identifier: MIT */
/*
 * What a live task is doing: since when it is runnable, polled, waiting, and for what. What it says goes into its
 * profile; until it is known what kind of task it is, into a profile of its own.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_LIFE_H
#define WEFT_CLI_TRACE_ANALYSIS_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/profile.h"
#include "cli/trace/event.h"

struct analysis;
struct machine;

#define LIFE_CLOSED INT64_MIN /* for a time: nothing is open */

struct life {
    uint64_t id;
    uint64_t parent;
    struct profile *profile;
    int64_t born_ns;  /* LIFE_CLOSED: before the recording */
    int64_t known_ns; /* since when it is known */
    int64_t ready_ns; /* since when it waits for a worker */
    int64_t poll_ns;
    int64_t rest_ns; /* since when it waits for something */
    uint64_t by;     /* who made it runnable */
    uint32_t line;   /* the await at which it stopped last */
    uint32_t polls;
    uint32_t children; /* that live, of those whose spawn was seen */
    uint16_t worker;
    uint8_t cause;    /* READY_… */
    bool again;       /* it was woken while it is polled */
    bool did;         /* something, in this poll */
    bool told;        /* an event says what it waits for */
    bool told_before; /* said it when this poll began */
    uint64_t again_by;
    int64_t room_ns; /* since when it waits for room in a channel */
    uint64_t room;   /* in which */
    int64_t sync_ns; /* since when it waits at a meeting point */
    uint64_t sync;
    int64_t held_ns; /* since when it holds what it acquired last */
    uint64_t held;
};

/* The record of a live task, or NULL. */
struct life *life_find(const struct machine *machine, uint64_t task);

/* Events of tasks, timers, meeting points and descriptors, in the machine of their process. */
void life_event(struct analysis *analysis, struct machine *machine, const struct event *event);

/* It did something in its poll, whatever it was; its profile, or NULL for no task. */
struct profile *life_did(struct machine *machine, uint64_t task);

/* An event has told what it waits for. */
struct life *life_waits(struct machine *machine, uint64_t task);

/* Who lives now, since when, and who waits for something that no event tells of. */
void lives_look(struct analysis *analysis, struct machine *machine, int64_t ns);

/* The recording has ended at `ns`. */
void lives_finish(struct analysis *analysis, struct machine *machine, int64_t ns);
void lives_fini(struct machine *machine);

#endif
