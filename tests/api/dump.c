/* SPDX-License-Identifier: MIT */
/* weft_task_dump(): who waits, where, for what, and who is at the other end. */
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>

WEFT_CHANNEL_DEFINE(ints, int)

struct inner { weft_frame weft; ints_sender *out; int i; };

static weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 3; self->i++) {
        WEFT_AWAIT(self->weft.rc, ints_send(cx, self->out, self->i));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    WEFT_END(0);
}

struct outer { weft_frame weft; ints_sender out; struct inner inner; };

static weft_poll outer(weft_context *cx, struct outer *self)
{
    WEFT_BEGIN(cx, self);
    self->inner.out = &self->out;
    WEFT_CALL(self->weft.rc, inner, &self->inner);
    ints_sender_close(&self->out);
    WEFT_END(0);
}

struct reader { weft_frame weft; ints_receiver in; int value; };

static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, ints_recv(cx, &self->in, &self->value));
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    ints_receiver_close(&self->in);
    WEFT_END(0);
}

struct world { weft_runtime *rt; weft_task sender, reader; };

/* A sender that is stuck two calls deep behind a reader that sleeps for ever. */
static void world_open(struct world *w)
{
    ints_sender out;
    ints_receiver in;
    assert_int_equal(weft_runtime_create(&w->rt, WEFT_RUNTIME_OPTIONS(.name = "dumped", .worker_threads = 2)), 0);
    assert_int_equal(ints_create(w->rt, WEFT_CHANNEL_OPTIONS(.name = "too \"small\"", .capacity = 1), &out, &in), 0);
    weft_scope *root = weft_runtime_scope(w->rt);
    w->reader = weft_spawn_as(root, WEFT_TASK("sleepy\nreader"), reader, .in = in);
    w->sender = weft_spawn_as(root, WEFT_TASK("stuck"), outer, .out = out);
    world_until_waiting(w->rt, 2); /* no state to wait for but the one that is looked at */
}

static void world_close(struct world *w)
{
    assert_int_equal(weft_runtime_destroy(w->rt), 0);
}

static void dump_text_shows_the_chain_and_the_other_end(void **state)
{
    (void)state;
    static struct text text;
    text.length = 0;
    struct world w;
    world_open(&w);
    assert_int_equal(weft_task_dump(w.rt, WEFT_DUMP_TEXT, text_append, &text), 0);
    world_close(&w);
    char other[64];
    snprintf(other, sizeof other, "at the other end: task %llu", (unsigned long long)w.reader.id);
    assert_non_null(strstr(text.bytes, "runtime 'dumped'"));
    assert_non_null(strstr(text.bytes, "'stuck' waiting"));
    const char *at_inner = strstr(text.bytes, "at inner, "), *at_outer = strstr(text.bytes, "at outer, ");
    assert_non_null(at_inner);
    assert_non_null(at_outer);
    assert_true(at_inner < at_outer); /* as a backtrace: the innermost first */
    assert_non_null(strstr(text.bytes, "waits for room in channel 'too \"small\"'"));
    assert_non_null(strstr(text.bytes, other));
    assert_non_null(strstr(text.bytes, "waits for a time, for "));
}

/* scenario 52 */
static void dump_json_escapes_names(void **state)
{
    (void)state;
    static struct text text;
    text.length = 0;
    struct world w;
    world_open(&w);
    assert_int_equal(weft_task_dump(w.rt, WEFT_DUMP_JSON, text_append, &text), 0);
    world_close(&w);
    assert_non_null(strstr(text.bytes, "\"name\":\"sleepy\\u000areader\""));
    assert_non_null(strstr(text.bytes, "\"name\":\"too \\\"small\\\"\""));
    assert_non_null(strstr(text.bytes, "\"function\":\"inner\""));
}

static void dump_leaves_the_tasks_as_they_were(void **state)
{
    (void)state;
    static struct text text;
    weft_runtime *rt;
    ints_sender out;
    ints_receiver in;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)), 0);
    assert_int_equal(ints_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in), 0);
    weft_spawn(weft_runtime_scope(rt), outer, .out = out);
    int received = 0;
    for (int value; ints_try_recv(&in, &value) != WEFT_EPIPE;) { /* a woken task that is held runs right after */
        text.length = 0;
        assert_int_equal(weft_task_dump(rt, WEFT_DUMP_JSON, text_append, &text), 0);
        received++;
    }
    assert_true(received >= 3);
    ints_receiver_close(&in);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

static int stop_at_once(void *context, const char *bytes, size_t length)
{
    (void)bytes;
    (void)length;
    ++*(int *)context;
    return 7;
}

static void dump_refuses_and_stops(void **state)
{
    (void)state;
    struct text *none = NULL;
    int calls = 0;
    struct world w;
    world_open(&w);
    assert_int_equal(weft_task_dump(NULL, WEFT_DUMP_TEXT, text_append, none), WEFT_EINVAL);
    assert_int_equal(weft_task_dump(w.rt, WEFT_DUMP_TEXT, NULL, none), WEFT_EINVAL);
    assert_int_equal(weft_task_dump(w.rt, (weft_dump_format)2, text_append, none), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_task_dump"));
    assert_int_equal(weft_task_dump(w.rt, WEFT_DUMP_JSON, stop_at_once, &calls), 7);
    assert_int_equal(calls, 1);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump_text_shows_the_chain_and_the_other_end),
        cmocka_unit_test(dump_json_escapes_names),
        cmocka_unit_test(dump_leaves_the_tasks_as_they_were),
        cmocka_unit_test(dump_refuses_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
