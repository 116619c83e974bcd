/* SPDX-License-Identifier: MIT */
/*
 * Polls that hold their worker: told while they last, with the place since which they run; and not more often than a host
 * can bear, however often it happens. The clock is moved, so that a stretch of ten seconds takes none.
 */
#include "lib/faulty.h"
#include "lib/verdict.h"
#include "lib/world.h"

#include <stdio.h>

#include "task/env.h"

static struct {
    pthread_mutex_t mutex;
    unsigned stalls;
    unsigned sums;
    unsigned left_out; /* as the sums say */
    unsigned events;
    uint32_t line;
    char function[64];
    char file[256];
    char text[600];
    char sum[600];
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void tell(void *context, int code, const char *text)
{
    (void)context;
    if (code != WEFT_EBUSY)
        return;
    unsigned more = 0;
    pthread_mutex_lock(&told.mutex);
    if (sscanf(text, "%u more polls", &more) == 1) {
        told.sums++;
        told.left_out += more;
        snprintf(told.sum, sizeof told.sum, "%s", text);
    } else {
        told.stalls++;
        snprintf(told.text, sizeof told.text, "%s", text);
    }
    pthread_mutex_unlock(&told.mutex);
}

static void on_stall(void *context, uint64_t task, uint16_t worker, uint64_t poll_ns, const char *function, const char *file,
                     uint32_t line)
{
    (void)context;
    VERDICT(task != 0 && worker != WEFT_TRACE_NO_WORKER && poll_ns >= 1000000);
    pthread_mutex_lock(&told.mutex);
    told.events++;
    told.line = line;
    snprintf(told.function, sizeof told.function, "%s", function);
    snprintf(told.file, sizeof told.file, "%s", file);
    pthread_mutex_unlock(&told.mutex);
}

static unsigned told_of(const unsigned *count)
{
    pthread_mutex_lock(&told.mutex);
    const unsigned now = *count;
    pthread_mutex_unlock(&told.mutex);
    return now;
}

static uint64_t stalls(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    VERDICT(weft_runtime_stats_get(rt, &stats) == 0);
    return stats.stalls;
}

static weft_hooks_handle hooks;

static weft_runtime *begin(uint32_t workers, uint32_t threshold_us)
{
    weft_runtime *rt = NULL;
    faulty_begin();
    told.stalls = told.sums = told.left_out = told.events = 0;
    told.text[0] = '\0';
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers, .report = tell,
                                                                   .stall_threshold_us = threshold_us)), 0);
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.stall = on_stall), &hooks), 0);
    return rt;
}

static void end(weft_runtime *rt)
{
    assert_int_equal(weft_runtime_finish(rt), 0);
    faulty_clock_ahead(0);
    faulty_end();
    verdict_assert();
}

static int64_t tick_of(weft_runtime *rt)
{
    return weft__load_relaxed(&weft__env_of(rt)->now); /* as the monitor saw it last */
}

/* Whether the host was told of a stall with this in its text. */
static bool told_text(const char *part)
{
    pthread_mutex_lock(&told.mutex);
    const bool has = strstr(told.text, part) != NULL;
    pthread_mutex_unlock(&told.mutex);
    return has;
}

/* A step that is called, waits once or not at all, and then computes until it is let go. */
struct computes {
    weft_frame weft;
    struct latch *entered, *leave;
    atomic_int *line;
    bool waits;
};

static weft_poll computes(weft_context *cx, struct computes *self)
{
    WEFT_BEGIN(cx, self);
    if (self->waits)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    atomic_store(self->line, __LINE__ - 1);
    latch_up(self->entered);
    latch_wait(self->leave, 1);
    WEFT_END(0);
}

struct calls {
    weft_frame weft;
    struct computes computes;
    struct latch *entered, *leave;
    atomic_int *line;
    bool waits;
};

static weft_poll calls(weft_context *cx, struct calls *self)
{
    WEFT_BEGIN(cx, self);
    self->computes = (struct computes){.entered = self->entered, .leave = self->leave, .line = self->line,
                                       .waits = self->waits};
    WEFT_CALL(self->weft.rc, computes, &self->computes);
    WEFT_END(0);
}

/* scenario 61 */
static void stall_names_the_innermost_await(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1, 1000);
    struct latch entered = LATCH, leave = LATCH;
    atomic_int line = 0;
    char where[64];
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("thinker"), calls, .entered = &entered, .leave = &leave, .waits = true,
                  .line = &line);
    latch_wait(&entered, 1);
    snprintf(where, sizeof where, "stall.c:%d: it computes", atomic_load(&line));
    WORLD_UNTIL(told_text(where)); /* it is stuck still */
    WORLD_UNTIL(stalls(rt) > 0);
    assert_true(told_text("task 'thinker' ("));
    assert_true(told_text("has held worker 0 for "));
    assert_true(told_text(" ms, since computes, "));
    latch_up(&leave);
    world_settle(rt);
    assert_string_equal(told.function, "computes");
    assert_non_null(strstr(told.file, "stall.c"));
    assert_int_equal(told.line, atomic_load(&line));
    end(rt);
}

static void stall_before_the_first_await_names_the_function(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1, 1000);
    struct latch entered = LATCH, leave = LATCH;
    atomic_int line = 0;
    weft_spawn(weft_runtime_scope(rt), calls, .entered = &entered, .leave = &leave, .line = &line);
    WORLD_UNTIL(told_text("since the beginning of computes, "));
    latch_up(&leave);
    world_settle(rt);
    assert_int_equal(told.line, 0);
    end(rt);
}

static weft_poll by_hand(weft_context *cx, void *frame)
{
    (void)cx;
    latch_wait(*(struct latch **)frame, 1);
    return WEFT_READY;
}

static void stall_of_a_hand_written_function_names_its_site(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1, 1000);
    struct latch leave = LATCH, *frame = &leave;
    static weft_site site = {.file = "somewhere.c", .function = "f", .name = "by_hand", .line = 7, .frame_offset = UINT32_MAX};
    weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, by_hand, &frame, sizeof frame);
    WORLD_UNTIL(told_text("spawned at somewhere.c:7"));
    latch_up(&leave);
    world_settle(rt);
    end(rt);
}

/* Holds its worker at each poll until that is counted; a poll is counted once, so all of them are so many. */
struct sloth {
    weft_frame weft;
    weft_runtime *rt;
    unsigned polls;
    unsigned i;
};

static weft_poll sloth(weft_context *cx, struct sloth *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1;; self->i++) {
        WORLD_UNTIL(stalls(self->rt) == self->i);
        if (self->i == self->polls)
            WEFT_RETURN(0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* Let a stretch of time pass in which only so many stalls are told, and the monitor do what it does at its end. */
static void pass(weft_runtime *rt, int64_t *ahead)
{
    *ahead += INT64_C(11000000000);
    faulty_clock_ahead(*ahead);
    for (int i = 0; i < 2; i++) { /* when it begins the second tick the first has ended */
        const int64_t before = tick_of(rt);
        WORLD_UNTIL(tick_of(rt) != before);
    }
}

static void stalls_that_repeat_are_counted_and_summed_up(void **state)
{
    (void)state;
    enum { POLLS = 12, TOLD = 8 };
    int64_t ahead = 0;
    weft_runtime *rt = begin(1, 1000);
    pass(rt, &ahead); /* a new stretch has begun */
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("sloth"), sloth, .rt = rt, .polls = POLLS);
    world_settle(rt);
    assert_int_equal(stalls(rt), POLLS);
    assert_int_equal(told_of(&told.events), POLLS);
    assert_int_equal(told_of(&told.stalls), TOLD);
    assert_int_equal(told_of(&told.sums), 0);
    pass(rt, &ahead);
    assert_int_equal(told_of(&told.sums), 1);
    assert_int_equal(told.left_out, POLLS - TOLD);
    assert_int_equal(told_of(&told.stalls), TOLD);
    end(rt);
}

/* What was left out and still lasts is told when there is room: one that repeats does not hide one that is stuck. */
static void stall_that_was_left_out_is_told_if_it_lasts(void **state)
{
    (void)state;
    enum { POLLS = 8 };
    int64_t ahead = 0;
    weft_runtime *rt = begin(1, 1000);
    pass(rt, &ahead);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("sloth"), sloth, .rt = rt, .polls = POLLS);
    world_settle(rt);
    assert_int_equal(told_of(&told.stalls), POLLS);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("stuck for good"), plug, .entered = &entered, .leave = &leave);
    WORLD_UNTIL(stalls(rt) == POLLS + 1);
    assert_int_equal(told_of(&told.stalls), POLLS);
    pass(rt, &ahead);
    WORLD_UNTIL(told_of(&told.stalls) == POLLS + 1); /* it lasts still */
    assert_non_null(strstr(told.text, "'stuck for good'"));
    latch_up(&leave);
    world_settle(rt);
    pass(rt, &ahead);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(told_of(&told.sums), 0); /* nothing was left out in the end */
    assert_int_equal(stalls(rt), POLLS + 1);
    end(rt);
}

/* The looks of an idle runtime are far apart: a poll that began between two of them has not lasted since the first. */
static void stall_is_counted_from_the_time_when_its_worker_got_up(void **state)
{
    (void)state;
    int64_t ahead = 0;
    weft_runtime *rt = begin(1, 5000000);
    weft_runtime_stats stats = {.size = sizeof stats};
    do
        assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    while (stats.workers_parked < 1);
    const int64_t asleep = tick_of(rt);
    WORLD_UNTIL(tick_of(rt) != asleep); /* it was seen asleep, and there are some milliseconds until the next look */
    ahead += INT64_C(11000000000);
    faulty_clock_ahead(ahead);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    for (int i = 0; i < 3; i++) {
        const int64_t before = tick_of(rt);
        WORLD_UNTIL(tick_of(rt) != before);
    }
    assert_int_equal(stalls(rt), 0);
    assert_int_equal(told_of(&told.events), 0);
    ahead += INT64_C(11000000000);
    faulty_clock_ahead(ahead);
    WORLD_UNTIL(stalls(rt) == 1);
    latch_up(&leave);
    world_settle(rt);
    end(rt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stall_names_the_innermost_await),
        cmocka_unit_test(stall_before_the_first_await_names_the_function),
        cmocka_unit_test(stall_of_a_hand_written_function_names_its_site),
        cmocka_unit_test(stalls_that_repeat_are_counted_and_summed_up),
        cmocka_unit_test(stall_that_was_left_out_is_told_if_it_lasts),
        cmocka_unit_test(stall_is_counted_from_the_time_when_its_worker_got_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
