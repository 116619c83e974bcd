/* SPDX-License-Identifier: MIT */
/*
 * A flight recorder: the buffers are written over again and again, and what they hold is kept when something has
 * happened. LTTng's session daemon takes the snapshot itself when a poll stalls or a channel becomes critical, so it is
 * taken when the event is not a moment old; this program takes one when it is told to.
 */
#ifndef WEFT_CLI_TRACE_RECORD_FLIGHT_H
#define WEFT_CLI_TRACE_RECORD_FLIGHT_H

#include <stdint.h>

#include "cli/trace/record/session.h"

struct flight {
    struct session *session;
    int watch;          /* tells when a snapshot appears */
    unsigned taken;     /* of both kinds */
    unsigned by_itself; /* that the daemon took */
    unsigned most;      /* of these */
    char last[256];     /* the name of the newest */
};

/* After session_create(): what happens from session_start() on makes a snapshot. `vpid`: only in this process; 0: any.
 */
int flight_begin(struct flight *flight, struct session *session, unsigned most, pid_t vpid);

/* Something has appeared: each snapshot is told on stderr. The daemon takes no more than `most`. */
void flight_look(struct flight *flight);

/* One now. 0, or -1 with session->text. */
int flight_snapshot(struct flight *flight, const char *why);

/* Tell the names again, which the buffers forget. */
void flight_refresh(struct flight *flight);

void flight_end(struct flight *flight);

#endif
