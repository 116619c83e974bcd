/* SPDX-License-Identifier: MIT */
/*
 * The lock for many readers or one writer: as many permits as there may be readers; a reader takes one, a writer all.
 * The order of the list makes it fair: a writer that waits keeps the readers behind it out, and is passed by nobody.
 *
 *     value = readers_max              nobody is in
 *     0 < value < readers_max          readers are in
 *     value = 0, owner 0               readers_max readers are in
 *     value = 0, owner                 a writer is in
 */
#include <weft/error.h>
#include <weft/lock.h>

#include "base/error.h"
#include "sync/permits.h"
#include "task/future.h"

int weft_rwlock_create(weft_runtime *rt, const weft_rwlock_options *o, weft_rwlock *out_rwlock)
{
    static const char call[] = "weft_rwlock_create";
    if (!out_rwlock || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_RWLOCK_OPTIONS()", call);
    const uint32_t most = o && o->readers_max != 0 ? o->readers_max : WEFT_PERMITS_MAX;
    if (most > WEFT_PERMITS_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: readers_max %u of '%.100s': give 1 to %d, or 0 for that", call, most,
                            o->name ? o->name : "rwlock", WEFT_PERMITS_MAX);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "rwlock",
        .kind = WEFT_SYNC_RWLOCK,
        .value = most,
        .limit = most,
        .withdrawn = weft__permits_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_rwlock->weft__object, &out_rwlock->weft__generation,
                              &out_rwlock->weft__state);
}

static inline int rwlock_check(const char *call, const weft_rwlock *rwlock)
{
    if (weft__unlikely(!rwlock || !rwlock->weft__object))
        return weft__meeting_refuse(call, NULL, rwlock ? rwlock->weft__state : 0);
    return 0;
}

static inline int rwlock_answer(const char *call, const weft_rwlock *rwlock, int answer)
{
    return weft__unlikely(answer == WEFT_ESRCH) ? weft__meeting_stale(call, rwlock->weft__object) : answer;
}

/* What a reader and a writer ask for. A lock for one reader: both ask for 1, and the mode tells them apart. */
static inline uint32_t rwlock_amount(const weft_rwlock *rwlock, uint8_t mode)
{
    return mode == WEFT__MODE_OWNS ? rwlock->weft__object->limit : 1;
}

static int rwlock_deadlock(const char *call)
{
    return weft__refuse(WEFT_EDEADLK, "%s: the caller is the writer: it would wait for itself", call);
}

static int rwlock_wait(const char *call, weft_context *cx, const weft_rwlock *rwlock, uint8_t mode,
                       struct weft__wait *wait)
{
    if (weft__unlikely(weft__permits_await_own(cx, rwlock->weft__object, rwlock->weft__generation, wait)))
        return rwlock_deadlock(call);
    return rwlock_answer(call, rwlock, weft__permits_await(cx, rwlock->weft__object, rwlock->weft__generation, wait, mode,
                                                           rwlock_amount(rwlock, mode)));
}

static int rwlock_await(const char *call, weft_context *cx, const weft_rwlock *rwlock, uint8_t mode)
{
    if (weft__unlikely(!cx || !rwlock || !rwlock->weft__object))
        return weft__meeting_refuse(call, NULL, cx && rwlock ? rwlock->weft__state : 0);
    if (weft__likely(weft__permits_take_at_once(cx, rwlock->weft__object, rwlock->weft__generation, mode,
                                                rwlock_amount(rwlock, mode))))
        return 0;
    return rwlock_wait(call, cx, rwlock, mode, &weft__cx_task(cx)->wait);
}

static int rwlock_future_poll(const char *call, weft_context *cx, weft_future *future, uint8_t mode)
{
    const weft_rwlock *rwlock = ((const weft_rwlock_future *)(const void *)future)->rwlock;
    const int wrong = rwlock_check(call, rwlock);
    return wrong ? wrong : rwlock_wait(call, cx, rwlock, mode, weft__future_attach(cx, future));
}

static int rwlock_read_poll(weft_context *cx, weft_future *future)
{
    return rwlock_future_poll("weft_rwlock_read_begin", cx, future, WEFT__MODE_PLAIN);
}

static int rwlock_write_poll(weft_context *cx, weft_future *future)
{
    return rwlock_future_poll("weft_rwlock_write_begin", cx, future, WEFT__MODE_OWNS);
}

void weft_rwlock_read_begin(weft_rwlock_future *future, const weft_rwlock *rwlock)
{
    if (!weft__future_begin(future, rwlock_read_poll))
        return;
    future->rwlock = rwlock;
}

void weft_rwlock_write_begin(weft_rwlock_future *future, const weft_rwlock *rwlock)
{
    if (!weft__future_begin(future, rwlock_write_poll))
        return;
    future->rwlock = rwlock;
}

static int rwlock_try(const char *call, const weft_rwlock *rwlock, uint8_t mode)
{
    const int wrong = rwlock_check(call, rwlock);
    if (weft__unlikely(wrong))
        return wrong;
    return rwlock_answer(call, rwlock, weft__permits_try(rwlock->weft__object, rwlock->weft__generation, mode,
                                                         rwlock_amount(rwlock, mode)));
}

static int rwlock_block(const char *call, const weft_rwlock *rwlock, uint8_t mode, int64_t deadline_ns)
{
    const int wrong = rwlock_check(call, rwlock);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__meeting_on_worker(call);
    if (weft__permits_owns(rwlock->weft__object, rwlock->weft__generation, weft__meeting_caller()))
        return rwlock_deadlock(call);
    return rwlock_answer(call, rwlock, weft__permits_block(rwlock->weft__object, rwlock->weft__generation, mode,
                                                           rwlock_amount(rwlock, mode), deadline_ns));
}

int weft_rwlock_read(weft_context *cx, const weft_rwlock *rwlock)
{
    return rwlock_await("weft_rwlock_read", cx, rwlock, WEFT__MODE_PLAIN);
}

int weft_rwlock_try_read(const weft_rwlock *rwlock)
{
    return rwlock_try("weft_rwlock_try_read", rwlock, WEFT__MODE_PLAIN);
}

int weft_rwlock_read_blocking(const weft_rwlock *rwlock, int64_t deadline_ns)
{
    return rwlock_block("weft_rwlock_read_blocking", rwlock, WEFT__MODE_PLAIN, deadline_ns);
}

int weft_rwlock_write(weft_context *cx, const weft_rwlock *rwlock)
{
    return rwlock_await("weft_rwlock_write", cx, rwlock, WEFT__MODE_OWNS);
}

int weft_rwlock_try_write(const weft_rwlock *rwlock)
{
    return rwlock_try("weft_rwlock_try_write", rwlock, WEFT__MODE_OWNS);
}

int weft_rwlock_write_blocking(const weft_rwlock *rwlock, int64_t deadline_ns)
{
    return rwlock_block("weft_rwlock_write_blocking", rwlock, WEFT__MODE_OWNS, deadline_ns);
}

int weft_rwlock_read_unlock(const weft_rwlock *rwlock)
{
    static const char call[] = "weft_rwlock_read_unlock";
    const int wrong = rwlock_check(call, rwlock);
    if (weft__unlikely(wrong))
        return wrong;
    struct weft__meeting *object = rwlock->weft__object;
    const uint64_t word = weft__load_relaxed(&object->word); /* a reader that is in keeps what it looks for true */
    if (weft__unlikely(weft__meeting_generation(word) != rwlock->weft__generation))
        return weft__meeting_stale(call, object);
    if (weft__unlikely(weft__meeting_value(word) == object->limit || weft__load_relaxed(&object->owner) != 0))
        return weft__refuse(WEFT_EPERM, "%s: no reader is in '%.100s'", call, object->name);
    const int answer = weft__permits_give(object, rwlock->weft__generation, 1);
    return weft__unlikely(answer == WEFT_ERANGE) ? WEFT_EPERM : rwlock_answer(call, rwlock, answer);
}

int weft_rwlock_write_unlock(const weft_rwlock *rwlock)
{
    static const char call[] = "weft_rwlock_write_unlock";
    const int wrong = rwlock_check(call, rwlock);
    if (weft__unlikely(wrong))
        return wrong;
    struct weft__meeting *object = rwlock->weft__object;
    if (weft__unlikely(weft__meeting_generation(weft__load_relaxed(&object->word)) != rwlock->weft__generation))
        return weft__meeting_stale(call, object);
    if (weft__unlikely(weft__load_relaxed(&object->owner) != weft__meeting_caller())) /* only the owner finds itself */
        return weft__refuse(WEFT_EPERM, "%s: the caller is not the writer in '%.100s'", call, object->name);
    weft__store_relaxed(&object->owner, 0); /* before the value, as in mutex.c */
    return rwlock_answer(call, rwlock, weft__permits_give(object, rwlock->weft__generation, object->limit));
}

void weft_rwlock_destroy(weft_rwlock *rwlock)
{
    if (rwlock)
        weft__meeting_end(&rwlock->weft__object, &rwlock->weft__generation, &rwlock->weft__state);
}
