/* SPDX-License-Identifier: MIT */
/* Harness: sched/parker. A worker parks, with or without a deadline, or sleeps elsewhere as in its loop, until it has seen
 * what two others announced by unparking it; both may come before it parks, while it falls asleep, or together.
 *
 * Law: after the last unpark the worker looks once more and sees everything (else DEADLOCK); an unpark orders.
 *
 * Shows: scenario 10, known bug 11, known bug 12, known bug 15. */
#include "base/event.h"
#include "model.h"
#include "sched/parker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { UNPARKERS = 2 };

static struct weft__parker parker;
static struct weft__event elsewhere; /* what rouses the worker there; it may come late, and is then one wake for nothing */
static _Atomic int announced[UNPARKERS];

static void *unparker(void *number)
{
    weft__store_relaxed(&announced[(intptr_t)number], 1); /* seen through the parker's edge only */
    if (weft__parker_unpark(&parker))
        weft__event_set(&elsewhere);
    return NULL;
}

static bool all_seen(void)
{
    int seen = 0;
    for (int i = 0; i < UNPARKERS; i++) {
        seen += weft__load_relaxed(&announced[i]);
    }
    return seen == UNPARKERS;
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"parked once", "parked twice", "a deadline passed", "slept elsewhere"};
    return goal < 4 ? names[goal] : NULL;
}

static void sleep_elsewhere(void)
{
    if (weft__parker_depart(&parker)) {
        weft__event_wait(&elsewhere, INT64_MAX);
        weft__event_clear(&elsewhere);
        model_reach(3);
    }
    weft__parker_arrive(&parker);
}

int main(void)
{
    pthread_t threads[UNPARKERS];
    for (intptr_t i = 0; i < UNPARKERS; i++) {
        pthread_create(&threads[i], NULL, unparker, (void *)i);
    }
    for (unsigned parks = 0; !all_seen(); parks++) { /* a deadline passes so rarely that this ends */
        if (model_choose(3) == 0)
            sleep_elsewhere();
        else
            weft__parker_park(&parker, model_choose(2) ? INT64_MAX : model_clock() + 1000);
        model_reach(parks < 2 ? parks : 2);
    }
    for (int i = 0; i < UNPARKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
