/* SPDX-License-Identifier: MIT */
/*
 * What the polls of a task have come to owe others, so that it can be given to several of them at once. It is the thread's, and is
 * paid before anything else happens there than the next poll of the same task.
 *
 *     owed by a task -> paid    the room that owes finds that it is enough
 *                               a poll of the task ends, unless it only has spent its budget
 *                               another task is about to be polled, or there is none, or the thread naps or ends (sched/worker.c)
 *                               something else comes to be owed
 *
 * So who is owed waits for no poll but those of that one task, one right after the other. After fork() nobody in the child is owed
 * anything. Threads: its own.
 */
#ifndef WEFT_TASK_DEBT_H
#define WEFT_TASK_DEBT_H

#include <stdint.h>

struct weft__task;
struct weft__thread;

struct weft__debt {
    void (*pay)(void *owing); /* NULL: nothing is owed */
    void *owing;              /* what of a room; it stays until it has paid */
    const struct weft__task *by; /* an address to compare with */
    uint64_t until;           /* the room's: how far it may grow */
};

/* There is a debt. `pay` is called, with no lock held. */
void weft__debt_pay(struct weft__thread *self);

#endif
