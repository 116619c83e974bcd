/* SPDX-License-Identifier: MIT */
/* Each rule on a recording in which it has something to say, and on one in which it has not; sizes, behaviour, names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <weft/error.h>

#include "cli/trace/advice/behaviour.h"
#include "cli/trace/advice/capacity.h"
#include "cli/trace/advice/lint.h"

#define MS INT64_C(1000000)

static struct analysis analysis;
static struct findings findings;

#define FEED(at, e, ...)                                                                                               \
    analysis_event(                                                                                                    \
        &analysis,                                                                                                     \
        &(struct event){.ns = (at), .clock_ns = (at), .process = 1, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

static int lint_setup(void **state)
{
    (void)state;
    analysis_init(&analysis);
    FEED(1, site_def, .site = 7, .name = "intake", .function = "main", .file = "dir/a.c", .line = 12);
    FEED(1, site_def, .site = 8, .name = "ledger_task", .function = "main", .file = "dir/a.c", .line = 15);
    return 0;
}

static int lint_teardown(void **state)
{
    (void)state;
    findings_fini(&findings);
    findings = (struct findings){0};
    analysis_fini(&analysis);
    return 0;
}

static void look(void)
{
    analysis_finish(&analysis);
    findings_init(&findings, &analysis, LINT_LIMITS);
}

/* The finding of this rule about this subject; NULL: there is none. */
static const struct finding *found(enum lint lint, const char *subject)
{
    for (size_t i = 0; i < findings.count; i++)
        if (findings.list[i].lint == lint && (!subject || !strcmp(findings.list[i].subject, subject)))
            return &findings.list[i];
    return NULL;
}

static const struct finding *must_find(enum lint lint, const char *subject)
{
    look();
    const struct finding *finding = found(lint, subject);
    if (!finding)
        fail_msg("no %s of %s among %zu", lint_id(lint), subject, findings.count);
    assert_true(finding->what[0] && finding->advice[0]);
    return finding;
}

static void spawn(uint64_t task, int64_t at, uint64_t site)
{
    FEED(at, task_spawn, .task = task, .site = site);
}

static void poll(uint64_t task, int64_t from, int64_t took, uint32_t line)
{
    FEED(from, poll_start, .task = task, .worker = 0);
    FEED(from + took, poll_end, .task = task, .worker = 0, .line = line,
         .result = line ? WEFT_TRACE_poll_result_PENDING : WEFT_TRACE_poll_result_READY);
}

/* An actor that serves messages as they come. */
static void healthy(void)
{
    FEED(2, task_name, .task = 1, .category = 1, .name = "orders");
    spawn(1, 3, 7);
    FEED(4, chan_open, .chan = 3, .by = 0, .capacity = 16, .message_size = 8, .name = "orders", .component = "in");
    poll(1, 5, 1, 20);
    for (int i = 1; i <= 200; i++) {
        FEED(i * MS, chan_send, .chan = 3, .task = 0, .depth = 1);
        FEED(i * MS + 1, wake, .task = 1, .by = 0, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
        FEED(i * MS + 1000, poll_start, .task = 1, .worker = 0);
        FEED(i * MS + 1001, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
        FEED(i * MS + 1002, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_RECEIVER, .waiting = 1);
        FEED(i * MS + 2000, poll_end, .task = 1, .worker = 0, .line = 20);
    }
}

static void healthy_program_has_no_finding(void **state)
{
    (void)state;
    healthy();
    look();
    for (size_t i = 0; i < findings.count; i++)
        fail_msg("%s of %s: %s", lint_id(findings.list[i].lint), findings.list[i].subject, findings.list[i].what);
}

static void gaps_are_a_finding(void **state)
{
    (void)state;
    healthy();
    analysis_gap(&analysis, &(struct event_gap){.begin_ns = 1, .end_ns = 2, .count = 17, .counted = true});
    assert_non_null(strstr(must_find(LINT_EVENTS_LOST, NULL)->what, "17 events"));
}

static void long_polls_now_and_then_and_always(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    spawn(2, 3, 8);
    for (int i = 1; i <= 20; i++) {
        poll(1, i * 100 * MS, i == 9 ? 30 * MS : 1000, 20);
        poll(2, i * 100 * MS + 50 * MS, 20 * MS, 30);
    }
    const struct finding *rare = must_find(LINT_LONG_POLL, "intake");
    assert_int_equal(rare->severity, SEVERITY_WARNING);
    assert_non_null(strstr(rare->where, "from line 20 to line 20"));
    assert_non_null(found(LINT_BLOCKING_CALL, "ledger_task"));
    assert_null(found(LINT_BLOCKING_CALL, "intake"));
}

static void task_that_ran_through_never_yielded(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    poll(1, 10, 200 * MS, 0);
    FEED(201 * MS, task_end, .task = 1, .result = 0);
    assert_int_equal(must_find(LINT_NEVER_YIELDED, "intake")->severity, SEVERITY_CRITICAL);
}

static void poll_that_does_not_end_never_yielded(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    FEED(10, poll_start, .task = 1, .worker = 0);
    FEED(900 * MS, worker_park, .worker = 1);
    assert_non_null(strstr(must_find(LINT_NEVER_YIELDED, "intake")->what, "when the recording ended"));
}

static void starved_task_names_who_held_the_worker(void **state)
{
    (void)state;
    spawn(2, 3, 8);
    spawn(1, 4, 7);
    poll(2, 5, 150 * MS, 9);
    poll(1, 160 * MS, 10, 9);
    const struct finding *finding = must_find(LINT_STARVED, "intake");
    assert_non_null(strstr(finding->what, "'ledger_task' for 150 ms"));
    assert_int_equal(finding->severity, SEVERITY_CRITICAL);
}

static void task_that_keeps_itself_runnable(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    for (int i = 1; i <= 1500; i++) {
        FEED(i * 1000, poll_start, .task = 1, .worker = 0);
        FEED(i * 1000 + 10, wake_noop, .task = 1, .by = 1, .source = WEFT_TRACE_wake_source_WAKER);
        FEED(i * 1000 + 20, poll_end, .task = 1, .worker = 0, .line = 4);
    }
    assert_non_null(must_find(LINT_SELF_WAKE, "intake"));
}

static void polls_that_find_nothing(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    poll(1, 10, 1, 20);
    for (int i = 1; i <= 200; i++) {
        FEED(i * 1000, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_SYNC);
        poll(1, i * 1000 + 5, 10, 20);
    }
    assert_non_null(must_find(LINT_IDLE_POLL, "intake"));
}

static void silent_wait_is_a_lost_waker_and_a_told_one_is_not(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    spawn(2, 3, 8);
    poll(1, 10, 5, 33);
    FEED(20, poll_start, .task = 2, .worker = 0);
    FEED(21, timer_arm, .task = 2, .deadline_ns = 1);
    FEED(22, poll_end, .task = 2, .worker = 0, .line = 34);
    FEED(2000 * MS, worker_park, .worker = 0);
    assert_non_null(strstr(must_find(LINT_LOST_WAKER, "intake")->what, "at line 33"));
    assert_null(found(LINT_LOST_WAKER, "ledger_task"));
}

static void circle_is_a_deadlock(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    FEED(4, chan_open, .chan = 3, .capacity = 1, .name = "own", .component = "");
    FEED(5, poll_start, .task = 1, .worker = 0);
    FEED(6, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
    FEED(7, chan_send, .chan = 3, .task = 1, .depth = 1);
    FEED(8, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(9, poll_end, .task = 1, .worker = 0, .line = 3);
    FEED(2000 * MS, worker_park, .worker = 0);
    assert_non_null(strstr(must_find(LINT_DEADLOCK, "intake")->what, "'intake' waits for room in 'own'"));
    assert_int_equal(findings.list[0].lint, LINT_DEADLOCK); /* most important first */
    assert_non_null(found(LINT_SENDER_BLOCKED, "own"));
}

static void channel_that_is_full_most_of_the_time(void **state)
{
    (void)state;
    spawn(1, 2, 7);
    spawn(2, 2, 8);
    FEED(3, chan_open, .chan = 3, .capacity = 2, .message_size = 8, .name = "slow", .component = "");
    FEED(4, chan_send, .chan = 3, .task = 1, .depth = 1);
    for (int i = 0; i < 20; i++) {
        FEED(i * 100 * MS + 5, chan_send, .chan = 3, .task = 1, .depth = 2);
        FEED(i * 100 * MS + 6, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
        FEED(i * 100 * MS + 99 * MS, chan_recv, .chan = 3, .task = 2, .count = 1, .depth = 1);
        FEED(i * 100 * MS + 99 * MS + 1, wake, .task = 1, .by = 2, .object = 3,
             .source = WEFT_TRACE_wake_source_CHANNEL);
    }
    FEED(2100 * MS, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 1);
    FEED(2300 * MS, wake, .task = 1, .by = 2, .object = 3, .source = WEFT_TRACE_wake_source_CHANNEL);
    const struct finding *finding = must_find(LINT_CHANNEL_SATURATED, "slow");
    assert_int_equal(finding->severity, SEVERITY_CRITICAL);
    assert_non_null(strstr(finding->advice, "'ledger_task' faster"));
    assert_non_null(found(LINT_SENDER_BLOCKED, "slow"));
    const struct capacity capacity = capacity_of(&analysis, analysis.streams.list[0]);
    assert_int_equal(capacity.verdict, CAPACITY_RECEIVER);
    assert_int_equal(capacity.recommended, 2); /* no size would do */
}

static void channel_that_bursts_fill(void **state)
{
    (void)state;
    spawn(1, 2, 7);
    FEED(3, chan_open, .chan = 3, .capacity = 8, .message_size = 8, .name = "burst", .component = "");
    for (uint32_t i = 1; i <= 8; i++)
        FEED(100 * MS + i * 1000, chan_send, .chan = 3, .task = 1, .depth = i);
    FEED(100 * MS + 8001, chan_wait, .chan = 3, .task = 1, .side = WEFT_TRACE_channel_side_SENDER, .waiting = 3);
    FEED(101 * MS, chan_recv, .chan = 3, .task = 0, .count = 8, .depth = 0);
    FEED(900 * MS, chan_end, .chan = 3);
    assert_non_null(must_find(LINT_CHANNEL_SMALL, "burst"));
    const struct capacity capacity = capacity_of(&analysis, analysis.streams.list[0]);
    assert_int_equal(capacity.verdict, CAPACITY_LARGER);
    assert_int_equal(capacity.recommended, 16);
}

static void channel_that_is_too_large(void **state)
{
    (void)state;
    FEED(3, chan_open, .chan = 3, .capacity = 5000, .message_size = 1024, .name = "huge", .component = "");
    FEED(4, chan_send, .chan = 3, .task = 0, .depth = 100);
    FEED(900 * MS, chan_recv, .chan = 3, .task = 0, .count = 100, .depth = 0);
    assert_non_null(must_find(LINT_CHANNEL_OVERSIZED, "huge"));
    assert_int_equal(capacity_of(&analysis, analysis.streams.list[0]).recommended, 256);
}

static void full_channel_for_which_nobody_waits_fits(void **state)
{
    (void)state;
    FEED(3, chan_open, .chan = 3, .capacity = 1, .message_size = 8, .name = "gate", .component = "");
    FEED(4, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(900 * MS, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 0);
    look();
    assert_null(found(LINT_CHANNEL_SATURATED, NULL));
    assert_int_equal(capacity_of(&analysis, analysis.streams.list[0]).verdict, CAPACITY_FITS);
}

static void messages_that_got_lost_and_channels_without_a_receiver(void **state)
{
    (void)state;
    FEED(3, chan_open, .chan = 3, .capacity = 1, .name = "lossy", .component = "");
    FEED(3, chan_open, .chan = 4, .capacity = 1, .name = "deaf", .component = "");
    FEED(4, chan_send, .chan = 3, .task = 0, .depth = 1);
    FEED(5, chan_fail, .chan = 3, .task = 0, .error = WEFT_EAGAIN);
    FEED(6, chan_recv, .chan = 3, .task = 0, .count = 1, .depth = 0);
    FEED(7, chan_send, .chan = 4, .task = 0, .depth = 1);
    assert_non_null(strstr(must_find(LINT_MESSAGES_LOST, "lossy")->what, "1 sends were refused"));
    assert_non_null(found(LINT_NO_RECEIVER, "deaf"));
    assert_null(found(LINT_NO_RECEIVER, "lossy"));
}

static void handles_that_stay_open(void **state)
{
    (void)state;
    FEED(2, runtime_start, .runtime = 1, .schema = 1, .workers = 1, .name = "rt", .version = "0");
    FEED(3, chan_open, .chan = 3, .capacity = 1, .name = "kept", .component = "");
    FEED(3, chan_open, .chan = 4, .capacity = 1, .name = "closed", .component = "");
    FEED(5, chan_end, .chan = 4);
    FEED(7, runtime_stop, .runtime = 1);
    assert_non_null(must_find(LINT_LEAKED_HANDLE, "kept"));
    assert_null(found(LINT_LEAKED_HANDLE, "closed"));
}

static void handles_of_a_program_that_goes_on_are_no_leak(void **state)
{
    (void)state;
    FEED(2, runtime_start, .runtime = 1, .schema = 1, .workers = 1, .name = "rt", .version = "0");
    FEED(2, runtime_start, .runtime = 2, .schema = 1, .workers = 1, .name = "other", .version = "0");
    FEED(3, chan_open, .chan = 3, .capacity = 1, .name = "kept", .component = "");
    FEED(7, runtime_stop, .runtime = 1);
    look();
    assert_null(found(LINT_LEAKED_HANDLE, NULL));
}

static void tasks_that_crowd_a_semaphore(void **state)
{
    (void)state;
    FEED(3, sync_open, .object = 9, .kind = WEFT_TRACE_sync_kind_SEMAPHORE, .permits = 10, .name = "slots");
    FEED(3, sync_open, .object = 8, .kind = WEFT_TRACE_sync_kind_MUTEX, .permits = 1, .name = "ledger");
    spawn(1, 4, 7);
    spawn(2, 4, 8);
    FEED(5, sync_wait, .object = 9, .task = 1, .waiting = 45);
    FEED(6, sync_acquire, .object = 8, .task = 2);
    FEED(7, sync_acquire, .object = 9, .task = 1);
    FEED(8, sync_wait, .object = 8, .task = 1, .waiting = 1);
    FEED(300 * MS, sync_acquire, .object = 8, .task = 1);
    assert_non_null(must_find(LINT_ADMISSION, "SEMAPHORE slots"));
    assert_non_null(found(LINT_LOCK_WAIT, "MUTEX ledger"));
}

/* Three for a permit, and three times these permits are no number of 32 bits. */
static void five_that_wait_for_a_billion_permits_are_no_crowd(void **state)
{
    (void)state;
    FEED(3, sync_open, .object = 9, .kind = WEFT_TRACE_sync_kind_SEMAPHORE, .permits = 0x55555556, .name = "bytes");
    spawn(1, 4, 7);
    FEED(5, sync_wait, .object = 9, .task = 1, .waiting = 5);
    look();
    assert_null(found(LINT_ADMISSION, NULL));
}

static void late_timers_and_too_many(void **state)
{
    (void)state;
    spawn(1, 4, 7);
    for (int i = 1; i <= 20000; i++)
        FEED(i * 10000 + 50 * MS, timer_fire, .task = 1, .deadline_ns = (uint64_t)(i * 10000), .worker = 0);
    assert_non_null(must_find(LINT_TIMER_LATE, "intake"));
    assert_non_null(found(LINT_TIMER_STORM, "timers"));
}

static void jobs_that_queue(void **state)
{
    (void)state;
    spawn(1, 4, 7);
    for (uint64_t i = 1; i <= 100; i++) {
        FEED((int64_t)i * 1000, blocking_queue, .job = i, .task = 1, .queued = (uint32_t)i);
    }
    for (uint64_t i = 1; i <= 100; i++) {
        FEED((int64_t)i * 20 * MS, blocking_start, .job = i, .tid = 1, .queued = 0);
        FEED((int64_t)i * 20 * MS + 19 * MS, blocking_end, .job = i, .result = 0);
    }
    assert_non_null(must_find(LINT_POOL_QUEUE, "intake"));
}

static void workers_out_of_balance_and_asleep_at_the_wrong_time(void **state)
{
    (void)state;
    spawn(1, 4, 7);
    FEED(5, worker_park, .worker = 1);
    FEED(6, worker_park, .worker = 2);
    poll(1, 7, 150 * MS, 9);
    FEED(150 * MS + 10, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_WAKER);
    FEED(400 * MS, worker_unpark, .worker = 1, .by = WEFT_TRACE_NO_WORKER);
    assert_non_null(must_find(LINT_IMBALANCE, "worker 0"));
    assert_non_null(found(LINT_IDLE_WORKERS, NULL));
}

static void workers_that_are_woken_for_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        FEED(i * 1000, worker_park, .worker = 0);
        FEED(i * 1000 + 100, worker_unpark, .worker = 0, .by = WEFT_TRACE_NO_WORKER);
    }
    assert_non_null(must_find(LINT_UNPARK_STORM, NULL));
}

static void tasks_that_become_more(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 60; i++) {
        spawn(i, (int64_t)i * 10 * MS, 7);
        poll(i, (int64_t)i * 10 * MS + 5, 5, 3);
    }
    assert_non_null(must_find(LINT_LEAK, "intake"));
    assert_null(found(LINT_LEAK, "ledger_task"));
}

static void ends_that_were_not_meant(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 4; i++)
        spawn(i, (int64_t)i * 10, 7);
    FEED(100, task_end, .task = 1, .result = WEFT_EPIPE);
    FEED(110, task_cancel, .task = 2, .by = 0, .reason = WEFT_TRACE_cancel_reason_DEADLINE);
    FEED(120, task_end, .task = 2, .result = WEFT_ECANCELED);
    assert_non_null(must_find(LINT_FAILED, "intake"));
    assert_non_null(found(LINT_TIMEOUT, "intake"));
}

static void shutdown_that_waits(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    spawn(2, 3, 8);
    FEED(100, task_cancel, .task = 1, .by = 0, .reason = WEFT_TRACE_cancel_reason_SHUTDOWN);
    FEED(200, task_end, .task = 1, .result = WEFT_ECANCELED);
    FEED(3000 * MS, task_end, .task = 2, .result = WEFT_ECANCELED);
    FEED(3001 * MS, runtime_stop, .runtime = 1);
    assert_non_null(must_find(LINT_SLOW_SHUTDOWN, "ledger_task"));
}

static void large_tasks_are_told_with_how_many_lived(void **state)
{
    (void)state;
    FEED(1, site_def, .site = 9, .name = "huge", .function = "main", .file = "dir/a.c", .line = 33, .bytes = 20000);
    FEED(1, site_def, .site = 10, .name = "small", .function = "main", .file = "dir/a.c", .line = 34, .bytes = 16383);
    for (uint64_t task = 1; task <= 50; task++)
        spawn(task, (int64_t)task, 9);
    spawn(99, 100, 10);
    const struct finding *finding = must_find(LINT_LARGE_FRAME, "huge");
    assert_int_equal(finding->severity, SEVERITY_NOTE);
    assert_non_null(strstr(finding->what, "each takes 20000 bytes, and up to 50 lived at the same time: 1 MB"));
    assert_non_null(strstr(finding->where, "a.c:33"));
    assert_null(found(LINT_LARGE_FRAME, "small"));
}

static void unnamed_task_gets_a_name_from_its_step(void **state)
{
    (void)state;
    char name[NAMING_SIZE];
    spawn(2, 3, 8);
    FEED(2000 * MS, worker_park, .worker = 0);
    const struct finding *finding = must_find(LINT_UNNAMED, "ledger_task");
    assert_non_null(strstr(finding->advice, "WEFT_TASK(\"ledger\", .category = WEFT_UTILITY), ledger_task"));
    assert_string_equal(naming_of(&analysis, analysis.profiles.list[0], name), "ledger");
}

static void step_that_says_nothing_is_named_by_its_channel_or_function(void **state)
{
    (void)state;
    char name[NAMING_SIZE];
    FEED(2, site_def, .site = 9, .name = "run", .function = "open_ledger", .file = "b.c", .line = 3);
    spawn(5, 3, 9);
    look();
    assert_string_equal(naming_of(&analysis, analysis.profiles.list[0], name), "run of open ledger");
    FEED(4, chan_open, .chan = 3, .capacity = 1, .name = "orders", .component = "intake");
    FEED(5, chan_recv, .chan = 3, .task = 5, .count = 1, .depth = 0);
    assert_string_equal(naming_of(&analysis, analysis.profiles.list[0], name), "orders receiver");
    assert_string_equal(naming_component(&analysis, analysis.profiles.list[0], name), "intake");
}

static enum behaviour behaviour(void)
{
    char reason[BEHAVIOUR_REASON_SIZE];
    look();
    return behaviour_of(&analysis, analysis.profiles.list[0], reason);
}

static void behaviour_is_judged_by_what_was_done(void **state)
{
    (void)state;
    FEED(2, chan_open, .chan = 3, .capacity = 1, .name = "orders", .component = "");
    spawn(1, 3, 7);
    spawn(2, 3, 8);
    for (int i = 1; i < 10; i++) {
        FEED(i * MS, chan_send, .chan = 3, .task = 2, .depth = 1);
        FEED(i * MS, wake, .task = 1, .by = 2, .source = WEFT_TRACE_wake_source_CHANNEL);
        FEED(i * MS + 1, chan_recv, .chan = 3, .task = 1, .count = 1, .depth = 0);
    }
    assert_int_equal(behaviour(), BEHAVIOUR_ACTOR);
}

static void listener_is_woken_from_outside_and_hands_on(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    for (uint64_t i = 1; i < 10; i++) {
        FEED((int64_t)i * MS, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_IO);
        FEED((int64_t)i * MS + 1, task_spawn, .task = 100 + i, .parent = 1, .site = 8);
        FEED((int64_t)i * MS + 2, task_end, .task = 100 + i, .result = 0);
    }
    char reason[BEHAVIOUR_REASON_SIZE];
    assert_int_equal(behaviour(), BEHAVIOUR_LISTENER);
    assert_int_equal(behaviour_of(&analysis, analysis.profiles.list[1], reason), BEHAVIOUR_HANDLER);
}

static void poller_is_woken_by_time(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    for (int i = 1; i < 10; i++)
        FEED(i * MS, wake, .task = 1, .by = 0, .source = WEFT_TRACE_wake_source_TIMER);
    assert_int_equal(behaviour(), BEHAVIOUR_POLLER);
}

static void utility_is_over_soon(void **state)
{
    (void)state;
    spawn(1, 3, 7);
    FEED(10, task_end, .task = 1, .result = 0);
    FEED(1000, worker_park, .worker = 0);
    assert_int_equal(behaviour(), BEHAVIOUR_UTILITY);
}

static void rules_have_ids_of_their_own(void **state)
{
    (void)state;
    for (int lint = 0; lint < LINT_COUNT; lint++) {
        assert_int_equal(lint_find(lint_id((enum lint)lint)), lint);
        assert_true(lint_text((enum lint)lint)[0]);
    }
    assert_int_equal(lint_find("nonsense"), LINT_COUNT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, lint_setup, lint_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(healthy_program_has_no_finding),
        TEST(gaps_are_a_finding),
        TEST(long_polls_now_and_then_and_always),
        TEST(task_that_ran_through_never_yielded),
        TEST(poll_that_does_not_end_never_yielded),
        TEST(starved_task_names_who_held_the_worker),
        TEST(task_that_keeps_itself_runnable),
        TEST(polls_that_find_nothing),
        TEST(silent_wait_is_a_lost_waker_and_a_told_one_is_not),
        TEST(circle_is_a_deadlock),
        TEST(channel_that_is_full_most_of_the_time),
        TEST(channel_that_bursts_fill),
        TEST(channel_that_is_too_large),
        TEST(full_channel_for_which_nobody_waits_fits),
        TEST(messages_that_got_lost_and_channels_without_a_receiver),
        TEST(handles_that_stay_open),
        TEST(handles_of_a_program_that_goes_on_are_no_leak),
        TEST(tasks_that_crowd_a_semaphore),
        TEST(five_that_wait_for_a_billion_permits_are_no_crowd),
        TEST(late_timers_and_too_many),
        TEST(jobs_that_queue),
        TEST(workers_out_of_balance_and_asleep_at_the_wrong_time),
        TEST(workers_that_are_woken_for_nothing),
        TEST(tasks_that_become_more),
        TEST(ends_that_were_not_meant),
        TEST(shutdown_that_waits),
        TEST(large_tasks_are_told_with_how_many_lived),
        TEST(unnamed_task_gets_a_name_from_its_step),
        TEST(step_that_says_nothing_is_named_by_its_channel_or_function),
        TEST(behaviour_is_judged_by_what_was_done),
        TEST(listener_is_woken_from_outside_and_hands_on),
        TEST(poller_is_woken_by_time),
        TEST(utility_is_over_soon),
        TEST(rules_have_ids_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
