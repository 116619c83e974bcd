/* SPDX-License-Identifier: MIT */
/* What LTTng could not record since its buffers were full, as the heads of the packets say: without reading an event.
 */
#ifndef WEFT_CLI_TRACE_RECORD_LOSS_H
#define WEFT_CLI_TRACE_RECORD_LOSS_H

#include <stdint.h>

struct loss {
    uint64_t events; /* that were lost, of all processors */
    uint64_t burst;  /* the most of one processor between two packets before which nothing was lost */
    uint64_t bytes;  /* that were recorded, without what fills packets up */
};

/* Adds up the stream files below a folder whose names begin with `channel`; what cannot be read adds nothing. */
void loss_read(const char *folder, const char *channel, struct loss *out_loss);

#endif
