/* SPDX-License-Identifier: MIT */
/* The end of a runtime, and of jobs, against whatever is under way. */
#include "scenario.h"

#include "lib/town.h"

/* Spawns two of its kind, down to a depth, and waits for a while; wakes and cancels those it knows. */
struct storm {
    weft_frame weft;
    struct stage *stage;
    int depth, *spawned, *refused, *ended;
    weft_task last;
    int i;
};
static weft_poll storm(weft_context *cx, struct storm *self);

static void storm_goes_on(struct storm *self)
{
    const weft_task task = weft_spawn(self->stage->scope, storm, .stage = self->stage, .depth = self->depth - 1,
                                      .spawned = self->spawned, .refused = self->refused, .ended = self->ended, .last = self->last);
    *(weft_task_error(task) == 0 ? self->spawned : self->refused) += 1;
    weft_wake((weft_waker){self->last});
    if (roll(self->stage, 4) == 0)
        weft_task_cancel(self->last);
    self->last = task;
}

static weft_poll storm(weft_context *cx, struct storm *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->depth > 0 && self->i < 2; self->i++) {
        storm_goes_on(self);
        if (roll(self->stage, 2))
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        else
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, (int64_t)roll(self->stage, 3) * 1000));
    }
    ++*self->ended;
    WEFT_END(0);
}

/* Ends only if it is told to. */
struct settled {
    weft_frame weft;
    int *ended;
};
static weft_poll settled(weft_context *cx, struct settled *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    VERDICT(self->weft.rc == WEFT_ECANCELED && weft_context_cancelled(cx) == WEFT_REASON_SHUTDOWN);
    ++*self->ended;
    WEFT_END(0);
}

/* The shutdown comes at any moment: what was spawned ends, what comes later is refused. */
static void play_spawn_against_shutdown(struct stage *stage)
{
    int spawned = 2, refused = 0, ended = 0;
    weft_spawn(stage->scope, settled, .ended = &ended);
    weft_spawn(stage->scope, storm, .stage = stage, .depth = 3, .spawned = &spawned, .refused = &refused, .ended = &ended);
    VERDICT(weft_runtime_turn(stage->rt, 1 + roll(stage, 40)) > 0);
    VERDICT(weft_runtime_shutdown(stage->rt, WEFT_FOREVER) == 0);
    VERDICT(spawned == ended);
    VERDICT(weft_task_error(weft_spawn(stage->scope, ending)) == WEFT_ESHUTDOWN);
    reach(stage, refused > 0 ? 0 : 1);
}

/* A town that is ended at any moment. */
static void play_town_against_shutdown(struct stage *stage)
{
    struct town town;
    town_build(&town, stage->rt);
    if (roll(stage, 2))
        VERDICT(weft_sim_advance(stage->rt, (int64_t)roll(stage, 60) * 1000000) == 0);
    VERDICT(weft_runtime_turn(stage->rt, 1 + roll(stage, 200)) >= 0);
    VERDICT(weft_runtime_shutdown(stage->rt, WEFT_FOREVER) == 0);
    town_close(&town);
    reach(stage, town.whole ? 0 : 1);
}

/* ---- jobs ---- */

struct shop {
    int begun, run, dropped;
};
static int work(void *shop)
{
    ++((struct shop *)shop)->run;
    return 5;
}
static void drop_work(void *shop) { ++((struct shop *)shop)->dropped; }

struct ordering {
    weft_frame weft;
    struct shop *shop;
    weft_job job;
    int result, *rc;
};
static weft_poll ordering(weft_context *cx, struct ordering *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->rc, weft_job_begin(cx, &self->job, WEFT_JOB(work, self->shop, .drop = drop_work)));
    if (*self->rc < 0)
        WEFT_RETURN(0);
    self->shop->begun++;
    WEFT_AWAIT(*self->rc, weft_job_wait(cx, &self->job, &self->result));
    VERDICT(*self->rc == WEFT_ECANCELED || *self->rc == WEFT_ESHUTDOWN || (*self->rc == 0 && self->result == 5));
    WEFT_END(0);
}

/* A short queue: tasks wait for places, and are cancelled there, before their job runs, or while it does. */
static void play_jobs(struct stage *stage)
{
    struct shop shop = {0};
    int rc[4] = {99, 99, 99, 99};
    weft_task tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = weft_spawn(stage->scope, ordering, .shop = &shop, .rc = &rc[i]);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 4)], .yields = roll(stage, 6));
    if (roll(stage, 3) == 0) {
        VERDICT(weft_runtime_turn(stage->rt, 1 + roll(stage, 15)) > 0);
        VERDICT(weft_runtime_shutdown(stage->rt, WEFT_FOREVER) == 0);
    }
    stage_run(stage);
    VERDICT(shop.begun == shop.run + shop.dropped);
    for (int i = 0; i < 4; i++)
        reach(stage, rc[i] == 0 ? 0 : rc[i] == WEFT_ECANCELED ? 1 : 2);
}

/* A job that nobody waits for any more, one that two wait for, one that is cancelled by its handle. */
struct interested {
    weft_frame weft;
    weft_job job;
    int what, result, *rc;
    uint32_t yields;
};
static weft_poll interested(weft_context *cx, struct interested *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->what == 0)
        WEFT_AWAIT(*self->rc, weft_job_wait(cx, &self->job, &self->result));
    else
        *self->rc = self->what == 1 ? weft_job_detach(&self->job) : weft_job_cancel(self->job);
    WEFT_END(0);
}

static void play_handle_of_a_job(struct stage *stage)
{
    struct shop shop = {0};
    int rc[3] = {99, 99, 99};
    weft_job job = {0};
    VERDICT(weft_job_try_begin(stage->rt, &job, WEFT_JOB(work, &shop, .drop = drop_work)) == 0);
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, interested, .job = job, .what = (int)roll(stage, 3), .rc = &rc[i], .yields = roll(stage, 3));
    stage_run(stage);
    VERDICT(shop.run + shop.dropped == 1);
    for (int i = 0; i < 3; i++)
        VERDICT(rc[i] == 0 || rc[i] == WEFT_EBUSY || rc[i] == WEFT_ESRCH || rc[i] == WEFT_ECANCELED);
    (void)weft_job_detach(&job); /* if nobody has claimed it */
    reach(stage, shop.run ? 0 : 1);
}

/* ---- two runtimes ---- */

struct calling {
    weft_frame weft;
    weft_task *whom;
    int rounds;
};
static weft_poll calling(weft_context *cx, struct calling *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        weft_wake((weft_waker){*self->whom});
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    weft_task_cancel(*self->whom);
    WEFT_END(0);
}

/* They wake and cancel each other's tasks while one of them is shut down and destroyed. */
static void play_two_runtimes(struct stage *stage)
{
    weft_runtime *other;
    weft_task tasks[2];
    VERDICT(weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = stage->dice, .worker_threads = 2)) == 0);
    tasks[0] = weft_spawn(stage->scope, calling, .whom = &tasks[1], .rounds = 6);
    tasks[1] = weft_spawn(weft_runtime_scope(other), calling, .whom = &tasks[0], .rounds = 6);
    for (uint32_t turns = roll(stage, 6); turns > 0; turns--) {
        VERDICT(weft_runtime_turn(stage->rt, 1 + roll(stage, 3)) >= 0);
        VERDICT(weft_runtime_turn(other, 1 + roll(stage, 3)) >= 0);
    }
    VERDICT(weft_runtime_destroy(other) == 0);
    stage_run(stage);
}

/* ---- hooks ---- */

struct hooked {
    weft_hooks_handle handle;
    int events;
    bool removed;
};
static void note_poll(void *context, uint64_t task, uint16_t worker, uint8_t source)
{
    struct hooked *hooked = context;
    (void)task;
    (void)worker;
    (void)source;
    VERDICT(!hooked->removed);
    hooked->events++;
}
static void wake_again(void *context, uint64_t task, uint64_t by, uint64_t object, uint8_t source)
{
    struct hooked *hooked = context;
    (void)task;
    (void)by;
    (void)object;
    (void)source;
    VERDICT(!hooked->removed && weft_hooks_remove(hooked->handle) == WEFT_EDEADLK);
}

struct unhooking {
    weft_frame weft;
    struct hooked *hooked;
    uint32_t yields;
};
static weft_poll unhooking(weft_context *cx, struct unhooking *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    VERDICT(weft_hooks_remove(self->hooked->handle) == 0);
    self->hooked->removed = true;
    WEFT_END(0);
}

/* A task takes the hooks away that are called all the time; after that none of them is. */
static void play_hooks(struct stage *stage)
{
    struct hooked hooked = {0};
    unsigned ended = 0;
    VERDICT(weft_hooks_add(stage->rt, WEFT_HOOKS(.context = &hooked, .poll_start = note_poll, .wake = wake_again), &hooked.handle) == 0);
    weft_spawn(stage->scope, unhooking, .hooked = &hooked, .yields = roll(stage, 4));
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, ending, .yields = roll(stage, 4), .ended = &ended);
    stage_run(stage);
    VERDICT(hooked.removed && ended == 3);
    reach(stage, hooked.events == 1 ? 0 : 1);
}

const struct scenario scenarios_of_ends[] = {
    {"spawn, wake, cancel against shutdown", play_spawn_against_shutdown, {"refused some", "refused none"}, 0, 0},
    {"everything against shutdown", play_town_against_shutdown, {"it was over", "in the middle"}, 0, 0},
    {"jobs against cancel and shutdown", play_jobs, {"done", "cancelled", "refused"}, 1, 2},
    {"the handle of a job", play_handle_of_a_job, {"run", "dropped"}, 0, 0},
    {"two runtimes, one of which ends", play_two_runtimes, {NULL}, 0, 0},
    {"hooks that are taken away", play_hooks, {"at once", "later"}, 0, 0},
    {NULL, NULL, {NULL}, 0, 0},
};
