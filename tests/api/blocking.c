/* SPDX-License-Identifier: MIT */
/* Jobs that may block: begin, wait, cancel, detach, look. The pool behind them is in blocking_pool.c. */
#include <unistd.h>

#include "base/thread.h"
#include "lib/pool.h"

/* Tasks. */
struct caller { weft_frame weft; weft_job job; int value; int result; int rounds; };
static weft_poll caller(weft_context *cx, struct caller *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, plus_one, &self->value, &self->result));
        if (!VERDICT(self->weft.rc == 0) || !VERDICT(self->job.id == 0))
            WEFT_RETURN(self->weft.rc);
        self->value = self->result;
    }
    WEFT_END(self->value);
}

static void job_in_one_line_gives_its_result(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), caller, .value = 40, .rounds = 300);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 340);
    assert_int_equal(stats().completed, 300);
    close_pool();
}

struct two { weft_frame weft; weft_job first, second; int a, b; int results[2]; };
static weft_poll two(weft_context *cx, struct two *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->first, WEFT_JOB(plus_one, &self->a)));
    VERDICT(self->weft.rc == 0 && self->first.id != 0);
    VERDICT(weft_job_begin(cx, &self->first, WEFT_JOB(plus_one, &self->a)) == WEFT_EBUSY);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->second, WEFT_JOB(plus_one, &self->b)));
    VERDICT(self->weft.rc == 0);
    WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->second, &self->results[1]));
    VERDICT(self->weft.rc == 0 && self->results[1] == 21);
    WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->first, NULL));
    VERDICT(self->weft.rc == 0 && self->first.id == 0);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, NULL, WEFT_JOB(count_run, NULL)));
    VERDICT(self->weft.rc == 0);
    WEFT_END(0);
}

static void jobs_run_side_by_side(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    weft_spawn(weft_runtime_scope(rt), two, .a = 10, .b = 20);
    weft_runtime *finished = rt;
    rt = NULL;
    assert_int_equal(weft_runtime_finish(finished), 0);
    assert_int_equal(atomic_load(&ran), 1); /* nobody waited for it, but finish did */
    verdict_assert();
}

static void job_from_a_host_thread_gives_its_result(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    int value = 1;
    weft_job job = {0};
    assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(plus_one, &value), WEFT_FOREVER), 0);
    assert_int_equal(wait_for(&job), 2);
    assert_int_equal(job.id, 0);
    job = try_begin(WEFT_JOB(plus_one, &value));
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL), 0);
    close_pool();
}

static void job_wait_with_a_deadline_keeps_the_handle(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    int result = 77;
    assert_int_equal(weft_job_wait_blocking(&plugs.jobs[0], weft_deadline_in(2000000), &result), WEFT_ETIMEDOUT);
    assert_int_equal(weft_job_wait_blocking(&plugs.jobs[0], 0, &result), WEFT_ETIMEDOUT);
    assert_int_equal(result, 77);
    assert_true(plugs.jobs[0].id != 0);
    unplug_pool(&plugs);
    close_pool();
}

/* BLK-05 */
static void job_that_fails_harms_nobody(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    for (int i = 0; i < 3; i++) {
        weft_job job = try_begin(WEFT_JOB(fails, NULL));
        assert_int_equal(wait_for(&job), -5);
    }
    assert_int_equal(stats().threads, 1);
    close_pool();
}

/* BLK-01: what a job may do. */
struct inner { weft_frame weft; weft_job job; int value; int result; };
static weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, plus_one, &self->value, &self->result));
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->result);
}
static int nested(void *argument)
{
    int *depth = argument, result = 0;
    VERDICT(weft_runtime_destroy(rt) == WEFT_EDEADLK);
    VERDICT(weft_runtime_shutdown(rt, 0) == WEFT_EDEADLK);
    if (*depth == 0)
        return 100;
    int below = *depth - 1;
    weft_job job = {0};
    if (!VERDICT(weft_job_begin_blocking(rt, &job, WEFT_JOB(nested, &below), WEFT_FOREVER) == 0))
        return -1;
    weft_job_info info = {.size = sizeof info};
    VERDICT(weft_job_inspect(job, &info) == 0 && info.parent != 0);
    VERDICT(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == 0); /* with one thread: it runs it itself */
    return result + 1;
}
static int spawns(void *argument)
{
    (void)argument;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), inner, .value = 6);
    int result = 0;
    VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0);
    numbers_sender out;
    numbers_receiver in;
    uint64_t number = 0;
    VERDICT(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "n", .capacity = 1), &out, &in) == 0);
    VERDICT(numbers_send_blocking(&out, 5, WEFT_FOREVER) == 0);
    VERDICT(numbers_recv_blocking(&in, &number, WEFT_FOREVER) == 0 && number == 5);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    return result;
}

/* known bug 36 */
static void job_may_begin_jobs_spawn_tasks_and_block(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        open_pool(threads, 0, 0);
        int depth = 5;
        weft_job job = try_begin(WEFT_JOB(nested, &depth));
        assert_int_equal(wait_for(&job), 105);
        if (threads > 1) { /* a task that a job waits for needs a thread of the pool */
            job = try_begin(WEFT_JOB(spawns, NULL));
            assert_int_equal(wait_for(&job), 7);
        }
        close_pool();
    }
}

/* BLK-06 */
static void job_is_cancelled_only_before_it_starts(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL, .drop = count_drop));
    weft_job bare = try_begin(WEFT_JOB(count_run, NULL));
    weft_job mandatory = try_begin(WEFT_JOB(count_run, NULL, .mandatory = true, .drop = count_drop));
    assert_int_equal(weft_job_cancel(plugs.jobs[0]), WEFT_EBUSY);
    assert_int_equal(weft_job_cancel(queued), 0);
    assert_int_equal(atomic_load(&dropped), 1); /* when the call returns */
    assert_int_equal(weft_job_cancel(queued), WEFT_ESRCH);
    assert_int_equal(weft_job_cancel(bare), 0);
    assert_int_equal(weft_job_cancel(mandatory), WEFT_EBUSY);
    assert_int_equal(stats().cancelled, 2);
    assert_int_equal(stats().queued, 1);
    assert_int_equal(wait_for(&queued), WEFT_ECANCELED);
    assert_int_equal(wait_for(&bare), WEFT_ECANCELED);
    unplug_pool(&plugs);
    assert_int_equal(wait_for(&mandatory), 0);
    assert_int_equal(atomic_load(&ran), 1);
    assert_int_equal(atomic_load(&dropped), 1);
    close_pool();
}

static void cancelled_task_gets_the_result_of_a_job_that_runs(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct latch entered = LATCH, leave = LATCH;
    struct gate argument = {&entered, &leave, 9};
    atomic_int rc = 99, out = 99;
    weft_task task = weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(gate, &argument)), .rc = &rc, .out = &out);
    latch_wait(&entered, 1);
    assert_int_equal(weft_task_cancel(task), 0);
    weft_task_info info = {.size = sizeof info};
    WORLD_UNTIL(weft_task_inspect(task, &info) == 0 && info.cancelled && info.state == WEFT_TASK_WAITING && info.polls >= 2);
    assert_int_equal(atomic_load(&rc), 99); /* its argument is in use */
    latch_up(&leave);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), 0);
    assert_int_equal(atomic_load(&out), 9);
    world_settle(rt);
    close_pool();
}

/* The wait asks whether the task is cancelled, which costs of the budget, and goes on with what is left of it. */
static void cancelled_task_waits_for_its_job_on_the_smallest_budget(void **state)
{
    (void)state;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .coop_budget = 1)), 0);
    struct latch entered = LATCH, leave = LATCH;
    struct gate argument = {&entered, &leave, 9};
    atomic_int rc = 99, out = 99;
    weft_task task = weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(gate, &argument)), .rc = &rc, .out = &out);
    latch_wait(&entered, 1);
    assert_int_equal(weft_task_cancel(task), 0);
    weft_task_info info = {.size = sizeof info};
    WORLD_UNTIL(weft_task_inspect(task, &info) == 0 && info.cancelled && info.polls >= 2);
    latch_up(&leave);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), 0);
    assert_int_equal(atomic_load(&out), 9);
    world_settle(rt);
    close_pool();
}

static void cancelled_task_takes_a_queued_job_back(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    atomic_int rc[2] = {99, 99};
    weft_task tasks[2] = {
        weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL, .drop = count_drop)), .rc = &rc[0]),
        weft_spawn(weft_runtime_scope(rt), waits,
                   .options = keep(WEFT_JOB(count_run, NULL, .drop = count_drop, .mandatory = true)), .rc = &rc[1]),
    };
    WORLD_UNTIL(stats().queued == 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_task_cancel(tasks[i]), 0);
    WORLD_UNTIL(atomic_load(&rc[0]) != 99);
    assert_int_equal(atomic_load(&rc[0]), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&dropped), 1);
    assert_int_equal(stats().queued, 1);
    assert_int_equal(atomic_load(&rc[1]), 99); /* mandatory: it will run, and its argument is in use until then */
    unplug_pool(&plugs);
    WORLD_UNTIL(atomic_load(&rc[1]) != 99);
    assert_int_equal(atomic_load(&rc[1]), 0);
    assert_int_equal(atomic_load(&ran), 1);
    world_settle(rt);
    close_pool();
}

struct shielded { weft_frame weft; weft_scope scope; weft_job job; int rc; atomic_int *out; atomic_uint *polls; };
static weft_poll shielded(weft_context *cx, struct shielded *self)
{
    atomic_fetch_add(self->polls, 1);
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->rc, weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "shield", .shield = true)));
    WEFT_AWAIT(self->rc, weft_blocking(cx, &self->job, count_run, NULL, NULL));
    atomic_store(self->out, self->rc);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}
static void shield_keeps_a_job(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    atomic_int out = 99;
    atomic_uint polls = 0;
    weft_task task = weft_spawn(weft_runtime_scope(rt), shielded, .out = &out, .polls = &polls);
    WORLD_UNTIL(stats().queued == 1);
    assert_int_equal(weft_task_cancel(task), 0);
    WORLD_UNTIL(atomic_load(&polls) >= 2);
    assert_int_equal(stats().queued, 1);
    unplug_pool(&plugs);
    WORLD_UNTIL(atomic_load(&out) != 99);
    assert_int_equal(atomic_load(&out), 0);
    world_settle(rt);
    close_pool();
}

/* SD-03, known bug 42: handles outlive their runtime. */
static void handle_outlives_its_runtime(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    weft_job job = try_begin(WEFT_JOB(count_run, NULL));
    const weft_job copy = job;
    close_pool();
    weft_job_info info = {.size = sizeof info};
    assert_int_equal(weft_job_inspect(copy, &info), WEFT_ESRCH);
    assert_int_equal(weft_job_cancel(copy), WEFT_ESRCH);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL), WEFT_ESRCH);
    assert_int_equal(job.id, 0);
    job = copy;
    assert_int_equal(weft_job_detach(&job), WEFT_ESRCH);
}

static void handle_is_stale_after_its_use(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    weft_job job = try_begin(WEFT_JOB(count_run, NULL)), copy = job;
    assert_int_equal(wait_for(&job), 0);
    job = copy;
    assert_int_equal(wait_for(&job), WEFT_ESRCH);
    weft_job other = try_begin(WEFT_JOB(count_run, NULL)); /* in the same slot */
    assert_int_equal(weft_job_cancel(copy), WEFT_ESRCH);
    assert_int_equal(wait_for(&other), 0);
    close_pool();
}

struct blocked_waiter { weft_job job; atomic_int rc; };
static void *wait_on_a_thread(void *argument)
{
    struct blocked_waiter *self = argument;
    int rc;
    while ((rc = weft_job_wait_blocking(&self->job, WEFT_FOREVER, NULL)) == WEFT_EBUSY) /* by the test's own looks */
        sched_yield();
    atomic_store(&self->rc, rc);
    return NULL;
}

static void job_has_one_waiter(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    struct blocked_waiter waiter = {plugs.jobs[0], 99};
    pthread_t thread;
    world_thread(&thread, wait_on_a_thread, &waiter);
    weft_job copy = plugs.jobs[0];
    int rc;
    while ((rc = weft_job_wait_blocking(&copy, 0, NULL)) == WEFT_ETIMEDOUT)
        sched_yield();
    assert_int_equal(rc, WEFT_EBUSY);
    assert_true(copy.id != 0);
    assert_int_equal(weft_job_detach(&copy), 0); /* a copy: the one that waits is told that the handle is stale */
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&waiter.rc), WEFT_ESRCH);
    plugs.jobs[0] = (weft_job){0};
    unplug_pool(&plugs);
    close_pool();
}

static void job_that_is_detached_keeps_no_result(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    weft_job job = try_begin(WEFT_JOB(count_run, NULL)), copy = job;
    assert_int_equal(weft_job_detach(&job), 0);
    assert_int_equal(job.id, 0);
    assert_int_equal(wait_for(&copy), WEFT_ESRCH);
    unplug_pool(&plugs);
    WORLD_UNTIL(atomic_load(&ran) == 1);
    job = try_begin(WEFT_JOB(count_run, NULL));
    weft_job_info info = {.size = sizeof info};
    WORLD_UNTIL(weft_job_inspect(job, &info) == 0 && info.state == WEFT_JOB_ENDED);
    assert_int_equal(weft_job_detach(&job), 0); /* after its end */
    close_pool();
}

/* Arguments. */
struct large { char bytes[WEFT_FRAME_MAX]; };
static int adds_bytes(void *argument)
{
    const struct large *large = argument;
    VERDICT((uintptr_t)argument % 16 == 0);
    int sum = 0;
    for (size_t i = 0; i < sizeof large->bytes; i++)
        sum += large->bytes[i];
    return sum;
}
static void drops_its_copy(void *argument)
{
    VERDICT(((struct large *)argument)->bytes[5] == 1);
    atomic_fetch_add(&dropped, 1);
}

static void job_gets_a_copy_of_its_argument(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    static struct large large;
    memset(&large, 1, sizeof large);
    weft_job job = try_begin(WEFT_JOB(adds_bytes, &large, .argument_size = sizeof large, .name = "ad"));
    weft_job taken_back = try_begin(WEFT_JOB(adds_bytes, &large, .argument_size = sizeof large, .drop = drops_its_copy));
    memset(&large, 2, sizeof large);
    assert_int_equal(weft_job_cancel(taken_back), 0);
    assert_int_equal(weft_job_detach(&taken_back), 0);
    unplug_pool(&plugs);
    assert_int_equal(wait_for(&job), WEFT_FRAME_MAX);
    assert_int_equal(atomic_load(&dropped), 1);
    close_pool();
}

/* Looking. */
struct seen { int count; int state[3]; uint64_t parent; };
static int see(void *context, const weft_job_info *info)
{
    struct seen *seen = context;
    seen->count++;
    seen->state[info->state]++;
    if (strcmp(info->name, "from a task") == 0)
        seen->parent = info->parent;
    return 0;
}
static int see_one(void *context, const weft_job_info *info)
{
    (void)info;
    ++*(int *)context;
    return 42;
}

static void jobs_can_be_looked_at(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    weft_job ended = try_begin(WEFT_JOB(count_run, NULL));
    weft_job_info info = {.size = sizeof info};
    WORLD_UNTIL(weft_job_inspect(ended, &info) == 0 && info.state == WEFT_JOB_ENDED);
    assert_string_equal(info.name, "count_run"); /* the function's, since it has none of its own */
    struct plugs plugs;
    plug_pool(&plugs, 1);
    assert_int_equal(weft_job_inspect(plugs.jobs[0], &info), 0);
    assert_int_equal(info.state, WEFT_JOB_RUNNING);
    assert_true(info.thread_id > 0 && info.thread_id != getpid());
    assert_true(info.waited_ns >= 0 && info.ran_ns >= 0);
    assert_string_equal(info.site->name, "gate");
    assert_non_null(strstr(info.site->file, "pool.c"));
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL, .name = "a name", .category = 17, .mandatory = true));
    assert_int_equal(weft_job_inspect(queued, &info), 0);
    assert_int_equal(info.state, WEFT_JOB_QUEUED);
    assert_string_equal(info.name, "a name");
    assert_int_equal(info.category, 17);
    assert_true(info.mandatory);
    assert_int_equal(info.parent, 0);
    assert_int_equal(info.thread_id, 0);
    assert_true(info.job.id == queued.id);
    atomic_int rc = 99;
    weft_task task = weft_spawn(weft_runtime_scope(rt), waits,
                                .options = keep(WEFT_JOB(count_run, NULL, .name = "from a task")), .rc = &rc);
    WORLD_UNTIL(stats().queued == 2);
    assert_true(stats().queued_longest_ns >= 0);
    struct seen seen = {0};
    assert_int_equal(weft_job_visit(rt, see, &seen), 0);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.state[WEFT_JOB_QUEUED], 2);
    assert_int_equal(seen.state[WEFT_JOB_RUNNING], 1);
    assert_int_equal(seen.state[WEFT_JOB_ENDED], 1);
    assert_true(seen.parent == task.id);
    int count = 0;
    assert_int_equal(weft_job_visit(rt, see_one, &count), 42);
    assert_int_equal(count, 1);
    unplug_pool(&plugs);
    assert_int_equal(wait_for(&queued), 0);
    assert_int_equal(wait_for(&ended), 0);
    WORLD_UNTIL(atomic_load(&rc) == 0);
    assert_int_equal(stats().queued_longest_ns, -1);
    assert_true(stats().waited_max_ns > 0);
    world_settle(rt);
    close_pool();
}

static void long_name_is_cut(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    weft_job job = try_begin(WEFT_JOB(count_run, NULL, .name = name));
    weft_job_info info = {.size = sizeof info};
    assert_int_equal(weft_job_inspect(job, &info), 0);
    assert_int_equal(strlen(info.name), WEFT_NAME_MAX);
    assert_int_equal(wait_for(&job), 0);
    job = try_begin(&(weft_job_options){.size = sizeof(weft_job_options), .fn = count_run}); /* without a site */
    assert_int_equal(weft_job_inspect(job, &info), 0);
    assert_string_equal(info.name, "job");
    assert_null(info.site);
    assert_int_equal(wait_for(&job), 0);
    close_pool();
}

/* Events come in their order, and with the job's number. */
struct events { atomic_uint count; uint64_t job[16]; char what[16]; int32_t result; };
static void note_event(struct events *events, uint64_t job, char what)
{
    const unsigned place = atomic_fetch_add(&events->count, 1);
    if (VERDICT(place < 16)) {
        events->job[place] = job;
        events->what[place] = what;
    }
}
static void on_queue(void *context, uint64_t job, uint64_t task, uint32_t queued)
{
    (void)task;
    VERDICT(queued == 1);
    note_event(context, job, 'q');
}
static void on_start(void *context, uint64_t job, int32_t tid, uint32_t queued)
{
    VERDICT(tid == weft__thread_id() && queued == 0);
    note_event(context, job, 's');
}
static void on_end(void *context, uint64_t job, int32_t result)
{
    struct events *events = context;
    events->result = result;
    note_event(events, job, 'e');
}

static void jobs_leave_events(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct events events = {0};
    weft_hooks_handle hooks;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.context = &events, .blocking_queue = on_queue,
                                                   .blocking_start = on_start, .blocking_end = on_end),
                                    &hooks),
                     0);
    weft_job job = try_begin(WEFT_JOB(fails, NULL));
    const uint64_t first = job.id;
    assert_int_equal(wait_for(&job), -5);
    assert_int_equal(events.result, -5);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    const uint64_t plug_id = plugs.jobs[0].id;
    job = try_begin(WEFT_JOB(count_run, NULL));
    const uint64_t second = job.id;
    assert_int_equal(weft_job_cancel(job), 0);
    assert_int_equal(events.result, WEFT_ECANCELED);
    assert_int_equal(wait_for(&job), WEFT_ECANCELED);
    unplug_pool(&plugs);
    assert_int_equal(weft_hooks_remove(hooks), 0);
    assert_int_equal(events.count, 8);
    assert_memory_equal(events.what, "qseqsqee", 8);
    const uint64_t jobs[] = {first, first, first, plug_id, plug_id, second, second, plug_id};
    for (int i = 0; i < 8; i++)
        assert_true(events.job[i] == jobs[i]);
    close_pool();
}

/* As one of several. */
struct chooser { weft_frame weft; weft_job job; weft_job_future wait; weft_sleep_future sleep; weft_select_state select;
                 struct gate *gate; int which; int result; atomic_int *rc; };
static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->job, WEFT_JOB(gate, self->gate)));
    VERDICT(self->weft.rc == 0);
    weft_job_wait_begin(&self->wait, &self->job, &self->result);
    weft_sleep_begin(&self->sleep, weft_deadline_in(1000000));
    WEFT_AWAIT(self->which, weft_select_biased(cx, &self->select, &self->wait.future, &self->sleep.future));
    VERDICT(self->which == 1 && self->job.id != 0);
    latch_up(self->gate->leave);
    weft_sleep_begin(&self->sleep, WEFT_FOREVER);
    WEFT_AWAIT(self->which, weft_select_biased(cx, &self->select, &self->wait.future, &self->sleep.future));
    VERDICT(self->which == 0 && self->wait.future.result == 0 && self->result == 3 && self->job.id == 0);
    atomic_store(self->rc, self->which);
    WEFT_END(0);
}
static void job_is_one_of_several(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct latch leave = LATCH;
    struct gate argument = {NULL, &leave, 3};
    atomic_int rc = 99;
    weft_spawn(weft_runtime_scope(rt), chooser, .gate = &argument, .rc = &rc);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    world_settle(rt);
    close_pool();
}

/* A task that turns away from its wait, by hand, and ends: nothing points to it any more. */
struct turncoat { weft_frame weft; weft_job job; struct gate *gate; };
static weft_poll turncoat(weft_context *cx, struct turncoat *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->job, WEFT_JOB(gate, self->gate)));
    VERDICT(weft_job_wait(cx, &self->job, NULL) == WEFT_AWAITING);
    VERDICT(weft_job_detach(&self->job) == 0);
    WEFT_END(0);
}
static void task_may_turn_away(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    struct latch leave = LATCH;
    struct gate argument = {NULL, &leave, 3};
    weft_spawn(weft_runtime_scope(rt), turncoat, .gate = &argument);
    WORLD_UNTIL(world_live(rt) == 0);
    latch_up(&leave);
    WORLD_UNTIL(stats().completed == 1);
    close_pool();
}

/* Misuse. */
struct on_worker { weft_frame weft; atomic_int *done; };
static weft_poll on_worker(weft_context *cx, struct on_worker *self)
{
    weft_job job;
    int result;
    WEFT_BEGIN(cx, self);
    job = (weft_job){0};
    VERDICT(weft_job_begin_blocking(rt, &job, WEFT_JOB(count_run, NULL), WEFT_FOREVER) == WEFT_EPERM);
    VERDICT(weft_job_begin(cx, &job, NULL) == WEFT_EINVAL);
    VERDICT(weft_job_wait(cx, &job, NULL) == WEFT_EINVAL);
    VERDICT(weft_job_wait(cx, NULL, NULL) == WEFT_EINVAL);
    VERDICT(weft_job_run(cx, NULL, WEFT_JOB(count_run, NULL), NULL) == WEFT_EINVAL);
    VERDICT(weft_job_run(cx, &job, NULL, NULL) == WEFT_EINVAL);
    VERDICT(weft_job_begin(cx, &job, WEFT_JOB(count_run, NULL)) == 0);
    VERDICT(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == WEFT_EPERM);
    VERDICT(weft_job_detach(&job) == 0);
    atomic_store(self->done, 1);
    WEFT_END(0);
}

static void misuse_is_refused(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    weft_job job = {0};
    weft_job_info info = {.size = sizeof info};
    weft_blocking_stats now = {.size = sizeof now};
    weft_job_options small = *WEFT_JOB(count_run, NULL);
    small.size = 8;
    int value = 0;
    assert_int_equal(weft_job_begin(NULL, &job, WEFT_JOB(count_run, NULL)), WEFT_EINVAL);
    assert_int_equal(weft_job_wait(NULL, &job, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_run(NULL, &job, WEFT_JOB(count_run, NULL), NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(NULL, &job, WEFT_JOB(count_run, NULL)), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin((weft_runtime *)(void *)&value, &job, WEFT_JOB(count_run, NULL)), WEFT_EINVAL);
    assert_int_equal(weft_job_begin_blocking(NULL, &job, WEFT_JOB(count_run, NULL), WEFT_FOREVER), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &job, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &job, &small), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(NULL, NULL)), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(count_run, NULL, .argument_size = 1)), WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(count_run, &value, .argument_size = WEFT_FRAME_MAX + 1)),
                     WEFT_EINVAL);
    assert_int_equal(weft_job_try_begin(rt, &(weft_job){7, 0, 0}, WEFT_JOB(count_run, NULL)), WEFT_EBUSY);
    assert_int_equal(weft_job_begin_blocking(rt, &(weft_job){7, 0, 0}, WEFT_JOB(count_run, NULL), 0), WEFT_EBUSY);
    assert_int_equal(weft_job_wait_blocking(NULL, 0, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_wait_blocking(&job, 0, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_wait_blocking(&(weft_job){7, 1 << 20, 1}, 0, NULL), WEFT_ESRCH);
    assert_int_equal(weft_job_cancel(job), WEFT_EINVAL);
    assert_int_equal(weft_job_cancel((weft_job){7, UINT32_MAX, 1}), WEFT_ESRCH);
    assert_int_equal(weft_job_detach(NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_detach(&job), WEFT_EINVAL);
    assert_int_equal(weft_job_inspect(job, &info), WEFT_EINVAL);
    assert_int_equal(weft_job_inspect((weft_job){7, 3, 1}, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_inspect((weft_job){7, 3, 1}, &info), WEFT_ESRCH);
    info.size = 1;
    assert_int_equal(weft_job_inspect((weft_job){7, 3, 1}, &info), WEFT_EINVAL);
    assert_int_equal(weft_job_visit(rt, NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_job_visit(NULL, see_one, &value), WEFT_EINVAL);
    assert_int_equal(weft_blocking_stats_get(NULL, &now), WEFT_EINVAL);
    assert_int_equal(weft_blocking_stats_get(rt, NULL), WEFT_EINVAL);
    now.size = 8;
    assert_int_equal(weft_blocking_stats_get(rt, &now), WEFT_EINVAL);
    weft_runtime *other;
    assert_int_equal(weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.blocking_threads_max = 16385)), WEFT_EINVAL);
    assert_int_equal(weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.blocking_queue_max = 16777217)), WEFT_EINVAL);
    atomic_int done = 0;
    weft_spawn(weft_runtime_scope(rt), on_worker, .done = &done);
    WORLD_UNTIL(atomic_load(&done));
    world_settle(rt);
    close_pool();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, close_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(job_in_one_line_gives_its_result),
        TEST(jobs_run_side_by_side),
        TEST(job_from_a_host_thread_gives_its_result),
        TEST(job_wait_with_a_deadline_keeps_the_handle),
        TEST(job_that_fails_harms_nobody),
        TEST(job_may_begin_jobs_spawn_tasks_and_block),
        TEST(job_is_cancelled_only_before_it_starts),
        TEST(cancelled_task_gets_the_result_of_a_job_that_runs),
        TEST(cancelled_task_waits_for_its_job_on_the_smallest_budget),
        TEST(cancelled_task_takes_a_queued_job_back),
        TEST(shield_keeps_a_job),
        TEST(handle_outlives_its_runtime),
        TEST(handle_is_stale_after_its_use),
        TEST(job_has_one_waiter),
        TEST(job_that_is_detached_keeps_no_result),
        TEST(job_gets_a_copy_of_its_argument),
        TEST(jobs_can_be_looked_at),
        TEST(long_name_is_cut),
        TEST(jobs_leave_events),
        TEST(job_is_one_of_several),
        TEST(task_may_turn_away),
        TEST(misuse_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
