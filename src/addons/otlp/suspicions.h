/* SPDX-License-Identifier: MIT */
/*
 * What weft itself has to say in the log: its lints (<weft/lints.h>), each when it is seen first, and again when it had gone
 * in between. It looks every five seconds, and at a flush. Threads: the exporter.
 */
#ifndef WEFT_OTLP_SUSPICIONS_H
#define WEFT_OTLP_SUSPICIONS_H

#include <stdint.h>

struct weft__otlp_watch;

enum { WEFT__OTLP_SUSPICIONS_MAX = 256 }; /* told apart at a time; what comes beyond is not told */

/* What was seen at one look, by hashes. */
struct weft__otlp_seen {
    uint32_t count;
    uint64_t of[WEFT__OTLP_SUSPICIONS_MAX];
};

/* Zeroed at first. */
struct weft__otlp_suspicions {
    struct weft__otlp_watch *watches; /* a memory of each runtime */
    struct weft__otlp_seen before, now;
    int64_t next; /* look */
};

/* Look if it is time; when the next time is. */
int64_t weft__otlp_suspicions_turn(struct weft__otlp_suspicions *suspicions, int64_t now);
void weft__otlp_suspicions_look(struct weft__otlp_suspicions *suspicions, int64_t now);
void weft__otlp_suspicions_end(struct weft__otlp_suspicions *suspicions);

#endif
