/* SPDX-License-Identifier: MIT */
#include "task/wait.h"

#include "task/future.h"
#include "task/scope.h"
#include "task/task.h"

weft__waiter weft__wait_waiter(struct weft__wait *wait)
{
    if (wait->future)
        return weft__container_of(wait, struct weft__future_node, wait)->waiter;
    if (wait->scope)
        return (weft__waiter)(uintptr_t)weft__scope_of_deadline(wait) | 2;
    if (wait->thread)
        return weft__waiter_thread(weft__container_of(wait, struct weft__blocked, wait));
    return weft__waiter_task(weft__container_of(wait, weft__task, wait));
}

void weft__waiter_wake(weft__waiter waiter, uint8_t source, uint64_t object)
{
    if (waiter & 1) {
        weft__event_set((struct weft__event *)(uintptr_t)(waiter & ~(weft__waiter)1));
        return;
    }
    if (waiter & 2) {
        weft__scope_expire((weft_scope *)(uintptr_t)(waiter & ~(weft__waiter)2));
        return;
    }
    weft__task *task = (weft__task *)(uintptr_t)waiter;
    weft__task_wake(task, weft__state_tag(weft__load_relaxed(&task->state)), source, object);
}
