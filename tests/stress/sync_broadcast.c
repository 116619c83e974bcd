/* SPDX-License-Identifier: MIT */
/*
 * The broadcast under attack: senders that never wait, receivers that are quick, slow, cancelled, late, or run out of
 * time; messages have a copy function, which sometimes fails, and a drop function. The law: a receiver that
 * stays gets, or is told to have lost, each message that was sent, in one order, and then the end, never the end before;
 * what was copied or kept was freed once.
 */
#include <stdlib.h>
#include <weft.h>

#include "lib/stress.h"

enum { TAKERS = 6, THREADS = 2, CAPACITY = 8 };

struct parcel {
    uint32_t sender;
    uint64_t number; /* from 1, by its sender */
    uint64_t check;  /* of both */
};

static weft_runtime *rt;
static weft_broadcast_sender out[THREADS];
static weft_broadcast_receiver in[THREADS]; /* each thread's own */
static weft_task fickle_task[THREADS];
static atomic_ulong sent, made, freed, got, lost, refused, ends;
static uint64_t rounds;

static struct parcel *parcel_make(uint32_t sender, uint64_t number)
{
    struct parcel *parcel = malloc(sizeof *parcel);
    *parcel = (struct parcel){sender, number, number * 31 + sender};
    atomic_fetch_add(&made, 1);
    return parcel;
}

static void parcel_free(struct parcel *parcel)
{
    free(parcel);
    atomic_fetch_add(&freed, 1);
}

static int copy(void *to, const void *from, void *context)
{
    (void)context;
    const struct parcel *parcel = *(struct parcel *const *)from;
    if (parcel->number % 97 == 0)
        return WEFT_ENOMEM;
    *(struct parcel **)to = parcel_make(parcel->sender, parcel->number);
    return 0;
}

static void drop(void *message, void *context)
{
    (void)context;
    parcel_free(*(struct parcel **)message);
}

/* What a receiver knows. */
struct ledger {
    uint64_t last[THREADS];
    uint64_t known; /* got, lost, and not copied */
};

/* One answer of a receive. Whether to go on. */
static bool ledger_note(struct ledger *ledger, int rc, struct parcel *parcel, uint64_t missed)
{
    if (rc == WEFT_ELAGGED) {
        VERDICT(missed > 0);
        ledger->known += missed;
        atomic_fetch_add(&lost, missed);
        return true;
    }
    if (rc == WEFT_ENOMEM) {
        ledger->known++;
        return true;
    }
    if (rc < 0)
        return false;
    VERDICT(parcel->sender < THREADS && parcel->check == parcel->number * 31 + parcel->sender);
    VERDICT(parcel->number > ledger->last[parcel->sender]);
    ledger->last[parcel->sender] = parcel->number;
    ledger->known++;
    atomic_fetch_add(&got, 1);
    parcel_free(parcel);
    return true;
}

/* Takes until the end; `naps`: it gives way now and then, and so falls behind. */
struct taker {
    weft_frame weft;
    weft_broadcast_receiver in;
    struct ledger ledger;
    struct parcel *parcel;
    uint64_t missed;
    uint32_t naps, left;
    bool stays;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_broadcast_recv(cx, &self->in, &self->parcel, &self->missed));
        if (!ledger_note(&self->ledger, self->weft.rc, self->parcel, self->missed))
            break;
        for (self->left = self->naps; self->left > 0; self->left--)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    VERDICT(self->weft.rc == WEFT_EPIPE || (!self->stays && self->weft.rc == WEFT_ECANCELED));
    if (self->stays) {
        VERDICT(self->ledger.known == atomic_load(&sent));
        atomic_fetch_add(&ends, 1);
    }
    weft_broadcast_receiver_close(&self->in);
    WEFT_END(0);
}

static void attacker_send(unsigned number, uint64_t i)
{
    struct parcel *parcel = parcel_make(number, i);
    atomic_fetch_add(&sent, 1); /* before: a receiver may see the end of the others first */
    VERDICT(weft_broadcast_send(&out[number], &parcel) > 0);
}

/* A receiver that is exchanged for another, at any moment. */
static void attacker_exchange(unsigned number, struct weft__rng *rng)
{
    weft_broadcast_receiver next;
    weft_task_cancel(fickle_task[number]);
    VERDICT((weft__rng_below(rng, 2) ? weft_broadcast_subscribe(&out[number], &next)
                                     : weft_broadcast_resubscribe(&in[number], &next)) == 0);
    fickle_task[number] = weft_spawn(weft_runtime_scope(rt), taker, .in = next);
}

static void attacker(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    struct ledger ledger = {.known = 0};
    struct parcel *parcel = NULL;
    uint64_t missed = 0;
    for (uint64_t i = 1; i <= rounds; i++) {
        attacker_send(number, i);
        if (weft__rng_below(&rng, 8) == 0) {
            const int64_t deadline = weft_deadline_in(weft__rng_below(&rng, 20000));
            const int rc = weft_broadcast_recv_blocking(&in[number], &parcel, &missed, deadline);
            VERDICT(ledger_note(&ledger, rc, parcel, missed) || rc == WEFT_ETIMEDOUT);
        }
        if (weft__rng_below(&rng, 32) == 0)
            attacker_exchange(number, &rng);
    }
    weft_broadcast_sender_close(&out[number]);
    int rc;
    do
        rc = weft_broadcast_recv_blocking(&in[number], &parcel, &missed, WEFT_FOREVER);
    while (ledger_note(&ledger, rc, parcel, missed));
    VERDICT(rc == WEFT_EPIPE && ledger.known == atomic_load(&sent));
    weft_broadcast_receiver_close(&in[number]);
}

static int attack_begin(void **state)
{
    (void)state;
    rounds = stress_scale(150000);
    const weft_broadcast_options options = {
        .size = sizeof options, .name = "news", .capacity = CAPACITY, .copy = copy, .drop = drop};
    int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 3));
    rc |= weft_broadcast_create(rt, &options, sizeof(struct parcel *), &out[0], &in[0]);
    for (int i = 1; i < THREADS; i++)
        rc |= weft_broadcast_sender_clone(&out[0], &out[i]) | weft_broadcast_resubscribe(&in[0], &in[i]);
    return rc;
}

static int attack_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

/* BC-01 BC-04 BC-05 BC-06 BC-10 BC-11 */
static void who_stays_gets_or_loses_each_message_and_then_sees_the_end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TAKERS; i++) {
        weft_broadcast_receiver mine;
        assert_int_equal(weft_broadcast_resubscribe(&in[0], &mine), 0);
        weft_spawn(weft_runtime_scope(rt), taker, .in = mine, .stays = true, .naps = i * i);
    }
    stress_threads(THREADS, attacker, NULL);
    stress_settle(rt); /* all senders are closed: all end by themselves */
    verdict_assert();
    assert_int_equal(atomic_load(&ends), TAKERS);
    assert_true(atomic_load(&got) > 0 && atomic_load(&lost) > 0);
    assert_int_equal(atomic_load(&made), atomic_load(&freed));
}

/* Messages to nobody are refused, and are the sender's; the last receiver that goes takes with it what it did not read. */
static void comer(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 1; i <= rounds; i++) {
        struct parcel *parcel;
        if (weft__rng_below(&rng, 2)) {
            if (in[number].weft__object)
                weft_broadcast_receiver_close(&in[number]);
            else
                VERDICT(weft_broadcast_subscribe(&out[number], &in[number]) == 0);
        }
        parcel = parcel_make(number, i);
        const int rc = weft_broadcast_send(&out[number], &parcel);
        VERDICT(rc > 0 || rc == WEFT_EPIPE);
        if (rc < 0) {
            parcel_free(parcel);
            atomic_fetch_add(&refused, 1);
        } else if (in[number].weft__object &&
                   weft_broadcast_try_recv(&in[number], &parcel, NULL) == 0) {
            parcel_free(parcel);
        }
    }
    weft_broadcast_receiver_close(&in[number]);
    weft_broadcast_sender_close(&out[number]);
}

static void what_nobody_receives_is_refused_or_dropped(void **state)
{
    (void)state;
    atomic_store(&made, 0);
    atomic_store(&freed, 0);
    stress_threads(THREADS, comer, NULL);
    verdict_assert();
    assert_int_equal(atomic_load(&made), atomic_load(&freed));
    assert_true(atomic_load(&refused) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_stays_gets_or_loses_each_message_and_then_sees_the_end, attack_begin,
                                        attack_end),
        cmocka_unit_test_setup_teardown(what_nobody_receives_is_refused_or_dropped, attack_begin, attack_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
