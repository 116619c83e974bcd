/* SPDX-License-Identifier: MIT */
/* Twin: a bounded channel, many senders, one receiver. A ring with a sequence number per slot; the closed bit lives in
 * `tail`, so that reserving a slot and closing are one read-modify-write; the receiver sleeps on a futex.
 *
 * Law: what was sent with success is received, once; a receiver that saw the end has seen everything; nobody sleeps
 * beside a message. Capacity 1 breaks the sequence ring (a full slot looks free for the next round), which is the last
 * mutant. */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#ifdef BUG_CAPACITY_ONE
#define CAPACITY 1u
#else
#define CAPACITY 2u
#endif
#define CLOSED 0x80000000u

enum { SENDERS = 2 };
enum answer { EMPTY, GOT, END };

#ifdef BUG_PUBLISH_RELAXED
#define PUBLISH memory_order_relaxed
#else
#define PUBLISH memory_order_release
#endif
#ifdef BUG_WAITING_RELAXED
#define WAITING memory_order_relaxed
#else
#define WAITING memory_order_release
#endif
#ifdef BUG_SLOT_FREE_RELAXED
#define SLOT_FREE memory_order_relaxed
#else
#define SLOT_FREE memory_order_release
#endif

struct channel {
    _Atomic unsigned tail;
    unsigned head; /* receiver */
    _Atomic uint32_t waiting;
    _Atomic uint32_t woken;
    struct {
        _Atomic unsigned sequence;
        int value;
    } slots[CAPACITY];
#ifdef BUG_CLOSED_FLAG
    _Atomic bool closed;
#endif
};

static void channel_init(struct channel *c)
{
    for (unsigned i = 0; i < CAPACITY; i++) {
        atomic_init(&c->slots[i].sequence, i);
    }
}

static void channel_wake(struct channel *c)
{
#ifndef BUG_NO_WAKE_FENCE
    atomic_thread_fence(memory_order_seq_cst);
#endif
    if (atomic_load_explicit(&c->waiting, memory_order_relaxed) &&
        atomic_exchange_explicit(&c->waiting, 0, memory_order_acq_rel)) {
        atomic_store_explicit(&c->woken, 1, memory_order_release);
        model_futex_wake(&c->woken, 1);
    }
}

static bool channel_is_closed(struct channel *c, unsigned tail)
{
#ifdef BUG_CLOSED_FLAG
    (void)tail;
    return atomic_load(&c->closed);
#else
    (void)c;
    return tail & CLOSED;
#endif
}

static bool channel_send(struct channel *c, int value)
{
    unsigned tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
    for (;;) {
        if (channel_is_closed(c, tail)) {
            return false;
        }
        int ahead = (int)(atomic_load_explicit(&c->slots[tail % CAPACITY].sequence, memory_order_acquire) - tail);
        if (ahead == 0) {
            if (atomic_compare_exchange_weak_explicit(&c->tail, &tail, tail + 1, memory_order_relaxed,
                                                      memory_order_relaxed)) {
                break;
            }
            continue;
        }
        unsigned before = tail;
        tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
        if (ahead < 0 && tail == before) {
            return false; /* full */
        }
    }
    c->slots[tail % CAPACITY].value = value;
    atomic_store_explicit(&c->slots[tail % CAPACITY].sequence, tail + 1, PUBLISH);
    channel_wake(c);
    return true;
}

static enum answer channel_try_recv(struct channel *c, int *out_value)
{
    unsigned head = c->head;
    unsigned sequence = atomic_load_explicit(&c->slots[head % CAPACITY].sequence, memory_order_acquire);
    if (sequence == head + 1) {
        *out_value = c->slots[head % CAPACITY].value;
        atomic_store_explicit(&c->slots[head % CAPACITY].sequence, head + CAPACITY, SLOT_FREE);
        c->head = head + 1;
        return GOT;
    }
    unsigned tail = atomic_load_explicit(&c->tail, memory_order_acquire);
    return channel_is_closed(c, tail) && (tail & ~CLOSED) == head ? END : EMPTY;
}

/* Waits for a message or the end. */
static enum answer channel_recv(struct channel *c, int *out_value)
{
    for (;;) {
        enum answer answer = channel_try_recv(c, out_value);
        if (answer != EMPTY) {
            return answer;
        }
        atomic_store_explicit(&c->woken, 0, memory_order_relaxed);
        atomic_store_explicit(&c->waiting, 1, WAITING);
        atomic_thread_fence(memory_order_seq_cst);
#ifndef BUG_NO_RECHECK
        answer = channel_try_recv(c, out_value);
        if (answer != EMPTY && atomic_exchange_explicit(&c->waiting, 0, memory_order_acq_rel)) {
            return answer;
        }
#endif
        while (!atomic_load_explicit(&c->woken, memory_order_acquire)) {
            model_futex_wait(&c->woken, 0, INT64_MAX);
            model_reach(0);
        }
        if (answer != EMPTY) {
            return answer;
        }
    }
}

static void channel_close(struct channel *c)
{
#ifdef BUG_CLOSED_FLAG
    atomic_store(&c->closed, true);
#else
    atomic_fetch_or_explicit(&c->tail, CLOSED, memory_order_acq_rel);
#endif
    channel_wake(c);
}

static struct channel channel;
static bool sent[2 * SENDERS];
static int received[2 * SENDERS];

static void *sender(void *argument)
{
    uintptr_t first = (uintptr_t)argument;
    for (uintptr_t i = first; i < first + 2; i++) {
        sent[i] = channel_send(&channel, (int)i);
    }
    return NULL;
}

static void *closer(void *nothing)
{
    channel_close(&channel);
    return nothing;
}

const char *model_goal_name(unsigned goal)
{
    return goal == 0 ? "slept" : NULL;
}

int main(void)
{
    pthread_t threads[SENDERS + 1];
    int value;
    channel_init(&channel);
    for (uintptr_t i = 0; i < SENDERS; i++) {
        pthread_create(&threads[i], NULL, sender, (void *)(2 * i));
    }
    pthread_create(&threads[SENDERS], NULL, closer, NULL);
    while (channel_recv(&channel, &value) == GOT) {
        received[value]++;
    }
    for (int i = 0; i < SENDERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 2 * SENDERS; i++) {
        assert(received[i] == sent[i]);
    }
    return 0;
}
