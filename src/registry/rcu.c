/* SPDX-License-Identifier: MIT */
#include "registry/rcu.h"

#include <urcu-bp.h>

#include "base/tsan.h"

#ifdef WEFT__TSAN
static char rcu_order; /* stands for the order that liburcu's barriers make */
#endif

void weft__rcu_read_lock(void)
{
    rcu_read_lock();
#ifdef WEFT__TSAN
    weft__tsan_acquire(&rcu_order);
#endif
}

void weft__rcu_read_unlock(void)
{
#ifdef WEFT__TSAN
    weft__tsan_release(&rcu_order);
#endif
    rcu_read_unlock();
}

void weft__rcu_synchronize(void)
{
#ifdef WEFT__TSAN
    weft__tsan_release(&rcu_order);
#endif
    synchronize_rcu();
#ifdef WEFT__TSAN
    weft__tsan_acquire(&rcu_order);
#endif
}
