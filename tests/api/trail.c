/* SPDX-License-Identifier: MIT */
/*
 * Trails: what a task works on behalf of goes with what it spawns and what it sends, the tracer is asked where something
 * begins and ends, and no reference is lost on any way out.
 */
#include "api/marks.h"

/* --- before there is a tracer ------------------------------------------------------------------------------------- */

static void trail_without_a_tracer_is_refused(void **state)
{
    (void)state;
    weft_trail *trail = mark_new(1);
    assert_int_equal(weft_trail_set(trail), WEFT_ENOTCONN);
    assert_non_null(strstr(weft_error_detail(), "weft_tracer_set"));
    assert_int_equal(weft_trail_enter(trail), WEFT_ENOTCONN);
    assert_int_equal(weft_trail_enter(NULL), WEFT_EINVAL);
    assert_int_equal(weft_trail_leave(trail), WEFT_EINVAL);
    assert_null(weft_trail_current());
    weft_trail_unref(trail);
    assert_int_equal(marks_live, 0);
    weft_trail_unref(NULL);
    assert_null(weft_trail_ref(NULL));
    weft_trail_init(NULL, mark_free);
}

struct asker {
    weft_frame weft;
    atomic_int *set, *current;
    atomic_uint *go;
};

static weft_poll asker(weft_context *cx, struct asker *self)
{
    WEFT_BEGIN(cx, self);
    while (*self->go == 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    {
        weft_trail *mark = mark_new(5);
        *self->set = weft_trail_set(mark);
        weft_trail_unref(mark);
    }
    *self->current = mark_number(weft_trail_current());
    WEFT_END(0);
}

static void trail_of_a_task_that_is_older_than_the_tracer_is_refused(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_int set = 1, current = -1;
    atomic_uint go = 0;
    weft_spawn(weft_runtime_scope(rt), asker, .set = &set, .current = &current, .go = &go);
    tracer_begin(true);
    go = 1;
    world_settle(rt);
    assert_int_equal(set, WEFT_ENOTCONN);
    assert_int_equal(current, 0);
    assert_int_equal(told.ends, 0);
    world_end(rt, 1);
    tracer_end();
}

/* --- the tracer --------------------------------------------------------------------------------------------------- */

static void tracer_is_one(void **state)
{
    (void)state;
    assert_int_equal(weft_tracer_set(&(weft_tracer){.size = 8}), WEFT_EINVAL);
    tracer_begin(false);
    assert_int_equal(weft_tracer_set(WEFT_TRACER(.context = NULL)), WEFT_EBUSY);
    assert_int_equal(weft_tracer_set(NULL), 0);
    assert_int_equal(weft_tracer_set(NULL), 0);
    tracer_begin(false);
    tracer_end();
}

static weft_trail *begins_and_sets(void *context, weft_trail *current, const weft_trail_birth *birth)
{
    (void)birth;
    *(int *)context = weft_tracer_set(NULL);
    return weft_trail_ref(current);
}

static void tracer_that_would_wait_for_itself_is_refused(void **state)
{
    (void)state;
    int answer = 1;
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_tracer_set(WEFT_TRACER(.context = &answer, .task_begins = begins_and_sets)), 0);
    weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    assert_int_equal(answer, WEFT_EDEADLK);
    world_end(rt, 1);
    tracer_end();
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

struct family {
    weft_frame weft;
    int depth;
    weft_scope scope;
    atomic_int *numbers; /* what each generation works for */
};

static weft_poll family(weft_context *cx, struct family *self)
{
    WEFT_BEGIN(cx, self);
    self->numbers[self->depth] = mark_number(weft_trail_current());
    if (self->depth > 0) {
        WEFT_AWAIT(self->weft.rc, weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = self->depth == 2 ? "outer" : "inner")));
        weft_spawn_as(&self->scope, WEFT_TASK("child"), family, .depth = self->depth - 1, .numbers = self->numbers);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    }
    WEFT_END(7);
}

static void trail_goes_with_what_is_spawned(void **state)
{
    (void)state;
    atomic_int numbers[3] = {0};
    tracer_begin(false);
    weft_runtime *rt = world_begin(2);
    host_works_for(42);
    weft_spawn(weft_runtime_scope(rt), family, .depth = 2, .numbers = numbers);
    world_settle(rt);
    for (int i = 0; i < 3; i++)
        assert_int_equal(numbers[i], 42);
    assert_int_equal(told.begins, 3);
    assert_int_equal(told.ends, 3);
    assert_string_equal(told.name, "child");
    assert_true(told.named);
    assert_string_equal(told.scope, "outer/inner");
    assert_string_equal(told.runtime, weft_runtime_name(rt));
    assert_int_not_equal(told.parent, 0);
    world_end(rt, 3);
    tracer_end();
}

static void trail_of_its_own_is_what_a_task_hands_on(void **state)
{
    (void)state;
    atomic_int numbers[3] = {0};
    tracer_begin(true);
    weft_runtime *rt = world_begin(2);
    host_works_for(1);
    weft_spawn(weft_runtime_scope(rt), family, .depth = 2, .numbers = numbers);
    world_settle(rt);
    assert_int_equal(numbers[2], 1001);
    assert_int_equal(numbers[1], 2001);
    assert_int_equal(numbers[0], 3001);
    assert_int_equal(told.spawner, 2001);
    assert_int_equal(told.end.result, 7);
    assert_true(told.end.polls > 0);
    world_end(rt, 3);
    tracer_end();
}

struct busy {
    weft_frame weft;
    int i;
};

static weft_poll busy(weft_context *cx, struct busy *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 3; self->i++) {
        for (const int64_t begun = weft_clock(); weft_clock() - begun < 1000000;)
            ;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

static void trail_that_is_timed_has_the_time_of_all_polls(void **state)
{
    (void)state;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    weft_spawn(weft_runtime_scope(rt), busy, .i = 0);
    world_settle(rt);
    assert_true(told.end.busy_ns >= 3000000);
    assert_int_equal(told.end.polls, 4);
    world_end(rt, 1);
    tracer_end();
}

static void trail_of_a_cancelled_task_ends_with_the_reason(void **state)
{
    (void)state;
    atomic_uint polls = 0, leave = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), parked, .polls = &polls, .leave = &leave, .result = WEFT_ECANCELED);
    WORLD_UNTIL(polls > 0);
    assert_int_equal(weft_task_cancel(task), 0);
    world_settle(rt);
    assert_int_equal(told.end.cancelled, WEFT_REASON_USER);
    assert_int_equal(told.end.result, WEFT_ECANCELED);
    world_end(rt, 1);
    tracer_end();
}

struct refused {
    weft_frame weft;
    weft_scope scope;
    atomic_int *error;
};

static weft_poll refused(weft_context *cx, struct refused *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_scope_open(cx, &self->scope, NULL));
    weft_scope_cancel(&self->scope);
    *self->error = weft_task_error(weft_spawn(&self->scope, ender, .result = 0));
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

static void trail_of_a_spawn_that_fails_is_given_back(void **state)
{
    (void)state;
    atomic_int error = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    weft_spawn(weft_runtime_scope(rt), refused, .error = &error);
    world_settle(rt);
    assert_int_equal(error, WEFT_ECANCELED);
    assert_int_equal(told.begins, 2);
    assert_int_equal(told.ends, 1); /* of the other there was nothing to end */
    world_end(rt, 1);
    tracer_end();
}

static void *host_thread(void *argument)
{
    (void)argument;
    weft_trail *trail = mark_new(9);
    const int error = weft_trail_set(trail);
    weft_trail_unref(trail);
    return (void *)(intptr_t)error;
}

static void trail_of_a_host_thread_ends_with_it(void **state)
{
    (void)state;
    pthread_t thread;
    void *error;
    tracer_begin(false);
    assert_int_equal(pthread_create(&thread, NULL, host_thread, NULL), 0);
    pthread_join(thread, &error);
    assert_null(error);
    assert_int_equal(marks_live, 0);
    tracer_end();
}

/* --- parts of a task's code --------------------------------------------------------------------------------------- */

struct inner {
    weft_frame weft;
};

struct outer {
    weft_frame weft;
    struct inner inner;
    atomic_int *inside, *after, *entered;
};

static weft_trail *enter(const weft_frame *frame, int number)
{
    struct mark *mark = (struct mark *)(void *)mark_new(number);
    mark->frame = frame;
    mark->under = weft_trail_current();
    if (weft_trail_enter(&mark->trail) < 0)
        abort();
    weft_trail_unref(&mark->trail);
    return &mark->trail;
}

static weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    enter(&self->weft, 77);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->weft.rc == 0)
        WEFT_RETURN(mark_number(weft_trail_current()));
    WEFT_END(0);
}

static weft_poll outer(weft_context *cx, struct outer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_CALL(self->weft.rc, inner, &self->inner);
    *self->inside = self->weft.rc;
    *self->after = mark_number(weft_trail_current());
    enter(&self->weft, 88);
    *self->entered = weft_trail_set(NULL);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static void trail_that_was_entered_is_told_of_when_its_step_returns(void **state)
{
    (void)state;
    atomic_int inside = 0, after = 0, entered = 0;
    tracer_begin(false);
    weft_runtime *rt = world_begin(1);
    host_works_for(3);
    weft_spawn(weft_runtime_scope(rt), outer, .inside = &inside, .after = &after, .entered = &entered);
    world_settle(rt);
    assert_int_equal(inside, 77);
    assert_int_equal(after, 3);
    assert_int_equal(entered, WEFT_EBUSY);
    assert_int_equal(told.returns, 1);
    world_end(rt, 1);
    tracer_end();
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

struct reader {
    weft_frame weft;
    numbers_receiver in;
    uint64_t value;
    int i;
    atomic_int *seen; /* what it works for after each message */
};

static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->seen[self->i++] = mark_number(weft_trail_current());
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void trail_goes_with_a_message(void **state)
{
    (void)state;
    atomic_int seen[4] = {0};
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    host_works_for(20); /* the reader's own is 1020 */
    weft_spawn(weft_runtime_scope(rt), reader, .in = in, .seen = seen);
    host_works_for(30);
    assert_int_equal(numbers_send_blocking(&out, 1, WEFT_FOREVER), 0);
    host_works_for(40);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    assert_int_equal(weft_trail_set(NULL), 0);
    assert_int_equal(numbers_send_blocking(&out, 3, WEFT_FOREVER), 0);
    numbers_sender_close(&out);
    world_settle(rt);
    assert_int_equal(seen[0], 30);
    assert_int_equal(seen[1], 40);
    assert_int_equal(seen[2], 1020); /* sent on behalf of nothing: its own again */
    assert_int_equal(told.mentions, 0);
    world_end(rt, 1);
    tracer_end();
}

struct batch {
    weft_frame weft;
    numbers_receiver in;
    uint64_t values[40];
    atomic_int *seen, *count;
};

static weft_poll batch(weft_context *cx, struct batch *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_channel_recv_many(cx, &self->in.weft, self->values, 40));
    *self->count = self->weft.rc;
    *self->seen = mark_number(weft_trail_current());
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void batch_is_mentioned(weft_overflow overflow, unsigned count, unsigned expected)
{
    atomic_int seen = 0, got = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 40, overflow, &out, &in);
    for (unsigned i = 0; i < count; i++) {
        host_works_for(100 + (int)i);
        assert_int_equal(numbers_try_send(&out, i), 0);
    }
    host_works_for(20);
    weft_spawn(weft_runtime_scope(rt), batch, .in = in, .seen = &seen, .count = &got);
    world_settle(rt);
    numbers_sender_close(&out);
    assert_int_equal(got, expected);
    assert_int_equal(seen, 1020);
    assert_int_equal(told.mentions, expected);
    for (unsigned i = 0; i < expected; i++)
        assert_int_equal(told.mentioned[i], 100 + i);
    world_end(rt, 1);
    tracer_end();
}

static void trails_of_several_messages_at_once_are_mentioned(void **state)
{
    (void)state;
    batch_is_mentioned(WEFT_WAIT, 3, 3);
    batch_is_mentioned(WEFT_WAIT, 40, 40);
    batch_is_mentioned(WEFT_DROP_OLDEST, 3, 3);
    batch_is_mentioned(WEFT_DROP_OLDEST, 40, 16); /* with a lock, so many at a time */
}

static void trails_of_messages_that_nobody_receives_are_given_back(void **state)
{
    (void)state;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    host_works_for(1);
    world_channel(rt, 2, WEFT_DROP_OLDEST, &out, &in);
    for (unsigned i = 0; i < 5; i++)
        assert_true(numbers_try_send(&out, i) >= 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_channel(rt, 2, WEFT_DROP_NEWEST, &out, &in);
    for (unsigned i = 0; i < 5; i++)
        assert_true(numbers_try_send(&out, i) >= 0);
    numbers_receiver_close(&in);
    assert_int_equal(numbers_try_send(&out, 9), WEFT_EPIPE);
    numbers_sender_close(&out);
    world_end(rt, 0);
    tracer_end();
}

static void trail_needs_a_channel_that_is_younger_than_the_tracer(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_sender out;
    weft_receiver in;
    struct { char bytes[16]; } with_room = {{0}}; /* its slots have eight bytes to spare */
    tracer_begin(true);
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.name = "spare", .capacity = 1), sizeof with_room, &out, &in), 0);
    host_works_for(6);
    assert_int_equal(weft_channel_try_send(&out, &with_room), 0);
    host_works_for(7);
    assert_int_equal(weft_channel_try_recv(&in, &with_room), 0);
    assert_int_equal(mark_number(weft_trail_current()), 6);
    weft_sender_close(&out);
    weft_receiver_close(&in);
    world_end(rt, 0);
    tracer_end();
}

/* Many senders and one reader, and channels that close in the middle of it. */
struct crowd {
    weft_frame weft;
    numbers_sender out;
    uint64_t i;
};

static weft_poll crowd(weft_context *cx, struct crowd *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 500; self->i++) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->i));
        if (self->weft.rc < 0)
            break;
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct leaver {
    weft_frame weft;
    numbers_receiver in;
    uint64_t value;
    int left;
};

static weft_poll leaver(weft_context *cx, struct leaver *self)
{
    WEFT_BEGIN(cx, self);
    while (self->left-- > 0) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void trails_are_not_lost_when_many_send_and_the_reader_leaves(void **state)
{
    (void)state;
    tracer_begin(true);
    weft_runtime *rt = world_begin(2);
    uint64_t seed = world_seed();
    int64_t spawned = 0;
    for (int round = 0; round < 40; round++) {
        numbers_sender out;
        numbers_receiver in;
        const weft_overflow overflow = round % 2 ? WEFT_DROP_OLDEST : WEFT_WAIT;
        world_channel(rt, 1 + world_random(&seed, 8), overflow, &out, &in);
        weft_spawn(weft_runtime_scope(rt), leaver, .in = in, .left = (int)world_random(&seed, 1500));
        for (int i = 0; i < 3; i++, spawned++) {
            numbers_sender clone;
            assert_int_equal(numbers_sender_clone(&out, &clone), 0);
            weft_spawn(weft_runtime_scope(rt), crowd, .out = clone);
        }
        numbers_sender_close(&out);
        spawned++;
    }
    world_end(rt, spawned);
    tracer_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trail_without_a_tracer_is_refused), /* first: what it looks at is over with the first tracer */
        cmocka_unit_test(trail_of_a_task_that_is_older_than_the_tracer_is_refused),
        cmocka_unit_test(tracer_is_one),
        cmocka_unit_test(tracer_that_would_wait_for_itself_is_refused),
        cmocka_unit_test(trail_goes_with_what_is_spawned),
        cmocka_unit_test(trail_of_its_own_is_what_a_task_hands_on),
        cmocka_unit_test(trail_that_is_timed_has_the_time_of_all_polls),
        cmocka_unit_test(trail_of_a_cancelled_task_ends_with_the_reason),
        cmocka_unit_test(trail_of_a_spawn_that_fails_is_given_back),
        cmocka_unit_test(trail_of_a_host_thread_ends_with_it),
        cmocka_unit_test(trail_that_was_entered_is_told_of_when_its_step_returns),
        cmocka_unit_test(trail_goes_with_a_message),
        cmocka_unit_test(trails_of_several_messages_at_once_are_mentioned),
        cmocka_unit_test(trails_of_messages_that_nobody_receives_are_given_back),
        cmocka_unit_test(trail_needs_a_channel_that_is_younger_than_the_tracer),
        cmocka_unit_test(trails_are_not_lost_when_many_send_and_the_reader_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
