/* SPDX-License-Identifier: MIT */
/* base/bell.h without a descriptor: a word that is rung, and that a host sleeps on where it would sleep in poll(). As with the
 * system's calls, a clear that takes a ring sees what was before it. */
#include "bell.h"

#include "base/bell.h"

#include <errno.h>

#include "base/futex.h"
#include "model.h"

void weft__bell_init(struct weft__bell *bell) { atomic_init(&bell->clapper, 0); }
void weft__bell_fini(struct weft__bell *bell) { (void)bell; }

int weft__bell_open(struct weft__bell *bell, int beside)
{
    (void)bell;
    (void)beside;
    return 7;
}

void weft__bell_ring(struct weft__bell *bell)
{
    weft__exchange_release(&bell->clapper, 1);
    weft__futex_wake((_Atomic uint32_t *)(void *)&bell->clapper, WEFT__WAKE_ALL);
}

void weft__bell_clear(struct weft__bell *bell) { weft__exchange_acquire(&bell->clapper, 0); }

void model_bell_poll(struct weft__bell *bell)
{
    while (weft__load_relaxed(&bell->clapper) == 0)
        weft__futex_wait((_Atomic uint32_t *)(void *)&bell->clapper, 0, INT64_MAX);
}
