/* SPDX-License-Identifier: MIT */
#include "registry/rcu.h"

#include <stdbool.h>
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

static bool rcu_forks; /* liburcu was told of the fork that is under way */

void weft__rcu_before_fork(void)
{
    rcu_forks = !rcu_read_ongoing();
    if (rcu_forks)
        rcu_bp_before_fork();
}

void weft__rcu_after_fork_parent(void)
{
    if (rcu_forks)
        rcu_bp_after_fork_parent();
}

void weft__rcu_after_fork_child(void)
{
    if (rcu_forks)
        rcu_bp_after_fork_child();
}
