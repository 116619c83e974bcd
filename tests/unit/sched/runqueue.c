/* SPDX-License-Identifier: MIT */
/*
 * The ring by one thread. CMakeLists.txt builds this file twice: as it is, and together with a runqueue.c whose cursors
 * are 8 bits wide, so that they wrap every few rounds.
 */
#include <string.h>

#include "lib/stress.h"
#include "sched/runqueue.h"

enum { CAPACITY = WEFT__RUNQUEUE_CAPACITY, WRAPS = 3 * 256 };

struct weft__task {
    int number;
};

static struct weft__task tasks[2 * CAPACITY];
static struct weft__runqueue queue;

static int runqueue_begin(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * CAPACITY; i++)
        tasks[i].number = i;
    weft__runqueue_init(&queue);
    return 0;
}

static void push(int number) { assert_true(weft__runqueue_push(&queue, &tasks[number])); }

static int pop(void)
{
    struct weft__task *task = weft__runqueue_pop(&queue);
    return task ? task->number : -1;
}

static void runqueue_empty_gives_nothing(void **state)
{
    (void)state;
    struct weft__task *out[CAPACITY];
    assert_int_equal(weft__runqueue_length(&queue), 0);
    assert_null(weft__runqueue_pop(&queue));
    assert_int_equal(weft__runqueue_steal(&queue, out, CAPACITY), 0);
}

/* known bug 73 */
static void runqueue_pops_in_order_at_every_cursor(void **state)
{
    (void)state;
    for (int round = 0; round < WRAPS; round++) {
        push(1);
        push(2);
        assert_int_equal(weft__runqueue_length(&queue), 2);
        push(3);
        assert_int_equal(pop(), 1);
        assert_int_equal(pop(), 2);
        assert_int_equal(pop(), 3);
        assert_int_equal(pop(), -1);
        assert_int_equal(weft__runqueue_length(&queue), 0);
    }
}

static void runqueue_holds_exactly_its_capacity(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < CAPACITY; i++)
            push(i);
        assert_int_equal(weft__runqueue_length(&queue), CAPACITY);
        assert_false(weft__runqueue_push(&queue, &tasks[CAPACITY]));
        assert_int_equal(pop(), 0);
        push(CAPACITY);
        assert_false(weft__runqueue_push(&queue, &tasks[0]));
        for (int i = 1; i <= CAPACITY; i++)
            assert_int_equal(pop(), i);
        assert_int_equal(pop(), -1);
        push(0); /* begin the next round one further */
        assert_int_equal(pop(), 0);
    }
}

/* */
static void runqueue_steal_takes_the_older_half_rounded_up(void **state)
{
    (void)state;
    struct weft__task *out[CAPACITY];
    for (int queued = 1; queued <= CAPACITY; queued++) {
        for (int i = 0; i < queued; i++)
            push(i);
        const int half = (queued + 1) / 2;
        assert_int_equal(weft__runqueue_steal(&queue, out, CAPACITY), half);
        for (int i = 0; i < half; i++)
            assert_int_equal(out[i]->number, i);
        assert_int_equal(weft__runqueue_length(&queue), queued - half);
        for (int i = half; i < queued; i++)
            assert_int_equal(pop(), i);
        assert_int_equal(pop(), -1);
    }
}

static void runqueue_steal_takes_no_more_than_the_limit(void **state)
{
    (void)state;
    struct weft__task *out[CAPACITY];
    memset(out, 0, sizeof out);
    for (int i = 0; i < CAPACITY; i++)
        push(i);
    assert_int_equal(weft__runqueue_steal(&queue, out, 0), 0);
    assert_int_equal(weft__runqueue_steal(&queue, out, 3), 3);
    assert_int_equal(out[2]->number, 2);
    assert_null(out[3]);
    for (int i = 0; i < 3; i++)
        push(i); /* the slots came back */
    assert_false(weft__runqueue_push(&queue, &tasks[5]));
}

static void runqueue_slots_of_a_thief_at_work_are_not_reused(void **state)
{
    (void)state;
    struct weft__task *out[CAPACITY];
    for (int i = 0; i < CAPACITY; i++)
        push(i);
    /* as a thief leaves the word that has claimed two and not copied them yet */
    const uint64_t head = atomic_load(&queue.head);
    const weft__cursor real = (weft__cursor)head;
    atomic_store(&queue.head, (uint64_t)real << 16 | (weft__cursor)(real + 2));
    assert_int_equal(weft__runqueue_length(&queue), CAPACITY - 2);
    assert_false(weft__runqueue_push(&queue, &tasks[0]));
    assert_int_equal(weft__runqueue_steal(&queue, out, CAPACITY), 0); /* one thief at a time */
    assert_int_equal(pop(), 2);
    assert_false(weft__runqueue_push(&queue, &tasks[0])); /* the popped slot lies behind the thief's */
    assert_true(weft__runqueue_pop_newest(&queue, &tasks[CAPACITY - 1])); /* nor by a pop at the other end */
    push(CAPACITY - 1);
    assert_false(weft__runqueue_push(&queue, &tasks[0]));
    atomic_store(&queue.head, (uint64_t)(weft__cursor)(real + 3) << 16 | (weft__cursor)(real + 3)); /* it gives them back */
    for (int i = 0; i < 3; i++)
        push(i);
    assert_false(weft__runqueue_push(&queue, &tasks[0]));
    for (int i = 3; i < CAPACITY; i++)
        assert_int_equal(pop(), i);
}

static void runqueue_newest_goes_to_who_names_it(void **state)
{
    (void)state;
    assert_false(weft__runqueue_pop_newest(&queue, &tasks[0])); /* nothing is there */
    for (int round = 0; round < WRAPS; round++) {
        for (int i = 0; i < 4; i++)
            push(i);
        assert_false(weft__runqueue_pop_newest(&queue, &tasks[2])); /* it is there, and not the newest */
        assert_true(weft__runqueue_pop_newest(&queue, &tasks[3]));
        assert_false(weft__runqueue_pop_newest(&queue, &tasks[3])); /* its slot still says so */
        assert_true(weft__runqueue_pop_newest(&queue, &tasks[2]));
        assert_int_equal(weft__runqueue_length(&queue), 2);
        push(4);
        assert_int_equal(pop(), 0);
        assert_int_equal(pop(), 1);
        assert_true(weft__runqueue_pop_newest(&queue, &tasks[4])); /* the newest and the oldest */
        assert_false(weft__runqueue_pop_newest(&queue, &tasks[4]));
        assert_int_equal(pop(), -1);
        assert_int_equal(weft__runqueue_length(&queue), 0);
    }
}

static void runqueue_random_steps_keep_order_and_count(void **state)
{
    (void)state;
    struct weft__task *out[CAPACITY];
    struct weft__rng rng = stress_rng(0);
    int oldest = 0, queued = 0; /* the model: numbers oldest … oldest + queued - 1, modulo the table */
    for (int step = 0; step < 100000; step++) {
        const uint32_t choice = weft__rng_below(&rng, 9);
        if (choice < 4) {
            const bool fits = weft__runqueue_push(&queue, &tasks[(oldest + queued) % (2 * CAPACITY)]);
            assert_int_equal(fits, queued < CAPACITY);
            queued += fits;
        } else if (choice < 7) {
            assert_int_equal(pop(), queued > 0 ? oldest : -1);
            if (queued > 0) {
                oldest = (oldest + 1) % (2 * CAPACITY);
                queued--;
            }
        } else if (choice == 7) {
            const int newest = (oldest + queued - 1 + 2 * CAPACITY) % (2 * CAPACITY);
            assert_int_equal(weft__runqueue_pop_newest(&queue, &tasks[newest]), queued > 0);
            queued -= queued > 0;
        } else {
            const int limit = (int)weft__rng_below(&rng, CAPACITY + 1);
            const int half = (queued + 1) / 2, expected = half < limit ? half : limit;
            assert_int_equal(weft__runqueue_steal(&queue, out, (size_t)limit), expected);
            for (int i = 0; i < expected; i++)
                assert_int_equal(out[i]->number, (oldest + i) % (2 * CAPACITY));
            oldest = (oldest + expected) % (2 * CAPACITY);
            queued -= expected;
        }
        assert_int_equal(weft__runqueue_length(&queue), queued);
    }
}

int main(void)
{
#define RUNQUEUE_TEST(test) cmocka_unit_test_setup(test, runqueue_begin)
    const struct CMUnitTest tests[] = {
        RUNQUEUE_TEST(runqueue_empty_gives_nothing),
        RUNQUEUE_TEST(runqueue_pops_in_order_at_every_cursor),
        RUNQUEUE_TEST(runqueue_holds_exactly_its_capacity),
        RUNQUEUE_TEST(runqueue_steal_takes_the_older_half_rounded_up),
        RUNQUEUE_TEST(runqueue_steal_takes_no_more_than_the_limit),
        RUNQUEUE_TEST(runqueue_slots_of_a_thief_at_work_are_not_reused),
        RUNQUEUE_TEST(runqueue_newest_goes_to_who_names_it),
        RUNQUEUE_TEST(runqueue_random_steps_keep_order_and_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
