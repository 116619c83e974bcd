/* SPDX-License-Identifier: MIT */
/*
 * Everything is asked for while it comes and goes: runtimes are made and ended, tasks spawned and cancelled, channels and locks
 * opened and closed, jobs run, by other threads. Each answer parses, and no runtime is kept from its end. ctest-cost: 6
 */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/stress.h"

enum { BUILDERS = 4 };

struct churn {
    atomic_bool over;
    atomic_uint lives;
};

struct locker { weft_frame weft; weft_mutex mutex; int rounds; };

static weft_poll locker(weft_context *cx, struct locker *self)
{
    WEFT_BEGIN(cx, self);
    for (self->rounds = 0; self->rounds < 20; self->rounds++) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->mutex));
        if (self->weft.rc < 0)
            WEFT_RETURN(0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        weft_mutex_unlock(&self->mutex);
    }
    WEFT_END(0);
}

static int short_job(void *argument)
{
    (void)argument;
    sched_yield();
    return 0;
}

/* One life of a runtime, with something of each kind in it. */
static void live_once(unsigned number)
{
    weft_runtime *rt;
    weft_mutex mutex;
    numbers_sender out;
    numbers_receiver in;
    atomic_uint leave = 0;
    char name[32];
    snprintf(name, sizeof name, "life \"%u\"", number);
    if (!VERDICT(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = name, .worker_threads = 2)) == 0))
        return;
    VERDICT(weft_mutex_create(rt, NULL, &mutex) == 0);
    VERDICT(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = name, .capacity = 2), &out, &in) == 0);
    for (int i = 0; i < 20; i++) {
        weft_spawn(weft_runtime_scope(rt), locker, .mutex = mutex);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name), parked, .leave = &leave);
        VERDICT(weft_job_try_begin(rt, NULL, WEFT_JOB(short_job, NULL)) == 0);
    }
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 1000);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in);
    for (int i = 0; i < 50; i++)
        sched_yield();
    VERDICT(weft_runtime_shutdown(rt, WEFT_FOREVER) == 0);
    weft_mutex_destroy(&mutex);
    VERDICT(weft_runtime_destroy(rt) == 0);
}

static void build_and_end(void *context, unsigned number)
{
    struct churn *churn = context;
    (void)number;
    while (!atomic_load(&churn->over))
        live_once(atomic_fetch_add(&churn->lives, 1));
}

static void answers_parse_while_all_comes_and_goes(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/health/live", "/health/ready", "/health/detailed", "/metrics", "/api/runtimes", "/api/workers", "/api/tasks?sort=-age", "/api/channels",
        "/api/resources?sort=-waiting", "/api/blocking", "/api/waits", "/api/metrics", "/api/diag",
    };
    struct served served;
    struct churn churn = {.over = false};
    const uint64_t rounds = stress_scale(200);
    SERVED(&served);
    struct stress_team *team = stress_team_begin(BUILDERS, build_and_end, &churn);
    int64_t last_task = 1;
    for (uint64_t i = 0; i < rounds; i++) {
        for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++) {
            struct http_answer answer;
            json_error_t error;
            http_get(served.path, paths[p], NULL, &answer);
            if (answer.status != 200 && answer.status != 503)
                fail_msg("%s: %d", paths[p], answer.status);
            json_t *value = strcmp(paths[p], "/metrics") == 0 ? json_null() : json_loads(answer.body, 0, &error);
            if (!value)
                fail_msg("%s: %s: %.300s", paths[p], error.text, answer.body);
            const json_t *task = json_array_get(json_object_get(value, "tasks"), 0);
            last_task = task ? json_integer_value(json_object_get(task, "id")) : last_task;
            json_decref(value);
            http_free(&answer);
        }
        char target[64];
        snprintf(target, sizeof target, "/api/task/%lld", (long long)last_task); /* it may live, and end at this moment */
        const int status = http_status(served.path, target, NULL);
        assert_true(status == 200 || status == 404);
    }
    atomic_store(&churn.over, true);
    stress_team_join(team);
    print_message("%u runtimes were made and ended meanwhile\n", atomic_load(&churn.lives));
    json_t *answer = http_json(served.path, "/api/runtimes", 200);
    assert_int_equal(json_array_size(member(answer, "runtimes")), 0);
    json_decref(answer);
    served_end(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_parse_while_all_comes_and_goes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
