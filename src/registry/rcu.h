/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update: a reader walks shared memory without a lock, and memory is given back only after every reader that
 * could see it has left. The "bulletproof" flavour of liburcu, since any host thread may be a reader and none registers.
 * call_rcu is not used: it aborts when it cannot make its thread.
 *
 * Edges: what a thread wrote before it unpublished a pointer is ordered before the return of weft__rcu_synchronize()
 * as seen by readers; every reader's section that began before it has ended.
 */
#ifndef WEFT_REGISTRY_RCU_H
#define WEFT_REGISTRY_RCU_H

/* Sections nest. Nothing inside may wait for weft__rcu_synchronize(). Any thread. */
void weft__rcu_read_lock(void);
void weft__rcu_read_unlock(void);

/* Wait until every section that runs now has ended. Not inside a section. Takes milliseconds. */
void weft__rcu_synchronize(void);

/*
 * fork(), one at a time: the child has no readers but itself. A thread that forks inside a section (by a hook) does so
 * without this: it would wait for whoever waits for the section. Its child may read, and not synchronize.
 */
void weft__rcu_before_fork(void);
void weft__rcu_after_fork_parent(void);
void weft__rcu_after_fork_child(void);

#endif
