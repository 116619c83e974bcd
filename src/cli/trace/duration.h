/* SPDX-License-Identifier: MIT */
/*
 * Adding up durations. One fits into 63 bits, whatever was recorded (moments.h); a million tasks that live for three
 * hours do not.
 */
#ifndef WEFT_CLI_TRACE_DURATION_H
#define WEFT_CLI_TRACE_DURATION_H

#include <stdint.h>

/* *sum += ns, and the greatest duration if that is more: 292 years. */
static inline void duration_add(int64_t *sum, int64_t ns)
{
    if (__builtin_add_overflow(*sum, ns, sum))
        *sum = ns < 0 ? INT64_MIN : INT64_MAX;
}

/* ns times count, likewise. */
static inline int64_t duration_times(int64_t ns, uint64_t count)
{
    int64_t product;
    return __builtin_mul_overflow(ns, count, &product) ? INT64_MAX : product;
}

#endif
