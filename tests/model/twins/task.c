/* SPDX-License-Identifier: MIT */
/* Twin: a task's state word with its reference count. A waker makes the task ready and wakes it, another wakes it for
 * nothing or cancels it, main runs what is queued.
 *
 * Law: a poll never overlaps another; the task completes (a lost wake-up leaves it incomplete); freed once, by the
 * last. */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RUNNING = 1, NOTIFIED = 2, COMPLETE = 4, CANCELLED = 8, REFERENCE = 16 };

#ifdef BUG_WAKE_RELAXED
#define WAKE memory_order_relaxed
#else
#define WAKE memory_order_acq_rel
#endif
#ifdef BUG_UNREF_RELAXED
#define UNREF memory_order_relaxed
#else
#define UNREF memory_order_acq_rel
#endif
#ifdef BUG_START_RELAXED
#define START memory_order_relaxed
#else
#define START memory_order_acq_rel
#endif

struct task {
    _Atomic unsigned state;
    int polls;
    _Atomic int ready;
};

/* One entry is enough: the state word promises that a task is queued once. The hand-over orders nothing by itself, so
 * that only the state word's orders carry. */
static _Atomic(struct task *) queue;

static void submit(struct task *t)
{
    struct task *old = atomic_exchange_explicit(&queue, t, memory_order_relaxed);
    assert(!old);
}

static void task_unref(struct task *t)
{
    if (atomic_fetch_sub_explicit(&t->state, REFERENCE, UNREF) / REFERENCE == 1) {
        free(t);
    }
}

static void task_wake(struct task *t)
{
    unsigned state = atomic_load_explicit(&t->state, memory_order_relaxed);
    for (;;) {
        unsigned next = state;
        if (state & COMPLETE) {
            return;
        }
        if (state & RUNNING) {
            next = state | NOTIFIED;
        } else if (!(state & NOTIFIED)) {
            next = (state | NOTIFIED) + REFERENCE;
        }
#ifdef BUG_WAKE_EARLY_RETURN /* already notified: nothing to change, but the writes before this wake are not released  \
                              */
        if (next == state) {
            return;
        }
#endif
        if (atomic_compare_exchange_weak_explicit(&t->state, &state, next, WAKE, memory_order_relaxed)) {
            if (next >= state + REFERENCE) {
                submit(t);
            }
            return;
        }
    }
}

static void task_cancel(struct task *t)
{
    unsigned state = atomic_load_explicit(&t->state, memory_order_relaxed);
    for (;;) {
        if (state & (COMPLETE | CANCELLED)) {
            return;
        }
        unsigned next = state | CANCELLED | NOTIFIED;
        if (!(state & (RUNNING | NOTIFIED))) {
            next += REFERENCE;
        }
        if (atomic_compare_exchange_weak_explicit(&t->state, &state, next, memory_order_acq_rel,
                                                  memory_order_relaxed)) {
            if (next >= state + REFERENCE) {
                submit(t);
            }
            return;
        }
    }
}

/* Takes over the queue's reference. */
static void task_run(struct task *t)
{
    unsigned state = atomic_load_explicit(&t->state, memory_order_relaxed);
    unsigned next;
    do {
        next = (state & ~NOTIFIED) | RUNNING;
    } while (!atomic_compare_exchange_weak_explicit(&t->state, &state, next, START, memory_order_relaxed));
    assert((state & (NOTIFIED | RUNNING | COMPLETE)) == NOTIFIED);
    bool done = state & CANCELLED;
    if (!done) {
        t->polls++;
        done = atomic_load_explicit(&t->ready, memory_order_relaxed);
    }
    state = atomic_load_explicit(&t->state, memory_order_relaxed);
    do {
        next = done ? (state & ~(RUNNING | NOTIFIED)) | COMPLETE : state & ~RUNNING;
#ifdef BUG_NOTIFY_DROPPED
        next &= ~NOTIFIED;
#endif
    } while (
        !atomic_compare_exchange_weak_explicit(&t->state, &state, next, memory_order_acq_rel, memory_order_relaxed));
    if (next & NOTIFIED) {
        submit(t);
    } else {
        task_unref(t);
    }
}

static void *waker(void *task)
{
    struct task *t = task;
    atomic_store_explicit(&t->ready, 1, memory_order_relaxed);
    task_wake(t);
    task_unref(t);
    return NULL;
}

static void *other_waker(void *task)
{
    task_wake(task);
    task_unref(task);
    return NULL;
}

static void *canceller(void *task)
{
    task_cancel(task);
    task_unref(task);
    return NULL;
}

static bool run_one(void)
{
    struct task *t = atomic_exchange_explicit(&queue, NULL, memory_order_relaxed);
    if (t) {
        task_run(t);
    }
    return t != NULL;
}

/* A second worker, so that two polls can come from two threads. */
static void *worker(void *nothing)
{
    run_one();
    return nothing;
}

static void *last_holder(void *task)
{
    task_unref(task);
    return NULL;
}

int main(void)
{
    struct task *t = malloc(sizeof *t);
    pthread_t threads[4];
    t->polls = 0;
    atomic_init(&t->ready, 0);
    atomic_init(&t->state, NOTIFIED + 5 * REFERENCE);
    atomic_store_explicit(&queue, t, memory_order_relaxed);
    pthread_create(&threads[0], NULL, waker, t);
    pthread_create(&threads[1], NULL, model_choose(2) ? other_waker : canceller, t);
    pthread_create(&threads[2], NULL, worker, NULL);
    run_one();
    run_one();
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    while (run_one()) {
    }
    assert(atomic_load(&t->state) & COMPLETE);
    pthread_create(&threads[3], NULL, last_holder, t);
    assert(t->polls >= 0); /* our own reference keeps it alive and unchanged */
    task_unref(t);
    pthread_join(threads[3], NULL);
    return 0;
}
