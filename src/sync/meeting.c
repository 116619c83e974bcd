/* SPDX-License-Identifier: MIT */
/* Birth and end of a meeting point, and of the place where they live. */
#include "sync/meeting.h"

#include <string.h>
#include <weft/error.h>
#include <weft/metrics.h>

#include "base/error.h"
#include "base/platform.h"
#include "base/thread.h"
#include "registry/ids.h"
#include "registry/runtimes.h"
#include "sync/queue.h"
#include "task/env.h"
#include "task/name.h"
#include "trace/emit.h"

_Static_assert(WEFT_PERMITS_MAX <= WEFT__MEETING_VALUE_MAX, "the word has room for all permits");
_Static_assert((int)WEFT_SYNC_SEMAPHORE == WEFT_TRACE_sync_kind_SEMAPHORE &&
                   (int)WEFT_SYNC_BROADCAST == WEFT_TRACE_sync_kind_BROADCAST,
               "a kind has one number, in events and in statistics");

struct weft__sync *weft__sync_create(uint32_t number, struct weft__realm *realm)
{
    struct weft__sync *sync = weft__alloc_zeroed(1, sizeof *sync);
    if (!sync || !weft__ledger_init(&sync->ledger, WEFT_METRIC_ROWS_MAX)) {
        weft__free(sync);
        return NULL;
    }
    weft__slab_init_kept(&sync->slab, sync);
    weft__slab_init_counted(&sync->values, sync);
    sync->number = number;
    sync->realm = weft__realm_ref(realm);
    weft__home_init(&sync->home);
    return sync;
}

static void sync_free(struct weft__sync *sync)
{
    weft__rcu_synchronize(); /* a walk, or a wake that has just been done, may still be on its way out */
    weft__slab_fini(&sync->slab);
    weft__slab_fini(&sync->values);
    weft__realm_unref(sync->realm);
    weft__ledger_fini(&sync->ledger);
    weft__free(sync);
}

void weft__sync_close(struct weft__sync *sync, int64_t counted)
{
    if (weft__home_close(&sync->home, counted))
        sync_free(sync);
}

void weft__sync_orphan(struct weft__sync *sync)
{
    weft__home_init(&sync->home); /* the only thread */
}

void weft__sync_trim(struct weft__sync *sync)
{
    weft__slab_trim(&sync->slab);
    weft__slab_trim(&sync->values);
}

/* What is counted, in a row. */
enum { COUNTS_BEGIN = offsetof(struct weft__meeting, waits), COUNTS_END = offsetof(struct weft__meeting, component) };

static const struct weft__waitable_ops meeting_ops = {weft__queue_abandon, weft__meeting_describe};

/* What a name takes behind an object, with its end. */
static size_t meeting_room(const char *name, size_t limit)
{
    return name ? weft__name_fit(name, limit - 1) + 1 : 0;
}

/* Put a name of so many bytes there, if it was given, and move on. Where it is to be read. */
static const char *meeting_put(char **at, const char *name, size_t room, const char *otherwise)
{
    char *const here = *at;
    if (weft__likely(room == 0))
        return otherwise;
    memcpy(here, name, room - 1);
    here[room - 1] = '\0';
    *at += room;
    return here;
}

/* Of those that carry values, which come and go with each reply; a lock is made to stay. */
static struct weft__slab_cache *meeting_cache(const struct weft__sync *home)
{
    return weft__self_cache(&home->values, WEFT__CACHED_VALUES);
}

int weft__meeting_create(weft_runtime *rt, const struct weft__meeting_plan *plan, struct weft__meeting **out_object)
{
    const char *name = plan->name ? plan->name : plan->otherwise;
    const int wrong = weft__runtimes_check(plan->call, rt);
    if (wrong)
        return wrong;
    if (weft__load_relaxed(&weft__env_of(rt)->refusing)) /* relaxed: what races with shutdown outlives the runtime */
        return weft__refuse(WEFT_ESHUTDOWN, "%s: '%.100s': the runtime is shutting down", plan->call, name);
    struct weft__sync *home = weft__env_of(rt)->sync;
    const bool plain = plan->size == 0;
    const size_t size = plain ? sizeof(struct weft__meeting) : plan->size;
    const size_t name_room = meeting_room(plan->name, WEFT__MEETING_NAME);
    const size_t component_room = meeting_room(plan->component, WEFT__MEETING_COMPONENT);
    struct weft__slab_cache *cache = plain ? NULL : meeting_cache(home);
    struct weft__meeting *object =
        weft__slab_alloc(plain ? &home->slab : &home->values, cache, size + name_room + component_room);
    if (!object)
        return weft__refuse(WEFT_ENOMEM, "%s: no memory for '%.100s': nothing was taken", plan->call, name);
    weft__home_enter(&home->home, cache);

    /* Nobody looks at what is not LIVE, and who looked at what was here before has left: it looked under the lock. */
    weft__store_relaxed(&object->owner, 0);
    weft__store_relaxed(&object->taker, 0);
    weft__store_relaxed(&object->id, weft__env_new_id(weft__env_of(rt)));
    object->limit = plan->limit;
    object->kind = (uint8_t)plan->kind;
    weft__store_relaxed(&object->number, 0);
    weft__store_relaxed(&object->refs, 1);
    object->waitable.ops = &meeting_ops;
    object->withdrawn = plan->withdrawn;
    weft__store_relaxed(&object->waiting_count, 0);
    weft__list_init(&object->waiting);
    weft__list_init(&object->waking);
    memset((char *)object + COUNTS_BEGIN, 0, COUNTS_END - COUNTS_BEGIN); /* no late event reads these: no need of atomic stores */
    char *names = (char *)object + size;
    object->name = meeting_put(&names, plan->name, name_room, plan->otherwise);
    object->component = meeting_put(&names, plan->component, component_room, "");
    *out_object = object;
    return 0;
}

uint32_t weft__meeting_publish(struct weft__meeting *object, uint32_t value)
{
    const uint64_t id = weft__load_relaxed(&object->id);
    const uint32_t generation = (uint32_t)id != 0 ? (uint32_t)id : 1; /* 0 is what nobody has */
    const uint64_t word = (uint64_t)generation << 32 | weft__meeting_amount(value) | WEFT__MEETING_LIVE;
    weft__store_release(&object->word, word); /* SY-R1 */
    WEFT__TRACE(weft__meeting_home(object)->number, sync_open, id, object->kind, object->limit, object->name);
    return generation;
}

int weft__meeting_open(weft_runtime *rt, const struct weft__meeting_plan *plan, struct weft__meeting **out_object,
                       uint32_t *out_generation, uint32_t *out_state)
{
    struct weft__meeting *object;
    const int error = weft__meeting_create(rt, plan, &object);
    if (error < 0)
        return error;
    *out_generation = weft__meeting_publish(object, plan->value);
    *out_object = object;
    *out_state = 0;
    return 0;
}

/* The slot is another's from here on: its word is 0. */
static void meeting_recycle(struct weft__meeting *object)
{
    struct weft__sync *home = weft__meeting_home(object);
    const bool plain = object->kind < WEFT_SYNC_ONESHOT;
    struct weft__slab_cache *cache = plain ? NULL : meeting_cache(home);
    weft__slab_free(plain ? &home->slab : &home->values, cache, object);
    if (weft__home_leave(&home->home, cache))
        sync_free(home);
}

static void meeting_free(struct weft__meeting *object)
{
    weft__lock(&object->lock); /* a look from outside may be reading it */
    weft__store_relaxed(&object->word, 0);
    weft__unlock(&object->lock);
    meeting_recycle(object);
}

void weft__meeting_discard(struct weft__meeting *object)
{
    meeting_free(object);
}

void weft__meeting_unref(struct weft__meeting *object)
{
    if (weft__fetch_sub_acq_rel(&object->refs, 1) == 1) /* SY-R3 SY-A3 */
        meeting_free(object);
}

void weft__meeting_destroy(struct weft__meeting *object, uint32_t generation)
{
    const uint64_t id = weft__load_relaxed(&object->id);
    weft__lock(&object->lock);
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != generation) {
        weft__unlock(&object->lock);
        return;
    }
    if (weft__load_acquire(&object->refs) == 1) { /* SY-A3; nobody waits, or has: more would come under the lock */
        weft__store_relaxed(&object->word, 0);
        weft__unlock(&object->lock);
        WEFT__TRACE(weft__meeting_home(object)->number, sync_end, id);
        meeting_recycle(object);
        return;
    }
    weft__rcu_read_lock(); /* for the wakes: the woken may end the object */
    weft__fetch_and_relaxed(&object->word, UINT32_MAX); /* who takes no lock comes too late; the others under it */
    weft__fetch_or_relaxed(&object->word, WEFT__MEETING_CLOSED);
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_CLOSED);
    WEFT__TRACE(weft__meeting_home(object)->number, sync_end, id);
    weft__meeting_unref(object);
}

void weft__meeting_end(struct weft__meeting **object, uint32_t *generation, uint32_t *state)
{
    struct weft__meeting *ended = *object;
    const uint32_t ended_generation = *generation;
    if (!ended)
        return;
    *object = NULL; /* before those that wait are told */
    *generation = 0;
    *state = WEFT__MEETING_HANDLE_CLOSED;
    weft__meeting_destroy(ended, ended_generation);
}

int weft__meeting_refuse(const char *call, const struct weft__meeting *object, uint32_t state)
{
    if (!object && state == WEFT__MEETING_HANDLE_CLOSED)
        return WEFT_EPIPE;
    return weft__refuse(WEFT_EINVAL, "%s: a handle or an argument is null, or the handle was never set: create it "
                                     "first", call);
}

int weft__meeting_stale(const char *call, const struct weft__meeting *object)
{
    if (weft__slab_is_orphan(object))
        return weft__refuse(WEFT_ESHUTDOWN, "%s: the handle's object lives in the process that forked this one", call);
    return weft__refuse(WEFT_ESRCH, "%s: a copy of a handle whose object was destroyed", call);
}

int weft__meeting_on_worker(const char *call)
{
    return weft__refuse(WEFT_EPERM, "%s: not on a worker: use WEFT_AWAIT with the form without _blocking", call);
}

uint64_t weft__meeting_caller(void)
{
    static _Thread_local uint64_t thread;
    const uint64_t task = weft__self_task_id();
    if (task != 0)
        return task;
    if (thread == 0)
        thread = WEFT_OWNER_THREAD | (uint32_t)weft__thread_id();
    return thread;
}

/* A thread of the host has no id in the record. */
static uint64_t meeting_task_of(uint64_t who)
{
    return who & WEFT_OWNER_THREAD ? 0 : who;
}

void weft__meeting_trace_acquire(struct weft__meeting *object, uint64_t who)
{
    WEFT__TRACE(weft__meeting_home(object)->number, sync_acquire, weft__load_relaxed(&object->id), meeting_task_of(who),
                weft__meeting_value(weft__load_relaxed(&object->word)), weft__load_relaxed(&object->waiting_count));
}

void weft__meeting_trace_release(struct weft__meeting *object)
{
    WEFT__TRACE(weft__meeting_home(object)->number, sync_release, weft__load_relaxed(&object->id), weft__self_task_id(),
                weft__meeting_value(weft__load_relaxed(&object->word)), weft__load_relaxed(&object->waiting_count));
}
