/* SPDX-License-Identifier: MIT */
/* See life.h. Any event may be missing: at either end of the recording, and in its gaps. */
#include "cli/trace/analysis/life.h"

#include <stdlib.h>
#include <string.h>
#include <weft/error.h>

#include "cli/memory.h"
#include "cli/trace/analysis/analysis.h"
#include "cli/trace/duration.h"

enum { LATENESS_APART_NS = 1000000000 }; /* a deadline that is further ahead of the clock is not of this clock */

struct life *life_find(const struct machine *machine, uint64_t task)
{
    return task ? map_get(&machine->lives, task) : NULL;
}

static bool life_certain(const struct analysis *analysis, int64_t since_ns)
{
    return since_ns != LIFE_CLOSED && since_ns > analysis->model.certain_ns;
}

static struct life *life_need(struct machine *machine, uint64_t task, int64_t ns)
{
    struct life *life = map_get(&machine->lives, task);
    if (life)
        return life;
    life = memory_zeroed(1, sizeof *life);
    life->id = task;
    life->profile = profile_private();
    life->profile->tasks = 1;
    life->profile->before = 1;
    life->born_ns = life->ready_ns = life->poll_ns = life->rest_ns = LIFE_CLOSED;
    life->room_ns = life->sync_ns = life->held_ns = LIFE_CLOSED;
    life->known_ns = ns;
    map_put(&machine->lives, task, life);
    return life;
}

/* What kind of task it is has been told. */
static void life_resolve(struct analysis *analysis, struct machine *machine, struct life *life)
{
    const struct task *task = tasks_find(&machine->process->tasks, life->id);
    if (life->profile->number || !task)
        return;
    struct profile *own = life->profile;
    const struct task_site *site = map_get(&machine->process->tasks.sites, task->site);
    /* The announcement says the site's name of tasks without one; who gave a category gave a name, too. */
    const bool named = task->name && (task->category || !site || !site->name || strcmp(task->name, site->name) != 0);
    life->profile =
        profiles_need(&analysis->profiles, machine->id, task->site, named ? task->name : NULL, task->category);
    profile_merge(life->profile, own);
    life->parent = task->parent;
    if (++life->profile->now > life->profile->at_once)
        life->profile->at_once = life->profile->now;
}

static uint32_t life_number(const struct machine *machine, uint64_t task)
{
    const struct life *life = life_find(machine, task);
    return life ? life->profile->number : 0;
}

struct profile *life_did(struct machine *machine, uint64_t task)
{
    struct life *life = life_find(machine, task);
    if (!life)
        return NULL;
    life->did = true;
    return life->profile;
}

struct life *life_waits(struct machine *machine, uint64_t task)
{
    struct life *life = life_find(machine, task);
    if (life)
        life->told = true;
    return life;
}

/* ---- runnable ---- */

static void life_ready(struct analysis *analysis, struct machine *machine, struct life *life, uint8_t cause,
                       uint64_t by, int64_t ns)
{
    if (ns > analysis->model.certain_ns && !life_certain(analysis, life->ready_ns))
        lanes_runnable(&machine->lanes, ns, 1);
    life->ready_ns = ns;
    life->cause = cause;
    life->by = by;
    life->profile->ready[cause]++;
    if (life->profile->number)
        tally_add(&analysis->wakes, life_number(machine, by), life->profile->number, cause, 1, 0);
}

static void life_worst_wait(struct machine *machine, struct life *life, int64_t ns, uint16_t worker)
{
    const int64_t waited = ns - life->ready_ns;
    const struct lane_poll *other = lane_longest_between(&machine->lanes, worker, life->ready_ns, ns);
    life->profile->wait_worst = (struct culprit){
        .ns = waited,
        .at_ns = life->ready_ns,
        .task = life->id,
        .worker = worker,
        .cause = life->cause,
        .from_line = life->line,
        .other = other ? other->profile : 0,
        .other_ns = other ? other->end_ns - other->begin_ns : 0,
    };
}

/* It is runnable no more: `ns` is when its poll began. */
static void life_not_ready(struct analysis *analysis, struct machine *machine, struct life *life, int64_t ns,
                           uint16_t worker)
{
    if (life_certain(analysis, life->ready_ns)) {
        const int64_t waited = ns - life->ready_ns;
        histogram_add(&life->profile->waits, waited);
        histogram_add(&analysis->ready[life->cause], waited);
        if (life->cause == READY_SPAWN)
            histogram_add(&life->profile->births, waited);
        if (waited > life->profile->wait_worst.ns)
            life_worst_wait(machine, life, ns, worker);
        lanes_runnable(&machine->lanes, ns, -1);
    }
    life->ready_ns = LIFE_CLOSED;
}

/* ---- a life ---- */

static void life_spawn(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life = life_need(machine, event->task_spawn.task, event->ns);
    life->profile->before = 0;
    life->born_ns = event->ns;
    life_resolve(analysis, machine, life);
    life->parent = event->task_spawn.parent;
    life_ready(analysis, machine, life, READY_SPAWN, life->parent, event->ns);
    struct life *parent = life_find(machine, life->parent);
    if (!parent)
        return;
    parent->children++;
    parent->did = true;
    parent->profile->spawns++;
}

static void life_end(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life = life_need(machine, event->task_end.task, event->ns);
    life_resolve(analysis, machine, life);
    struct profile *profile = life->profile;
    if (life_certain(analysis, life->ready_ns))
        lanes_runnable(&machine->lanes, event->ns, -1);
    if (life->born_ns != LIFE_CLOSED)
        histogram_add(&profile->lives, event->ns - life->born_ns);
    duration_add(&profile->lived_ns, event->ns - (life->born_ns != LIFE_CLOSED ? life->born_ns : life->known_ns));
    profile->failed += event->task_end.result < 0 && event->task_end.result != WEFT_ECANCELED;
    if (life->polls == 1 && life->born_ns != LIFE_CLOSED)
        profile->never_waited++;
    profile->now -= profile->now > 0;
    machine->last_profile = profile->number;
    machine->last_end_ns = event->ns;
    struct life *parent = life_find(machine, life->parent);
    if (parent && parent->children)
        parent->children--;
    map_remove(&machine->lives, life->id);
    if (!profile->number) /* nothing ever told of it */
        profile_merge(profiles_need(&analysis->profiles, machine->id, 0, NULL, 0), profile);
    free(life);
}

/* ---- polls ---- */

static void life_poll_start(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life = life_need(machine, event->poll_start.task, event->ns);
    life_not_ready(analysis, machine, life, event->ns, event->poll_start.worker);
    life->poll_ns = event->ns;
    life->worker = event->poll_start.worker;
    life->did = life->again = false;
    life->told_before = life->told;
    life->told = false;
    lane_poll_start(&machine->lanes, event->poll_start.worker, life->id, life->profile->number,
                    event->poll_start.source, event->ns);
}

static void life_took(struct analysis *analysis, struct life *life, const struct event *event, int64_t took)
{
    struct profile *profile = life->profile;
    histogram_add(&profile->polls, took);
    histogram_add(&analysis->polls, took);
    if (profile->number)
        segments_add(&analysis->segments, profile->number, life->line, event->poll_end.line, life->id, life->poll_ns,
                     took);
    if (took > profile->poll_worst.ns)
        profile->poll_worst = (struct culprit){
            .ns = took,
            .at_ns = life->poll_ns,
            .task = life->id,
            .worker = event->poll_end.worker,
            .cause = life->cause,
            .from_line = life->line,
            .to_line = event->poll_end.line,
        };
    if (life->polls == 1 && event->poll_end.result == WEFT_TRACE_poll_result_READY && took > profile->longest_alone_ns)
        profile->longest_alone_ns = took;
}

/* Only what channels and meeting points woke: what others were woken for leaves no event. */
static bool life_idled(const struct life *life, const struct event *event)
{
    return event->poll_end.result == WEFT_TRACE_poll_result_PENDING && !life->did && life->polls > 1 &&
           event->poll_end.line == life->line &&
           (life->cause == WEFT_TRACE_wake_source_CHANNEL || life->cause == WEFT_TRACE_wake_source_SYNC);
}

static void life_poll_end(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life = life_need(machine, event->poll_end.task, event->ns);
    const bool timed = life_certain(analysis, life->poll_ns);
    const int64_t took = timed ? event->ns - life->poll_ns : -1;
    life->polls++;
    if (timed) {
        life_took(analysis, life, event, took);
        life->profile->idle_polls += life_idled(life, event);
    }
    lane_poll_end(&machine->lanes, event->poll_end.worker, event->ns, took);
    if (event->poll_end.line == life->line) /* what it waits for may have been told by the poll before */
        life->told |= life->told_before;
    life->poll_ns = LIFE_CLOSED;
    life->line = event->poll_end.line;
    life->rest_ns = event->ns;
    if (event->poll_end.result == WEFT_TRACE_poll_result_YIELD)
        life_ready(analysis, machine, life, READY_YIELD, life->id, event->ns);
    else if (event->poll_end.result == WEFT_TRACE_poll_result_PENDING && life->again)
        life_ready(analysis, machine, life, READY_AGAIN, life->again_by, event->ns);
}

/* ---- wakes ---- */

static void life_stop_waiting(struct analysis *analysis, struct machine *machine, struct life *life, uint8_t source,
                              int64_t ns)
{
    if (life_certain(analysis, life->room_ns))
        flow_waited(machine, life->room, life->id, life->room_ns, ns - life->room_ns);
    life->room_ns = LIFE_CLOSED;
    if (life->sync_ns == LIFE_CLOSED || source == WEFT_TRACE_wake_source_SYNC)
        return;
    if (source != WEFT_TRACE_wake_source_TIMER && source != WEFT_TRACE_wake_source_CANCEL)
        return;
    struct place *place = places_find(&machine->places, life->sync);
    if (place)
        place->given_up++;
    life->sync_ns = LIFE_CLOSED;
}

static void life_wake(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life = life_need(machine, event->wake.task, event->ns);
    const uint8_t source = event->wake.source < READY_WAKES ? event->wake.source : WEFT_TRACE_wake_source_WAKER;
    life->profile->self_wakes += event->wake.by == life->id;
    life_stop_waiting(analysis, machine, life, source, event->ns);
    life_ready(analysis, machine, life, source, event->wake.by, event->ns);
}

static void life_wake_noop(struct machine *machine, const struct event *event)
{
    struct life *life = life_find(machine, event->wake_noop.task);
    if (!life)
        return;
    life->profile->noops++;
    if (life->poll_ns == LIFE_CLOSED)
        return;
    life->profile->self_wakes += event->wake_noop.by == life->id;
    life->again = true;
    life->again_by = event->wake_noop.by;
}

/* ---- what it waits for ---- */

static void life_timer_fire(struct machine *machine, const struct event *event)
{
    machine->fires++;
    if (event->timer_fire.deadline_ns > (uint64_t)event->clock_ns + LATENESS_APART_NS) {
        machine->fires_apart++;
        return;
    }
    const int64_t late = event->clock_ns - (int64_t)event->timer_fire.deadline_ns;
    histogram_add(&machine->lateness, late);
    if (late <= machine->late_worst.ns)
        return;
    const struct lane_poll *other =
        lane_longest_between(&machine->lanes, event->timer_fire.worker, event->ns - late, event->ns);
    machine->late_worst = (struct culprit){
        .ns = late,
        .at_ns = event->ns - late,
        .task = event->timer_fire.task,
        .worker = event->timer_fire.worker,
        .cause = WEFT_TRACE_wake_source_TIMER,
        .other = other ? other->profile : 0,
        .other_ns = other ? other->end_ns - other->begin_ns : 0,
    };
    machine->late_of = life_number(machine, event->timer_fire.task);
}

static void life_sync_wait(struct machine *machine, const struct event *event)
{
    struct place *place = places_find(&machine->places, event->sync_wait.object);
    struct life *life = life_waits(machine, event->sync_wait.task);
    if (life) {
        life->sync = event->sync_wait.object;
        life->sync_ns = event->ns;
        life->profile->sync_waits++;
    }
    if (!place)
        return;
    place->waits++;
    if (event->sync_wait.waiting > place->waiting_max)
        place->waiting_max = event->sync_wait.waiting;
}

static void life_sync_acquire(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct place *place = places_find(&machine->places, event->sync_acquire.object);
    struct life *life = life_find(machine, event->sync_acquire.task);
    if (place)
        place->acquires++;
    if (!life)
        return;
    life->did = true;
    if (place && life->sync == event->sync_acquire.object && life_certain(analysis, life->sync_ns)) {
        const int64_t waited = event->ns - life->sync_ns;
        histogram_add(&place->waited, waited);
        if (waited > place->wait_worst_ns) {
            place->wait_worst_ns = waited;
            place->wait_worst_task = life->id;
            place->wait_worst_at_ns = life->sync_ns;
        }
    }
    life->sync_ns = LIFE_CLOSED;
    life->held = event->sync_acquire.object;
    life->held_ns = event->ns;
    if (place && place->kind == WEFT_TRACE_sync_kind_MUTEX)
        map_put(&machine->holders, life->held, (void *)(uintptr_t)life->id);
}

static void life_sync_release(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct place *place = places_find(&machine->places, event->sync_release.object);
    struct life *life = life_find(machine, event->sync_release.task);
    const bool lock = place && place->kind <= WEFT_TRACE_sync_kind_RWLOCK;
    if (lock && place->kind == WEFT_TRACE_sync_kind_MUTEX)
        map_remove(&machine->holders, event->sync_release.object);
    if (!life)
        return;
    life->did = true;
    if (lock && life->held == event->sync_release.object && life_certain(analysis, life->held_ns))
        histogram_add(&place->held, event->ns - life->held_ns);
    if (life->held == event->sync_release.object)
        life->held_ns = LIFE_CLOSED;
}

static void life_io(struct machine *machine, const struct event *event)
{
    struct life *life;
    switch (event->kind) {
    case WEFT_TRACE_io_open:
        map_put(&machine->descriptors, event->io_open.object, (void *)(uintptr_t)(1u + event->io_open.kind));
        break;
    case WEFT_TRACE_io_end:
        map_remove(&machine->descriptors, event->io_end.object);
        break;
    case WEFT_TRACE_io_wait:
        life = life_waits(machine, event->io_wait.task);
        if (!life)
            break;
        life->profile->io_waits++;
        if ((uintptr_t)map_get(&machine->descriptors, event->io_wait.object) == 1u + WEFT_TRACE_fd_kind_LISTENER)
            life->profile->accepts++;
        break;
    default:
        break;
    }
}

static void life_cancel(struct machine *machine, const struct event *event)
{
    struct life *life = life_find(machine, event->task_cancel.task);
    if (life && event->task_cancel.reason < 5)
        life->profile->cancelled[event->task_cancel.reason]++;
}

void life_event(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct life *life;
    switch (event->kind) {
    case WEFT_TRACE_task_spawn:
        life_spawn(analysis, machine, event);
        break;
    case WEFT_TRACE_statedump_task:
        if (tasks_find(&machine->process->tasks, event->statedump_task.task)) /* else it had ended by then */
            life_resolve(analysis, machine, life_need(machine, event->statedump_task.task, event->ns));
        break;
    case WEFT_TRACE_task_end:
        life_end(analysis, machine, event);
        break;
    case WEFT_TRACE_task_cancel:
        life_cancel(machine, event);
        break;
    case WEFT_TRACE_poll_start:
        life_poll_start(analysis, machine, event);
        break;
    case WEFT_TRACE_poll_end:
        life_poll_end(analysis, machine, event);
        break;
    case WEFT_TRACE_wake:
        life_wake(analysis, machine, event);
        break;
    case WEFT_TRACE_wake_noop:
        life_wake_noop(machine, event);
        break;
    case WEFT_TRACE_timer_arm:
        if ((life = life_waits(machine, event->timer_arm.task)))
            life->profile->timer_waits++;
        break;
    case WEFT_TRACE_timer_fire:
        life_timer_fire(machine, event);
        break;
    case WEFT_TRACE_sync_wait:
        life_sync_wait(machine, event);
        break;
    case WEFT_TRACE_sync_acquire:
        life_sync_acquire(analysis, machine, event);
        break;
    case WEFT_TRACE_sync_release:
        life_sync_release(analysis, machine, event);
        break;
    default:
        life_io(machine, event);
        break;
    }
}

/* ---- the end ---- */

static int64_t life_age(const struct life *life, int64_t ns)
{
    return ns - (life->born_ns != LIFE_CLOSED ? life->born_ns : life->known_ns);
}

/* It waits, and for a while, and nothing tells for what; one with children may wait for them. */
static void life_look(const struct analysis *analysis, struct life *life, int64_t ns)
{
    struct profile *profile = life->profile;
    const bool rests = life->ready_ns == LIFE_CLOSED && life->poll_ns == LIFE_CLOSED;
    profile->left++;
    if (life_age(life, ns) > profile->age_ns)
        profile->age_ns = life_age(life, ns);
    if (rests && life_certain(analysis, life->rest_ns) && !life->told && !life->children &&
        ns - life->rest_ns > profile->silent_ns) {
        profile->silent_ns = ns - life->rest_ns;
        profile->silent_task = life->id;
        profile->silent_line = life->line;
    }
}

/* Its profile has a number, whatever was told. */
static void life_settle(struct analysis *analysis, struct machine *machine, struct life *life)
{
    life_resolve(analysis, machine, life);
    if (life->profile->number)
        return;
    struct profile *rest = profiles_need(&analysis->profiles, machine->id, 0, NULL, 0);
    profile_merge(rest, life->profile);
    life->profile = rest;
}

void lives_look(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    struct life *life;
    for (size_t at = 0; (life = map_next(&machine->lives, &at));) {
        life_settle(analysis, machine, life);
        life_look(analysis, life, ns);
    }
}

static void life_finish(const struct analysis *analysis, struct life *life, int64_t ns)
{
    struct profile *profile = life->profile;
    profile->live++;
    duration_add(&profile->lived_ns, life_age(life, ns));
    if (life_certain(analysis, life->poll_ns) && ns - life->poll_ns > profile->poll_worst.ns)
        profile->poll_worst = (struct culprit){
            .ns = ns - life->poll_ns,
            .at_ns = life->poll_ns,
            .task = life->id,
            .worker = life->worker,
            .cause = life->cause,
            .from_line = life->line,
            .to_line = PROFILE_STILL,
        };
}

void lives_finish(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    struct life *life;
    for (size_t at = 0; (life = map_next(&machine->lives, &at));) {
        life_settle(analysis, machine, life);
        life_finish(analysis, life, ns);
    }
}

void lives_fini(struct machine *machine)
{
    struct life *life;
    for (size_t at = 0; (life = map_next(&machine->lives, &at));) {
        if (!life->profile->number)
            profile_free(life->profile);
        free(life);
    }
    map_fini(&machine->lives);
}
