/* SPDX-License-Identifier: MIT */
/* A process without a descriptor to spare: those that are open stay, and the next one is refused with EMFILE. */
#ifndef WEFT_TESTS_LIB_SCARCITY_H
#define WEFT_TESTS_LIB_SCARCITY_H

#include <sys/resource.h>

enum { SCARCITY_LIMIT = 64 };

struct scarcity {
    struct rlimit before;
    int fillers[SCARCITY_LIMIT], count; /* of the gaps below the limit */
};

/* The test's own thread: both assert. */
void scarcity_begin(struct scarcity *self);
void scarcity_end(struct scarcity *self);

#endif
