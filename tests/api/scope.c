/* SPDX-License-Identifier: MIT */
/* Scopes: policies, cancellation, closing, and what happens when one is left open. */
#include <stdio.h>

#include "lib/runtime.h"

#define OWN(test) cmocka_unit_test_setup_teardown(test, runtime_of_two, runtime_end)

/* What a family of tasks tells the test. */
struct news {
    atomic_uint ended;
    atomic_uint leave;
    atomic_uint polls;
    atomic_int close_rc;
    atomic_int second_rc;
    atomic_uint live;
    atomic_int reason;
    _Atomic(weft_scope *) scope;
    _Atomic uint64_t task_id;
    struct latch opened;
};

/* Opens a scope, fills it with tasks that wait, one that ends with `result`, and closes it. */
struct family {
    weft_frame weft;
    weft_scope scope;
    weft_policy policy;
    unsigned waiting;
    int enders;
    int result;
    unsigned i;
    struct news *news;
    weft_task last;
};

static weft_poll family(weft_context *cx, struct family *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "family", .policy = self->policy));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (self->i = 0; self->i < self->waiting; self->i++)
        weft_spawn(&self->scope, parked, .ended = &self->news->ended, .leave = &self->news->leave,
                   .polls = &self->news->polls, .result = 1);
    for (self->i = 0; (int)self->i < self->enders; self->i++)
        weft_spawn(&self->scope, ender, .result = self->result, .ended = &self->news->ended);
    atomic_store(&self->news->scope, &self->scope);
    atomic_store(&self->news->task_id, weft_context_task(cx).id);
    atomic_store(&self->news->live, (unsigned)weft_scope_live(&self->scope));
    latch_up(&self->news->opened);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(&self->news->close_rc, self->weft.rc);
    atomic_store(&self->news->reason, (int)weft_context_cancelled(cx));
    WEFT_END(self->weft.rc);
}

static struct news fresh(void)
{
    return (struct news){.close_rc = 99, .second_rc = 99, .opened = LATCH};
}

static weft_task raise_family(struct news *news, weft_policy policy, unsigned waiting, int enders, int result)
{
    const weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), family, .policy = policy, .waiting = waiting,
                                               .enders = enders, .result = result, .news = news);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

static int join(weft_task task)
{
    int result = 99;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    return result;
}

static int wake_one(void *context, const weft_task_info *info)
{
    (void)context;
    weft_wake((weft_waker){info->task});
    return 0;
}

static _Atomic uint32_t bytes_of_smallest;

struct smallest {
    weft_frame weft;
};

static weft_poll smallest(weft_context *cx, struct smallest *self)
{
    WEFT_BEGIN(cx, self);
    weft_task_info info = {.size = sizeof info};
    self->weft.rc = weft_task_inspect(weft_context_task(cx), &info);
    atomic_store(&bytes_of_smallest, info.bytes);
    WEFT_END(self->weft.rc);
}

struct pair {
    weft_frame weft;
    weft_scope scope;
};

static weft_poll pair(weft_context *cx, struct pair *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    weft_spawn(&self->scope, smallest);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

/* What a member of a scope has beside its header fits behind the smallest frame: a line more would be one more to miss. */
static void member_without_a_name_takes_three_lines(void **state)
{
    (void)state;
    const weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), pair);
    assert_int_equal(join(task), 0);
    assert_int_equal(atomic_load(&bytes_of_smallest), 3 * 64);
    world_settle(rt);
}

/* JS-06: by each policy, what one end means for the others, and the result. */
static void close_answers_by_the_policy(void **state)
{
    (void)state;
    struct {
        weft_policy policy;
        int result; /* of the ender */
        int expected;
        bool siblings_cancelled;
    } cases[] = {
        {WEFT_FAIL_FAST, -5, -5, true},          {WEFT_FAIL_FAST, 4, 0, false},
        {WEFT_COLLECT_ALL, -5, -5, false},       {WEFT_COLLECT_ALL, 4, 0, false},
        {WEFT_FIRST_SUCCESS, 4, 4, true},        {WEFT_FIRST_SUCCESS, -5, 1, false},
        {WEFT_FAIL_FAST, WEFT_ECANCELED, WEFT_ECANCELED, true}, /* a failure of that name, nobody cancelled it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct news news = fresh();
        const weft_task task = raise_family(&news, cases[i].policy, 3, 1, cases[i].result);
        if (!cases[i].siblings_cancelled) {
            WORLD_UNTIL(atomic_load(&news.polls) >= 3 && atomic_load(&news.ended) >= 1);
            assert_int_equal(atomic_load(&news.close_rc), 99); /* it waits for all */
            weft_scope *scope = atomic_load(&news.scope);
            WORLD_UNTIL(weft_scope_live(scope) == 3);
            atomic_store(&news.leave, 1);
            assert_int_equal(weft_task_visit(rt, wake_one, NULL), 0);
        }
        assert_int_equal(join(task), cases[i].expected);
        assert_int_equal(atomic_load(&news.ended), 4);
        world_settle(rt);
    }
}

/* JS-03: what ended before the cancellation keeps its result; all are waited for. */
static void cancel_reaches_every_member_and_the_close_waits(void **state)
{
    (void)state;
    struct news news = fresh();
    const weft_task task = raise_family(&news, WEFT_FAIL_FAST, 10, 2, 6);
    latch_wait(&news.opened, 1);
    assert_in_range(atomic_load(&news.live), 0, 12);
    assert_int_equal(weft_scope_cancel(atomic_load(&news.scope)), 0);
    assert_int_equal(join(task), 0); /* cancelled members are no failure of the scope */
    assert_int_equal(atomic_load(&news.ended), 12);
    assert_int_equal(atomic_load(&news.close_rc), 0);
}

struct scope_canceller {
    weft_scope *scope;
    struct latch *start;
    int rc;
};

static void *cancel_scope(void *argument)
{
    struct scope_canceller *self = argument;
    latch_wait(self->start, 1);
    self->rc = weft_scope_cancel(self->scope);
    return NULL;
}

struct gated_family {
    weft_frame weft;
    weft_scope scope;
    numbers_receiver gate;
    uint64_t got;
    unsigned i;
    struct news *news;
};

/* The scope stays open, whatever happens to it, until the test says go. */
static weft_poll gated_family(weft_context *cx, struct gated_family *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    for (self->i = 0; self->i < 4; self->i++)
        weft_spawn(&self->scope, parked, .ended = &self->news->ended);
    atomic_store(&self->news->scope, &self->scope);
    latch_up(&self->news->opened);
    WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->gate, &self->got));
    atomic_store(&self->news->second_rc, self->weft.rc);
    while (!atomic_load(&self->news->leave))
        sched_yield();
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    numbers_receiver_close(&self->gate);
    atomic_store(&self->news->close_rc, self->weft.rc);
    WEFT_END(0);
}

/* CT-01: cancelled by several threads at once: each answers 0, each member ends once. */
static void cancel_by_several_threads_counts_once(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct news news = fresh();
        numbers_sender go;
        numbers_receiver gate;
        world_channel(rt, 1, WEFT_WAIT, &go, &gate);
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), gated_family, .gate = gate, .news = &news);
        latch_wait(&news.opened, 1);
        struct latch start = LATCH;
        struct scope_canceller cancellers[4];
        pthread_t threads[4];
        for (int i = 0; i < 4; i++) {
            cancellers[i] = (struct scope_canceller){.scope = atomic_load(&news.scope), .start = &start};
            world_thread(&threads[i], cancel_scope, &cancellers[i]);
        }
        latch_up(&start);
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(cancellers[i].rc, 0);
        }
        atomic_store(&news.leave, 1);
        numbers_sender_close(&go);
        assert_int_equal(join(task), 0);
        assert_int_equal(atomic_load(&news.ended), 4);
        world_settle(rt);
    }
}

/* CT-02 CT-04: down to the grandchildren and no other way; a scope opened under a cancellation begins cancelled. */
struct dynasty {
    weft_frame weft;
    weft_scope scope;
    unsigned depth;
    struct news *news;
    weft_scope late;
    weft_task refused;
    int late_rc;
};

static weft_poll dynasty(weft_context *cx, struct dynasty *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->depth > 0)
        weft_spawn(&self->scope, dynasty, .depth = self->depth - 1, .news = self->news);
    weft_spawn(&self->scope, parked, .ended = &self->news->ended, .polls = &self->news->polls);
    if (self->depth == 2)
        atomic_store(&self->news->scope, &self->scope);
    latch_up(&self->news->opened);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    if (weft_context_cancelled(cx) != WEFT_REASON_NONE) { /* what is in force here is in force in a new scope */
        self->late_rc = weft_scope_open(cx, &self->late, NULL);
        self->refused = weft_spawn(&self->late, parked, .polls = &self->news->polls);
        if (weft_task_error(self->refused) == WEFT_ECANCELED && strstr(weft_error_detail(), "is cancelled and takes no more: close it"))
            atomic_fetch_add(&self->news->live, 1);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->late));
    }
    WEFT_END(0);
}

static void cancel_goes_down_and_nowhere_else(void **state)
{
    (void)state;
    struct news cancelled = fresh(), spared = fresh();
    weft_task doomed =
        weft_spawn_joinable(weft_runtime_scope(rt), dynasty, .depth = 4, .news = &cancelled);
    weft_task other = weft_spawn_joinable(weft_runtime_scope(rt), dynasty, .depth = 4, .news = &spared);
    latch_wait(&cancelled.opened, 5);
    latch_wait(&spared.opened, 5);
    WORLD_UNTIL(atomic_load(&cancelled.polls) == 5 && atomic_load(&spared.polls) == 5);
    /* The scope of the third in line: its task, the two below it, their tasks. */
    assert_int_equal(weft_scope_cancel(atomic_load(&cancelled.scope)), 0);
    WORLD_UNTIL(atomic_load(&cancelled.ended) == 3 && atomic_load(&cancelled.live) == 2);
    assert_int_equal(atomic_load(&spared.ended), 0);
    weft_task_info info = {.size = sizeof info};
    assert_int_equal(weft_task_inspect(doomed, &info), 0);
    assert_int_equal(info.cancelled, WEFT_REASON_NONE); /* never upwards */
    assert_int_equal(weft_task_cancel(doomed), 0);
    assert_int_equal(weft_task_cancel(other), 0);
    join(doomed);
    join(other);
    assert_int_equal(atomic_load(&cancelled.ended), 5);
    assert_int_equal(atomic_load(&spared.ended), 5);
    world_settle(rt);
}

/* Cancelling the owner cancels its scopes, and the close, which cannot be cancelled itself, waits for them. JS-04 */
static void cancelled_owner_waits_for_its_scope(void **state)
{
    (void)state;
    struct news news = fresh();
    const weft_task task = raise_family(&news, WEFT_COLLECT_ALL, 8, 0, 0);
    latch_wait(&news.opened, 1);
    assert_int_equal(weft_task_cancel(task), 0);
    join(task);
    assert_int_equal(atomic_load(&news.ended), 8);
    assert_int_equal(atomic_load(&news.reason), WEFT_REASON_USER);
    assert_in_set(atomic_load(&news.close_rc), ((unsigned long[]){0, (unsigned long)(int)WEFT_ECANCELED}), 2);
}

/* SD-01, known bug 34: shutdown reaches members of scopes too, with its own reason. */
static void shutdown_cancels_members(void **state)
{
    (void)state;
    struct news news = fresh();
    raise_family(&news, WEFT_FAIL_FAST, 8, 0, 0);
    latch_wait(&news.opened, 1);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(atomic_load(&news.ended), 8);
    assert_int_equal(atomic_load(&news.reason), WEFT_REASON_SHUTDOWN);
}

struct misorder {
    weft_frame weft;
    weft_scope outer;
    weft_scope inner;
    atomic_int *rc;
    int answers[6];
};

static weft_poll misorder(weft_context *cx, struct misorder *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->outer, NULL);
    self->weft.rc = weft_scope_open(cx, &self->inner, NULL);
    self->answers[0] = weft_scope_close(cx, &self->outer); /* wrong order */
    atomic_store(&self->rc[0], self->answers[0]);
    atomic_store(&self->rc[1], strstr(weft_error_detail(), "weft_scope_close: ") == weft_error_detail());
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->inner));
    atomic_store(&self->rc[2], self->weft.rc);
    self->answers[0] = weft_scope_close(cx, &self->inner); /* closed already */
    atomic_store(&self->rc[3], self->answers[0]);
    atomic_store(&self->rc[4], weft_scope_cancel(&self->inner));
    atomic_store(&self->rc[5], weft_task_error(weft_spawn(&self->inner, ender, .result = 0)));
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->outer));
    atomic_store(&self->rc[6], self->weft.rc);
    WEFT_END(0);
}

static void close_in_the_wrong_order_or_twice_is_refused(void **state)
{
    (void)state;
    atomic_int rc[7] = {0};
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), misorder, .rc = rc);
    assert_int_equal(join(task), 0);
    assert_int_equal(rc[0], WEFT_EBUSY);
    assert_int_equal(rc[1], 1);
    assert_int_equal(rc[2], 0);
    assert_int_equal(rc[3], WEFT_EINVAL);
    assert_int_equal(rc[4], WEFT_EINVAL);
    assert_int_equal(rc[5], WEFT_EINVAL);
    assert_int_equal(rc[6], 0);
}

struct stranger {
    weft_frame weft;
    weft_scope *scope;
    atomic_int *rc;
};

static weft_poll stranger(weft_context *cx, struct stranger *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_close(cx, self->scope); /* not awaited: it answers at once, or the test fails */
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

static void close_by_another_task_is_refused(void **state)
{
    (void)state;
    struct news news = fresh();
    const weft_task task = raise_family(&news, WEFT_FAIL_FAST, 1, 0, 0);
    latch_wait(&news.opened, 1);
    atomic_int rc = 99;
    weft_task other =
        weft_spawn_joinable(weft_runtime_scope(rt), stranger, .scope = atomic_load(&news.scope), .rc = &rc);
    join(other);
    assert_int_equal(atomic_load(&rc), WEFT_EINVAL);
    atomic_store(&rc, 99);
    other = weft_spawn_joinable(weft_runtime_scope(rt), stranger, .scope = weft_runtime_scope(rt), .rc = &rc);
    join(other);
    assert_int_equal(atomic_load(&rc), WEFT_EINVAL); /* the root is nobody's to close */
    weft_scope_cancel(atomic_load(&news.scope));
    join(task);
}

/* Reports are told apart by their code. */
static struct {
    atomic_uint busy;
    char text[600];
    pthread_mutex_t mutex;
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void tell(void *context, int code, const char *text)
{
    (void)context;
    if (code != WEFT_EBUSY || !strstr(text, "still open"))
        return; /* a stall, on a loaded machine */
    pthread_mutex_lock(&told.mutex);
    snprintf(told.text, sizeof told.text, "%s", text);
    pthread_mutex_unlock(&told.mutex);
    atomic_fetch_add(&told.busy, 1);
}

struct careless {
    weft_frame weft;
    weft_scope scope;
    weft_scope second;
    unsigned i;
    struct news *news;
    atomic_uint *line;
    const char *name; /* of the outer scope */
    bool failing;
};

static void careless_count(struct news *news, weft_task task)
{
    if (weft_task_error(task) == 0)
        atomic_fetch_add(&news->live, 1);
}

static weft_poll careless(weft_context *cx, struct careless *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->line, __LINE__ + 1);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = self->name));
    self->weft.rc = weft_scope_open(cx, &self->second, WEFT_SCOPE_OPTIONS(.name = "forgotten too"));
    for (self->i = 0; self->i < 5; self->i++) {
        /* one that fails may have cancelled the scope by now: then the spawn is refused */
        careless_count(self->news, weft_spawn(&self->scope, parked, .ended = &self->news->ended));
        careless_count(self->news, weft_spawn(&self->second, parked, .ended = &self->news->ended));
        if (self->failing) {
            weft_spawn(&self->scope, ender, .result = -7);
            weft_spawn(&self->second, ender, .result = -8);
        }
    }
    WEFT_END(3);
}

/* A task that returns with scopes open: it is said with the line, its tasks are cancelled and waited for, EBUSY. */
static void return_with_an_open_scope_is_reported_and_cleaned_up(void **state)
{
    (void)state;
    weft_runtime *own = NULL;
    assert_int_equal(weft_runtime_create(&own, WEFT_RUNTIME_OPTIONS(.worker_threads = 3, .report = tell)), 0);
    for (int round = 0; round < 40; round++) {
        atomic_store(&told.busy, 0);
        struct news news = fresh();
        atomic_uint line = 0;
        const bool named = round % 4 < 2;
        weft_task task = weft_spawn_joinable(weft_runtime_scope(own), careless, .news = &news, .line = &line,
                                             .name = named ? "forgotten" : NULL, .failing = round % 2);
        assert_int_equal(join(task), WEFT_EBUSY);
        assert_int_equal(atomic_load(&news.ended), atomic_load(&news.live));
        if (round % 2 == 0)
            assert_int_equal(atomic_load(&news.live), 10);
        assert_int_equal(atomic_load(&told.busy), 2);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "the scope %sof line %u", named ? "'forgotten' " : "", atomic_load(&line));
        pthread_mutex_lock(&told.mutex);
        assert_non_null(strstr(told.text, wanted)); /* the outer one is said last */
        assert_non_null(strstr(told.text, "'careless'"));
        pthread_mutex_unlock(&told.mutex);
    }
    world_end(own, -1);
}

struct hatchery {
    weft_frame weft;
    weft_scope scope;
    unsigned i;
    unsigned count;
    weft_task kept;
    struct news *news;
};

static weft_poll hatchery(weft_context *cx, struct hatchery *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.policy = WEFT_COLLECT_ALL));
    for (self->i = 0; self->i < self->count; self->i++) {
        self->kept = weft_spawn_joinable(&self->scope, ender, .result = (int)self->i, .ended = &self->news->ended);
        if (self->i % 3 == 1)
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->kept, NULL));
        if (self->i % 3 == 2)
            self->weft.rc = weft_task_detach(&self->kept);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    self->weft.rc = self->kept.id ? weft_task_cancel(self->kept) : WEFT_ESRCH;
    WEFT_END(self->weft.rc);
}

/* TSK-08 TSK-11 JS-02: joined, detached or left to the scope: all are freed with it. */
static void close_takes_back_joinable_tasks_that_nobody_joined(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct news news = fresh();
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), hatchery, .count = 301, .news = &news);
        assert_int_equal(join(task), WEFT_ESRCH);
        assert_int_equal(atomic_load(&news.ended), 301);
        world_settle(rt);
    }
}

/* JS-05 SD-03: a scope whose runtime shuts down ends as cancelled, and does not hang. TT-02: an empty one closes at once */
static void close_of_an_empty_scope_is_immediate(void **state)
{
    (void)state;
    struct news news = fresh();
    const weft_task task = raise_family(&news, WEFT_FAIL_FAST, 0, 0, 0);
    assert_int_equal(join(task), 0);
    assert_int_equal(atomic_load(&news.close_rc), 0);
    assert_int_equal(atomic_load(&news.live), 0);
}

/* TT-02 TT-03: tasks spawn into the scope while its owner waits to close it; all are waited for. */
struct spreader {
    weft_frame weft;
    weft_scope *scope;
    unsigned depth;
    atomic_uint *ended;
};

static weft_poll spreader(weft_context *cx, struct spreader *self)
{
    WEFT_BEGIN(cx, self);
    if (self->depth > 0) {
        weft_spawn(self->scope, spreader, .scope = self->scope, .depth = self->depth - 1, .ended = self->ended);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        weft_spawn(self->scope, spreader, .scope = self->scope, .depth = self->depth - 1, .ended = self->ended);
    }
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

struct spread_owner {
    weft_frame weft;
    weft_scope scope;
    atomic_uint *ended;
    atomic_uint *at_close;
};

static weft_poll spread_owner(weft_context *cx, struct spread_owner *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    weft_spawn(&self->scope, spreader, .scope = &self->scope, .depth = 9, .ended = self->ended);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(self->at_close, atomic_load(self->ended));
    WEFT_END(0);
}

static void close_waits_for_tasks_spawned_meanwhile(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        atomic_uint ended = 0, at_close = 0;
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), spread_owner, .ended = &ended, .at_close = &at_close);
        assert_int_equal(join(task), 0);
        assert_int_equal(atomic_load(&at_close), (1 << 10) - 1);
    }
    world_settle(rt);
}

/* JS-08: cancelling while the members end by themselves: each ends once, with one result or the other. */
static void cancel_racing_with_ends_reports_each_once(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct news news = fresh();
        numbers_sender go;
        numbers_receiver gate;
        world_channel(rt, 1, WEFT_WAIT, &go, &gate);
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), gated_family, .gate = gate, .news = &news);
        latch_wait(&news.opened, 1);
        if (round % 2)
            weft_task_cancel(task);
        weft_scope_cancel(atomic_load(&news.scope));
        atomic_store(&news.leave, 1);
        numbers_sender_close(&go);
        join(task);
        assert_int_equal(atomic_load(&news.ended), 4);
        world_settle(rt);
    }
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        OWN(member_without_a_name_takes_three_lines),
        OWN(close_answers_by_the_policy),
        OWN(cancel_reaches_every_member_and_the_close_waits),
        OWN(cancel_by_several_threads_counts_once),
        OWN(cancel_goes_down_and_nowhere_else),
        OWN(cancelled_owner_waits_for_its_scope),
        OWN(shutdown_cancels_members),
        OWN(close_in_the_wrong_order_or_twice_is_refused),
        OWN(close_by_another_task_is_refused),
        OWN(return_with_an_open_scope_is_reported_and_cleaned_up),
        OWN(close_takes_back_joinable_tasks_that_nobody_joined),
        OWN(close_of_an_empty_scope_is_immediate),
        OWN(close_waits_for_tasks_spawned_meanwhile),
        OWN(cancel_racing_with_ends_reports_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
