/* SPDX-License-Identifier: MIT */
/* Harness: task/state, the word alone. One slot, a queue of one entry, two workers that run what is queued, and three
 * others: a waker that has news, one that wakes, cancels, cancels a scope, pins or reads, one that claims (joins or
 * detaches). In half of the executions the queue orders nothing, so that only the word's own edges carry; in the other
 * half it orders, and passes the slot's plain link.
 *
 * The task ends when it sees the news or the cancellation. Who is told to free the slot frees it and moves another task
 * with another tag in; a late wake or a reader of the old tag must have no effect on that.
 *
 * Law: at most one queue entry; polls do not overlap (plain memory); after a wake comes a poll that sees the news (else
 * the task never ends); the result is read once, whole, and the slot freed once; the new task keeps its bytes.
 *
 * Shows: known bug 1, known bug 26. */
#include "model.h"
#include "task/state.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

enum { OLD = 1, NEW = 2, USER = 1 };

static struct {
    weft__state state;
    _Atomic int field; /* as the header's fields: relaxed, and judged by the tag */
    int frame;
    int result;
    int link;   /* the queue's while SCHEDULED */
    int reason; /* written before the cancellation */
    int note;   /* written by the claimer before it claims */
} slot;
static bool ordered;
static _Atomic(weft__state *) queue;
static _Atomic int news;
static unsigned variant;       /* what `other` does */
static _Atomic int scope_open; /* keeps the task from ending */
static int freed;
static int joined;
static bool claimed_early;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"woken while running",
                                        "freed by the claimer",
                                        "freed by the completer",
                                        "cancelled",
                                        "late wake is gone",
                                        "field read whole",
                                        "requeued",
                                        "pinned",
                                        "woken while pinned",
                                        "scope cancelled",
                                        "claimed before the end"};
    return goal < 11 ? names[goal] : NULL;
}

static void submit(void)
{
    if (ordered) {
        slot.link = 1;
        weft__state *old = weft__exchange_acq_rel(&queue, &slot.state);
        assert(!old);
    } else {
        weft__state *old = weft__exchange_relaxed(&queue, &slot.state);
        assert(!old);
    }
}

/* As from one thread's cache: the completer's and the claimer's frees are never both. */
static void reuse(void)
{
    freed++;
    weft__store_relaxed(&slot.field, 20);
    slot.frame = 20;
    weft__state_init(&slot.state, NEW, true);
}

static void free_and_reuse(void)
{
    weft__state_free(&slot.state);
    reuse();
}

static bool dequeue(void)
{
    if (!ordered) {
        return weft__exchange_relaxed(&queue, NULL) != NULL;
    }
    if (!weft__exchange_acq_rel(&queue, NULL)) {
        return false;
    }
    assert(slot.link == 1);
    return true;
}

static void run_one(void)
{
    if (!dequeue()) {
        return;
    }
    uint64_t word = weft__state_start(&slot.state);
    assert(weft__state_tag(word) == OLD && (word & WEFT__SCHEDULED) && !(word & (WEFT__RUNNING | WEFT__COMPLETE)));
    slot.frame++;
    assert(!(word & (WEFT__CANCELLED | WEFT__SCOPED)) || slot.reason == USER);
    bool asked = (word & WEFT__CANCELLED) || weft__load_relaxed(&news);
    if (asked && !weft__load_acquire(&scope_open)) {
        slot.result = 42;
        bool free = true;
        if (weft__load_relaxed(&slot.state) & WEFT__CLAIMED) {
            weft__state_free(&slot.state);
            model_reach(10);
        } else {
            free = weft__state_complete(&slot.state) == WEFT__MOVE_FREE;
        }
        if (free) {
            model_reach(2);
            assert(slot.note == 5);
            reuse();
        }
    } else if (model_choose(8) == 0) {
        weft__state_requeue(&slot.state);
        model_reach(6);
        submit();
    } else if (weft__state_suspend(&slot.state) == WEFT__MOVE_SUBMIT) {
        model_reach(0);
        submit();
    }
}

static void *worker(void *nothing)
{
    run_one();
    run_one();
    return nothing;
}

static void wake(void)
{
    enum weft__move move = weft__state_wake(&slot.state, OLD);
    if (move == WEFT__MOVE_SUBMIT) {
        submit();
    } else if (move == WEFT__MOVE_GONE) {
        model_reach(4);
    }
}

static void *waker(void *nothing)
{
    weft__store_relaxed(&news, 1); /* seen through the word's edge only */
    wake();
    return nothing;
}

/* As a console does: look, read, look again. */
static void read_field(void)
{
    uint64_t word = weft__load_acquire(&slot.state);
    int field = weft__load_relaxed(&slot.field);
    uint64_t after = weft__fetch_or_release(&slot.state, 0);
    if (weft__state_tag(word) == OLD && weft__state_tag(after) == OLD && !((word | after) & WEFT__FREE)) {
        assert(field == 10);
        model_reach(5);
    }
    if (weft__state_tag(word) == NEW) {
        assert(field == 20);
    }
}

/* Looks at the frame of a task that waits. */
static void pin(void)
{
    if (!weft__state_pin(&slot.state, OLD)) {
        return;
    }
    model_reach(7);
    assert(slot.frame >= 10 && slot.frame < 20);
    if (weft__state_suspend(&slot.state) == WEFT__MOVE_SUBMIT) {
        model_reach(8);
        submit();
    }
}

static void cancel_scope(void)
{
    slot.reason = USER;
    if (weft__state_scoped(&slot.state) == WEFT__MOVE_SUBMIT) {
        submit();
    }
    model_reach(9);
    weft__store_release(&scope_open, 0);
    wake();
}

static void *other(void *nothing)
{
    switch (variant) {
    case 3:
        pin();
        break;
    case 4:
        cancel_scope();
        break;
    case 0:
        wake();
        break;
    case 1: {
        bool first;
        slot.reason = USER;
        if (weft__state_cancel(&slot.state, OLD, USER, &first) == WEFT__MOVE_SUBMIT) {
            submit();
        }
        if (first) {
            model_reach(3);
        }
        break;
    }
    case 2:
        read_field();
        break;
    }
    return nothing;
}

static void *claimer(void *nothing)
{
    slot.note = 5;
    switch (weft__state_ended(&slot.state, OLD) ? WEFT__MOVE_FREE : weft__state_claim(&slot.state, OLD)) {
    case WEFT__MOVE_FREE:
        assert(slot.result == 42);
        joined++;
        model_reach(1);
        free_and_reuse();
        break;
    case WEFT__MOVE_NONE:
        claimed_early = true;
        break;
    default:
        assert(false); /* nobody else claims */
    }
    return nothing;
}

int main(void)
{
    pthread_t threads[4];
    void *(*const run[])(void *) = {worker, waker, other, claimer};
    weft__store_relaxed(&slot.field, 10);
    slot.frame = 10;
    ordered = model_choose(2);
    variant = model_choose(5);
    weft__store_relaxed(&scope_open, variant == 4);
    weft__state_init(&slot.state, OLD, false);
    submit();
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, run[i], NULL);
    }
    run_one();
    run_one();
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 6; i++) {
        run_one();
    }
    assert(!weft__load_relaxed(&queue));
    assert(freed > 0 && "a lost wake-up: the task never ended");
    assert(freed == 1 && joined + claimed_early == 1);
    assert(slot.frame == 20 && weft__load_relaxed(&slot.field) == 20);
    assert(weft__state_tag(weft__load_relaxed(&slot.state)) == NEW);
    return 0;
}
