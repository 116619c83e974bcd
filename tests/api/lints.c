/* SPDX-License-Identifier: MIT */
/*
 * Each lint is provoked once, and once comes near it. Where time has to pass it is that of a simulated runtime; where a worker
 * has to be held it is held until the lint was told.
 */
#include "lib/faulty.h"
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft/sim.h>

static const int64_t ms = 1000000;

struct told {
    unsigned of[WEFT_LINTS];
    uint64_t task, object; /* of the last one that was looked for */
    char evidence[512];
    weft_lint_kind wanted;
};

static int note(void *context, const weft_lint *lint)
{
    struct told *told = context;
    told->of[lint->kind]++;
    if (lint->kind == told->wanted) {
        told->task = lint->task;
        told->object = lint->object;
        snprintf(told->evidence, sizeof told->evidence, "%s", lint->evidence);
    }
    return lint->size == sizeof *lint && lint->name[0] && lint->hint[0] && lint->evidence[0] && lint->subject ? 0 : -1;
}

/* A simulated runtime, and a memory. */
struct sim {
    weft_runtime *rt;
    weft_lints *lints;
    struct told told;
};

static void sim_begin(struct sim *sim, const weft_lints_options *options)
{
    *sim = (struct sim){.rt = NULL};
    assert_int_equal(weft_runtime_create(&sim->rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1)), 0);
    assert_int_equal(weft_lints_create(&sim->lints, options), 0);
}

static void sim_end(struct sim *sim)
{
    weft_lints_destroy(sim->lints);
    assert_int_equal(weft_runtime_destroy(sim->rt), 0);
}

/* Let time pass, and look: how often this kind is told. */
static unsigned sim_look(struct sim *sim, int64_t after_ns, weft_lint_kind kind)
{
    const int result = weft_sim_advance(sim->rt, after_ns);
    assert_true(result >= 0 || result == WEFT_EDEADLK);
    sim->told = (struct told){.wanted = kind};
    assert_int_equal(weft_lints_visit(sim->rt, sim->lints, note, &sim->told), 0);
    return sim->told.of[kind];
}

static bool sim_said(const struct sim *sim, const char *text) { return strstr(sim->told.evidence, text) != NULL; }

struct sleeper {
    weft_frame weft;
    int64_t each_ns;
    uint32_t times;
    uint32_t i;
    char rest[64];
};
static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < self->times; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->each_ns));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(0);
}

static void lints_unnamed_task_that_lives_long(void **state)
{
    (void)state;
    struct sim sim;
    sim_begin(&sim, NULL);
    weft_scope *scope = weft_runtime_scope(sim.rt);
    const weft_task unnamed = weft_spawn(scope, sleeper, .each_ns = 200000 * ms, .times = 1);
    weft_spawn_as(scope, WEFT_TASK("named"), sleeper, .each_ns = 200000 * ms, .times = 1);
    assert_int_equal(sim_look(&sim, 59000 * ms, WEFT_LINT_UNNAMED), 0);
    assert_int_equal(sim_look(&sim, 2000 * ms, WEFT_LINT_UNNAMED), 1);
    assert_true(sim.told.task == unnamed.id);
    assert_true(sim_said(&sim, "'sleeper', spawned at"));
    sim_end(&sim);
}

/* A poll function that waits, and has told nobody how to wake it. */
static weft_poll forgetful(weft_context *cx, void *frame)
{
    (void)frame;
    return weft_context_cancelled(cx) == WEFT_REASON_NONE ? WEFT_PENDING : WEFT_READY;
}

static void lints_timer_storm(void **state)
{
    (void)state;
    struct sim sim;
    sim_begin(&sim, NULL);
    weft_scope *scope = weft_runtime_scope(sim.rt);
    weft_spawn_as(scope, WEFT_TASK("calm"), sleeper, .each_ns = 5 * ms, .times = 1000000);
    assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_TIMER_STORM), 0);
    assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_TIMER_STORM), 0);
    const weft_task storm = weft_spawn_as(scope, WEFT_TASK("storm"), sleeper, .each_ns = ms / 4, .times = 1000000);
    assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_TIMER_STORM), 0); /* seen for the first time */
    assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_TIMER_STORM), 1);
    assert_true(sim.told.task == storm.id);
    assert_true(sim_said(&sim, "'storm'"));
    sim_end(&sim);
}

/* Wakes a task that waits for a message, and sends none; or sends one. */
struct pest {
    weft_frame weft;
    weft_task victim;
    numbers_sender out;
    bool sends;
};
static weft_poll pest(weft_context *cx, struct pest *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 2 * ms));
        if (self->weft.rc < 0)
            break;
        if (self->sends)
            self->weft.rc = numbers_try_send(&self->out, 1);
        else
            weft_wake((weft_waker){self->victim});
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct reader {
    weft_frame weft;
    numbers_receiver in;
    uint64_t got;
};
static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
    } while (self->weft.rc >= 0);
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void lints_woken_with_nothing_to_do(void **state)
{
    (void)state;
    for (int sends = 0; sends < 2; sends++) {
        struct sim sim;
        numbers_sender out;
        numbers_receiver in;
        sim_begin(&sim, NULL);
        weft_scope *scope = weft_runtime_scope(sim.rt);
        world_channel(sim.rt, 4, WEFT_WAIT, &out, &in);
        const uint64_t channel = weft_sender_channel_id(&out.weft);
        const weft_task victim = weft_spawn_as(scope, WEFT_TASK("victim"), reader, .in = in);
        weft_spawn_as(scope, WEFT_TASK("pest"), pest, .victim = victim, .out = out, .sends = sends);
        assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_IDLE_POLL), 0); /* the first look */
        assert_int_equal(sim_look(&sim, 1000 * ms, WEFT_LINT_IDLE_POLL), !sends);
        if (!sends) {
            assert_true(sim.told.task == victim.id && sim.told.object == channel);
            assert_true(sim_said(&sim, "a message in channel"));
        }
        sim_end(&sim);
    }
}

struct large {
    weft_frame weft;
    unsigned char state[20000];
};
static weft_poll large(weft_context *cx, struct large *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000000 * ms));
    WEFT_END(0);
}

static void lints_large_frame(void **state)
{
    (void)state;
    struct sim sim;
    sim_begin(&sim, NULL);
    weft_scope *scope = weft_runtime_scope(sim.rt);
    weft_spawn(scope, sleeper, .each_ns = 1000000 * ms, .times = 1);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_LARGE_FRAME), 0);
    const weft_task task = weft_spawn(scope, large);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_LARGE_FRAME), 1);
    assert_true(sim.told.task == task.id);
    sim_end(&sim);
}

static void lints_leaked_handle(void **state)
{
    (void)state;
    struct sim sim;
    sim_begin(&sim, NULL);
    weft_scope *scope = weft_runtime_scope(sim.rt);
    weft_task leaked = weft_spawn_joinable(scope, sleeper, .each_ns = ms, .times = 1);
    weft_task detached = weft_spawn_joinable(scope, sleeper, .each_ns = ms, .times = 1);
    weft_task joined = weft_spawn_joinable(scope, sleeper, .each_ns = ms, .times = 1);
    assert_int_equal(weft_task_detach(&detached), 0);
    assert_int_equal(weft_task_join_blocking(&joined, WEFT_FOREVER, NULL), 0);
    assert_int_equal(sim_look(&sim, 10 * ms, WEFT_LINT_LEAKED_HANDLE), 0);
    assert_int_equal(sim_look(&sim, 59000 * ms, WEFT_LINT_LEAKED_HANDLE), 0);
    assert_int_equal(sim_look(&sim, 2000 * ms, WEFT_LINT_LEAKED_HANDLE), 1);
    assert_true(sim.told.task == leaked.id);
    assert_int_equal(weft_task_join_blocking(&leaked, WEFT_FOREVER, NULL), 0);
    assert_int_equal(sim_look(&sim, 2000 * ms, WEFT_LINT_LEAKED_HANDLE), 0);
    sim_end(&sim);
}

static void lints_saturated_channel(void **state)
{
    (void)state;
    struct sim sim;
    numbers_sender out;
    numbers_receiver in;
    uint64_t got;
    sim_begin(&sim, NULL);
    world_channel(sim.rt, 10, WEFT_WAIT, &out, &in);
    for (int i = 0; i < 5; i++)
        assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(weft_monitor_sample(sim.rt), 0);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_SATURATED), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(weft_monitor_sample(sim.rt), 0);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_SATURATED), 1);
    assert_true(sim.told.object == weft_sender_channel_id(&out.weft));
    assert_true(sim_said(&sim, "holds 10 of 10"));
    while (numbers_try_recv(&in, &got) == 0) {
    }
    assert_int_equal(weft_monitor_sample(sim.rt), 0);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_SATURATED), 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    sim_end(&sim);
}

static void lints_channel_that_is_never_nearly_full(void **state)
{
    (void)state;
    struct sim sim;
    numbers_sender out;
    numbers_receiver in;
    uint64_t got;
    sim_begin(&sim, NULL);
    world_channel(sim.rt, 100, WEFT_WAIT, &out, &in);
    for (int i = 0; i < 999; i++) {
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(numbers_try_recv(&in, &got), 0);
    }
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_OVERSIZED), 0); /* it has not seen ten times its room yet */
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_OVERSIZED), 1);
    assert_true(sim_said(&sim, "has room for 100"));
    for (int i = 0; i < 20; i++)
        assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(sim_look(&sim, ms, WEFT_LINT_OVERSIZED), 0); /* now it was a fifth full */
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    sim_end(&sim);
}

/* Locks one, and a millisecond later the other. */
struct locker {
    weft_frame weft;
    weft_mutex first, second;
};
static weft_poll locker(weft_context *cx, struct locker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->first));
    if (self->weft.rc < 0)
        WEFT_RETURN(0);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, ms));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->second));
    if (self->weft.rc >= 0)
        weft_mutex_unlock(&self->second);
    weft_mutex_unlock(&self->first);
    WEFT_END(0);
}

static void lints_deadlock_of_two_locks(void **state)
{
    (void)state;
    for (int crossed = 0; crossed < 2; crossed++) {
        struct sim sim;
        weft_mutex a, b;
        sim_begin(&sim, NULL);
        weft_scope *scope = weft_runtime_scope(sim.rt);
        assert_int_equal(weft_mutex_create(sim.rt, WEFT_MUTEX_OPTIONS(.name = "a"), &a), 0);
        assert_int_equal(weft_mutex_create(sim.rt, WEFT_MUTEX_OPTIONS(.name = "b"), &b), 0);
        weft_spawn_as(scope, WEFT_TASK("one"), locker, .first = a, .second = b);
        weft_spawn_as(scope, WEFT_TASK("other"), locker, .first = crossed ? b : a, .second = crossed ? a : b);
        assert_int_equal(sim_look(&sim, 100 * ms, WEFT_LINT_DEADLOCK), crossed);
        if (crossed)
            assert_true(sim_said(&sim, "'one'") && sim_said(&sim, "'other'") && sim_said(&sim, "'a'") && sim_said(&sim, "'b'"));
        assert_true(weft_runtime_shutdown(sim.rt, WEFT_FOREVER) == 0);
        weft_mutex_destroy(&a);
        weft_mutex_destroy(&b);
        sim_end(&sim);
    }
}

/* Its own receiver, and it sends until its channel is full. */
struct loner {
    weft_frame weft;
    numbers_sender out;
    numbers_receiver in;
    uint64_t got;
    uint32_t sends, i;
};
static weft_poll loner(weft_context *cx, struct loner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
    for (self->i = 0; self->i < self->sends; self->i++)
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, 1));
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000 * ms));
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void lints_sender_that_waits_at_its_own_channel(void **state)
{
    (void)state;
    for (uint32_t sends = 2; sends <= 3; sends++) {
        struct sim sim;
        numbers_sender out, clone;
        numbers_receiver in;
        sim_begin(&sim, NULL);
        world_channel(sim.rt, 2, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_sender_clone(&out, &clone), 0);
        const weft_task task = weft_spawn_as(weft_runtime_scope(sim.rt), WEFT_TASK("loner"), loner, .out = out, .in = in, .sends = sends);
        assert_int_equal(sim_look(&sim, ms, WEFT_LINT_DEADLOCK), 0);
        assert_int_equal(numbers_try_send(&clone, 1), 0);
        numbers_sender_close(&clone);
        assert_int_equal(sim_look(&sim, 100 * ms, WEFT_LINT_DEADLOCK), sends == 3);
        if (sends == 3) {
            assert_true(sim.told.task == task.id);
            assert_true(sim_said(&sim, "room in channel") && sim_said(&sim, "is itself"));
        }
        sim_end(&sim);
    }
}

/* ---- what holds a worker: real threads, held until the lint was told ---- */

static atomic_bool release;
static int pipes[2];

enum hold { HOLD_FIRST, HOLD_LATER, HOLD_BLOCKED, HOLD_NOT };
struct holder {
    weft_frame weft;
    enum hold how;
};
static void hold(enum hold how)
{
    char byte;
    if (how == HOLD_BLOCKED)
        (void)!read(pipes[0], &byte, 1);
    else
        while (!atomic_load(&release) && how != HOLD_NOT)
            sched_yield();
}
static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    if (self->how == HOLD_FIRST)
        hold(self->how);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    hold(self->how);
    WEFT_END(0);
}

static void look_until(weft_runtime *rt, weft_lints *lints, struct told *told, weft_lint_kind kind)
{
    do {
        *told = (struct told){.wanted = kind};
        assert_int_equal(weft_lints_visit(rt, lints, note, told), 0);
    } while (told->of[kind] == 0);
}

static void lints_task_that_holds_its_worker(void **state)
{
    (void)state;
    static const struct {
        enum hold how;
        weft_lint_kind kind;
        const char *said;
    } ways[] = {
        {HOLD_FIRST, WEFT_LINT_NEVER_YIELDED, "in poll 1"},
        {HOLD_LATER, WEFT_LINT_LONG_POLL, "in poll 2"},
        {HOLD_BLOCKED, WEFT_LINT_BLOCKING_CALL, "sleeps in the system"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct told told;
        weft_lints *lints = NULL;
        weft_runtime *rt = world_begin(1);
        atomic_store(&release, false);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(weft_lints_create(&lints, NULL), 0);
        const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("holder"), holder, .how = ways[i].how);
        look_until(rt, lints, &told, ways[i].kind);
        assert_true(told.task == task.id);
        assert_non_null(strstr(told.evidence, ways[i].said));
        atomic_store(&release, true);
        assert_int_equal(write(pipes[1], "x", 1), 1);
        WORLD_UNTIL(weft_task_inspect(task, &(weft_task_info){.size = sizeof(weft_task_info)}) == WEFT_ESRCH);
        told = (struct told){.wanted = ways[i].kind};
        assert_int_equal(weft_lints_visit(rt, lints, note, &told), 0);
        assert_int_equal(told.of[WEFT_LINT_NEVER_YIELDED] + told.of[WEFT_LINT_LONG_POLL] + told.of[WEFT_LINT_BLOCKING_CALL], 0);
        weft_lints_destroy(lints);
        close(pipes[0]);
        close(pipes[1]);
        world_end(rt, 1);
    }
}

/* In real time: a simulated runtime wakes tasks for nothing now and then, and a wait begins anew. */
static void lints_lost_waker(void **state)
{
    (void)state;
    static weft_site site = {__FILE__, __func__, "forgetful", __LINE__, UINT32_MAX, 0};
    struct told told;
    weft_lints *lints = NULL;
    weft_runtime *rt = world_begin(1);
    weft_scope *scope = weft_runtime_scope(rt);
    assert_int_equal(weft_lints_create(&lints, WEFT_LINTS_OPTIONS(.lost_ms = 50)), 0);
    weft_spawn_as(scope, WEFT_TASK("waits for a time"), sleeper, .each_ns = 200000 * ms, .times = 1);
    const weft_task lost = weft_spawn_frame(scope, &site, NULL, forgetful, NULL, 0);
    look_until(rt, lints, &told, WEFT_LINT_LOST_WAKER);
    assert_true(told.task == lost.id);
    for (int i = 0; i < 3; i++) {
        told = (struct told){.wanted = WEFT_LINT_LOST_WAKER};
        assert_int_equal(weft_lints_visit(rt, lints, note, &told), 0);
        assert_int_equal(told.of[WEFT_LINT_LOST_WAKER], 1); /* the other one waits for what is known */
    }
    weft_lints_destroy(lints);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

static void lints_starved_task(void **state)
{
    (void)state;
    struct told told;
    weft_lints *lints = NULL;
    weft_runtime *rt = world_begin(1);
    atomic_store(&release, false);
    assert_int_equal(weft_lints_create(&lints, WEFT_LINTS_OPTIONS(.starved_ms = 20)), 0);
    const weft_task first = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("holder"), holder, .how = HOLD_FIRST);
    weft_task_info info = {.size = sizeof info};
    WORLD_UNTIL(weft_task_inspect(first, &info) == 0 && info.state == WEFT_TASK_RUNNING);
    told = (struct told){.wanted = WEFT_LINT_STARVED};
    assert_int_equal(weft_lints_visit(rt, lints, note, &told), 0);
    assert_int_equal(told.of[WEFT_LINT_STARVED], 0);
    const weft_task starved = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("starved"), holder, .how = HOLD_NOT);
    look_until(rt, lints, &told, WEFT_LINT_STARVED);
    assert_true(told.task == starved.id);
    atomic_store(&release, true);
    weft_lints_destroy(lints);
    world_end(rt, 2);
}

/* Wakes itself in each poll. */
static weft_poll restless(weft_context *cx, void *frame)
{
    (void)frame;
    if (atomic_load(&release))
        return WEFT_READY;
    weft_wake(weft_context_waker(cx));
    return WEFT_PENDING;
}

struct yielder {
    weft_frame weft;
};
static weft_poll yielder(weft_context *cx, struct yielder *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&release))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static void lints_self_wake_storm(void **state)
{
    (void)state;
    static weft_site site = {__FILE__, __func__, "restless", __LINE__, UINT32_MAX, 0};
    for (int yields = 0; yields < 2; yields++) {
        struct told told;
        weft_lints *lints = NULL;
        weft_runtime *rt = world_begin(1);
        weft_scope *scope = weft_runtime_scope(rt);
        atomic_store(&release, false);
        assert_int_equal(weft_lints_create(&lints, WEFT_LINTS_OPTIONS(.self_wakes = 1000)), 0);
        const weft_task storm = yields ? weft_spawn_as(scope, WEFT_TASK("yielder"), yielder)
                                       : weft_spawn_frame(scope, &site, NULL, restless, NULL, 0);
        look_until(rt, lints, &told, WEFT_LINT_SELF_WAKE);
        assert_true(told.task == storm.id);
        atomic_store(&release, true);
        weft_lints_destroy(lints);
        world_end(rt, 1);
    }
}

/* Two tasks that hand a number to and fro: each poll is explained by a wake. */
static void lints_nothing_is_told_of_a_busy_program_that_is_well(void **state)
{
    (void)state;
    struct sim sim;
    sim_begin(&sim, NULL);
    numbers_sender out;
    numbers_receiver in;
    world_channel(sim.rt, 4, WEFT_WAIT, &out, &in);
    const weft_task task = weft_spawn_as(weft_runtime_scope(sim.rt), WEFT_TASK("intake"), reader, .in = in);
    weft_spawn_as(weft_runtime_scope(sim.rt), WEFT_TASK("sender"), pest, .victim = task, .out = out, .sends = true);
    for (int i = 0; i < 20; i++) {
        sim_look(&sim, 1000 * ms, WEFT_LINT_LONG_POLL);
        for (int kind = 0; kind < WEFT_LINTS; kind++)
            if (sim.told.of[kind] != 0)
                fail_msg("look %d: kind %d", i, kind);
    }
    sim_end(&sim);
}

static int stop_at_once(void *context, const weft_lint *lint)
{
    (void)lint;
    ++*(unsigned *)context;
    return 17;
}

static void lints_arguments_and_the_end_of_a_walk(void **state)
{
    (void)state;
    struct sim sim, other;
    unsigned calls = 0;
    sim_begin(&sim, WEFT_LINTS_OPTIONS(.frame_bytes = 1));
    sim_begin(&other, NULL);
    weft_lints *made = NULL;
    assert_int_equal(weft_lints_create(NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_lints_create(&made, &(weft_lints_options){.size = 1}), WEFT_EINVAL);
    assert_int_equal(weft_lints_create(&made, WEFT_LINTS_OPTIONS(.oversized_below = 1.5)), WEFT_EINVAL);
    assert_string_equal(weft_error_detail(), "weft_lints_create: oversized_below 1.5: give a share, 0 to 1");
    assert_int_equal(weft_lints_visit(NULL, sim.lints, note, NULL), WEFT_EINVAL);
    assert_int_equal(weft_lints_visit(sim.rt, NULL, note, NULL), WEFT_EINVAL);
    assert_int_equal(weft_lints_visit(sim.rt, sim.lints, NULL, NULL), WEFT_EINVAL);
    for (int i = 0; i < 3; i++)
        weft_spawn(weft_runtime_scope(sim.rt), sleeper, .each_ns = ms, .times = 1000000);
    assert_int_equal(weft_lints_visit(sim.rt, sim.lints, stop_at_once, &calls), 17);
    assert_int_equal(calls, 1);
    assert_int_equal(weft_lints_visit(other.rt, sim.lints, stop_at_once, &calls), 0); /* another runtime: it begins anew */
    weft_lints_destroy(NULL);
    sim_end(&other);
    sim_end(&sim);
}

static int count_lint(void *context, const weft_lint *lint)
{
    (void)lint;
    ++*(unsigned *)context;
    return 0;
}

/* More tasks than a memory has places for at first; and the n-th allocation fails, for every n. */
static void lints_without_memory_answer_so(void **state)
{
    (void)state;
    struct sim sim;
    faulty_begin();
    sim_begin(&sim, NULL);
    for (int i = 0; i < 100; i++)
        weft_spawn_as(weft_runtime_scope(sim.rt), WEFT_TASK("storm"), sleeper, .each_ns = ms / 4, .times = 1000000);
    assert_int_equal(sim_look(&sim, 100 * ms, WEFT_LINT_TIMER_STORM), 0);
    assert_int_equal(sim_look(&sim, 100 * ms, WEFT_LINT_TIMER_STORM), 100);
    bool fired = true;
    for (unsigned n = 1; fired; n++) {
        unsigned count = 0;
        weft_lints *lints = NULL;
        faulty_arm(FAULTY_MEMORY, n, false);
        const int created = weft_lints_create(&lints, NULL);
        const int walked = created < 0 ? created : weft_lints_visit(sim.rt, lints, count_lint, &count);
        fired = faulty_fired();
        faulty_disarm();
        assert_int_equal(walked, fired ? WEFT_ENOMEM : 0);
        weft_lints_destroy(lints);
    }
    sim_end(&sim);
    assert_int_equal(faulty_blocks(), 0);
    faulty_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lints_unnamed_task_that_lives_long),
        cmocka_unit_test(lints_lost_waker),
        cmocka_unit_test(lints_timer_storm),
        cmocka_unit_test(lints_woken_with_nothing_to_do),
        cmocka_unit_test(lints_large_frame),
        cmocka_unit_test(lints_leaked_handle),
        cmocka_unit_test(lints_saturated_channel),
        cmocka_unit_test(lints_channel_that_is_never_nearly_full),
        cmocka_unit_test(lints_deadlock_of_two_locks),
        cmocka_unit_test(lints_sender_that_waits_at_its_own_channel),
        cmocka_unit_test(lints_task_that_holds_its_worker),
        cmocka_unit_test(lints_starved_task),
        cmocka_unit_test(lints_self_wake_storm),
        cmocka_unit_test(lints_nothing_is_told_of_a_busy_program_that_is_well),
        cmocka_unit_test(lints_arguments_and_the_end_of_a_walk),
        cmocka_unit_test(lints_without_memory_answer_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
