/* SPDX-License-Identifier: MIT */
/* src/registry/rcu.c for the explorer: the promise of RCU and nothing more, in C11. A read section either sees what was
 * written before a synchronize, or ends, wholly ordered, before that synchronize returns.
 *
 * Threads: any. A reader announces itself and then looks, the synchronizer unpublishes and then looks for readers; the
 * fence between is the synchronizer's alone, on behalf of all (liburcu's membarrier). So a section orders nothing by
 * itself, and code that relies on it for more than RCU fails here. */
#include "registry/rcu.h"

#include "model.h"

#include <stdatomic.h>

enum { THREADS = 8 }; /* MODEL_THREADS */

static _Atomic unsigned rcu_period = 1;
static _Atomic unsigned rcu_section[THREADS]; /* the period in which the section began; 0: outside */
static unsigned rcu_depth[THREADS];

void weft__rcu_read_lock(void)
{
    unsigned me = model_thread();
    if (rcu_depth[me]++)
        return;
    atomic_store_explicit(&rcu_section[me], atomic_load_explicit(&rcu_period, memory_order_relaxed),
                          memory_order_relaxed);
}

void weft__rcu_read_unlock(void)
{
    unsigned me = model_thread();
    if (!rcu_depth[me])
        model_fail("rcu_read_unlock outside of a section");
    if (--rcu_depth[me] == 0)
        atomic_store_explicit(&rcu_section[me], 0, memory_order_relaxed);
}

void weft__rcu_synchronize(void)
{
    if (rcu_depth[model_thread()])
        model_fail("rcu_synchronize inside a section");
    model_membarrier();
    const unsigned period = atomic_fetch_add_explicit(&rcu_period, 1, memory_order_relaxed) + 1;
    for (int i = 0; i < THREADS; i++) {
        unsigned section;
        while ((section = atomic_load_explicit(&rcu_section[i], memory_order_relaxed)) != 0 && section < period)
            model_relax();
    }
    model_membarrier();
}
