/* SPDX-License-Identifier: MIT */
/* Harness: a worker that sleeps in its loop, and who turns that loop for it: src/sched over puppets (puppets.h), one worker, with a
 * loop that is a lock and a word, which rouses as libuv does: whoever has been asked already is not asked again, and whoever turns
 * the loop takes what was asked with it. A thread of the host spawns two tasks, one after the other; main is the monitor
 * thread, finds the worker stuck, or takes it for stuck when it no longer is, and turns its loop or sleeps there in its place.
 *
 * Law: what rouses the worker reaches it, whoever else turns its loop meanwhile: each task runs (else DEADLOCK).
 *
 * Shows: scenario 10, known bug 11, known bug 15. */
#include "model.h"
#include "puppets.h"

#include <assert.h>
#include <pthread.h>

#include "base/futex.h"
#include "base/lock.h"

enum { TASKS = 2 };

static struct weft__lock turning;
static _Atomic uint32_t asked;
static struct puppet tasks[TASKS];
static _Atomic int ended;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"slept in the loop", "the monitor took what was asked", "stood in",
                                        "the loop was waited for"};
    return goal < 4 ? names[goal] : NULL;
}

static bool loop_awaited(const struct weft__thread *self)
{
    (void)self;
    return true;
}

static void loop_rouse(struct weft__thread *thread)
{
    uint32_t none = 0;
    (void)thread;
    if (weft__load_relaxed(&asked) == 0 && weft__cas_strong_seq_cst(&asked, &none, 1))
        weft__futex_wake(&asked, 1);
}

static bool loop_enter(struct weft__thread *self)
{
    if (!weft__lock_try(&turning)) {
        loop_rouse(self);
        weft__lock(&turning);
        model_reach(3);
    }
    return true;
}

static void loop_leave(struct weft__thread *self)
{
    (void)self;
    weft__unlock(&turning);
}

/* Take what was asked. */
static uint32_t loop_run(int64_t deadline_ns)
{
    while (deadline_ns > 0 && weft__load_relaxed(&asked) == 0 && model_clock() < deadline_ns)
        weft__futex_wait(&asked, 0, deadline_ns);
    return weft__exchange_seq_cst(&asked, 0);
}

static uint32_t loop_sleep(struct weft__thread *self, int64_t deadline_ns)
{
    (void)self;
    loop_run(deadline_ns);
    model_reach(0);
    return 0;
}

static bool loop_stand_in(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns)
{
    assert(count == 1 && threads[0] == &puppets.workers[0].thread);
    if (!weft__lock_try(&turning))
        return false;
    if (loop_run(deadline_ns) > 0)
        model_reach(1);
    weft__unlock(&turning);
    return true;
}

static uint32_t loop_turn(struct weft__thread *thread)
{
    loop_stand_in(&thread, 1, 0);
    return 0;
}

static const struct weft__io_ops loop_ops = {
    .awaited = loop_awaited,
    .enter = loop_enter,
    .sleep = loop_sleep,
    .leave = loop_leave,
    .turn = loop_turn,
    .stand_in = loop_stand_in,
    .rouse = loop_rouse,
};

static enum puppet_answer run(struct puppet *puppet)
{
    assert(puppet->plain == 7);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static void *host(void *unused)
{
    for (int i = 0; i < TASKS; i++)
        puppet_spawn(&tasks[i], run, 7);
    return unused;
}

int main(void)
{
    pthread_t thread;
    puppets.env.io_ops = &loop_ops;
    puppets_start(1);
    pthread_create(&thread, NULL, host, NULL);
    for (int look = 0; look < 2; look++) {
        if (model_choose(2))
            loop_turn(&puppets.workers[0].thread);
        weft__sched_rescue(&puppets, model_clock(), INT64_MAX);
        if (weft__sched_stand_in(&puppets, model_clock() + 1000))
            model_reach(2);
    }
    pthread_join(thread, NULL);
    puppets_stop();
    assert(ended == TASKS);
    return 0;
}
