/* SPDX-License-Identifier: MIT */
/*
 * Stretches of code: what a step does in one poll, from the await that it goes on from to the one at which it stops
 * again, both by their lines. A program has as many as it has pairs of awaits, so a long poll is found by its line.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_SEGMENT_H
#define WEFT_CLI_TRACE_ANALYSIS_SEGMENT_H

#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/map.h"

enum { SEGMENTS_MAX = 8192 };

struct segment {
    uint32_t profile;   /* its number */
    uint32_t from_line; /* 0: the step's beginning, or the recording does not tell */
    uint32_t to_line;   /* 0: its end */
    struct histogram polls;
    uint64_t task; /* of the longest */
    int64_t at_ns;
};

struct segments {
    struct map by_key;
    uint64_t folded; /* polls of more segments than are told apart */
};

void segments_fini(struct segments *segments);
void segments_add(struct segments *segments, uint32_t profile, uint32_t from_line, uint32_t to_line, uint64_t task,
                  int64_t begin_ns, int64_t took_ns);

/* Those with a poll of at least `ns`, most time in such polls first. The array is the caller's. */
struct segment **segments_longer(const struct segments *segments, int64_t ns, size_t *out_count);

/* The time that its polls of at least `ns` took, about. */
int64_t segment_time_above(const struct segment *segment, int64_t ns);

#endif
