/* SPDX-License-Identifier: MIT */
/*
 * Once: the right to do it is one permit (permits.h), and DONE ends all asking.
 *
 *     value 1                  enter    value 0, owner: the caller; 1
 *     value 0                  enter    wait in the list
 *     value 0, owner: me       leave with 0 or more     DONE, all that wait are told; value stays 0
 *     value 0, owner: me       leave with an error      value 1, or the first of the list is the owner: it tries
 *     DONE                     enter    0
 */
#include <weft/error.h>
#include <weft/once.h>

#include "base/error.h"
#include "sync/permits.h"
#include "task/future.h"

int weft_once_create(weft_runtime *rt, const weft_once_options *o, weft_once *out_once)
{
    static const char call[] = "weft_once_create";
    if (!out_once || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_ONCE_OPTIONS()", call);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "once",
        .kind = WEFT_SYNC_ONCE,
        .value = 1,
        .limit = 1,
        .withdrawn = weft__permits_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_once->weft__object, &out_once->weft__generation,
                              &out_once->weft__state);
}

/* Whether it has been done, as most callers find it. */
static bool once_is_done(const weft_once *once)
{
    const uint64_t word = weft__load_acquire(&once->weft__object->word); /* SY-A1: what was done is seen */
    return (word & WEFT__MEETING_DONE) && weft__meeting_generation(word) == once->weft__generation;
}

/* Permits say 0 for taken and 1 for done; the caller hears it the other way round. */
static int once_answer(const char *call, const weft_once *once, int answer)
{
    if (answer == 0 || answer == 1)
        return !answer;
    return answer == WEFT_ESRCH ? weft__meeting_stale(call, once->weft__object) : answer;
}

static int once_deadlock(const char *call)
{
    return weft__refuse(WEFT_EDEADLK, "%s: the caller is doing it: it would wait for itself", call);
}

static int once_await(const char *call, weft_context *cx, const weft_once *once, struct weft__wait *wait)
{
    if (weft__unlikely(!once || !once->weft__object))
        return weft__meeting_refuse(call, NULL, once ? once->weft__state : 0);
    if (!wait->object && once_is_done(once)) {
        if (weft__unlikely(weft__cx_cancelled(cx)))
            return WEFT_ECANCELED;
        return weft__cx_spend(cx) ? 0 : WEFT_AWAITING;
    }
    if (weft__permits_await_own(cx, once->weft__object, once->weft__generation, wait))
        return once_deadlock(call);
    return once_answer(call, once, weft__permits_await(cx, once->weft__object, once->weft__generation, wait,
                                                       WEFT__MODE_OWNS, 1));
}

static int once_enter(const char *call, weft_context *cx, const weft_once *once)
{
    return cx ? once_await(call, cx, once, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

int weft_once_enter(weft_context *cx, const weft_once *once)
{
    return once_enter("weft_once_enter", cx, once);
}

static int once_future_poll(weft_context *cx, weft_future *future)
{
    return once_await("weft_once_enter_begin", cx, ((const weft_once_future *)(const void *)future)->once,
                      weft__future_attach(cx, future));
}

void weft_once_enter_begin(weft_once_future *future, const weft_once *once)
{
    if (!weft__future_begin(future, once_future_poll))
        return;
    future->once = once;
}

int weft_once_enter_blocking(const weft_once *once, int64_t deadline_ns)
{
    static const char call[] = "weft_once_enter_blocking";
    if (!once || !once->weft__object)
        return weft__meeting_refuse(call, NULL, once ? once->weft__state : 0);
    if (weft__self)
        return weft__meeting_on_worker(call);
    if (once_is_done(once))
        return 0;
    if (weft__permits_owns(once->weft__object, once->weft__generation, weft__meeting_caller()))
        return once_deadlock(call);
    return once_answer(call, once, weft__permits_block(once->weft__object, once->weft__generation, WEFT__MODE_OWNS, 1,
                                                       deadline_ns));
}

/* It is done: nobody asks again. */
static int once_finish(const char *call, struct weft__meeting *object, uint32_t generation)
{
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != generation) {
        weft__unlock(&object->lock);
        weft__rcu_read_unlock();
        return weft__meeting_stale(call, object);
    }
    weft__store_relaxed(&object->owner, 0);
    weft__store_relaxed(&object->count, 1);
    weft__fetch_or_release(&object->word, WEFT__MEETING_DONE); /* SY-R1 */
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
    return 0;
}

int weft_once_leave(const weft_once *once, int result)
{
    static const char call[] = "weft_once_leave";
    if (!once || !once->weft__object)
        return weft__meeting_refuse(call, NULL, once ? once->weft__state : 0);
    struct weft__meeting *object = once->weft__object;
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != once->weft__generation)
        return weft__meeting_stale(call, object);
    if (!weft__permits_owns(object, once->weft__generation, weft__meeting_caller()))
        return weft__refuse(WEFT_EPERM, "%s: the caller is not doing '%.100s'", call, object->name);
    if (result >= 0)
        return once_finish(call, object, once->weft__generation);
    weft__store_relaxed(&object->owner, 0); /* before the value, as in mutex.c */
    const int answer = weft__permits_give(object, once->weft__generation, 1);
    return answer == WEFT_ESRCH ? weft__meeting_stale(call, object) : answer;
}

int weft_once_run(weft_context *cx, const weft_once *once, int (*function)(void *context), void *context)
{
    if (!function)
        return weft__refuse(WEFT_EINVAL, "weft_once_run: the function must not be null");
    const int entered = once_enter("weft_once_run", cx, once);
    if (entered != 1)
        return entered;
    const int result = function(context);
    const int left = weft_once_leave(once, result);
    return result < 0 ? result : left;
}

void weft_once_destroy(weft_once *once)
{
    if (once)
        weft__meeting_end(&once->weft__object, &once->weft__generation, &once->weft__state);
}
