/* SPDX-License-Identifier: MIT */
#include "base/event.h"

#include <errno.h>

#include "base/futex.h"

enum { CLEAR = 0, SLEEPING = 1, SET = 2 };

int weft__event_wait(struct weft__event *event, int64_t deadline_ns)
{
    uint32_t seen = CLEAR;
    weft__cas_strong_relaxed(&event->word, &seen, SLEEPING); /* if it is set, the next line acquires */
    while (weft__load_acquire(&event->word) != SET) {        /* EV-A1 */
        if (weft__futex_wait(&event->word, SLEEPING, deadline_ns) != -ETIMEDOUT)
            continue;
        seen = SLEEPING;
        if (weft__cas_strong_relaxed(&event->word, &seen, CLEAR))
            return -ETIMEDOUT; /* which promises nothing */
    }
    return 0;
}

bool weft__event_is_set(struct weft__event *event)
{
    return weft__load_acquire(&event->word) == SET; /* EV-A1 */
}

void weft__event_set(struct weft__event *event)
{
    if (weft__exchange_release(&event->word, SET) == SLEEPING) /* EV-R1 */
        weft__futex_wake(&event->word, 1);
}
