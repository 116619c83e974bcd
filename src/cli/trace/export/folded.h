/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks, one line each, as flamegraph.pl and its kin read them: who spawned whom, the task, the stretch of its
 * code, and how many nanoseconds workers spent there. Or, off the processor: where it waited and for what.
 */
#ifndef WEFT_CLI_TRACE_EXPORT_FOLDED_H
#define WEFT_CLI_TRACE_EXPORT_FOLDED_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/trace/export/span.h"

enum {
    FOLDED_DEPTH_MAX = 64,    /* of who spawned whom; deeper ones count for the last */
    FOLDED_NODES_MAX = 16384, /* beyond these, and FOLDED_ROWS_MAX stacks, what is left counts for who is told apart */
    FOLDED_ROWS_MAX = 65536
};

struct folded {
    bool waits; /* off the processor */
    struct folded_node *nodes;
    uint32_t node_count;
    struct map by_kind; /* parent and profile → 1 + node, as a pointer */
    struct map tasks;   /* live task → 1 + node, as a pointer */
    struct map rows;    /* hash → struct folded_row */
    uint32_t row_count;
};

void folded_init(struct folded *folded, bool waits);
void folded_fini(struct folded *folded);
struct span_taker folded_taker(struct folded *folded);

/* One line per stack, in the order of the tree; the analysis is finished. */
void folded_print(const struct folded *folded, const struct analysis *analysis, FILE *out);

#endif
