/* SPDX-License-Identifier: MIT */
/* Wakes, cancellations, joins and scopes. */
#include "scenario.h"

/* ---- every wake is followed by a poll that sees what was before it ---- */

struct news {
    int items;
    unsigned polls;
};

struct waiting {
    weft_frame weft;
    struct news *news;
    int until;
};
static weft_poll waiting(weft_context *cx, struct waiting *self)
{
    (void)cx;
    self->news->polls++;
    return self->news->items >= self->until ? WEFT_READY : WEFT_PENDING;
}

struct teller {
    weft_frame weft;
    struct news *news;
    weft_task whom;
    uint32_t yields, wakes;
};
static weft_poll teller(weft_context *cx, struct teller *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->news->items++;
    while (self->wakes-- > 0)
        weft_wake((weft_waker){self->whom});
    WEFT_END(0);
}

static void play_wakes(struct stage *stage)
{
    struct news news = {0};
    const weft_task task = weft_spawn(stage->scope, waiting, .news = &news, .until = 3);
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, teller, .news = &news, .whom = task, .yields = roll(stage, 3), .wakes = 1 + roll(stage, 2));
    stage_run(stage);
    weft_wake((weft_waker){task}); /* after its end */
    stage_run(stage);
    reach(stage, news.polls == 1 ? 0 : news.polls < 4 ? 1 : 2);
}

/* Wakes itself in its poll, while others do. */
struct restless {
    weft_frame weft;
    int rounds;
    unsigned *polls;
};
static weft_poll restless(weft_context *cx, struct restless *self)
{
    ++*self->polls;
    if (self->rounds-- == 0)
        return WEFT_READY;
    weft_wake(weft_context_waker(cx));
    weft_wake(weft_context_waker(cx));
    return WEFT_PENDING;
}

static void play_wakes_of_its_own(struct stage *stage)
{
    unsigned polls = 0;
    struct news news = {0};
    const weft_task task = weft_spawn(stage->scope, restless, .rounds = 4, .polls = &polls);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, teller, .news = &news, .whom = task, .yields = roll(stage, 3), .wakes = 1);
    stage_run(stage);
    VERDICT(polls == 5);
}

/* ---- cancelled before its first poll: its drop or its body, and once ---- */

static int dropped;
static void count_drop(void *frame)
{
    (void)frame;
    dropped++;
}

static void play_cancel_before_first_poll(struct stage *stage)
{
    unsigned ended = 0;
    int result = 0;
    dropped = 0;
    weft_task task = weft_spawn_as(stage->scope, WEFT_TASK("target", .joinable = true, .drop = count_drop), ending, .yields = roll(stage, 2),
                                   .result = 3, .ended = &ended);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 2));
    stage_run(stage);
    VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0);
    VERDICT(dropped + (int)ended == 1 && result == (dropped ? WEFT_ECANCELED : 3));
    reach(stage, dropped ? 0 : 1);
}

/* Drop functions may do anything: here they spawn, wake and cancel. */
static struct reentrant {
    struct stage *stage;
    weft_task other;
    unsigned drops, children;
} reentrant;
static void drop_and_act(void *frame)
{
    (void)frame;
    reentrant.drops++;
    weft_spawn(reentrant.stage->scope, ending, .ended = &reentrant.children);
    weft_wake((weft_waker){reentrant.other});
    weft_task_cancel(reentrant.other);
}

static void play_drops_that_act(struct stage *stage)
{
    unsigned ended = 0;
    reentrant = (struct reentrant){.stage = stage};
    weft_task tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = weft_spawn_as(stage->scope, WEFT_TASK("acts", .drop = drop_and_act), ending, .ended = &ended);
    reentrant.other = tasks[2];
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, canceller, .target = tasks[i]);
    stage_run(stage);
    VERDICT(reentrant.drops + ended == 3 && reentrant.children == reentrant.drops);
    if (reentrant.drops > 0)
        reach(stage, reentrant.drops == 3 ? 1 : 0);
}

/* ---- the end of a task against those who want its result ---- */

struct joiner {
    weft_frame weft;
    weft_task target;
    uint32_t yields;
    int result;
    int *rc, *got;
};
static weft_poll joiner(weft_context *cx, struct joiner *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->target, &self->result));
    *self->rc = self->weft.rc;
    *self->got = self->result;
    WEFT_END(0);
}

struct detacher {
    weft_frame weft;
    weft_task target;
    uint32_t yields;
    int *rc;
};
static weft_poll detacher(weft_context *cx, struct detacher *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->rc = weft_task_detach(&self->target);
    WEFT_END(0);
}

/* Two join, one of them may be cancelled, and one gives the right up: the result goes to one of them at most. */
static void play_join_against_end(struct stage *stage)
{
    int rc[3] = {99, 99, 99}, got[2] = {0};
    const bool detaches = roll(stage, 2);
    weft_task task = weft_spawn_joinable(stage->scope, ending, .yields = roll(stage, 4), .result = 42);
    weft_task joiners[2];
    for (int i = 0; i < 2; i++)
        joiners[i] = weft_spawn(stage->scope, joiner, .target = task, .yields = roll(stage, 4), .rc = &rc[i], .got = &got[i]);
    if (detaches)
        weft_spawn(stage->scope, detacher, .target = task, .yields = roll(stage, 4), .rc = &rc[2]);
    if (roll(stage, 2))
        weft_spawn(stage->scope, canceller, .target = joiners[0], .yields = roll(stage, 4));
    if (roll(stage, 2))
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 4));
    stage_run(stage);
    unsigned had = rc[2] == 0;
    for (int i = 0; i < 2; i++) {
        had += rc[i] == 0;
        VERDICT(rc[i] == 0 ? got[i] == 42
                           : rc[i] == WEFT_EBUSY || rc[i] == WEFT_ESRCH || rc[i] == WEFT_EINVAL || rc[i] == WEFT_ECANCELED);
        reach(stage, rc[i] == 0 ? 0 : rc[i] == WEFT_EBUSY ? 1 : rc[i] == WEFT_ECANCELED ? 2 : 3);
    }
    VERDICT(had <= 1);
    if (had == 0) /* nobody came for it: it is still there */
        VERDICT(weft_task_detach(&task) == 0);
    if (rc[2] == 0)
        reach(stage, 4);
}

/* ---- scopes ---- */

struct owner {
    weft_frame weft;
    struct stage *stage;
    weft_scope scope;
    weft_policy policy;
    uint32_t yields[3];
    int results[3];
    unsigned *ended;
    int *closed;
    int i;
};
static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "owner", .policy = self->policy));
    VERDICT(self->weft.rc == 0);
    for (self->i = 0; self->i < 3; self->i++) {
        weft_spawn(&self->scope, ending, .yields = self->yields[self->i], .result = self->results[self->i], .ended = self->ended);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_AWAIT(*self->closed, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

/* Each policy, with members that fail or not, and perhaps a cancellation from outside. */
static void play_scope(struct stage *stage)
{
    unsigned ended = 0;
    int closed = 99;
    const weft_policy policy = (weft_policy)roll(stage, 3);
    const int failing = (int)roll(stage, 4); /* 3: none */
    struct owner plan = {.stage = stage, .policy = policy, .ended = &ended, .closed = &closed};
    for (int i = 0; i < 3; i++) {
        plan.yields[i] = roll(stage, 4);
        plan.results[i] = i == failing ? -5 : 10 + i;
    }
    const weft_task task = weft_spawn(stage->scope, owner, .stage = stage, .policy = policy, .ended = &ended, .closed = &closed,
                                      .yields = {plan.yields[0], plan.yields[1], plan.yields[2]},
                                      .results = {plan.results[0], plan.results[1], plan.results[2]});
    const bool cancels = roll(stage, 3) == 0;
    if (cancels)
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 5));
    stage_run(stage);
    if (policy == WEFT_FIRST_SUCCESS)
        VERDICT(closed >= 10 || (cancels && (closed == 0 || closed == -5)));
    else
        VERDICT(failing == 3 ? closed == 0 : closed == -5 || (cancels && closed == 0));
    reach(stage, closed == -5 ? 0 : closed >= 10 ? 1 : 2);
}

/* Spawns into a scope that somebody cancels. */
struct filler {
    weft_frame weft;
    weft_scope *scope;
    unsigned *spawned, *ended;
    const bool *broken;
    int i, error;
};
static weft_poll filler(weft_context *cx, struct filler *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 3; self->i++) {
        self->error = weft_task_error(weft_spawn(self->scope, ending, .yields = 1, .ended = self->ended));
        VERDICT(self->error == (*self->broken ? WEFT_ECANCELED : 0));
        *self->spawned += self->error == 0;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

struct breaker {
    weft_frame weft;
    weft_scope *scope;
    uint32_t yields;
    bool *broken;
};
static weft_poll breaker(weft_context *cx, struct breaker *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    weft_scope_cancel(self->scope);
    *self->broken = true;
    WEFT_END(0);
}

struct host {
    weft_frame weft;
    weft_scope scope;
    bool broken;
    uint32_t yields;
    unsigned *spawned, *ended;
    int *closed;
};
static weft_poll host(weft_context *cx, struct host *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "host")) == 0);
    weft_spawn(&self->scope, filler, .scope = &self->scope, .spawned = self->spawned, .ended = self->ended,
               .broken = &self->broken);
    weft_spawn(&self->scope, breaker, .scope = &self->scope, .yields = self->yields, .broken = &self->broken);
    WEFT_AWAIT(*self->closed, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

static void play_spawn_against_cancel(struct stage *stage)
{
    unsigned spawned = 0, ended = 0;
    int closed = 99;
    weft_spawn(stage->scope, host, .yields = roll(stage, 5), .spawned = &spawned, .ended = &ended, .closed = &closed);
    stage_run(stage);
    VERDICT(spawned == ended && closed == 0);
    reach(stage, spawned == 0 ? 0 : spawned == 3 ? 2 : 1);
}

/* Cleans up behind a shield although it is cancelled, and what it has opened is cancelled with it. */
struct careful {
    weft_frame weft;
    weft_scope outer, shield;
    int *cleaned, *before;
};
static weft_poll careful(weft_context *cx, struct careful *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->outer, WEFT_SCOPE_OPTIONS(.name = "outer")) == 0);
    weft_spawn(&self->outer, ending, .yields = 2);
    WEFT_AWAIT(*self->before, weft_sleep(cx, 1000));
    VERDICT(weft_scope_open(cx, &self->shield, WEFT_SHIELD(weft_deadline_in(1000000))) == 0);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 5000));
    *self->cleaned = self->weft.rc;
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->shield));
    VERDICT(self->weft.rc == 0);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->outer));
    WEFT_END(0);
}

static void play_shield(struct stage *stage)
{
    int cleaned = 99, before = 99;
    const weft_task task = weft_spawn(stage->scope, careful, .cleaned = &cleaned, .before = &before);
    if (roll(stage, 2))
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(cleaned == 0);
    reach_either(stage, before, 0, 1);
}

/* ---- looking while tasks begin and end ---- */

static int count_task(void *context, const weft_task_info *info)
{
    VERDICT(info->task.id != 0 && info->polls < 1000);
    ++*(unsigned *)context;
    return 0;
}
static int count_bytes(void *context, const char *text, size_t length)
{
    (void)text;
    *(size_t *)context += length;
    return 0;
}

struct observer {
    weft_frame weft;
    weft_runtime *rt;
    int rounds;
    unsigned *most;
};
static void observer_looks(const struct observer *self)
{
    unsigned tasks = 0;
    size_t bytes = 0;
    VERDICT(weft_task_visit(self->rt, count_task, &tasks) == 0);
    VERDICT(weft_task_dump(self->rt, self->rounds % 2 ? WEFT_DUMP_JSON : WEFT_DUMP_TEXT, count_bytes, &bytes) == 0 && bytes > 0);
    if (tasks > *self->most)
        *self->most = tasks;
}

static weft_poll observer(weft_context *cx, struct observer *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        observer_looks(self);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

static void play_looks(struct stage *stage)
{
    unsigned most = 0, ended = 0;
    weft_spawn(stage->scope, observer, .rt = stage->rt, .rounds = 3, .most = &most);
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, ending, .yields = roll(stage, 3), .ended = &ended);
    stage_run(stage);
    VERDICT(ended == 3 && most >= 1 && most <= 4);
    reach(stage, most == 4 ? 1 : 0);
}

const struct scenario scenarios_of_tasks[] = {
    {"wakes in and between polls", play_wakes, {"one poll was enough", "a few polls", "a poll for each"}, 0, 0},
    {"a task that wakes itself", play_wakes_of_its_own, {NULL}, 0, 0},
    {"cancel before the first poll", play_cancel_before_first_poll, {"dropped", "run"}, 0, 0},
    {"drop functions that act", play_drops_that_act, {"some dropped", "all dropped"}, 0, 0},
    {"join against end", play_join_against_end, {"joined", "busy", "cancelled", "stale", "detached"}, 0, 0},
    {"policies of a scope", play_scope, {"failed", "succeeded", "neither"}, 0, 0},
    {"spawn against cancel of the scope", play_spawn_against_cancel, {"none got in", "some got in", "all got in"}, 0, 0},
    {"shield against cancel", play_shield, {"slept", "cancelled"}, 0, 0},
    {"looks at tasks that begin and end", play_looks, {"some were gone", "all were seen at once"}, 0, 0},
    {NULL, NULL, {NULL}, 0, 0},
};
