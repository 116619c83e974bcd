/* SPDX-License-Identifier: MIT */
/* How large a channel should be, from what the recording shows of it, and why. */
#ifndef WEFT_CLI_TRACE_ADVICE_CAPACITY_H
#define WEFT_CLI_TRACE_ADVICE_CAPACITY_H

#include "cli/trace/analysis/analysis.h"

enum { CAPACITY_REASON_SIZE = 400 };

struct capacity {
    enum capacity_verdict {
        CAPACITY_UNKNOWN, /* the recording does not tell its capacity, or nothing was sent */
        CAPACITY_FITS,
        CAPACITY_LARGER,   /* bursts fill it */
        CAPACITY_RECEIVER, /* it is full because its receiver is too slow: no capacity is large enough */
        CAPACITY_SMALLER
    } verdict;
    uint32_t recommended; /* 0: unknown */
    double full_share;    /* of the time, -1: unknown */
    double near_share;
    double receiver_busy; /* share of its life that its receiver was polled, -1: unknown */
    char reason[CAPACITY_REASON_SIZE];
};

struct capacity capacity_of(const struct analysis *analysis, const struct stream *stream);

/* Sends that had to wait, were refused or cost a message. */
uint64_t capacity_pressure(const struct stream *stream);

#endif
