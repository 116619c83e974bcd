/* SPDX-License-Identifier: MIT */
/* How well the process is: the worst of all, and why. */
#ifndef WEFT_DIAG_HEALTH_H
#define WEFT_DIAG_HEALTH_H

#include <weft/diag.h>
#include <weft/monitor.h>

enum { WEFT__DIAG_REASONS = 32 };

struct weft__diag_reason {
    weft_health status;
    uint32_t runtime; /* 0: of none */
    char text[320];
};

struct weft__diag_health {
    weft_health status;
    uint32_t runtimes;
    int64_t all_stuck_ns; /* how long every worker of a runtime has been in one poll */
    uint64_t unknown;     /* the oldest channel that nobody has judged; 0: none */
    uint32_t reason_count;
    uint32_t more;        /* reasons that are left out */
    struct weft__diag_reason reasons[WEFT__DIAG_REASONS];
};

/* From one look to the next. */
struct weft__diag_memory {
    uint64_t unknown; /* the channel that was that */
    int64_t since;
    struct weft__diag_lints *lints; /* what lints.c keeps of each runtime */
};

/* Give that back. */
void weft__diag_lints_free(struct weft__diag_memory *memory);

weft_health weft__diag_health_worse(weft_health a, weft_health b);

void weft__diag_judge(struct weft__diag_health *health, const weft_diag_options *options, struct weft__diag_memory *memory);

#endif
