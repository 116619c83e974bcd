/* SPDX-License-Identifier: MIT */
/* Simulated runtimes: jobs that block run among the polls, on no thread of their own. */
#include "lib/simulated.h"
#include "lib/stress.h"
#include "lib/verdict.h"

/* A job that sends, receives and waits for other jobs as on a thread. */
struct talking {
    weft_runtime *rt;
    numbers_sender *out;
    numbers_receiver *in;
    int depth;
};
static int talk(void *argument)
{
    const struct talking *talking = argument;
    uint64_t got = 0;
    weft_job job = {0};
    struct talking below = {.depth = talking->depth - 1, .rt = talking->rt, .out = talking->out, .in = talking->in};
    VERDICT(numbers_send_blocking(talking->out, (uint64_t)talking->depth, WEFT_FOREVER) == 0);
    VERDICT(numbers_recv_blocking(talking->in, &got, WEFT_FOREVER) == 0 && got == (uint64_t)talking->depth + 1);
    if (talking->depth == 0)
        return 0;
    int result = -1;
    VERDICT(weft_job_begin_blocking(talking->rt, &job, WEFT_JOB(talk, &below), WEFT_FOREVER) == 0);
    VERDICT(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == 0);
    return result + 1;
}

static void sim_jobs_wait_for_tasks_and_for_jobs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        numbers_sender to, back_out;
        numbers_receiver to_in, back;
        world_channel(rt, 1, WEFT_WAIT, &to, &to_in);
        world_channel(rt, 1, WEFT_WAIT, &back_out, &back);
        weft_spawn(weft_runtime_scope(rt), incrementer, .in = to_in, .out = back_out);
        struct talking talking = {.rt = rt, .out = &to, .in = &back, .depth = 3};
        weft_job job = {0};
        int result = 0;
        assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(talk, &talking)), 0);
        assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 3);
        numbers_sender_close(&to);
        assert_int_equal(weft_runtime_finish(rt), 0);
        numbers_receiver_close(&back);
        verdict_assert();
    }
}

static int state_of(void *context, const weft_job_info *info)
{
    *(unsigned *)context |= 1u << info->state;
    return 0;
}

/* Looks at the jobs while they are there. */
struct watcher {
    weft_frame weft;
    weft_runtime *rt;
    unsigned seen;
    unsigned *states;
    int rounds;
};
static weft_poll watcher(weft_context *cx, struct watcher *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        VERDICT(weft_job_visit(self->rt, state_of, &self->seen) == 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    *self->states |= self->seen;
    WEFT_END(0);
}

/* A job is queued, then runs for a while as others see it, then has ended; no thread was begun for it. */
static void sim_jobs_begin_and_end_among_the_polls(void **state)
{
    (void)state;
    const unsigned threads = stress_process_threads();
    unsigned states = 0, orders = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        int numbers[2] = {1, 2}, result;
        weft_job jobs[2] = {{0}, {0}};
        weft_spawn(weft_runtime_scope(rt), watcher, .rt = rt, .states = &states, .rounds = 30);
        for (int i = 0; i < 2; i++)
            assert_int_equal(weft_job_try_begin(rt, &jobs[i], WEFT_JOB(simulated_plus_one, &numbers[i])), 0);
        weft_job_info info = {.size = sizeof info};
        do
            assert_int_equal(weft_runtime_turn(rt, 1), 1);
        while (weft_job_inspect(jobs[0], &info) == 0 && info.state != WEFT_JOB_ENDED &&
               weft_job_inspect(jobs[1], &info) == 0 && info.state != WEFT_JOB_ENDED);
        orders |= 1u << (weft_job_inspect(jobs[0], &info) == 0 && info.state == WEFT_JOB_ENDED);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(weft_job_wait_blocking(&jobs[i], WEFT_FOREVER, &result), 0);
            assert_int_equal(result, numbers[i] + 1);
        }
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(stress_process_threads(), threads);
    }
    assert_int_equal(states & 7, 1u << WEFT_JOB_QUEUED | 1u << WEFT_JOB_RUNNING | 1u << WEFT_JOB_ENDED);
    assert_int_equal(orders, 3); /* either may be the first to end */
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_jobs_wait_for_tasks_and_for_jobs),
        cmocka_unit_test(sim_jobs_begin_and_end_among_the_polls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
