/* SPDX-License-Identifier: MIT */
/* A scheduler without a task room: src/sched over tasks that are a state word and a function, for harnesses that ask only
 * who runs where. puppets.c stands in for src/task/poll.c, with the real moves of task/state.h. */
#ifndef MODEL_PUPPETS_H
#define MODEL_PUPPETS_H

#include "sched/sched.h"

enum puppet_answer { PUPPET_ENDS, PUPPET_WAITS, PUPPET_YIELDS };

struct puppet {
    weft__task task; /* first */
    enum puppet_answer (*play)(struct puppet *puppet);
    int plain; /* written before it is handed over: reading it needs the edges */
    int plays;
};

extern struct weft__sched puppets;

void puppets_start(uint32_t workers);

/* Wait until all have ended, and stop the workers. */
void puppets_stop(void);

/* Called on a worker whenever it would fire its timers; NULL: nothing is due, ever. */
extern void (*puppets_turn)(void);

/* From the host, from a puppet, or from a turn. */
void puppet_spawn(struct puppet *puppet, enum puppet_answer (*play)(struct puppet *puppet), int plain);
void puppet_wake(struct puppet *puppet);

#endif
