/* SPDX-License-Identifier: MIT */
/*
 * Seeded schedules of the whole runtime: at least 100,000 of the races that have bitten runtimes, in simulated runtimes. A
 * seed says which scenario is played and how, so WEFT_SEED=<that of the line> begins with the one that failed. The long run,
 * WEFT_REL_PERCENT=100, goes on to ten millions.
 */
/* ctest-timeout: 600, ctest-cost: 15 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/rel.h"
#include "lib/stress.h"
#include "scenario.h"

enum { SCENARIOS_MAX = 96, SCHEDULES = 100000, SCHEDULES_LONG = 10000000 };

static const struct scenario *all[SCENARIOS_MAX];
static uint32_t seen[SCENARIOS_MAX];
static unsigned scenarios;

static void collect(const struct scenario *list)
{
    for (; list->name; list++) {
        assert_true(scenarios < SCENARIOS_MAX);
        all[scenarios++] = list;
    }
}

weft_poll canceller(weft_context *cx, struct canceller *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    weft_task_cancel(self->target);
    WEFT_END(0);
}

weft_poll ending(weft_context *cx, struct ending *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->ended)
        ++*self->ended;
    WEFT_END(self->result);
}

static char trouble[1024];

static void report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    const size_t length = strlen(trouble);
    snprintf(trouble + length, sizeof trouble - length, "    %s\n", text);
}

/* If something waits for ever it is ended here, while what the tasks point at is there. */
void stage_run(struct stage *stage)
{
    if (VERDICT(weft_sim_run(stage->rt) == 0))
        return;
    report(NULL, 0, weft_error_detail());
    VERDICT(weft_runtime_shutdown(stage->rt, WEFT_FOREVER) == 0);
}

/* What must hold whatever was played. */
static void check_runtime(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    weft_blocking_stats pool = {.size = sizeof pool};
    VERDICT(weft_runtime_stats_get(rt, &stats) == 0 && weft_blocking_stats_get(rt, &pool) == 0);
    VERDICT(stats.tasks_live == 0 && stats.tasks_spawned == stats.tasks_ended);
    VERDICT(pool.submitted == pool.completed + pool.cancelled && pool.queued == 0 && pool.running == 0 && pool.waiting == 0);
    VERDICT(world_channels(rt) == 0);
}

/* Whether it held. */
static bool play(uint64_t seed)
{
    const unsigned index = (unsigned)(seed % scenarios);
    const struct scenario *scenario = all[index];
    struct stage stage = {.dice = seed};
    trouble[0] = '\0';
    int rc = weft_runtime_create(&stage.rt, WEFT_RUNTIME_OPTIONS(.name = scenario->name, .drive = WEFT_DRIVE_SIM, .seed = seed,
                                                                 .worker_threads = 1 + (uint32_t)(seed / scenarios % 4),
                                                                 .report = report, .blocking_queue_max = scenario->queue_max,
                                                                 .blocking_threads_max = scenario->threads_max));
    assert_int_equal(rc, 0);
    stage.scope = weft_runtime_scope(stage.rt);
    scenario->play(&stage);
    VERDICT(weft_runtime_shutdown(stage.rt, WEFT_FOREVER) == 0);
    check_runtime(stage.rt);
    VERDICT(weft_runtime_destroy(stage.rt) == 0);
    seen[index] |= stage.seen;
    if (verdict_holds() && trouble[0] == '\0')
        return true;
    printf("WEFT_SEED=%" PRIu64 " %s\n%s", seed, scenario->name, trouble);
    return false;
}

/* Every outcome that a scenario names has been seen. */
static unsigned missing_outcomes(void)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < scenarios; i++)
        for (unsigned o = 0; o < OUTCOMES_MAX && all[i]->outcomes[o]; o++)
            if (!(seen[i] & 1u << o)) {
                printf("%s: never %s\n", all[i]->name, all[i]->outcomes[o]);
                missing++;
            }
    return missing;
}

/* There is one thread, in which ThreadSanitizer finds nothing; some are played for its sake all the same. */
static uint64_t schedules(void)
{
    const uint64_t count = rel_size(SCHEDULES, SCHEDULES_LONG);
    return WORLD_TSAN ? count / 5 : count;
}

/* scenario 11, scenario 26, scenario 27, scenario 30, known bug 21, known bug 55, known bug 56, known bug 57, known bug 72 */
static void schedules_of_races_hold(void **state)
{
    (void)state;
    const uint64_t first = stress_seed(), count = schedules();
    uint64_t done = 0;
    bool held = true;
    for (; held && done < count; done++)
        held = play(first + done);
    rel_line("S1", (double)done, (double)count, held, held ? first : first + done - 1);
    verdict_assert();
    assert_true(held);
    if (count >= SCHEDULES / 4) /* fewer may miss one */
        assert_int_equal(missing_outcomes(), 0);
}

int main(void)
{
    collect(scenarios_of_tasks);
    collect(scenarios_of_channels);
    collect(scenarios_of_meetings);
    collect(scenarios_of_time);
    collect(scenarios_of_ends);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedules_of_races_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
