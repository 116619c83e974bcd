/* SPDX-License-Identifier: MIT */
/* Twin: workers that sleep on a futex and a producer that wakes one if it sees a sleeper.
 *
 * Dekker's pattern: the worker says "I sleep" and then looks for work, the producer adds work and then looks for
 * sleepers; both need a full fence between. Law: every item is taken; nobody sleeps for ever beside work (DEADLOCK). */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { EMPTY, PARKED, NOTIFIED };
enum { WORKERS = 2, ITEMS = 2 };

#ifdef BUG_PRODUCER_FENCE
#define PRODUCER_FENCE() atomic_thread_fence(memory_order_acq_rel)
#else
#define PRODUCER_FENCE() atomic_thread_fence(memory_order_seq_cst)
#endif
#ifdef BUG_WORKER_FENCE
#define WORKER_FENCE() atomic_thread_fence(memory_order_acq_rel)
#else
#define WORKER_FENCE() atomic_thread_fence(memory_order_seq_cst)
#endif

static _Atomic uint32_t parkers[WORKERS];
static _Atomic uint32_t sleepers; /* one bit each */
static _Atomic int work;
static _Atomic int taken;

static void unpark(_Atomic uint32_t *state)
{
#ifdef BUG_UNPARK_WITHOUT_WAKE
    atomic_exchange_explicit(state, NOTIFIED, memory_order_release);
#elif defined(BUG_WAKE_BEFORE_STATE)
    if (atomic_load_explicit(state, memory_order_relaxed) == PARKED) {
        model_futex_wake(state, 1);
    }
    atomic_exchange_explicit(state, NOTIFIED, memory_order_release);
#else
    if (atomic_exchange_explicit(state, NOTIFIED, memory_order_release) == PARKED) {
        model_futex_wake(state, 1);
    }
#endif
}

/* Takes the notification. A load and a store would not do: a second notification may come between them, and what its
 * sender wrote would never be looked at. */
static void park_consume(_Atomic uint32_t *state)
{
#ifdef BUG_CLEAR_BY_STORE
    atomic_store_explicit(state, EMPTY, memory_order_relaxed);
#else
    atomic_exchange_explicit(state, EMPTY, memory_order_acquire);
#endif
}

static void park(_Atomic uint32_t *state)
{
    uint32_t seen = EMPTY;
#ifdef BUG_PARK_STORE /* overwrites a notification that came first */
    atomic_store_explicit(state, PARKED, memory_order_relaxed);
#else
    if (!atomic_compare_exchange_strong_explicit(state, &seen, PARKED, memory_order_acquire, memory_order_acquire)) {
        park_consume(state);
        return;
    }
#endif
#ifdef BUG_NO_LOOP /* a futex wait may return for no reason */
    model_futex_wait(state, PARKED, INT64_MAX);
    assert(atomic_load_explicit(state, memory_order_acquire) == NOTIFIED);
#else
    while (atomic_load_explicit(state, memory_order_acquire) != NOTIFIED) {
        model_futex_wait(state, PARKED, INT64_MAX);
    }
#endif
    park_consume(state);
}

static void produce(void)
{
    atomic_fetch_add_explicit(&work, 1, memory_order_release);
    PRODUCER_FENCE();
    uint32_t seen = atomic_load_explicit(&sleepers, memory_order_relaxed);
    while (seen) {
        uint32_t bit = seen & -seen;
        if (atomic_compare_exchange_weak_explicit(&sleepers, &seen, seen & ~bit, memory_order_acq_rel,
                                                  memory_order_relaxed)) {
            unpark(&parkers[__builtin_ctz(bit)]);
            return;
        }
    }
}

static bool take(void)
{
    int count = atomic_load_explicit(&work, memory_order_relaxed);
    while (count > 0) {
        if (atomic_compare_exchange_weak_explicit(&work, &count, count - 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static bool work_left(void)
{
    return atomic_load_explicit(&taken, memory_order_relaxed) < ITEMS;
}

/* Whoever takes the last item wakes all, so that everybody goes home. */
static void count_taken(void)
{
    if (atomic_fetch_add_explicit(&taken, 1, memory_order_acq_rel) + 1 == ITEMS) {
        for (int i = 0; i < WORKERS; i++) {
            unpark(&parkers[i]);
        }
    }
}

static void *worker(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;
    while (work_left()) {
        if (take()) {
            count_taken();
            continue;
        }
        atomic_fetch_or_explicit(&sleepers, 1u << me, memory_order_relaxed);
        WORKER_FENCE();
#ifndef BUG_NO_RECHECK
        if (atomic_load_explicit(&work, memory_order_relaxed) > 0 || !work_left()) {
            if (atomic_fetch_and_explicit(&sleepers, ~(1u << me), memory_order_acq_rel) & 1u << me) {
                continue; /* still ours; otherwise a notification is on its way, and park takes it */
            }
        }
#endif
        model_reach(0);
        park(&parkers[me]);
    }
    return NULL;
}

const char *model_goal_name(unsigned goal)
{
    return goal == 0 ? "parked" : NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];
    for (uintptr_t i = 0; i < WORKERS; i++) {
        pthread_create(&threads[i], NULL, worker, (void *)i);
    }
    for (int i = 0; i < ITEMS; i++) {
        produce();
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert(work == 0);
    return 0;
}
