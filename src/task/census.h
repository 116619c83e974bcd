/* SPDX-License-Identifier: MIT */
/*
 * How many tasks live, by name and by state: counted by walking their pages, so that a task costs nothing for it while it
 * lives. A walk takes some 20 ns a task; there is none sooner than a hundred times that after the one before, so however many
 * live, and however often somebody asks, it costs one hundredth of a processor.
 *
 * Threads: any; one walks, the others meanwhile have the walk before.
 */
#ifndef WEFT_TASK_CENSUS_H
#define WEFT_TASK_CENSUS_H

#include <weft/task.h>

#include "task/task.h"

enum { WEFT__CENSUS_STATES = WEFT_TASK_ENDED + 1 };

struct weft__census_counts {
    uint64_t of[WEFT__NAMES_PLACES];
    uint64_t states[WEFT__CENSUS_STATES];
};

struct weft__census {
    struct weft__lock walking;
    struct weft__lock lock; /* the rest */
    bool taken;
    int64_t at;   /* when the last walk ended */
    int64_t took; /* and what it took */
    struct weft__census_counts counts;
};

/* Count, if it is time for it. False: nobody has yet. */
bool weft__census_take(struct weft__census *census, struct weft__env *env, struct weft__census_counts *out);

#endif
