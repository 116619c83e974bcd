/* SPDX-License-Identifier: MIT */
/*
 * The semaphore: permits by the number (permits.h).
 *
 *     LIVE            acquire    value >= n, nobody waits: value - n; otherwise wait
 *     LIVE            release    value + n, or to those that wait
 *     LIVE            close      CLOSED; those that wait are told
 *     CLOSED          acquire    WEFT_EPIPE
 *     CLOSED          release forget    as before: nothing opens it again
 */
#include <weft/error.h>
#include <weft/sync.h>

#include "base/error.h"
#include "sync/permits.h"
#include "task/future.h"

int weft_semaphore_create(weft_runtime *rt, const weft_semaphore_options *o, weft_semaphore *out_semaphore)
{
    static const char call[] = "weft_semaphore_create";
    static const weft_semaphore_options defaults = {.size = sizeof defaults};
    o = o ? o : &defaults;
    const uint32_t most = o->permits_max != 0 ? o->permits_max : WEFT_PERMITS_MAX;
    if (!out_semaphore || o->size < sizeof *o)
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_SEMAPHORE_OPTIONS()",
                            call);
    if (most > WEFT_PERMITS_MAX || o->permits > most)
        return weft__refuse(WEFT_EINVAL, "%s: %u permits of at most %u in '%.100s': give permits <= permits_max <= %d",
                            call, o->permits, most, o->name ? o->name : "semaphore", WEFT_PERMITS_MAX);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o->name,
        .component = o->component,
        .otherwise = "semaphore",
        .kind = WEFT_SYNC_SEMAPHORE,
        .value = o->permits,
        .limit = most,
        .withdrawn = weft__permits_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_semaphore->weft__object, &out_semaphore->weft__generation,
                              &out_semaphore->weft__state);
}

/* No permit was asked for: there is nothing to do. */
enum { SEMAPHORE_NOTHING = 1 };

/* Whether a handle can be used for so many permits: 0, an error, or SEMAPHORE_NOTHING. */
static int semaphore_check(const char *call, const weft_semaphore *semaphore, uint32_t count)
{
    if (weft__unlikely(!semaphore || !semaphore->weft__object))
        return weft__meeting_refuse(call, NULL, semaphore ? semaphore->weft__state : 0);
    struct weft__meeting *object = semaphore->weft__object;
    const uint64_t word = weft__load_relaxed(&object->word); /* what it finds stays so while the handle is good */
    if (weft__unlikely(weft__meeting_generation(word) != semaphore->weft__generation))
        return weft__meeting_stale(call, object);
    if (weft__unlikely(count > object->limit))
        return weft__refuse(WEFT_ERANGE, "%s: %u permits, '%.100s' has at most %u", call, count, object->name,
                            object->limit);
    if (weft__unlikely(count == 0))
        return word & WEFT__MEETING_CLOSED ? weft__permits_closed(object) : SEMAPHORE_NOTHING;
    return 0;
}

static int semaphore_wrong(int wrong)
{
    return wrong == SEMAPHORE_NOTHING ? 0 : wrong;
}

static int semaphore_answer(const char *call, const weft_semaphore *semaphore, int answer)
{
    return weft__unlikely(answer == WEFT_ESRCH) ? weft__meeting_stale(call, semaphore->weft__object) : answer;
}

static int semaphore_await(const char *call, weft_context *cx, const weft_semaphore *semaphore, uint32_t count,
                           struct weft__wait *wait)
{
    if (weft__likely(wait->object != &semaphore->weft__object->waitable)) { /* one that waits hears what came of that */
        const int wrong = semaphore_check(call, semaphore, count);
        if (weft__unlikely(wrong))
            return semaphore_wrong(wrong);
    }
    return semaphore_answer(call, semaphore, weft__permits_await(cx, semaphore->weft__object, semaphore->weft__generation, wait,
                                                                 WEFT__MODE_PLAIN, count));
}

int weft_semaphore_acquire(weft_context *cx, const weft_semaphore *semaphore, uint32_t count)
{
    static const char call[] = "weft_semaphore_acquire";
    if (weft__unlikely(!cx || !semaphore || !semaphore->weft__object))
        return weft__meeting_refuse(call, NULL, cx && semaphore ? semaphore->weft__state : 0);
    if (weft__likely(count > 0 && weft__permits_take_at_once(cx, semaphore->weft__object, semaphore->weft__generation,
                                                             WEFT__MODE_PLAIN, count)))
        return 0;
    return semaphore_await(call, cx, semaphore, count, &weft__cx_task(cx)->wait);
}

static int semaphore_future_poll(weft_context *cx, weft_future *future)
{
    static const char call[] = "weft_semaphore_acquire_begin";
    const weft_semaphore_future *acquire = (const weft_semaphore_future *)(const void *)future;
    if (!acquire->semaphore || !acquire->semaphore->weft__object)
        return weft__meeting_refuse(call, NULL, acquire->semaphore ? acquire->semaphore->weft__state : 0);
    return semaphore_await(call, cx, acquire->semaphore, acquire->count, weft__future_attach(cx, future));
}

void weft_semaphore_acquire_begin(weft_semaphore_future *future, const weft_semaphore *semaphore, uint32_t count)
{
    if (!weft__future_begin(future, semaphore_future_poll))
        return;
    future->semaphore = semaphore;
    future->count = count;
}

int weft_semaphore_try_acquire(const weft_semaphore *semaphore, uint32_t count)
{
    static const char call[] = "weft_semaphore_try_acquire";
    const int wrong = semaphore_check(call, semaphore, count);
    if (weft__unlikely(wrong))
        return semaphore_wrong(wrong);
    return semaphore_answer(call, semaphore, weft__permits_try(semaphore->weft__object, semaphore->weft__generation,
                                                               WEFT__MODE_PLAIN, count));
}

int weft_semaphore_acquire_blocking(const weft_semaphore *semaphore, uint32_t count, int64_t deadline_ns)
{
    static const char call[] = "weft_semaphore_acquire_blocking";
    const int wrong = semaphore_check(call, semaphore, count);
    if (weft__self)
        return weft__meeting_on_worker(call);
    if (wrong)
        return semaphore_wrong(wrong);
    return semaphore_answer(call, semaphore, weft__permits_block(semaphore->weft__object, semaphore->weft__generation,
                                                                 WEFT__MODE_PLAIN, count, deadline_ns));
}

int weft_semaphore_release(const weft_semaphore *semaphore, uint32_t count)
{
    static const char call[] = "weft_semaphore_release";
    const int wrong = semaphore_check(call, semaphore, count);
    if (weft__unlikely(wrong))
        return wrong == WEFT_EPIPE && semaphore->weft__object ? 0 : semaphore_wrong(wrong); /* 0 to a closed one */
    const int answer = weft__permits_give(semaphore->weft__object, semaphore->weft__generation, count);
    if (weft__unlikely(answer == WEFT_ERANGE))
        return weft__refuse(answer, "%s: %u more permits would be more than the semaphore has at most", call, count);
    return semaphore_answer(call, semaphore, answer);
}

int weft_semaphore_forget(const weft_semaphore *semaphore, uint32_t count)
{
    static const char call[] = "weft_semaphore_forget";
    if (!semaphore || !semaphore->weft__object)
        return weft__meeting_refuse(call, NULL, semaphore ? semaphore->weft__state : 0);
    if (count > WEFT_PERMITS_MAX)
        return weft__refuse(WEFT_ERANGE, "%s: %u permits, at most %d", call, count, WEFT_PERMITS_MAX);
    struct weft__meeting *object = semaphore->weft__object;
    weft__lock(&object->lock); /* with WAITERS only its holder changes the value */
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    uint32_t removed;
    do {
        if (weft__meeting_generation(word) != semaphore->weft__generation) {
            weft__unlock(&object->lock);
            return weft__meeting_stale(call, object);
        }
        removed = weft__meeting_value(word) < count ? weft__meeting_value(word) : count;
    } while (!weft__cas_weak_acquire(&object->word, &word, word - weft__meeting_amount(removed))); /* SY-A1 */
    weft__unlock(&object->lock);
    return (int)removed;
}

int weft_semaphore_available(const weft_semaphore *semaphore)
{
    static const char call[] = "weft_semaphore_available";
    if (!semaphore || !semaphore->weft__object)
        return weft__meeting_refuse(call, NULL, semaphore ? semaphore->weft__state : 0);
    const uint64_t word = weft__load_relaxed(&semaphore->weft__object->word); /* a number, and nothing behind it */
    if (weft__meeting_generation(word) != semaphore->weft__generation)
        return weft__meeting_stale(call, semaphore->weft__object);
    return (int)weft__meeting_value(word);
}

void weft_semaphore_close(const weft_semaphore *semaphore)
{
    if (!semaphore || !semaphore->weft__object)
        return;
    struct weft__meeting *object = semaphore->weft__object;
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != semaphore->weft__generation) {
        weft__unlock(&object->lock);
        weft__rcu_read_unlock();
        return;
    }
    weft__fetch_or_release(&object->word, WEFT__MEETING_CLOSED); /* SY-R1 */
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_CLOSED);
}

void weft_semaphore_destroy(weft_semaphore *semaphore)
{
    if (semaphore)
        weft__meeting_end(&semaphore->weft__object, &semaphore->weft__generation, &semaphore->weft__state);
}
