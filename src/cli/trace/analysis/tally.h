/* SPDX-License-Identifier: MIT */
/* How often, and for how long, from one numbered thing to another: who woke whom, who sends to which channel. */
#ifndef WEFT_CLI_TRACE_ANALYSIS_TALLY_H
#define WEFT_CLI_TRACE_ANALYSIS_TALLY_H

#include <stdint.h>

#include "cli/trace/map.h"

enum { TALLY_ROWS_MAX = 16384 }; /* pairs that are told apart; the rest is counted in `folded` */

struct tally_row {
    uint32_t from;
    uint32_t to;
    uint16_t kind;
    uint64_t count;
    int64_t sum_ns;
};

struct tally {
    struct map rows;
    uint64_t folded;
};

void tally_fini(struct tally *tally);
void tally_add(struct tally *tally, uint32_t from, uint32_t to, uint16_t kind, uint64_t count, int64_t ns);

/* All rows, most frequent first; the array is the caller's, the rows are not. */
struct tally_row **tally_sorted(const struct tally *tally, size_t *out_count);

#endif
