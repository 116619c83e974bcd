/* SPDX-License-Identifier: MIT */
/*
 * A tracer for tests of trails: each trail is a mark with a number, what the tracer is told is written down, and no mark may be left
 * when it is taken away. Each program that includes this has one.
 */
#ifndef WEFT_TESTS_API_MARKS_H
#define WEFT_TESTS_API_MARKS_H

#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>

/* A trail with a number, so that a test can say whose it is. */
struct mark {
    weft_trail trail;
    int number;
    const weft_frame *frame; /* of one that was entered */
    weft_trail *under;
};

static atomic_int marks_live;

static inline void mark_free(weft_trail *trail)
{
    atomic_fetch_sub(&marks_live, 1);
    free(trail);
}

static inline weft_trail *mark_new(int number)
{
    struct mark *mark = calloc(1, sizeof *mark);
    weft_trail_init(&mark->trail, mark_free);
    mark->number = number;
    atomic_fetch_add(&marks_live, 1);
    return &mark->trail;
}

static inline int mark_number(weft_trail *trail)
{
    return trail ? ((struct mark *)(void *)trail)->number : 0;
}

/* What the tracer of these tests was told. */
static struct {
    pthread_mutex_t mutex;
    bool marks; /* each task gets a mark of its own: 1000 and its spawner's */
    unsigned begins, ends, returns;
    char name[64], scope[64], runtime[64];
    bool named;
    uint64_t parent;
    int spawner;
    weft_trail_end end;
    int mentioned[64];
    unsigned mentions;
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static inline weft_trail *told_begins(void *context, weft_trail *current, const weft_trail_birth *birth)
{
    (void)context;
    pthread_mutex_lock(&told.mutex);
    told.begins++;
    snprintf(told.name, sizeof told.name, "%s", birth->name);
    snprintf(told.scope, sizeof told.scope, "%s", birth->scope);
    snprintf(told.runtime, sizeof told.runtime, "%s", birth->runtime);
    told.named = birth->named;
    told.parent = birth->parent;
    told.spawner = mark_number(current);
    const bool mark = told.marks;
    pthread_mutex_unlock(&told.mutex);
    if (!mark)
        return weft_trail_ref(current);
    weft_trail *own = mark_new(1000 + mark_number(current));
    own->timed = true;
    return own;
}

static inline void told_ends(void *context, weft_trail *own, weft_trail *current, const weft_trail_end *end)
{
    (void)context;
    (void)own;
    (void)current;
    pthread_mutex_lock(&told.mutex);
    told.ends++;
    told.end = *end;
    pthread_mutex_unlock(&told.mutex);
}

static inline void told_received(void *context, weft_trail *current, weft_trail *message)
{
    (void)context;
    (void)current;
    pthread_mutex_lock(&told.mutex);
    if (told.mentions < 64)
        told.mentioned[told.mentions] = mark_number(message);
    told.mentions++;
    pthread_mutex_unlock(&told.mutex);
}

/* Whatever the step that returns has entered is left. */
static inline void told_returns(void *context, weft_trail *current, const struct weft_frame *frame)
{
    (void)context;
    pthread_mutex_lock(&told.mutex);
    told.returns++;
    pthread_mutex_unlock(&told.mutex);
    for (struct mark *top = (struct mark *)(void *)current; top && top->frame == frame; top = (struct mark *)(void *)weft_trail_current())
        if (weft_trail_leave(top->under) < 0)
            return;
}

static inline void tracer_begin(bool marks)
{
    pthread_mutex_lock(&told.mutex);
    told.marks = marks;
    told.begins = told.ends = told.returns = told.mentions = 0;
    pthread_mutex_unlock(&told.mutex);
    assert_int_equal(weft_tracer_set(WEFT_TRACER(.task_begins = told_begins, .task_ends = told_ends, .received = told_received,
                                                 .step_returns = told_returns)),
                     0);
}

static inline void tracer_end(void)
{
    assert_int_equal(weft_tracer_set(NULL), 0);
    assert_int_equal(weft_trail_set(NULL), 0);
    assert_int_equal(marks_live, 0);
}

static inline void host_works_for(int number)
{
    weft_trail *trail = mark_new(number);
    assert_int_equal(weft_trail_set(trail), 0);
    weft_trail_unref(trail);
}

#endif
