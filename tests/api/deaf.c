/* SPDX-License-Identifier: MIT */
/*
 * Loops that go on although every await answers WEFT_ECANCELED: they give way to others, are counted, and are told to the
 * host once, by name, function, file and line; and tasks that only clean up are not taken for one.
 */
#include "lib/verdict.h"
#include "lib/world.h"

#include <stdio.h>

static struct {
    atomic_uint count;
    char text[600];
    pthread_mutex_t mutex;
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void tell(void *context, int code, const char *text)
{
    (void)context;
    if (code != WEFT_ECANCELED)
        return; /* a stall, on a loaded machine */
    pthread_mutex_lock(&told.mutex);
    snprintf(told.text, sizeof told.text, "%s", text);
    pthread_mutex_unlock(&told.mutex);
    atomic_fetch_add(&told.count, 1);
}

static weft_runtime *begin(uint32_t coop_budget)
{
    weft_runtime *rt = NULL;
    atomic_store(&told.count, 0);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .report = tell,
                                                                   .coop_budget = coop_budget)), 0);
    return rt;
}

static uint64_t ignored(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats.cancels_ignored;
}

/* Every await that a deaf loop may come back to; each is the only one of its loop. */
enum await_kind {
    AWAIT_RECV,
    AWAIT_SEND,
    AWAIT_RESERVE,
    AWAIT_SLEEP,
    AWAIT_YIELD,
    AWAIT_JOIN,
    AWAIT_MUTEX,
    AWAIT_SEMAPHORE,
    AWAIT_NOTIFY,
    AWAIT_BARRIER,
    AWAIT_ONCE,
    AWAIT_ONESHOT,
    AWAIT_SELECT,
    AWAIT_JOB,
    AWAIT_KINDS
};

static struct things {
    numbers_sender out;
    numbers_receiver in;
    weft_mutex mutex;
    weft_semaphore semaphore;
    weft_notify notify;
    weft_barrier barrier;
    weft_once once;
    weft_oneshot_sender reply;
    weft_oneshot_receiver answer;
    weft_task other;
} things;

static int never(void *argument)
{
    (void)argument;
    return 0;
}

/* The loop in question, as a step that is called. */
struct loop {
    weft_frame weft;
    enum await_kind kind;
    atomic_uint *enough;
    atomic_uint *turns;
    atomic_int *line;
    weft_permit permit;
    weft_select_state select;
    weft_recv_future recv;
    weft_sleep_future sleep;
    weft_job job;
    uint64_t number;
};

static int loop_await(weft_context *cx, struct loop *self)
{
    switch (self->kind) {
    case AWAIT_RECV:
        return numbers_recv(cx, &things.in, &self->number);
    case AWAIT_SEND:
        return numbers_send(cx, &things.out, 1);
    case AWAIT_RESERVE:
        return weft_channel_reserve(cx, &things.out.weft, &self->permit);
    case AWAIT_SLEEP:
        return weft_sleep(cx, INT64_C(3600) * 1000000000);
    case AWAIT_YIELD:
        return weft_yield(cx);
    case AWAIT_JOIN:
        return weft_task_join(cx, &things.other, NULL);
    case AWAIT_MUTEX:
        return weft_mutex_lock(cx, &things.mutex);
    case AWAIT_SEMAPHORE:
        return weft_semaphore_acquire(cx, &things.semaphore, 1);
    case AWAIT_NOTIFY:
        return weft_notify_wait(cx, &things.notify);
    case AWAIT_BARRIER:
        return weft_barrier_wait(cx, &things.barrier);
    case AWAIT_ONCE:
        return weft_once_enter(cx, &things.once);
    case AWAIT_ONESHOT:
        return weft_oneshot_recv(cx, &things.answer, &self->number);
    case AWAIT_SELECT:
        return weft_select(cx, &self->select, &self->recv.future, &self->sleep.future);
    default:
        return weft_job_begin(cx, &self->job, WEFT_JOB(never, NULL));
    }
}

static weft_poll loop(weft_context *cx, struct loop *self)
{
    WEFT_BEGIN(cx, self);
    numbers_recv_begin(&self->recv, &things.in, &self->number);
    weft_sleep_begin(&self->sleep, WEFT_FOREVER);
    atomic_store(self->line, __LINE__ + 2);
    while (!atomic_load(self->enough)) {
        WEFT_AWAIT(self->weft.rc, loop_await(cx, self));
        if (weft_context_cancelled(cx) == WEFT_REASON_NONE)
            continue;
        atomic_fetch_add(self->turns, 1);
        VERDICT(self->weft.rc == WEFT_ECANCELED);
    }
    WEFT_END(0);
}

struct deaf {
    weft_frame weft;
    enum await_kind kind;
    atomic_uint *enough;
    atomic_uint *turns;
    atomic_int *line;
    struct loop loop;
};

static weft_poll deaf(weft_context *cx, struct deaf *self)
{
    WEFT_BEGIN(cx, self);
    self->loop = (struct loop){.kind = self->kind, .enough = self->enough, .turns = self->turns, .line = self->line};
    WEFT_CALL(self->weft.rc, loop, &self->loop);
    WEFT_END(0);
}

/* Ends the loop, if it ever gets a turn on the only worker. */
struct merciful {
    weft_frame weft;
    atomic_uint *enough;
};

static weft_poll merciful(weft_context *cx, struct merciful *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->enough, 1);
    WEFT_END(0);
}

static void things_open(weft_runtime *rt)
{
    world_channel(rt, 1, WEFT_WAIT, &things.out, &things.in);
    assert_int_equal(weft_mutex_create(rt, NULL, &things.mutex), 0);
    assert_int_equal(weft_mutex_try_lock(&things.mutex), 0);
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = 0), &things.semaphore), 0);
    assert_int_equal(weft_notify_create(rt, NULL, &things.notify), 0);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.parties = 2), &things.barrier), 0);
    assert_int_equal(weft_once_create(rt, NULL, &things.once), 0);
    assert_int_equal(weft_once_enter_blocking(&things.once, 0), 1);
    assert_int_equal(weft_oneshot_create(rt, NULL, 8, &things.reply, &things.answer), 0);
}

static void things_close(void)
{
    numbers_sender_close(&things.out);
    numbers_receiver_close(&things.in);
    weft_mutex_unlock(&things.mutex);
    weft_mutex_destroy(&things.mutex);
    weft_semaphore_destroy(&things.semaphore);
    weft_notify_destroy(&things.notify);
    weft_barrier_destroy(&things.barrier);
    weft_once_leave(&things.once, 0);
    weft_once_destroy(&things.once);
    weft_oneshot_sender_close(&things.reply);
    weft_oneshot_receiver_close(&things.answer);
}

/* The only worker is with the deaf loop: the report comes, and another task has its turn all the same. */
static void deaf_loop_is_told_once_and_gives_way(void **state)
{
    (void)state;
    for (int kind = 0; kind < AWAIT_KINDS; kind++) {
        weft_runtime *rt = begin(0);
        things_open(rt);
        if (kind == AWAIT_SEND || kind == AWAIT_RESERVE)
            assert_int_equal(numbers_try_send(&things.out, 0), 0);
        atomic_uint enough = 0, turns = 0, leave = 0;
        atomic_int line = 0;
        things.other = weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave);
        struct latch entered = LATCH, let_go = LATCH; /* it is cancelled before it begins */
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &let_go);
        latch_wait(&entered, 1);
        const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("hard of hearing"), deaf,
                                             .kind = (enum await_kind)kind, .enough = &enough, .turns = &turns,
                                             .line = &line);
        assert_int_equal(weft_task_cancel(task), 0);
        latch_up(&let_go);
        WORLD_UNTIL(atomic_load(&turns) > 3000 && atomic_load(&told.count) > 0);
        weft_spawn(weft_runtime_scope(rt), merciful, .enough = &enough);
        WORLD_UNTIL(world_live(rt) == 1);
        assert_int_equal(atomic_load(&told.count), 1); /* and not for each thousand */
        assert_int_equal(ignored(rt), 1);
        assert_non_null(strstr(told.text, "'hard of hearing'"));
        assert_non_null(strstr(told.text, "at loop, "));
        char where[64];
        snprintf(where, sizeof where, "deaf.c:%d:", atomic_load(&line));
        if (!strstr(told.text, where))
            fail_msg("kind %d: %s", kind, told.text);
        atomic_store(&leave, 1);
        weft_wake((weft_waker){things.other});
        assert_int_equal(weft_runtime_finish(rt), 0);
        things_close();
        verdict_assert();
    }
}

/* With a budget for thousands it would not give way before the report. */
static void deaf_loop_of_one_poll_is_told_too(void **state)
{
    (void)state;
    weft_runtime *rt = begin(100000);
    atomic_uint enough = 0, turns = 0;
    atomic_int line = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), deaf, .kind = AWAIT_SLEEP, .enough = &enough, .turns = &turns,
                                      .line = &line);
    assert_int_equal(weft_task_cancel(task), 0);
    WORLD_UNTIL(atomic_load(&told.count) == 1);
    weft_spawn(weft_runtime_scope(rt), merciful, .enough = &enough);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
}

/* An actor whose requests run into their deadlines, again and again: each scope is a new beginning. */
struct actor {
    weft_frame weft;
    weft_scope scope;
    int requests;
    int i;
    bool deaf;
};

static weft_poll actor(weft_context *cx, struct actor *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->requests > 0; self->requests--) {
        self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
        weft_scope_cancel(&self->scope);
        for (self->i = 0; self->i < 300; self->i++) {
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1));
            VERDICT(self->weft.rc == WEFT_ECANCELED);
        }
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    }
    WEFT_END(0);
}

static void clean_up_is_not_taken_for_a_deaf_loop(void **state)
{
    (void)state;
    weft_runtime *rt = begin(0);
    weft_spawn(weft_runtime_scope(rt), actor, .requests = 20);
    world_settle(rt);
    assert_int_equal(atomic_load(&told.count), 0);
    assert_int_equal(ignored(rt), 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deaf_loop_is_told_once_and_gives_way),
        cmocka_unit_test(deaf_loop_of_one_poll_is_told_too),
        cmocka_unit_test(clean_up_is_not_taken_for_a_deaf_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
