/* SPDX-License-Identifier: MIT */
/*
 * A function that runs in a process of its own, since what it calls may abort, crash, or never return. What it has to
 * say it puts, record by record, into memory that both processes see: what it said before it ended stays readable,
 * however it ended. Nothing here knows what is called, or what is said.
 *
 * One thread of each process enters. The child has no standard input, its output goes nowhere, and of what it prints to
 * its standard error the last line is kept for the sentence that says how it ended. It does not outlive its parent.
 */
#ifndef WEFT_CLI_TRACE_APART_H
#define WEFT_CLI_TRACE_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { APART_RECORD_MAX = 1 << 15 };

struct apart_area; /* what both see */

struct apart {
    struct apart_area *area;
    uint32_t block;  /* that is being filled, or emptied */
    uint32_t at;     /* parent: how far it is emptied */
    int socket;      /* one byte each way per block: full, and empty again */
    pid_t pid;       /* parent: of the child */
    int said;        /* parent: the child's standard error */
    int64_t seen_ns; /* parent: the child's processor time when it last got on */
    uint64_t seen;   /* parent: how far that was */
    int64_t limit_ns;
    bool full;    /* parent: the block was handed over */
    bool ended;   /* parent: the child has */
    bool circles; /* parent: for that it was killed */
};

/* ---- the parent ---- */

/*
 * Calls body(context, apart) in a child. A child that takes `limit_ns` of processor time without getting on is killed:
 * not of the time of the clock, which a busy machine would take from it. 0, or -1 with errno.
 */
int apart_start(struct apart *apart, int64_t limit_ns, void (*body)(void *context, struct apart *apart), void *context);

/* The next record, until the next call; NULL: there is none any more. */
void *apart_take(struct apart *apart, uint32_t *out_what, size_t *out_bytes);

/*
 * Ends the child, if it has not ended. true: its body returned. false: it did not, and `text` says in a few words what
 * happened; *out_crashed: it was the fault of what it called. A child that was not wanted to its end is no concern.
 */
bool apart_end(struct apart *apart, bool *out_crashed, char *text, size_t text_size);

/* ---- the child ---- */

/* Room for a record of at most `bytes` (APART_RECORD_MAX), aligned to 8; waits while the parent has not emptied its. */
void *apart_room(struct apart *apart, size_t bytes);

/* What was written there is said. */
void apart_say(struct apart *apart, uint32_t what, size_t bytes);

/* Let the parent have what was said so far, though a block is not full. */
void apart_flush(struct apart *apart);

/* It gets on, though there is nothing to say. */
void apart_alive(struct apart *apart);

#endif
