/* SPDX-License-Identifier: MIT */
/* A recording made by hand: FEED(&model, 10, task_spawn, .task = 1, .site = 7) is that event at 10 ns, of process 1. */
#ifndef WEFT_TESTS_CLI_FEED_H
#define WEFT_TESTS_CLI_FEED_H

#include <string.h>

#include "cli/trace/model/report.h"

#define FEED_OF(model, number, at, e, ...)                                                                             \
    model_event((model), &(struct event){.ns = (at), .process = (number), .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})
#define FEED(model, at, e, ...) FEED_OF(model, 1, at, e, __VA_ARGS__)

/* The row of a name (NULL: the one without) in what is reported of tasks and of channels; NULL: there is none. */
static inline const struct report_tasks *feed_tasks(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->task_count; i++) {
        const char *have = report->tasks[i].name;
        if (have && name ? !strcmp(have, name) : have == name)
            return &report->tasks[i];
    }
    return NULL;
}

static inline const struct report_channels *feed_channels(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->channel_count; i++) {
        const char *have = report->channels[i].name;
        if (have && name ? !strcmp(have, name) : have == name)
            return &report->channels[i];
    }
    return NULL;
}

#endif
