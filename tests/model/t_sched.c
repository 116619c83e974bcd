/* SPDX-License-Identifier: MIT */
/* Harness: sched and task together, two workers and the host thread. One of:
 *   - two tasks from the host, the first of which holds its worker until the second has run: no worker may sleep beside
 * a runnable task, and nothing but the other worker can help;
 *   - a task that spawns three, each of which yields: rings, next slots, steals;
 *   - a task that waits for news that the host brings with a waker, while another comes and goes;
 *   - a task that holds its worker until the two have run that it spawned there, in its next slot and its ring, which
 * the host rescues as the monitor thread would.
 *
 * Law: every task runs to its end once, with what was written before its wake; then the engine drains, stops, and
 * leaves nothing. A lost wake-up is DEADLOCK, or STUCK under the spinning task.
 *
 * Shows: scenario 10, known bug 9, known bug 12.
 * ctest-cost: 30 */
#include "engine.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <weft/step.h>

#include "sched/sched.h"

static _Atomic int ran; /* tasks that reached their end */
static _Atomic int released;
static _Atomic int news;
static weft_waker waker;
static _Atomic int waker_known;
static weft_scope *scope;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"held and released", "children ran", "woken by the host", "rescued"};
    return goal < 4 ? names[goal] : NULL;
}

struct holder {
    weft_frame weft;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    (void)self;
    while (!atomic_load_explicit(&released, memory_order_acquire)) {
        model_relax();
    }
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    model_reach(0);
    cx->weft__result = 0;
    return WEFT_READY;
}

struct releaser {
    weft_frame weft;
};

static weft_poll releaser(weft_context *cx, struct releaser *self)
{
    (void)self;
    atomic_store_explicit(&released, 1, memory_order_release);
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    cx->weft__result = 0;
    return WEFT_READY;
}

struct child {
    weft_frame weft;
    int plain;
};

static weft_poll child(weft_context *cx, struct child *self)
{
    WEFT_BEGIN(cx, self);
    self->plain = 1;
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    assert(self->plain == 1);
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    model_reach(1);
    WEFT_END(0);
}

struct parent {
    weft_frame weft;
};

static weft_poll parent(weft_context *cx, struct parent *self)
{
    (void)self;
    for (int i = 0; i < 3; i++) {
        assert(weft_task_error(weft_spawn(scope, child, .plain = 0)) == 0);
    }
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    cx->weft__result = 0;
    return WEFT_READY;
}

struct waiter {
    weft_frame weft;
    int polls;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    if (self->polls++ == 0) {
        waker = weft_context_waker(cx);
        atomic_store_explicit(&waker_known, 1, memory_order_release);
    }
    if (!atomic_load_explicit(&news, memory_order_relaxed)) {
        return WEFT_PENDING;
    }
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    cx->weft__result = 0;
    return WEFT_READY;
}

struct hoarder {
    weft_frame weft;
};

static weft_poll hoarder(weft_context *cx, struct hoarder *self)
{
    (void)self;
    weft_spawn(scope, child, .plain = 0);
    weft_spawn(scope, child, .plain = 0);
    while (atomic_load_explicit(&ran, memory_order_acquire) < 2) {
        model_relax();
    }
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    cx->weft__result = 0;
    return WEFT_READY;
}

static int rescue(void)
{
    weft_spawn(scope, hoarder);
    while (atomic_load_explicit(&ran, memory_order_acquire) < 3) {
        weft__sched_rescue((struct weft__sched *)(void *)scope->weft__runtime, model_clock(), INT64_MAX);
        model_relax();
    }
    model_reach(3);
    return 3;
}

static int hold(void)
{
    weft_spawn(scope, holder);
    weft_spawn(scope, releaser);
    return 2;
}

static int spawn_children(void)
{
    weft_spawn(scope, parent);
    return 4;
}

static int bring_news(void)
{
    weft_spawn(scope, waiter, .polls = 0);
    weft_spawn(scope, child, .plain = 0);
    while (!atomic_load_explicit(&waker_known, memory_order_acquire)) {
        model_relax();
    }
    atomic_store_explicit(&news, 1, memory_order_relaxed); /* seen through the wake only */
    weft_wake(waker);
    model_reach(2);
    return 2;
}

int main(void)
{
    scope = engine_start(2);
    int expected = 0;
    switch (model_choose(4)) {
    case 3:
        expected = rescue();
        break;
    case 0:
        expected = hold();
        break;
    case 1:
        expected = spawn_children();
        break;
    case 2:
        expected = bring_news();
        break;
    }
    engine_stop();
    assert(ran == expected);
    return 0;
}
