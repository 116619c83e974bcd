/* SPDX-License-Identifier: MIT */
/* A life: a runtime with a load that waits at every place where one can wait, with books, ended at a random moment. */
#ifndef WEFT_TESTS_REL_STORM_STORM_H
#define WEFT_TESTS_REL_STORM_STORM_H

#include <stdatomic.h>
#include <weft.h>

#include "base/rng.h"
#include "lib/verdict.h"
#include "lib/world.h"

enum { STORM_LINES = 3 };

/* What one life has done; a refused call counts nowhere. */
struct books {
    atomic_ullong spawned, completed, cancelled, failed;
    atomic_ullong sent, received, returned; /* returned: by the channel's drop function */
    atomic_ullong submitted, ran, taken_back;
    atomic_ullong written, read; /* bytes */
};
extern struct books books;

/* Note how a task of the books ended: with this result. */
int books_end(int result);

/* Nothing lives any more: by VERDICT. */
void books_balance(void);

/* Count a spawn; whether it was accepted. */
bool books_spawned(weft_task task);

/* The channels of a life. The storm owns one sender and, until a task has it, the receiver of each. */
struct storm {
    weft_runtime *rt;
    struct weft__rng rng; /* of the life: all that it does is decided by it, but how threads meet */
    numbers_sender out[STORM_LINES];
    numbers_receiver in[STORM_LINES];
    weft_semaphore semaphore;
    weft_task some[8]; /* tasks that others cancel, wake and join */
    unsigned some_count;
};

/* Make the channels and spawn the actors, as many as the dice say. */
void storm_load(struct storm *storm);

/* Close what the storm itself holds open: before the runtime's end, or after. */
void storm_close(struct storm *storm);

#endif
