/* SPDX-License-Identifier: MIT */
/*
 * What a performance engineer asks of a recording, in one pass over its events and in memory that follows what lives:
 * the model's counts, and beside them how long things took, who waited for what and for whom, and what was worst. Takes
 * plain events like the model, knows neither where they come from nor how its answers are printed.
 *
 * After a gap whatever was open is dropped: nothing that began at or before model.certain_ns is timed.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_ANALYSIS_H
#define WEFT_CLI_TRACE_ANALYSIS_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/analysis/job.h"
#include "cli/trace/analysis/lane.h"
#include "cli/trace/analysis/life.h"
#include "cli/trace/analysis/meeting.h"
#include "cli/trace/analysis/profile.h"
#include "cli/trace/analysis/segment.h"
#include "cli/trace/analysis/stream.h"
#include "cli/trace/analysis/tally.h"
#include "cli/trace/model/model.h"

enum { KNOT_MAX = 8, KNOTS_MAX = 8, STALLED_MAX = 64 };

/* Tasks that wait for each other in a circle. */
struct knot {
    uint32_t count;
    struct {
        uint64_t task;
        uint32_t profile;
        uint32_t stream; /* that it waits to send to; 0: it waits at a meeting point */
    } at[KNOT_MAX];
};

/* A place in the source at which the runtime's watch saw a stall, with the step that it is in. */
struct stalled {
    uint32_t profile;
    uint32_t line;
    char function[64];
    char file[128]; /* the end of it, if it is longer */
    uint64_t count;
    int64_t longest_ns;
};

/* One process. */
struct machine {
    uint64_t id;
    struct process *process; /* of the model */
    struct map lives;        /* task → struct life */
    struct map flows;        /* channel → struct flow */
    struct map descriptors;  /* → 1 + WEFT_TRACE_fd_kind_…, as a pointer */
    struct map holders;      /* mutex → task that holds it, as a pointer */
    struct lanes lanes;
    struct jobs jobs;
    struct places places;
    struct histogram lateness; /* of timers */
    struct culprit late_worst; /* `other`: what the worker did meanwhile */
    uint32_t late_of;          /* the profile of its task */
    uint64_t fires;
    uint64_t fires_apart;  /* of a clock that is not the recording's: a simulated runtime */
    int64_t shutdown_ns;   /* when the first task was told to end since its runtime does; LIFE_CLOSED */
    int64_t stop_ns;       /* when its last runtime ended; LIFE_CLOSED */
    uint32_t last_profile; /* that ended before that */
    int64_t last_end_ns;
};

struct analysis {
    struct model model;
    struct map machines;
    struct machine *last; /* the one of the event before */
    struct profiles profiles;
    struct streams streams;
    struct segments segments;
    struct tally wakes; /* from profile to profile, by READY_… */
    struct tally sends; /* from profile to stream */
    struct tally takes; /* from stream to profile */
    struct histogram polls;
    struct histogram ready[READY_CAUSES]; /* from runnable to polled, by cause */
    struct stalled stalled[STALLED_MAX];
    uint32_t stalled_count;
    struct knot knots[KNOTS_MAX];
    uint32_t knot_count;
    uint64_t gaps;
    bool finished;
};

void analysis_init(struct analysis *analysis);
void analysis_fini(struct analysis *analysis);

void analysis_event(struct analysis *analysis, const struct event *event);
void analysis_gap(struct analysis *analysis, const struct event_gap *gap);

/* The recording has ended: what is still open is added. Once, before anything is read from it. */
void analysis_finish(struct analysis *analysis);

/* The name of a profile for a reader: its own, its site's, or NULL. */
const char *analysis_name(const struct analysis *analysis, const struct profile *profile);
const struct task_site *analysis_site(const struct analysis *analysis, const struct profile *profile);

/* Where a step's code lies, if a stall has told it; NULL. */
const struct stalled *analysis_source(const struct analysis *analysis, uint32_t profile);

/* Tasks that wait for each other in a circle. Called when the recording ends, or before: when a shutdown begins. */
void analysis_find_knots(struct analysis *analysis, const struct machine *machine);

#endif
