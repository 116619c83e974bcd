/* SPDX-License-Identifier: MIT */
/* Harness: sched/parker. A worker parks, with or without a deadline, until it has seen what two others announced by
 * unparking it; both may come before it parks, while it falls asleep, or together.
 *
 * Law: after the last unpark the worker looks once more and sees everything (else DEADLOCK); an unpark orders.
 *
 * Shows: scenario 10, known bug 11, known bug 12. */
#include "model.h"
#include "sched/parker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { UNPARKERS = 2 };

static struct weft__parker parker;
static _Atomic int announced[UNPARKERS];

static void *unparker(void *number)
{
    weft__store_relaxed(&announced[(intptr_t)number], 1); /* seen through the parker's edge only */
    weft__parker_unpark(&parker);
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
    static const char *const names[] = {"parked once", "parked twice", "a deadline passed"};
    return goal < 3 ? names[goal] : NULL;
}

int main(void)
{
    pthread_t threads[UNPARKERS];
    for (intptr_t i = 0; i < UNPARKERS; i++) {
        pthread_create(&threads[i], NULL, unparker, (void *)i);
    }
    for (unsigned parks = 0; !all_seen(); parks++) { /* a deadline passes so rarely that this ends */
        weft__parker_park(&parker, model_choose(2) ? INT64_MAX : model_clock() + 1000);
        model_reach(parks < 2 ? parks : 2);
    }
    for (int i = 0; i < UNPARKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
