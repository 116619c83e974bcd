/* SPDX-License-Identifier: MIT */
/* Scopes under attack: cancelled while tasks are spawned into them, nested, failing by the hundred. None ends too early. */
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;

static int scope_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
}

static int scope_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

static int run(weft_task task)
{
    int result = -1;
    assert_int_equal(weft_task_error(task), 0);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    return result;
}

/* What the members of one owner's scope did; in the owner's frame, so a member that outlives the scope writes into
 * memory that is poisoned or used again. */
struct tally {
    uint32_t magic;
    _Atomic int begun, ended, dropped;
};

struct member {
    weft_frame weft;
    struct tally *tally;
    int turns; /* -1: until cancelled */
    int result;
};

static weft_poll member(weft_context *cx, struct member *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(self->tally->magic == 0xC0FFEE);
    atomic_fetch_add(&self->tally->begun, 1);
    while (self->turns != 0) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
        self->turns -= self->turns > 0;
    }
    VERDICT(self->tally->magic == 0xC0FFEE);
    atomic_fetch_add(&self->tally->ended, 1);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->result);
}

static void member_drop(void *frame)
{
    struct member *self = frame;
    VERDICT(self->tally->magic == 0xC0FFEE);
    atomic_fetch_add(&self->tally->dropped, 1);
}

/* An owner whose scope is cancelled by another thread while it spawns. */
struct owner {
    weft_frame weft;
    weft_scope scope;
    struct tally tally;
    _Atomic(weft_scope *) *shown;
    int i, spawned, refused;
};

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    self->tally.magic = 0xC0FFEE;
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "attacked")) == 0);
    atomic_store(self->shown, &self->scope);
    for (self->i = 0; self->i < 200; self->i++) {
        const int error = weft_task_error(weft_spawn_as(&self->scope, WEFT_TASK(NULL, .drop = member_drop, .joinable = self->i % 3 == 0), member,
                                                        .tally = &self->tally, .turns = self->i % 2 ? -1 : 2));
        VERDICT(error == 0 || error == WEFT_ECANCELED);
        if (error == 0)
            self->spawned++;
        else
            self->refused++;
    }
    while (atomic_load(self->shown)) /* the canceller lets go before the scope's memory does */
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(weft_scope_live(&self->scope) == 0);
    VERDICT(atomic_load(&self->tally.begun) == atomic_load(&self->tally.ended));
    VERDICT(atomic_load(&self->tally.begun) + atomic_load(&self->tally.dropped) == self->spawned);
    self->tally.magic = 0xDEAD;
    WEFT_END(self->spawned + self->refused);
}

static void canceller(void *context, unsigned number)
{
    _Atomic(weft_scope *) *shown = context;
    struct weft__rng rng = stress_rng(number);
    weft_scope *scope;
    while ((scope = atomic_load(shown)) != (weft_scope *)1) {
        if (!scope)
            continue;
        for (uint32_t spin = weft__rng_below(&rng, 3000); spin > 0; spin--)
            (void)weft_scope_live(scope);
        VERDICT(weft_scope_cancel(scope) == 0);
        VERDICT(weft_scope_cancel(scope) == 0);
        atomic_store(shown, NULL);
    }
}

static void scope_cancelled_while_spawning_waits_for_all(void **state)
{
    (void)state;
    _Atomic(weft_scope *) shown = NULL;
    struct stress_team *team = stress_team_begin(1, canceller, &shown);
    for (uint64_t round = stress_scale(200); round > 0; round--)
        assert_int_equal(run(weft_spawn_joinable(weft_runtime_scope(rt), owner, .shown = &shown)), 200);
    atomic_store(&shown, (weft_scope *)1);
    stress_team_join(team);
    verdict_assert();
}

/*
 * The same moment, by hand: a hook cancels the scope while a task is being spawned into it. The spawn was accepted, so
 * the task must hear of it: it would yield for ever.
 */
static weft_scope *hooked;

static void hook_cancel(void *context, uint64_t task, uint64_t by, uint64_t site, uint16_t worker)
{
    (void)context;
    (void)task;
    (void)by;
    (void)site;
    (void)worker;
    if (hooked)
        VERDICT(weft_scope_cancel(hooked) == 0);
}

struct one {
    weft_frame weft;
    weft_scope scope;
    struct tally tally;
};

static weft_poll one(weft_context *cx, struct one *self)
{
    WEFT_BEGIN(cx, self);
    self->tally.magic = 0xC0FFEE;
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    hooked = &self->scope;
    VERDICT(weft_task_error(weft_spawn(&self->scope, member, .tally = &self->tally, .turns = -1)) == 0);
    hooked = NULL;
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(atomic_load(&self->tally.ended));
}

static void scope_cancelled_in_the_middle_of_a_spawn_reaches_the_task(void **state)
{
    (void)state;
    weft_hooks_handle handle;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.task_spawn = hook_cancel), &handle), 0);
    assert_int_equal(run(weft_spawn_joinable(weft_runtime_scope(rt), one)), 1);
    assert_int_equal(weft_hooks_remove(handle), 0);
    verdict_assert();
}

/* Scopes within tasks within scopes; each level counts what ended below it. */
enum { DEPTH = 5, WIDTH = 4 };
static _Atomic int tree_begun, tree_ended;

struct tree {
    weft_frame weft;
    weft_scope scope;
    _Atomic int *parent_children;
    _Atomic int children;
    int depth, i;
    bool forever;
};

static weft_poll tree(weft_context *cx, struct tree *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(&tree_begun, 1);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    if (self->depth > 0)
        for (self->i = 0; self->i < WIDTH; self->i++)
            if (weft_task_error(weft_spawn(&self->scope, tree, .depth = self->depth - 1, .forever = self->forever,
                                           .parent_children = &self->children)) == 0)
                atomic_fetch_add(&self->children, 1);
    while (self->forever && self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(atomic_load(&self->children) == 0); /* they have all gone before */
    if (self->parent_children)
        atomic_fetch_sub(self->parent_children, 1);
    atomic_fetch_add(&tree_ended, 1);
    WEFT_END(0);
}

static void scopes_nested_end_from_the_leaves(void **state)
{
    (void)state;
    for (uint64_t round = stress_scale(10); round > 0; round--) {
        atomic_store(&tree_begun, 0);
        atomic_store(&tree_ended, 0);
        assert_int_equal(run(weft_spawn_joinable(weft_runtime_scope(rt), tree, .depth = DEPTH)), 0);
        assert_int_equal(atomic_load(&tree_begun), 1 + 4 + 16 + 64 + 256 + 1024);
        assert_int_equal(atomic_load(&tree_ended), atomic_load(&tree_begun));
    }
    verdict_assert();
}

static void scopes_nested_are_cancelled_down_to_the_leaves(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(0);
    for (uint64_t round = stress_scale(20); round > 0; round--) {
        atomic_store(&tree_begun, 0);
        atomic_store(&tree_ended, 0);
        weft_task root = weft_spawn_joinable(weft_runtime_scope(rt), tree, .depth = DEPTH, .forever = true);
        const int wanted = (int)weft__rng_below(&rng, 1000); /* in the middle of its growth */
        while (atomic_load(&tree_begun) < wanted)
            sched_yield();
        assert_int_equal(weft_task_cancel(root), 0);
        run(root);
        assert_int_equal(atomic_load(&tree_ended), atomic_load(&tree_begun));
    }
    verdict_assert();
}

/* By the hundred they fail at once; the first failure cancels the rest and is the result. */
struct storm {
    weft_frame weft;
    weft_scope scope;
    struct tally tally;
    weft_policy policy;
    int i;
};

static weft_poll storm(weft_context *cx, struct storm *self)
{
    WEFT_BEGIN(cx, self);
    self->tally.magic = 0xC0FFEE;
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.policy = self->policy)) == 0);
    for (self->i = 0; self->i < 300; self->i++) {
        const bool patient = self->policy != WEFT_COLLECT_ALL && self->i % 3 == 0;
        (void)weft_spawn(&self->scope, member, .tally = &self->tally, .turns = patient ? -1 : self->i % 4,
                         .result = self->policy == WEFT_FIRST_SUCCESS ? 1000 + self->i : -1000 - self->i);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(atomic_load(&self->tally.begun) == atomic_load(&self->tally.ended));
    self->tally.magic = 0xDEAD;
    WEFT_END(self->weft.rc);
}

static void scope_storms_end_with_one_of_the_results(void **state)
{
    (void)state;
    weft_task storms[24];
    for (uint64_t round = stress_scale(30); round > 0; round--) {
        for (int i = 0; i < 24; i++)
            storms[i] = weft_spawn_joinable(weft_runtime_scope(rt), storm, .policy = (weft_policy)(i % 3));
        for (int i = 0; i < 24; i++) {
            const int result = run(storms[i]);
            if (i % 3 == WEFT_FIRST_SUCCESS)
                assert_in_range(result, 1000, 1299);
            else
                assert_in_range(-result, 1000, 1299);
        }
        verdict_assert();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_cancelled_while_spawning_waits_for_all),
        cmocka_unit_test(scope_cancelled_in_the_middle_of_a_spawn_reaches_the_task),
        cmocka_unit_test(scopes_nested_end_from_the_leaves),
        cmocka_unit_test(scopes_nested_are_cancelled_down_to_the_leaves),
        cmocka_unit_test(scope_storms_end_with_one_of_the_results),
    };
    return cmocka_run_group_tests(tests, scope_begin, scope_end);
}
