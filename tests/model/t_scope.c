/* SPDX-License-Identifier: MIT */
/* Harness: one scope, on two hands (hands.h). Its owner opens it with one of the policies and spawns a starter and a waiter. The
 * starter spawns a late task into the scope, and succeeds or fails; the waiter goes on until it is cancelled or the host
 * brings news, and may cancel the scope itself; the late one is joinable, and the host joins it or nobody does. Meanwhile the
 * host cancels the owner, wakes it for nothing, or does not. The owner closes the scope, ends, and its page may go.
 *
 * Law: the close answers after all have ended, and sees what they wrote; its result is what the policy says; once the scope is
 * cancelled nobody enters it, and whoever was in it is told; who ends last wakes the owner (else DEADLOCK) and touches nothing
 * that has gone.
 *
 * Shows: known bug 26. */
#include "hands.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/atomic.h"
#include "trace/sinks.h"

enum { SUCCESS = 3, FAILURE = -5 };

static weft_scope *root;
static weft_policy policy;
static bool starter_fails;
static bool waiter_cancels;
static _Atomic int news;
static _Atomic uint32_t known; /* of the handles below */
static weft_task waiter_task;
static _Atomic uint64_t late_id;
static _Atomic uint32_t late_slot, late_runtime;
static _Atomic int entered; /* tasks that were spawned into the scope */
static _Atomic bool trimmed;

/* Plain, each written by one task and read by the owner after the close. */
static struct {
    int starter, waiter, late;
    bool waiter_was_told, late_was_told;
} saw;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"all ended well", "failed fast",      "first success", "cancelled by a member",
                                        "owner cancelled", "late was refused", "late was joined", "waiter was told",
                                        "late was told",   "trimmed",          "not begun"};
    return goal < 11 ? names[goal] : NULL;
}

struct waiter {
    weft_frame weft;
    weft_scope *scope;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    if (waiter_cancels) {
        waiter_cancels = false;
        weft_scope_cancel(self->scope);
        model_reach(3);
    }
    saw.waiter_was_told = weft_context_cancelled(cx) != WEFT_REASON_NONE;
    if (!saw.waiter_was_told && !weft__load_relaxed(&news)) {
        waiter_task = weft_context_task(cx);
        weft__store_release(&known, 1);
        return WEFT_PENDING;
    }
    if (saw.waiter_was_told) {
        model_reach(7);
    }
    saw.waiter = 1;
    cx->weft__result = saw.waiter_was_told ? WEFT_ECANCELED : SUCCESS;
    return WEFT_READY;
}

struct late {
    weft_frame weft;
    char much[500]; /* a page of its own, which can go while the owner takes it back */
};

static weft_poll late(weft_context *cx, struct late *self)
{
    (void)self;
    saw.late_was_told = weft_context_cancelled(cx) != WEFT_REASON_NONE;
    if (saw.late_was_told) {
        model_reach(8);
    }
    saw.late = 1;
    cx->weft__result = SUCCESS;
    return WEFT_READY;
}

struct starter {
    weft_frame weft;
    weft_scope *scope;
};

static weft_poll starter(weft_context *cx, struct starter *self)
{
    weft_task task = weft_spawn_as(self->scope, WEFT_TASK(NULL, .joinable = true), late);
    if (weft_task_error(task) == 0) {
        weft__store_relaxed(&late_slot, task.weft__slot);
        weft__store_relaxed(&late_runtime, task.weft__runtime);
        weft__store_release(&late_id, task.id);
        weft__fetch_add_relaxed(&entered, 1);
    } else {
        assert(weft_task_error(task) == WEFT_ECANCELED);
        model_reach(5);
    }
    saw.starter = 1;
    cx->weft__result = starter_fails ? FAILURE : SUCCESS;
    return WEFT_READY;
}

struct owner {
    weft_frame weft;
    weft_scope scope;
    char much[200]; /* a page of its own, which can go while a member still leaves */
};

static void owner_judge(int result)
{
    const int in = weft__load_relaxed(&entered);
    assert(saw.starter + saw.waiter + saw.late == in);
    if (result == 0) {
        model_reach(0);
    } else if (policy == WEFT_FIRST_SUCCESS && result > 0) {
        assert(result == SUCCESS);
        model_reach(2);
    } else if (result < 0) {
        assert(result == FAILURE && starter_fails && saw.starter);
        model_reach(1);
    }
}

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    assert(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.policy = policy)) == 0);
    if (weft_task_error(weft_spawn(&self->scope, starter, .scope = &self->scope)) == 0) {
        weft__fetch_add_relaxed(&entered, 1);
    }
    if (weft_task_error(weft_spawn(&self->scope, waiter, .scope = &self->scope)) == 0) {
        weft__fetch_add_relaxed(&entered, 1);
    } else {
        model_reach(10);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    owner_judge(self->weft.rc);
    memset(&self->scope, 0, sizeof self->scope); /* plainly: who left it looks no more */
    weft__store_release(&known, 2);
    WEFT_END(0);
}

/* A sink that keeps a member's hand at its end, until the owner's page has gone or for a while. */
static void slow_end(void *context, uint64_t id, int32_t result, uint16_t worker)
{
    (void)context;
    (void)id;
    (void)result;
    (void)worker;
    for (int i = 0; i < 10 && !weft__load_relaxed(&trimmed); i++) {
        model_relax();
    }
}

static uint64_t end_bit(void)
{
    return UINT64_C(1) << WEFT_TRACE_task_end;
}

static const weft_trace_provider slow = {.wanted = end_bit, .events.task_end = slow_end};

/* The late task's result goes to the host, or to nobody. */
static void join_late(void)
{
    weft_task task = {.id = weft__load_acquire(&late_id)};
    task.weft__slot = weft__load_relaxed(&late_slot);
    task.weft__runtime = weft__load_relaxed(&late_runtime);
    int result = 0;
    if (task.id == 0) {
        return;
    }
    if (weft_task_join_blocking(&task, model_clock() + 2000, &result) == 0) {
        assert(result == SUCCESS);
        model_reach(6);
    }
}

static void *host(void *copy)
{
    weft_task task = *(weft_task *)copy;
    switch (model_choose(3)) {
    case 0:
        weft_task_cancel(task);
        model_reach(4);
        break;
    case 1:
        weft_wake((weft_waker){task}); /* for nothing */
        break;
    }
    join_late();
    weft__store_relaxed(&news, 1); /* seen through the wake only */
    while (!weft__load_acquire(&known)) {
        model_relax();
    }
    if (weft__load_relaxed(&known) == 1) {
        weft_wake((weft_waker){waiter_task});
        weft_wake((weft_waker){task});
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    policy = (weft_policy)model_choose(3);
    starter_fails = model_choose(2);
    waiter_cancels = model_choose(4) == 0;
    if (model_choose(4) == 0) {
        weft__sinks_set_provider(&slow);
    }
    root = hands_begin(2, false);
    weft_task task = weft_spawn(root, owner);
    pthread_create(&thread, NULL, host, &task);
    for (unsigned i = model_choose(3); i > 0; i--) {
        hands_trim();
        weft__store_relaxed(&trimmed, true);
        model_reach(9);
    }
    pthread_join(thread, NULL);
    while (weft__load_acquire(&known) != 2) {
        model_relax();
    }
    hands_end(1 + (unsigned)weft__load_relaxed(&entered));
    return 0;
}
