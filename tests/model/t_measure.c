/* SPDX-License-Identifier: MIT */
/* Harness: the table of measured wakes, of two entries. Three threads are each the waker and then the worker of a task of their own,
 * twice; where the table is full a wake is not measured.
 *
 * Law: the poll function comes back to its task, whatever was measured; an entry is its task's alone until it has been read; in
 * the end the table is empty, and as many wakes are counted as found an entry. */
#include "model.h"

#include <assert.h>
#include <pthread.h>

#include "task/env.h"
#include "task/measure.h"

enum { THREADS = 3, TURNS = 2 };

static struct weft__measure measure;
static struct weft__env env = {.measure = &measure};
static struct weft__thread threads_self[THREADS];
static weft__task tasks[THREADS];
static _Atomic int measured;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"measured", "no room"};
    return goal < 2 ? names[goal] : NULL;
}

static weft_poll step(weft_context *cx, void *frame)
{
    (void)cx;
    (void)frame;
    return WEFT_READY;
}

static void *waker(void *argument)
{
    const int me = (int)(intptr_t)argument;
    weft__task *task = &tasks[me];
    struct weft__thread *self = &threads_self[me];
    for (int i = 0; i < TURNS; i++) {
        weft__measure_wake(&env, task);
        if (task->fn != step) {
            weft__fetch_add_relaxed(&measured, 1);
            model_reach(0);
        } else {
            model_reach(1);
        }
        weft__measure_poll(self, task);
        assert(self->timed == step && task->fn != step);
        task->fn = self->timed;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    weft__measure_init(&measure, WEFT_MEASURE_EXACT);
    for (intptr_t i = 0; i < THREADS; i++) {
        threads_self[i].env = &env;
        tasks[i].fn = step;
        weft__store_relaxed(&tasks[i].id, 1 + (uint64_t)i);
        pthread_create(&threads[i], NULL, waker, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < WEFT__MEASURE_WOKEN; i++) {
        assert(measure.woken[i].id == 0);
    }
    struct weft__spread_copy wakes = {0};
    weft__spread_copy(&measure.wakes.fresh, &wakes);
    assert(wakes.count == (uint64_t)measured);
    weft__measure_fini(&measure);
    return 0;
}
