/* SPDX-License-Identifier: MIT */
/*
 * Circles of tasks each of which waits for the next, and for nothing else, without an end of its own: nobody will ever go
 * on. Who is at the other end must be certain (collect.c). The edges were collected one after the other, so a circle counts
 * only if each of its waits had begun before the first was collected: then there was a moment at which all waited.
 */
#include <stdio.h>
#include <string.h>
#include <weft/runtime.h>

#include "base/platform.h"
#include "lints/walk.h"

enum { CYCLES_TOLD = 6 }; /* tasks of a circle that the evidence names */

/* The only wait of a task, if it can be part of a circle. */
static const struct weft__lints_wait *cycles_edge(const struct weft__lints_walk *walk, uint64_t task, int64_t collected)
{
    const struct weft__lints_wait *wait = weft__lints_wait_of(walk, task);
    return wait && wait->several == 1 && wait->holder && !wait->ends && wait->for_ns >= collected ? wait : NULL;
}

static void cycles_tell(struct weft__lints_walk *walk, const struct weft__lints_wait *first, uint32_t length,
                        int64_t collected)
{
    char text[400];
    size_t used = 0;
    const struct weft__lints_wait *wait = first;
    for (uint32_t i = 0; i < length && i < CYCLES_TOLD && used < sizeof text; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s'%.40s' (%llu) waits for %s '%.40s' at line %u",
                                 i ? ", whose task " : "task ", wait->task_name, (unsigned long long)wait->task, wait->what,
                                 wait->name, wait->line);
        wait = cycles_edge(walk, wait->holder, collected);
    }
    weft__lints_tell(walk, WEFT_LINT_DEADLOCK, first->task, first->object, first->task_name, "%s, whose task %s", text,
                     length == 1 ? "is itself" : length <= CYCLES_TOLD ? "is the first" : "… closes the circle");
}

void weft__lints_cycles(struct weft__lints_walk *walk)
{
    const int64_t collected = weft_runtime_clock(walk->rt) - walk->now;
    uint32_t *seen = walk->answer == 0 && walk->wait_count ? weft__alloc_zeroed(walk->wait_count, sizeof *seen) : NULL;
    if (!seen) {
        walk->no_memory |= walk->answer == 0 && walk->wait_count > 0;
        return;
    }
    for (uint32_t i = 0; i < walk->wait_count; i++) {
        /* Follow the edges, and mark the way: who comes back to a mark of the same way has found a circle. */
        const struct weft__lints_wait *wait = seen[i] ? NULL : cycles_edge(walk, walk->waits[i].task, collected);
        while (wait && !seen[wait - walk->waits]) {
            seen[wait - walk->waits] = i + 1;
            wait = cycles_edge(walk, wait->holder, collected);
        }
        if (!wait || seen[wait - walk->waits] != i + 1)
            continue;
        uint32_t length = 1;
        for (const struct weft__lints_wait *at = cycles_edge(walk, wait->holder, collected); at != wait;
             at = cycles_edge(walk, at->holder, collected))
            length++;
        cycles_tell(walk, wait, length, collected);
    }
    weft__free(seen);
}
