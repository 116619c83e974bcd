/* SPDX-License-Identifier: MIT */
/* A graph of babeltrace's that reads traces: the only door to it. It runs in a process of its own, and says what it
 * reads. */
#ifndef WEFT_CLI_TRACE_GRAPH_H
#define WEFT_CLI_TRACE_GRAPH_H

#include "cli/trace/apart.h"
#include "cli/trace/find.h"

struct graph_request {
    const char *path; /* as texts name the recording */
    const struct find
        *find; /* its traces; NULL: it is a session that runs, and `path` is the relay daemon's address of it */
};

/*
 * Says (wire.h) each event and each gap in the order of time, then the end. Of a session that runs it says what there
 * is so far at each tick, ten times a second while little happens. `request` is a struct graph_request.
 */
void graph_read(void *request, struct apart *apart);

#endif
