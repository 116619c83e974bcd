/* SPDX-License-Identifier: MIT */
/* Twin: a ring run queue. The owner pushes and pops, thieves take half; `head` packs (steal, real), so that a thief
 * first reserves [steal, real + n), copies, and then gives the reservation back.
 *
 * Threads: main is the owner, two thieves. Law: each task runs exactly once; a task's memory is seen as pushed. */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { CAPACITY = 2, TASKS = 4, THIEVES = 2 };

#ifdef BUG_PUBLISH_RELAXED
#define PUBLISH memory_order_relaxed
#else
#define PUBLISH memory_order_release
#endif
#ifdef BUG_THIEF_TAIL_RELAXED
#define THIEF_TAIL memory_order_relaxed
#else
#define THIEF_TAIL memory_order_acquire
#endif
#ifdef BUG_GIVE_BACK_RELAXED
#define GIVE_BACK memory_order_relaxed
#else
#define GIVE_BACK memory_order_acq_rel
#endif
#ifdef BUG_OWNER_HEAD_RELAXED
#define OWNER_HEAD memory_order_relaxed
#else
#define OWNER_HEAD memory_order_acquire
#endif

struct runqueue {
    _Atomic uint32_t head;
    _Atomic uint16_t tail;
    int *ring[CAPACITY];
};

static inline uint32_t pack(uint16_t steal, uint16_t real)
{
    return (uint32_t)steal << 16 | real;
}

static inline uint16_t real_of(uint32_t head)
{
    return (uint16_t)head;
}

static inline uint16_t steal_of(uint32_t head)
{
    return (uint16_t)(head >> 16);
}

static bool runqueue_push(struct runqueue *q, int *task)
{
    uint32_t head = atomic_load_explicit(&q->head, OWNER_HEAD);
    uint16_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    if ((uint16_t)(tail - steal_of(head)) >= CAPACITY) {
        return false;
    }
    q->ring[tail % CAPACITY] = task;
    atomic_store_explicit(&q->tail, (uint16_t)(tail + 1), PUBLISH);
    return true;
}

static int *runqueue_pop(struct runqueue *q)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
    for (;;) {
        uint16_t real = real_of(head);
        if (real == atomic_load_explicit(&q->tail, memory_order_relaxed)) {
            return NULL;
        }
        uint16_t next = (uint16_t)(real + 1);
        uint32_t new = steal_of(head) == real ? pack(next, next) : pack(steal_of(head), next);
        if (atomic_compare_exchange_strong_explicit(&q->head, &head, new, memory_order_acq_rel, memory_order_acquire)) {
            return q->ring[real % CAPACITY];
        }
    }
}

static unsigned runqueue_steal(struct runqueue *q, int **out)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
    uint32_t reserved;
    unsigned count;
    do {
        uint16_t real = real_of(head);
        uint16_t tail = atomic_load_explicit(&q->tail, THIEF_TAIL);
#ifndef BUG_TWO_THIEVES
        if (steal_of(head) != real) {
            return 0;
        }
#endif
        count = (uint16_t)(tail - real);
        count -= count / 2;
        if (!count || count > CAPACITY) {
            return 0;
        }
        reserved = pack(steal_of(head), (uint16_t)(real + count));
    } while (!atomic_compare_exchange_strong_explicit(&q->head, &head, reserved, memory_order_acq_rel,
                                                      memory_order_acquire));
    for (unsigned i = 0; i < count; i++) {
        out[i] = q->ring[(steal_of(reserved) + i) % CAPACITY];
    }
    head = reserved;
    while (!atomic_compare_exchange_strong_explicit(&q->head, &head, pack(real_of(head), real_of(head)), GIVE_BACK,
                                                    memory_order_relaxed)) {
    }
    return count;
}

static struct runqueue queue;
static int tasks[TASKS];
static _Atomic int runs[TASKS];

static void run(int *task)
{
    assert(*task == 7);
    atomic_fetch_add_explicit(&runs[task - tasks], 1, memory_order_relaxed);
}

static void *thief(void *nothing)
{
    int *loot[CAPACITY];
    unsigned count = runqueue_steal(&queue, loot);
    for (unsigned i = 0; i < count; i++) {
        run(loot[i]);
    }
    if (count) {
        model_reach(0);
    }
    return nothing;
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"stolen", "full", "popped"};
    return goal < 3 ? names[goal] : NULL;
}

int main(void)
{
    pthread_t thieves[THIEVES];
    for (int i = 0; i < THIEVES; i++) {
        pthread_create(&thieves[i], NULL, thief, NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = 7;
        if (!runqueue_push(&queue, &tasks[i])) {
            model_reach(1);
            run(&tasks[i]);
        }
    }
    for (int *task; (task = runqueue_pop(&queue));) {
        model_reach(2);
        run(task);
    }
    for (int i = 0; i < THIEVES; i++) {
        pthread_join(thieves[i], NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        assert(runs[i] == 1);
    }
    return 0;
}
