/* SPDX-License-Identifier: MIT */
/* What a process that reads a recording says to the one that asked: events, gaps, and how it ended, as records. */
#ifndef WEFT_CLI_TRACE_WIRE_H
#define WEFT_CLI_TRACE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/trace/apart.h"
#include "cli/trace/event.h"

enum wire_what { WIRE_EVENT, WIRE_GAP, WIRE_TICK, WIRE_END };

/* The last word of a reader that came to an end, good or bad. */
struct wire_end {
    int32_t result;       /* 0, or -1 with a text */
    uint32_t other_shape; /* 1 + the kind of an event of weft's whose fields are not the table's; 0: none */
    uint64_t foreign;     /* events of other providers */
    uint64_t unknown;     /* of weft's that the table does not have */
    char text[1 << 12];
};

void wire_say_event(struct apart *apart, const struct event *event);
void wire_say_gap(struct apart *apart, const struct event_gap *gap);
/* Who looked at `looked_ns` and later found nothing more; what was said before is handed over. */
void wire_say_tick(struct apart *apart, int64_t looked_ns);
void wire_say_end(struct apart *apart, const struct wire_end *end);

/* The event of a record, in its place: as long as the record. NULL: it is none of ours, whoever wrote it. */
struct event *wire_event(void *record, size_t bytes);

/* The same of a gap, and of the end. */
const struct event_gap *wire_gap(void *record, size_t bytes);
const struct wire_end *wire_end(const void *record, size_t bytes);

#endif
