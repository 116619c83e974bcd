/* SPDX-License-Identifier: MIT */
/*
 * Circles in who waits for whom. A task that waits for room waits for the channel's receiver, one that waits for a
 * mutex for its holder: at most one other each, so following them either ends or comes back.
 */
#include "cli/trace/analysis/analysis.h"

static const struct life *knot_next(const struct machine *machine, const struct life *life, const struct flow **flow)
{
    *flow = NULL;
    if (life->poll_ns != LIFE_CLOSED || life->ready_ns != LIFE_CLOSED)
        return NULL; /* it does not wait */
    if (life->room_ns != LIFE_CLOSED) {
        *flow = map_get(&machine->flows, life->room);
        return *flow ? life_find(machine, (*flow)->receiver) : NULL;
    }
    if (life->sync_ns != LIFE_CLOSED)
        return life_find(machine, (uint64_t)(uintptr_t)map_get(&machine->holders, life->sync));
    return NULL;
}

/* The circle through `first`, if there is one, and `first` is its lowest number: each is found once. */
static bool knot_through(struct analysis *analysis, const struct machine *machine, const struct life *first)
{
    struct knot knot = {0};
    const struct life *life = first;
    do {
        const struct flow *flow;
        const struct life *next = knot_next(machine, life, &flow);
        if (!next || knot.count == KNOT_MAX || life->id < first->id)
            return false;
        knot.at[knot.count].task = life->id;
        knot.at[knot.count].profile = life->profile->number;
        knot.at[knot.count++].stream = flow ? flow->stream->number : 0;
        life = next;
    } while (life != first);
    analysis->knots[analysis->knot_count++] = knot;
    return true;
}

void analysis_find_knots(struct analysis *analysis, const struct machine *machine)
{
    const struct life *life;
    for (size_t at = 0; (life = map_next(&machine->lives, &at)) && analysis->knot_count < KNOTS_MAX;)
        (void)knot_through(analysis, machine, life);
}
