/* SPDX-License-Identifier: MIT */
/*
 * DMP-01: dumps are taken in a loop while tasks begin, wait, are woken, are cancelled, call and return, and end. No dump
 * hangs, no wake is lost (the token goes round to the end), no task is lost (the books balance), and what is told of a
 * task that runs is true of some task.
 */
#include <string.h>
#include <weft.h>

#include "lib/stress.h"

WEFT_CHANNEL_DEFINE(tokens, uint64_t)

static weft_runtime *rt;
static atomic_int stop;
static atomic_ullong dumps, bytes_dumped;

/* Every piece is looked at for what no dump may contain. */
static int swallow(void *context, const char *text, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++)
        VERDICT((unsigned char)text[i] >= 0x20 || text[i] == '\n');
    atomic_fetch_add(&bytes_dumped, length);
    return 0;
}

static void dumper(void *context, unsigned number)
{
    (void)context;
    while (!atomic_load(&stop)) {
        VERDICT(weft_task_dump(rt, number == 0 ? WEFT_DUMP_JSON : WEFT_DUMP_TEXT, swallow, NULL) == 0);
        atomic_fetch_add(&dumps, 1);
    }
}

/* A token goes round between two tasks, two calls deep: each hop is a wake that may not be lost. */
struct hop {
    weft_frame weft;
    tokens_sender *out;
    tokens_receiver *in;
    atomic_ullong *hops;
    uint64_t token;
};

static weft_poll hop(weft_context *cx, struct hop *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, tokens_recv(cx, self->in, &self->token));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc); /* not before the end: then the book says so */
    self->token++;
    atomic_fetch_add(self->hops, 1);
    WEFT_AWAIT(self->weft.rc, tokens_send(cx, self->out, self->token));
    WEFT_END(self->weft.rc);
}

struct player {
    weft_frame weft;
    tokens_sender out;
    tokens_receiver in;
    union {
        struct hop hop;
        unsigned char anything[sizeof(struct hop)];
    };
    uint64_t rounds;
    atomic_ullong *hops;
};

static weft_poll player(weft_context *cx, struct player *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->rounds > 0; self->rounds--) {
        memset(&self->hop, 0, sizeof self->hop);
        self->hop.out = &self->out;
        self->hop.in = &self->in;
        self->hop.hops = self->hops;
        WEFT_CALL(self->weft.rc, hop, &self->hop);
        memset(self->anything, 0xa5, sizeof self->anything); /* where a frame was there is something else now */
    }
    tokens_sender_close(&self->out);
    tokens_receiver_close(&self->in);
    WEFT_END(0);
}

/* Members of a scope that wait for what never comes, until they are cancelled; one ends by itself. */
struct member {
    weft_frame weft;
    bool waits;
    atomic_ullong *ended;
};

static weft_poll member(weft_context *cx, struct member *self)
{
    WEFT_BEGIN(cx, self);
    if (self->waits)
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    else
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

struct family {
    weft_frame weft;
    weft_scope scope;
    uint64_t rounds;
    int i;
    atomic_ullong *ended;
};

enum { MEMBERS = 4 };

static weft_poll family(weft_context *cx, struct family *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->rounds > 0; self->rounds--) {
        self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "family", .policy = WEFT_COLLECT_ALL));
        for (self->i = 0; self->i < MEMBERS; self->i++)
            weft_spawn_as(&self->scope, WEFT_TASK("member", .joinable = self->i == 1), member, .waits = self->i > 1,
                          .ended = self->ended);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        weft_scope_cancel(&self->scope);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    }
    WEFT_END(0);
}

/* Tasks that end at once, joined from outside. */
static void spawn_and_join(uint64_t count, atomic_ullong *ended)
{
    for (uint64_t i = 0; i < count; i++) {
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), member, .ended = ended);
        int result = 1;
        if (i % 3 == 0)
            (void)weft_task_cancel(task); /* it may have ended */
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 0);
    }
}

static void dump_loses_no_task_and_no_wake(void **state)
{
    (void)state;
    enum { PAIRS = 4, FAMILIES = 2 };
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0);
    const uint64_t rounds = stress_scale(100000), families = stress_scale(10000), joins = stress_scale(20000);
    atomic_ullong hops = 0, ended = 0;
    atomic_store(&stop, 0);
    struct stress_team *team = stress_team_begin(2, dumper, NULL);
    for (int pair = 0; pair < PAIRS; pair++) {
        tokens_sender out[2];
        tokens_receiver in[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(tokens_create(rt, WEFT_CHANNEL_OPTIONS(.name = "ring", .capacity = 1), &out[i], &in[i]), 0);
        assert_int_equal(tokens_try_send(&out[0], 0), 0);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("ping"), player, .out = out[1], .in = in[0], .rounds = rounds,
                      .hops = &hops);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("pong"), player, .out = out[0], .in = in[1], .rounds = rounds,
                      .hops = &hops);
    }
    for (int i = 0; i < FAMILIES; i++)
        weft_spawn(weft_runtime_scope(rt), family, .rounds = families, .ended = &ended);
    spawn_and_join(joins, &ended);
    stress_settle(rt);
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    const unsigned long long before = atomic_load(&dumps);
    while (atomic_load(&dumps) < before + 4) /* and of nobody */
        sched_yield();
    atomic_store(&stop, 1);
    stress_team_join(team);
    verdict_assert();
    assert_int_equal(atomic_load(&hops), 2 * PAIRS * rounds);
    assert_int_equal(atomic_load(&ended), FAMILIES * families * MEMBERS + joins);
    assert_int_equal(stats.tasks_spawned, 2 * PAIRS + FAMILIES + FAMILIES * families * MEMBERS + joins);
    assert_int_equal(stats.tasks_spawned, stats.tasks_ended);
    print_message("%llu dumps, %llu bytes\n", (unsigned long long)atomic_load(&dumps),
                  (unsigned long long)atomic_load(&bytes_dumped));
    assert_int_equal(weft_runtime_finish(rt), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump_loses_no_task_and_no_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
