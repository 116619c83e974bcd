/* SPDX-License-Identifier: MIT */
/* Select from inside: what happens between two of its futures. */
#include <weft.h>

#include "lib/verdict.h"
#include "task/future.h"
#include "lib/runtime.h"

/* A future that is not ready, and whose poll has the task cancelled. */
static int canceller_poll(weft_context *cx, weft_future *future)
{
    (void)future;
    VERDICT(weft_task_cancel(weft_context_task(cx)) == 0);
    return WEFT_AWAITING;
}

struct chooser {
    weft_frame weft;
    weft_select_state select;
    weft_future canceller;
    weft_semaphore_future acquire;
    const weft_semaphore *semaphore;
    atomic_int *answer;
};
static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    if (!weft__future_begin(&self->canceller, canceller_poll))
        return WEFT_READY;
    weft_semaphore_acquire_begin(&self->acquire, self->semaphore, 1);
    WEFT_AWAIT(self->weft.rc, weft_select_biased(cx, &self->select, &self->canceller, &self->acquire.future));
    atomic_store(self->answer, self->weft.rc);
    WEFT_END(0);
}

/* The second future answers WEFT_ECANCELED, which is the answer of the whole and no result of that future. */
static void select_cancelled_between_two_futures_answers_so(void **state)
{
    (void)state;
    weft_semaphore semaphore;
    atomic_int answer = 0;
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = 1), &semaphore), 0);
    weft_spawn(weft_runtime_scope(rt), chooser, .semaphore = &semaphore, .answer = &answer);
    world_settle(rt);
    assert_int_equal(atomic_load(&answer), WEFT_ECANCELED);
    assert_int_equal(weft_semaphore_available(&semaphore), 1);
    weft_semaphore_destroy(&semaphore);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(select_cancelled_between_two_futures_answers_so, runtime_of_one, runtime_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
