/* SPDX-License-Identifier: MIT */
/* What each path answers, held against what the runtime itself says. */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>

static weft_runtime *rt;
static struct served served;

static int begin(void **state)
{
    (void)state;
    SERVED(&served, .poll_degraded_ms = 50, .poll_critical_ms = 100, .live_stuck_ms = 100);
    rt = world_begin(2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(rt, -1);
    served_end(&served);
    return 0;
}

#define OWN(test) cmocka_unit_test_setup_teardown(test, begin, end)

static json_t *get(const char *target)
{
    return http_json(served.path, target, 200);
}

/* A channel with one message in one place, and a sender that waits for room. */
struct jam {
    numbers_receiver in;
    weft_task sender;
    uint64_t channel;
};

static void jam_begin(struct jam *jam)
{
    numbers_sender out;
    world_channel(rt, 1, WEFT_WAIT, &out, &jam->in);
    jam->sender = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("sender", .category = WEFT_ACTOR), pusher, .out = out, .count = 2);
    WORLD_UNTIL(world_stats(&jam->in).senders_waiting == 1);
    weft_task_info info = {.size = sizeof info};
    do /* it stands in the list before its poll has ended */
        assert_int_equal(weft_task_inspect(jam->sender, &info), 0);
    while (info.state != WEFT_TASK_WAITING);
    jam->channel = world_stats(&jam->in).id;
}

/* scenario 59: what is shown is what the runtime says of itself, and who has ended is not shown. */
static void totals_are_those_of_the_runtime(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0)), 0);
    world_settle(rt);
    json_t *answer = get("/api/runtimes");
    const json_t *list = member(answer, "runtimes");
    assert_int_equal(json_array_size(list), 1);
    const json_t *one = json_array_get(list, 0);
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    assert_string_equal(member_text(one, "name"), weft_runtime_name(rt));
    assert_int_equal(member_number(one, "workers"), 2);
    assert_int_equal(member_number(one, "tasks_spawned"), 100);
    assert_int_equal(member_number(one, "tasks_ended"), 100);
    assert_int_equal(member_number(one, "tasks_live"), 0);
    assert_int_equal(member_number(one, "polls"), stats.polls);
    assert_int_equal(member_number(one, "wakes"), stats.wakes);
    json_decref(answer);
    answer = get("/api/tasks");
    assert_int_equal(member_number(answer, "total"), 0);
    assert_int_equal(json_array_size(member(answer, "tasks")), 0);
    json_decref(answer);
    answer = get("/api/workers");
    int64_t polls = 0;
    size_t at;
    json_t *worker;
    json_array_foreach(member(answer, "workers"), at, worker)
        polls += member_number(worker, "polls");
    assert_int_equal(at, 2);
    assert_int_equal(polls, stats.polls);
    json_decref(answer);
}

static void task_is_told_with_what_it_waits_for(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    char target[64];
    json_t *answer = get("/api/tasks?name=send&state=waiting&category=actor");
    assert_int_equal(member_number(answer, "total"), 1);
    const json_t *task = json_array_get(member(answer, "tasks"), 0);
    assert_int_equal(member_number(task, "id"), jam.sender.id);
    const json_t *wait = json_array_get(member(task, "waits_for"), 0);
    assert_string_equal(member_text(wait, "what"), "room in channel");
    assert_int_equal(member_number(wait, "object"), jam.channel);
    json_decref(answer);

    snprintf(target, sizeof target, "/api/task/%llu", (unsigned long long)jam.sender.id);
    answer = get(target);
    assert_string_equal(member_text(answer, "name"), "sender");
    assert_string_equal(member_text(json_array_get(member(answer, "awaits"), 0), "function"), "pusher");
    json_decref(answer);

    answer = get("/api/waits");
    const json_t *edge = json_array_get(member(answer, "waits"), 0);
    assert_int_equal(member_number(edge, "task"), jam.sender.id);
    assert_int_equal(member_number(edge, "object"), jam.channel);
    json_decref(answer);
    answer = get("/api/waits?held=1"); /* no task has received there yet */
    assert_int_equal(member_number(answer, "total"), 0);
    json_decref(answer);

    assert_int_equal(weft_monitor_sample(rt), 0);
    for (int i = 0; i < 2; i++) { /* what a look remembers does not get into the way of the next */
        answer = get("/api/lints?lint=channel-saturated");
        assert_int_equal(member_number(answer, "total"), 1);
        const json_t *lint = json_array_get(member(answer, "lints"), 0);
        assert_string_equal(member_text(lint, "lint"), "channel-saturated");
        assert_int_equal(member_number(lint, "object"), jam.channel);
        assert_non_null(strstr(member_text(lint, "evidence"), "holds 1 of 1"));
        assert_true(json_is_null(member(lint, "task")));
        json_decref(answer);
    }
    answer = get("/api/lints?lint=leaked-handle");
    assert_int_equal(member_number(answer, "total"), 0);
    json_decref(answer);

    snprintf(target, sizeof target, "/api/channel/%llu", (unsigned long long)jam.channel);
    answer = get(target);
    assert_int_equal(member_number(answer, "depth"), 1);
    assert_int_equal(member_number(answer, "senders_waiting"), 1);
    assert_int_equal(member_number(json_array_get(member(answer, "waiting"), 0), "task"), jam.sender.id);
    json_decref(answer);
    numbers_receiver_close(&jam.in);
    world_settle(rt);
    snprintf(target, sizeof target, "/api/task/%llu", (unsigned long long)jam.sender.id);
    json_decref(http_json(served.path, target, 404));
}

static void channels_are_those_of_the_monitor(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    json_t *answer = get("/api/channels?sort=-saturation");
    assert_int_equal(member_number(answer, "total"), 1);
    const json_t *channel = json_array_get(member(answer, "channels"), 0);
    const weft_channel_stats stats = world_stats(&jam.in);
    assert_string_equal(member_text(channel, "name"), stats.name);
    assert_int_equal(member_number(channel, "sent"), stats.sent);
    assert_int_equal(member_number(channel, "waits"), stats.waits);
    assert_int_equal(member_number(channel, "capacity"), 1);
    assert_true(json_real_value(member(channel, "saturation")) == 1.0);
    json_decref(answer);
    numbers_receiver_close(&jam.in);
}

static weft_mutex shared_mutex;

struct owner { weft_frame weft; atomic_uint *has, *leave; };

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &shared_mutex));
    atomic_fetch_add(self->has, 1);
    while (atomic_load(self->leave) == 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    weft_mutex_unlock(&shared_mutex);
    WEFT_END(0);
}

static void resource_is_told_with_its_owner_and_its_waiters(void **state)
{
    (void)state;
    atomic_uint has = 0, leave = 0;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "ledger", .component = "books"), &shared_mutex), 0);
    const weft_task first = weft_spawn(weft_runtime_scope(rt), owner, .has = &has, .leave = &leave);
    WORLD_UNTIL(atomic_load(&has) == 1);
    const weft_task second = weft_spawn(weft_runtime_scope(rt), owner, .has = &has, .leave = &leave);
    json_t *answer;
    const json_t *one;
    for (;;) {
        answer = get("/api/resources?kind=mutex&name=ledg&component=books");
        one = json_array_get(member(answer, "resources"), 0);
        if (member_number(one, "waiting") == 1)
            break;
        json_decref(answer);
    }
    assert_int_equal(member_number(one, "owner"), first.id);
    assert_int_equal(member_number(one, "waiting_first"), second.id);
    char target[64];
    snprintf(target, sizeof target, "/api/resource/%lld", (long long)member_number(one, "id"));
    json_decref(answer);
    answer = get(target);
    assert_int_equal(member_number(json_array_get(member(answer, "waiters"), 0), "task"), second.id);
    json_decref(answer);
    answer = get("/api/waits?held=1");
    assert_int_equal(member_number(answer, "total"), 1);
    json_decref(answer);
    answer = get("/api/waits?name=ledger");
    one = json_array_get(member(answer, "waits"), 0);
    assert_int_equal(member_number(one, "holder"), first.id);
    assert_string_equal(member_text(one, "holder_is"), "owner");
    json_decref(answer);
    atomic_store(&leave, 1);
    world_settle(rt);
    weft_mutex_destroy(&shared_mutex);
}

static struct latch job_entered = LATCH, job_leave = LATCH;

static int job_holds(void *argument)
{
    (void)argument;
    latch_up(&job_entered);
    latch_wait(&job_leave, 1);
    return 0;
}

static void job_is_told_while_it_runs(void **state)
{
    (void)state;
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(job_holds, NULL, .name = "load")), 0);
    latch_wait(&job_entered, 1);
    json_t *answer = get("/api/blocking?state=running");
    assert_int_equal(member_number(json_array_get(member(answer, "pools"), 0), "running"), 1);
    const json_t *one = element(member(answer, "jobs"), "name", "load");
    assert_non_null(one);
    assert_int_equal(member_number(one, "id"), job.id);
    assert_non_null(strstr(member_text(one, "file"), "views.c"));
    json_decref(answer);
    latch_up(&job_leave);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL), 0);
}

/* Every worker is held: it answers, and says by whom and for how long. */
static void endpoint_answers_while_every_worker_is_stuck(void **state)
{
    (void)state;
    struct latch entered = LATCH, leave = LATCH;
    json_decref(get("/health/ready"));
    json_decref(get("/health/live"));
    for (int i = 0; i < 2; i++)
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("stubborn"), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 2);
    struct http_answer answer;
    char header[32];
    for (;;) {
        http_get(served.path, "/health/live", NULL, &answer);
        if (answer.status == 503)
            break;
        http_free(&answer);
    }
    assert_non_null(http_header(&answer, "Retry-After", header, sizeof header));
    json_t *health = json_loads(answer.body, 0, NULL);
    assert_true(member_number(health, "all_workers_stuck_ns") >= 100000000);
    const json_t *reason = json_array_get(member(health, "reasons"), 0);
    assert_non_null(strstr(member_text(reason, "text"), "task 'stubborn'"));
    assert_non_null(strstr(member_text(reason, "text"), "views.c:"));
    json_decref(health);
    http_free(&answer);

    health = http_json(served.path, "/health/ready", 503);
    assert_string_equal(member_text(health, "status"), "critical");
    json_decref(health);
    health = http_json(served.path, "/health/detailed", 503);
    const json_t *worker = json_array_get(member(json_array_get(member(health, "runtimes"), 0), "workers"), 0);
    assert_string_equal(member_text(worker, "status"), "critical");
    assert_string_equal(member_text(member(worker, "task"), "name"), "stubborn");
    assert_string_equal(member_text(member(worker, "task"), "state"), "running");
    json_decref(health);
    latch_up(&leave);
    world_settle(rt);
    for (int status = 0; status != 200;)
        status = http_status(served.path, "/health/ready", NULL);
}

static void health_of_one_channel_is_that_of_all(void **state)
{
    (void)state;
    struct jam jam;
    json_t *health;
    jam_begin(&jam);
    for (int status = 0; status != 503;)
        status = http_status(served.path, "/health/ready", NULL);
    for (;;) { /* the monitor has judged it */
        health = http_json(served.path, "/health/detailed", 503);
        if (strcmp(member_text(health, "status"), "critical") == 0)
            break;
        json_decref(health);
    }
    const json_t *channels = member(json_array_get(member(health, "runtimes"), 0), "channels");
    assert_int_equal(member_number(channels, "critical"), 1);
    assert_string_equal(member_text(json_array_get(member(channels, "list"), 0), "status"), "critical");
    json_decref(health);
    numbers_receiver_close(&jam.in);
    for (int status = 0; status != 200;)
        status = http_status(served.path, "/health/ready", NULL);
}

static void process_without_a_runtime_is_unknown(void **state)
{
    (void)state;
    struct served alone;
    SERVED(&alone);
    json_t *health = http_json(alone.path, "/health/ready", 503);
    assert_string_equal(member_text(health, "status"), "unknown");
    json_decref(health);
    health = http_json(alone.path, "/health/live", 200);
    assert_string_equal(member_text(health, "status"), "healthy");
    json_decref(health);
    served_end(&alone);
}

/* A runtime that nobody turns is not healthy: nobody knows. */
static void runtime_that_nobody_turns_is_unknown(void **state)
{
    (void)state;
    struct served alone;
    weft_runtime *driven;
    SERVED(&alone, .looked_max_ms = 1);
    assert_int_equal(weft_runtime_create(&driven, WEFT_RUNTIME_OPTIONS(.name = "driven", .drive = WEFT_DRIVE_TURNS)), 0);
    json_t *health;
    for (;;) {
        struct http_answer answer;
        http_get(alone.path, "/health/ready", NULL, &answer);
        health = json_loads(answer.body, 0, NULL);
        http_free(&answer);
        if (strcmp(member_text(health, "status"), "unknown") == 0)
            break;
        json_decref(health);
    }
    assert_non_null(strstr(member_text(json_array_get(member(health, "reasons"), 0), "text"), "no thread turns it"));
    json_decref(health);
    assert_int_equal(weft_runtime_destroy(driven), 0);
    served_end(&alone);
}

/* scenario 52 */
static void names_of_any_bytes_are_answered_as_json(void **state)
{
    (void)state;
    static const char *const names[] = {"quotes \" and \\ and \n and \x01", "latin \xe9 and \xff\xfe", "\xf0\x9f\xa7\xb5 thread", ""};
    char *huge = malloc(1 << 20);
    memset(huge, 'x', 1 << 20);
    huge[(1 << 20) - 1] = '\0';
    atomic_uint leave = 0;
    for (size_t i = 0; i < 5; i++) {
        const char *name = i < 4 ? names[i] : huge;
        assert_int_equal(weft_task_error(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name), parked, .leave = &leave)), 0);
    }
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = names[1], .component = names[0], .capacity = 1), &out, &in), 0);
    json_t *answer = get("/api/tasks");
    assert_int_equal(json_array_size(member(answer, "tasks")), 5);
    assert_non_null(element(member(answer, "tasks"), "name", names[0]));
    assert_non_null(element(member(answer, "tasks"), "name", "latin \xef\xbf\xbd and \xef\xbf\xbd\xef\xbf\xbd"));
    assert_non_null(element(member(answer, "tasks"), "name", names[2]));
    json_decref(answer);
    answer = get("/api/channels");
    assert_non_null(element(member(answer, "channels"), "component", names[0]));
    json_decref(answer);
    json_decref(get("/health/detailed"));
    struct http_answer metrics;
    http_get(served.path, "/metrics", NULL, &metrics);
    assert_int_equal(metrics.status, 200);
    assert_non_null(strstr(metrics.body, "component=\"quotes \\\" and \\\\ and \\n and \x01\""));
    http_free(&metrics);
    weft_runtime_shutdown(rt, WEFT_FOREVER) == 0 ? (void)0 : fail();
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    free(huge);
}

/* The family of this name, with the first of its samples. */
static const json_t *figure(const json_t *answer, const char *name)
{
    const json_t *family = element(member(answer, "families"), "name", name);
    assert_non_null(family);
    return json_array_get(member(family, "samples"), 0);
}

/* How many histograms there are with something in them; the parts of each are its whole. */
static size_t histograms_that_add_up(const json_t *families)
{
    size_t at, found = 0;
    json_t *family;
    json_array_foreach(families, at, family) {
        const json_t *sample = json_array_get(member(family, "samples"), 0);
        if (strcmp(member_text(family, "kind"), "histogram") != 0 || !sample || !json_object_get(sample, "counts"))
            continue;
        const json_t *counts = member(sample, "counts");
        int64_t sum = 0;
        for (size_t i = 0; i < json_array_size(counts); i++)
            sum += json_integer_value(json_array_get(counts, i));
        assert_int_equal(sum, member_number(sample, "count"));
        assert_int_equal(json_array_size(counts), json_array_size(member(sample, "bounds")) + 1);
        found += sum > 0;
    }
    return found;
}

static void metrics_come_as_json_as_well(void **state)
{
    (void)state;
    struct jam jam;
    jam_begin(&jam);
    json_t *answer = get("/api/metrics?name=channel");
    const json_t *sample = figure(answer, "weft.channel.capacity");
    assert_int_equal(member_number(sample, "value"), 1);
    assert_string_equal(member_text(member(sample, "labels"), "channel_name"), world_stats(&jam.in).name);
    assert_true(json_real_value(member(figure(answer, "weft.channel.saturation"), "value")) == 1.0);
    assert_null(element(member(answer, "families"), "name", "weft.runtime.workers"));
    json_decref(answer);
    size_t histograms = 0;
    while (histograms == 0) { /* they are measured while somebody asks, and what runs meanwhile */
        for (int i = 0; i < 100; i++)
            assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0)), 0);
        answer = get("/api/metrics");
        assert_int_equal(member_number(figure(answer, "weft.runtime.workers"), "value"), 2);
        histograms = histograms_that_add_up(member(answer, "families"));
        json_decref(answer);
    }
    numbers_receiver_close(&jam.in);
}

static void lists_come_in_pages_and_in_order(void **state)
{
    (void)state;
    atomic_uint leave = 0;
    char name[16];
    for (int i = 0; i < 250; i++) {
        snprintf(name, sizeof name, "task-%03d", (i * 7) % 250);
        assert_int_equal(weft_task_error(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name), parked, .leave = &leave)), 0);
    }
    json_t *answer = get("/api/tasks?sort=name&limit=10&offset=20");
    assert_int_equal(member_number(answer, "total"), 250);
    for (size_t i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "task-%03zu", 20 + i);
        assert_string_equal(member_text(json_array_get(member(answer, "tasks"), i), "name"), name);
    }
    json_decref(answer);
    answer = get("/api/tasks?sort=-name&limit=1");
    assert_string_equal(member_text(json_array_get(member(answer, "tasks"), 0), "name"), "task-249");
    json_decref(answer);

    size_t seen = 0; /* by ids, every one comes once */
    for (int64_t after = 0;;) {
        char target[64];
        snprintf(target, sizeof target, "/api/tasks?limit=64&after=%lld", (long long)after);
        answer = get(target);
        const json_t *list = member(answer, "tasks");
        const size_t count = json_array_size(list);
        for (size_t i = 0; i < count; i++) {
            assert_true(member_number(json_array_get(list, i), "id") > after);
            after = member_number(json_array_get(list, i), "id");
        }
        seen += count;
        json_decref(answer);
        if (count == 0)
            break;
    }
    assert_int_equal(seen, 250);
    answer = get("/api/tasks?limit=0");
    assert_int_equal(member_number(answer, "total"), 250);
    assert_int_equal(json_array_size(member(answer, "tasks")), 0);
    json_decref(answer);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
}

static void parameters_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/api/tasks?limit=1001", "/api/tasks?limit=-1", "/api/tasks?limit=x", "/api/tasks?offset=10001", "/api/tasks?after=",
        "/api/tasks?sort=colour", "/api/tasks?state=lazy", "/api/tasks?category=none", "/api/tasks?idle_ms=1.5", "/api/tasks?nope=1",
        "/api/channels?internal=2", "/api/waits?task=x", "/api/waits?held=2", "/events?interval_ms=1", "/events?interval_ms=60001", "/metrics?prefix=1a",
        "/metrics?prefix=", "/health/detailed?limit=9999",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        json_decref(http_json(served.path, targets[i], 400));
    static const char *const absent[] = {"/page", "/api/", "/api/task", "/api/task/", "/api/task/x", "/api/task/999999", "/api/channel/0",
                                         "/api/resource/77777", "/api/tasks/", "/API/tasks", "/health", "/metrics/"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        json_decref(http_json(served.path, absent[i], 404));
}

static void list_is_of_one_runtime_if_asked(void **state)
{
    (void)state;
    weft_runtime *other;
    assert_int_equal(weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.name = "other", .worker_threads = 1)), 0);
    json_t *answer = get("/api/workers");
    assert_int_equal(json_array_size(member(answer, "workers")), 3);
    json_decref(answer);
    answer = get("/api/workers?runtime=other");
    assert_int_equal(json_array_size(member(answer, "workers")), 1);
    char target[64];
    snprintf(target, sizeof target, "/api/workers?runtime=%lld",
             (long long)member_number(json_array_get(member(answer, "workers"), 0), "runtime"));
    json_decref(answer);
    answer = get(target);
    assert_int_equal(json_array_size(member(answer, "workers")), 1);
    json_decref(answer);
    answer = get("/api/runtimes?runtime=nobody");
    assert_int_equal(json_array_size(member(answer, "runtimes")), 0);
    json_decref(answer);
    assert_int_equal(weft_runtime_destroy(other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN(totals_are_those_of_the_runtime),
        OWN(task_is_told_with_what_it_waits_for),
        OWN(channels_are_those_of_the_monitor),
        OWN(resource_is_told_with_its_owner_and_its_waiters),
        OWN(job_is_told_while_it_runs),
        OWN(endpoint_answers_while_every_worker_is_stuck),
        OWN(health_of_one_channel_is_that_of_all),
        cmocka_unit_test(process_without_a_runtime_is_unknown),
        cmocka_unit_test(runtime_that_nobody_turns_is_unknown),
        OWN(names_of_any_bytes_are_answered_as_json),
        OWN(metrics_come_as_json_as_well),
        OWN(lists_come_in_pages_and_in_order),
        OWN(parameters_that_are_none_are_refused),
        OWN(list_is_of_one_runtime_if_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
