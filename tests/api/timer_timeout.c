/* SPDX-License-Identifier: MIT */
/*
 * Limits: of one wait (weft_timeout), of a choice of one's own (weft_select with a sleep), of a piece of work (the deadline
 * of a scope). On a clock that the test moves, on one worker: nothing here depends on how fast the machine is.
 */
#include "lib/vclock.h"
#include "lib/verdict.h"
#include "lib/world.h"

static const int64_t us = 1000, ms = 1000000, second = 1000000000;
static const int64_t start = INT64_C(98765432109876); /* between two ticks */

static weft_runtime *rt;
static numbers_sender out;
static numbers_receiver in;

static int begin_with(uint32_t budget)
{
    vclock_begin(start);
    const int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .coop_budget = budget));
    if (rc == 0)
        world_channel(rt, 4, WEFT_WAIT, &out, &in);
    return rc;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(0);
}

static int begin_poor(void **state)
{
    (void)state;
    return begin_with(4);
}

static int end(void **state)
{
    (void)state;
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, -1);
    vclock_end();
    verdict_assert();
    return 0;
}

enum { WAITING = 99 };

/* Waits for a message with a limit, `rounds` times, and writes down each answer. */
struct limited {
    weft_frame weft;
    weft_timeout_state timeout;
    weft_recv_future recv;
    int64_t delay_ns;    /* or */
    int64_t deadline_ns; /* if it is not 0 */
    int rounds;
    uint64_t got;
    atomic_int *rc; /* of the last round; WAITING before it */
    atomic_ullong *value;
    atomic_uint *done;
};

static weft_poll limited(weft_context *cx, struct limited *self)
{
    WEFT_BEGIN(cx, self);
    do {
        numbers_recv_begin(&self->recv, &in, &self->got);
        if (self->deadline_ns != 0)
            WEFT_AWAIT(self->weft.rc, weft_timeout_until(cx, &self->timeout, &self->recv.future, self->deadline_ns));
        else
            WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->recv.future, self->delay_ns));
        atomic_store(self->value, self->got);
        atomic_store(self->rc, self->weft.rc);
        atomic_fetch_add(self->done, 1);
    } while (--self->rounds > 0);
    WEFT_END(0);
}

static atomic_int rc;
static atomic_ullong value;
static atomic_uint done;

static weft_task wait_limited(int64_t delay_ns, int64_t deadline_ns, int rounds)
{
    atomic_store(&rc, WAITING);
    atomic_store(&value, 0);
    atomic_store(&done, 0);
    return weft_spawn(weft_runtime_scope(rt), limited, .delay_ns = delay_ns, .deadline_ns = deadline_ns, .rounds = rounds,
                      .rc = &rc, .value = &value, .done = &done);
}

/* Nothing moves any more, and this is how the last round ended. */
static void assert_answer(int expected)
{
    vclock_asleep(1);
    assert_int_equal(atomic_load(&rc), expected);
}

static void send(uint64_t number)
{
    assert_int_equal(numbers_try_send(&out, number), 0);
}

static void timeout_fires_at_its_tick_and_takes_nothing(void **state)
{
    (void)state;
    wait_limited(5 * ms, 0, 1);
    assert_answer(WAITING);
    vclock_set(vclock_tick(start + 5 * ms) - 1);
    assert_answer(WAITING);
    vclock_set(vclock_tick(start + 5 * ms));
    assert_answer(WEFT_ETIMEDOUT);
    send(7); /* nobody waits: it stays for the next */
    assert_int_equal(world_stats(&in).depth, 1);
    wait_limited(5 * ms, 0, 1);
    assert_answer(0);
    assert_int_equal(atomic_load(&value), 7);
}

/* The message comes first: the limit is taken back, and the worker does not wake for it. */
/* known bug 49 */
static void timeout_that_was_not_needed_is_taken_back(void **state)
{
    (void)state;
    wait_limited(5 * ms, 0, 1);
    assert_true(vclock_asleep(1) <= vclock_tick(start + 5 * ms));
    send(7);
    assert_answer(0);
    assert_int_equal(atomic_load(&value), 7);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

/* TIM-07: what is ready wins, however late it is asked; a limit of now or before asks once, and does not wait. */
static void timeout_asks_first_and_then_looks_at_the_clock(void **state)
{
    (void)state;
    const struct { int64_t delay_ns, deadline_ns; } limits[] = {{0, 0}, {-1, 0}, {INT64_MIN, 0}, {0, start}, {0, 1}, {0, -1}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        wait_limited(limits[i].delay_ns, limits[i].deadline_ns, 1);
        assert_answer(WEFT_ETIMEDOUT);
        send(i + 1);
        wait_limited(limits[i].delay_ns, limits[i].deadline_ns, 1);
        assert_answer(0);
        assert_int_equal(atomic_load(&value), i + 1);
    }
    assert_true(weft_clock() == start);
}

/* Both come true while the worker is held: the message wins. */
/* TIM-07 known bug 46 */
static void timeout_that_is_due_with_the_message_lets_it_win(void **state)
{
    (void)state;
    struct latch entered = LATCH, leave = LATCH;
    wait_limited(ms, 0, 1);
    assert_answer(WAITING);
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    vclock_set(vclock_tick(start + ms));
    send(7);
    latch_up(&leave);
    assert_answer(0);
    assert_int_equal(atomic_load(&value), 7);
}

/* TIM-07 */
static void timeout_of_the_greatest_length_never_fires(void **state)
{
    (void)state;
    const struct { int64_t delay_ns, deadline_ns; } limits[] = {{INT64_MAX, 0}, {INT64_MAX - 1, 0}, {0, WEFT_FOREVER}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        wait_limited(limits[i].delay_ns, limits[i].deadline_ns, 1);
        vclock_asleep(1);
        vclock_set(INT64_MAX / 8 * ((int64_t)i + 1));
        assert_answer(WAITING);
        send(i + 1);
        assert_answer(0);
        assert_int_equal(atomic_load(&value), i + 1);
    }
}

/* The limit is counted from the first evaluation: wakes for nothing in between do not move it. */
static void timeout_counts_from_the_first_evaluation(void **state)
{
    (void)state;
    const weft_task task = wait_limited(5 * ms, 0, 1);
    assert_answer(WAITING);
    for (int i = 1; i < 5; i++) {
        vclock_set(start + i * ms);
        vclock_asleep(1);
        weft_wake((weft_waker){task});
        assert_answer(WAITING);
    }
    vclock_set(vclock_tick(start + 5 * ms));
    assert_answer(WEFT_ETIMEDOUT);
}

/* One state, many waits: each has the whole limit. */
static void timeout_is_used_again(void **state)
{
    (void)state;
    enum { ROUNDS = 6 };
    wait_limited(5 * ms, 0, ROUNDS);
    for (unsigned i = 0; i < ROUNDS; i++) {
        vclock_asleep(1);
        assert_int_equal(atomic_load(&done), i);
        const int64_t now = weft_clock();
        vclock_set(now + 4 * ms);
        vclock_asleep(1);
        assert_int_equal(atomic_load(&done), i);
        if (i % 2)
            send(i);
        else
            vclock_set(vclock_tick(now + 5 * ms));
        assert_answer(i % 2 ? 0 : WEFT_ETIMEDOUT);
    }
}

static void timeout_passes_on_how_the_future_ended(void **state)
{
    (void)state;
    wait_limited(second, 0, 1);
    vclock_asleep(1);
    numbers_sender_close(&out);
    assert_answer(WEFT_EPIPE);
    wait_limited(second, 0, 1); /* closed: at once */
    assert_answer(WEFT_EPIPE);
}

static void timeout_is_cancelled_with_its_task(void **state)
{
    (void)state;
    const weft_task task = wait_limited(second, 0, 1);
    vclock_asleep(1);
    assert_int_equal(weft_task_cancel(task), 0);
    assert_answer(WEFT_ECANCELED);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
    send(7);
    assert_int_equal(world_stats(&in).depth, 1);
}

struct refused { weft_frame weft; weft_timeout_state timeout; weft_recv_future recv, unbegun; uint64_t got; };

static weft_poll refused(weft_context *cx, struct refused *self)
{
    WEFT_BEGIN(cx, self);
    numbers_recv_begin(&self->recv, &in, &self->got);
    weft_future *const future = &self->recv.future;
    VERDICT(weft_timeout(NULL, &self->timeout, future, ms) == WEFT_EINVAL);
    VERDICT(strstr(weft_error_detail(), "weft_timeout: give a context") != NULL);
    VERDICT(weft_timeout(cx, NULL, future, ms) == WEFT_EINVAL);
    VERDICT(weft_timeout(cx, &self->timeout, NULL, ms) == WEFT_EINVAL);
    VERDICT(weft_timeout(cx, &self->timeout, &self->unbegun.future, ms) == WEFT_EINVAL);
    VERDICT(weft_timeout_until(NULL, &self->timeout, future, ms) == WEFT_EINVAL);
    VERDICT(strstr(weft_error_detail(), "weft_timeout_until: give a context") != NULL);
    VERDICT(weft_timeout_until(cx, NULL, future, ms) == WEFT_EINVAL);
    VERDICT(weft_timeout_until(cx, &self->timeout, NULL, ms) == WEFT_EINVAL);
    VERDICT(weft_timeout_until(cx, &self->timeout, &self->unbegun.future, ms) == WEFT_EINVAL);
    WEFT_END(0);
}

static void timeout_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    weft_spawn(weft_runtime_scope(rt), refused);
    vclock_asleep(1);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

/* ---- the budget ---- */

/* A future that is never ready and eats whatever the poll may still do: as an inner loop over messages would. */
static int glutton_poll(weft_context *cx, weft_future *future)
{
    (void)future;
    cx->weft__budget = 0;
    return WEFT_AWAITING;
}

struct starved {
    weft_frame weft;
    weft_timeout_state timeout;
    weft_future glutton;
    int64_t deadline_ns;
    unsigned polls;
    atomic_int *rc;
};

static weft_poll starved(weft_context *cx, struct starved *self)
{
    self->glutton.weft__poll = glutton_poll;
    self->polls++;
    const int answer = weft_timeout_until(cx, &self->timeout, &self->glutton, self->deadline_ns);
    if (answer == WEFT_AWAITING)
        return WEFT_PENDING;
    VERDICT(self->polls <= 2);
    atomic_store(self->rc, answer);
    return WEFT_READY;
}

/* COOP-05 */
static void timeout_around_what_eats_the_budget_fires(void **state)
{
    (void)state;
    const int64_t deadlines[] = {start, start - 1, start + ms};
    for (int i = 0; i < 3; i++) {
        atomic_store(&rc, WAITING);
        weft_spawn(weft_runtime_scope(rt), starved, .deadline_ns = deadlines[i], .rc = &rc);
        if (deadlines[i] > start) {
            assert_answer(WAITING);
            vclock_set(vclock_tick(deadlines[i]));
        }
        assert_answer(WEFT_ETIMEDOUT);
    }
}

/* Receives from a channel that is never empty, in a scope with a deadline; each message takes its time. */
struct glutted {
    weft_frame weft;
    weft_scope scope;
    int64_t deadline_ns;
    uint64_t got;
    atomic_int *rc;
    int64_t late_ns;
};

static weft_poll glutted(weft_context *cx, struct glutted *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = self->deadline_ns)) == 0);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &in, &self->got));
        if (self->weft.rc < 0)
            break;
        VERDICT(numbers_try_send(&out, self->got) == 0);
        vclock_advance(us);
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED && weft_context_cancelled(cx) == WEFT_REASON_DEADLINE);
    VERDICT(weft_clock() >= self->deadline_ns);
    /* at most 16 polls of 4 messages between two looks at the clock: by now it is known what they take */
    VERDICT(weft_clock() <= vclock_tick(self->deadline_ns) + 17 * 5 * us);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* COOP-05: the same with an inner loop that has always something to do, under a scope's deadline. */
static void scope_deadline_ends_a_loop_that_never_waits(void **state)
{
    (void)state;
    send(1);
    atomic_store(&rc, WAITING);
    weft_spawn(weft_runtime_scope(rt), glutted, .deadline_ns = start + ms, .rc = &rc);
    assert_answer(WEFT_ETIMEDOUT);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
}

/* Gives way between polls that take 100 us each, until `done`. */
struct slow {
    weft_frame weft;
};

static weft_poll slow(weft_context *cx, struct slow *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&done)) {
        vclock_advance(100 * us);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

struct beside {
    weft_frame weft;
    int64_t deadline_ns;
    atomic_int *rc;
};

static weft_poll beside(weft_context *cx, struct beside *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline_ns));
    VERDICT(weft_clock() >= self->deadline_ns);
    VERDICT(weft_clock() <= vclock_tick(self->deadline_ns) + 100 * us);
    atomic_store(&done, 1);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* TIM-06: polls that are long are not many between two looks at the clock. */
static void sleep_beside_long_polls_ends_within_one(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    atomic_store(&rc, WAITING);
    weft_spawn(weft_runtime_scope(rt), beside, .deadline_ns = start + 50 * ms, .rc = &rc);
    weft_spawn(weft_runtime_scope(rt), slow);
    assert_answer(0);
}

/* Chooses between two that are always ready; counts. */
struct chooser {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future one, two;
    int left;
    atomic_uint *other; /* turns that another task had */
    unsigned seen;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    self->seen = atomic_load(self->other);
    while (self->left-- > 0) {
        weft_sleep_begin(&self->one, 0);
        weft_sleep_begin(&self->two, 0);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->one.future, &self->two.future));
        VERDICT(self->weft.rc >= 0);
    }
    /* 100 choices, 4 in a poll and the one that was put off: the other task was there between them. */
    VERDICT(atomic_load(self->other) - self->seen >= 100 / 5 - 1);
    atomic_store(&done, 1);
    WEFT_END(0);
}

/* Joins many that have all ended. */
struct gatherer {
    weft_frame weft;
    weft_scope scope;
    weft_task tasks[100];
    int i;
    atomic_uint *other;
    unsigned seen;
};

static weft_poll gatherer(weft_context *cx, struct gatherer *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (self->i = 0; self->i < 100; self->i++)
        self->tasks[self->i] = weft_spawn_joinable(&self->scope, ender, .result = self->i);
    while (weft_scope_live(&self->scope) > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->seen = atomic_load(self->other);
    for (self->i = 0; self->i < 100; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->tasks[self->i], NULL));
        VERDICT(self->weft.rc == 0);
    }
    VERDICT(atomic_load(self->other) - self->seen >= 100 / 4 - 1);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(&done, 1);
    WEFT_END(0);
}

/* Takes turns until `done`. */
struct turner { weft_frame weft; atomic_uint *turns; };

static weft_poll turner(weft_context *cx, struct turner *self)
{
    WEFT_BEGIN(cx, self);
    while (atomic_load(&done) == 0) {
        atomic_fetch_add(self->turns, 1);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* COOP-06: choices and joins that never have to wait give way when the budget is spent. */
static void select_and_join_give_way_when_the_budget_is_spent(void **state)
{
    (void)state;
    atomic_uint turns = 0;
    atomic_store(&done, 0);
    weft_spawn(weft_runtime_scope(rt), turner, .turns = &turns);
    weft_spawn(weft_runtime_scope(rt), chooser, .left = 100, .other = &turns);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&done), 1);
    atomic_store(&done, 0);
    weft_spawn(weft_runtime_scope(rt), turner, .turns = &turns);
    weft_spawn(weft_runtime_scope(rt), gatherer, .other = &turns);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&done), 1);
}

/* ---- the deadline of a scope ---- */

struct scoped {
    weft_frame weft;
    weft_scope scope, inner;
    int64_t deadline_ns;
    bool ready; /* what is awaited inside is ready */
    uint64_t got;
    atomic_int *inside;
    atomic_int *rc;
};

static weft_poll scoped(weft_context *cx, struct scoped *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = self->deadline_ns)) == 0);
    VERDICT(weft_scope_open(cx, &self->inner, NULL) == 0);
    WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &in, &self->got));
    atomic_store(self->inside, self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->inner));
    VERDICT(self->weft.rc == 0 || self->weft.rc == WEFT_ETIMEDOUT);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(weft_context_cancelled(cx) == WEFT_REASON_NONE);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

static void run_scoped(int64_t deadline_ns, atomic_int *inside)
{
    atomic_store(&rc, WAITING);
    atomic_store(inside, WAITING);
    weft_spawn(weft_runtime_scope(rt), scoped, .deadline_ns = deadline_ns, .inside = inside, .rc = &rc);
}

/* TIM-07: a deadline of now or before is in force from the opening on, though a message is there. */
static void scope_deadline_that_has_passed_cancels_at_once(void **state)
{
    (void)state;
    atomic_int inside;
    const int64_t deadlines[] = {start, start - 1, 1, -1, INT64_MIN};
    send(7);
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        run_scoped(deadlines[i], &inside);
        assert_answer(WEFT_ETIMEDOUT);
        assert_int_equal(atomic_load(&inside), WEFT_ECANCELED);
    }
    assert_int_equal(world_stats(&in).depth, 1);
    assert_true(weft_clock() == start && vclock_asleep(1) == WEFT_FOREVER);
}

static void scope_deadline_passes_at_its_tick(void **state)
{
    (void)state;
    atomic_int inside;
    run_scoped(start + 5 * ms, &inside);
    vclock_asleep(1);
    vclock_set(vclock_tick(start + 5 * ms) - 1);
    assert_answer(WAITING);
    vclock_set(vclock_tick(start + 5 * ms));
    assert_answer(WEFT_ETIMEDOUT);
    assert_int_equal(atomic_load(&inside), WEFT_ECANCELED);
}

static void scope_deadline_that_was_not_needed_is_taken_back(void **state)
{
    (void)state;
    atomic_int inside;
    run_scoped(start + 5 * ms, &inside);
    vclock_asleep(1);
    send(7);
    assert_answer(0);
    assert_int_equal(atomic_load(&inside), 0);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

int main(void)
{
    world_seed();
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TEST_OF_THE_POOR(name) cmocka_unit_test_setup_teardown(name, begin_poor, end)
    const struct CMUnitTest tests[] = {
        TEST(timeout_fires_at_its_tick_and_takes_nothing),
        TEST(timeout_that_was_not_needed_is_taken_back),
        TEST(timeout_asks_first_and_then_looks_at_the_clock),
        TEST(timeout_that_is_due_with_the_message_lets_it_win),
        TEST(timeout_of_the_greatest_length_never_fires),
        TEST(timeout_counts_from_the_first_evaluation),
        TEST(timeout_is_used_again),
        TEST(timeout_passes_on_how_the_future_ended),
        TEST(timeout_is_cancelled_with_its_task),
        TEST(timeout_refuses_what_it_cannot_do),
        TEST(timeout_around_what_eats_the_budget_fires),
        TEST_OF_THE_POOR(scope_deadline_ends_a_loop_that_never_waits),
        TEST(sleep_beside_long_polls_ends_within_one),
        TEST_OF_THE_POOR(select_and_join_give_way_when_the_budget_is_spent),
        TEST(scope_deadline_that_has_passed_cancels_at_once),
        TEST(scope_deadline_passes_at_its_tick),
        TEST(scope_deadline_that_was_not_needed_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
