/* SPDX-License-Identifier: MIT */
/* Twin: one small crime for each thing that the explorer claims to detect, and beside it the same deed done lawfully.
 *
 * The lines "<mutant>: text" below say what the failure of a mutant must contain; self.sh reads it. Without a mutant
 * all lawful deeds run, and none may be reported.
 *
 * BUG_RACE_WRITE: DATA RACE on detect_plain
 * BUG_RACE_READ: DATA RACE on detect_plain
 * BUG_RACE_ATOMIC: DATA RACE on detect_word
 * BUG_RACE_MEMCPY: DATA RACE on detect_pair
 * BUG_PUBLISH_UNINITIALISED: DATA RACE on heap#
 * BUG_USE_AFTER_FREE: USE AFTER FREE
 * BUG_DOUBLE_FREE: DOUBLE FREE
 * BUG_FREE_WILD: free of a pointer that no allocation returned
 * BUG_LEAK: LEAK of 24 bytes
 * BUG_OVERFLOW: OUT OF BOUNDS
 * BUG_INDEX: SIGILL (an index past the end of an array)
 * BUG_LOCK_ORDER: DEADLOCK
 * BUG_LOCK_TWICE: locked twice
 * BUG_UNLOCK_FOREIGN: which does not hold it
 * BUG_LIVELOCK: STUCK
 * BUG_NO_WAKE: DEADLOCK
 * BUG_WAKE_ORDERS_NOTHING: DATA RACE on detect_plain
 * BUG_ASSERT: ASSERT detect_plain == 2
 * BUG_NULL: SIGSEGV
 * BUG_ABORT: ABORT
 * BUG_EXIT_STATUS: main returned 3
 * BUG_SIZES: atomic accesses of different sizes
 * BUG_STACK_ESCAPE: DATA RACE on T
 * BUG_THREADS: limit: more than
 * BUG_GOAL: goal never reached: the impossible
 */
#include "../model.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    int a;
    int b;
    char c[40];
};

static int detect_plain;
static _Atomic uint32_t detect_word;
static _Atomic uint32_t detect_flag;
#ifdef BUG_RACE_MEMCPY
static struct pair detect_pair;
#endif
static struct {
    _Atomic uint16_t low;
    _Atomic uint16_t high;
    char bytes[4];
} detect_neighbours;
static pthread_mutex_t detect_mutex[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static __thread int detect_local = 40;
static int detect_initial = 5;
static _Atomic(int *) detect_pointer;

/* --- statics start afresh in each execution, thread-locals in each thread --- */

static void *locals(void *number)
{
    assert(detect_local == 40);
    detect_local += (int)(intptr_t)number;
    model_relax();
    assert(detect_local == 40 + (int)(intptr_t)number);
    detect_neighbours.bytes[(intptr_t)number] = 1; /* one byte each: no race */
    return number;
}

static void check_reset(void)
{
    assert(detect_initial == 5 && detect_plain == 0 && detect_word == 0);
    detect_initial = 6;
}

/* --- races --- */

static void *racer(void *nothing)
{
#if defined(BUG_RACE_WRITE) || defined(BUG_RACE_READ)
    detect_plain = 1;
#elif defined(BUG_RACE_MEMCPY)
    struct pair copy;
    memcpy(&copy, &detect_pair, sizeof copy);
    (void)copy.c[3];
#elif defined(BUG_RACE_ATOMIC)
    atomic_store(&detect_word, 1);
#else
    pthread_mutex_lock(&detect_mutex[0]);
    detect_plain = 2;
    pthread_mutex_unlock(&detect_mutex[0]);
    atomic_fetch_add_explicit(&detect_neighbours.low, 1, memory_order_relaxed);
#endif
    return nothing;
}

static void race(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, racer, NULL);
#if defined(BUG_RACE_WRITE)
    detect_plain = 3;
#elif defined(BUG_RACE_READ)
    detect_word = (uint32_t)detect_plain;
#elif defined(BUG_RACE_MEMCPY)
    detect_pair.b = 1;
#elif defined(BUG_RACE_ATOMIC)
    memset(&detect_word, 0, sizeof detect_word);
#else
    pthread_mutex_lock(&detect_mutex[0]);
    detect_plain = 1;
    pthread_mutex_unlock(&detect_mutex[0]);
    atomic_fetch_add_explicit(&detect_neighbours.high, 1, memory_order_relaxed);
#endif
    pthread_join(thread, NULL);
    detect_plain = 2;
    memset(&detect_word, 0, sizeof detect_word);
    assert(atomic_load_explicit(&detect_word, memory_order_relaxed) == 0);
}

/* --- the heap --- */

static void *reader(void *nothing)
{
    int *p = atomic_load_explicit(&detect_pointer, memory_order_acquire);
    if (p) {
        assert(*p == 9);
    }
    return nothing;
}

static void heap(void)
{
    pthread_t thread;
    int *p = malloc(24);
    pthread_create(&thread, NULL, reader, NULL);
    *p = 9;
#ifdef BUG_PUBLISH_UNINITIALISED
    atomic_store_explicit(&detect_pointer, p, memory_order_relaxed);
#else
    atomic_store_explicit(&detect_pointer, p, memory_order_release);
#endif
    pthread_join(thread, NULL);
#ifdef BUG_OVERFLOW
    *(volatile int *)&p[6] = 1;
#endif
#ifdef BUG_FREE_WILD
    free(p + 1);
#endif
#ifndef BUG_LEAK
    free(p);
#endif
#ifdef BUG_USE_AFTER_FREE
    *p = 1;
#endif
#ifdef BUG_DOUBLE_FREE
    free(p);
#endif
}

/* --- locks, sleeping, spinning --- */

static void *locker(void *nothing)
{
#ifdef BUG_LOCK_ORDER
    int first = 1;
#else
    int first = 0;
#endif
    pthread_mutex_lock(&detect_mutex[first]);
    pthread_mutex_lock(&detect_mutex[!first]);
    pthread_mutex_unlock(&detect_mutex[!first]);
    pthread_mutex_unlock(&detect_mutex[first]);
    return nothing;
}

static void locks(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, locker, NULL);
    pthread_mutex_lock(&detect_mutex[0]);
#ifdef BUG_LOCK_TWICE
    pthread_mutex_lock(&detect_mutex[0]);
#endif
    pthread_mutex_lock(&detect_mutex[1]);
    pthread_mutex_unlock(&detect_mutex[1]);
    pthread_mutex_unlock(&detect_mutex[0]);
#ifdef BUG_UNLOCK_FOREIGN
    pthread_mutex_unlock(&detect_mutex[0]);
#endif
    pthread_join(thread, NULL);
}

static void *setter(void *nothing)
{
    detect_plain = 7;
#ifdef BUG_WAKE_ORDERS_NOTHING
    atomic_store_explicit(&detect_flag, 1, memory_order_relaxed);
#else
    atomic_store_explicit(&detect_flag, 1, memory_order_release);
#endif
#ifndef BUG_NO_WAKE
    model_futex_wake(&detect_flag, 1);
#endif
    return nothing;
}

static void sleeping(void)
{
    pthread_t thread;
    atomic_store(&detect_flag, 0);
    assert(model_futex_wait(&detect_flag, 1, INT64_MAX) == -EAGAIN);
    int64_t deadline = model_clock() + 1000;
    while (model_futex_wait(&detect_flag, 0, deadline) != -ETIMEDOUT) {
    }
    assert(model_clock() > deadline);
    pthread_create(&thread, NULL, setter, NULL);
    while (!atomic_load_explicit(&detect_flag, memory_order_acquire)) {
        model_futex_wait(&detect_flag, 0, INT64_MAX);
    }
    assert(detect_plain == 7);
    pthread_join(thread, NULL);
}

static void *spin_setter(void *nothing)
{
#ifndef BUG_LIVELOCK
    atomic_store_explicit(&detect_flag, 2, memory_order_relaxed);
#endif
    return nothing;
}

static void spinning(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, spin_setter, NULL);
    while (atomic_load_explicit(&detect_flag, memory_order_relaxed) != 2) {
        model_relax();
    }
    pthread_join(thread, NULL);
}

/* --- objects on a stack --- */

static void *stack_user(void *object)
{
    _Atomic uint32_t *done = object;
    int *value = (int *)((char *)object + 8);
#ifdef BUG_STACK_ESCAPE
    atomic_store_explicit(done, 1, memory_order_release);
    *value = 1;
#else
    *value = 1;
    atomic_store_explicit(done, 1, memory_order_release);
#endif
    return NULL;
}

static __attribute__((noinline)) pthread_t stack_owner(void)
{
    struct {
        _Atomic uint32_t done;
        int pad;
        int value;
    } object;
    pthread_t thread;
    atomic_store_explicit(&object.done, 0, memory_order_relaxed);
    object.value = 0;
    pthread_create(&thread, NULL, stack_user, &object);
    while (!atomic_load_explicit(&object.done, memory_order_acquire)) {
        model_relax();
    }
    detect_plain = object.value;
    return thread;
}

/* --- the rest --- */

/* The last member of what lies on a stack, which neither the heap nor a bad pointer tells. */
static int indices(void)
{
    struct {
        unsigned count;
        int of[2];
    } list = {0};
#ifdef BUG_INDEX
    list.count += model_choose(2);
#endif
    list.count += model_choose(2);
    list.of[list.count++] = 7;
    return list.of[list.count - 1];
}

static void *nobody(void *nothing)
{
    return nothing;
}

static void crimes(void)
{
    assert(indices() == 7);
#ifdef BUG_ASSERT
    detect_plain = 1;
    assert(detect_plain == 2);
#endif
#ifdef BUG_NULL
    int *nowhere = atomic_load(&detect_pointer);
    detect_plain = nowhere ? 0 : *nowhere;
#endif
#ifdef BUG_ABORT
    abort();
#endif
#ifdef BUG_SIZES
    atomic_store(&detect_word, 1);
    atomic_store((_Atomic uint16_t *)&detect_word, 1);
#endif
#ifdef BUG_THREADS
    pthread_t thread[20];
    for (int i = 0; i < 20; i++) {
        pthread_create(&thread[i], NULL, nobody, NULL);
    }
#endif
    (void)nobody;
}

const char *model_goal_name(unsigned goal)
{
#ifdef BUG_GOAL
    return goal == 0 ? "the impossible" : NULL;
#else
    return goal == 0 ? "the possible" : NULL;
#endif
}

int main(void)
{
    pthread_t threads[2];
    check_reset();
    for (intptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, locals, (void *)i);
    }
    for (intptr_t i = 0; i < 2; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert(result == (void *)i);
    }
    switch (model_choose(5)) { /* deeds take turns, so that the threads of one execution stay few */
    case 0:
        race();
        break;
    case 1:
        heap();
        break;
    case 2:
        locks();
        break;
    case 3:
        sleeping();
        spinning();
        break;
    case 4:
        pthread_join(stack_owner(), NULL);
        break;
    }
    crimes();
#ifndef BUG_GOAL
    model_reach(0);
#endif
#ifdef BUG_EXIT_STATUS
    return 3;
#else
    return 0;
#endif
}
