/* SPDX-License-Identifier: MIT */
/*
 * The model: what a recording says of the processes in it. It takes events one after the other, in the order of their
 * time, and knows neither where they come from nor how its answers are printed.
 *
 * A recording may begin late, so anything may be named by an event before (or without) its definition, and events may
 * be missing in between (struct event_gap). What is counted is what was recorded; what cannot be told from it stays
 * unknown.
 */
#ifndef WEFT_CLI_TRACE_MODEL_MODEL_H
#define WEFT_CLI_TRACE_MODEL_MODEL_H

#include <stdint.h>

#include "cli/trace/event.h"
#include "cli/trace/map.h"
#include "cli/trace/model/channels.h"
#include "cli/trace/model/tasks.h"
#include "cli/trace/model/workers.h"

/* The longest poll that held its worker, and the await since which it did. */
struct stall {
    int64_t ns; /* 0: there was none */
    uint32_t line;
    char task[128]; /* its name; it may have ended */
    char function[64];
    char file[128]; /* the end of it, if it is longer */
};

struct process {
    uint64_t id;
    struct tasks tasks;
    struct channels channels;
    struct workers workers;
    uint32_t announcing;    /* state announcements that are under way */
    uint64_t announcements; /* and that have begun */
    uint64_t stalls;
    struct stall stall_longest;
};

struct model {
    struct map processes; /* number → struct process */
    uint64_t events;
    uint64_t events_of[WEFT_TRACE_EVENTS];
    int64_t begin_ns; /* the first event and the last; meaningless without events */
    int64_t end_ns;
    int64_t certain_ns; /* the end of the last gap: what was open before is not certain */
    uint64_t events_lost;
    uint64_t packets_lost;
    bool lost_uncounted; /* something was lost, and the recording does not say how much */
};

void model_init(struct model *model);
void model_fini(struct model *model);

void model_event(struct model *model, const struct event *event);
void model_gap(struct model *model, const struct event_gap *gap);

/* The process of this number, made if no event was of it yet: for who must know it before the model takes the event. */
struct process *model_need(struct model *model, uint64_t id);

/* NULL: no event of it yet. */
const struct process *model_process(const struct model *model, uint64_t id);

/* A task's name for a reader, NULL if the recording does not tell it (yet). */
const char *model_task_name(const struct model *model, uint64_t process, uint64_t task);

#endif
