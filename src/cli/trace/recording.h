/* SPDX-License-Identifier: MIT */
/* Reading a recording from its folder: events in the order of their time, and gaps. */
#ifndef WEFT_CLI_TRACE_RECORDING_H
#define WEFT_CLI_TRACE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/trace/event.h"

/* Who takes what is read. */
struct recording_reader {
    void *context;
    bool (*event)(void *context, const struct event *event); /* false: enough */
    void (*gap)(void *context, const struct event_gap *gap);
};

struct recording_facts {
    size_t traces;
    uint64_t events;  /* of weft's */
    uint64_t foreign; /* of other providers */
    uint64_t unknown; /* of weft's that this program's table does not have */
    bool cut;         /* it could not be read to its end: `text` says why, and what was read is right */
};

/*
 * 0 (also if it is cut off after some events of weft's), or -1 with a sentence in `text` that says what is wrong and
 * what to do. A recording without an event of weft's is wrong, too.
 */
int recording_read(const char *path, const struct recording_reader *reader, struct recording_facts *out_facts,
                   char *text, size_t text_size);

/*
 * The same of a session that runs, from now on until it is gone: `url` is net://HOST:PORT/host/NAME/SESSION, of a relay
 * daemon. `tick` is asked when there is nothing to be read just now, ten times a second, with the time (of
 * CLOCK_MONOTONIC) from which on was looked for something; false: enough. 0, also without an event, or -1 and a text.
 */
int recording_follow(const char *url, const struct recording_reader *reader, bool (*tick)(void *context, int64_t looked_ns),
                     struct recording_facts *out_facts, char *text, size_t text_size);

#endif
