/* SPDX-License-Identifier: MIT */
/* A thread that joins a task which is just ending: its worker is held where it has taken the joiner out and the word does not say so yet. */
#include "base/platform.h"
#include "lib/verdict.h"
#include "lib/world.h"

static struct weft__platform table;
static atomic_uint rests;
static struct latch entered = LATCH, leave = LATCH;

static void rest(int64_t ns)
{
    atomic_fetch_add(&rests, 1);
    weft__platform_linux.rest(ns);
}

static void hold(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    (void)context, (void)task, (void)result, (void)worker;
    latch_up(&entered);
    latch_wait(&leave, 1);
}

struct answerer {
    weft_frame weft;
};

static weft_poll answerer(weft_context *cx, struct answerer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(42);
}

static void *joiner(void *task)
{
    int result = 0;
    VERDICT(weft_task_join_blocking(task, WEFT_FOREVER, &result) == 0 && result == 42);
    return NULL;
}

/* At a real-time priority it would keep the worker from its processor for ever by looking and yielding alone. */
static void join_of_a_task_that_is_just_ending_rests_between_looks(void **state)
{
    (void)state;
    table = weft__platform_linux;
    table.rest = rest;
    weft__platform = &table;
    weft_runtime *rt = world_begin(1);
    weft_hooks_handle hooks;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.task_end = hold), &hooks), 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), answerer);
    latch_wait(&entered, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, joiner, &task), 0);
    WORLD_UNTIL(atomic_load(&rests) >= 3);
    latch_up(&leave);
    pthread_join(thread, NULL);
    verdict_assert();
    assert_int_equal(weft_hooks_remove(hooks), 0);
    world_end(rt, 1);
    weft__platform = &weft__platform_linux;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(join_of_a_task_that_is_just_ending_rests_between_looks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
