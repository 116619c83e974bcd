/* SPDX-License-Identifier: MIT */
#include "sched/runqueue.h"

enum { MASK = WEFT__RUNQUEUE_CAPACITY - 1 };

#define RUNQUEUE_ALL_ONE_UP (UINT64_C(1) << 32 | 1 << 16 | 1) /* of a head: its number and its cursors, none of which wraps */

static weft__cursor runqueue_steal_of(uint64_t head) { return (weft__cursor)(head >> 16); }
static weft__cursor runqueue_real_of(uint64_t head) { return (weft__cursor)head; }

/* The head that comes after this one: its number is the next. */
static uint64_t runqueue_after(uint64_t head, weft__cursor steal, weft__cursor real)
{
    return ((head >> 32) + 1) << 32 | (uint64_t)steal << 16 | real;
}

/* How many are queued. The tail stands one before `real` for a moment when a thief took what its owner was reaching for. */
static weft__cursor runqueue_between(weft__cursor real, weft__cursor tail)
{
    const weft__cursor queued = (weft__cursor)(tail - real);
    return queued > WEFT__RUNQUEUE_CAPACITY ? 0 : queued;
}

void weft__runqueue_init(struct weft__runqueue *queue)
{
    const weft__cursor first = (weft__cursor)WEFT__RUNQUEUE_FIRST;
    atomic_init(&queue->head, runqueue_after(0, first, first));
    atomic_init(&queue->tail, first);
}

bool weft__runqueue_push(struct weft__runqueue *queue, struct weft__task *task)
{
    const uint64_t head = weft__load_acquire(&queue->head); /* RQ-A2 */
    const weft__cursor tail = weft__load_relaxed(&queue->tail); /* only the owner writes it */
    if ((weft__cursor)(tail - runqueue_steal_of(head)) >= WEFT__RUNQUEUE_CAPACITY)
        return false;
    weft__store_relaxed(&queue->slots[tail & MASK], task);            /* published by the next line */
    weft__store_seq_cst(&queue->tail, (weft__cursor)(tail + 1));      /* RQ-R1 ID-R1 */
    return true;
}

/* The next one's header and frame are on their way into the cache while this one runs. */
static void runqueue_fetch(const struct weft__task *task)
{
    for (unsigned line = 0; line < 3; line++)
        __builtin_prefetch((const void *)((uintptr_t)task + (uintptr_t)64 * line)); /* as a number: nothing is there yet at first */
}

struct weft__task *weft__runqueue_pop(struct weft__runqueue *queue)
{
    uint64_t head = weft__load_relaxed(&queue->head); /* the compare-and-swap orders */
    for (;;) {
        const weft__cursor steal = runqueue_steal_of(head), real = runqueue_real_of(head);
        if (real == weft__load_relaxed(&queue->tail)) /* only the owner writes it */
            return NULL;
        const weft__cursor next = (weft__cursor)(real + 1);
        /* With no thief at work the two move together; a thief's `steal` stays where it is until it has copied. The usual case is
         * one addition, since all pops wait for it. */
        const uint64_t moved = steal == real && next != 0 ? head + RUNQUEUE_ALL_ONE_UP : runqueue_after(head, steal == real ? next : steal, next);
        if (weft__cas_weak_release(&queue->head, &head, moved)) { /* RQ-R3 */
            runqueue_fetch(weft__load_relaxed(&queue->slots[next & MASK])); /* an address, perhaps of nothing any more */
            return weft__load_relaxed(&queue->slots[real & MASK]); /* the owner wrote it */
        }
    }
}

bool weft__runqueue_pop_newest(struct weft__runqueue *queue, const struct weft__task *task)
{
    uint64_t head = weft__load_relaxed(&queue->head); /* the compare-and-swap orders */
    const weft__cursor tail = weft__load_relaxed(&queue->tail), newest = (weft__cursor)(tail - 1); /* only the owner writes it */
    if (runqueue_real_of(head) == tail || weft__load_relaxed(&queue->slots[newest & MASK]) != task) /* the owner wrote it */
        return false;
    /* Before the new head: a thief that has seen this one takes no more than lies before the new tail, and one that has not
     * fails. */
    weft__store_release(&queue->tail, newest); /* RQ-R1 */
    do {
        if (weft__cas_weak_release(&queue->head, &head, /* RQ-R3 */
                                   runqueue_after(head, runqueue_steal_of(head), runqueue_real_of(head))))
            return true;
    } while (runqueue_real_of(head) != tail);
    weft__store_release(&queue->tail, tail); /* RQ-R1; a thief was first, and has it with all the others */
    return false;
}

size_t weft__runqueue_steal(struct weft__runqueue *queue, struct weft__task **out, size_t limit)
{
    uint64_t head = weft__load_acquire(&queue->head); /* RQ-A3: not older than the tail read below */
    weft__cursor real, count;
    for (;;) {
        real = runqueue_real_of(head);
        if (runqueue_steal_of(head) != real) /* another thief is at work */
            return 0;
        const weft__cursor tail = weft__load_acquire(&queue->tail); /* RQ-A1 */
        const weft__cursor queued = runqueue_between(real, tail);
        count = (weft__cursor)(queued - queued / 2);
        if (count > limit)
            count = (weft__cursor)limit;
        if (count == 0)
            return 0;
        if (weft__cas_weak_acquire(&queue->head, &head, runqueue_after(head, real, (weft__cursor)(real + count)))) /* RQ-A3 */
            break;
    }
    for (weft__cursor i = 0; i < count; i++)
        out[i] = weft__load_relaxed(&queue->slots[(weft__cursor)(real + i) & MASK]); /* by RQ-A1 */

    /* Give the slots back: `steal` catches up with `real`, which the owner may have moved meanwhile. */
    head = weft__load_relaxed(&queue->head);
    while (!weft__cas_weak_release(&queue->head, &head, /* RQ-R2 RQ-R3 */
                                   runqueue_after(head, runqueue_real_of(head), runqueue_real_of(head))))
        continue;
    return count;
}

size_t weft__runqueue_length(struct weft__runqueue *queue)
{
    const uint64_t head = weft__load_relaxed(&queue->head); /* not younger than the tail, or too many are counted */
    const weft__cursor tail = weft__load_seq_cst(&queue->tail); /* ID-A1 */
    return runqueue_between(runqueue_real_of(head), tail);
}
