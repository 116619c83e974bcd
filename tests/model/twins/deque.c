/* SPDX-License-Identifier: MIT */
/* Twin: the Chase-Lev deque, after Lê, Pop, Cohen, Zappa Nardelli, "Correct and Efficient Work-Stealing for Weak Memory
 * Models" (2013). weft uses a ring instead; this is here because its two seq_cst fences test the explorer's. */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum { CAPACITY = 4, TASKS = 2, THIEVES = 2 };

#ifdef BUG_TAKE_FENCE
#define TAKE_FENCE() atomic_thread_fence(memory_order_acq_rel)
#else
#define TAKE_FENCE() atomic_thread_fence(memory_order_seq_cst)
#endif
#ifdef BUG_STEAL_FENCE
#define STEAL_FENCE() atomic_thread_fence(memory_order_acq_rel)
#else
#define STEAL_FENCE() atomic_thread_fence(memory_order_seq_cst)
#endif
#if defined(BUG_NO_PUSH_FENCE) || defined(BUG_PUSH_BY_RELEASE_STORE)
#define PUSH_FENCE()
#else
#define PUSH_FENCE() atomic_thread_fence(memory_order_release)
#endif

struct deque {
    _Atomic long top;
    _Atomic long bottom;
    _Atomic(int *) ring[CAPACITY];
};

static void deque_push(struct deque *d, int *task)
{
    long bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
    atomic_store_explicit(&d->ring[bottom % CAPACITY], task, memory_order_relaxed);
    PUSH_FENCE(); /* a release store would not do: take() stores to `bottom` too, and a thief may read that store */
#ifdef BUG_PUSH_BY_RELEASE_STORE
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_release);
#else
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_relaxed);
#endif
}

static bool deque_claim(struct deque *d, long top)
{
    return atomic_compare_exchange_strong_explicit(&d->top, &top, top + 1, memory_order_seq_cst, memory_order_relaxed);
}

static int *deque_take(struct deque *d)
{
    long bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1;
    atomic_store_explicit(&d->bottom, bottom, memory_order_relaxed);
    TAKE_FENCE();
    long top = atomic_load_explicit(&d->top, memory_order_relaxed);
    int *task = NULL;
    if (top <= bottom) {
        task = atomic_load_explicit(&d->ring[bottom % CAPACITY], memory_order_relaxed);
        if (top < bottom) {
            return task;
        }
        if (!deque_claim(d, top)) {
            task = NULL;
        }
    }
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_relaxed);
    return task;
}

static int *deque_steal(struct deque *d)
{
    long top = atomic_load_explicit(&d->top, memory_order_acquire);
    STEAL_FENCE();
    long bottom = atomic_load_explicit(&d->bottom, memory_order_acquire);
    if (top >= bottom) {
        return NULL;
    }
    int *task = atomic_load_explicit(&d->ring[top % CAPACITY], memory_order_relaxed);
    return deque_claim(d, top) ? task : NULL;
}

static struct deque deque;
static int tasks[TASKS];
static _Atomic int runs[TASKS];

static void run(int *task)
{
    assert(*task == 7);
    atomic_fetch_add_explicit(&runs[task - tasks], 1, memory_order_relaxed);
}

static void *thief(void *nothing)
{
    int *task = deque_steal(&deque);
    if (task) {
        model_reach(0);
        run(task);
    }
    return nothing;
}

const char *model_goal_name(unsigned goal)
{
    return goal == 0 ? "stolen" : NULL;
}

int main(void)
{
    pthread_t thieves[THIEVES];
    for (int i = 0; i < THIEVES; i++) {
        pthread_create(&thieves[i], NULL, thief, NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = 7;
        deque_push(&deque, &tasks[i]);
    }
    for (int i = 0; i < TASKS; i++) {
        int *task = deque_take(&deque);
        if (task) {
            run(task);
        }
    }
    for (int i = 0; i < THIEVES; i++) {
        pthread_join(thieves[i], NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        assert(runs[i] == 1);
    }
    return 0;
}
