/* SPDX-License-Identifier: MIT */
/* Simulated runtimes: the seed decides, and finds again what it found; a program that waits everywhere, under many of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/simulated.h"
#include "lib/stress.h"
#include "lib/town.h"
#include "lib/tracing.h"
#include "lib/verdict.h"

/* ---- the seed ---- */

/* A whole day of the town under a seed, as one number. */
static uint64_t trace_town(uint64_t seed)
{
    weft_runtime *rt = simulated_begin(seed);
    struct tracing tracing;
    struct town town;
    const weft_hooks_handle handle = tracing_begin(&tracing, rt);
    town_build(&town, rt);
    assert_int_equal(weft_sim_run(rt), 0);
    town_close(&town);
    assert_true(town.whole && tracing.events > 300);
    assert_int_equal(weft_hooks_remove(handle), 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    return tracing.hash;
}

/* What another process makes of it. */
static uint64_t trace_town_elsewhere(uint64_t seed)
{
    char command[4200];
    uint64_t hash = 0;
    snprintf(command, sizeof command, "exec %s trace %" PRIu64, world_program(), seed);
    fflush(stdout);
    FILE *other = popen(command, "r");
    assert_non_null(other);
    assert_int_equal(fscanf(other, "%" SCNx64, &hash), 1);
    assert_int_equal(pclose(other), 0);
    return hash;
}

static void sim_same_seed_does_the_same_in_this_process_and_in_another(void **state)
{
    (void)state;
    uint64_t hashes[40];
    for (uint64_t seed = 0; seed < 40; seed++) {
        hashes[seed] = trace_town(seed + 1);
        weft_runtime *other = seed % 2 ? simulated_begin(99) : NULL; /* what else lives does not matter */
        assert_true(trace_town(seed + 1) == hashes[seed]);
        if (other)
            assert_int_equal(weft_runtime_finish(other), 0);
        for (uint64_t before = 0; before < seed; before++)
            assert_true(hashes[before] != hashes[seed]); /* and another seed something else */
    }
    for (uint64_t seed = 0; seed < 3; seed++)
        assert_true(trace_town_elsewhere(seed + 1) == hashes[seed]);
}

static void sim_seed_comes_from_the_options_or_the_environment(void **state)
{
    (void)state;
    char *const before = getenv("WEFT_SEED") ? strdup(getenv("WEFT_SEED")) : NULL;
    weft_runtime *rt = NULL;
    const struct {
        const char *text;
        uint64_t seed; /* 0: refused */
    } cases[] = {{"77", 77}, {"0x10", 16}, {"18446744073709551615", UINT64_MAX}, {"abc", 0}, {"7x", 0}, {"-1", 0},
                 {"18446744073709551616", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("WEFT_SEED", cases[i].text, 1);
        if (cases[i].seed == 0) {
            assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM)), WEFT_EINVAL);
            assert_true(simulated_said("WEFT_SEED='") && simulated_said(cases[i].text));
            continue;
        }
        rt = simulated_begin(0);
        assert_true(weft_sim_seed(rt) == cases[i].seed);
        assert_int_equal(weft_runtime_finish(rt), 0);
        rt = simulated_begin(5); /* what the program says comes first */
        assert_true(weft_sim_seed(rt) == 5);
        assert_int_equal(weft_runtime_finish(rt), 0);
    }
    setenv("WEFT_SEED", "", 1);
    rt = simulated_begin(0);
    assert_true(weft_sim_seed(rt) != 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    unsetenv("WEFT_SEED");
    weft_runtime *one = simulated_begin(0), *other = simulated_begin(0);
    assert_true(weft_sim_seed(one) != 0 && weft_sim_seed(one) != weft_sim_seed(other)); /* but once in 2^32 */
    assert_int_equal(weft_runtime_finish(one), 0);
    assert_int_equal(weft_runtime_finish(other), 0);
    if (before)
        setenv("WEFT_SEED", before, 1);
    free(before);
}

static void sim_has_ids_and_workers_of_its_own(void **state)
{
    (void)state;
    weft_runtime *rt = simulated_begin(1);
    int64_t woke;
    assert_int_equal(weft_runtime_workers(rt), 4);
    for (uint64_t id = 1; id <= 3; id++)
        assert_true(weft_spawn(weft_runtime_scope(rt), sleeper, .woke_ns = &woke).id == id);
    assert_int_equal(weft_runtime_finish(rt), 0);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .worker_threads = 17)), 0);
    assert_int_equal(weft_runtime_workers(rt), 17);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

/* ---- what is found ---- */

/* Two tasks take from an account, and look at it before they do: there is an await in between. */
struct account {
    int64_t balance;
};
struct customer {
    weft_frame weft;
    struct account *account;
    int64_t amount;
};
static weft_poll customer(weft_context *cx, struct customer *self)
{
    WEFT_BEGIN(cx, self);
    if (self->account->balance >= self->amount) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->account->balance * ms)); /* the bank is asked */
        self->account->balance -= self->amount;
    }
    WEFT_END(self->account->balance < 0 ? -77 : 0);
}

static int racy_bank(weft_runtime *rt, void *context)
{
    (void)context;
    struct account account = {100};
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), customer, .account = &account, .amount = 60);
    const int answer = weft_sim_run(rt);
    return account.balance < 0 ? -77 : answer;
}

/* The order of two tasks decides, and one of them has to be held up for long: not every seed shows it. */
struct flagger {
    weft_frame weft;
    int *flag;
    int i;
};
static weft_poll flagger(weft_context *cx, struct flagger *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 4; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->flag = 1;
    WEFT_END(0);
}
struct trusting {
    weft_frame weft;
    int *flag;
    int i, *failed;
};
static weft_poll trusting(weft_context *cx, struct trusting *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 12; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->failed = *self->flag == 0; /* "it has surely been set by now" */
    WEFT_END(0);
}
static int racy_flag(weft_runtime *rt, void *context)
{
    (void)context;
    int flag = 0, failed = 0;
    weft_spawn(weft_runtime_scope(rt), flagger, .flag = &flag);
    weft_spawn(weft_runtime_scope(rt), trusting, .flag = &flag, .failed = &failed);
    const int answer = weft_sim_run(rt);
    return failed ? -78 : answer;
}

/* Takes every wake for the one it waits for: wrong, since a poll may come for nothing. */
struct credulous {
    weft_frame weft;
    int polls;
    const int *ready;
    int *failed;
};
static weft_poll credulous(weft_context *cx, struct credulous *self)
{
    (void)cx;
    if (self->polls++ == 0)
        return WEFT_PENDING;
    *self->failed = !*self->ready;
    return WEFT_READY;
}
static int racy_wake(weft_runtime *rt, void *context)
{
    (void)context;
    int ready = 0, failed = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), credulous, .ready = &ready, .failed = &failed);
    weft_spawn(weft_runtime_scope(rt), busy, .polls = 20);
    while (weft_runtime_turn(rt, 1) > 0)
        continue;
    ready = 1;
    weft_wake((weft_waker){task});
    const int answer = weft_sim_run(rt);
    return failed ? -79 : answer;
}

/* The bug is found within so many seeds, and the seed that was told shows it again, each time and in another process. */
static void find(weft_sim_test *test, const char *name, int code, uint64_t within)
{
    uint64_t seed = 0, again = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 1), within, test, NULL, &seed), code);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = seed), 1, test, NULL, &again), code);
        assert_true(again == seed);
    }
    char command[4200], line[64] = "";
    snprintf(command, sizeof command, "WEFT_SEED=%" PRIu64 " exec %s %s", seed, world_program(), name);
    fflush(stdout);
    FILE *other = popen(command, "r");
    assert_non_null(other);
    assert_non_null(fgets(line, sizeof line, other));
    assert_int_equal(pclose(other), 0);
    char expected[64];
    snprintf(expected, sizeof expected, "%d %" PRIu64 "\n", code, seed);
    assert_string_equal(line, expected);
    print_message("%s: %d with seed %" PRIu64 "\n", name, code, seed);
}

static void sim_finds_a_check_before_an_await_and_an_act_after_it(void **state)
{
    (void)state;
    find(racy_bank, "racy_bank", -77, 20);
}

static void sim_finds_what_needs_one_task_held_up_for_long(void **state)
{
    (void)state;
    find(racy_flag, "racy_flag", -78, 100);
}

static void sim_finds_a_task_that_takes_any_wake_for_the_right_one(void **state)
{
    (void)state;
    find(racy_wake, "racy_wake", -79, 100);
}

static int no_trouble(weft_runtime *rt, void *context)
{
    ++*(unsigned *)context;
    return weft_task_error(weft_spawn(weft_runtime_scope(rt), busy, .polls = 3));
}
static int stuck_for_ever(weft_runtime *rt, void *context)
{
    weft_spawn(weft_runtime_scope(rt), parked, .leave = context);
    return 0;
}
static int fails_in_a_task(weft_runtime *rt, void *context)
{
    (void)context;
    weft_spawn(weft_runtime_scope(rt), ender, .result = -55);
    return 0;
}

static void sim_explore_runs_each_seed_to_the_end(void **state)
{
    (void)state;
    char *const before = getenv("WEFT_SEED") ? strdup(getenv("WEFT_SEED")) : NULL;
    unsigned runs = 0;
    uint64_t seed = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 10), 25, no_trouble, &runs, &seed), 0);
    assert_true(runs == 25 && seed == 34);
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = UINT64_MAX), 3, no_trouble, &runs, &seed), 0); /* past 0 */
    assert_true(runs == 28 && seed == 1);
    unsetenv("WEFT_SEED");
    assert_int_equal(weft_sim_explore(NULL, 5, no_trouble, &runs, &seed), 0);
    assert_int_equal(runs, 33);
    setenv("WEFT_SEED", "123", 1);
    assert_int_equal(weft_sim_explore(NULL, 1000, no_trouble, &runs, &seed), 0);
    assert_true(runs == 34 && seed == 123);
    setenv("WEFT_SEED", "?", 1);
    assert_int_equal(weft_sim_explore(NULL, 1000, no_trouble, &runs, &seed), WEFT_EINVAL);
    unsetenv("WEFT_SEED");
    atomic_uint leave = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 4), 9, stuck_for_ever, &leave, &seed), WEFT_EDEADLK);
    assert_true(seed == 4 && simulated_said("WEFT_SEED=4") && simulated_said("'parked'"));
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 4), 9, fails_in_a_task, NULL, &seed), -55);
    assert_int_equal(weft_sim_explore(NULL, 0, no_trouble, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(NULL, 1, NULL, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(NULL, 1, no_trouble, &runs, NULL), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.worker_threads = 5000), 1, no_trouble, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(runs, 34);
    if (before)
        setenv("WEFT_SEED", before, 1);
    free(before);
}

/* SEL-03: which of several ready ones is taken is random, and the same with the same seed. */
struct chooser {
    weft_frame weft;
    weft_sleep_future futures[3];
    weft_select_state select;
    int which, round;
    int64_t now_ns;
    uint32_t *choices;
};
static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    for (self->round = 0; self->round < 8; self->round++) {
        self->now_ns = weft_clock();
        for (int i = 0; i < 3; i++)
            weft_sleep_begin(&self->futures[i], self->now_ns);
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->futures[0].future, &self->futures[1].future,
                                            &self->futures[2].future));
        *self->choices = *self->choices * 3 + (uint32_t)self->which;
    }
    WEFT_END(0);
}

static uint32_t choices_of(uint64_t seed)
{
    weft_runtime *rt = simulated_begin(seed);
    uint32_t choices = 0;
    weft_spawn(weft_runtime_scope(rt), chooser, .choices = &choices);
    assert_int_equal(weft_runtime_finish(rt), 0);
    return choices;
}

static void sim_select_begins_where_the_seed_says(void **state)
{
    (void)state;
    unsigned same = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        const uint32_t choices = choices_of(seed);
        assert_int_equal(choices_of(seed), choices);
        same += choices_of(seed + 1) == choices;
    }
    assert_in_range(same, 0, 5); /* of 3^8 */
}

/* ---- everything that can be waited for, under many seeds ---- */

static void sim_a_program_that_waits_everywhere_balances_its_books(void **state)
{
    (void)state;
    for (uint64_t seed = stress_seed(), end = seed + stress_scale(600); seed != end; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        struct town town;
        town_build(&town, rt);
        const int run = weft_sim_run(rt);
        town_close(&town);
        if (run != 0 || !town.whole)
            fail_msg("seed %" PRIu64 ": %s\n%s", seed, weft_error_detail(), simulated_reports);
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(simulated_reports[0], '\0');
        verdict_assert();
    }
}

static void sim_a_program_that_is_ended_anywhere_balances_its_books(void **state)
{
    (void)state;
    for (uint64_t seed = stress_seed(), end = seed + stress_scale(600); seed != end; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        struct town town;
        town_build(&town, rt);
        const int steps = weft_runtime_turn(rt, 1 + (uint32_t)(seed % 150));
        assert_true(steps >= 0);
        if (weft_runtime_shutdown(rt, WEFT_FOREVER) != 0)
            fail_msg("seed %" PRIu64 ": %s\n%s", seed, weft_error_detail(), simulated_reports);
        town_close(&town);
        weft_runtime_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
        assert_true(stats.tasks_spawned == stats.tasks_ended && stats.tasks_live == 0);
        assert_int_equal(world_channels(rt), 0);
        assert_int_equal(weft_runtime_destroy(rt), 0);
        verdict_assert();
    }
}

/* In another process: say what a seed does. */
static int elsewhere(const char *what, const char *argument)
{
    static const struct {
        const char *name;
        weft_sim_test *test;
    } tests[] = {{"racy_bank", racy_bank}, {"racy_flag", racy_flag}, {"racy_wake", racy_wake}};
    if (strcmp(what, "trace") == 0 && argument) {
        printf("%" PRIx64 "\n", trace_town(strtoull(argument, NULL, 10)));
        return 0;
    }
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (strcmp(what, tests[i].name) == 0) {
            uint64_t seed = 0;
            const int answer = weft_sim_explore(NULL, 1, tests[i].test, NULL, &seed);
            printf("%d %" PRIu64 "\n", answer, seed);
            return 0;
        }
    return 1;
}

int main(int count, char **arguments)
{
    if (count > 1)
        return elsewhere(arguments[1], count > 2 ? arguments[2] : NULL);
    stress_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_same_seed_does_the_same_in_this_process_and_in_another),
        cmocka_unit_test(sim_seed_comes_from_the_options_or_the_environment),
        cmocka_unit_test(sim_has_ids_and_workers_of_its_own),
        cmocka_unit_test(sim_finds_a_check_before_an_await_and_an_act_after_it),
        cmocka_unit_test(sim_finds_what_needs_one_task_held_up_for_long),
        cmocka_unit_test(sim_finds_a_task_that_takes_any_wake_for_the_right_one),
        cmocka_unit_test(sim_explore_runs_each_seed_to_the_end),
        cmocka_unit_test(sim_select_begins_where_the_seed_says),
        cmocka_unit_test(sim_a_program_that_waits_everywhere_balances_its_books),
        cmocka_unit_test(sim_a_program_that_is_ended_anywhere_balances_its_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
