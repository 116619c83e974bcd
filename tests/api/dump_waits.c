/* SPDX-License-Identifier: MIT */
/*
 * What a dump says of each kind of wait: on what, since when, until when, who is at the other end; in which scopes the
 * task is. And that its JSON is JSON, whatever names the host gives: Python's parser, which is strict, reads it.
 */
#include "lib/verdict.h"
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"

static struct text text;

static const char *dump(weft_runtime *rt, weft_dump_format format)
{
    text.length = text.pieces = 0;
    assert_int_equal(weft_task_dump(rt, format, text_append, &text), 0);
    return text.bytes;
}

/* Python reads the dump as UTF-8 and as JSON, and evaluates a condition on it; the test fails if it does not hold. */
static void assert_json(const char *condition)
{
    char command[1024];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c 'import json, sys\n"
             "d = json.loads(sys.stdin.buffer.read().decode(\"utf-8\"))\n"
             "t = {x[\"name\"]: x for x in d[\"tasks\"]}\n"
             "sys.exit(0 if (%s) else 1)'",
             condition);
    FILE *python = popen(command, "w");
    assert_non_null(python);
    assert_int_equal(fwrite(text.bytes, 1, text.length, python), text.length);
    if (pclose(python) != 0)
        fail_msg("the dump is no JSON, or not: %s\n%s", condition, text.bytes);
}

/* Everything that somebody may wait for here. */
static struct things {
    weft_mutex mutex, held_by_thread;
    weft_semaphore permits;
    weft_rwlock rwlock;
    weft_notify leave;
    weft_oneshot_sender reply;
    numbers_sender out;
    weft_task holder;
    struct latch entered, let_go;
    atomic_uint held;
} things;

enum wait_kind {
    WAIT_MUTEX,
    WAIT_THREAD,
    WAIT_PERMITS,
    WAIT_WRITE,
    WAIT_JOIN,
    WAIT_TIME,
    WAIT_FOR_EVER,
    WAIT_JOB,
    WAIT_SELECT,
    WAIT_CLOSED,
    WAIT_KINDS
};

static const char *const kind_names[WAIT_KINDS] = {"mutex",    "thread", "permits", "write",  "join",
                                                   "time",     "for ever",       "job",     "select", "closed"};

/* Takes what the others want, and keeps it until all may leave. */
struct holder { weft_frame weft; };

static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &things.mutex));
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &things.permits, 2));
    WEFT_AWAIT(self->weft.rc, weft_rwlock_read(cx, &things.rwlock));
    atomic_store(&things.held, 1);
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &things.leave));
    weft_mutex_unlock(&things.mutex);
    weft_semaphore_release(&things.permits, 2);
    weft_rwlock_read_unlock(&things.rwlock);
    WEFT_END(0);
}

static int gate(void *argument)
{
    (void)argument;
    latch_up(&things.entered);
    latch_wait(&things.let_go, 1);
    return 0;
}

/* Waits in one way, until it is cancelled or gets it. */
struct waiter {
    weft_frame weft;
    enum wait_kind kind;
    weft_job job;
    weft_task joined;
    weft_select_state select;
    weft_recv_future recv;
    weft_sleep_future sleep;
    weft_mutex_future lock;
    numbers_receiver in;
    uint64_t number;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    if (self->kind == WAIT_MUTEX)
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &things.mutex));
    if (self->kind == WAIT_MUTEX && self->weft.rc == 0)
        weft_mutex_unlock(&things.mutex);
    if (self->kind == WAIT_THREAD)
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &things.held_by_thread));
    if (self->kind == WAIT_PERMITS)
        WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &things.permits, 3));
    if (self->kind == WAIT_WRITE)
        WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &things.rwlock));
    if (self->kind == WAIT_JOIN)
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->joined, NULL));
    if (self->kind == WAIT_TIME)
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, INT64_C(3600) * 1000000000));
    if (self->kind == WAIT_FOR_EVER)
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    if (self->kind == WAIT_JOB)
        WEFT_AWAIT(self->weft.rc, weft_job_run(cx, &self->job, WEFT_JOB(gate, NULL, .name = "the \"gate\""), NULL));
    if (self->kind == WAIT_CLOSED)
        WEFT_AWAIT(self->weft.rc, weft_oneshot_closed(cx, &things.reply));
    if (self->kind == WAIT_SELECT) {
        numbers_recv_begin(&self->recv, &self->in, &self->number);
        weft_sleep_begin(&self->sleep, WEFT_FOREVER);
        weft_mutex_lock_begin(&self->lock, &things.held_by_thread);
        WEFT_AWAIT(self->weft.rc,
                   weft_select(cx, &self->select, &self->recv.future, &self->sleep.future, &self->lock.future));
        numbers_receiver_close(&self->in);
    }
    WEFT_END(self->weft.rc);
}

static weft_runtime *begin_things(void)
{
    weft_runtime *rt = world_begin(2);
    memset(&things, 0, sizeof things);
    things.entered = things.let_go = (struct latch)LATCH;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "door"), &things.mutex), 0);
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "gate"), &things.held_by_thread), 0);
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "seats", .permits = 3), &things.permits), 0);
    assert_int_equal(weft_rwlock_create(rt, NULL, &things.rwlock), 0);
    assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "leave"), &things.leave), 0);
    assert_int_equal(weft_mutex_try_lock(&things.held_by_thread), 0);
    return rt;
}

static void end_things(weft_runtime *rt, int64_t spawned)
{
    latch_up(&things.let_go);
    weft_mutex_unlock(&things.held_by_thread);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    weft_oneshot_sender_close(&things.reply); /* a task waited with it */
    weft_mutex_destroy(&things.mutex);
    weft_mutex_destroy(&things.held_by_thread);
    weft_semaphore_destroy(&things.permits);
    weft_rwlock_destroy(&things.rwlock);
    weft_notify_destroy(&things.leave);
    world_end(rt, spawned);
    verdict_assert();
}

static void each_wait_says_on_what_and_who_holds_it(void **state)
{
    (void)state;
    weft_runtime *rt = begin_things();
    weft_scope *root = weft_runtime_scope(rt);
    numbers_receiver in;
    weft_oneshot_receiver answer;
    world_channel(rt, 1, WEFT_WAIT, &things.out, &in);
    assert_int_equal(weft_oneshot_create(rt, WEFT_ONESHOT_OPTIONS(.name = "reply"), 8, &things.reply, &answer), 0);
    things.holder = weft_spawn_as(root, WEFT_TASK("holder", .joinable = true), holder);
    WORLD_UNTIL(atomic_load(&things.held));
    for (int kind = 0; kind < WAIT_KINDS; kind++)
        weft_spawn_as(root, WEFT_TASK(kind_names[kind]), waiter, .kind = (enum wait_kind)kind, .joined = things.holder,
                      .in = in); /* one of them receives */
    latch_wait(&things.entered, 1);
    world_until_waiting(rt, WAIT_KINDS + 1);

    dump(rt, WEFT_DUMP_JSON);
    char condition[512];
#define WAITS(name, format, ...)                                                                                       \
    do {                                                                                                               \
        snprintf(condition, sizeof condition, "[w for w in t[\"%s\"][\"waits_for\"] if " format "]", name,             \
                 __VA_ARGS__);                                                                                         \
        assert_json(condition);                                                                                        \
    } while (0)
    const unsigned long long holder_id = things.holder.id;
    WAITS("mutex", "w[\"what\"] == \"mutex\" and w[\"name\"] == \"door\" and w[\"holder\"] == %llu and w[\"for_ns\"] >= 0 and "
                   "w[\"holder_is\"] == \"owner\"", holder_id);
    WAITS("permits", "w[\"what\"] == \"semaphore\" and w[\"name\"] == \"seats\" and w[\"holder\"] == %llu", holder_id);
    WAITS("write", "w[\"what\"] == \"rwlock\" and w[\"holder\"] == %llu and w[\"holder_is\"] == \"last to enter\"", holder_id);
    WAITS("join", "w[\"what\"] == \"the end of a task\" and w[\"holder\"] == %llu and w[\"for_ns\"] >= 0", holder_id);
    WAITS("time", "w[\"what\"] == \"a time\" and 0 < w[\"ends_in_ns\"] <= %s and w[\"for_ns\"] >= 0", "3600e9");
    WAITS("for ever", "w[\"what\"] == \"a time\" and \"ends_in_ns\" not in w and w[\"holder\"] == %d", 0);
    WAITS("job", "w[\"name\"] == \"the \\\"gate\\\"\" and w[\"holder_thread\"] > %d and w[\"for_ns\"] >= 0", 0);
    WAITS("closed", "w[\"what\"] == \"the last receiver of\" and w[\"name\"] == \"reply\" and w[\"object\"] > %d", 0);
    WAITS("holder", "w[\"what\"] == \"notify\" and w[\"name\"] == \"leave\" and w[\"holder\"] == %d", 0);
    assert_json("[w[\"what\"] for w in t[\"select\"][\"waits_for\"]] == [\"a message in channel\", \"a time\", \"mutex\"]");
    assert_json("all(x[\"state\"] == \"waiting\" and x[\"idle_ns\"] >= 0 and x[\"scopes\"] == [] for x in d[\"tasks\"])");

    numbers_sender_close(&things.out);
    weft_oneshot_receiver_close(&answer);
    end_things(rt, WAIT_KINDS + 1);
}

/* The thread that holds a lock is told apart from a task with its number. */
static void lock_of_a_thread_names_the_thread(void **state)
{
    (void)state;
    weft_runtime *rt = begin_things();
    char condition[256];
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("waiter"), waiter, .kind = WAIT_THREAD);
    world_until_waiting(rt, 1);
    dump(rt, WEFT_DUMP_JSON);
    snprintf(condition, sizeof condition,
             "[(w[\"holder_thread\"], w[\"holder\"]) for w in t[\"waiter\"][\"waits_for\"]] == [(%d, 0)]", weft__thread_id());
    assert_json(condition);
    snprintf(condition, sizeof condition, " ms; at the other end: thread %d, the owner\n", weft__thread_id());
    assert_non_null(strstr(dump(rt, WEFT_DUMP_TEXT), condition));
    end_things(rt, 1);
}

/* server opens requests, whose member opens parts, whose member waits. */
struct part { weft_frame weft; };

static weft_poll part(weft_context *cx, struct part *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    WEFT_END(0);
}

struct request {
    weft_frame weft;
    weft_scope parts;
};

static weft_poll request(weft_context *cx, struct request *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->parts, WEFT_SCOPE_OPTIONS(.name = "parts\n\"of\""));
    weft_spawn(&self->parts, part);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->parts));
    WEFT_END(0);
}

struct opener {
    weft_frame weft;
    weft_scope *scope;
};

/* A scope is opened in a step that is called: the line is there. */
static weft_poll opener(weft_context *cx, struct opener *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, self->scope, WEFT_SCOPE_OPTIONS(.name = "requests"));
    WEFT_END(__LINE__ - 1);
}

struct server {
    weft_frame weft;
    weft_scope requests;
    struct opener opener;
    atomic_int *line;
};

static weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    self->opener.scope = &self->requests;
    WEFT_CALL(self->weft.rc, opener, &self->opener);
    atomic_store(self->line, self->weft.rc);
    weft_spawn(&self->requests, request);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->requests));
    WEFT_END(0);
}

static void scopes_around_a_task_are_its_path(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_int line = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), server, .line = &line);
    world_until_waiting(rt, 3);
    dump(rt, WEFT_DUMP_JSON);
    char condition[512];
    snprintf(condition, sizeof condition,
             "[(s[\"name\"], s[\"line\"] == %d, s[\"owner\"] == %llu) for s in t[\"part\"][\"scopes\"]] == "
             "[(\"requests\", True, True), (\"parts\\n\\\"of\\\"\", False, False)]",
             atomic_load(&line), (unsigned long long)task.id);
    assert_json(condition);
    assert_json("all(s[\"file\"].endswith(\"dump_waits.c\") for s in t[\"part\"][\"scopes\"] + t[\"request\"][\"scopes\"])");
    assert_json("t[\"part\"][\"scopes\"][1][\"owner\"] == t[\"request\"][\"id\"] and len(t[\"request\"][\"scopes\"]) == 1");
    assert_json("t[\"server\"][\"scopes\"] == [] and not t[\"part\"][\"scopes_deeper\"]");
    assert_json("[w[\"what\"] + w[\"name\"] for w in t[\"server\"][\"waits_for\"]] == [\"the tasks of scoperequests\"]");
    assert_json("t[\"request\"][\"waits_for\"][0][\"object\"] == t[\"part\"][\"scopes\"][1][\"id\"]");
    dump(rt, WEFT_DUMP_TEXT);
    const char *innermost = strstr(text.bytes, "in scope 'parts?\"of\"'"), *outer = strstr(text.bytes, "in scope 'requests'");
    assert_non_null(innermost);
    assert_non_null(outer);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, 3);
}

struct nest {
    weft_frame weft;
    weft_scope scope;
    int depth;
};

static weft_poll nest(weft_context *cx, struct nest *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->depth > 0)
        weft_spawn(&self->scope, nest, .depth = self->depth - 1);
    else
        weft_spawn(&self->scope, part);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

static void path_that_is_too_long_is_cut_from_outside(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_spawn(weft_runtime_scope(rt), nest, .depth = 11);
    world_until_waiting(rt, 13);
    dump(rt, WEFT_DUMP_JSON);
    assert_json("len(t[\"part\"][\"scopes\"]) == 8 and t[\"part\"][\"scopes_deeper\"]");
    assert_json("t[\"part\"][\"scopes\"][-1][\"owner\"] == t[\"part\"][\"parent\"]");
    assert_non_null(strstr(dump(rt, WEFT_DUMP_TEXT), "    in further scopes\n"));
    assert_non_null(strstr(text.bytes, "    in a scope opened by task ")); /* it has no name */
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, 13);
}

/* A step that computes, two calls deep: where it is can be told while it runs. */
struct computes {
    weft_frame weft;
    struct latch *entered, *leave;
};

static weft_poll computes(weft_context *cx, struct computes *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    latch_up(self->entered);
    latch_wait(self->leave, 1);
    WEFT_END(__LINE__ - 3);
}

struct calls {
    weft_frame weft;
    struct computes inner;
    struct latch *entered, *leave;
    atomic_int *line;
};

static weft_poll calls(weft_context *cx, struct calls *self)
{
    WEFT_BEGIN(cx, self);
    self->inner = (struct computes){.entered = self->entered, .leave = self->leave};
    WEFT_CALL(self->weft.rc, computes, &self->inner);
    atomic_store(self->line, self->weft.rc);
    WEFT_END(0);
}

static void task_that_runs_tells_where_it_is(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    struct latch entered = LATCH, leave = LATCH;
    atomic_int line = 0;
    weft_spawn(weft_runtime_scope(rt), calls, .entered = &entered, .leave = &leave, .line = &line);
    latch_wait(&entered, 1);
    dump(rt, WEFT_DUMP_JSON);
    latch_up(&leave);
    world_settle(rt);
    char condition[256];
    snprintf(condition, sizeof condition,
             "t[\"calls\"][\"state\"] == \"running\" and t[\"calls\"][\"idle_ns\"] == 0 and "
             "[a[\"function\"] for a in t[\"calls\"][\"awaits\"]] == [\"calls\", \"computes\"] and "
             "t[\"calls\"][\"awaits\"][1][\"line\"] == %d",
             atomic_load(&line));
    assert_json(condition);
    world_end(rt, 1);
}

/* scenario 52: names of every kind. */
static void hostile_names_leave_json_and_text_whole(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    char *long_name = malloc(LONG + 1), *long_garbage = malloc(LONG + 1);
    assert_non_null(long_name);
    assert_non_null(long_garbage);
    memset(long_name, 'n', LONG);
    memset(long_garbage, 0xe2, LONG);
    long_name[LONG] = long_garbage[LONG] = '\0';
    for (int i = 0; i + 1 < LONG; i += 3)
        memcpy(long_name + i, "\xe2\x82\xac", i + 3 <= LONG ? 3 : 1);
    const char *const names[] = {
        "quote \" and \\ backslash", "line\nfeed\rreturn\ttab", "\x01\x1f\x7f", "\x80\xbf\xc0\xaf\xfe\xff",
        "\xed\xa0\x80 a surrogate", "\xf4\x90\x80\x80 too far", "\xe0\x80\x80 overlong", "cut \xe2\x82",
        "\xc2\x9b" "31m escape \x1b[31m", "</script><!--", "{\"id\":1}", "'", "%s%n%d", long_name, long_garbage,
    };
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = long_garbage, .worker_threads = 1)), 0);
    numbers_sender out[sizeof names / sizeof names[0]];
    numbers_receiver in;
    struct latch entered = LATCH, leave = LATCH;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = names[i], .component = names[i], .capacity = 1),
                                        &out[i], &in), 0);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(names[i]), puller, .in = in);
    }
    world_until_waiting(rt, sizeof names / sizeof names[0]);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(long_garbage), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    dump(rt, WEFT_DUMP_JSON);
    latch_up(&leave);
    assert_json("len(d[\"tasks\"]) == 16 and sum(len(x[\"waits_for\"]) for x in d[\"tasks\"]) == 15");
    assert_json("all(w[\"name\"] == x[\"name\"] for x in d[\"tasks\"] for w in x[\"waits_for\"])");
    assert_json("\"quote \\\" and \\\\ backslash\" in t and \"line\\nfeed\\rreturn\\ttab\" in t and \"\\x01\\x1f\\x7f\" in t");
    assert_true(text.pieces >= 16);
    WORLD_UNTIL(world_live(rt) == 15);
    dump(rt, WEFT_DUMP_TEXT);
    int lines = 0;
    for (const char *p = text.bytes; *p; p++) {
        assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
        assert_int_not_equal(*p, 0x7f);
        lines += *p == '\n';
    }
    assert_int_equal(lines, 1 + 15 * 3); /* itself, where it is, what it waits for */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        numbers_sender_close(&out[i]);
    assert_int_equal(weft_runtime_finish(rt), 0);
    free(long_name);
    free(long_garbage);
}

/* A wait that goes on keeps its beginning, however often the task is polled. */
static void duration_counts_from_the_beginning_of_the_wait(void **state)
{
    (void)state;
    weft_runtime *rt = begin_things();
    things.holder = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("holder", .joinable = true), holder);
    WORLD_UNTIL(atomic_load(&things.held));
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &things.out, &in);
    weft_task tasks[3];
    tasks[0] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("join"), waiter, .kind = WAIT_JOIN, .joined = things.holder);
    tasks[1] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("recv"), puller, .in = in);
    tasks[2] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("job"), waiter, .kind = WAIT_JOB);
    latch_wait(&things.entered, 1);
    world_until_waiting(rt, 4);
    const int64_t begun = weft_clock();
    WORLD_UNTIL(weft_clock() - begun > 60000000); /* two of the monitor's idle ticks: a worker's time has moved, too */
    for (int i = 0; i < 3; i++)
        weft_wake((weft_waker){tasks[i]});
    WORLD_UNTIL(weft_clock() - begun > 120000000);
    world_until_waiting(rt, 4);
    dump(rt, WEFT_DUMP_JSON);
    assert_json("all(t[n][\"waits_for\"][0][\"for_ns\"] >= 120e6 for n in (\"join\", \"recv\", \"job\"))");
    numbers_sender_close(&things.out);
    end_things(rt, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_says_on_what_and_who_holds_it),
        cmocka_unit_test(lock_of_a_thread_names_the_thread),
        cmocka_unit_test(scopes_around_a_task_are_its_path),
        cmocka_unit_test(path_that_is_too_long_is_cut_from_outside),
        cmocka_unit_test(task_that_runs_tells_where_it_is),
        cmocka_unit_test(hostile_names_leave_json_and_text_whole),
        cmocka_unit_test(duration_counts_from_the_beginning_of_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
