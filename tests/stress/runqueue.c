/* SPDX-License-Identifier: MIT */
/* The ring's owner, at both of its ends, against three thieves: each task comes out once, whole, and the owner's pops of the
 * oldest are in order. */
#include <stdlib.h>

#include "lib/stress.h"
#include "sched/runqueue.h"

enum { THIEVES = 3 };

struct weft__task {
    uint64_t number; /* plain: a thief must see what the owner wrote */
    unsigned taken;  /* plain: taken twice is a race, and a wrong count */
};

static struct weft__runqueue queue;
static struct weft__task *tasks;
static uint64_t task_count;
static _Atomic uint64_t taken, stolen, refused;
static _Atomic int done;

static void take(struct weft__task *task)
{
    VERDICT(task->taken == 0);
    task->taken++;
    atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
}

static void owner(void)
{
    struct weft__rng rng = stress_rng(0);
    uint64_t pushed = 0, last = 0;
    while (pushed < task_count || atomic_load_explicit(&taken, memory_order_relaxed) < task_count) {
        for (uint32_t i = weft__rng_below(&rng, 300); i > 0 && pushed < task_count; i--) {
            struct weft__task *task = &tasks[pushed];
            task->number = pushed + 1;
            if (!weft__runqueue_push(&queue, task)) {
                atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
                break; /* still ours: again later */
            }
            pushed++;
        }
        for (uint64_t i = weft__rng_below(&rng, 3), newest = pushed; i > 0 && newest > last; i--, newest--)
            if (weft__runqueue_pop_newest(&queue, &tasks[newest - 1]))
                take(&tasks[newest - 1]);
        for (uint32_t i = weft__rng_below(&rng, 100); i > 0; i--) {
            struct weft__task *task = weft__runqueue_pop(&queue);
            if (!task)
                break;
            VERDICT(task->number > last);
            last = task->number;
            take(task);
        }
    }
    atomic_store(&done, 1);
}

static void thief(unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    struct weft__task *out[WEFT__RUNQUEUE_CAPACITY];
    uint64_t last = 0;
    while (!atomic_load_explicit(&done, memory_order_relaxed)) {
        const size_t limit = weft__rng_below(&rng, 4) ? WEFT__RUNQUEUE_CAPACITY / 2 : 1 + weft__rng_below(&rng, 8);
        const size_t count = weft__runqueue_steal(&queue, out, limit);
        VERDICT(count <= limit);
        for (size_t i = 0; i < count; i++) {
            VERDICT(out[i]->number > last); /* the oldest first, and no thief meets an older one later */
            last = out[i]->number;
            take(out[i]);
        }
        atomic_fetch_add_explicit(&stolen, count, memory_order_relaxed);
    }
}

static void runqueue_body(void *context, unsigned number)
{
    (void)context;
    if (number == 0)
        owner();
    else
        thief(number);
}

/* known bug 76, known bug 77, known bug 78 */
static void runqueue_owner_against_thieves_conserves(void **state)
{
    (void)state;
    task_count = stress_scale(2000000);
    tasks = calloc(task_count, sizeof *tasks);
    assert_non_null(tasks);
    weft__runqueue_init(&queue);
    stress_threads(1 + THIEVES, runqueue_body, NULL);
    verdict_assert();
    for (uint64_t i = 0; i < task_count; i++)
        assert_int_equal(tasks[i].taken, 1);
    assert_int_equal(weft__runqueue_length(&queue), 0);
    print_message("%llu of %llu stolen, %llu pushes refused\n", (unsigned long long)atomic_load(&stolen),
                  (unsigned long long)task_count, (unsigned long long)atomic_load(&refused));
    free(tasks);
}

/* The last task: the owner pops it, at one end or the other, while thieves reach for it. */
static uint64_t last_rounds;
static _Atomic uint64_t last_round;

static void last_body(void *context, unsigned number)
{
    (void)context;
    struct weft__task *out[1];
    if (number > 0) {
        while (atomic_load(&last_round) < last_rounds)
            if (weft__runqueue_steal(&queue, out, 1) == 1)
                take(out[0]);
        return;
    }
    for (uint64_t i = 0; i < last_rounds; i++) {
        tasks[i].number = i;
        while (!weft__runqueue_push(&queue, &tasks[i]))
            continue; /* a thief holds a slot back */
        struct weft__task *task = i % 2 ? weft__runqueue_pop(&queue) : &tasks[i];
        if (i % 2 ? task != NULL : weft__runqueue_pop_newest(&queue, task))
            take(task);
        atomic_store(&last_round, i + 1);
    }
}

/* known bug 77 */
static void runqueue_last_task_goes_to_one(void **state)
{
    (void)state;
    last_rounds = stress_scale(1000000);
    tasks = calloc(last_rounds, sizeof *tasks);
    assert_non_null(tasks);
    weft__runqueue_init(&queue);
    stress_threads(1 + THIEVES, last_body, NULL);
    verdict_assert();
    for (struct weft__task *task; (task = weft__runqueue_pop(&queue)) != NULL;)
        take(task);
    for (uint64_t i = 0; i < last_rounds; i++)
        assert_int_equal(tasks[i].taken, 1);
    free(tasks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runqueue_owner_against_thieves_conserves),
        cmocka_unit_test(runqueue_last_task_goes_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
