/* SPDX-License-Identifier: MIT */
/* A function in a process of its own: what it says arrives, however it ends, and how it ended is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/trace/apart.h"
#include "cli/trace/wire.h"
#include "lib/world.h"

enum { RECORDS = 100000, NUMBER = 7, LONG_S = 1000 };

static const int64_t long_ns = LONG_S * INT64_C(1000000000);
static const int64_t short_ns = 20 * INT64_C(1000000);

/* ---- bodies ---- */

static void say_number(struct apart *apart, uint64_t number)
{
    *(uint64_t *)apart_room(apart, sizeof number) = number;
    apart_say(apart, NUMBER, sizeof number);
}

static void say_numbers(void *context, struct apart *apart)
{
    for (uint64_t i = 0; i < *(uint64_t *)context; i++)
        say_number(apart, i);
}

static void say_and_abort(void *context, struct apart *apart)
{
    say_numbers(context, apart);
    fputs("the beginning\n\n  x == y failed\033[1m\n", stderr);
    abort();
}

static void say_and_exit(void *context, struct apart *apart)
{
    say_numbers(context, apart);
    _exit(3);
}

/* What a library calls that has had enough: what the parent has in its buffers must not be written twice. */
static void say_and_call_exit(void *context, struct apart *apart)
{
    say_numbers(context, apart);
    exit(0);
}

static void say_and_be_killed(void *context, struct apart *apart)
{
    say_numbers(context, apart);
    raise(SIGKILL);
}

static void say_and_loop(void *context, struct apart *apart)
{
    say_numbers(context, apart);
    apart_flush(apart);
    for (volatile uint64_t turns = 0;; turns++)
        ;
}

static int64_t own_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Busy for many times the limit, with nothing to say. */
static void be_busy(void *context, struct apart *apart)
{
    (void)context;
    while (own_cpu_ns() < 50 * short_ns)
        apart_alive(apart);
    say_number(apart, 0);
}

/* ---- the parent's side ---- */

static uint64_t take_numbers(struct apart *apart)
{
    uint64_t count = 0;
    uint32_t what;
    size_t bytes;
    for (const uint64_t *number; (number = apart_take(apart, &what, &bytes)); count++) {
        assert_int_equal(what, NUMBER);
        assert_int_equal(bytes, sizeof *number);
        assert_int_equal(*number, count);
    }
    return count;
}

/* All that was said arrives; true: it returned. */
static bool runs(void (*body)(void *context, struct apart *apart), uint64_t numbers, bool *out_crashed, char text[256])
{
    struct apart apart;
    text[0] = '\0';
    assert_int_equal(apart_start(&apart, long_ns, body, &numbers), 0);
    assert_int_equal(take_numbers(&apart), numbers);
    const bool returned = apart_end(&apart, out_crashed, text, 256);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
    assert_int_equal(errno, ECHILD);
    return returned;
}

static void what_is_said_arrives_in_order(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, RECORDS};
    char text[256];
    bool crashed;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_true(runs(say_numbers, counts[i], &crashed, text));
        assert_false(crashed);
        assert_string_equal(text, "");
    }
}

static void what_was_said_before_a_crash_arrives(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 1000, RECORDS};
    char text[256];
    bool crashed;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_false(runs(say_and_abort, counts[i], &crashed, text));
        assert_true(crashed);
        assert_string_equal(text, "Aborted: x == y failed?[1m");
    }
}

static void exit_is_told(void **state)
{
    (void)state;
    char text[256];
    bool crashed;
    assert_false(runs(say_and_exit, 3, &crashed, text));
    assert_true(crashed);
    assert_string_equal(text, "exit code 3");
    assert_false(runs(say_and_call_exit, 3, &crashed, text));
    assert_true(crashed);
    assert_string_equal(text, "exit code 0");
}

static void kill_from_outside_is_no_crash(void **state)
{
    (void)state;
    char text[256];
    bool crashed;
    assert_false(runs(say_and_be_killed, 3, &crashed, text));
    assert_false(crashed);
    assert_string_equal(text, "Killed");
}

static void circles_are_ended(void **state)
{
    (void)state;
    struct apart apart;
    uint64_t numbers = 5;
    char text[256];
    bool crashed;
    assert_int_equal(apart_start(&apart, short_ns, say_and_loop, &numbers), 0);
    assert_int_equal(take_numbers(&apart), numbers);
    assert_false(apart_end(&apart, &crashed, text, sizeof text));
    assert_true(crashed);
    assert_non_null(strstr(text, "round in circles: 0.02 s"));
}

static void silence_is_no_circle(void **state)
{
    (void)state;
    struct apart apart;
    char text[256];
    bool crashed;
    assert_int_equal(apart_start(&apart, short_ns, be_busy, NULL), 0);
    assert_int_equal(take_numbers(&apart), 1);
    assert_true(apart_end(&apart, &crashed, text, sizeof text));
}

static void parent_may_have_enough(void **state)
{
    (void)state;
    void (*const bodies[])(void *context, struct apart *apart) = {say_numbers, say_and_loop, say_and_abort};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct apart apart;
        uint64_t numbers = RECORDS;
        uint32_t what;
        size_t bytes;
        char text[256];
        bool crashed;
        assert_int_equal(apart_start(&apart, long_ns, bodies[i], &numbers), 0);
        assert_non_null(apart_take(&apart, &what, &bytes));
        assert_true(apart_end(&apart, &crashed, text, sizeof text));
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
    }
}

/* A parent that is killed takes its child along: the pipe's last writer goes. */
static void child_does_not_outlive_its_parent(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        struct apart apart;
        uint64_t numbers = 1;
        uint32_t what;
        size_t bytes;
        if (apart_start(&apart, long_ns, say_and_loop, &numbers) || !apart_take(&apart, &what, &bytes))
            _exit(1);
        raise(SIGKILL);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void start_without_descriptors_fails(void **state)
{
    (void)state;
    struct rlimit before, none;
    struct apart apart;
    uint64_t numbers = 0;
    if (world_in_valgrind())
        skip(); /* it keeps this limit itself, and not with every call */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t spare = 0; spare < 3; spare++) { /* 0 to 2 of the three that it needs */
        int probe = dup(0);
        assert_true(probe >= 0);
        close(probe);
        none = (struct rlimit){(rlim_t)probe + spare, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        const int failed = apart_start(&apart, long_ns, say_numbers, &numbers);
        const int error = errno;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(failed, -1);
        assert_int_equal(error, EMFILE);
        assert_int_equal(dup(0), probe); /* nothing stays open */
        close(probe);
    }
}

/* ---- events on the wire ---- */

static void say_events(void *context, struct apart *apart)
{
    static char endless[10000];
    (void)context;
    memset(endless, 'x', sizeof endless - 1);
    wire_say_event(apart, &(struct event){.ns = -5,
                                          .clock_ns = 7,
                                          .process = 9,
                                          .kind = WEFT_TRACE_poll_start,
                                          .poll_start = {.task = 3, .worker = 1, .source = 2}});
    wire_say_event(apart,
                   &(struct event){.kind = WEFT_TRACE_site_def,
                                   .site_def = {.site = 4, .line = 17, .file = "a.c", .function = "", .name = NULL}});
    wire_say_event(apart, &(struct event){.kind = WEFT_TRACE_site_def,
                                          .site_def = {.name = "n", .file = endless, .function = "f"}});
    wire_say_gap(apart, &(struct event_gap){.begin_ns = 1, .end_ns = 2, .count = 3, .counted = true});
    wire_say_end(apart, &(struct wire_end){.result = -1, .foreign = 5, .text = "why"});
}

static const struct event *take_event(struct apart *apart)
{
    uint32_t what;
    size_t bytes;
    void *record = apart_take(apart, &what, &bytes);
    assert_non_null(record);
    assert_int_equal(what, WIRE_EVENT);
    return wire_event(record, bytes);
}

static void events_arrive_with_their_texts(void **state)
{
    (void)state;
    struct apart apart;
    uint32_t what;
    size_t bytes;
    char text[256];
    bool crashed;
    assert_int_equal(apart_start(&apart, long_ns, say_events, NULL), 0);
    const struct event *event = take_event(&apart);
    assert_int_equal(event->ns, -5);
    assert_int_equal(event->clock_ns, 7);
    assert_int_equal(event->process, 9);
    assert_int_equal(event->poll_start.task, 3);
    assert_int_equal(event->poll_start.source, 2);
    event = take_event(&apart);
    assert_int_equal(event->site_def.line, 17);
    assert_string_equal(event->site_def.file, "a.c");
    assert_string_equal(event->site_def.function, "");
    assert_string_equal(event->site_def.name, "");
    event = take_event(&apart);
    assert_int_equal(strlen(event->site_def.file), 4095); /* so much of a name is kept */
    assert_string_equal(event->site_def.function, "f");
    const struct event_gap *gap = apart_take(&apart, &what, &bytes);
    assert_int_equal(what, WIRE_GAP);
    assert_int_equal(gap->count, 3);
    assert_true(gap->counted);
    const struct wire_end *end = apart_take(&apart, &what, &bytes);
    assert_int_equal(what, WIRE_END);
    assert_int_equal(end->result, -1);
    assert_int_equal(end->foreign, 5);
    assert_string_equal(end->text, "why");
    assert_null(apart_take(&apart, &what, &bytes));
    assert_true(apart_end(&apart, &crashed, text, sizeof text));
}

static void record_texts(struct event *event, uintptr_t offset)
{
    *event = (struct event){.kind = WEFT_TRACE_site_def};
    event->site_def.name = event->site_def.file = event->site_def.function = (const char *)offset;
}

/* What a process that has gone wild may have written is not believed. */
static void events_that_are_none_are_refused(void **state)
{
    (void)state;
    struct {
        struct event event;
        char texts[16];
    } record = {.event = {.kind = WEFT_TRACE_site_def}};
    assert_null(wire_event(&record, sizeof record.event - 1));
    record.event.kind = WEFT_TRACE_EVENTS;
    assert_null(wire_event(&record, sizeof record));
    static const uintptr_t wrong[] = {0, 8, sizeof record, UINTPTR_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        record_texts(&record.event, wrong[i]);
        assert_null(wire_event(&record, sizeof record));
    }
    record_texts(&record.event, sizeof record.event);
    memset(record.texts, 'x', sizeof record.texts);
    assert_null(wire_event(&record, sizeof record)); /* without an end */
    record_texts(&record.event, sizeof record.event);
    record.texts[15] = '\0';
    assert_non_null(wire_event(&record, sizeof record));
    assert_ptr_equal(record.event.site_def.file, record.texts);
}

static void gaps_and_ends_that_are_none_are_refused(void **state)
{
    (void)state;
    struct event_gap gap = {.count = 3};
    struct wire_end end = {.other_shape = WEFT_TRACE_EVENTS};
    assert_null(wire_gap(&gap, sizeof gap - 1));
    memset(&gap.packets, 77, sizeof gap.packets);
    assert_ptr_equal(wire_gap(&gap, sizeof gap), &gap);
    assert_true(gap.packets);
    assert_false(gap.counted);
    assert_null(wire_end(&end, sizeof end - 1));
    assert_ptr_equal(wire_end(&end, sizeof end), &end);
    end.other_shape++;
    assert_null(wire_end(&end, sizeof end));
    end.other_shape = 0;
    memset(end.text, 'x', sizeof end.text);
    assert_null(wire_end(&end, sizeof end)); /* without an end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_arrives_in_order),
        cmocka_unit_test(what_was_said_before_a_crash_arrives),
        cmocka_unit_test(exit_is_told),
        cmocka_unit_test(kill_from_outside_is_no_crash),
        cmocka_unit_test(circles_are_ended),
        cmocka_unit_test(silence_is_no_circle),
        cmocka_unit_test(parent_may_have_enough),
        cmocka_unit_test(child_does_not_outlive_its_parent),
        cmocka_unit_test(start_without_descriptors_fails),
        cmocka_unit_test(events_arrive_with_their_texts),
        cmocka_unit_test(events_that_are_none_are_refused),
        cmocka_unit_test(gaps_and_ends_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
