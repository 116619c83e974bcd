/* SPDX-License-Identifier: MIT */
/*
 * Which workers sleep, and whom to wake. At most half of the busy workers search for work; a producer wakes a sleeper
 * only while nobody searches, and a searcher that finds work wakes the next: no herd, and no wake that is lost.
 *
 * States: one word, `searching` in the lower half and `awake` in the upper; and under a lock the stack of sleepers, and who naps.
 *
 * A nap is a slow search: its worker counts as one that searches, so that nobody is woken, and looks through all queues when it
 * has slept for some time (worth.h says for how long, a millisecond at most). One worker at a time, and only while another works:
 * while somebody naps another is awake that does not. The last of those that goes to sleep takes the napper along, onto the stack,
 * and from then on all sleep as if there were no naps. So what a task makes ready waits for the end of a nap only if all who work
 * are in long polls, and never if all sleep; what comes from other threads ends the nap. If something has come since anybody
 * searched, then more is coming: each nap would be over as it begins, or for a wake by whoever comes next. Such a nap is deaf: nothing
 * ends it, and it is as short as naps get.
 *
 * Why no wake is lost: a producer makes its task visible and then reads the word; a worker writes the word when it goes to
 * sleep and, if nobody searches then, looks through all queues once more after that. Either the producer sees the sleeper,
 * or the last look sees the task. So does the last searcher when it stops: a producer that saw it search woke nobody. While nobody
 * goes to sleep the word is only read, and stays in every worker's cache.
 *
 * A push into the shared queue has two steps, and who is stopped between them keeps from the takers what is there, his own and what was
 * pushed after it, and before it if that is one alone (registry/handoff.h). At the last look that is no work:
 *
 *     pusher                                    worker
 *     1 exchange the tail                       a write the word: asleep
 *     2 store the link                          b lock the takers' lock, and look (true at once if another holds it)
 *     3 write the word (announce)               c a gap: sleep;   none: be awake, and search
 *     4 read the word (pick): wake who sleeps
 *
 *     3 before a    a has read from 3 (ID-R2 -> ID-A2), so b sees 2: no gap of this push, and what it pushed is at the last look
 *     a before 3    4 reads a, or what came after it: it wakes somebody, or somebody searches, whose own a, or end of a search, is after 3
 *
 * So a gap at b is a push whose 3 is to come, and its 4 wakes for all that lay behind the gap: for those pushers saw a searcher, and woke
 * nobody, and it was their tasks that this last look was for. Hence each push is announced and notified after its link, also one by a worker who
 * comes back to it by itself; several pushes in a row once, after the last. A gap of a push before it hides a whole one from b: the one
 * that comes last tells. Under the lock, since a take makes such a gap, too, and whoever takes tells nobody.
 *
 * Edges:
 *     ID-R1 -> ID-A1   a ring's tail, then the word by the producer; the word, then the tail by the sleeper, and by the last
 *                      searcher that found something; all sequentially consistent.
 *     ID-R2 -> ID-A2   the shared queue is liburcu's, and its words have no such order: there the producer writes the word,
 *                      too, adding nothing, and releases; the sleeper or searcher acquires. The two writes have an order.
 *     ID-R3 -> ID-A3   who comes from outside writes `outside`, then the word, and reads who naps; a napper writes that, then the
 *                      word, and reads `outside`. The two writes of the word have an order: one of them sees the other.
 *     ID-R4 -> ID-A4   who clears `outside` sees the task for which it was set, and finds it in the shared queue.
 * All else on the word is relaxed, and a read-modify-write, so that it passes on what producers released: whatever a searcher
 * misses it finds at the last look.
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
    _Atomic uint32_t napper; /* its index + 1, and whether it is deaf; 0: nobody. Written under the lock */
    _Atomic uint32_t rising; /* how many were picked and are not up yet; a throttle */
    _Atomic uint32_t outside; /* something has come from another thread than a worker's: the next nap is a search at once */
    _Atomic uint32_t rests; /* how often the last one went to sleep; written under the lock */
    uint32_t sleepers;
    uint16_t sleeping[WEFT__IDLE_WORKERS_MAX];
};

/* All workers are awake, none searches. */
void weft__idle_init(struct weft__idle *idle, uint32_t workers);

/* A task is in the shared queue: before the next call. */
void weft__idle_announce(struct weft__idle *idle);

/* The same, in its place, for what came from another thread than a worker's: the worker whose nap is to end, or -1. */
int weft__idle_announce_outside(struct weft__idle *idle);

/* A task was made visible: the worker to wake, or -1. It counts as awake and searching from here on. */
int weft__idle_pick(struct weft__idle *idle);

/* Worker: it was picked, and is up. */
void weft__idle_rise(struct weft__idle *idle);

/* Worker: may it search? Who naps, or is not up yet, counts as searching and looks at nothing: it takes nobody's place. */
bool weft__idle_begin_search(struct weft__idle *idle);

/*
 * Worker: it has found work, and searches no more. True: it was the last, and others sleep. Then it looks through all queues, as who
 * goes to sleep as the last does, and if there is more it wakes one. Unasked it would wake a second worker for each task that
 * comes alone, which costs the first a system call and the second a search.
 */
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

/* Worker: is any other awake that does not search? It comes to what is pushed now, sooner or later. */
bool weft__idle_others_work(struct weft__idle *idle, bool searching);

/* Worker: is every other asleep, or naps, or is not up yet? Nobody looks but this one. */
bool weft__idle_is_last(struct weft__idle *idle);

/*
 * Worker: it naps, and counts as searching from here on. False, and nothing has changed: somebody naps already, or no other works.
 * It is to ask whether the nap is deaf, and if not, whether it was called meanwhile.
 */
bool weft__idle_nap(struct weft__idle *idle, uint32_t worker, bool searching);

/* Worker: what it was called for is not done with yet. */
void weft__idle_call(struct weft__idle *idle);

/* Worker that is about to search: did anything come from outside since somebody did? It is told once. */
bool weft__idle_called(struct weft__idle *idle);

/* Worker that naps: it has to make it short, since nothing ends it. */
bool weft__idle_is_deaf(struct weft__idle *idle);

/* Worker that naps, and is not deaf: did it? Then the nap is over at once. */
bool weft__idle_is_called(struct weft__idle *idle);

/* Worker: the nap is over, and it searches. False: it was taken along; it sleeps, as far as the others know, or was picked. */
bool weft__idle_end_nap(struct weft__idle *idle, uint32_t worker);

/* Who naps, perhaps: its index, or -1. */
int weft__idle_napper(struct weft__idle *idle);

/* How often all slept. */
uint32_t weft__idle_rests(struct weft__idle *idle);

/* How many sleep, or nap. */
uint32_t weft__idle_sleepers(struct weft__idle *idle);

#endif
