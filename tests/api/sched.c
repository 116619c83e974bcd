/* SPDX-License-Identifier: MIT */
/* How tasks are run: fairness, budget, order, counters, as far as a program can see them. */
#include "lib/chaos.h"
#include "lib/vclock.h"
#include "lib/world.h"

#include <stdio.h>

static weft_runtime_stats stats_of(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats;
}

static uint32_t polls_of(weft_task task)
{
    weft_task_info info = {.size = sizeof info};
    assert_int_equal(weft_task_inspect(task, &info), 0);
    return info.polls;
}

/* Spins with others for company; counts its turns, and stops when told. */
struct turner {
    weft_frame weft;
    atomic_uint *stop;
    atomic_ullong *turns;
};

static weft_poll turner(weft_context *cx, struct turner *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(self->stop)) {
        atomic_fetch_add(self->turns, 1);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(0);
}

/* COOP-01 COOP-03: a receiver of an always full channel gives way after its budget, and only then. */
struct taker {
    weft_frame weft;
    numbers_receiver in;
    uint64_t got;
    atomic_uint *taken;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(self->taken, 1);
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void budget_makes_a_task_give_way(void **state)
{
    (void)state;
    const uint32_t budgets[] = {0, 1, 10, 128, 1000000}; /* 0: 128 */
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        enum { MESSAGES = 1000 };
        weft_runtime *rt = NULL;
        assert_int_equal(
            weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .coop_budget = budgets[i])), 0);
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, MESSAGES, WEFT_WAIT, &out, &in);
        for (uint64_t m = 0; m < MESSAGES; m++)
            assert_int_equal(numbers_try_send(&out, m), 0);
        numbers_sender_close(&out);
        atomic_uint taken = 0;
        weft_spawn(weft_runtime_scope(rt), taker, .in = in, .taken = &taken);
        world_settle(rt);
        assert_int_equal(atomic_load(&taken), MESSAGES);
        const uint32_t budget = budgets[i] ? budgets[i] : 128;
        /* 1,000 messages and the end: so many operations complete, `budget` of them in each poll. */
        const uint64_t polls = stats_of(rt).polls;
        assert_in_range(polls, (MESSAGES + 1 + budget - 1) / budget, (MESSAGES + 1) / budget + 1);
        world_end(rt, 1);
    }
}

/* COOP-01 RT-02, known bug 88: beside a task that never has to wait, another one gets its turns. */
static void task_that_never_waits_does_not_starve_another(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = UINT64_MAX);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in);
    for (int i = 0; i < 200; i++) {
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), ender, .result = i);
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, i);
    }
    world_end(rt, 202);
}

/* COOP-02: yield in a bare loop lets the others run each time. RT-08: and goes behind them. */
static void yield_goes_behind_the_ready(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* rings are shorter than a batch of the shared queue */
    weft_runtime *rt = world_begin(1);
    atomic_uint stop = 0;
    atomic_ullong turns[10] = {0};
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    for (int i = 0; i < 10; i++)
        weft_spawn(weft_runtime_scope(rt), turner, .stop = &stop, .turns = &turns[i]);
    latch_up(&leave);
    WORLD_UNTIL(atomic_load(&turns[0]) >= 2000);
    for (int i = 0; i < 10; i++) /* one round of all lies between two turns of one; the shared queue may add another */
        assert_true(atomic_load(&turns[i]) >= 2000 / 4);
    atomic_store(&stop, 1);
    world_end(rt, 11);
}

/* RT-14: pairs that wake each other all the time through the next slot, and one that only yields. */
struct pinger {
    weft_frame weft;
    numbers_sender out;
    numbers_receiver in;
    uint64_t got;
    atomic_uint *stop;
};

static weft_poll pinger(weft_context *cx, struct pinger *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(self->stop)) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, 1));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
        if (self->weft.rc < 0)
            break;
    }
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

/* known bug 84 */
static void ping_pong_pairs_do_not_starve_one_that_yields(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_uint stop = 0;
    for (int i = 0; i < 100; i++) {
        numbers_sender there, back;
        numbers_receiver here, yonder;
        world_channel(rt, 1, WEFT_WAIT, &there, &yonder);
        world_channel(rt, 1, WEFT_WAIT, &back, &here);
        weft_spawn(weft_runtime_scope(rt), pinger, .out = there, .in = here, .stop = &stop);
        weft_spawn(weft_runtime_scope(rt), pinger, .out = back, .in = yonder, .stop = &stop);
    }
    atomic_ullong turns = 0;
    weft_spawn(weft_runtime_scope(rt), turner, .stop = &stop, .turns = &turns);
    WORLD_UNTIL(atomic_load(&turns) >= 300);
    atomic_store(&stop, 1);
    world_end(rt, 201);
}

/* RT-15: a chain in which each task spawns its successor, beside a task that is ready. */
struct link {
    weft_frame weft;
    weft_runtime *rt;
    atomic_uint *stop;
    atomic_ullong *length;
};

static weft_poll link(weft_context *cx, struct link *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(self->length, 1);
    if (!atomic_load(self->stop))
        weft_spawn(weft_runtime_scope(self->rt), link, .rt = self->rt, .stop = self->stop, .length = self->length);
    WEFT_END(0);
}

/* known bug 84 */
static void chain_of_spawns_does_not_keep_its_worker(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint stop = 0;
    atomic_ullong length = 0, turns = 0;
    weft_spawn(weft_runtime_scope(rt), link, .rt = rt, .stop = &stop, .length = &length);
    weft_spawn(weft_runtime_scope(rt), turner, .stop = &stop, .turns = &turns);
    WORLD_UNTIL(atomic_load(&turns) >= 200 && atomic_load(&length) >= 200);
    atomic_store(&stop, 1);
    world_end(rt, -1);
}

/* RT-18: without the next slot what a task wakes goes through the queue, behind what waits there already. */
struct order {
    weft_frame weft;
    atomic_uint *ticket;
    atomic_uint *mine;
};

static weft_poll order(weft_context *cx, struct order *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->mine, atomic_fetch_add(self->ticket, 1) + 1);
    WEFT_END(0);
}

struct orderer {
    weft_frame weft;
    weft_runtime *rt;
    atomic_uint *ticket;
    atomic_uint *mine;
    int i;
};

static weft_poll orderer(weft_context *cx, struct orderer *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 8; self->i++)
        weft_spawn(weft_runtime_scope(self->rt), order, .ticket = self->ticket, .mine = &self->mine[self->i]);
    WEFT_END(0);
}

static void next_slot_can_be_switched_off(void **state)
{
    (void)state;
    for (int off = 0; off < 2; off++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .next_slot_off = off)), 0);
        atomic_uint ticket = 0, mine[8] = {0};
        weft_spawn(weft_runtime_scope(rt), orderer, .rt = rt, .ticket = &ticket, .mine = mine);
        world_settle(rt);
        for (unsigned i = 0; i < 8; i++) /* on: the last one first; off: as they came */
            assert_int_equal(atomic_load(&mine[i]), off ? i + 1 : i == 7 ? 1 : i + 2);
        world_end(rt, 9);
    }
}

/* The task that is joined goes before what lies in the ring for longer, but not with the next slot switched off. */
struct joiner {
    weft_frame weft;
    weft_runtime *rt;
    atomic_uint *ticket;
    atomic_uint *mine;
    weft_task tasks[4];
    int i;
};

static weft_poll joiner(weft_context *cx, struct joiner *self)
{
    WEFT_BEGIN(cx, self);
    for (int i = 0; i < 4; i++)
        self->tasks[i] = weft_spawn_joinable(weft_runtime_scope(self->rt), order, .ticket = self->ticket, .mine = &self->mine[i]);
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->tasks[2], NULL));
    atomic_store(&self->mine[4], atomic_fetch_add(self->ticket, 1) + 1);
    for (self->i = 0; self->i < 4; self->i++)
        if (self->i != 2)
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->tasks[self->i], NULL));
    WEFT_END(0);
}

static void joined_task_goes_before_older_ones(void **state)
{
    (void)state;
    static const unsigned on[5] = {4, 5, 2, 1, 3}, as_spawned[5] = {1, 2, 3, 4, 5}; /* then the joiner */
    for (int off = 0; off < 2; off++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .next_slot_off = off,
                                                                       .global_queue_interval = 127)), 0);
        atomic_uint ticket = 0, mine[5] = {0};
        weft_spawn(weft_runtime_scope(rt), joiner, .rt = rt, .ticket = &ticket, .mine = mine);
        world_settle(rt);
        for (int i = 0; i < 5; i++)
            assert_int_equal(atomic_load(&mine[i]), off ? as_spawned[i] : on[i]);
        world_end(rt, 5);
    }
}

/* A tree of joins is gone through branch by branch: so few of its tasks are ready at a time that a ring holds them. */
struct tree {
    weft_frame weft;
    weft_runtime *rt;
    int depth;
    int i;
    weft_task tasks[2];
};

static weft_poll tree(weft_context *cx, struct tree *self)
{
    WEFT_BEGIN(cx, self);
    if (self->depth == 0)
        WEFT_RETURN(0);
    for (int i = 0; i < 2; i++)
        self->tasks[i] = weft_spawn_joinable(weft_runtime_scope(self->rt), tree, .rt = self->rt, .depth = self->depth - 1);
    for (self->i = 1; self->i >= 0; self->i--)
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->tasks[self->i], NULL));
    WEFT_END(0);
}

static void tree_of_joins_fits_the_ring(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* rings are shorter than the tree is deep */
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .global_queue_interval = 127)), 0);
    weft_spawn(weft_runtime_scope(rt), tree, .rt = rt, .depth = 12);
    world_settle(rt);
    assert_int_equal(stats_of(rt).queue_overflows, 0);
    world_end(rt, (1 << 13) - 1);
}

/* RT-19: a thousand tasks, each waiting on several channels in turn, fed by others in another order. */
struct listener {
    weft_frame weft;
    numbers_receiver in[4];
    int i;
    uint64_t got;
    atomic_ullong *sum;
};

static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 4; self->i++) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in[self->i], &self->got));
        if (self->weft.rc == 0)
            atomic_fetch_add(self->sum, self->got);
        numbers_receiver_close(&self->in[self->i]);
    }
    WEFT_END(0);
}

struct feeder {
    weft_frame weft;
    numbers_sender out;
    unsigned yields;
};

static weft_poll feeder(weft_context *cx, struct feeder *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->yields > 0; self->yields--)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, 1));
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

/* known bug 87 */
static void thousand_listeners_all_hear(void **state)
{
    (void)state;
    enum { LISTENERS = 1000 };
    uint64_t random = world_seed();
    weft_runtime *rt = world_begin(4);
    atomic_ullong sum = 0;
    for (int i = 0; i < LISTENERS; i++) {
        struct listener frame = {.sum = &sum};
        numbers_sender out[4];
        for (int c = 0; c < 4; c++)
            world_channel(rt, 1, WEFT_WAIT, &out[c], &frame.in[c]);
        for (int c = 3; c >= 0; c--)
            weft_spawn(weft_runtime_scope(rt), feeder, .out = out[c], .yields = world_random(&random, 5));
        weft_spawn(weft_runtime_scope(rt), listener, .in = {frame.in[0], frame.in[1], frame.in[2], frame.in[3]}, .sum = &sum);
    }
    world_settle(rt);
    assert_int_equal(atomic_load(&sum), 4 * LISTENERS);
    world_end(rt, 5 * LISTENERS);
}

/* Q-01 MET-01: 300 spawned by one task on one worker: what does not fit the ring goes to the shared queue; none is lost. */
struct spawner {
    weft_frame weft;
    weft_runtime *rt;
    unsigned count;
    atomic_uint *ended;
};

static weft_poll spawner(weft_context *cx, struct spawner *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->count > 0; self->count--)
        weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended);
    WEFT_END(0);
}

/* known bug 86, known bug 87 */
static void ring_that_is_full_overflows_and_loses_none(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* rings are short */
    struct {
        unsigned count;
        uint64_t overflows;
    } cases[] = {{1, 0}, {256, 0}, {257, 0}, {258, 1}, {300, 43}}; /* one in the next slot, 256 in the ring */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)), 0);
        atomic_uint ended = 0;
        weft_spawn(weft_runtime_scope(rt), spawner, .rt = rt, .count = cases[i].count, .ended = &ended);
        world_settle(rt);
        assert_int_equal(atomic_load(&ended), cases[i].count);
        const weft_runtime_stats stats = stats_of(rt);
        assert_int_equal(stats.queue_overflows, cases[i].overflows);
        assert_int_equal(stats.polls, cases[i].count + 1);
        assert_int_equal(stats.steals, 0);
        world_end(rt, cases[i].count + 1);
    }
}

/* What one worker has, another one takes: a task that holds its worker does not hold its children. */
struct blocker {
    weft_frame weft;
    weft_runtime *rt;
    atomic_uint *ended;
    unsigned i;
};

static weft_poll blocker(weft_context *cx, struct blocker *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 50; self->i++)
        weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended);
    WORLD_UNTIL(atomic_load(self->ended) == 50); /* also the one in the next slot */
    WEFT_END(0);
}

/* known bug 5 */
static void children_of_a_task_that_blocks_run_elsewhere(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        weft_runtime *rt = world_begin(2);
        atomic_uint ended = 0;
        weft_spawn(weft_runtime_scope(rt), blocker, .rt = rt, .ended = &ended);
        world_settle(rt);
        assert_int_equal(atomic_load(&ended), 50);
        world_end(rt, 51);
    }
}

/* Sleeps, if it is to, and spawns what ends at once. */
struct starter {
    weft_frame weft;
    int64_t delay_ns;
    atomic_uint *ended;
};

static weft_poll starter(weft_context *cx, struct starter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    self->weft.rc = weft_task_error(weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), ender, .ended = self->ended));
    WEFT_END(self->weft.rc);
}

struct foreigner {
    weft_runtime *rt;
    atomic_uint *ended;
};

static void *spawn_from_outside(void *argument)
{
    struct foreigner *foreigner = argument;
    weft_spawn(weft_runtime_scope(foreigner->rt), ender, .ended = foreigner->ended);
    return NULL;
}

/* scenario 7: a task spawned inside a task, one by a thread, and one by a task that a timer has woken. */
static void spawn_from_everywhere_runs(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        weft_runtime *rt = world_begin(workers);
        atomic_uint inside = 0, outside = 0, woken = 0;
        struct foreigner foreigner = {rt, &outside};
        pthread_t thread;
        weft_spawn(weft_runtime_scope(rt), starter, .ended = &inside);
        weft_spawn(weft_runtime_scope(rt), starter, .delay_ns = 1000000, .ended = &woken);
        world_thread(&thread, spawn_from_outside, &foreigner);
        pthread_join(thread, NULL);
        world_settle(rt);
        assert_int_equal(atomic_load(&inside), 1);
        assert_int_equal(atomic_load(&outside), 1);
        assert_int_equal(atomic_load(&woken), 1);
        world_end(rt, 5);
    }
}

static atomic_uint stall_reports;
static char stall_text[512];
static pthread_mutex_t stall_mutex = PTHREAD_MUTEX_INITIALIZER;

static void note_stall(void *context, int code, const char *text)
{
    (void)context;
    pthread_mutex_lock(&stall_mutex);
    if (code == WEFT_EBUSY)
        snprintf(stall_text, sizeof stall_text, "%s", text);
    pthread_mutex_unlock(&stall_mutex);
    atomic_fetch_add(&stall_reports, 1);
}

/* scenario 61: A poll that does not return is said once, with the name of its task, while it still runs. */
static void stall_is_reported_while_it_lasts(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .report = note_stall,
                                                                   .stall_threshold_us = 1000)),
                     0);
    struct latch entered = LATCH, leave = LATCH;
    atomic_store(&stall_reports, 0);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("stuck in traffic"), plug, .entered = &entered, .leave = &leave);
    WORLD_UNTIL(atomic_load(&stall_reports) > 0);
    pthread_mutex_lock(&stall_mutex);
    assert_non_null(strstr(stall_text, "stuck in traffic"));
    pthread_mutex_unlock(&stall_mutex);
    latch_up(&leave);
    world_settle(rt);
    assert_int_equal(atomic_load(&stall_reports), 1);
    world_end(rt, 1);
}

/* RT-05, scenario 59: seen from outside as well. */
static void polls_are_counted_per_task(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint leave = 0, polls = 0;
    weft_task task = weft_spawn(weft_runtime_scope(rt), parked, .leave = &leave, .polls = &polls);
    for (unsigned i = 1; i <= 5; i++) {
        WORLD_UNTIL(atomic_load(&polls) == i && polls_of(task) == i);
        weft_wake((weft_waker){task});
    }
    WORLD_UNTIL(polls_of(task) == 6);
    world_end(rt, 1);
}

struct brief {
    weft_frame weft;
};

static weft_poll brief(weft_context *cx, struct brief *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(0);
}

/* Two brief waits teach it to look before it sleeps; but not for what the other may bring, which can be long. */
static void worker_without_work_sleeps_while_the_other_is_held(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct latch entered = LATCH, leave = LATCH;
        weft_runtime *rt = world_begin(2);
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave)), 0);
        latch_wait(&entered, 1);
        for (int i = 0; i < 5; i++) { /* more, and it would nap */
            weft_task asked = weft_spawn_joinable(weft_runtime_scope(rt), brief);
            assert_int_equal(weft_task_join_blocking(&asked, WEFT_FOREVER, NULL), 0);
        }
        WORLD_UNTIL(stats_of(rt).workers_parked == 1);
        latch_up(&leave);
        world_end(rt, -1);
    }
}

int main(void)
{
    world_seed();
#define EXACT(test) cmocka_unit_test_setup_teardown(test, vclock_stop, vclock_go)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_makes_a_task_give_way),
        cmocka_unit_test(task_that_never_waits_does_not_starve_another),
        EXACT(yield_goes_behind_the_ready),
        cmocka_unit_test(ping_pong_pairs_do_not_starve_one_that_yields),
        cmocka_unit_test(chain_of_spawns_does_not_keep_its_worker),
        EXACT(next_slot_can_be_switched_off),
        EXACT(joined_task_goes_before_older_ones),
        EXACT(tree_of_joins_fits_the_ring),
        cmocka_unit_test(thousand_listeners_all_hear),
        EXACT(ring_that_is_full_overflows_and_loses_none),
        cmocka_unit_test(children_of_a_task_that_blocks_run_elsewhere),
        cmocka_unit_test(spawn_from_everywhere_runs),
        cmocka_unit_test(stall_is_reported_while_it_lasts),
        cmocka_unit_test(polls_are_counted_per_task),
        cmocka_unit_test(worker_without_work_sleeps_while_the_other_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
