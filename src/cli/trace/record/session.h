/* SPDX-License-Identifier: MIT */
/*
 * A recording session of LTTng's, driven by its command line: what that prints is what people find in its manual and in
 * the web, and it needs no library that a machine that only reads recordings would have to have.
 *
 * Each call that fails leaves a sentence in `text` that says what is wrong and how to mend it. session_end() takes back
 * whatever was begun, in whatever state.
 */
#ifndef WEFT_CLI_TRACE_RECORD_SESSION_H
#define WEFT_CLI_TRACE_RECORD_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/trace/record/buffers.h"

#define SESSION_EVENTS_CHANNEL "events" /* its stream files begin with it */

enum { SESSION_TEXT = 4096 + 1024 };

enum session_kind {
    SESSION_WHOLE,  /* everything from start to stop is written */
    SESSION_FLIGHT, /* the last that fits into the buffers is kept, and written when somebody asks */
    SESSION_LIVE,   /* everything is sent to a relay daemon of this machine */
};

struct session {
    enum session_kind kind;
    char name[64];
    const char *folder; /* where it is written to, absolute */
    unsigned control, data; /* ports of the relay daemon that it is sent to, */
    int64_t delay_ns;       /* at least so often */
    struct buffers buffers;
    const char *only; /* patterns of events' names, with commas between; NULL: all */
    pid_t daemon;     /* that was started for it, 0: none */
    bool created;
    char current[256]; /* the user's current session, which `lttng create` replaces; "": there was none */
    unsigned triggers; /* that were added, in this order */
    char text[SESSION_TEXT];
};

/* Is `lttng` there, and does a session daemon answer? Starts one if none runs: session->daemon. */
int session_find_daemon(struct session *session);

/* Makes the session with its channels; what to record is enabled, and nothing recorded yet. */
int session_create(struct session *session);

/* Only of the process of this number, as itself sees it, and not of its children. */
int session_only_process(struct session *session, pid_t vpid);

int session_start(struct session *session);

/* Writes what is left in the buffers; nothing is recorded any more. */
int session_stop(struct session *session);

/* Does the session daemon know the process? Only one that knows it gets its events. */
bool session_knows(pid_t pid);

/*
 * Runs `lttng` with these words, up to a NULL. 0, or -1: `text` says what it has said, and `hint`, a sentence. It waits
 * for a minute at most.
 */
int session_lttng(struct session *session, const char *hint, const char *const words[]);
#define SESSION_LTTNG(session, hint, ...) session_lttng(session, hint, (const char *const[]){__VA_ARGS__, NULL})

/* It is gone; the daemon stays. */
void session_destroy(struct session *session);

/* And the daemon, if it was started for it and nobody else has come. */
void session_end(struct session *session);

#endif
