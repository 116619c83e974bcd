/* SPDX-License-Identifier: MIT */
/* A shutdown with a deadline that passes tells the host what has not ended: by name, line and scope. */
#include "lib/world.h"

#include <stdio.h>

static struct {
    pthread_mutex_t mutex;
    unsigned count;
    size_t length;
    char text[16384]; /* one line for each report */
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void tell(void *context, int code, const char *text)
{
    (void)context;
    if (code != WEFT_ETIMEDOUT)
        return;
    pthread_mutex_lock(&told.mutex);
    told.count++;
    const int added = snprintf(told.text + told.length, sizeof told.text - told.length, "%s\n", text);
    if (added > 0 && (size_t)added < sizeof told.text - told.length)
        told.length += (size_t)added;
    pthread_mutex_unlock(&told.mutex);
}

static weft_runtime *begin(void)
{
    weft_runtime *rt = NULL;
    told.count = 0;
    told.length = 0;
    told.text[0] = '\0';
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "late", .worker_threads = 2, .report = tell)), 0);
    return rt;
}

static int wake_all(void *context, const weft_task_info *info)
{
    (void)context;
    weft_wake((weft_waker){info->task});
    return 0;
}

/* Whoever waits for `leave` is woken by nobody else. */
static int end(weft_runtime *rt, atomic_uint *leave)
{
    atomic_store(leave, 1);
    do
        assert_int_equal(weft_task_visit(rt, wake_all, NULL), 0);
    while (weft_runtime_shutdown(rt, weft_deadline_in(1000000)) != 0);
    return weft_runtime_destroy(rt);
}

/* An awaitable of the host's own that knows no cancellation. */
static int leave_only(const atomic_uint *leave)
{
    return atomic_load(leave) ? 0 : WEFT_AWAITING;
}

struct stubborn {
    weft_frame weft;
    atomic_uint *leave;
    atomic_int *line;
};

static weft_poll stubborn(weft_context *cx, struct stubborn *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->line, __LINE__ + 1);
    WEFT_AWAIT(self->weft.rc, leave_only(self->leave));
    WEFT_END(0);
}

struct caller {
    weft_frame weft;
    struct stubborn stubborn;
    atomic_uint *leave;
    atomic_int *line;
};

static weft_poll caller(weft_context *cx, struct caller *self)
{
    WEFT_BEGIN(cx, self);
    self->stubborn = (struct stubborn){.leave = self->leave, .line = self->line};
    WEFT_CALL(self->weft.rc, stubborn, &self->stubborn);
    WEFT_END(0);
}

struct owner {
    weft_frame weft;
    weft_scope scope;
    atomic_uint *leave;
    atomic_int *line;
    atomic_int *scope_line;
};

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->scope_line, __LINE__ + 1);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "requests"));
    weft_spawn_as(&self->scope, WEFT_TASK("fetch"), caller, .leave = self->leave, .line = self->line);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

/* Cancelled, polled once more, and waiting again: from here on each task is found where it waits. */
static void shut_down_once(weft_runtime *rt, int tasks)
{
    world_until_waiting(rt, tasks);
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    world_until_waiting(rt, tasks);
    told.count = 0;
    told.length = 0;
}

static void shutdown_that_is_late_names_task_line_and_scope(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    atomic_uint leave = 0;
    atomic_int line = 0, scope_line = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), owner, .leave = &leave, .line = &line, .scope_line = &scope_line);
    shut_down_once(rt, 2);
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    char part[256];
    assert_int_equal(told.count, 2);
    assert_ptr_equal(strstr(told.text, "weft_runtime_shutdown: the task '"), told.text);
    const char *fetch = strstr(told.text, "the task 'fetch' (");
    assert_non_null(fetch);
    assert_non_null(strstr(told.text, "the task 'owner' ("));
    snprintf(part, sizeof part, "overdue.c:%d", atomic_load(&line));
    assert_non_null(strstr(fetch, " at stubborn, "));
    assert_non_null(strstr(fetch, part));
    snprintf(part, sizeof part, "overdue.c, line %d, task %llu", atomic_load(&scope_line), (unsigned long long)task.id);
    assert_non_null(strstr(fetch, "; in scope 'requests' of "));
    assert_non_null(strstr(fetch, part));
    assert_non_null(strstr(strstr(told.text, "the task 'owner' ("), "for the tasks of scope 'requests'; in the root scope"));
    assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_shutdown: 2 tasks have not ended (weft_task_dump()); one is '"),
                     weft_error_detail());
    assert_int_equal(end(rt, &leave), 0);
}

/* One that holds its worker is told as well as one that waits. */
static void shutdown_that_is_late_names_a_task_that_runs(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    struct latch entered = LATCH, let_go = LATCH;
    atomic_uint leave = 0;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("grinder"), plug, .entered = &entered, .leave = &let_go);
    latch_wait(&entered, 1);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(20000000)), WEFT_ETIMEDOUT);
    assert_int_equal(told.count, 1);
    assert_non_null(strstr(told.text, "the task 'grinder' ("));
    assert_non_null(strstr(told.text, "), running at the beginning of plug, "));
    latch_up(&let_go);
    assert_int_equal(end(rt, &leave), 0);
}

static void shutdown_that_is_late_for_many_tells_the_first_and_how_many(void **state)
{
    (void)state;
    enum { TASKS = 40, TOLD = 16 };
    weft_runtime *rt = begin();
    atomic_uint leave = 0;
    atomic_int line = 0;
    for (int i = 0; i < TASKS; i++)
        weft_spawn(weft_runtime_scope(rt), stubborn, .leave = &leave, .line = &line);
    shut_down_once(rt, TASKS);
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    assert_int_equal(told.count, TOLD + 1);
    assert_non_null(strstr(told.text, "weft_runtime_shutdown: 24 more tasks have not ended: weft_task_dump() tells all\n"));
    assert_non_null(strstr(weft_error_detail(), "40 tasks have not ended"));
    assert_int_equal(end(rt, &leave), 0);
}

static int work(void *argument)
{
    latch_up(&((struct latch *)argument)[0]);
    latch_wait(&((struct latch *)argument)[1], 1);
    return 0;
}

static void shutdown_that_is_late_names_tasks_and_jobs(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    atomic_uint leave = 0;
    atomic_int line = 0;
    struct latch latches[2] = {LATCH, LATCH};
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(work, latches, .name = "slow disk")), 0);
    weft_spawn(weft_runtime_scope(rt), stubborn, .leave = &leave, .line = &line);
    latch_wait(&latches[0], 1);
    shut_down_once(rt, 1);
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    assert_int_equal(told.count, 2);
    assert_non_null(strstr(weft_error_detail(), "1 tasks and 1 blocking jobs have not ended"));
    assert_non_null(strstr(weft_error_detail(), "one is the job 'slow disk', one the task 'stubborn'"));
    latch_up(&latches[1]);
    assert_int_equal(weft_job_detach(&job), 0);
    assert_int_equal(end(rt, &leave), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shutdown_that_is_late_names_task_line_and_scope),
        cmocka_unit_test(shutdown_that_is_late_names_a_task_that_runs),
        cmocka_unit_test(shutdown_that_is_late_for_many_tells_the_first_and_how_many),
        cmocka_unit_test(shutdown_that_is_late_names_tasks_and_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
