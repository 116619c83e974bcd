/* SPDX-License-Identifier: MIT */
/* Tasks with names are spans, with the right parents, across spawns, messages and processes; and so are blocks. */
#include "otlp/lib/collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <weft/blocking.h>
#include <weft/oneshot.h>

static weft_otlp *otlp;
static weft_runtime *rt;

static const char remote[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
static const char remote_unsampled[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

static void begin_with(weft_otlp_options *options)
{
    collector_begin(NULL);
    otlp = collector_start(options);
    rt = world_begin(2);
}

static void begin(void)
{
    begin_with(&(weft_otlp_options){.metrics_off = true});
}

/* All spans that there were; the list is the caller's. */
static json_t *finish(void)
{
    world_settle(rt);
    world_end(rt, -1);
    collector_flush(otlp);
    json_t *spans = collector_spans();
    return spans;
}

static void end(json_t *spans)
{
    json_decref(spans);
    collector_stop(otlp);
    assert_int_equal(weft_otlp_context_set(NULL), 0);
    collector_end();
}

static void host_works_for(const char *traceparent, const char *tracestate)
{
    weft_otlp_context context;
    assert_int_equal(weft_otlp_context_parse(traceparent, tracestate, &context), 0);
    assert_int_equal(weft_otlp_context_set(&context), 0);
}

struct parent {
    weft_frame weft;
    weft_scope scope;
    int result;
};

static weft_poll parent(weft_context *cx, struct parent *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "pair", .policy = WEFT_COLLECT_ALL)));
    weft_spawn_as(&self->scope, WEFT_TASK("good child", .category = WEFT_HANDLER), ender, .result = 5);
    weft_spawn_as(&self->scope, WEFT_TASK("bad child"), ender, .result = WEFT_EPIPE);
    weft_spawn(&self->scope, ender, .result = 0); /* has no name: no span */
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->result);
}

static void span_of_a_named_task_says_what_it_was(void **state)
{
    (void)state;
    begin();
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("family"), parent, .result = 3);
    json_t *spans = finish();
    assert_int_equal(json_array_size(spans), 3);
    const json_t *root = collector_named(spans, "family"), *good = collector_named(spans, "good child"),
                 *bad = collector_named(spans, "bad child");
    assert_int_equal(strlen(collector_text(root, "traceId")), 32);
    assert_int_equal(strlen(collector_text(root, "spanId")), 16);
    assert_string_equal(collector_text(root, "parentSpanId"), "");
    assert_string_equal(collector_text(good, "parentSpanId"), collector_text(root, "spanId"));
    assert_string_equal(collector_text(good, "traceId"), collector_text(root, "traceId"));
    assert_string_equal(collector_text(bad, "parentSpanId"), collector_text(root, "spanId"));
    assert_string_not_equal(collector_text(good, "spanId"), collector_text(bad, "spanId"));
    assert_string_equal(collector_attribute(good, "weft.scope"), "pair");
    assert_string_equal(collector_attribute(good, "weft.task.category"), "handler");
    assert_string_equal(collector_attribute(good, "weft.task.result"), "5");
    assert_string_equal(collector_attribute(good, "weft.task.polls"), "1");
    assert_string_equal(collector_attribute(good, "weft.task.name"), "good child");
    assert_string_equal(collector_attribute(good, "code.function.name"), "parent");
    assert_non_null(strstr(collector_attribute(good, "code.file.path"), "spans.c"));
    assert_true(atoi(collector_attribute(good, "code.line.number")) > 0);
    assert_true(strtoull(collector_attribute(root, "weft.task.busy_ns"), NULL, 10) > 0);
    assert_string_equal(collector_attribute(root, "weft.task.parent"), "");
    assert_string_not_equal(collector_attribute(good, "weft.task.parent"), "");
    assert_true(strtoull(collector_text(root, "startTimeUnixNano"), NULL, 10) <= strtoull(collector_text(good, "startTimeUnixNano"), NULL, 10));
    assert_true(strtoull(collector_text(root, "endTimeUnixNano"), NULL, 10) >= strtoull(collector_text(root, "startTimeUnixNano"), NULL, 10));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(good, "status"), "code")), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(bad, "status"), "code")), 2);
    assert_string_equal(collector_text(json_object_get(bad, "status"), "message"), "WEFT_EPIPE");
    end(spans);
}

static void span_is_a_child_of_what_came_from_outside(void **state)
{
    (void)state;
    weft_otlp_context context;
    begin();
    assert_int_equal(weft_otlp_context_current(&context), WEFT_ENOENT);
    host_works_for(remote, "vendor=1,other=2");
    assert_int_equal(weft_otlp_context_current(&context), 0);
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    assert_int_equal(weft_otlp_context_format(&context, text), 0);
    assert_string_equal(text, remote);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("request"), ender, .result = 0);
    json_t *spans = finish();
    const json_t *span = collector_named(spans, "request");
    assert_string_equal(collector_text(span, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(collector_text(span, "parentSpanId"), "00f067aa0ba902b7");
    assert_string_equal(collector_text(span, "traceState"), "vendor=1,other=2");
    assert_int_equal(json_integer_value(json_object_get(span, "flags")), 0x301);
    end(spans);
}

struct asks {
    weft_frame weft;
    weft_otlp_context *context;
};

static weft_poll asks(weft_context *cx, struct asks *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_otlp_context_current(self->context) < 0)
        WEFT_RETURN(WEFT_ENOENT);
    WEFT_END(0);
}

static void span_that_is_not_sampled_goes_on_as_a_context(void **state)
{
    (void)state;
    weft_otlp_context context = {.flags = 9};
    begin();
    host_works_for(remote_unsampled, NULL);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("unsampled"), asks, .context = &context);
    json_t *spans = finish();
    assert_int_equal(json_array_size(spans), 0);
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    assert_int_equal(weft_otlp_context_format(&context, text), 0);
    assert_memory_equal(text, remote_unsampled, 36); /* the same trace, another span */
    assert_int_equal(context.flags, 0);
    end(spans);
}

static void sampler_takes_about_its_share(void **state)
{
    (void)state;
    enum { TASKS = 2000 };
    begin_with(&(weft_otlp_options){.metrics_off = true, .sampler = "traceidratio", .sampler_argument = "0.25", .queue_max = TASKS});
    for (int i = 0; i < TASKS; i++)
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("maybe"), ender, .result = 0);
    json_t *spans = finish();
    const size_t count = json_array_size(spans);
    assert_in_range(count, TASKS / 4 - 120, TASKS / 4 + 120); /* six standard deviations */
    end(spans);
}

static void sampler_that_is_off_takes_none(void **state)
{
    (void)state;
    begin_with(&(weft_otlp_options){.metrics_off = true, .sampler = "parentbased_always_off"});
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("none"), ender, .result = 0);
    host_works_for(remote, NULL); /* the parent decides */
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("one"), ender, .result = 0);
    json_t *spans = finish();
    assert_int_equal(json_array_size(spans), 1);
    end(spans);
}

static void spans_of_all_tasks_or_of_none(void **state)
{
    (void)state;
    begin_with(&(weft_otlp_options){.metrics_off = true, .tasks = WEFT_OTLP_TASKS_ALL});
    weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    json_t *spans = finish();
    assert_int_equal(json_array_size(spans), 1);
    collector_named(spans, "ender");
    end(spans);
    begin_with(&(weft_otlp_options){.metrics_off = true, .tasks = WEFT_OTLP_TASKS_NONE});
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("none"), ender, .result = 0);
    spans = finish();
    assert_int_equal(json_array_size(spans), 0);
    end(spans);
}

static void span_of_a_cancelled_task_says_why(void **state)
{
    (void)state;
    atomic_uint polls = 0, leave = 0;
    begin();
    const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("cancelled"), parked, .polls = &polls, .leave = &leave,
                                         .result = WEFT_ECANCELED);
    WORLD_UNTIL(polls > 0);
    weft_task_cancel(task);
    json_t *spans = finish();
    const json_t *span = collector_named(spans, "cancelled");
    assert_string_equal(collector_attribute(span, "weft.task.cancelled"), "user");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(span, "status"), "code")), 0);
    end(spans);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

struct server {
    weft_frame weft;
    numbers_receiver in;
    uint64_t value;
};

static weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(self->value == 1 ? "work one" : "work two"), ender, .result = 0);
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void span_follows_a_message(void **state)
{
    (void)state;
    begin();
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("server"), server, .in = in);
    numbers_sender to;
    assert_int_equal(numbers_sender_clone(&out, &to), 0);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("client"), pusher, .out = to, .from = 1, .count = 1);
    WORLD_UNTIL(world_live(rt) <= 1);
    host_works_for(remote, NULL);
    assert_int_equal(numbers_send_blocking(&out, 2, WEFT_FOREVER), 0);
    numbers_sender_close(&out);
    json_t *spans = finish();
    const json_t *client = collector_named(spans, "client"), *one = collector_named(spans, "work one"), *two = collector_named(spans, "work two");
    assert_string_equal(collector_text(one, "traceId"), collector_text(client, "traceId"));
    assert_string_equal(collector_text(one, "parentSpanId"), collector_text(client, "spanId"));
    assert_string_equal(collector_text(two, "parentSpanId"), "00f067aa0ba902b7");
    assert_string_not_equal(collector_text(collector_named(spans, "server"), "traceId"), collector_text(client, "traceId"));
    end(spans);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

struct charge {
    weft_frame weft;
    weft_otlp_span span;
    bool early;
};

/* A step whose block ends with its last line, or with a WEFT_RETURN in it. */
static weft_poll charge(weft_context *cx, struct charge *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_SPAN(&self->span, self->early ? "charge early" : "charge") {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        weft_otlp_span_set(weft_otlp_integer("cents", 1250));
        if (self->early)
            WEFT_RETURN(1);
    }
    WEFT_END(0);
}

struct order {
    weft_frame weft;
    weft_otlp_span span, inner;
    struct charge charge, early;
    int i;
};

static void note_packed(void)
{
    const weft_otlp_attribute attributes[] = {weft_otlp_integer("items", 3)};
    weft_otlp_span_event("packed", attributes, 1);
}

static weft_poll order(weft_context *cx, struct order *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_SPAN(&self->span, "order") {
        weft_otlp_span_set(weft_otlp_text("customer", "Ada \xff"));
        weft_otlp_span_set(weft_otlp_number("weight", 1.5));
        weft_otlp_span_set(weft_otlp_flag("gift", true));
        weft_otlp_span_set(weft_otlp_text("customer", "Ada"));
        note_packed();
        WEFT_CALL(self->weft.rc, charge, &self->charge);
        self->early.early = true;
        WEFT_CALL(self->weft.rc, charge, &self->early);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("mail"), ender, .result = 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    for (self->i = 0; self->i < 3; self->i++)
        WEFT_SPAN(&self->inner, self->i == 0 ? "broken off" : self->i == 1 ? "gone on" : "failed") {
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
            if (self->i == 0)
                break; /* leaves the block */
            if (self->i == 1)
                continue;
            weft_otlp_span_fail("no stock");
        }
    WEFT_SPAN(&self->inner, "left behind") {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        goto out;
    }
out:;
    WEFT_END(0);
}

static void span_of_a_block_is_over_its_awaits_and_ends_on_every_way_out(void **state)
{
    (void)state;
    begin();
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("task"), order, .i = 0);
    json_t *spans = finish();
    const json_t *task = collector_named(spans, "task"), *it = collector_named(spans, "order");
    assert_int_equal(json_array_size(spans), 9);
    assert_string_equal(collector_text(it, "parentSpanId"), collector_text(task, "spanId"));
    const char *const inside[] = {"charge", "charge early", "mail"}, *const after[] = {"broken off", "gone on", "failed", "left behind"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(collector_text(collector_named(spans, inside[i]), "parentSpanId"), collector_text(it, "spanId"));
    for (int i = 0; i < 4; i++)
        assert_string_equal(collector_text(collector_named(spans, after[i]), "parentSpanId"), collector_text(task, "spanId"));
    assert_string_equal(collector_attribute(it, "customer"), "Ada");
    assert_string_equal(collector_attribute(it, "weight"), "1.5");
    assert_string_equal(collector_attribute(it, "gift"), "true");
    assert_string_equal(collector_attribute(it, "cents"), "");
    assert_string_equal(collector_attribute(collector_named(spans, "charge early"), "cents"), "1250");
    const json_t *event = json_array_get(json_object_get(it, "events"), 0);
    assert_string_equal(collector_text(event, "name"), "packed");
    assert_string_equal(collector_attribute(event, "items"), "3");
    const json_t *status = json_object_get(collector_named(spans, "failed"), "status");
    assert_int_equal(json_integer_value(json_object_get(status, "code")), 2);
    assert_string_equal(collector_text(status, "message"), "no stock");
    end(spans);
}

static void span_of_a_host_thread(void **state)
{
    (void)state;
    weft_otlp_span outer, inner;
    begin();
    weft_otlp_context linked;
    assert_int_equal(weft_otlp_context_parse(remote, NULL, &linked), 0);
    weft_otlp_span_begin(&outer, "outer", NULL);
    assert_int_equal(weft_otlp_correlate("order-17"), 0);
    weft_otlp_span_begin(&inner, "inner", NULL);
    weft_otlp_span_link(&linked);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("spawned"), ender, .result = 0);
    weft_otlp_span_end(&outer); /* and what was begun in it */
    weft_otlp_span_end(&inner);
    json_t *spans = finish();
    assert_int_equal(json_array_size(spans), 3);
    const json_t *spawned = collector_named(spans, "spawned"), *it = collector_named(spans, "inner");
    assert_string_equal(collector_text(spawned, "parentSpanId"), collector_text(it, "spanId"));
    assert_string_equal(collector_attribute(spawned, "correlation.id"), "order-17");
    assert_string_equal(collector_attribute(collector_named(spans, "outer"), "correlation.id"), "order-17");
    const json_t *link = json_array_get(json_object_get(it, "links"), 0);
    assert_string_equal(collector_text(link, "spanId"), "00f067aa0ba902b7");
    end(spans);
}

static void span_keeps_so_many_attributes_events_and_links(void **state)
{
    (void)state;
    weft_otlp_span span;
    weft_otlp_context linked;
    char key[16];
    begin();
    assert_int_equal(weft_otlp_context_parse(remote, NULL, &linked), 0);
    weft_otlp_span_begin(&span, NULL, NULL);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "key%d", i);
        weft_otlp_span_set(weft_otlp_integer(key, i));
        weft_otlp_span_event(key, NULL, 0);
        weft_otlp_span_link(&linked);
    }
    weft_otlp_span_set(weft_otlp_text(NULL, "x"));
    weft_otlp_span_event(NULL, NULL, 0);
    weft_otlp_span_end(&span);
    json_t *spans = finish();
    const json_t *it = collector_named(spans, "?");
    assert_int_equal(json_array_size(json_object_get(it, "attributes")), 128);
    assert_int_equal(json_integer_value(json_object_get(it, "droppedAttributesCount")), 73);
    assert_int_equal(json_array_size(json_object_get(it, "events")), 128);
    assert_int_equal(json_integer_value(json_object_get(it, "droppedEventsCount")), 72);
    assert_int_equal(json_array_size(json_object_get(it, "links")), 128);
    assert_int_equal(json_integer_value(json_object_get(it, "droppedLinksCount")), 72);
    end(spans);
}

static void spans_without_a_component_do_nothing(void **state)
{
    (void)state;
    weft_otlp_span span;
    weft_otlp_context context;
    weft_otlp_span_begin(&span, "nothing", NULL);
    assert_int_equal(span.weft__open, 1); /* the block runs all the same */
    weft_otlp_span_set(weft_otlp_integer("a", 1));
    weft_otlp_span_event("e", NULL, 0);
    weft_otlp_span_fail(NULL);
    weft_otlp_log(WEFT_OTLP_INFO, "nothing", NULL, 0);
    weft_otlp_span_end(&span);
    weft_otlp_span_end(NULL);
    weft_otlp_span_begin(NULL, NULL, NULL);
    assert_int_equal(weft_otlp_context_current(&context), WEFT_ENOENT);
    assert_int_equal(weft_otlp_correlate("x"), WEFT_ENOENT);
}

static int charges(void *argument)
{
    weft_otlp_span span;
    weft_oneshot_sender *answer = argument;
    const uint64_t value = 1;
    weft_otlp_span_begin(&span, "charge", NULL);
    const int sent = weft_oneshot_send(answer, &value);
    weft_otlp_span_end(&span);
    return sent;
}

struct orders {
    weft_frame weft;
    weft_job job;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    uint64_t value;
    int charged;
};

static weft_poll orders(weft_context *cx, struct orders *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->job, WEFT_JOB(charges, &self->out)));
    WEFT_AWAIT(self->weft.rc, weft_oneshot_recv(cx, &self->in, &self->value));
    weft_oneshot_receiver_close(&self->in);
    WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->job, &self->charged));
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("after"), ender, .result = 0);
    WEFT_END(self->charged);
}

static void span_of_a_job_is_a_child_of_its_submitters_and_an_answer_is_a_link(void **state)
{
    (void)state;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    begin();
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof(uint64_t), &out, &in), 0);
    host_works_for(remote, NULL);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("order"), orders, .out = out, .in = in);
    json_t *spans = finish();
    const json_t *order = collector_named(spans, "order"), *charge = collector_named(spans, "charge"),
                 *after = collector_named(spans, "after"), *links = json_object_get(order, "links");
    assert_string_equal(collector_text(order, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(collector_text(charge, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(collector_text(charge, "parentSpanId"), collector_text(order, "spanId"));
    assert_string_equal(collector_text(after, "parentSpanId"), collector_text(order, "spanId"));
    assert_int_equal(json_array_size(links), 1);
    assert_string_equal(collector_text(json_array_get(links, 0), "spanId"), collector_text(charge, "spanId"));
    end(spans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_without_a_component_do_nothing),
        cmocka_unit_test(span_of_a_named_task_says_what_it_was),
        cmocka_unit_test(span_is_a_child_of_what_came_from_outside),
        cmocka_unit_test(span_that_is_not_sampled_goes_on_as_a_context),
        cmocka_unit_test(sampler_takes_about_its_share),
        cmocka_unit_test(sampler_that_is_off_takes_none),
        cmocka_unit_test(spans_of_all_tasks_or_of_none),
        cmocka_unit_test(span_of_a_cancelled_task_says_why),
        cmocka_unit_test(span_follows_a_message),
        cmocka_unit_test(span_of_a_job_is_a_child_of_its_submitters_and_an_answer_is_a_link),
        cmocka_unit_test(span_of_a_block_is_over_its_awaits_and_ends_on_every_way_out),
        cmocka_unit_test(span_of_a_host_thread),
        cmocka_unit_test(span_keeps_so_many_attributes_events_and_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
