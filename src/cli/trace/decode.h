/* SPDX-License-Identifier: MIT */
/* From babeltrace's events to ours. */
#ifndef WEFT_CLI_TRACE_DECODE_H
#define WEFT_CLI_TRACE_DECODE_H

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/event.h"
#include "cli/trace/map.h"

struct decode {
    struct map classes;      /* event class → what we know of it; it lives as long as this */
    uint64_t foreign;        /* events of other providers */
    uint64_t unknown;        /* events of weft that this program's table does not have */
    const char *other_shape; /* the first event of weft whose fields are not those of the table, or NULL */
};

void decode_fini(struct decode *decode);

/* true: *out_event is an event of weft's. Its texts belong to the message. */
bool decode_event(struct decode *decode, const bt_message *message, struct event *out_event);

/* true: the message says that something was discarded. */
bool decode_gap(const bt_message *message, struct event_gap *out_gap);

#endif
