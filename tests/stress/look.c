/* SPDX-License-Identifier: MIT */
/* Looking from outside while things live and die: tasks, channels, totals. What is told is true of somebody. */
#include <string.h>
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;
static weft_semaphore room; /* for so many that live at a time: who looks is not to walk over all that were ever spawned */
enum { LIVING = 512, NEWS = 16 };

static int look_begin(void **state)
{
    (void)state;
    const int error = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
    return error < 0 ? error : weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = LIVING, .permits_max = LIVING), &room);
}

static int look_end(void **state)
{
    (void)state;
    weft_semaphore_destroy(&room);
    return weft_runtime_destroy(rt);
}

/* Every task's name says its category: a mixture of two tasks in one slot would show. */
struct mayfly {
    weft_frame weft;
    char padding[200];
    int i;
};

static weft_poll mayfly(weft_context *cx, struct mayfly *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 2; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    VERDICT(weft_semaphore_release(&room, 1) == 0);
    WEFT_END(0);
}

static const char *const names[] = {"alpha-alpha-alpha", "beta", "gamma-gamma-gamma-gamma-gamma", "d"};
static _Atomic int stop;
static _Atomic uint64_t seen;

static int see(void *context, const weft_task_info *info)
{
    (void)context;
    const uint32_t kind = info->category - WEFT_CATEGORY_HOST;
    VERDICT(kind < 4 && strcmp(info->name, names[kind < 4 ? kind : 0]) == 0);
    VERDICT(info->task.id != 0 && info->size == sizeof *info);
    VERDICT(info->state <= WEFT_TASK_ENDED);
    VERDICT(info->polls <= 10);
    VERDICT(info->age_ns >= 0 && info->age_ns < INT64_C(600) * 1000000000);
    VERDICT(strcmp(info->site->name, "mayfly") == 0);
    atomic_fetch_add(&seen, 1);
    return 0;
}

/* Who looks does so each time that there is something new. */
static void watch_tasks(void *context, unsigned number)
{
    (void)context;
    for (uint32_t moves = stress_moves(); !atomic_load(&stop); stress_sleep(moves), moves = stress_moves()) {
        if (number == 0) {
            VERDICT(weft_task_visit(rt, see, NULL) == 0);
            continue;
        }
        weft_runtime_stats stats = {.size = sizeof stats};
        VERDICT(weft_runtime_stats_get(rt, &stats) == 0);
        VERDICT(stats.tasks_ended <= stats.tasks_spawned);
        VERDICT(stats.workers_parked <= stats.workers);
        VERDICT(stats.tasks_live < 1000000);
    }
}

/* known bug 82 */
static void tasks_are_listed_while_they_die(void **state)
{
    (void)state;
    atomic_store(&stop, 0);
    struct stress_team *team = stress_team_begin(2, watch_tasks, NULL);
    weft_runtime_stats stats = {.size = sizeof stats};
    const uint64_t total = stress_scale(200000);
    weft_task task = {0};
    for (uint64_t i = 0; i < total || atomic_load(&seen) == 0; i++) {
        const uint32_t kind = (uint32_t)(i % 4);
        assert_int_equal(weft_semaphore_acquire_blocking(&room, 1, WEFT_FOREVER), 0);
        if (i % NEWS == 0)
            stress_moved();
        task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(names[kind], .category = WEFT_CATEGORY_HOST + kind), mayfly);
        assert_int_equal(weft_task_error(task), 0);
        if (i % 64 == 0) {
            weft_task_info info = {.size = sizeof info};
            const int answer = weft_task_inspect(task, &info);
            assert_true(answer == 0 || answer == WEFT_ESRCH);
            if (answer == 0) {
                assert_int_equal(info.task.id, task.id);
                assert_string_equal(info.name, names[kind]);
            }
        }
    }
    assert_int_equal(weft_semaphore_acquire_blocking(&room, LIVING, WEFT_FOREVER), 0); /* the last is about to end */
    stress_settle(rt);
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    atomic_store(&stop, 1);
    stress_moved();
    stress_team_join(team);
    verdict_assert();
    assert_int_equal(stats.tasks_spawned, stats.tasks_ended);
    assert_true(atomic_load(&seen) > 0);
    uint64_t before = atomic_load(&seen);
    assert_int_equal(weft_task_visit(rt, see, NULL), 0);
    assert_int_equal(atomic_load(&seen), before); /* nobody is left */
    weft_task_info info = {.size = sizeof info};
    assert_int_equal(weft_task_inspect(task, &info), WEFT_ESRCH);
}

/* Channels come and go under a reader of all of them, and the health callback runs. */
static _Atomic uint64_t changes;

static void on_health(void *context, const weft_health_change *change)
{
    (void)context;
    VERDICT(change->before != change->now);
    VERDICT(change->stats->depth <= change->stats->capacity);
    VERDICT(strncmp(change->stats->name, "watched", 7) == 0);
    atomic_fetch_add(&changes, 1);
}

static int see_channel(void *context, const weft_channel_stats *stats)
{
    (void)context;
    VERDICT(strncmp(stats->name, "watched", 7) == 0 && strcmp(stats->component, "look") == 0);
    VERDICT(stats->capacity >= 1 && stats->capacity <= 4);
    VERDICT(stats->depth <= stats->capacity && stats->depth_max <= stats->capacity);
    VERDICT(stats->depth + stats->reserved <= 2 * stats->capacity); /* read one after the other */
    VERDICT(stats->received <= stats->sent && stats->sent < UINT64_C(1) << 60);
    VERDICT(stats->oldest_message_age_ns >= -1 && stats->wait_longest_ns >= -1);
    VERDICT(stats->senders <= 3);
    atomic_fetch_add(&seen, 1);
    return 0;
}

static void watch_channels(void *context, unsigned number)
{
    (void)context;
    for (uint32_t moves = stress_moves(); !atomic_load(&stop); stress_sleep(moves), moves = stress_moves())
        VERDICT((number == 0 ? weft_channel_visit(rt, false, see_channel, NULL) : weft_monitor_sample(rt)) == 0);
}

struct feeder {
    weft_frame weft;
    weft_sender out;
    int i;
};

static weft_poll feeder(weft_context *cx, struct feeder *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 50; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->i));
    weft_sender_close(&self->out);
    WEFT_END(0);
}

/* scenario 31 */
static void channels_are_watched_while_they_come_and_go(void **state)
{
    (void)state;
    atomic_store(&stop, 0);
    atomic_store(&seen, 0);
    assert_int_equal(weft_monitor_on_health(rt, on_health, NULL), 0);
    struct stress_team *team = stress_team_begin(2, watch_channels, NULL);
    for (uint64_t i = 0; i < stress_scale(5000); i++) {
        weft_sender out, second;
        weft_receiver in;
        int value = 0, received = 0;
        stress_moved();
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.name = i % 2 ? "watched" : "watched-by-many", .component = "look", .capacity = 1 + i % 4),
                                             sizeof value, &out, &in), 0);
        assert_int_equal(weft_sender_clone(&out, &second), 0);
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), feeder, .out = out)), 0);
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), feeder, .out = second)), 0);
        while (weft_channel_recv_blocking(&in, &value, WEFT_FOREVER) == 0)
            received++;
        assert_int_equal(received, 100);
        weft_channel_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_receiver_stats(&in, &stats), 0);
        assert_int_equal(stats.sent, 100);
        assert_int_equal(stats.received, 100);
        assert_int_equal(stats.depth + stats.reserved + stats.senders + stats.senders_waiting, 0);
        assert_int_equal(stats.oldest_message_age_ns, -1);
        assert_int_equal(stats.wait_longest_ns, -1);
        weft_receiver_close(&in);
    }
    atomic_store(&stop, 1);
    stress_moved();
    stress_team_join(team);
    assert_int_equal(weft_monitor_on_health(rt, NULL, NULL), 0);
    verdict_assert();
    print_message("%llu looks at channels, %llu changes of health\n", (unsigned long long)atomic_load(&seen),
                  (unsigned long long)atomic_load(&changes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_listed_while_they_die),
        cmocka_unit_test(channels_are_watched_while_they_come_and_go),
    };
    return cmocka_run_group_tests(tests, look_begin, look_end);
}
