/* SPDX-License-Identifier: MIT */
/*
 * A section begins and ends with liburcu's functions in place and not by a call: wakes, joins and the ends of tasks are
 * full of them. Both are of less than ten lines, and liburcu's header says that they may so be used by code under another
 * licence. Half of what a call of the library costs is to ask where the record of its thread is (CMakeLists.txt).
 */
#include "registry/rcu.h"

#include <stdbool.h>
#include <urcu-bp.h>
#include <urcu/static/urcu-bp.h>

#include "base/tsan.h"

#ifdef WEFT__TSAN
static char rcu_order; /* stands for the order that liburcu's barriers make; its own words are not for TSan to judge */
#define rcu_begin rcu_read_lock
#define rcu_end rcu_read_unlock
#else
#define rcu_begin _urcu_bp_read_lock
#define rcu_end _urcu_bp_read_unlock
#endif

void weft__rcu_read_lock(void)
{
    rcu_begin();
#ifdef WEFT__TSAN
    weft__tsan_acquire(&rcu_order);
#endif
}

void weft__rcu_read_unlock(void)
{
#ifdef WEFT__TSAN
    weft__tsan_release(&rcu_order);
#endif
    rcu_end();
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
