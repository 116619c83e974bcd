/* SPDX-License-Identifier: MIT */
/* Runtimes, and tasks of every kind. */
#include "sweep.h"

#include <stdlib.h>

SCENARIO(create_1) { tally_destroy(tally, tally_create(tally, 1)); }
SCENARIO(create_4) { tally_destroy(tally, tally_create(tally, 4)); }

static void ignore_report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    (void)text;
}

SCENARIO(create_with_every_option)
{
    weft_runtime *rt = NULL;
    TRY("weft_runtime_create",
        weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "every option", .worker_threads = 2, .thread_name = "every",
                                                      .thread_stack_size = 1 << 18, .global_queue_interval = 7,
                                                      .coop_budget = 3, .monitor_interval_ms = 5, .stall_threshold_us = 1000,
                                                      .next_slot_off = true, .report = ignore_report, .seed = 4,
                                                      .blocking_threads_max = 700, .blocking_queue_max = 3)));
    for (int i = 0; rt && i < 20; i++)
        TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), ender, .ended = &tally->ended));
    tally_finish(tally, rt);
}

/* Neither has threads of its own; both run here. */
static void driven(struct tally *tally, weft_drive drive)
{
    weft_runtime *rt = NULL;
    TRY("weft_runtime_create", weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = drive, .seed = 9)));
    for (int i = 0; rt && i < 20; i++)
        TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), ender, .ended = &tally->ended));
    tally_finish(tally, rt);
}

SCENARIO(create_driven) { driven(tally, WEFT_DRIVE_TURNS); }
SCENARIO(create_simulated) { driven(tally, WEFT_DRIVE_SIM); }

/* The second may fail, and the first goes on. */
SCENARIO(two_runtimes)
{
    weft_runtime *first = tally_create(tally, 1);
    weft_runtime *second = first ? tally_create(tally, 1) : NULL;
    if (first)
        TRY_SPAWN(weft_spawn(weft_runtime_scope(first), ender, .ended = &tally->ended));
    if (second)
        TRY_SPAWN(weft_spawn(weft_runtime_scope(second), ender, .ended = &tally->ended));
    tally_finish(tally, second);
    tally_finish(tally, first);
}

struct big {
    weft_frame weft;
    atomic_uint *ended;
    unsigned char ballast[20000];
};

static weft_poll big(weft_context *cx, struct big *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

SCENARIO(spawn)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    weft_scope *root = weft_runtime_scope(rt);
    for (int i = 0; i < 300; i++) {
        TRY_SPAWN(weft_spawn(root, ender, .ended = &tally->ended));
        if (i % 10 == 0)
            TRY_SPAWN(weft_spawn_as(root, WEFT_TASK("a task with a name of its own"), ender, .ended = &tally->ended));
        if (i % 20 == 0)
            TRY_SPAWN(weft_spawn(root, big, .ended = &tally->ended));
    }
    weft_task task = weft_spawn_joinable(root, ender, .result = 5, .ended = &tally->ended);
    if (TRY_SPAWN(task) == 0) {
        int result = 0;
        HOLDS(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0 && result == 5);
    }
    tally_finish(tally, rt);
}

static void count_drop(void *frame)
{
    const struct parked *self = frame;
    atomic_fetch_add(self->ended, 1);
}

/* Names, categories and drop functions; what never begins is dropped, and counts as ended by that. */
SCENARIO(spawn_named)
{
    static char name[400];
    memset(name, 'n', sizeof name - 1);
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 60; i++)
        TRY_SPAWN(weft_spawn_as(weft_runtime_scope(rt),
                                WEFT_TASK(name + i * 6, .category = WEFT_ACTOR, .drop = i % 2 ? count_drop : NULL), parked,
                                .ended = &tally->ended));
    tally_destroy(tally, rt);
}

struct work {
    atomic_uint *ended;
    unsigned char ballast[16];
};

static int work(struct work *self)
{
    atomic_fetch_add(self->ended, 1);
    return 0;
}

struct large_work {
    atomic_uint *ended;
    unsigned char ballast[3000]; /* put together on the heap */
};

static int large_work(struct large_work *self)
{
    atomic_fetch_add(self->ended, 1);
    return 0;
}

/* A job's spawn names itself, or the spawn that it is. */
static void try_job(struct tally *tally, weft_task task)
{
    const bool itself = strncmp(weft_error_detail(), "weft_spawn_job: ", 16) == 0;
    if (TRY(itself ? "weft_spawn_job" : "weft_spawn", weft_task_error(task)) == 0)
        tally->accepted++;
}

SCENARIO(spawn_jobs)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 40; i++) {
        try_job(tally, weft_spawn_job(weft_runtime_scope(rt), work, .ended = &tally->ended));
        try_job(tally, weft_spawn_job(weft_runtime_scope(rt), large_work, .ended = &tally->ended));
    }
    tally_finish(tally, rt);
}

/* Joined, detached, taken back by the runtime. */
SCENARIO(join)
{
    weft_runtime *rt = tally_create(tally, 2);
    if (!rt)
        return;
    weft_task tasks[60];
    for (int i = 0; i < 60; i++) {
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), ender, .result = i, .ended = &tally->ended);
        TRY_SPAWN(tasks[i]);
    }
    for (int i = 0; i < 40; i++) {
        int result = -1;
        if (tasks[i].id && i % 2)
            HOLDS(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, &result) == 0 && result == i);
        else if (tasks[i].id)
            HOLDS(weft_task_detach(&tasks[i]) == 0);
    }
    tally_finish(tally, rt);
}

/* One task counts for all: it runs to its end before anybody looks. */
static void run_one(struct tally *tally, uint32_t workers, weft_task (*spawn)(weft_scope *root, struct tally *tally))
{
    weft_runtime *rt = tally_create(tally, workers);
    if (!rt)
        return;
    const weft_task task = spawn(weft_runtime_scope(rt), tally);
    const int code = weft_task_error(task);
    char detail[320];
    strcpy(detail, weft_error_detail());
    const int finished = weft_runtime_finish(rt); /* the task has the tally until then */
    HOLDS(finished == 0);
    HOLDS(code == 0 || (code == WEFT_ENOMEM && strncmp(detail, "weft_spawn: ", 12) == 0));
    tally->accepted += code == 0;
    tally->refused += code == WEFT_ENOMEM;
}

struct mother {
    weft_frame weft;
    weft_scope scope;
    struct tally *tally;
    unsigned i;
    weft_task last;
};

static weft_poll mother(weft_context *cx, struct mother *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    for (self->i = 0; self->i < 200; self->i++) {
        self->last = weft_spawn_joinable(&self->scope, ender, .ended = &tally->ended);
        if (TRY_SPAWN(self->last) == 0 && self->i % 2) {
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->last, NULL));
            HOLDS(self->weft.rc == 0);
        }
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    HOLDS(self->weft.rc == 0);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

static weft_task spawn_mother(weft_scope *root, struct tally *tally) { return weft_spawn(root, mother, .tally = tally); }
SCENARIO(scope) { run_one(tally, 1, spawn_mother); }

/* A scope in each of five generations, with a deadline that is far away; the last is cancelled. */
struct line {
    weft_frame weft;
    weft_scope scope;
    struct tally *tally;
    int below;
};

static weft_poll line(weft_context *cx, struct line *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(
        cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = weft_deadline_in(INT64_C(3600) * 1000000000)));
    HOLDS(self->weft.rc == 0);
    if (self->below > 0)
        TRY_SPAWN(weft_spawn(&self->scope, line, .tally = tally, .below = self->below - 1));
    else
        TRY_SPAWN(weft_spawn(&self->scope, parked, .ended = &tally->ended));
    if (self->below == 0)
        HOLDS(weft_scope_cancel(&self->scope) == 0);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    HOLDS(self->weft.rc == 0);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

static weft_task spawn_line(weft_scope *root, struct tally *tally)
{
    return weft_spawn(root, line, .tally = tally, .below = 5);
}
SCENARIO(nested_scopes) { run_one(tally, 1, spawn_line); }

/* Several waits at once, as futures in the frame: no wait allocates. */
struct chooser {
    weft_frame weft;
    struct tally *tally;
    weft_task task;
    weft_select_state select;
    weft_join_future join;
    weft_sleep_future sleep;
    unsigned i, before;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 20; self->i++) {
        self->task = weft_spawn_joinable(weft_runtime_scope(weft_context_runtime(cx)), ender, .ended = &tally->ended);
        if (TRY_SPAWN(self->task) != 0)
            continue;
        weft_join_begin(&self->join, &self->task, NULL);
        weft_sleep_begin(&self->sleep, weft_deadline_in(INT64_C(3600) * 1000000000));
        self->before = faulty_calls_here();
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->join.future, &self->sleep.future));
        HOLDS(self->weft.rc == 0 && self->join.future.result == 0);
        HOLDS(faulty_calls_here() == self->before); /* one worker: the same thread */
    }
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

static weft_task spawn_chooser(weft_scope *root, struct tally *tally) { return weft_spawn(root, chooser, .tally = tally); }
SCENARIO(select) { run_one(tally, 1, spawn_chooser); }

struct sleeper {
    weft_frame weft;
    struct tally *tally;
    weft_interval interval;
    weft_timeout_state timeout;
    weft_sleep_future long_sleep;
    unsigned i, before;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    self->before = faulty_calls_here();
    HOLDS(weft_interval_start(&self->interval, 1000, WEFT_MISSED_SKIP) == 0);
    for (self->i = 0; self->i < 10; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000));
        HOLDS(self->weft.rc == 0);
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        HOLDS(self->weft.rc >= 0);
        weft_sleep_begin(&self->long_sleep, weft_deadline_in(INT64_C(3600) * 1000000000));
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->long_sleep.future, 1000));
        HOLDS(self->weft.rc == WEFT_ETIMEDOUT);
    }
    HOLDS(faulty_calls_here() == self->before);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

static weft_task spawn_sleeper(weft_scope *root, struct tally *tally) { return weft_spawn(root, sleeper, .tally = tally); }
SCENARIO(timers) { run_one(tally, 1, spawn_sleeper); }

/* From some moment on there is no memory at all: what lives can be woken, cancelled, closed, joined and destroyed. */
SCENARIO(end)
{
    weft_runtime *rt = tally_create(tally, 2);
    if (!rt)
        return;
    weft_task tasks[40];
    for (int i = 0; i < 40; i++) {
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), parked, .ended = &tally->ended);
        TRY_SPAWN(tasks[i]);
    }
    const unsigned before = faulty_calls_here();
    for (int i = 0; i < 40; i++)
        weft_wake((weft_waker){tasks[i]});
    for (int i = 0; i < 10; i++)
        if (tasks[i].id)
            HOLDS(weft_task_cancel(tasks[i]) == 0);
    for (int i = 0; i < 10; i++)
        if (tasks[i].id)
            HOLDS(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, NULL) == 0);
    for (int i = 10; i < 20; i++)
        if (tasks[i].id)
            HOLDS(weft_task_detach(&tasks[i]) == 0);
    HOLDS(weft_runtime_shutdown(rt, WEFT_FOREVER) == 0);
    tally_destroy(tally, rt);
    HOLDS(faulty_calls_here() == before);
}
