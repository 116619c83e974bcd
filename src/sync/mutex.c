/* SPDX-License-Identifier: MIT */
/*
 * The mutex: one permit, and whose it is.
 *
 *     value 1, owner 0     lock      value 0, owner: the caller
 *     value 0              lock      wait; whoever unlocks makes the first of the list the owner
 *     value 0, owner: me   unlock    value 1, owner 0; or value 0, owner: the first of the list
 *
 * The owner is written after the value when it is taken and before the value when it is given, by the one who has it; a
 * look from outside may see a locked mutex without an owner for a moment, never a wrong one.
 */
#include <weft/error.h>
#include <weft/lock.h>

#include "base/error.h"
#include "sync/permits.h"
#include "task/future.h"

int weft_mutex_create(weft_runtime *rt, const weft_mutex_options *o, weft_mutex *out_mutex)
{
    static const char call[] = "weft_mutex_create";
    if (!out_mutex || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_MUTEX_OPTIONS()", call);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "mutex",
        .kind = WEFT_SYNC_MUTEX,
        .value = 1,
        .limit = 1,
        .withdrawn = weft__permits_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_mutex->weft__object, &out_mutex->weft__generation,
                              &out_mutex->weft__state);
}

static inline int mutex_check(const char *call, const weft_mutex *mutex)
{
    if (weft__unlikely(!mutex || !mutex->weft__object))
        return weft__meeting_refuse(call, NULL, mutex ? mutex->weft__state : 0);
    return 0;
}

static int mutex_deadlock(const char *call)
{
    return weft__refuse(WEFT_EDEADLK, "%s: the caller has it already: it would wait for itself", call);
}

static int mutex_await(const char *call, weft_context *cx, const weft_mutex *mutex, struct weft__wait *wait)
{
    if (weft__unlikely(weft__permits_await_own(cx, mutex->weft__object, mutex->weft__generation, wait)))
        return mutex_deadlock(call);
    const int answer =
        weft__permits_await(cx, mutex->weft__object, mutex->weft__generation, wait, WEFT__MODE_OWNS, 1);
    return weft__unlikely(answer == WEFT_ESRCH) ? weft__meeting_stale(call, mutex->weft__object) : answer;
}

int weft_mutex_lock(weft_context *cx, const weft_mutex *mutex)
{
    static const char call[] = "weft_mutex_lock";
    if (weft__unlikely(!cx || !mutex || !mutex->weft__object))
        return weft__meeting_refuse(call, NULL, cx && mutex ? mutex->weft__state : 0);
    if (weft__likely(weft__permits_take_at_once(cx, mutex->weft__object, mutex->weft__generation, WEFT__MODE_OWNS, 1)))
        return 0;
    return mutex_await(call, cx, mutex, &weft__cx_task(cx)->wait);
}

static int mutex_future_poll(weft_context *cx, weft_future *future)
{
    static const char call[] = "weft_mutex_lock_begin";
    const weft_mutex *mutex = ((const weft_mutex_future *)(const void *)future)->mutex;
    const int wrong = mutex_check(call, mutex);
    return wrong ? wrong : mutex_await(call, cx, mutex, weft__future_attach(cx, future));
}

void weft_mutex_lock_begin(weft_mutex_future *future, const weft_mutex *mutex)
{
    if (!weft__future_begin(future, mutex_future_poll))
        return;
    future->mutex = mutex;
}

int weft_mutex_try_lock(const weft_mutex *mutex)
{
    static const char call[] = "weft_mutex_try_lock";
    const int wrong = mutex_check(call, mutex);
    if (weft__unlikely(wrong))
        return wrong;
    const int answer = weft__permits_try(mutex->weft__object, mutex->weft__generation, WEFT__MODE_OWNS, 1);
    return weft__unlikely(answer == WEFT_ESRCH) ? weft__meeting_stale(call, mutex->weft__object) : answer;
}

int weft_mutex_lock_blocking(const weft_mutex *mutex, int64_t deadline_ns)
{
    static const char call[] = "weft_mutex_lock_blocking";
    const int wrong = mutex_check(call, mutex);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__meeting_on_worker(call);
    if (weft__permits_owns(mutex->weft__object, mutex->weft__generation, weft__meeting_caller()))
        return mutex_deadlock(call);
    const int answer =
        weft__permits_block(mutex->weft__object, mutex->weft__generation, WEFT__MODE_OWNS, 1, deadline_ns);
    return answer == WEFT_ESRCH ? weft__meeting_stale(call, mutex->weft__object) : answer;
}

int weft_mutex_unlock(const weft_mutex *mutex)
{
    static const char call[] = "weft_mutex_unlock";
    const int wrong = mutex_check(call, mutex);
    if (weft__unlikely(wrong))
        return wrong;
    struct weft__meeting *object = mutex->weft__object;
    if (weft__unlikely(weft__meeting_generation(weft__load_relaxed(&object->word)) != mutex->weft__generation))
        return weft__meeting_stale(call, object);
    if (weft__unlikely(weft__load_relaxed(&object->owner) != weft__meeting_caller())) /* only the owner finds itself */
        return weft__refuse(WEFT_EPERM, "%s: '%.100s' is not locked by the caller", call, object->name);
    weft__store_relaxed(&object->owner, 0); /* before the value: the next owner writes its own after taking that */
    const int answer = weft__permits_give(object, mutex->weft__generation, 1);
    return weft__unlikely(answer == WEFT_ESRCH) ? weft__meeting_stale(call, mutex->weft__object) : answer;
}

uint64_t weft_mutex_owner(const weft_mutex *mutex)
{
    if (!mutex || !mutex->weft__object)
        return 0;
    const uint64_t owner = weft__load_relaxed(&mutex->weft__object->owner); /* a number to show */
    const uint64_t word = weft__load_relaxed(&mutex->weft__object->word);
    return weft__meeting_generation(word) == mutex->weft__generation ? owner : 0;
}

void weft_mutex_destroy(weft_mutex *mutex)
{
    if (mutex)
        weft__meeting_end(&mutex->weft__object, &mutex->weft__generation, &mutex->weft__state);
}
