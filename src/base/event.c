/* SPDX-License-Identifier: MIT */
#include "base/event.h"

#include <errno.h>

#include "base/futex.h"

int weft__event_wait(struct weft__event *event, int64_t deadline_ns)
{
    uint32_t seen = WEFT__EVENT_CLEAR;
    weft__cas_strong_relaxed(&event->word, &seen, WEFT__EVENT_SLEEPING); /* if it is set, the next line acquires */
    while (weft__load_acquire(&event->word) != WEFT__EVENT_SET) {        /* EV-A1 */
        if (weft__futex_wait(&event->word, WEFT__EVENT_SLEEPING, deadline_ns) != -ETIMEDOUT)
            continue;
        seen = WEFT__EVENT_SLEEPING;
        if (weft__cas_strong_relaxed(&event->word, &seen, WEFT__EVENT_CLEAR))
            return -ETIMEDOUT; /* which promises nothing */
    }
    return 0;
}

bool weft__event_is_set(struct weft__event *event)
{
    return weft__load_acquire(&event->word) == WEFT__EVENT_SET; /* EV-A1 */
}

void weft__event_set(struct weft__event *event)
{
    if (weft__exchange_release(&event->word, WEFT__EVENT_SET) == WEFT__EVENT_SLEEPING) /* EV-R1 */
        weft__futex_wake(&event->word, 1);
}
