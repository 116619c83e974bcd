/* SPDX-License-Identifier: MIT */
/*
 * Birth. One slot takes header, frame and extras; nothing is published before all of it is written, and nothing that was
 * passed is taken when the call fails. The state word makes the task visible to lookups, the scheduler to a worker.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/platform.h"
#include "task/announce.h"
#include "task/name.h"
#include "task/scope.h"
#include "task/task.h"
#include "task/trail.h"
#include "trace/emit.h"

static weft_task spawn_failed(int code)
{
    return (weft_task){.id = 0, .weft__slot = (uint32_t)-code};
}

int weft_task_error(weft_task task)
{
    if (task.id != 0)
        return 0;
    return task.weft__slot != 0 ? -(int)task.weft__slot : WEFT_EINVAL;
}

/* NULL arguments and sizes. The text names what is wrong. */
static int spawn_check(const weft_scope *scope, const weft_site *site, const weft_task_options *o, weft_poll_fn *fn,
                       const void *frame, size_t size)
{
    if (!scope || !scope->weft__runtime)
        return weft__refuse(WEFT_EINVAL, "weft_spawn: the scope is null or closed: give an open one, or "
                                         "weft_runtime_scope()");
    if (!site || !fn || (size > 0 && !frame))
        return weft__refuse(WEFT_EINVAL, "weft_spawn: site, function and frame must not be null");
    if (o && o->size < sizeof *o)
        return weft__refuse(WEFT_EINVAL, "weft_spawn: options of %zu bytes, not %zu: use WEFT_TASK()", o->size, sizeof *o);
    if (size > WEFT_FRAME_MAX)
        return weft__refuse(WEFT_EINVAL,
                            "weft_spawn: the frame of '%s' has %zu bytes, at most %d: keep large state behind a pointer",
                            site->name ? site->name : "?", size, WEFT_FRAME_MAX);
    return 0;
}

/* Where what is behind the frame may begin. */
static size_t spawn_round(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* Whether the task needs more than header and frame. */
static bool spawn_needs_extra(const weft_task_options *o, bool root)
{
    return !root || (o && (o->name || o->joinable || o->drop || o->category != 0));
}

/* The size of a task that has a place for trails, and so has extras as well. */
static __attribute__((cold, noinline)) size_t spawn_size_trailed(size_t extra_offset, size_t name_length)
{
    return weft__trail_room(extra_offset + sizeof(struct weft__task_extra) + name_length + 1);
}

/* The number of a name of its own, or with a category. */
static __attribute__((noinline)) uint32_t spawn_number_named(const weft_site *site, const weft_task_options *o, size_t name_length)
{
    const char *name = o->name ? o->name : site->name ? site->name : "";
    return weft__names_number(name, o->name ? name_length : weft__name_fit(name, WEFT_NAME_MAX), o->category);
}

static __attribute__((cold, noinline)) uint32_t spawn_number_first(weft_site *site)
{
    const char *name = site->name ? site->name : "";
    const uint32_t number = weft__names_number(name, weft__name_fit(name, WEFT_NAME_MAX), 0);
    weft__site_know_name(site, number);
    return number;
}

/* That of its site, which remembers it. */
static inline uint32_t spawn_number(weft_site *site)
{
    const uint32_t known = weft__site_known(site) >> 16;
    return weft__likely(known != 0) ? known : spawn_number_first(site);
}

/* What weft_spawn_frame() was given, checked. */
struct spawn {
    weft_scope *scope;
    weft_site *site;
    const weft_task_options *options;
    weft_poll_fn *fn;
    const void *frame;
    size_t frame_size;
};

/* All ways of a spawn are made of the same pieces, each compiled in its place: on a worker nothing is asked of `self` again. */
#define SPAWN_INLINE static inline __attribute__((always_inline))

enum { SPAWN_COPY_MIN = 16, SPAWN_COPY_MAX = 64 };

/* A frame is small, and 16 bytes at a time are not worth a call: from both ends, where they may overlap. */
SPAWN_INLINE void spawn_copy(char *to, const char *from, size_t size)
{
    if (weft__unlikely(size < SPAWN_COPY_MIN || size > SPAWN_COPY_MAX)) {
        if (size > 0)
            memcpy(to, from, size);
        return;
    }
    memcpy(to, from, 16);
    if (size > 32) {
        memcpy(to + 16, from + 16, 16);
        memcpy(to + size - 32, from + size - 32, 16);
    }
    memcpy(to + size - 16, from + size - 16, 16);
}

/* The header and the frame. Relaxed: who looks meanwhile throws away what it reads (weft__task_copy). */
SPAWN_INLINE void spawn_fill(struct weft__env *env, struct weft__thread *self, weft__task *task, uint64_t id,
                             const struct spawn *spawn)
{
    const int64_t now = self ? weft__thread_now(self) : weft__self_now_coarse(env->realm);
    weft__store_relaxed(&task->id, id);
    weft__store_relaxed(&task->parent, self ? weft__load_relaxed(&self->task_id) : weft__self_task_id());
    weft__store_relaxed(&task->site, spawn->site);
    task->fn = spawn->fn;
    weft__store_relaxed(&task->scope, spawn->scope);
    task->open_scope = NULL;
    weft__store_relaxed(&task->line, 0);
    weft__store_relaxed(&task->polls, 0);
    weft__store_relaxed(&task->born_ms, (uint32_t)(now / 1000000));
    weft__store_relaxed(&task->idle, weft__task_idle(now));
    weft__wait_init(&task->wait);
    spawn_copy(weft__task_frame(task), spawn->frame, spawn->frame_size);
}

/* What only some tasks have, and these may have no name of their own. */
SPAWN_INLINE void spawn_fill_extra_usual(struct weft__task_extra *extra, const struct spawn *spawn, uint32_t number)
{
    const weft_task_options *options = spawn->options;
    extra->member = (struct weft__link){0};
    weft__store_relaxed(&extra->joiner, 0);
    extra->drop = options ? options->drop : NULL;
    extra->category = options ? options->category : 0;
    extra->name_length = 0;
    extra->trailed = false;
    weft__store_relaxed(&extra->number, (uint16_t)number);
}

/* The same of any task; the number of its name. */
SPAWN_INLINE uint32_t spawn_fill_extra(struct weft__task_extra *extra, const struct spawn *spawn, size_t name_length)
{
    const weft_task_options *options = spawn->options;
    const uint32_t number = options && (options->name || options->category != 0)
                                ? spawn_number_named(spawn->site, options, name_length)
                                : spawn_number(spawn->site);
    spawn_fill_extra_usual(extra, spawn, number);
    extra->name_length = (uint8_t)name_length;
    if (name_length > 0) {
        memcpy(extra->name, options->name, name_length);
        extra->name[name_length] = '\0';
    }
    return number;
}

SPAWN_INLINE void spawn_count(struct weft__env *env, struct weft__thread *self, uint32_t number)
{
    if (self) {
        weft__counter_add(&self->spawned_as[number], 1);
        weft__counter_add(&self->spawned, 1);
    } else {
        weft__fetch_add_relaxed(&env->foreign_spawned_as[number], 1); /* whoever sees it end knows of this, by its word */
    }
}

SPAWN_INLINE weft_task spawn_handle(const struct weft__env *env, const weft__task *task, uint64_t id)
{
    return (weft_task){.id = id, .weft__slot = weft__slot_number(task), .weft__runtime = env->number};
}

/* Any task; `self` NULL: from a thread that is none of the runtime's. */
SPAWN_INLINE weft_task spawn_any(struct weft__env *env, struct weft__thread *self, const struct spawn *spawn)
{
    const weft_task_options *options = spawn->options;
    weft_scope *scope = spawn->scope;
    const bool root = scope == &env->root;
    const size_t name_length = options && options->name ? weft__name_fit(options->name, WEFT_NAME_MAX) : 0;
    const size_t extra_offset = sizeof(weft__task) + spawn_round(spawn->frame_size);
    size_t size = extra_offset;
    if (spawn_needs_extra(options, root))
        size += sizeof(struct weft__task_extra) + (name_length > 0 ? name_length + 1 : 0);
    const bool trailed = weft__trace_trails();
    if (trailed)
        size = spawn_size_trailed(extra_offset, name_length);

    struct weft__slab_cache *cache = self ? &self->cache : NULL;
    weft__task *task = weft__slab_alloc(&env->slab, cache, size);
    if (!task)
        return spawn_failed(weft__refuse(WEFT_ENOMEM, "weft_spawn: no memory for '%s' with its frame of %zu bytes: nothing was "
                                                      "taken",
                                         spawn->site->name ? spawn->site->name : "?", spawn->frame_size));

    const uint64_t id = self ? weft__ids_take(&self->ids) : weft__id_new(env->realm);
    spawn_fill(env, self, task, id, spawn);
    uint32_t number;
    struct weft__task_extra *extra = NULL;
    if (size > extra_offset) {
        extra = (struct weft__task_extra *)(void *)((char *)task + extra_offset);
        number = spawn_fill_extra(extra, spawn, name_length);
        if (trailed)
            weft__trail_begin(env, task, extra);
    } else {
        number = spawn_number(spawn->site); /* it has neither name nor category */
    }
    weft__store_relaxed(&task->extra, extra);

    const bool claimed = !(options && options->joinable); /* nobody will ask for the result */
    const weft_task handle = spawn_handle(env, task, id);
    if (!root && !weft__scope_enter(env, scope, task, claimed)) {
        weft__trail_forget(task);
        weft__slab_free(&env->slab, cache, task);
        return spawn_failed(WEFT_ECANCELED);
    }
    spawn_count(env, self, number);
    if (weft__announce_wanted())
        weft__announce_spawn(env, task);
    if (root)
        weft__state_init(&task->state, (uint32_t)id, claimed);
    env->ops->schedule(env, task);
    return handle;
}

static __attribute__((noinline)) weft_task spawn_from_outside(struct weft__env *env, const struct spawn *spawn)
{
    return spawn_any(env, NULL, spawn);
}

static __attribute__((noinline)) weft_task spawn_inside(struct weft__env *env, struct weft__thread *self, const struct spawn *spawn)
{
    return spawn_any(env, self, spawn);
}

/* The end of the usual way, for a member of a scope other than the root. */
static __attribute__((noinline)) weft_task spawn_member(struct weft__env *env, struct weft__thread *self, weft__task *task, bool claimed,
                                                        uint32_t number)
{
    const weft_task handle = spawn_handle(env, task, weft__task_id(task));
    if (!weft__scope_enter(env, weft__load_relaxed(&task->scope), task, claimed)) {
        weft__slab_free(&env->slab, &self->cache, task);
        return spawn_failed(WEFT_ECANCELED);
    }
    spawn_count(env, self, number);
    env->ops->schedule(env, task);
    return handle;
}

/*
 * Is it as nearly all are: on a worker, named as its site is, with a frame of a usual size, and nobody asks for its events? Then
 * everything is at hand, and nothing on its way is called, for which registers would have to be saved, but the scheduler at the end.
 */
SPAWN_INLINE bool spawn_is_usual(const struct weft__thread *self, const struct spawn *spawn)
{
    const weft_task_options *options = spawn->options;
    return !weft__announce_wanted() && spawn->frame_size - SPAWN_COPY_MIN <= SPAWN_COPY_MAX - SPAWN_COPY_MIN &&
           (!options || (!options->name && options->category == 0)) && weft__site_known(spawn->site) >> 16 != 0 &&
           self->ids.next != self->ids.end;
}

/* Its way, with the slot that it gets; `more` says whether it has extras. */
SPAWN_INLINE weft_task spawn_usual(struct weft__env *env, struct weft__thread *self, weft__task *task, const struct spawn *spawn, bool more)
{
    const uint64_t id = self->ids.next++;
    const uint32_t number = weft__site_known(spawn->site) >> 16;
    const bool claimed = !(more && spawn->options && spawn->options->joinable);
    spawn_fill(env, self, task, id, spawn);
    struct weft__task_extra *extra = NULL;
    if (more) {
        extra = (struct weft__task_extra *)(void *)((char *)task + sizeof *task + spawn_round(spawn->frame_size));
        spawn_fill_extra_usual(extra, spawn, number);
    }
    weft__store_relaxed(&task->extra, extra);
    if (more && spawn->scope != &env->root)
        return spawn_member(env, self, task, claimed, number);
    const weft_task handle = spawn_handle(env, task, id);
    spawn_count(env, self, number);
    weft__state_init(&task->state, (uint32_t)id, claimed);
    env->ops->schedule(env, task);
    return handle;
}

/* All but the plain ones: with extras, from outside, by a name of their own; and what is refused. */
static __attribute__((noinline)) weft_task spawn_more(weft_scope *scope, weft_site *site, const weft_task_options *options,
                                                      weft_poll_fn *fn, const void *frame, size_t frame_size)
{
    const int wrong = spawn_check(scope, site, options, fn, frame, frame_size);
    if (wrong)
        return spawn_failed(wrong);
    /* Nobody holds the runtime, which the scope keeps alive by its contract (weft_runtime_destroy): to count a thread in and out would
     * be two atomic operations more on a word that all of them share, for each spawn from outside. */
    struct weft__env *env = weft__env_of(scope->weft__runtime);
    if (weft__load_relaxed(&env->refusing)) /* relaxed: a spawn that races with shutdown is cancelled by its walk */
        return spawn_failed(weft__refuse(WEFT_ESHUTDOWN, "weft_spawn: '%s': the runtime %s", site->name ? site->name : "?",
                                         env->inherited ? "lives in the process that forked this one" : "is shutting down"));
    struct weft__thread *self = weft__self_in(env);
    if (weft__unlikely(!self))
        return spawn_from_outside(env, &(const struct spawn){scope, site, options, fn, frame, frame_size});
    const struct spawn spawn = {scope, site, options, fn, frame, frame_size}; /* its own: never in memory */
    if (spawn_needs_extra(options, scope == &env->root) && spawn_is_usual(self, &spawn)) {
        weft__task *task = weft__slab_take(&self->cache, sizeof *task + spawn_round(frame_size) + sizeof(struct weft__task_extra));
        if (weft__likely(task != NULL))
            return spawn_usual(env, self, task, &spawn, true);
    }
    return spawn_inside(env, self, &(const struct spawn){scope, site, options, fn, frame, frame_size});
}

/* A task that needs nothing beside header and frame, with arguments that are sound: in the registers that a call has free. */
static __attribute__((noinline)) weft_task spawn_plain(weft_scope *scope, weft_site *site, const weft_task_options *options,
                                                       weft_poll_fn *fn, const void *frame, size_t frame_size)
{
    struct weft__thread *self = weft__self;
    const struct spawn spawn = {scope, site, options, fn, frame, frame_size};
    if (weft__likely(spawn_is_usual(self, &spawn) && !weft__load_relaxed(&self->env->refusing))) { /* as in spawn_more() */
        weft__task *task = weft__slab_take(&self->cache, sizeof *task + spawn_round(frame_size));
        if (weft__likely(task != NULL))
            return spawn_usual(self->env, self, task, &spawn, false);
    }
    return spawn_more(scope, site, options, fn, frame, frame_size);
}

/* Only says which way: both take the arguments where they are. */
weft_task weft_spawn_frame(weft_scope *scope, weft_site *site, const weft_task_options *options, weft_poll_fn *fn,
                           const void *frame, size_t frame_size)
{
    const struct weft__thread *self = weft__self;
    const bool plain = self && scope == &self->env->root && site && fn && frame &&
                       (!options || (options->size >= sizeof *options && !spawn_needs_extra(options, true)));
    return plain ? spawn_plain(scope, site, options, fn, frame, frame_size) : spawn_more(scope, site, options, fn, frame, frame_size);
}
