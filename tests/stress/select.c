/* SPDX-License-Identifier: MIT */
/*
 * The first of several, under attack: tasks wait for a permit, a message or a notification, whichever comes first, while
 * threads give all three at once, take permits themselves, and cancel. What a wait was given that is withdrawn goes to
 * somebody else. The law: every message was received, dropped with its receiver, or refused; in the end every permit is
 * back; nobody was told oftener than there were notifications.
 */
#include <weft.h>

#include "lib/stress.h"

WEFT_CHANNEL_DEFINE(parcels, uint64_t)

enum { PERMITS = 1, TASKS = 12, THREADS = 2, EACH = TASKS / THREADS };

static weft_runtime *rt;
static weft_semaphore semaphore;
static weft_notify notify;
static parcels_sender out[TASKS];
static weft_task task[TASKS];
static atomic_long inside, took, sent, received, dropped, told, given;
static uint64_t rounds;

static void count_drop(void *message, void *context)
{
    (void)message;
    (void)context;
    atomic_fetch_add(&dropped, 1);
}

struct chooser {
    weft_frame weft;
    parcels_receiver in;
    uint64_t parcel, last;
    weft_select_state select;
    weft_semaphore_future permit;
    weft_recv_future recv;
    weft_notify_future notified;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    weft_semaphore_acquire_begin(&self->permit, &semaphore, 1);
    parcels_recv_begin(&self->recv, &self->in, &self->parcel);
    weft_notify_wait_begin(&self->notified, &notify);
    for (;;) {
        WEFT_AWAIT(self->weft.rc,
                   weft_select(cx, &self->select, &self->permit.future, &self->recv.future, &self->notified.future));
        if (self->weft.rc < 0 || (self->weft.rc == 1 && self->recv.future.result < 0))
            break;
        if (self->weft.rc == 0) {
            VERDICT(self->permit.future.result == 0 && atomic_fetch_add(&inside, 1) < PERMITS);
            atomic_fetch_add(&took, 1);
            atomic_fetch_sub(&inside, 1);
            VERDICT(weft_semaphore_release(&semaphore, 1) == 0);
        } else if (self->weft.rc == 1) {
            VERDICT(self->parcel > self->last);
            self->last = self->parcel;
            atomic_fetch_add(&received, 1);
        } else {
            VERDICT(self->notified.future.result == 0);
            atomic_fetch_add(&told, 1);
        }
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED || self->recv.future.result == WEFT_EPIPE);
    parcels_receiver_close(&self->in);
    WEFT_END(0);
}

static void giver_notify(struct weft__rng *rng)
{
    atomic_fetch_add(&given, 1);
    VERDICT((weft__rng_below(rng, 2) ? weft_notify_one(&notify) : weft_notify_last(&notify)) == 0);
}

static void giver_visit(struct weft__rng *rng)
{
    if (weft_semaphore_acquire_blocking(&semaphore, 1, weft_deadline_in(weft__rng_below(rng, 50000))) == 0) {
        VERDICT(atomic_fetch_add(&inside, 1) < PERMITS);
        atomic_fetch_sub(&inside, 1);
        VERDICT(weft_semaphore_release(&semaphore, 1) == 0);
    }
}

static void giver(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 1; i <= rounds; i++) {
        const unsigned to = number * EACH + weft__rng_below(&rng, EACH);
        switch (weft__rng_below(&rng, 4)) {
        case 0:
            giver_notify(&rng);
            break;
        case 1:
            giver_visit(&rng);
            break;
        default:
            if (parcels_send_blocking(&out[to], i, WEFT_FOREVER) == 0)
                atomic_fetch_add(&sent, 1);
        }
        if (i > rounds / 2 && weft__rng_below(&rng, (uint32_t)(rounds / EACH)) == 0)
            weft_task_cancel(task[to]);
    }
    for (unsigned i = number * EACH; i < (number + 1) * EACH; i++)
        parcels_sender_close(&out[i]);
}

static int attack_begin(void **state)
{
    (void)state;
    rounds = stress_scale(40000);
    int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 3));
    rc |= weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = PERMITS), &semaphore);
    rc |= weft_notify_create(rt, NULL, &notify);
    return rc;
}

static int attack_end(void **state)
{
    (void)state;
    weft_semaphore_destroy(&semaphore);
    weft_notify_destroy(&notify);
    return weft_runtime_destroy(rt);
}

static void what_a_withdrawn_wait_was_given_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++) {
        parcels_receiver in;
        assert_int_equal(
            parcels_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2, .drop = count_drop), &out[i], &in), 0);
        task[i] = weft_spawn(weft_runtime_scope(rt), chooser, .in = in);
    }
    stress_threads(THREADS, giver, NULL);
    stress_settle(rt); /* the channels are closed: all end by themselves */
    verdict_assert();
    assert_int_equal(atomic_load(&sent), atomic_load(&received) + atomic_load(&dropped));
    assert_int_equal(weft_semaphore_available(&semaphore), PERMITS);
    assert_true(atomic_load(&told) <= atomic_load(&given));
    assert_true(atomic_load(&took) > 0 && atomic_load(&told) > 0 && atomic_load(&received) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_withdrawn_wait_was_given_goes_on, attack_begin, attack_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
