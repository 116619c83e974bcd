/* SPDX-License-Identifier: MIT */
/* What src/sched needs of the floors above and beside it. Threads: workers poll; any spawns and wakes. */
#include "puppets.h"

#include "model.h"
#include "task/look.h"

#include <assert.h>

enum { PUPPET_TAG = 1 }; /* not what is in a word that nobody has initialised: a waker may know no more than the tag */

struct weft__sched puppets;
void (*puppets_turn)(void);

static int64_t turn(struct weft__thread *self, int64_t now)
{
    (void)now;
    if (puppets_turn && self == weft__self) {
        puppets_turn();
    }
    return INT64_MAX;
}

void puppets_start(uint32_t workers)
{
    static const struct weft__timer_ops ops = {.turn = turn};
    puppets.worker_count = workers;
    puppets.global_queue_interval = 3;
    puppets.thread_name = "model";
    puppets.env.timer_ops = &ops;
    assert(weft__sched_init(&puppets, 1) == 0);
    assert(weft__sched_start(&puppets, 0) == 0);
    for (uint32_t i = 0; i < workers; i++) {
        assert(puppets.workers[i].name[0] == 0); /* plain: what a host sees after the start is complete */
    }
}

void puppets_stop(void)
{
    assert(weft__sched_drain(&puppets, INT64_MAX) == 0);
    weft__sched_stop(&puppets);
    weft__sched_fini(&puppets);
}

void puppet_spawn(struct puppet *puppet, enum puppet_answer (*play)(struct puppet *puppet), int plain)
{
    struct weft__thread *self = weft__self_in(&puppets.env);
    puppet->play = play;
    puppet->plain = plain;
    puppet->task.next = NULL; /* as the slab does, plainly: whoever queues the task writes there */
    if (self) {
        weft__counter_add(&self->spawned, 1);
    } else {
        weft__fetch_add_relaxed(&puppets.env.foreign_spawned_as[WEFT__NAMES_OTHER], 1);
    }
    weft__state_init(&puppet->task.state, PUPPET_TAG, true);
    puppets.env.ops->schedule(&puppets.env, &puppet->task);
}

void puppet_wake(struct puppet *puppet)
{
    if (weft__state_wake(&puppet->task.state, PUPPET_TAG) == WEFT__MOVE_SUBMIT) {
        puppets.env.ops->schedule(&puppets.env, &puppet->task);
    }
}

enum weft__polled weft__task_poll(struct weft__thread *self, weft__task *task, uint8_t source)
{
    struct puppet *puppet = (struct puppet *)(void *)task;
    (void)source;
    weft__state_start(&task->state);
    weft__store_relaxed(&self->task_id, 1);
    puppet->plays++;
    const enum puppet_answer answer = puppet->play(puppet);
    weft__counter_add(&self->polls, 1);
    weft__store_relaxed(&self->task_id, 0);
    switch (answer) {
    case PUPPET_YIELDS:
        weft__state_requeue(&task->state);
        return WEFT__POLLED_YIELDED;
    case PUPPET_WAITS:
        return weft__state_suspend(&task->state) == WEFT__MOVE_SUBMIT ? WEFT__POLLED_AGAIN : WEFT__POLLED_WAITS;
    default:
        weft__state_complete(&task->state);
        weft__counter_add(&self->ended, 1);
        return WEFT__POLLED_ENDED;
    }
}

/* Only the report of a stall asks, which no harness has. */
bool weft__look_for(struct weft__env *env, uint64_t id, const struct weft__loaded *loaded, struct weft__look *out)
{
    (void)env;
    (void)id;
    (void)loaded;
    (void)out;
    return false;
}

void weft__loaded_read(struct weft__loaded *loaded)
{
    (void)loaded;
}
