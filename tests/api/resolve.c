/* SPDX-License-Identifier: MIT */
/* Names of machines: what <weft/resolve.h> says. */
#include "lib/pool.h"
#include "lib/scarcity.h"

static int run(weft_task task)
{
    int result = -1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    verdict_assert();
    return result;
}

struct names {
    weft_frame weft;
    weft_resolve_op op;
    const char *text;
    weft_address addresses[8];
    int count;
};

static weft_poll names(weft_context *cx, struct names *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->count, weft_resolve(cx, &self->op, self->text, self->addresses, 8));
    WEFT_END(self->count);
}

static int resolved(const char *text)
{
    return run(weft_spawn_joinable(weft_runtime_scope(rt), names, .text = text));
}

static void names_are_looked_up(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    assert_true(resolved("localhost:80") >= 1);
    assert_true(resolved("127.0.0.1:8080") == 1);
    assert_true(resolved("[::1]:8080") >= 0);
    assert_int_equal(resolved("localhost:no-such-service"), WEFT_ENOENT);
    const int code = resolved("no-such-machine.invalid:80");
    assert_true(code == WEFT_ENOENT || code == WEFT_EAGAIN); /* without a server that could know */
    assert_int_equal(resolved("no port"), WEFT_EINVAL);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), names, .text = "localhost:80");
    weft_task_cancel(task);
    const int cancelled = run(task);
    assert_true(cancelled == WEFT_ECANCELED || cancelled >= 1); /* before, or after */
    close_pool();
}

/* The system could not look: that is not to say that there is no such name. */
static void lookup_without_a_descriptor_says_so(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    assert_true(resolved("localhost:80") >= 1);
    struct scarcity scarcity;
    scarcity_begin(&scarcity);
    const int answer = resolved("localhost:80");
    scarcity_end(&scarcity);
    assert_int_equal(answer, WEFT_EMFILE);
    assert_true(resolved("localhost:80") >= 1);
    close_pool();
}

/* A lookup that has no answer, for certain, until the task opens the latch: the threads of the pool are held. */
struct limited {
    weft_frame weft;
    weft_resolve_op op;
    weft_resolve_future lookup;
    weft_sleep_future now;
    weft_timeout_state timeout;
    weft_select_state select;
    weft_address addresses[2];
    struct latch *leave;
    int again; /* times that it is waited for once more */
    bool close;
};

static weft_poll limited(weft_context *cx, struct limited *self)
{
    WEFT_BEGIN(cx, self);
    do {
        weft_resolve_begin(&self->lookup, &self->op, "127.0.0.1:80", self->addresses, 2);
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->lookup.future, 1000));
        VERDICT(self->weft.rc == WEFT_ETIMEDOUT);
        weft_sleep_begin(&self->now, 0);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->lookup.future, &self->now.future));
        VERDICT(self->weft.rc == 1);
    } while (self->again-- > 0);
    if (self->close) {
        weft_resolve_close(&self->op);
        weft_resolve_close(&self->op); /* does nothing */
        VERDICT(self->op.job.id == 0);
    }
    latch_up(self->leave);
    if (self->close) /* the same op, for another lookup */
        weft_resolve_begin(&self->lookup, &self->op, "127.0.0.2:81", self->addresses, 2);
    WEFT_AWAIT(self->weft.rc, weft_timeout_until(cx, &self->timeout, &self->lookup.future, WEFT_FOREVER));
    VERDICT(self->weft.rc == 1 && weft_address_port(&self->addresses[0]) == (self->close ? 81 : 80));
    weft_resolve_close(&self->op); /* nothing is left to give up */
    WEFT_END(self->weft.rc);
}

/* Is cancelled while it waits, and gives up what goes on; `plain` does so by itself. */
struct given_up {
    weft_frame weft;
    weft_resolve_op op;
    weft_resolve_future lookup;
    weft_select_state select;
    weft_address addresses[2];
    struct latch *leave;
    bool plain;
};

static weft_poll given_up(weft_context *cx, struct given_up *self)
{
    WEFT_BEGIN(cx, self);
    if (self->plain) {
        WEFT_AWAIT(self->weft.rc, weft_resolve(cx, &self->op, "127.0.0.1:80", self->addresses, 2));
    } else {
        weft_resolve_begin(&self->lookup, &self->op, "127.0.0.1:80", self->addresses, 2);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->lookup.future));
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED);
    VERDICT(!self->plain || self->op.job.id == 0);
    latch_up(self->leave);
    weft_resolve_close(&self->op);
    WEFT_END(self->weft.rc);
}

/* What is begun stands in the queue, or in line for a place in it. */
static void begin_held(struct plugs *plugs, bool full)
{
    open_pool(1, 1, 0);
    plug_pool(plugs, 1);
    if (full)
        assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_run, NULL)), 0);
}

static void names_have_limits_and_can_be_given_up(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 8; which++) {
        struct plugs plugs;
        begin_held(&plugs, which & 1);
        assert_int_equal(run(weft_spawn_joinable(weft_runtime_scope(rt), limited, .leave = &plugs.leave, .close = which & 2,
                                                 .again = which & 4 ? 3 : 0)), 1);
        unplug_pool(&plugs);
        close_pool();
    }
}

static void names_are_given_up_by_the_cancelled(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 4; which++) {
        struct plugs plugs;
        begin_held(&plugs, which & 1);
        const weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), given_up, .leave = &plugs.leave, .plain = which & 2);
        weft_task_info info = {.size = sizeof info};
        WORLD_UNTIL(weft_task_inspect(task, &info) == 0 && info.state == WEFT_TASK_WAITING);
        assert_int_equal(weft_task_cancel(task), 0);
        assert_int_equal(run(task), WEFT_ECANCELED);
        unplug_pool(&plugs);
        close_pool();
    }
}

static void lookup_that_is_none_is_refused(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    assert_int_equal(resolved(""), WEFT_EINVAL);
    assert_int_equal(resolved("localhost:"), WEFT_EINVAL);
    assert_int_equal(resolved(":80"), WEFT_EINVAL);
    weft_resolve_close(NULL);
    weft_resolve_close(&(weft_resolve_op){0});
    weft_resolve_begin(NULL, NULL, NULL, NULL, 0);
    close_pool();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_looked_up, reset, close_after),
        cmocka_unit_test_setup_teardown(lookup_without_a_descriptor_says_so, reset, close_after),
        cmocka_unit_test_setup_teardown(names_have_limits_and_can_be_given_up, reset, close_after),
        cmocka_unit_test_setup_teardown(names_are_given_up_by_the_cancelled, reset, close_after),
        cmocka_unit_test_setup_teardown(lookup_that_is_none_is_refused, reset, close_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
