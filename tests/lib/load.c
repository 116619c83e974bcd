/* SPDX-License-Identifier: MIT */
#include "lib/load.h"

#include "lib/verdict.h"

enum { CROWD = 4, TURNS = 10, LOAD_AT_ONCE = 48 };
static const int64_t load_tick = 1000000;

/* A handle given to a child that was not born is still ours: close it. Whether the child lives. */
#define BORN(task, otherwise)                                                                                          \
    do {                                                                                                               \
        if (weft_task_error(task) < 0)                                                                                 \
            otherwise;                                                                                                 \
    } while (0)

/* --- a channel with several senders -------------------------------------------------------------------------------- */

struct sends {
    weft_frame weft;
    weft_sender out;
    int i;
};

static weft_poll sends(weft_context *cx, struct sends *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < TURNS && self->weft.rc >= 0; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->i));
    weft_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

struct line {
    weft_frame weft;
    uint64_t number;
    weft_scope scope;
    weft_sender out, mine;
    weft_receiver in;
    int i, value, sum;
};

static weft_poll line(weft_context *cx, struct line *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_channel_create(weft_context_runtime(cx), WEFT_CHANNEL_OPTIONS(.name = "line", .capacity = 1 + self->number % 5),
                            sizeof(int), &self->out, &self->in) < 0)
        WEFT_RETURN(WEFT_ECANCELED);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (self->i = 0; self->i < CROWD; self->i++) {
        VERDICT(weft_sender_clone(&self->out, &self->mine) == 0);
        BORN(weft_spawn(&self->scope, sends, .out = self->mine), weft_sender_close(&self->mine));
    }
    weft_sender_close(&self->out);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->sum += self->value;
    }
    weft_receiver_close(&self->in);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->sum);
}

/* --- time: sleeps, an interval, a deadline that ends what would not end --------------------------------------------- */

struct sleeps {
    weft_frame weft;
};

static weft_poll sleeps(weft_context *cx, struct sleeps *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    WEFT_END(self->weft.rc);
}

struct clocked {
    weft_frame weft;
    uint64_t number;
    weft_scope scope;
    weft_interval interval;
    int i;
};

static weft_poll clocked(weft_context *cx, struct clocked *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, (int64_t)(self->number % 3) * load_tick));
    VERDICT(weft_interval_start(&self->interval, load_tick, WEFT_MISSED_SKIP) == 0);
    for (self->i = 0; self->i < 3; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = weft_deadline_in(load_tick))) == 0);
    for (self->i = 0; self->i < CROWD; self->i++)
        weft_spawn(&self->scope, sleeps);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc == WEFT_ETIMEDOUT ? 1 : WEFT_ECANCELED);
}

/* --- locks ---------------------------------------------------------------------------------------------------------- */

struct locks {
    weft_frame weft;
    uint64_t number;
    weft_scope scope;
    weft_mutex mutex;
    weft_rwlock rwlock;
    weft_semaphore semaphore;
    int i, by_mutex, by_writer, by_permit;
};

/* One more, seen over a yield: without the lock some would be lost. The semaphore has one permit. */
struct adds {
    weft_frame weft;
    struct locks *home;
    int i, seen;
};

static weft_poll adds(weft_context *cx, struct adds *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < TURNS; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->home->mutex));
        if (self->weft.rc < 0)
            break;
        self->seen = self->home->by_mutex;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        self->home->by_mutex = self->seen + 1;
        VERDICT(weft_mutex_unlock(&self->home->mutex) == 0);
        WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &self->home->rwlock));
        if (self->weft.rc < 0)
            break;
        self->home->by_writer++;
        VERDICT(weft_rwlock_write_unlock(&self->home->rwlock) == 0);
        WEFT_AWAIT(self->weft.rc, weft_rwlock_read(cx, &self->home->rwlock));
        if (self->weft.rc < 0)
            break;
        VERDICT(self->home->by_writer > self->i);
        VERDICT(weft_rwlock_read_unlock(&self->home->rwlock) == 0);
        WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->home->semaphore, 1));
        if (self->weft.rc < 0)
            break;
        self->home->by_permit++;
        VERDICT(weft_semaphore_release(&self->home->semaphore, 1) == 0);
    }
    WEFT_END(self->weft.rc);
}

static weft_poll locks(weft_context *cx, struct locks *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_mutex_create(weft_context_runtime(cx), NULL, &self->mutex) < 0)
        WEFT_RETURN(WEFT_ECANCELED);
    if (weft_rwlock_create(weft_context_runtime(cx), NULL, &self->rwlock) == 0) {
        if (weft_semaphore_create(weft_context_runtime(cx), WEFT_SEMAPHORE_OPTIONS(.permits = 1), &self->semaphore) == 0) {
            VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
            for (self->i = 0; self->i < CROWD; self->i++)
                weft_spawn(&self->scope, adds, .home = self);
            WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
            weft_semaphore_destroy(&self->semaphore);
        }
        weft_rwlock_destroy(&self->rwlock);
    }
    weft_mutex_destroy(&self->mutex);
    WEFT_END(self->by_mutex + self->by_writer + self->by_permit);
}

/* --- meeting: barrier, notify, oneshot, select ---------------------------------------------------------------------- */

struct meeting {
    weft_frame weft;
    uint64_t number;
    weft_scope scope;
    weft_barrier barrier;
    weft_notify notify;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    weft_oneshot_recv_future answer;
    weft_sleep_future patience;
    weft_select_state select;
    int which, value;
};

struct replies {
    weft_frame weft;
    struct meeting *home;
    weft_oneshot_sender out;
    int value;
};

static weft_poll replies(weft_context *cx, struct replies *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_barrier_wait(cx, &self->home->barrier));
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &self->home->notify));
    if (self->weft.rc < 0 || weft_oneshot_send(&self->out, &self->value) < 0)
        weft_oneshot_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

/* In the scope: told by the barrier, tells by the notify, and waits for the answer or for its patience to end. */
static weft_poll meeting(weft_context *cx, struct meeting *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_barrier_create(weft_context_runtime(cx), WEFT_BARRIER_OPTIONS(.parties = 2), &self->barrier) < 0)
        WEFT_RETURN(WEFT_ECANCELED);
    self->value = WEFT_ECANCELED;
    if (weft_notify_create(weft_context_runtime(cx), NULL, &self->notify) == 0) {
        if (weft_oneshot_create(weft_context_runtime(cx), NULL, sizeof(int), &self->out, &self->in) == 0) {
            VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
            BORN(weft_spawn(&self->scope, replies, .home = self, .out = self->out, .value = (int)(self->number % 1000)),
                 weft_oneshot_sender_close(&self->out));
            WEFT_AWAIT(self->weft.rc, weft_barrier_wait(cx, &self->barrier));
            VERDICT(weft_notify_one(&self->notify) == 0);
            weft_oneshot_recv_begin(&self->answer, &self->in, &self->value);
            weft_sleep_begin(&self->patience, WEFT_FOREVER);
            WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->answer.future, &self->patience.future));
            weft_oneshot_receiver_close(&self->in);
            WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
        }
        weft_notify_destroy(&self->notify);
    }
    weft_barrier_destroy(&self->barrier);
    WEFT_END(self->value);
}

/* --- the blocking pool ---------------------------------------------------------------------------------------------- */

struct pooled {
    weft_frame weft;
    uint64_t number;
    weft_job job;
    int result;
};

static int square(void *argument)
{
    const int root = *(int *)argument;
    return root * root;
}

static weft_poll pooled(weft_context *cx, struct pooled *self)
{
    WEFT_BEGIN(cx, self);
    self->result = (int)(self->number % 1000);
    WEFT_AWAIT(self->weft.rc, weft_job_run(cx, &self->job,
                                           WEFT_JOB(square, &self->result, .argument_size = sizeof self->result),
                                           &self->result));
    WEFT_END(self->weft.rc < 0 ? WEFT_ECANCELED : self->result);
}

/* --- ends: joined, detached, cancelled ------------------------------------------------------------------------------ */

struct answers {
    weft_frame weft;
    int result;
};

static weft_poll answers(weft_context *cx, struct answers *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(self->result);
}

struct ends {
    weft_frame weft;
    uint64_t number;
    weft_task joined, cancelled, detached;
    int result, refused;
};

static weft_poll ends(weft_context *cx, struct ends *self)
{
    WEFT_BEGIN(cx, self);
    self->joined = weft_spawn_joinable(weft_runtime_scope(weft_context_runtime(cx)), answers, .result = (int)(self->number % 100));
    self->cancelled = weft_spawn_joinable(weft_runtime_scope(weft_context_runtime(cx)), sleeps);
    self->detached = weft_spawn_joinable(weft_runtime_scope(weft_context_runtime(cx)), answers);
    if (weft_task_error(self->detached) == 0)
        VERDICT(weft_task_detach(&self->detached) == 0);
    if (self->number % 2)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (weft_task_error(self->cancelled) == 0)
        weft_task_cancel(self->cancelled);
    self->refused = WEFT_EINVAL;
    if (weft_task_error(self->cancelled) == 0) {
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->cancelled, &self->refused));
        if (self->weft.rc < 0)
            weft_task_detach(&self->cancelled);
    }
    self->result = WEFT_ECANCELED;
    if (weft_task_error(self->joined) == 0) {
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->joined, &self->result));
        if (self->weft.rc < 0)
            weft_task_detach(&self->joined);
    }
    WEFT_END(self->refused == WEFT_ECANCELED ? self->result : WEFT_ECANCELED);
}

/* --- a tree of scopes, and one that fails --------------------------------------------------------------------------- */

struct tree {
    weft_frame weft;
    uint64_t number; /* levels below, of what is not the root */
    weft_scope scope;
    int *leaves;
    int i, count;
    bool root;
};

static weft_poll tree(weft_context *cx, struct tree *self)
{
    WEFT_BEGIN(cx, self);
    if (self->root) {
        self->leaves = &self->count;
        self->number = 3;
    }
    if (self->number == 0) {
        __atomic_fetch_add(self->leaves, 1, __ATOMIC_RELAXED); /* the scopes' joins order */
        WEFT_RETURN(0);
    }
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (self->i = 0; self->i < 2; self->i++)
        weft_spawn(&self->scope, tree, .number = self->number - 1, .leaves = self->leaves);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    if (!self->root)
        WEFT_RETURN(0);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0); /* fail fast: one fails, the others sleep for ever */
    for (self->i = 0; self->i < CROWD; self->i++)
        weft_spawn(&self->scope, sleeps);
    weft_spawn(&self->scope, answers, .result = -77);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc == -77 ? self->count : WEFT_ECANCELED);
}

/* --- news: watch and broadcast -------------------------------------------------------------------------------------- */

struct reads {
    weft_frame weft;
    weft_broadcast_receiver in;
    weft_watch_receiver last;
    int *sum;
    int value;
    uint64_t lost;
};

static weft_poll reads(weft_context *cx, struct reads *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_broadcast_recv(cx, &self->in, &self->value, &self->lost));
        if (self->weft.rc < 0)
            break;
        __atomic_fetch_add(self->sum, self->value, __ATOMIC_RELAXED);
    }
    do { /* until its last sender has gone, too */
        WEFT_AWAIT(self->weft.rc, weft_watch_changed(cx, &self->last));
        if (self->weft.rc == 0 && weft_watch_read(&self->last, &self->value) == 0 && self->value == TURNS)
            __atomic_fetch_add(self->sum, self->value, __ATOMIC_RELAXED);
    } while (self->weft.rc == 0);
    weft_broadcast_receiver_close(&self->in);
    weft_watch_receiver_close(&self->last);
    WEFT_END(0);
}

struct news {
    weft_frame weft;
    uint64_t number;
    weft_scope scope;
    weft_broadcast_sender out;
    weft_broadcast_receiver in, mine;
    weft_watch_sender set;
    weft_watch_receiver last, ours;
    int i, sum;
};

static weft_poll news(weft_context *cx, struct news *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_broadcast_create(weft_context_runtime(cx), WEFT_BROADCAST_OPTIONS(.capacity = 2 * TURNS), sizeof(int), &self->out,
                              &self->in) < 0)
        WEFT_RETURN(WEFT_ECANCELED);
    if (weft_watch_create(weft_context_runtime(cx), NULL, sizeof(int), &self->i, &self->set, &self->last) == 0) {
        VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
        for (self->i = 0; self->i < 2; self->i++) {
            VERDICT(weft_broadcast_subscribe(&self->out, &self->mine) == 0);
            VERDICT(weft_watch_receiver_clone(&self->last, &self->ours) == 0);
            BORN(weft_spawn(&self->scope, reads, .in = self->mine, .last = self->ours, .sum = &self->sum),
                 (weft_broadcast_receiver_close(&self->mine), weft_watch_receiver_close(&self->ours)));
        }
        for (self->i = 1; self->i <= TURNS; self->i++) {
            VERDICT(weft_broadcast_send(&self->out, &self->i) >= 0);
            VERDICT(weft_watch_send(&self->set, &self->i) >= 0);
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        }
        weft_broadcast_sender_close(&self->out);
        weft_watch_sender_close(&self->set);
        weft_watch_receiver_close(&self->last);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    }
    weft_broadcast_sender_close(&self->out);
    weft_broadcast_receiver_close(&self->in);
    WEFT_END(self->sum);
}

/* -------------------------------------------------------------------------------------------------------------------- */

enum { LINE, CLOCKED, LOCKS, MEETING, POOLED, ENDS, TREE, NEWS, SCENES };

weft_task load_begin(weft_runtime *rt, uint64_t number)
{
    weft_scope *scope = weft_runtime_scope(rt);
    switch (number % SCENES) {
    case LINE:
        return weft_spawn_as(scope, WEFT_TASK("line", .joinable = true), line, .number = number);
    case CLOCKED:
        return weft_spawn_joinable(scope, clocked, .number = number);
    case LOCKS:
        return weft_spawn_joinable(scope, locks, .number = number);
    case MEETING:
        return weft_spawn_joinable(scope, meeting, .number = number);
    case POOLED:
        return weft_spawn_joinable(scope, pooled, .number = number);
    case ENDS:
        return weft_spawn_joinable(scope, ends, .number = number);
    case TREE:
        return weft_spawn_joinable(scope, tree, .root = true);
    default:
        return weft_spawn_joinable(scope, news, .number = number);
    }
}

int load_answer(uint64_t number)
{
    switch (number % SCENES) {
    case LINE:
        return CROWD * TURNS * (TURNS - 1) / 2;
    case CLOCKED:
        return 1;
    case LOCKS:
        return 3 * CROWD * TURNS;
    case MEETING:
        return (int)(number % 1000);
    case POOLED:
        return (int)((number % 1000) * (number % 1000));
    case ENDS:
        return (int)(number % 100);
    case TREE:
        return 8;
    default:
        return 2 * (TURNS * (TURNS + 1) / 2 + TURNS);
    }
}

uint64_t load_play(weft_runtime *rt, uint64_t first, uint64_t count)
{
    weft_task tasks[LOAD_AT_ONCE];
    uint64_t begun = 0, sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        for (; begun < count && begun < i + LOAD_AT_ONCE; begun++)
            tasks[begun % LOAD_AT_ONCE] = load_begin(rt, first + begun);
        int answer = -1;
        VERDICT(weft_task_join_blocking(&tasks[i % LOAD_AT_ONCE], WEFT_FOREVER, &answer) == 0);
        VERDICT(answer == load_answer(first + i));
        sum += (uint64_t)answer;
    }
    return sum;
}
