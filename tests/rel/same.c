/* SPDX-License-Identifier: MIT */
/*
 * The same load gives the same answers: on one worker, watched by everything that watches, and with a tenth of a processor.
 * Each scene is checked by itself (lib/load.c); what could be wrong beyond that does not end.
 */
/* ctest-timeout: 600 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

#include "lib/child.h"
#include "lib/load.h"
#include "lib/onlooker.h"
#include "lib/stress.h"

static weft_runtime *create(uint32_t workers)
{
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers, .monitor_interval_ms = 1,
                                                                   .blocking_threads_max = 2, .seed = stress_seed())),
                     0);
    return rt;
}

static uint64_t play(uint32_t workers, uint64_t count)
{
    weft_runtime *rt = create(workers);
    const uint64_t sum = load_play(rt, 0, count);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    return sum;
}

/* scenario 6: one worker does what many do. */
static void one_worker_gives_the_same_answers(void **state)
{
    (void)state;
    const uint64_t count = stress_scale(4000);
    assert_int_equal(play(1, count), play(3, count));
}

static struct onlooker onlooker;
static _Atomic bool over;

static void look(void *rt, unsigned number)
{
    (void)number;
    do
        onlooker_look(&onlooker, rt, 0);
    while (!atomic_load(&over));
}

/* scenario 62: with nothing that watches, and with everything. */
static void watched_load_gives_the_same_answers(void **state)
{
    (void)state;
    const uint64_t count = stress_scale(4000), unwatched = play(2, count);
    weft_runtime *rt = create(2);
    struct stress_team *looker = stress_team_begin(1, look, rt);
    const uint64_t watched = load_play(rt, 0, count);
    atomic_store(&over, true);
    stress_team_join(looker);
    assert_true(atomic_load(&onlooker.events) > count);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    assert_int_equal(watched, unwatched);
}

/* In a child that is stopped nine tenths of the time, as a control group does it. Its exit code. */
static int play_in_a_child(uint64_t count, uint64_t expected)
{
    const pid_t child = child_fork();
    if (child == 0)
        _exit(play(2, count) == expected ? 0 : 1);
    const struct timespec runs = {.tv_nsec = 2000000}, rests = {.tv_nsec = 18000000};
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        nanosleep(&runs, NULL);
        kill(child, SIGSTOP);
        nanosleep(&rests, NULL);
        kill(child, SIGCONT);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* scenario 49 */
static void load_with_a_tenth_of_a_processor_gives_the_same_answers(void **state)
{
    (void)state;
    const uint64_t count = stress_scale(800);
    assert_int_equal(play_in_a_child(count, play(2, count)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_gives_the_same_answers),
        cmocka_unit_test(watched_load_gives_the_same_answers),
        cmocka_unit_test(load_with_a_tenth_of_a_processor_gives_the_same_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
