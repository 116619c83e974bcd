/* SPDX-License-Identifier: MIT */
/* What kind of work tasks do, judged by what they did, whatever the program calls them. */
#ifndef WEFT_CLI_TRACE_ADVICE_BEHAVIOUR_H
#define WEFT_CLI_TRACE_ADVICE_BEHAVIOUR_H

#include "cli/trace/analysis/analysis.h"

enum behaviour {
    BEHAVIOUR_ACTOR,    /* lives long and serves messages */
    BEHAVIOUR_LISTENER, /* lives long, waits for the outside, and hands on */
    BEHAVIOUR_POLLER,   /* lives long, and time wakes it */
    BEHAVIOUR_SERVICE,  /* lives long otherwise */
    BEHAVIOUR_HANDLER,  /* one of many that live shortly: one per request */
    BEHAVIOUR_UTILITY   /* one of few that live shortly */
};

enum { BEHAVIOUR_REASON_SIZE = 160, NAMING_SIZE = 96 };

/* Why, in `reason`. */
enum behaviour behaviour_of(const struct analysis *analysis, const struct profile *profile,
                            char reason[BEHAVIOUR_REASON_SIZE]);

const char *behaviour_name(enum behaviour behaviour);     /* "long-running actor" */
const char *behaviour_constant(enum behaviour behaviour); /* "WEFT_ACTOR" */

/* Does it live for a good part of the recording? */
bool behaviour_lives_long(const struct analysis *analysis, const struct profile *profile);

/* A name for tasks that have none, from the step and the place that spawns it; NULL: the recording tells neither. */
const char *naming_of(const struct analysis *analysis, const struct profile *profile, char out[NAMING_SIZE]);

/* The component: that of the channel it receives from, or the file it is spawned in, without its ending; NULL. */
const char *naming_component(const struct analysis *analysis, const struct profile *profile, char out[NAMING_SIZE]);

#endif
