/* SPDX-License-Identifier: MIT */
/* Runtimes that come and go: nothing of them stays in the process, and two of them do not hurt each other. */
/* ctest-timeout: 600 */
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *create(uint32_t workers)
{
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers)), 0);
    return rt;
}

/* A little of everything: a scope with children, a channel between them, a joinable one. */
struct child {
    weft_frame weft;
    weft_sender out;
    int i;
};

static weft_poll child(weft_context *cx, struct child *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 5; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->i));
        if (self->weft.rc < 0)
            break;
    }
    weft_sender_close(&self->out);
    WEFT_END(0);
}

struct family {
    weft_frame weft;
    weft_scope scope;
    weft_sender out, mine;
    weft_receiver in;
    int i, value, received;
};

static weft_poll family(weft_context *cx, struct family *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_channel_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.capacity = 2), sizeof(int), &self->out, &self->in) < 0)
        WEFT_RETURN(0); /* shutting down */
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (self->i = 0; self->i < 4; self->i++) {
        VERDICT(weft_sender_clone(&self->out, &self->mine) == 0);
        if (weft_task_error(weft_spawn(&self->scope, child, .out = self->mine)) < 0)
            weft_sender_close(&self->mine);
    }
    weft_sender_close(&self->out);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->received++;
    }
    weft_receiver_close(&self->in);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->received);
}

static void load(weft_runtime *rt, int families)
{
    for (int i = 0; i < families; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), family)), 0);
}

static void one_life(uint64_t round)
{
    weft_runtime *rt = create(1 + (uint32_t)(round % 3));
    load(rt, (int)(round % 5));
    if (round % 4 == 0) {
        int result = 0;
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), family);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 20);
    }
    assert_int_equal(round % 2 ? weft_runtime_finish(rt) : weft_runtime_destroy(rt), 0);
}

/* scenario 20, known bug 40 */
static void runtime_created_a_thousand_times_leaves_nothing(void **state)
{
    (void)state;
    const uint64_t rounds = stress_scale(1000);
    for (uint64_t round = 0; round < rounds / 10 + 10; round++) /* what the first ones leave for ever: caches, liburcu's arena */
        one_life(round);
    const unsigned threads = stress_process_threads(), descriptors = stress_process_descriptors();
    const uint64_t bytes = stress_process_bytes();
    for (uint64_t round = 0; round < rounds; round++)
        one_life(round);
    verdict_assert();
    STRESS_UNTIL(stress_process_threads() <= threads); /* a joined thread is listed for a moment: now, or before */
    assert_int_equal(stress_process_descriptors(), descriptors);
    const int64_t grown = (int64_t)(stress_process_bytes() - bytes);
    print_message("%llu runtimes later: %lld bytes more\n", (unsigned long long)rounds, (long long)grown);
    if (!stress_sanitized())
        assert_true(grown < 1 << 20);
}

/* Two runtimes send to each other, through channels of either, and end in either order. */
struct pinger {
    weft_frame weft;
    weft_sender out;
    weft_receiver in;
    uint64_t ball;
    _Atomic uint64_t *hops;
};

static weft_poll pinger(weft_context *cx, struct pinger *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->ball));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(self->hops, 1);
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->ball));
        if (self->weft.rc < 0)
            break;
    }
    weft_sender_close(&self->out);
    weft_receiver_close(&self->in);
    WEFT_END(0);
}

static void end_one(void *context, unsigned number)
{
    weft_runtime **runtimes = context;
    VERDICT(weft_runtime_destroy(runtimes[number]) == 0);
}

/* scenario 48 */
static void two_runtimes_that_talk_end_in_either_order(void **state)
{
    (void)state;
    for (uint64_t round = stress_scale(60); round > 0; round--) {
        weft_runtime *runtimes[2] = {create(1), create(2)};
        _Atomic uint64_t hops = 0;
        for (int pair = 0; pair < 4; pair++) {
            weft_sender to[2];
            weft_receiver from[2];
            for (int i = 0; i < 2; i++)
                assert_int_equal(weft_channel_create(runtimes[(i + pair) % 2], WEFT_CHANNEL_OPTIONS(.capacity = 1 + (size_t)pair),
                                                     sizeof(uint64_t), &to[i], &from[i]), 0);
            const uint64_t ball = 1;
            assert_int_equal(weft_channel_try_send(&to[0], &ball), 0);
            for (int i = 0; i < 2; i++)
                assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(runtimes[i]), pinger, .out = to[1 - i],
                                                            .in = from[i], .hops = &hops)), 0);
        }
        while (atomic_load(&hops) < 200)
            sched_yield();
        if (round % 3 == 2)
            stress_threads(2, end_one, runtimes); /* at once */
        else
            for (unsigned i = 0; i < 2; i++)
                end_one(runtimes, round % 3 ? i : 1 - i);
        verdict_assert();
    }
}

/* A channel outlives its runtime while handles are open. */
static void channel_handles_outlive_their_runtime(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        weft_runtime *rt = create(1);
        weft_sender out;
        weft_receiver in;
        int value = 41;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 4), sizeof value, &out, &in), 0);
        assert_int_equal(weft_channel_try_send(&out, &value), 0);
        assert_int_equal(weft_runtime_destroy(rt), 0);
        weft_runtime *other = create(1); /* in its place in the table */
        value++;
        assert_int_equal(weft_channel_try_send(&out, &value), 0);
        assert_int_equal(weft_channel_recv_blocking(&in, &value, WEFT_FOREVER), 0);
        assert_int_equal(value, 41);
        if (round % 2)
            weft_sender_close(&out);
        else
            weft_receiver_close(&in);
        assert_int_equal(weft_runtime_destroy(other), 0);
        if (round % 2) {
            assert_int_equal(weft_channel_try_recv(&in, &value), 0);
            assert_int_equal(weft_channel_try_recv(&in, &value), WEFT_EPIPE);
            weft_receiver_close(&in);
        } else {
            assert_int_equal(weft_channel_try_send(&out, &value), WEFT_EPIPE);
            weft_sender_close(&out);
        }
    }
}

/* A signal that asks to stop, so to say: one thread waits for the end, another shuts down, and both come back. */
static weft_runtime *ending;

struct patient {
    weft_frame weft;
};

static weft_poll patient(weft_context *cx, struct patient *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(WEFT_ECANCELED);
}

static void shut_down(void *context, unsigned number)
{
    (void)context;
    (void)number;
    VERDICT(weft_runtime_shutdown(ending, WEFT_FOREVER) == 0);
}

static void shutdown_by_several_threads_returns_to_each(void **state)
{
    (void)state;
    for (uint64_t round = stress_scale(100); round > 0; round--) {
        ending = create(2);
        for (int i = 0; i < 8; i++)
            assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(ending), patient)), 0);
        stress_threads(3, shut_down, NULL);
        assert_int_equal(weft_runtime_destroy(ending), 0);
        verdict_assert();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runtime_created_a_thousand_times_leaves_nothing),
        cmocka_unit_test(two_runtimes_that_talk_end_in_either_order),
        cmocka_unit_test(channel_handles_outlive_their_runtime),
        cmocka_unit_test(shutdown_by_several_threads_returns_to_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
