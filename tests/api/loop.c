/* SPDX-License-Identifier: MIT */
/* Requests that a library has on a worker's loop when the runtime ends: libuv can only finish them. */
#include "lib/world.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

/* A function on libuv's pool that takes as long as the test says. */
struct errand {
    uv_work_t request;
    struct latch entered;
    struct latch leave;
    atomic_int answer; /* what it ended with; 1: not yet */
};

static void errand_run(uv_work_t *request)
{
    struct errand *errand = request->data;
    latch_up(&errand->entered);
    latch_wait(&errand->leave, 1);
}

static void errand_done(uv_work_t *request, int status) { atomic_store(&((struct errand *)request->data)->answer, status); }

static void errand_begin(void *loop, void *context)
{
    struct errand *errand = context;
    errand->request.data = errand;
    uv_queue_work(loop, &errand->request, errand_run, errand_done);
}

static void errand_send(weft_runtime *rt, struct errand *errand)
{
    *errand = (struct errand){.entered = LATCH, .leave = LATCH, .answer = 1};
    assert_int_equal(weft_loop_call(rt, 0, errand_begin, errand), 0);
}

/* What the runtime reports. */
static struct {
    atomic_uint count;
    atomic_int code;
    char text[256];
} told;

static void on_report(void *context, int code, const char *text)
{
    (void)context;
    snprintf(told.text, sizeof told.text, "%s", text);
    atomic_store(&told.code, code);
    atomic_fetch_add(&told.count, 1);
}

static weft_runtime *begin(weft_drive drive)
{
    weft_runtime *rt = NULL;
    atomic_store(&told.count, 0);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "errands", .worker_threads = 1, .drive = drive,
                                                                   .report = on_report)),
                     0);
    return rt;
}

static void shut_down_around_an_errand(weft_drive drive)
{
    struct errand errand;
    weft_runtime *rt = begin(drive);
    errand_send(rt, &errand);
    latch_wait(&errand.entered, 1);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    assert_non_null(strstr(weft_error_detail(), "requests of libuv are not done, 1 on the loop of worker 0"));
    assert_int_equal(told.count, 1);
    assert_int_equal(told.code, WEFT_ETIMEDOUT);
    assert_string_equal(told.text, weft_error_detail());
    latch_up(&errand.leave);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(errand.answer, 0); /* its callback was called, on the runtime's loop */
    assert_int_equal(weft_runtime_destroy(rt), 0);
    assert_int_equal(told.count, 1);
}

static void shutdown_waits_for_requests_until_its_deadline(void **state)
{
    (void)state;
    shut_down_around_an_errand(WEFT_DRIVE_THREADS);
}

static void shutdown_turns_a_driven_runtime_for_requests(void **state)
{
    (void)state;
    shut_down_around_an_errand(WEFT_DRIVE_TURNS);
}

/* Ends the runtime, and says which thread does. */
struct ender_thread {
    weft_runtime *rt;
    atomic_int thread;
    int answer;
};

static void *end_it(void *argument)
{
    struct ender_thread *self = argument;
    atomic_store(&self->thread, (int)syscall(SYS_gettid));
    self->answer = weft_runtime_destroy(self->rt);
    return NULL;
}

/* Whether a thread of this process sleeps. */
static bool sleeps(int thread)
{
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state == 'S';
}

/* The end says what it waits for, and sleeps meanwhile. */
static void end_sleeps_until_requests_are_done(void **state)
{
    (void)state;
    struct errand errand;
    struct ender_thread ends = {.rt = begin(WEFT_DRIVE_THREADS)};
    pthread_t thread;
    errand_send(ends.rt, &errand);
    latch_wait(&errand.entered, 1);
    world_thread(&thread, end_it, &ends);
    WORLD_UNTIL(atomic_load(&told.count) == 1);
    assert_int_equal(told.code, WEFT_EBUSY);
    assert_non_null(strstr(told.text, "requests of libuv are not done, 1 on the loop of worker 0"));
    WORLD_UNTIL(sleeps(atomic_load(&ends.thread)));
    latch_up(&errand.leave);
    pthread_join(thread, NULL);
    assert_int_equal(ends.answer, 0);
    assert_int_equal(errand.answer, 0);
    assert_int_equal(told.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shutdown_waits_for_requests_until_its_deadline),
        cmocka_unit_test(shutdown_turns_a_driven_runtime_for_requests),
        cmocka_unit_test(end_sleeps_until_requests_are_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
