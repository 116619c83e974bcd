/* SPDX-License-Identifier: MIT */
/* Harness: permits. Two tasks and a host thread take and give, at a semaphore, a mutex or an rwlock; the thread may run
 * out of time, main cancels a task, closes the semaphore, takes permits away and gives them back, or tries its luck.
 *
 * Law: nobody is in who may not be, and each sees what those before it wrote; nobody sleeps for ever; in the end every
 * permit is back. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/lock.h>
#include <weft/sync.h>

#include "base/atomic.h"

enum { PERMITS = 2, ACTORS = 4, MAIN = 3 };
enum kind { SEMAPHORE, MUTEX, RWLOCK };

static enum kind kind;
static weft_semaphore semaphore;
static weft_mutex mutex;
static weft_rwlock rwlock;
static uint32_t amounts[ACTORS]; /* an rwlock's: 1 reads, 2 writes */
static _Atomic unsigned inside;  /* permits of the semaphore */
static int data;                 /* written by who is in alone, read by readers */
static int wrote[ACTORS];
static int reason; /* plain: written before the close */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"entered", "cancelled", "closed", "timed out", "refused", "forgotten",
                                        "entered after a wait"};
    return goal < 7 ? names[goal] : NULL;
}

/* It is in; and out again. */
static void visit(int me)
{
    const uint32_t n = amounts[me];
    model_reach(0);
    switch (kind) {
    case SEMAPHORE:
        assert(weft__fetch_add_relaxed(&inside, n) + n <= PERMITS);
        weft__fetch_sub_relaxed(&inside, n);
        if (n == PERMITS) {
            wrote[me] = ++data;
        }
        assert(weft_semaphore_release(&semaphore, n) == 0);
        break;
    case MUTEX:
        wrote[me] = ++data;
        assert(weft_mutex_unlock(&mutex) == 0);
        break;
    case RWLOCK:
        if (n == 1) {
            wrote[me] = -data;
            assert(weft_rwlock_read_unlock(&rwlock) == 0);
        } else {
            wrote[me] = ++data;
            assert(weft_rwlock_write_unlock(&rwlock) == 0);
        }
        break;
    }
}

struct visitor {
    weft_frame weft;
    int me;
    int polls;
};

static int visitor_enter(weft_context *cx, struct visitor *self)
{
    self->polls++;
    switch (kind) {
    case SEMAPHORE:
        return weft_semaphore_acquire(cx, &semaphore, amounts[self->me]);
    case MUTEX:
        return weft_mutex_lock(cx, &mutex);
    default:
        return amounts[self->me] == 1 ? weft_rwlock_read(cx, &rwlock) : weft_rwlock_write(cx, &rwlock);
    }
}

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, visitor_enter(cx, self));
    if (self->weft.rc == 0) {
        if (self->polls > 1) {
            model_reach(6);
        }
        visit(self->me);
    } else {
        assert(self->weft.rc == WEFT_ECANCELED || (self->weft.rc == WEFT_EPIPE && reason));
        model_reach(self->weft.rc == WEFT_ECANCELED ? 1 : 2);
    }
    WEFT_END(0);
}

static int enter_blocking(int me, int64_t deadline_ns)
{
    switch (kind) {
    case SEMAPHORE:
        return weft_semaphore_acquire_blocking(&semaphore, amounts[me], deadline_ns);
    case MUTEX:
        return weft_mutex_lock_blocking(&mutex, deadline_ns);
    default:
        return amounts[me] == 1 ? weft_rwlock_read_blocking(&rwlock, deadline_ns)
                                : weft_rwlock_write_blocking(&rwlock, deadline_ns);
    }
}

static int try_enter(int me)
{
    switch (kind) {
    case SEMAPHORE:
        return weft_semaphore_try_acquire(&semaphore, amounts[me]);
    case MUTEX:
        return weft_mutex_try_lock(&mutex);
    default:
        return amounts[me] == 1 ? weft_rwlock_try_read(&rwlock) : weft_rwlock_try_write(&rwlock);
    }
}

static void *guest(void *nothing)
{
    const int error = enter_blocking(2, model_choose(2) ? WEFT_FOREVER : model_clock() + 2000);
    if (error == 0) {
        visit(2);
    } else {
        assert(error == WEFT_ETIMEDOUT || (error == WEFT_EPIPE && reason));
        model_reach(error == WEFT_ETIMEDOUT ? 3 : 2);
    }
    return nothing;
}

/* Whether it was closed. */
static bool meddle(const weft_task *tasks)
{
    const unsigned what = model_choose(kind == SEMAPHORE ? 5 : 3);
    if (what < 2) {
        weft_task_cancel(tasks[what]);
    } else if (what == 2) {
        const int error = try_enter(MAIN);
        if (error == 0) {
            visit(MAIN);
        } else {
            assert(error == WEFT_EAGAIN);
            model_reach(4);
        }
    } else if (what == 3) {
        reason = 1;
        weft_semaphore_close(&semaphore);
        return true;
    } else {
        const int gone = weft_semaphore_forget(&semaphore, PERMITS);
        assert(gone >= 0);
        model_reach(5);
        if (gone == PERMITS) { /* nobody is in */
            wrote[MAIN] = ++data;
        }
        assert(weft_semaphore_release(&semaphore, (uint32_t)gone) == 0);
    }
    return false;
}

static void create(weft_runtime *rt)
{
    switch (kind) {
    case SEMAPHORE:
        assert(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = PERMITS), &semaphore) == 0);
        break;
    case MUTEX:
        assert(weft_mutex_create(rt, NULL, &mutex) == 0);
        break;
    case RWLOCK:
        assert(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.readers_max = PERMITS), &rwlock) == 0);
        break;
    }
}

/* All are back. */
static void check(bool closed)
{
    int writes = 0;
    for (int i = 0; i < ACTORS; i++) {
        writes += wrote[i] > 0;
    }
    assert(data == writes);
    amounts[MAIN] = PERMITS;
    assert(kind != SEMAPHORE || weft_semaphore_available(&semaphore) == PERMITS);
    assert(try_enter(MAIN) == (closed ? WEFT_EPIPE : 0));
    weft_semaphore_destroy(&semaphore);
    weft_mutex_destroy(&mutex);
    weft_rwlock_destroy(&rwlock);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    kind = model_choose(3);
    for (int i = 0; i < ACTORS; i++) {
        amounts[i] = 1 + model_choose(PERMITS);
    }
    create(rt);
    weft_task tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = weft_spawn(tasks_scope(), visitor, .me = i);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, guest, NULL);
    const bool closed = meddle(tasks);
    tasks_join();
    pthread_join(thread, NULL);
    check(closed);
    tasks_end();
    return 0;
}
