/* SPDX-License-Identifier: MIT */
/* What the provider knows of recordings: whether one could be made, and how often one has started. */
#ifndef WEFT_ADDONS_LTTNG_SESSION_H
#define WEFT_ADDONS_LTTNG_SESSION_H

#include <stddef.h>
#include <stdint.h>

/* weft_trace_provider.status: 0, or WEFT_ENOTCONN; `text` says why and what to do. Opens and closes a socket. */
int weft__lttng_session_status(char *text, size_t text_size);

/* weft_trace_provider.sessions: how many times a recording has started. */
uint32_t weft__lttng_session_count(void);

/* Told by each wanted(): the bits of the events that are on now. */
void weft__lttng_session_look(uint64_t bits);

#endif
