/* SPDX-License-Identifier: MIT */
/* Looking from outside: every runtime of the process, its workers, one task, and who waits for whom. */
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/verdict.h"

/* What a walk over runtimes has met. */
struct met {
    unsigned count;
    weft_runtime_info infos[8];
    unsigned stop_after;
};

static int meet(void *context, weft_runtime *rt)
{
    struct met *met = context;
    weft_runtime_info info = {.size = sizeof info};
    VERDICT(weft_runtime_inspect(rt, &info) == 0);
    met->infos[met->count++] = info;
    return met->count == met->stop_after ? 7 : 0;
}

static const weft_runtime_info *met_named(const struct met *met, const char *name)
{
    for (unsigned i = 0; i < met->count; i++)
        if (strcmp(met->infos[i].name, name) == 0)
            return &met->infos[i];
    return NULL;
}

static void runtimes_are_met_while_they_live(void **state)
{
    (void)state;
    struct met met = {0};
    assert_int_equal(weft_runtime_visit(meet, &met), 0);
    assert_int_equal(met.count, 0);

    weft_runtime *orders, *driven;
    assert_int_equal(weft_runtime_create(&orders, WEFT_RUNTIME_OPTIONS(.name = "orders", .worker_threads = 3,
                                                                       .stall_threshold_us = 5000)), 0);
    assert_int_equal(weft_runtime_create(&driven, WEFT_RUNTIME_OPTIONS(.name = "driven", .drive = WEFT_DRIVE_TURNS)), 0);
    assert_int_equal(weft_runtime_visit(meet, &met), 0);
    assert_int_equal(met.count, 2);
    const weft_runtime_info *info = met_named(&met, "orders");
    assert_non_null(info);
    assert_int_equal(info->workers, 3);
    assert_int_equal(info->stall_threshold_ns, 5000000);
    assert_true(info->number != 0 && info->number != met_named(&met, "driven")->number);
    assert_false(info->driven || info->simulated || info->shutting_down);
    assert_true(info->age_ns >= 0 && info->looked_ns >= 0);
    assert_true(met_named(&met, "driven")->driven);

    met = (struct met){.stop_after = 1};
    assert_int_equal(weft_runtime_visit(meet, &met), 7);
    assert_int_equal(met.count, 1);

    assert_int_equal(weft_runtime_shutdown(orders, WEFT_FOREVER), 0);
    weft_runtime_info closing = {.size = sizeof closing};
    assert_int_equal(weft_runtime_inspect(orders, &closing), 0);
    assert_true(closing.shutting_down);
    assert_int_equal(weft_runtime_destroy(orders), 0);
    met = (struct met){0};
    assert_int_equal(weft_runtime_visit(meet, &met), 0);
    assert_int_equal(met.count, 1);
    assert_int_equal(weft_runtime_destroy(driven), 0);
    verdict_assert();
}

struct looker {
    weft_frame weft;
    weft_runtime_info *out;
    int *spawned;
};

static weft_poll looker(weft_context *cx, struct looker *self)
{
    weft_runtime *rt = weft_context_runtime(cx);
    WEFT_BEGIN(cx, self);
    VERDICT(weft_runtime_inspect(rt, self->out) == 0);
    *self->spawned = weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0));
    WEFT_END(0);
}

/* weft_runtime_finish() is where main() is while a server serves: what it waits in takes new work, and is not on its way down. */
static void runtime_that_is_waited_for_is_not_shutting_down(void **state)
{
    (void)state;
    weft_runtime *rt;
    weft_runtime_info info = {.size = sizeof info, .shutting_down = true};
    int spawned = 1;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    weft_spawn(weft_runtime_scope(rt), looker, .out = &info, .spawned = &spawned);
    assert_int_equal(weft_runtime_finish(rt), 0); /* the task runs inside of it */
    assert_int_equal(spawned, 0);
    assert_false(info.shutting_down);
    verdict_assert();
}

static int end_it_here(void *context, weft_runtime *rt)
{
    int *answers = context;
    answers[0] = weft_runtime_destroy(rt);
    answers[1] = weft_runtime_shutdown(rt, WEFT_FOREVER);
    struct met met = {0};
    answers[2] = weft_runtime_visit(meet, &met); /* a visit in a visit */
    answers[3] = weft_runtime_finish(rt);
    return 0;
}

static void runtime_that_is_visited_is_not_ended_by_its_visitor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    int answers[4] = {1, 1, 1, 1};
    assert_int_equal(weft_runtime_visit(end_it_here, answers), 0);
    assert_int_equal(answers[0], WEFT_EDEADLK);
    assert_int_equal(answers[1], WEFT_EDEADLK);
    assert_int_equal(answers[2], 0);
    assert_int_equal(answers[3], WEFT_EDEADLK);
    assert_non_null(strstr(weft_error_detail(), "weft_runtime_visit()"));
    world_end(rt, 0);
    verdict_assert();
}

struct stay {
    struct latch inside;
    atomic_bool gone; /* its end has returned */
};

static int shown_at_all(void *context, weft_runtime *rt)
{
    (void)context;
    (void)rt;
    return 1;
}

/* Leaves when the runtime is shown to nobody any more: its end has come as far as it can. */
static int stay_until_it_ends(void *context, weft_runtime *rt)
{
    struct stay *stay = context;
    latch_up(&stay->inside);
    WORLD_UNTIL(weft_runtime_visit(shown_at_all, NULL) == 0);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    VERDICT(!atomic_load(&stay->gone));
    weft_runtime_info info = {.size = sizeof info};
    VERDICT(weft_runtime_inspect(rt, &info) == 0 && info.shutting_down);
    VERDICT(weft_runtime_workers(rt) == 2);
    return 0;
}

static void *visitor(void *argument)
{
    VERDICT(weft_runtime_visit(stay_until_it_ends, argument) == 0);
    return NULL;
}

static void runtime_that_is_visited_stays_until_the_visit_is_over(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    struct stay stay = {.inside = LATCH};
    pthread_t thread;
    world_thread(&thread, visitor, &stay);
    latch_wait(&stay.inside, 1);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    atomic_store(&stay.gone, true);
    pthread_join(thread, NULL);
    verdict_assert();
}

struct workers {
    unsigned count;
    weft_worker_info of[8];
};

static int workers_copy(void *context, const weft_worker_info *info)
{
    struct workers *workers = context;
    workers->of[workers->count++] = *info;
    return 0;
}

static struct workers workers_of(weft_runtime *rt)
{
    struct workers workers = {0};
    assert_int_equal(weft_worker_visit(rt, workers_copy, &workers), 0);
    return workers;
}

static const weft_worker_info *workers_polling(const struct workers *workers, uint64_t task)
{
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->of[i].task == task)
            return &workers->of[i];
    return NULL;
}

/* Looking goes on while a worker is stuck. */
static void worker_in_a_poll_is_told_with_its_task_and_for_how_long(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    struct latch entered = LATCH, leave = LATCH;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    struct workers workers;
    const weft_worker_info *info;
    do {
        workers = workers_of(rt);
        info = workers_polling(&workers, task.id);
    } while (!info || info->poll_ns < 50000000); /* the looks of the monitor go on while it is stuck */
    assert_int_equal(workers.count, 2);
    assert_int_equal(info->state, WEFT_WORKER_POLLING);
    assert_true(info->thread_id != 0 && info->name[0] != '\0');
    weft_task_info polled = {.size = sizeof polled};
    assert_int_equal(weft_task_inspect(info->polled, &polled), 0);
    assert_true(polled.task.id == task.id);
    const weft_task stale = info->polled;
    const uint32_t other = 1 - info->index;
    do
        workers = workers_of(rt);
    while (workers.of[other].state != WEFT_WORKER_ASLEEP);
    struct workers later;
    do { /* of one that sleeps it stands still */
        workers = workers_of(rt);
        for (const int64_t since = weft_clock(); weft_clock() - since < 1000000;)
            ;
        later = workers_of(rt);
    } while (workers.of[other].busy_ns != later.of[other].busy_ns || workers.of[other].state != WEFT_WORKER_ASLEEP);
    assert_true(later.of[1 - other].busy_ns - workers.of[1 - other].busy_ns >= 1000000);
    assert_int_equal(workers.of[other].index, other);
    assert_true(workers.of[other].task == 0 && workers.of[other].polled.id == 0);
    assert_true(workers.of[other].poll_ns == 0);
    latch_up(&leave);
    world_settle(rt);
    do
        workers = workers_of(rt);
    while (workers.of[0].task != 0 || workers.of[1].task != 0);
    assert_true(workers.of[0].poll_ns == 0 && workers.of[1].poll_ns == 0);
    assert_int_equal(weft_task_inspect(stale, &polled), WEFT_ESRCH);
    world_end(rt, 1);
}

/* scenario 59 */
static void workers_add_up_to_the_totals_of_their_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0)), 0);
    world_settle(rt);
    const struct workers workers = workers_of(rt);
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    uint64_t polls = 0, ended = 0;
    for (unsigned i = 0; i < workers.count; i++) {
        polls += workers.of[i].polls;
        ended += workers.of[i].ended;
    }
    assert_true(polls == stats.polls && polls == 1000);
    assert_true(ended == stats.tasks_ended && ended == 1000);
    world_end(rt, 1000);
}

static void worker_of_a_driven_runtime_sleeps_between_turns(void **state)
{
    (void)state;
    weft_runtime *rt;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0)), 0);
    assert_int_equal(weft_runtime_turn(rt, 2), 2); /* the first comes alone out of the shared queue, the others together */
    struct workers workers = workers_of(rt);
    assert_int_equal(workers.count, 1);
    assert_int_equal(workers.of[0].state, WEFT_WORKER_BETWEEN);
    assert_int_equal(workers.of[0].queued, 2);
    assert_int_equal(workers.of[0].thread_id, 0);
    assert_int_equal(weft_runtime_turn(rt, 10), 2);
    workers = workers_of(rt);
    assert_int_equal(workers.of[0].state, WEFT_WORKER_ASLEEP);
    assert_int_equal(workers.of[0].queued, 0);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

static void state_of_a_worker_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(weft_worker_state_name(WEFT_WORKER_ASLEEP), "asleep");
    assert_string_equal(weft_worker_state_name(WEFT_WORKER_BETWEEN), "between");
    assert_string_equal(weft_worker_state_name(WEFT_WORKER_POLLING), "polling");
    assert_string_equal(weft_worker_state_name((weft_worker_state)-1), "?");
}

/* A full channel: its receiver sleeps elsewhere, its sender waits for room. */
struct jam {
    weft_runtime *rt;
    numbers_receiver in;
    weft_task sender;
    atomic_uint leave;
};

static void jam_begin(struct jam *jam)
{
    jam->rt = world_begin(1);
    numbers_sender out;
    world_channel(jam->rt, 1, WEFT_WAIT, &out, &jam->in);
    jam->sender = weft_spawn_as(weft_runtime_scope(jam->rt), WEFT_TASK("sender \"of\" two"), pusher, .out = out, .count = 2);
    weft_task_info info = {.size = sizeof info};
    WORLD_UNTIL(world_stats(&jam->in).senders_waiting == 1);
    WORLD_UNTIL(weft_task_inspect(jam->sender, &info) == 0 && info.state == WEFT_TASK_WAITING); /* its poll has come to its end, too */
}

static void jam_end(struct jam *jam)
{
    numbers_receiver_close(&jam->in);
    world_end(jam->rt, -1);
}

static void task_is_dumped_alone(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    struct text all = {0}, one = {0};
    assert_int_equal(weft_task_dump_one(jam.sender, WEFT_DUMP_JSON, text_append, &one), 0);
    assert_true(one.bytes[0] == '{' && one.bytes[one.length - 1] == '}');
    assert_non_null(strstr(one.bytes, "\"name\":\"sender \\\"of\\\" two\""));
    assert_non_null(strstr(one.bytes, "\"what\":\"room in channel\""));
    assert_int_equal(weft_task_dump(jam.rt, WEFT_DUMP_JSON, text_append, &all), 0);
    one.bytes[strstr(one.bytes, "\"age_ns\"") - one.bytes] = '\0'; /* times go on */
    assert_non_null(strstr(all.bytes, one.bytes));
    one = (struct text){0};
    assert_int_equal(weft_task_dump_one(jam.sender, WEFT_DUMP_TEXT, text_append, &one), 0);
    assert_true(strncmp(one.bytes, "task ", 5) == 0);
    jam_end(&jam);
    assert_int_equal(weft_task_dump_one(jam.sender, WEFT_DUMP_TEXT, text_append, &one), WEFT_ESRCH);
    assert_int_equal(weft_task_dump_one((weft_task){0}, WEFT_DUMP_TEXT, text_append, &one), WEFT_EINVAL);
}

static int give_up(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 42;
}

static void dump_of_one_task_ends_when_its_writer_says_so(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    assert_int_equal(weft_task_dump_one(jam.sender, WEFT_DUMP_JSON, give_up, NULL), 42);
    jam_end(&jam);
}

struct edges {
    unsigned count;
    weft_wait_info of[4];
    unsigned stop_after;
};

static int edges_copy(void *context, const weft_wait_info *info)
{
    struct edges *edges = context;
    edges->of[edges->count++] = *info;
    return edges->count == edges->stop_after ? 9 : 0;
}

static void wait_is_told_with_both_ends(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    struct edges edges = {0};
    WORLD_UNTIL((edges.count = 0, weft_wait_visit(jam.rt, edges_copy, &edges)) == 0 && edges.count == 1);
    const weft_wait_info *edge = &edges.of[0];
    assert_true(edge->task == jam.sender.id);
    assert_string_equal(edge->task_name, "sender \"of\" two");
    assert_string_equal(edge->what, "room in channel");
    assert_true(edge->object == world_stats(&jam.in).id);
    assert_string_equal(edge->name, world_stats(&jam.in).name);
    assert_true(edge->for_ns >= 0);
    assert_true(edge->ends_in_ns == -1);
    assert_non_null(strstr(edge->file, "world.c"));
    assert_string_equal(edge->function, "pusher");
    assert_true(edge->line != 0);
    edges = (struct edges){.stop_after = 1};
    assert_int_equal(weft_wait_visit(jam.rt, edges_copy, &edges), 9);
    jam_end(&jam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runtimes_are_met_while_they_live),
        cmocka_unit_test(runtime_that_is_waited_for_is_not_shutting_down),
        cmocka_unit_test(runtime_that_is_visited_is_not_ended_by_its_visitor),
        cmocka_unit_test(runtime_that_is_visited_stays_until_the_visit_is_over),
        cmocka_unit_test(worker_in_a_poll_is_told_with_its_task_and_for_how_long),
        cmocka_unit_test(workers_add_up_to_the_totals_of_their_runtime),
        cmocka_unit_test(worker_of_a_driven_runtime_sleeps_between_turns),
        cmocka_unit_test(state_of_a_worker_has_a_name),
        cmocka_unit_test(task_is_dumped_alone),
        cmocka_unit_test(dump_of_one_task_ends_when_its_writer_says_so),
        cmocka_unit_test(wait_is_told_with_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
