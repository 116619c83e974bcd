/* SPDX-License-Identifier: MIT */
/* Threads: hands poll; any puts a task in. Nothing but the places orders: the bell is relaxed, and a place is looked at by a
 * compare-and-swap that orders only if there is something. */
#include "hands.h"

#include "model.h"

#include <assert.h>
#include <pthread.h>

#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/scope.h"
#include "task/task.h"
#include "timer/timer.h"

enum { PLACES = 4 };

struct hand {
    struct weft__thread self;
    pthread_t thread;
};

struct weft__env hands_env;
static struct hand hands[HANDS_MAX];
static unsigned hands_count;
static struct weft__timers *hands_timers;
static _Atomic(weft__task *) places[PLACES];
static _Atomic uint32_t bell;     /* counts what may interest a hand that sleeps */
static _Atomic uint32_t ended;    /* tasks */
static _Atomic uint32_t expected; /* that many, and then the hands leave; 0: not yet known */
static _Atomic uint32_t flush;    /* hands give back what their caches hold */

static void ring(void)
{
    weft__fetch_add_relaxed(&bell, 1);
    model_futex_wake(&bell, HANDS_MAX);
}

static void hands_schedule(struct weft__env *env, weft__task *task)
{
    (void)env;
    for (int i = 0; i < PLACES; i++) {
        weft__task *nobody = NULL;
        if (atomic_compare_exchange_strong_explicit(&places[i], &nobody, task, memory_order_release, memory_order_relaxed)) {
            ring();
            return;
        }
    }
    model_fail("hands: more than %d runnable tasks", PLACES);
}

static weft__task *hands_take(void)
{
    for (int i = 0; i < PLACES; i++) {
        weft__task *found = NULL; /* compared with nobody, so that a place that is taken is seen */
        if (!atomic_compare_exchange_strong_explicit(&places[i], &found, NULL, memory_order_relaxed, memory_order_relaxed)) {
            found = weft__exchange_acquire(&places[i], NULL);
            if (found) {
                return found;
            }
        }
    }
    return NULL;
}

static void hand_poll(struct hand *me, weft__task *task)
{
    switch (weft__task_poll(&me->self, task, 0)) {
    case WEFT__POLLED_ENDED:
        weft__fetch_add_relaxed(&ended, 1);
        ring();
        break;
    case WEFT__POLLED_AGAIN:
    case WEFT__POLLED_YIELDED:
        hands_schedule(&hands_env, task);
        break;
    case WEFT__POLLED_WAITS:
        break;
    }
}

static int64_t hand_turn(struct hand *me)
{
    if (!hands_timers) {
        return INT64_MAX;
    }
    me->self.now = model_clock();
    return hands_env.timer_ops->turn(&me->self, me->self.now);
}

static void *hand_main(void *argument)
{
    struct hand *me = argument;
    weft__self = &me->self;
    for (;;) {
        const uint32_t heard = weft__fetch_add_relaxed(&bell, 0);
        const int64_t due = hand_turn(me);
        weft__task *task = hands_take();
        if (task) {
            hand_poll(me, task);
            continue;
        }
        if (weft__load_relaxed(&flush)) {
            weft__slab_flush(&hands_env.slab, &me->self.cache);
        }
        const uint32_t all = weft__fetch_add_relaxed(&expected, 0);
        if (all > 0 && weft__fetch_add_relaxed(&ended, 0) == all) {
            break;
        }
        model_futex_wait(&bell, heard, due);
    }
    weft__slab_flush(&hands_env.slab, &me->self.cache);
    weft__self = NULL;
    return NULL;
}

weft_scope *hands_begin(unsigned count, bool timed)
{
    static const struct weft__sched_ops ops = {.schedule = hands_schedule};
    hands_env.ops = &ops;
    hands_env.io_ops = &weft__io_none;
    hands_env.coop_budget = 4;
    hands_env.number = weft__runtimes_add(&hands_env);
    weft__slab_init(&hands_env.slab, &hands_env);
    weft__scope_init_root(&hands_env);
    if (timed) {
        assert(weft__timers_create(&hands_env, count, &hands_timers) == 0);
    }
    weft__runtimes_publish(hands_env.number);
    hands_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct hand *me = &hands[i];
        me->self.env = &hands_env;
        me->self.number = (uint16_t)i;
        me->self.timers = timed ? weft__timers_of(hands_timers, i) : NULL;
        weft__rng_seed(&me->self.choices, i);
        pthread_create(&me->thread, NULL, hand_main, me);
    }
    return &hands_env.root;
}

weft_runtime *hands_runtime(void)
{
    return (weft_runtime *)(void *)&hands_env;
}

void hands_trim(void)
{
    weft__store_relaxed(&flush, 1);
    ring();
    weft__slab_trim(&hands_env.slab);
    model_relax();
    weft__slab_trim(&hands_env.slab);
}

void hands_end(unsigned tasks)
{
    weft__fetch_add_relaxed(&expected, tasks); /* no store: a hand that looks must not be put before it */
    ring();
    for (unsigned i = 0; i < hands_count; i++) {
        pthread_join(hands[i].thread, NULL);
    }
    weft__runtimes_remove(hands_env.number);
    weft__rcu_synchronize();
    if (hands_timers) {
        weft__timers_destroy(hands_timers, hands_count);
    }
    weft__slab_fini(&hands_env.slab);
}
