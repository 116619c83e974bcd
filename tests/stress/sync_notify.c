/* SPDX-License-Identifier: MIT */
/*
 * Notify under attack: a number grows, and all are told; tasks and threads take a ticket, look, and wait for more. The
 * law: nobody sleeps while there is something to see, and everybody sees the last number. Meanwhile single notifications
 * go to workers, each of which does one piece of work for each; some are cancelled, and theirs goes on.
 */
#include <weft.h>

#include "lib/stress.h"

enum { WATCHERS = 8, WORKERS = 6 };

static weft_runtime *rt;
static weft_notify news, work;
static atomic_ulong number, seen[WATCHERS], pieces, done;
static atomic_int stop;
static uint64_t rounds, first; /* what the ticket was before any news */

static int attack_begin(void **state)
{
    (void)state;
    rounds = stress_scale(20000);
    atomic_store(&number, 0);
    atomic_store(&pieces, 0);
    atomic_store(&done, 0);
    atomic_store(&stop, 0);
    int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 3));
    rc |= weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "news"), &news);
    rc |= weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "work"), &work);
    first = weft_notify_ticket(&news);
    return rc;
}

static int attack_end(void **state)
{
    (void)state;
    weft_notify_destroy(&news);
    weft_notify_destroy(&work);
    return weft_runtime_destroy(rt);
}

/* Sees every number that it is told of, and the last. Number n is there before all are told for the nth time, and may be
 * seen before that: then the telling of it ends the next wait. */
struct watcher {
    weft_frame weft;
    uint64_t seen, ticket;
    int me;
};

static weft_poll watcher(weft_context *cx, struct watcher *self)
{
    WEFT_BEGIN(cx, self);
    while (self->seen < rounds) {
        self->ticket = weft_notify_ticket(&news);
        VERDICT(atomic_load_explicit(&number, memory_order_relaxed) >= self->ticket - first);
        if (atomic_load_explicit(&number, memory_order_relaxed) == self->seen) {
            WEFT_AWAIT(self->weft.rc, weft_notify_wait_since(cx, &news, self->ticket));
            VERDICT(self->weft.rc == 0);
            VERDICT(atomic_load_explicit(&number, memory_order_relaxed) > self->ticket - first);
        }
        self->seen = atomic_load_explicit(&number, memory_order_relaxed);
        atomic_store(&seen[self->me], self->seen);
        stress_moved();
    }
    WEFT_END(0);
}

/* A notification stands for one piece of work or more, as many as were given while nobody looked. */
struct labourer {
    weft_frame weft;
};

static void labour(void)
{
    unsigned long left = atomic_load(&pieces);
    while (left > 0)
        if (atomic_compare_exchange_weak(&pieces, &left, left - 1)) {
            atomic_fetch_add(&done, 1);
            stress_moved();
            left = atomic_load(&pieces);
        }
}

static weft_poll labourer(weft_context *cx, struct labourer *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&stop)) {
        WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &work));
        if (self->weft.rc < 0)
            break;
        labour();
    }
    if (atomic_load(&stop))
        VERDICT(weft_notify_one(&work) == 0); /* one passes it on to the next, also to one that comes to wait only now */
    WEFT_END(0);
}

/* Thread 0 has news, thread 1 has work, and exchanges those who do it. */
static void attacker(void *context, unsigned me)
{
    (void)context;
    struct weft__rng rng = stress_rng(me);
    weft_task task = {0};
    for (uint64_t i = 1; i <= rounds; i++) {
        if (me == 0) {
            atomic_store_explicit(&number, i, memory_order_relaxed);
            VERDICT(weft_notify_all(&news) == 0);
            for (int n = 0; n < WATCHERS; n++)
                STRESS_WHEN(atomic_load(&seen[n]) == i); /* the last of them takes its next ticket this moment */
            continue;
        }
        atomic_fetch_add(&pieces, 1);
        if (weft__rng_below(&rng, 8) == 0) {
            weft_task_cancel(task); /* before, while or after it is told: then another is */
            task = weft_spawn(weft_runtime_scope(rt), labourer);
        }
        VERDICT((weft__rng_below(&rng, 2) ? weft_notify_one(&work) : weft_notify_last(&work)) == 0);
        if (weft__rng_below(&rng, 4) == 0)
            STRESS_WHEN(atomic_load(&done) == i); /* somebody hears of it */
    }
}

/* NTF-02 NTF-03 NTF-05 */
static void everybody_sees_the_last_number_and_all_work_is_done(void **state)
{
    (void)state;
    for (int i = 0; i < WATCHERS; i++)
        weft_spawn(weft_runtime_scope(rt), watcher, .me = i);
    for (int i = 0; i < WORKERS; i++)
        weft_spawn(weft_runtime_scope(rt), labourer);
    stress_threads(2, attacker, NULL);
    STRESS_WHEN(atomic_load(&done) == rounds);
    atomic_store(&stop, 1);
    assert_int_equal(weft_notify_one(&work), 0);
    stress_settle(rt);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_sees_the_last_number_and_all_work_is_done, attack_begin, attack_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
