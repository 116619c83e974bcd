/* SPDX-License-Identifier: MIT */
/*
 * From a handle to a task, and looking at tasks without stopping them. A handle carries the runtime's number, the slot's
 * number and the id; each is checked on the way, inside an RCU section, so a handle may be kept for ever.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/tsan.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/context.h"
#include "trace/emit.h"

weft__task *weft__task_find(weft_task handle, struct weft__env **out_env)
{
    struct weft__thread *self = weft__self;
    struct weft__env *env = self && self->env->number == handle.weft__runtime && !self->env->inherited
                                ? self->env /* it lives as long as its thread */
                                : weft__runtimes_get(handle.weft__runtime);
    if (!env || handle.id == 0)
        return NULL;
    weft__task *task = weft__slab_lookup(&env->slab, handle.weft__slot);
    if (!task || weft__task_id(task) != handle.id)
        return NULL;
    *out_env = env;
    return task;
}

void weft_wake(weft_waker waker)
{
    struct weft__env *env;
    weft__rcu_read_lock();
    weft__task *task = weft__task_find(waker.task, &env);
    if (task)
        weft__task_wake(task, (uint32_t)waker.task.id, WEFT_TRACE_wake_source_WAKER, 0);
    weft__rcu_read_unlock();
}

int weft_task_cancel(weft_task handle)
{
    if (handle.id == 0)
        return weft__refuse(WEFT_EINVAL, "weft_task_cancel: the handle is cleared, or of a failed spawn");
    struct weft__env *env;
    weft__rcu_read_lock();
    weft__task *task = weft__task_find(handle, &env);
    const bool alive = task && weft__task_cancel(task, (uint32_t)handle.id, WEFT_REASON_USER);
    weft__rcu_read_unlock();
    return alive ? 0 : WEFT_ESRCH;
}

/*
 * A seqlock's read: the bytes may be rewritten while they are copied, and are thrown away if the word says so after. A
 * sanitizer cannot know that, so this function is not instrumented.
 */
WEFT__NO_TSAN static void handle_copy_name(const weft__task *task, weft_task_info *out_info)
{
    const struct weft__task_extra *extra = weft__load_relaxed(&((weft__task *)(uintptr_t)task)->extra);
    const char *name = out_info->site && out_info->site->name ? out_info->site->name : "";
    out_info->category = 0;
    size_t room = WEFT_NAME_MAX;
    if (extra) {
        out_info->category = extra->category;
        if (extra->name_length > 0 && extra->name_length <= WEFT_NAME_MAX) {
            name = extra->name;
            room = extra->name_length;
        }
    }
    size_t length = 0;
    for (; length < room && name[length] != '\0'; length++)
        out_info->name[length] = name[length];
    out_info->name[length] = '\0';
}

static weft_task_state handle_state(uint64_t word)
{
    if (word & WEFT__COMPLETE)
        return WEFT_TASK_ENDED;
    if (word & WEFT__RUNNING)
        return WEFT_TASK_RUNNING;
    return word & WEFT__SCHEDULED ? WEFT_TASK_SCHEDULED : WEFT_TASK_WAITING;
}

bool weft__task_copy(weft__task *task, weft_task_info *out_info)
{
    const uint64_t word = weft__load_acquire(&task->state);
    if (word == 0 || (word & WEFT__FREE))
        return false;
    const struct weft__env *env = weft__task_home(task);
    const int64_t now = weft__realm_now(env->realm); /* a worker's own time may be older than the task */
    const size_t size = out_info->size;
    *out_info = (weft_task_info){
        .size = size,
        .task = {weft__task_id(task), weft__slot_number(task), env->number},
        .parent = weft__load_relaxed(&task->parent),
        .state = handle_state(word),
        .cancelled = word & WEFT__CANCELLED ? (weft_reason)weft__state_reason(word) : WEFT_REASON_NONE,
        .site = weft__load_relaxed(&task->site),
        .await_line = weft__load_relaxed(&task->line),
        .polls = weft__load_relaxed(&task->polls),
        .bytes = (uint32_t)weft__slot_size(task),
        .age_ns = (int64_t)((uint32_t)(now / 1000000) - weft__load_relaxed(&task->born_ms)) * 1000000,
        .idle_ns = weft__task_since(now, weft__load_relaxed(&task->idle)),
    };
    handle_copy_name(task, out_info);
    /* An RMW that changes nothing: what was read above cannot be younger than the word that it finds. */
    const uint64_t after = weft__fetch_or_release(&task->state, 0); /* ST-R4 */
    if ((word & WEFT__RUNNING) || (after & (WEFT__RUNNING | WEFT__COMPLETE))) /* it is not idle, or that was its result */
        out_info->idle_ns = 0;
    return weft__state_tag(after) == weft__state_tag(word) && !(after & WEFT__FREE) &&
           (uint32_t)out_info->task.id == weft__state_tag(word);
}

int weft_task_inspect(weft_task handle, weft_task_info *out_info)
{
    if (handle.id == 0 || !out_info || out_info->size < sizeof *out_info)
        return weft__refuse(WEFT_EINVAL, "weft_task_inspect: give a spawned task, and an info whose size is set");
    struct weft__env *env;
    weft__rcu_read_lock();
    weft__task *task = weft__task_find(handle, &env);
    const bool found = task && weft__task_copy(task, out_info) && out_info->task.id == handle.id;
    weft__rcu_read_unlock();
    return found ? 0 : WEFT_ESRCH;
}

int weft_task_visit(weft_runtime *rt, int (*visit)(void *context, const weft_task_info *info), void *context)
{
    const int wrong = weft__runtimes_check("weft_task_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_task_visit: the function must not be null");
    struct weft__env *env = weft__env_of(rt);
    uint32_t number = 0;
    for (;;) {
        weft_task_info info = {.size = sizeof info};
        weft__rcu_read_lock();
        weft__task *task = weft__slab_next(&env->slab, &number);
        const bool found = task && weft__task_copy(task, &info);
        weft__rcu_read_unlock();
        if (!task)
            return 0;
        const int answer = found ? visit(context, &info) : 0;
        if (answer != 0)
            return answer;
    }
}

weft_task weft_context_task(const weft_context *cx)
{
    if (!cx)
        return (weft_task){0};
    const weft__task *task = weft__cx_task(cx);
    return (weft_task){weft__task_id(task), weft__slot_number(task), weft__cx_thread(cx)->env->number};
}

weft_waker weft_context_waker(const weft_context *cx)
{
    return (weft_waker){weft_context_task(cx)};
}

weft_runtime *weft_context_runtime(const weft_context *cx)
{
    return cx ? (weft_runtime *)(void *)weft__cx_thread(cx)->env : NULL;
}

static void yield_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    (void)waitable;
    wait->object = NULL;
}

/* The task's own wait node remembers, from one poll to the next, that the turn was given away. */
int weft_yield(weft_context *cx)
{
    static const struct weft__waitable_ops ops = {.abandon = yield_abandon};
    static struct weft__waitable yielding = {&ops};
    if (weft__unlikely(!cx))
        return weft__refuse(WEFT_EINVAL, "weft_yield: the context must not be null");
    struct weft__wait *wait = &weft__cx_task(cx)->wait;
    const bool yielded = wait->object == &yielding;
    weft__wait_leave(wait);
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    if (yielded)
        return 0;
    wait->object = &yielding;
    weft__cx_thread(cx)->yield = true;
    return WEFT_AWAITING;
}
