/* SPDX-License-Identifier: MIT */
/* Harness: sched/runqueue, with a ring of 4 and cursors of 8 bits that begin near their wrap. The owner pushes more
 * than fits and pops between, the oldest and the newest; two thieves steal twice, with and without a limit; one of them also asks
 * for the length.
 *
 * Law: each task comes out once, whole; what the ring refuses is the owner's; the owner's pops of the oldest are in order; the length
 * is not 0 while a task is queued that nobody takes (the last look of a searcher relies on it).
 *
 * Shows: known bug 26, known bug 76, known bug 77, known bug 78, known bug 80. */
#include "model.h"
#include "sched/runqueue.h"

#include <assert.h>
#include <pthread.h>

enum { TASKS = 7, THIEVES = 2 };

struct weft__task {
    int payload; /* plain: seeing it needs the edges */
};

static struct weft__runqueue queue;
static struct weft__task tasks[TASKS];
static int runs[TASKS]; /* plain: a task that comes out twice is a race or a wrong count */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"full", "stolen", "two at once", "popped", "length seen", "newest", "newest lost"};
    return goal < 7 ? names[goal] : NULL;
}

static void run(struct weft__task *task)
{
    assert(task->payload == 7);
    task->payload = 8;
    runs[task - tasks]++;
}

static void *thief(void *number)
{
    for (int i = 0; i < 2; i++) {
        struct weft__task *out[WEFT__RUNQUEUE_CAPACITY];
        size_t count = weft__runqueue_steal(&queue, out, number ? WEFT__RUNQUEUE_CAPACITY : 1);
        for (size_t k = 0; k < count; k++) {
            run(out[k]);
        }
        if (count > 0) {
            model_reach(count > 1 ? 2 : 1);
        }
    }
    if (number) {
        if (weft__runqueue_length(&queue) > 0) {
            model_reach(4);
        }
    }
    return NULL;
}

static void pop_one(int *last)
{
    struct weft__task *task = weft__runqueue_pop(&queue);
    if (task) {
        assert(task - tasks > *last);
        *last = (int)(task - tasks);
        run(task);
        model_reach(3);
    }
}

static void pop_newest(struct weft__task *task)
{
    const bool taken = weft__runqueue_pop_newest(&queue, task);
    if (taken)
        run(task);
    model_reach(taken ? 5 : 6);
}

int main(void)
{
    pthread_t thieves[THIEVES];
    int last = -1;
    weft__runqueue_init(&queue);
    atomic_init(&queue.head, (uint64_t)254 << 16 | 254);
    atomic_init(&queue.tail, 254);
    model_data(queue.slots, sizeof queue.slots);
    for (intptr_t i = 0; i < THIEVES; i++) {
        pthread_create(&thieves[i], NULL, thief, (void *)i);
    }
    for (int i = 0; i < TASKS; i++) {
        tasks[i].payload = 7;
        if (!weft__runqueue_push(&queue, &tasks[i])) {
            run(&tasks[i]);
            model_reach(0);
        } else if (i == 1 || i == 5) {
            pop_newest(&tasks[i]);
        }
        if (i == 4) {
            pop_one(&last);
        }
    }
    for (int i = 0; i < 2; i++) {
        pop_one(&last);
    }
    for (int i = 0; i < THIEVES; i++) {
        pthread_join(thieves[i], NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        size_t length = weft__runqueue_length(&queue);
        int before = last;
        pop_one(&last);
        assert((length > 0) == (last != before));
    }
    for (int i = 0; i < TASKS; i++) {
        assert(runs[i] == 1);
    }
    return 0;
}
