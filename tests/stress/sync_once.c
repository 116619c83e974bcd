/* SPDX-License-Identifier: MIT */
/*
 * Once under attack: tasks and threads come together, whoever is let in fails or succeeds, at once or in a later step, and
 * some are cancelled while they wait. The law: it is done once, by one at a time, and everybody who is told so sees what
 * was done. The slot is used again in each round.
 */
#include <weft.h>

#include "lib/stress.h"

enum { COMERS = 4, THREADS = 2 };

static weft_runtime *rt;
static weft_once once;
static atomic_int inside, successes, found, cancelled;
static long result; /* plain: it needs the edge */
static atomic_ulong round_begun, round_ended[THREADS];
static uint64_t rounds;

static int attack_begin(void **state)
{
    (void)state;
    rounds = stress_scale(4000);
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2));
}

static int attack_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

/* Whether it was done. */
static bool attempt(bool fails, long number)
{
    VERDICT(atomic_fetch_add(&inside, 1) == 0);
    if (!fails) {
        result = number;
        atomic_fetch_add(&successes, 1);
    }
    atomic_fetch_sub(&inside, 1);
    VERDICT(weft_once_leave(&once, fails ? WEFT_ENOMEM : 0) == 0);
    return !fails;
}

static void find(int rc, long number)
{
    if (rc == 0) {
        VERDICT(result == number);
        atomic_fetch_add(&found, 1);
    } else {
        VERDICT(rc == WEFT_ECANCELED);
        atomic_fetch_add(&cancelled, 1);
    }
}

struct comer {
    weft_frame weft;
    long number;
    uint32_t failures;
    bool naps;
};

static weft_poll comer(weft_context *cx, struct comer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_once_enter(cx, &once));
        if (self->weft.rc != 1)
            break;
        if (self->naps)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx)); /* whatever it answers: it goes on with what it began */
        if (attempt(self->failures > 0, self->number))
            WEFT_RETURN(0);
        self->failures--;
    }
    find(self->weft.rc, self->number);
    WEFT_END(0);
}

static void round_enter(unsigned me, long number, struct weft__rng *rng)
{
    int rc;
    do
        rc = weft_once_enter_blocking(&once, me == 0 ? WEFT_FOREVER : weft_deadline_in(weft__rng_below(rng, 50000)));
    while (rc == WEFT_ETIMEDOUT || (rc == 1 && !attempt(weft__rng_below(rng, 2), number)));
    if (rc == 0)
        find(rc, number);
}

/* Thread 0 opens and ends each round; both come in it. */
static void attacker(void *context, unsigned me)
{
    (void)context;
    struct weft__rng rng = stress_rng(me);
    for (uint64_t i = 1; i <= rounds; i++) {
        if (me == 0) {
            VERDICT(weft_once_create(rt, NULL, &once) == 0);
            atomic_store(&successes, 0);
            weft_task task = {0};
            for (int n = 0; n < COMERS; n++)
                task = weft_spawn(weft_runtime_scope(rt), comer, .number = (long)i, .failures = weft__rng_below(&rng, 3),
                                  .naps = weft__rng_below(&rng, 2));
            atomic_store(&round_begun, i);
            if (weft__rng_below(&rng, 2))
                weft_task_cancel(task);
        } else {
            STRESS_UNTIL(atomic_load(&round_begun) == i);
        }
        round_enter(me, (long)i, &rng);
        atomic_store(&round_ended[me], i);
        if (me == 0) {
            STRESS_UNTIL(atomic_load(&round_ended[1]) == i);
            stress_settle(rt);
            VERDICT(atomic_load(&successes) == 1);
            weft_once_destroy(&once);
        }
    }
}

/* ONC-01 */
static void once_is_done_once_and_seen_by_all(void **state)
{
    (void)state;
    stress_threads(THREADS, attacker, NULL);
    verdict_assert();
    assert_true(atomic_load(&found) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_is_done_once_and_seen_by_all, attack_begin, attack_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
