/* SPDX-License-Identifier: MIT */
/*
 * fork(). The child has the memory of its parent and one thread, the one that forked: no worker, no monitor. What lives
 * in the parent cannot go on here. So each runtime that the child finds is inherited: calls on it and on what belongs to
 * it answer WEFT_ESHUTDOWN, tasks and jobs are not found, and it can be destroyed, which gives its memory back and calls
 * no function of the host. Runtimes that the child creates are its own.
 *
 * Locks of the process are taken before and released after, so the child finds them free. Locks of a runtime may have
 * been held by threads that the child does not have; nobody takes them there any more, but one: a thread of the runtime
 * itself forked, by a task, a job or a callback, and has to come to its end. For it they are made free, what it was
 * doing is cancelled, and when it returns the thread ends.
 *
 * Threads: the one that forks, before and after; in the child it is the only one.
 */
#include <pthread.h>
#include <weft/error.h>

#include "base/lock.h"
#include "blocking/pool.h"
#include "io/descriptor.h"
#include "registry/ids.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "registry/slab.h"
#include "runtime/runtime.h"
#include "sync/meeting.h"
#include "task/task.h"
#include "timer/timer.h"
#include "trace/sinks.h"

/* From the most complicated to what everybody needs; nobody takes one of these while holding one that comes after it. */
static void fork_before(void)
{
    weft__names_before_fork();
    weft__sinks_before_fork();
    weft__runtimes_before_fork();
    weft__ids_before_fork();
    weft__slab_before_fork();
    weft__rcu_before_fork();
}

static void fork_parent(void)
{
    weft__rcu_after_fork_parent();
    weft__slab_after_fork_parent();
    weft__ids_after_fork();
    weft__runtimes_after_fork_parent();
    weft__sinks_after_fork();
    weft__names_after_fork();
}

/* What is woken in the child stays where it is: nobody would run it. */
static void fork_schedule(struct weft__env *env, weft__task *task)
{
    (void)env;
    (void)task;
}

static void fork_unpark(struct weft__thread *thread)
{
    (void)thread;
}

static const struct weft__sched_ops fork_ops = {.schedule = fork_schedule, .unpark = fork_unpark};

/* The thread that forked was polling a task of this runtime: the rest of the poll is a cancelled one, and waits for nothing. */
static void fork_cancel_poll(struct weft__thread *self)
{
    struct weft__task *task = weft__thread_task(self);
    if (!task)
        return;
    task->wait.object = NULL;
    weft__task_cancel_quietly(task, WEFT_REASON_SHUTDOWN);
}

static void fork_orphan(void *runtime)
{
    weft_runtime *rt = runtime;
    struct weft__env *env = &rt->sched.env;
    env->inherited = true;
    env->ops = &fork_ops;
    weft__store_relaxed(&env->refusing, 1); /* the only thread */
    weft__store_relaxed(&rt->sched.stopping, 1);
    weft__store_relaxed(&rt->watch.stop, 1);
    for (int i = 0; i < WEFT__SCOPE_LOCKS; i++) {
        env->scope_locks[i].lock = (struct weft__lock){0};
        env->claim_locks[i].lock = (struct weft__lock){0};
    }
    env->slab.lock = (struct weft__lock){0};
    rt->sched.idle.lock = (struct weft__lock){0};
    weft__blocking_orphan(env->blocking);
    weft__channels_orphan(env->channels);
    weft__sync_orphan(env->sync);
    env->io_ops = &weft__io_none;
    weft__io_orphan(env->io);
    for (uint32_t i = 0; i < rt->sched.worker_count; i++) {
        weft__timers_of(rt->timers, i)->lock = (struct weft__lock){0};
        for (int which = 0; which < WEFT__CACHED; which++)
            rt->sched.workers[i].thread.caches[which].live = 0; /* what it counted lives in the parent */
    }
    struct weft__thread *self = weft__self_in(env);
    if (self)
        fork_cancel_poll(self);
}

static void fork_child(void)
{
    weft__rcu_after_fork_child();
    weft__lock_after_fork_child();
    weft__blocked_after_fork_child();
    weft__ids_after_fork();
    weft__sinks_after_fork();
    weft__names_after_fork();
    weft__runtimes_after_fork_child(fork_orphan);
    weft__slab_after_fork_child(); /* last: what handles point at is gone after it */
}

int weft__fork_prepare(void)
{
    static _Atomic uint32_t prepared; /* no lock: a fork at this moment would leave it held in the child */
    uint32_t no = 0;
    if (!weft__cas_strong_relaxed(&prepared, &no, 1)) /* glibc's list of handlers has its own order */
        return 0;
    if (pthread_atfork(fork_before, fork_parent, fork_child) == 0)
        return 0;
    weft__store_relaxed(&prepared, 0); /* the next creation tries again */
    return WEFT_ENOMEM;
}
