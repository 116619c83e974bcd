/* SPDX-License-Identifier: MIT */
/*
 * Times of events as whoever takes them relies on: none is before that of the event before, none is negative or after
 * MOMENTS_MAX. So a difference of two times is a duration, or the negative of one, and fits into 63 bits. Recordings are
 * so by themselves; of broken ones, which may say anything, it is made so at the door: where events come in, and nowhere
 * else.
 */
#ifndef WEFT_CLI_TRACE_MOMENTS_H
#define WEFT_CLI_TRACE_MOMENTS_H

#include <stdint.h>

#include "cli/trace/event.h"

#define MOMENTS_MAX (INT64_MAX / 2) /* in the year 2116 */

struct moments {
    int64_t last_ns; /* of the event before; all zeroes: there was none */
};

/* Each event, before anybody takes it. */
void moments_take(struct moments *moments, struct event *event);

#endif
