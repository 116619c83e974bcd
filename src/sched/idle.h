/* SPDX-License-Identifier: MIT */
/*
 * Which workers sleep, and whom to wake. At most half of the busy workers search for work; a producer wakes a sleeper
 * only while nobody searches, and a searcher that finds work wakes the next: no herd, and no wake that is lost.
 *
 * States: one word, `searching` in the lower half and `awake` in the upper; and under a lock the stack of sleepers.
 *
 * Why no wake is lost: a producer makes its task visible and then reads the word by a read-modify-write (ID-R1); a worker
 * writes the word when it goes to sleep (ID-A1) and, if nobody searches then, looks through all queues once more after
 * that. The two read-modify-writes have an order. If the producer's is first, its task is seen by the last
 * look; if the sleeper's is first, the producer sees nobody searching and a sleeper, and wakes one.
 *
 * Edges: ID-R1 -> ID-A1 a producer releases, the sleeper acquires. All else on the word is relaxed, and a read-modify-write, so
 * that it passes on what producers released: whatever a searcher misses it finds at the last look.
 * Who touches what: any thread, all of it. Lock: idle, a leaf.
 */
#ifndef WEFT_SCHED_IDLE_H
#define WEFT_SCHED_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/lock.h"

#ifndef WEFT__IDLE_WORKERS_MAX
#define WEFT__IDLE_WORKERS_MAX 1024
#endif

struct weft__idle {
    _Alignas(64) _Atomic uint32_t word;
    uint32_t workers;
    struct weft__lock lock;
    uint32_t sleepers;
    uint16_t sleeping[WEFT__IDLE_WORKERS_MAX];
};

/* All workers are awake, none searches. */
void weft__idle_init(struct weft__idle *idle, uint32_t workers);

/* A task was made visible: the worker to wake, or -1. It counts as awake and searching from here on. */
int weft__idle_pick(struct weft__idle *idle);

/* Worker: may it search? */
bool weft__idle_begin_search(struct weft__idle *idle);

/* Worker: it searches no more. True: it was the last, and if it found work another should be woken. */
bool weft__idle_end_search(struct weft__idle *idle);

/*
 * Worker: it goes to sleep. True: nobody searches any more, and it must look through all queues once more. Also if it did
 * not search itself: a worker that was refused a search sleeps while the searcher finds work, and a producer that came
 * between them saw nobody asleep.
 */
bool weft__idle_sleep(struct weft__idle *idle, uint32_t worker, bool searching);

/*
 * Worker: it saw something at that last look, and searches; or it woke by itself. False: it was picked meanwhile, and is awake
 * and searching. Who saw something must search: since it slept as the last searcher, producers that came before were told
 * that somebody searches, and what it takes need not be what it saw; so it is the one that wakes the next.
 */
bool weft__idle_cancel_sleep(struct weft__idle *idle, uint32_t worker, bool searching);

/* How many sleep. */
uint32_t weft__idle_sleepers(struct weft__idle *idle);

#endif
