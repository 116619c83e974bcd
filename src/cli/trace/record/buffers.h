/* SPDX-License-Identifier: MIT */
/* LTTng's buffers: so many sub-buffers of such a size for each processor of the machine. How large they should be. */
#ifndef WEFT_CLI_TRACE_RECORD_BUFFERS_H
#define WEFT_CLI_TRACE_RECORD_BUFFERS_H

#include <stdint.h>

enum { BUFFERS_TEXT = 48 };

struct buffers {
    uint64_t count; /* sub-buffers, a power of two */
    uint64_t size;  /* bytes of each, a power of two */
};

/* "8x4M" as LTTng takes it; -1: it is none. */
int buffers_parse(const char *text, struct buffers *out_buffers);

/* "8x4M", or "8x12345" if it is no whole K or M. Returns `out`. */
const char *buffers_text(char out[BUFFERS_TEXT], struct buffers buffers);

/*
 * As large as has lost nothing so far, if an eighth of the memory that is free, and a half of /dev/shm, are enough for
 * it on each of so many processors; else as large as that allows.
 */
struct buffers buffers_fit(uint64_t processors, uint64_t memory_free, uint64_t shared_free);

/* What would have held so many bytes more on one processor. */
struct buffers buffers_hold(struct buffers had, uint64_t bytes_more);

/* Of this machine. */
struct buffers buffers_of_machine(void);

#endif
