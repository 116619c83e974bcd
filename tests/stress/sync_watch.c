/* SPDX-License-Identifier: MIT */
/*
 * The watch under attack: threads and tasks count its value up, others look at each change, are cancelled, run out of
 * time, come later. The law: a value comes whole, never an older one after a newer one, no change is lost, and whoever
 * stays to the end has seen the last value.
 */
#include <weft.h>

#include "lib/stress.h"

struct tally {
    uint64_t number;
    uint64_t copies[15]; /* the same, so that a torn value shows */
};

enum { LOOKERS = 10, STEADY = 3, THREADS = 2 };

static weft_runtime *rt;
static weft_watch_sender out[THREADS];
static weft_watch_receiver in[THREADS]; /* each thread's own */
static weft_task looker_task[LOOKERS];
static atomic_ulong counted, steady_seen[STEADY], looks, ends, cancels;
static atomic_int gone, finished;
static uint64_t rounds;

static int count_up(void *tally, void *context)
{
    struct tally *value = tally;
    (void)context;
    value->number++;
    for (int i = 0; i < 15; i++)
        value->copies[i]++;
    return 0;
}

static void look_check(const struct tally *value, uint64_t before)
{
    bool whole = value->number >= before;
    for (int i = 0; i < 15; i++)
        whole = whole && value->copies[i] == value->number;
    VERDICT(whole);
    atomic_fetch_add(&looks, 1);
}

struct looker {
    weft_frame weft;
    weft_watch_receiver in;
    uint64_t seen;
    struct tally value;
    atomic_ulong *note; /* a steady one's: what it has seen */
};

static weft_poll looker(weft_context *cx, struct looker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_watch_changed(cx, &self->in));
        if (self->weft.rc < 0)
            break;
        VERDICT(weft_watch_read(&self->in, &self->value) == 0);
        look_check(&self->value, self->seen + 1);
        self->seen = self->value.number;
        if (self->note) {
            atomic_store(self->note, self->seen);
            stress_moved();
        }
    }
    if (self->weft.rc == WEFT_EPIPE) {
        VERDICT(weft_watch_read(&self->in, &self->value) == 0 && self->value.number == atomic_load(&counted));
        atomic_fetch_add(&ends, 1);
    }
    VERDICT(self->weft.rc == WEFT_EPIPE || self->weft.rc == WEFT_ECANCELED);
    weft_watch_receiver_close(&self->in);
    WEFT_END(0);
}

static bool tally_fits(const void *value, void *context)
{
    const uint64_t *wanted = context;
    return ((const struct tally *)value)->number >= *wanted;
}

/* Waits for a value that is always a bit ahead. */
struct hunter {
    weft_frame weft;
    weft_watch_receiver in;
    uint64_t wanted;
    struct tally value;
};

static weft_poll hunter(weft_context *cx, struct hunter *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_watch_wait_for(cx, &self->in, tally_fits, &self->wanted, &self->value));
        if (self->weft.rc < 0)
            break;
        look_check(&self->value, self->wanted);
        self->wanted = self->value.number + 5;
    }
    VERDICT(self->weft.rc == WEFT_EPIPE && atomic_load(&counted) < self->wanted);
    weft_watch_receiver_close(&self->in);
    WEFT_END(0);
}

static void attacker_look(weft_watch_receiver *receiver, uint64_t *seen, struct weft__rng *rng)
{
    struct tally value;
    const int rc = weft_watch_changed_blocking(receiver, weft_deadline_in(weft__rng_below(rng, 20000)));
    VERDICT(rc == 0 || rc == WEFT_ETIMEDOUT);
    if (rc == 0) {
        VERDICT(weft_watch_read(receiver, &value) == 0);
        look_check(&value, *seen + 1);
        *seen = value.number;
    }
}

/* Each change alone: the steady ones see it, though nothing else would wake them, and the next comes at once. */
static void attacker_wait_for_each(const weft_watch_sender *sender)
{
    for (uint64_t i = 0; i < rounds / 10; i++) {
        const uint64_t now = atomic_fetch_add(&counted, 1) + 1;
        VERDICT(weft_watch_modify(sender, count_up, NULL) == 0);
        for (int n = 0; n < STEADY; n++)
            STRESS_WHEN(atomic_load(&steady_seen[n]) == now);
    }
}

/* Counts up; looks, with a deadline; exchanges lookers. */
static void attacker(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    uint64_t seen = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        atomic_fetch_add(&counted, 1);
        VERDICT(weft_watch_modify(&out[number], count_up, NULL) == 0);
        if (weft__rng_below(&rng, 4) == 0)
            attacker_look(&in[number], &seen, &rng);
        if (weft__rng_below(&rng, 16) == 0) {
            weft_task *one = &looker_task[number + THREADS * weft__rng_below(&rng, LOOKERS / THREADS)];
            struct looker next = {.seen = 0};
            if (weft_task_cancel(*one) == 0)
                atomic_fetch_add(&cancels, 1);
            VERDICT((weft__rng_below(&rng, 2) ? weft_watch_subscribe(&out[number], &next.in)
                                              : weft_watch_receiver_clone(&in[number], &next.in)) == 0);
            *one = weft_spawn(weft_runtime_scope(rt), looker, .in = next.in);
        }
    }
    weft_watch_receiver_close(&in[number]);
    if (atomic_fetch_add(&finished, 1) == THREADS - 1)
        attacker_wait_for_each(&out[number]);
    weft_watch_sender_close(&out[number]);
}

static int attack_begin(void **state)
{
    (void)state;
    rounds = stress_scale(200000);
    const struct tally zero = {.number = 0};
    int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 3));
    rc |= weft_watch_create(rt, WEFT_WATCH_OPTIONS(.name = "tally"), sizeof zero, &zero, &out[0], &in[0]);
    for (int i = 1; i < THREADS; i++)
        rc |= weft_watch_sender_clone(&out[0], &out[i]) | weft_watch_receiver_clone(&in[0], &in[i]);
    return rc;
}

static int attack_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

static int watches(void *context, const weft_sync_stats *stats)
{
    (void)stats;
    ++*(int *)context;
    return 0;
}

/* WATCH-01 WATCH-02 WATCH-05 WATCH-06 WATCH-07 */
static void who_stays_sees_the_last_value_and_nobody_an_older_one(void **state)
{
    (void)state;
    for (int i = 0; i < LOOKERS; i++) {
        struct looker one = {.seen = 0};
        assert_int_equal(weft_watch_receiver_clone(&in[0], &one.in), 0);
        looker_task[i] = weft_spawn(weft_runtime_scope(rt), looker, .in = one.in);
    }
    for (int i = 0; i < STEADY; i++) {
        struct looker one = {.seen = 0};
        assert_int_equal(weft_watch_receiver_clone(&in[0], &one.in), 0);
        weft_spawn(weft_runtime_scope(rt), looker, .in = one.in, .note = &steady_seen[i]);
    }
    struct hunter game = {.wanted = 3};
    assert_int_equal(weft_watch_receiver_clone(&in[0], &game.in), 0);
    weft_spawn(weft_runtime_scope(rt), hunter, .in = game.in, .wanted = 3);
    stress_threads(THREADS, attacker, NULL);
    stress_settle(rt); /* all senders are closed: all end by themselves */
    verdict_assert();
    assert_true(atomic_load(&ends) > 0 && atomic_load(&looks) > 0 && atomic_load(&cancels) > 0);
    int left = 0;
    assert_int_equal(weft_sync_visit(rt, watches, &left), 0);
    assert_int_equal(left, 0);
}

/* The other end: a sender in a task waits until nobody receives, while receivers come and go. */
struct closer {
    weft_frame weft;
    weft_watch_sender out;
};

static weft_poll closer(weft_context *cx, struct closer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_watch_closed(cx, &self->out));
    VERDICT(self->weft.rc == 0);
    VERDICT(weft_watch_send(&self->out, &(struct tally){.number = 1}) == WEFT_EPIPE);
    atomic_store(&gone, 1);
    weft_watch_sender_close(&self->out);
    WEFT_END(0);
}

static void comer(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 0; i < rounds / 10; i++) {
        weft_watch_receiver more;
        VERDICT(weft_watch_receiver_clone(&in[number], &more) == 0);
        weft_watch_receiver_close(weft__rng_below(&rng, 2) ? &more : &in[number]);
        if (!in[number].weft__object)
            in[number] = more;
        else
            weft_watch_receiver_close(&more);
        VERDICT(!atomic_load(&gone));
    }
}

static void sender_is_told_when_nobody_receives(void **state)
{
    (void)state;
    atomic_store(&gone, 0);
    weft_spawn(weft_runtime_scope(rt), closer, .out = out[0]);
    stress_threads(THREADS, comer, NULL);
    for (int i = 0; i < THREADS; i++)
        weft_watch_receiver_close(&in[i]);
    for (int i = 1; i < THREADS; i++)
        weft_watch_sender_close(&out[i]);
    stress_settle(rt);
    assert_int_equal(atomic_load(&gone), 1);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_stays_sees_the_last_value_and_nobody_an_older_one, attack_begin, attack_end),
        cmocka_unit_test_setup_teardown(sender_is_told_when_nobody_receives, attack_begin, attack_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
