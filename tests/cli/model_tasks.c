/* SPDX-License-Identifier: MIT */
/* The model's tasks: names, counts and times, also where the recording does not begin at the beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <weft/error.h>

#include "cli/feed.h"

static struct model model;
static struct report report;

static int tasks_setup(void **state)
{
    (void)state;
    model_init(&model);
    return 0;
}

static int tasks_teardown(void **state)
{
    (void)state;
    report_fini(&report);
    report = (struct report){0};
    model_fini(&model);
    return 0;
}

static const struct task_totals *tasks_totals(const char *name)
{
    report_fini(&report);
    report_init(&report, &model);
    const struct report_tasks *row = feed_tasks(&report, name);
    assert_non_null(row);
    return &row->totals;
}

static void tasks_site_7(void)
{
    FEED(&model, 1, site_def, .site = 7, .name = "producer", .function = "main", .file = "a.c", .line = 12);
}

/* A whole life: spawned at `at`, one poll of `took`, ended. */
static void tasks_live(uint64_t id, int64_t at, int64_t took, int32_t result)
{
    FEED(&model, at, task_spawn, .task = id, .site = 7, .worker = 0);
    FEED(&model, at + 1, poll_start, .task = id, .worker = 0, .source = 1);
    FEED(&model, at + 1 + took, poll_end, .task = id, .worker = 0, .result = 1);
    FEED(&model, at + 2 + took, task_end, .task = id, .result = result, .worker = 0);
}

static void task_without_a_name_has_its_sites(void **state)
{
    (void)state;
    tasks_site_7();
    tasks_live(1, 10, 100, 0);
    tasks_live(2, 20, 300, 5);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->tasks, 2);
    assert_int_equal(totals->live, 0);
    assert_int_equal(totals->before, 0);
    assert_int_equal(totals->ok, 2);
    assert_int_equal(totals->polls, 2);
    assert_int_equal(totals->polls_untimed, 0);
    assert_int_equal(totals->busy_ns, 400);
    assert_int_equal(totals->longest_ns, 300);
}

static void task_with_a_name_has_its_own(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 9, task_name, .task = 1, .category = 1,
         .name = "order intake"); /* the core says it before the spawn */
    tasks_live(1, 10, 100, 0);
    tasks_live(2, 20, 100, 0);
    assert_int_equal(tasks_totals("order intake")->tasks, 1);
    assert_int_equal(tasks_totals("order intake")->before, 0);
    assert_int_equal(feed_tasks(&report, "order intake")->category, 1);
    assert_int_equal(tasks_totals("producer")->tasks, 1);
}

static void task_with_a_category_and_an_empty_name_has_its_sites(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 9, task_name, .task = 1, .category = 3, .name = "");
    tasks_live(1, 10, 100, 0);
    assert_int_equal(tasks_totals("producer")->tasks, 1);
    assert_int_equal(feed_tasks(&report, "producer")->category, 3);
}

static void task_that_ended_before_its_site_was_told_is_named_all_the_same(void **state)
{
    (void)state;
    tasks_live(1, 10, 100, 0);
    tasks_site_7();
    assert_int_equal(tasks_totals("producer")->tasks, 1);
}

static void task_whose_site_is_never_told_is_listed_without_a_name(void **state)
{
    (void)state;
    tasks_live(1, 10, 100, 0);
    assert_int_equal(tasks_totals(NULL)->tasks, 1);
}

static void sites_of_one_name_are_one_row(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 2, site_def, .site = 8, .name = "producer", .function = "again", .file = "b.c", .line = 3);
    tasks_live(1, 10, 100, 0);
    FEED(&model, 200, task_spawn, .task = 2, .site = 8, .worker = 0);
    assert_int_equal(tasks_totals("producer")->tasks, 2);
    assert_int_equal(tasks_totals("producer")->live, 1);
    assert_int_equal(report.task_count, 1);
}

static void results_are_told_apart(void **state)
{
    (void)state;
    tasks_site_7();
    tasks_live(1, 10, 1, 0);
    tasks_live(2, 20, 1, WEFT_ECANCELED);
    tasks_live(3, 30, 1, WEFT_EPIPE);
    tasks_live(4, 40, 1, WEFT_EINVAL);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->ok, 1);
    assert_int_equal(totals->cancelled, 1);
    assert_int_equal(totals->failed, 2);
    assert_int_equal(totals->first_error, WEFT_EPIPE);
}

static void wakes_are_counted_and_one_after_the_end_makes_no_task(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 10, task_spawn, .task = 1, .site = 7);
    FEED(&model, 11, wake, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(&model, 12, wake_noop, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(&model, 13, task_end, .task = 1, .result = 0);
    FEED(&model, 14, wake_noop, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_WAKER);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->wakes, 1);
    assert_int_equal(totals->wakes_noop, 1);
    assert_int_equal(report.all_tasks.tasks, 1);
}

/* ---- the recording begins late ---- */

static void task_that_lived_before_is_named_by_the_announcement(void **state)
{
    (void)state;
    FEED(&model, 5, poll_end, .task = 1, .worker = 0, .result = 0); /* of a poll that began before */
    FEED(&model, 6, poll_start, .task = 1, .worker = 0);
    FEED(&model, 9, poll_end, .task = 1, .worker = 0, .result = 0);
    FEED(&model, 10, statedump_begin, .runtime = 1, .generation = 2);
    tasks_site_7();
    FEED(&model, 12, statedump_task, .task = 1, .parent = 0, .site = 7, .state = 2, .polls = 50);
    FEED(&model, 13, statedump_end, .runtime = 1, .generation = 2);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->tasks, 1);
    assert_int_equal(totals->live, 1);
    assert_int_equal(totals->before, 1);
    assert_int_equal(totals->polls, 2);
    assert_int_equal(totals->polls_untimed, 1);
    assert_int_equal(totals->polls_before, 48);
    assert_int_equal(totals->busy_ns, 3);
}

static void task_that_is_announced_though_its_spawn_was_recorded_counts_once(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 2, task_spawn, .task = 1, .site = 7);
    FEED(&model, 3, poll_start, .task = 1, .worker = 0);
    FEED(&model, 4, statedump_task, .task = 1, .site = 7, .state = 1, .polls = 1);
    FEED(&model, 5, poll_end, .task = 1, .worker = 0, .result = 1);
    FEED(&model, 6, task_end, .task = 1, .result = 0);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->tasks, 1);
    assert_int_equal(totals->before, 0);
    assert_int_equal(totals->polls, 1);
    assert_int_equal(totals->polls_before, 0);
}

/* An announcement tells of one after the other, and the last word of a task may have come before its own. */
static void task_that_is_announced_after_its_end_counts_once(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    tasks_site_7();
    for (uint64_t id = 1; id <= MANY; id++)
        FEED(&model, (int64_t)id, task_spawn, .task = id, .site = 7);
    FEED(&model, 2000, task_end, .task = 1, .result = 0);
    FEED(&model, 2001, statedump_begin, .runtime = 1, .generation = 2);
    for (uint64_t id = 2; id < MANY; id++)
        FEED(&model, 2002, task_end, .task = id, .result = 0);
    for (uint64_t id = 1; id <= MANY; id++) {
        FEED(&model, 2003, task_name, .task = id, .name = "producer");
        FEED(&model, 2003, statedump_task, .task = id, .site = 7, .state = 2, .polls = 5);
    }
    FEED(&model, 2004, statedump_end, .runtime = 1, .generation = 2);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->tasks, MANY);
    assert_int_equal(totals->live, 1);
    assert_int_equal(totals->before, 0);
    assert_int_equal(model_process(&model, 1)->tasks.ended.count, 0); /* nothing is kept of them */
}

/* ---- events are missing ---- */

static void poll_over_a_gap_is_counted_and_not_timed(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 10, task_spawn, .task = 1, .site = 7);
    FEED(&model, 11, poll_start, .task = 1, .worker = 0);
    model_gap(&model, &(struct event_gap){.begin_ns = 20, .end_ns = 30, .count = 8, .counted = true});
    FEED(&model, 1000000, poll_end, .task = 1, .worker = 0, .result = 0);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->polls, 1);
    assert_int_equal(totals->polls_untimed, 1);
    assert_int_equal(totals->busy_ns, 0);
    assert_int_equal(model.events_lost, 8);
}

static void poll_that_began_inside_a_gap_of_another_processor_is_not_timed(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 10, task_spawn, .task = 1, .site = 7);
    model_gap(&model, &(struct event_gap){.begin_ns = 20, .end_ns = 300, .count = 8, .counted = true});
    FEED(&model, 100, poll_start, .task = 1, .worker = 0); /* its end may be lost, and the next one's beginning */
    FEED(&model, 5000, poll_end, .task = 1, .worker = 0, .result = 0);
    FEED(&model, 6000, poll_start, .task = 1, .worker = 0);
    FEED(&model, 6007, poll_end, .task = 1, .worker = 0, .result = 0);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->polls, 2);
    assert_int_equal(totals->polls_untimed, 1);
    assert_int_equal(totals->busy_ns, 7);
    assert_int_equal(totals->longest_ns, 7);
}

/* LTTng reads its counter too early now and then; the next packet makes up for it. */
static void losses_add_up_where_the_counter_steps_back(void **state)
{
    (void)state;
    static const uint64_t counts[] = {36, UINT64_MAX - 14476, 14480};
    for (int i = 0; i < 3; i++)
        model_gap(&model, &(struct event_gap){.begin_ns = i, .end_ns = i + 1, .count = counts[i], .counted = true});
    assert_int_equal(model.events_lost, 39);
}

static void poll_whose_end_is_missing_is_not_timed(void **state)
{
    (void)state;
    tasks_site_7();
    FEED(&model, 10, task_spawn, .task = 1, .site = 7);
    FEED(&model, 11, poll_start, .task = 1, .worker = 0);
    FEED(&model, 50, poll_start, .task = 1, .worker = 0);
    FEED(&model, 52, poll_end, .task = 1, .worker = 0, .result = 0);
    const struct task_totals *totals = tasks_totals("producer");
    assert_int_equal(totals->polls, 2);
    assert_int_equal(totals->polls_untimed, 1);
    assert_int_equal(totals->busy_ns, 2);
}

/* ---- many ---- */

static void tasks_that_ended_leave_no_record(void **state)
{
    (void)state;
    tasks_site_7();
    for (uint64_t i = 1; i <= 100000; i++)
        tasks_live(i, (int64_t)i * 10, 1, 0);
    assert_int_equal(model_process(&model, 1)->tasks.live.count, 0);
    assert_int_equal(model_process(&model, 1)->tasks.live.size, 64);
    assert_int_equal(tasks_totals("producer")->tasks, 100000);
}

static void names_without_end_are_folded_into_their_site(void **state)
{
    (void)state;
    tasks_site_7();
    for (uint64_t i = 1; i <= TASKS_NAMES_MAX + 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "connection %d", (int)i);
        FEED(&model, (int64_t)i * 10, task_name, .task = i, .category = 0, .name = name);
        tasks_live(i, (int64_t)i * 10, 1, 0);
    }
    assert_int_equal(tasks_totals("producer")->tasks, 10);
    assert_int_equal(tasks_totals("connection 1")->tasks, 1);
    assert_int_equal(report.names_folded, 10);
}

static void processes_are_told_apart(void **state)
{
    (void)state;
    for (uint64_t process = 1; process <= 2; process++) {
        FEED_OF(&model, process, 1, site_def, .site = 7, .name = process == 1 ? "one" : "two", .function = "",
                .file = "");
        FEED_OF(&model, process, 2, task_spawn, .task = 1, .site = 7);
        FEED_OF(&model, process, 3, poll_start, .task = 1, .worker = 0);
    }
    FEED_OF(&model, 1, 10, poll_end, .task = 1, .worker = 0, .result = 0);
    FEED_OF(&model, 2, 33, poll_end, .task = 1, .worker = 0, .result = 0);
    assert_int_equal(tasks_totals("one")->busy_ns, 7);
    assert_int_equal(tasks_totals("two")->busy_ns, 30);
    assert_int_equal(report.process_count, 2);
    assert_string_equal(model_task_name(&model, 2, 1), "two");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tasks_setup, tasks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(task_without_a_name_has_its_sites),
        TEST(task_with_a_name_has_its_own),
        TEST(task_with_a_category_and_an_empty_name_has_its_sites),
        TEST(task_that_ended_before_its_site_was_told_is_named_all_the_same),
        TEST(task_whose_site_is_never_told_is_listed_without_a_name),
        TEST(sites_of_one_name_are_one_row),
        TEST(results_are_told_apart),
        TEST(wakes_are_counted_and_one_after_the_end_makes_no_task),
        TEST(task_that_lived_before_is_named_by_the_announcement),
        TEST(task_that_is_announced_though_its_spawn_was_recorded_counts_once),
        TEST(task_that_is_announced_after_its_end_counts_once),
        TEST(poll_over_a_gap_is_counted_and_not_timed),
        TEST(poll_that_began_inside_a_gap_of_another_processor_is_not_timed),
        TEST(losses_add_up_where_the_counter_steps_back),
        TEST(poll_whose_end_is_missing_is_not_timed),
        TEST(tasks_that_ended_leave_no_record),
        TEST(names_without_end_are_folded_into_their_site),
        TEST(processes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
