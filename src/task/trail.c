/* SPDX-License-Identifier: MIT */
#include "task/trail.h"

#include <stdio.h>
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/thread.h"
#include "registry/rcu.h"
#include "task/context.h"
#include "trace/emit.h"
#include "trace/sinks.h"

enum { TRAIL_SCOPE_MAX = 256, TRAIL_SCOPES_MAX = 16 };

static struct {
    struct weft__lock lock;              /* of who sets it */
    _Atomic(const weft_tracer *) tracer; /* one of the two, or NULL */
    weft_tracer tracers[2];
    unsigned turn;
    _Atomic uint32_t begun; /* there was a tracer: there is a key, and messages have trails */
    pthread_key_t key; /* ends what a thread of the host has, with the thread */
} trails;

/* Of a thread of the host. */
static _Thread_local struct weft__trail_place trail_here;
static _Thread_local const struct weft__thread *trail_job_self; /* it is that of a job, which a worker of another runtime runs by turning the job's */
static _Thread_local bool trail_inside; /* this thread is in a function of the tracer */

/* --- references --------------------------------------------------------------------------------------------------- */

static _Atomic uint32_t *trail_refs(weft_trail *trail)
{
    return (_Atomic uint32_t *)&trail->weft__refs;
}

void weft_trail_init(weft_trail *trail, void (*free)(weft_trail *trail))
{
    if (!trail || !free)
        return;
    trail->free = free;
    weft__store_relaxed(trail_refs(trail), 1);
    trail->timed = false;
}

weft_trail *weft_trail_ref(weft_trail *trail)
{
    if (trail)
        weft__fetch_add_relaxed(trail_refs(trail), 1); /* there is one, and it is given away by other means */
    return trail;
}

void weft_trail_unref(weft_trail *trail)
{
    if (trail && weft__fetch_sub_acq_rel(trail_refs(trail), 1) == 1) /* TR-R2 TR-A2 */
        trail->free(trail);
}

/* --- the tracer --------------------------------------------------------------------------------------------------- */

/* The tracer, until trail_done(); NULL: there is none, or it is asking itself. */
static const weft_tracer *trail_ask(void)
{
    if (trail_inside)
        return NULL;
    weft__rcu_read_lock();
    const weft_tracer *tracer = weft__load_acquire(&trails.tracer); /* TR-A1 */
    if (tracer)
        trail_inside = true;
    else
        weft__rcu_read_unlock();
    return tracer;
}

static void trail_done(void)
{
    trail_inside = false;
    weft__rcu_read_unlock();
}

/* The end of a thread of the host. */
static void trail_thread_ends(void *place)
{
    struct weft__trail_place *here = place;
    weft_trail_unref(here->current);
    here->current = NULL;
}

static int trail_put(const weft_tracer *tracer)
{
    if (weft__load_relaxed(&trails.tracer)) /* under the lock */
        return weft__refuse(WEFT_EBUSY, "weft_tracer_set: there is a tracer: take it away first, with NULL");
    if (!weft__load_relaxed(&trails.begun) /* written here alone */
        && weft__thread_key(&trails.key, trail_thread_ends) < 0)
        return weft__refuse(WEFT_ENOMEM, "weft_tracer_set: the process has no key of threads left");
    weft_tracer *place = &trails.tracers[trails.turn++ % 2];
    *place = *tracer;
    weft__store_release(&trails.tracer, place); /* TR-R1 */
    weft__sinks_begin_trails();
    weft__store_release(&trails.begun, 1); /* TR-R3 */
    return 0;
}

int weft_tracer_set(const weft_tracer *tracer)
{
    if (tracer && tracer->size < sizeof *tracer)
        return weft__refuse(WEFT_EINVAL, "weft_tracer_set: a tracer of %zu bytes, not %zu: use WEFT_TRACER()", tracer->size,
                            sizeof *tracer);
    if (trail_inside)
        return weft__refuse(WEFT_EDEADLK, "weft_tracer_set: called by the tracer, which would wait for itself");
    weft__lock(&trails.lock);
    int error = 0;
    if (tracer) {
        error = trail_put(tracer);
    } else if (weft__load_relaxed(&trails.tracer)) { /* under the lock */
        weft__store_relaxed(&trails.tracer, NULL);
        weft__rcu_synchronize();
    }
    weft__unlock(&trails.lock);
    return error;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static struct weft__trail_place *trail_place_behind(struct weft__task_extra *extra)
{
    const uintptr_t end = (uintptr_t)extra + sizeof *extra + extra->name_length + 1;
    return (struct weft__trail_place *)(void *)((char *)extra + (((end + 7) & ~(uintptr_t)7) - (uintptr_t)extra));
}

static struct weft__trail_place *trail_place_of(weft__task *task)
{
    struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    return extra && extra->trailed ? trail_place_behind(extra) : NULL;
}

/* Of the task that is being polled here, or else of the job that runs here, or the thread's; NULL: the task has none. */
static struct weft__trail_place *trail_place(void)
{
    struct weft__thread *self = weft__self;
    if (!self || self == trail_job_self)
        return &trail_here;
    return weft__thread_task(self) ? trail_place_of(weft__thread_task(self)) : NULL;
}

/* Exchange what is current; consumes the reference. */
static void trail_put_current(struct weft__trail_place *place, weft_trail *trail)
{
    weft_trail *before = place->current;
    place->current = trail;
    if (place == &trail_here && trail) /* then there is a key: trail_check() has seen it, or who sent the trail */
        weft__thread_keep(trails.key, place); /* without memory for it the last one stays behind */
    weft_trail_unref(before);
}

weft_trail *weft_trail_current(void)
{
    const struct weft__trail_place *place = trail_place();
    return place ? place->current : NULL;
}

static int trail_check(const char *call, const struct weft__trail_place *place)
{
    if (!place || !weft__load_acquire(&trails.begun)) /* TR-A3 */
        return weft__refuse(WEFT_ENOTCONN, "%s: there %s a tracer: weft_tracer_set() comes first", call,
                            place ? "has never been" : "was no task here that was spawned under");
    return 0;
}

int weft_trail_set(weft_trail *trail)
{
    struct weft__trail_place *place = trail_place();
    const int wrong = trail_check("weft_trail_set", place);
    if (wrong)
        return wrong;
    if (place->entered > 0)
        return weft__refuse(WEFT_EBUSY, "weft_trail_set: another trail was entered over it: leave that first");
    trail_put_current(place, weft_trail_ref(trail ? trail : place->own));
    return 0;
}

/* What WEFT_CALL looks at. */
static void trail_show_entered(const struct weft__trail_place *place)
{
    if (place != &trail_here)
        weft__self->entered = place->entered;
}

int weft_trail_enter(weft_trail *trail)
{
    struct weft__trail_place *place = trail_place();
    if (!trail)
        return weft__refuse(WEFT_EINVAL, "weft_trail_enter: the trail must not be null");
    const int wrong = trail_check("weft_trail_enter", place);
    if (wrong)
        return wrong;
    place->entered++;
    trail_show_entered(place);
    trail_put_current(place, weft_trail_ref(trail));
    return 0;
}

int weft_trail_leave(weft_trail *under)
{
    struct weft__trail_place *place = trail_place();
    if (!place || place->entered == 0)
        return weft__refuse(WEFT_EINVAL, "weft_trail_leave: nothing was entered here");
    place->entered--;
    trail_show_entered(place);
    trail_put_current(place, weft_trail_ref(under ? under : place->own));
    return 0;
}

void weft_trail_step_returns(const struct weft_frame *frame)
{
    const weft_tracer *tracer = frame ? trail_ask() : NULL;
    if (!tracer)
        return;
    if (tracer->step_returns)
        tracer->step_returns(tracer->context, weft_trail_current(), frame);
    trail_done();
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

/* "requests/one": the names of the scopes that the task is in, from the outermost. They are open while it is spawned. */
static void trail_scope_path(const weft_scope *scope, char *out, size_t room)
{
    const weft_scope *path[TRAIL_SCOPES_MAX];
    int depth = 0;
    size_t length = 0;
    for (; scope && scope->weft__owner && depth < TRAIL_SCOPES_MAX;
         scope = scope->weft__outer ? scope->weft__outer : weft__load_relaxed(&((weft__task *)scope->weft__owner)->scope))
        path[depth++] = scope;
    out[0] = '\0';
    while (depth-- > 0 && length < room) {
        const char *name = path[depth]->weft__name;
        const int written = snprintf(out + length, room - length, "%s%s", length > 0 ? "/" : "", *name ? name : "scope");
        length += (size_t)(written > 0 ? written : 0);
    }
}

static weft_poll trail_polled(weft_context *cx, void *frame)
{
    struct weft__thread *self = weft__cx_thread(cx);
    struct weft__trail_place *place = trail_place_of(weft__cx_task(cx));
    const bool timed = place->own && place->own->timed;
    const int64_t begun = timed ? weft__realm_now(self->env->realm) : 0;
    self->entered = place->entered;
    const weft_poll answer = place->fn(cx, frame);
    self->entered = 0;
    if (timed)
        place->busy_ns += weft__realm_now(self->env->realm) - begun;
    if (answer == WEFT_READY && !weft__thread_task(self)->open_scope) /* with scopes that it left open it goes on, until they end */
        weft__trail_end(weft__thread_task(self), cx->weft__result);
    return answer;
}

static weft_trail *trail_birth(const weft_tracer *tracer, struct weft__env *env, weft__task *task,
                               const struct weft__task_extra *extra, weft_trail *current)
{
    const weft_site *site = weft__load_relaxed(&task->site);
    char path[TRAIL_SCOPE_MAX];
    trail_scope_path(weft__load_relaxed(&task->scope), path, sizeof path);
    const weft_trail_birth birth = {
        .task = weft__task_id(task),
        .parent = weft__load_relaxed(&task->parent),
        .name = extra->name_length > 0 ? extra->name : site->name ? site->name : "",
        .named = extra->name_length > 0,
        .category = extra->category,
        .site = site,
        .scope = path,
        .runtime = env->name,
    };
    return tracer->task_begins(tracer->context, current, &birth);
}

void weft__trail_begin(struct weft__env *env, weft__task *task, struct weft__task_extra *extra)
{
    struct weft__trail_place *place = trail_place_behind(extra);
    extra->trailed = true;
    weft_trail *current = weft_trail_current();
    *place = (struct weft__trail_place){.fn = task->fn};
    const weft_tracer *tracer = trail_ask();
    if (tracer && tracer->task_begins)
        place->own = trail_birth(tracer, env, task, extra, current);
    else
        place->own = weft_trail_ref(current);
    if (tracer)
        trail_done();
    place->current = weft_trail_ref(place->own);
    task->fn = trail_polled;
}

static void trail_release(struct weft__trail_place *place)
{
    weft_trail *own = place->own, *current = place->current;
    place->own = place->current = NULL;
    weft_trail_unref(current);
    weft_trail_unref(own);
}

void weft__trail_forget(weft__task *task)
{
    struct weft__trail_place *place = trail_place_of(task);
    if (place)
        trail_release(place);
}

/* Once: its place is empty then. */
void weft__trail_end(weft__task *task, int result)
{
    struct weft__trail_place *place = trail_place_of(task);
    if (!place)
        return; /* it was spawned before there was a tracer */
    const weft_tracer *tracer = place->own ? trail_ask() : NULL;
    if (tracer) {
        const uint64_t word = weft__load_relaxed(&task->state);
        const weft_trail_end end = {
            .task = weft__task_id(task),
            .result = result,
            .cancelled = word & WEFT__CANCELLED ? (weft_reason)weft__state_reason(word) : WEFT_REASON_NONE,
            .polls = weft__load_relaxed(&task->polls) + 1, /* this one is not counted yet */
            .busy_ns = place->busy_ns,
        };
        if (tracer->task_ends)
            tracer->task_ends(tracer->context, place->own, place->current, &end);
        trail_done();
    }
    trail_release(place);
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

void weft__trail_job_begins(weft_trail *trail, struct weft__trail_outer *outer)
{
    *outer = (struct weft__trail_outer){.place = trail_here, .job_self = trail_job_self};
    trail_here = (struct weft__trail_place){.own = trail, .current = weft_trail_ref(trail)};
    trail_job_self = weft__self;
}

void weft__trail_job_ends(const struct weft__trail_outer *outer)
{
    trail_release(&trail_here); /* also what the job has entered and not left */
    trail_here = outer->place;
    trail_job_self = outer->job_self;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

weft_trail *weft__trail_of_message(void)
{
    return weft_trail_ref(weft_trail_current());
}

/* A message that does not exchange what is current. */
static void trail_mention(struct weft__trail_place *place, weft_trail *message)
{
    const weft_tracer *tracer = message ? trail_ask() : NULL;
    if (!tracer)
        return;
    if (tracer->received)
        tracer->received(tracer->context, place->current, message);
    trail_done();
}

void weft__trail_mentioned(weft_trail *trail)
{
    struct weft__trail_place *place = trail ? trail_place() : NULL;
    if (place && place->current != trail)
        trail_mention(place, trail);
    weft_trail_unref(trail);
}

void weft__trail_received(weft_trail *trail, uint32_t index)
{
    struct weft__trail_place *place = trail_place();
    const bool exchanges = place && place->entered == 0;
    if (exchanges && index == 0) { /* perhaps the only one */
        trail_put_current(place, trail ? trail : weft_trail_ref(place->own));
        return;
    }
    if (exchanges && index == 1) { /* it is not: the first was one of several as well */
        weft_trail *first = weft_trail_ref(place->current);
        trail_put_current(place, weft_trail_ref(place->own));
        if (first != place->own)
            trail_mention(place, first);
        weft_trail_unref(first);
    }
    if (place)
        trail_mention(place, trail);
    weft_trail_unref(trail);
}
