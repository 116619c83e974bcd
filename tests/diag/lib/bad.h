/* SPDX-License-Identifier: MIT */
/* Requests that are none, or more than one may ask; and as many more as one likes, made of them by a seed. */
#ifndef WEFT_TESTS_DIAG_BAD_H
#define WEFT_TESTS_DIAG_BAD_H

#include <stddef.h>
#include <stdint.h>

struct bad_request {
    const char *text;
    size_t length;   /* 0: as its text */
    int statuses[4]; /* what may be answered, to 0: the connection may also end without an answer */
};

extern const struct bad_request bad_requests[];
extern const size_t bad_count;

size_t bad_length(size_t at);

/*
 * Send so many, 64 at a time, and after each such lot a good one, which has to be served. How many were answered. The test's
 * own thread.
 */
uint64_t bad_storm(const char *where, uint64_t count, uint64_t *rng);

#endif
