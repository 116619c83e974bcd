/* SPDX-License-Identifier: MIT */
/* Harness: notify. A task and a second waiter, a task or a host thread that may run out of time; host threads notify
 * one, the last, or all; main cancels the first task. Seven games:
 *
 *     ALONE   one notification, at any moment of one wait: told or stored, never both, never lost
 *     PAIR    two waiters wait, two notifications come, the first waiter is cancelled: each goes to another waiter, or
 *             is stored; the one that a cancelled waiter had been given is passed on
 *     PASS    as ALONE, and a host thread comes at any time and waits for a moment
 *     ON      two wait, one notification comes, and the first waiter is cancelled: if it has not heard, the other has
 *     ALL     one waits when all are told, and then one more is given: that one is stored
 *     TICKET  it takes a ticket, finds that nothing has happened yet, and waits: it is told
 *     STORED  two notifications are stored as one, and who takes it sees what was written before both
 *
 * Shows: known bug 17, known bug 18, known bug 72. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/notify.h>

#include "base/atomic.h"

enum game { ALONE, PASS, PAIR, ON, ALL, TICKET, STORED, GAMES };

static enum game game;
static weft_notify notify;
static int news[2]; /* plain: written before the notification of that thread */
static _Atomic bool happened; /* what all are told of */
static _Atomic int told;
static bool heard[2]; /* each task's own */
static _Atomic unsigned given;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"told", "cancelled", "timed out", "stored", "told by a ticket", "both stored",
                                        "passed on to another"};
    return goal < 7 ? names[goal] : NULL;
}

struct listener {
    weft_frame weft;
    uint64_t ticket;
    int me;
};

static int listener_wait(weft_context *cx, uint64_t ticket)
{
    return game == TICKET ? weft_notify_wait_since(cx, &notify, ticket) : weft_notify_wait(cx, &notify);
}

static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    self->ticket = weft_notify_ticket(&notify);
    if (game == TICKET && weft__load_relaxed(&happened)) {
        WEFT_RETURN(0);
    }
    WEFT_AWAIT(self->weft.rc, listener_wait(cx, self->ticket));
    if (self->weft.rc == WEFT_ECANCELED) {
        model_reach(1);
    } else {
        assert(self->weft.rc == 0 && (game == PAIR || game == ON || news[0]));
        weft__fetch_add_relaxed(&told, 1);
        heard[self->me] = true;
        model_reach(game == TICKET ? 4 : 0);
    }
    WEFT_END(0);
}

static void *notifier(void *number)
{
    const int me = (int)(intptr_t)number;
    news[me] = 1;
    weft__store_relaxed(&happened, true);
    if (game == TICKET || game == ALL) {
        assert(weft_notify_all(&notify) == 0);
    }
    if (game != TICKET) {
        assert((model_choose(2) ? weft_notify_one(&notify) : weft_notify_last(&notify)) == 0);
    }
    weft__fetch_add_relaxed(&given, 1);
    return NULL;
}

static int guest_told;

static void *guest(void *nothing)
{
    const bool patient = game != PASS && model_choose(2);
    const int error = weft_notify_wait_blocking(&notify, patient ? WEFT_FOREVER : model_clock() + 2000);
    assert(error == WEFT_ETIMEDOUT || (error == 0 && (game == PAIR || news[0])));
    guest_told = error == 0;
    if (error) {
        model_reach(2);
    }
    return nothing;
}

static unsigned stored(void)
{
    const weft_sync_stats stats = tasks_look(notify.weft__object);
    assert(stats.waiting == 0);
    if (stats.permits) {
        model_reach(3);
    }
    return stats.permits;
}

static void wait_for_waiters(unsigned count)
{
    while (tasks_look(notify.weft__object).waiting != count) {
        model_relax();
    }
}

static void play_alone(void)
{
    pthread_t threads[2];
    const bool by_task = game != ALONE || model_choose(2);
    weft_task task = {0};
    if (by_task) {
        task = weft_spawn(tasks_scope(), listener);
    }
    if (!by_task || game == PASS) {
        pthread_create(&threads[1], NULL, guest, NULL);
    }
    if (game == ALL) {
        wait_for_waiters(1);
    }
    pthread_create(&threads[0], NULL, notifier, NULL);
    if (game == PASS || (by_task && model_choose(2))) {
        weft_task_cancel(task);
    }
    tasks_join();
    if (!by_task || game == PASS) {
        pthread_join(threads[1], NULL);
    }
    pthread_join(threads[0], NULL);
    const unsigned left = stored();
    if (game == ALONE || game == PASS) {
        assert(told + guest_told + (int)left == 1);
    } else {
        assert(left == (game == ALL));
    }
}

static void play_pair(void)
{
    pthread_t threads[3];
    const bool guests = model_choose(2);
    const weft_task task = weft_spawn(tasks_scope(), listener);
    if (guests) {
        pthread_create(&threads[2], NULL, guest, NULL);
        while (tasks_look(notify.weft__object).waits != 2) { /* it may have given up already */
            model_relax();
        }
    } else {
        weft_spawn(tasks_scope(), listener, .me = 1);
        wait_for_waiters(2);
    }
    for (intptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, notifier, (void *)i);
    }
    if (model_choose(2)) {
        weft_task_cancel(task);
    }
    tasks_join();
    for (int i = 0; i < 2 + guests; i++) {
        pthread_join(threads[i], NULL);
    }
    const int reached = told + guest_told;
    const unsigned left = stored();
    assert(reached + (int)left == 2 || (reached == 0 && left == 1)); /* both stored: as one */
}

static void play_on(void)
{
    pthread_t thread;
    const weft_task first = weft_spawn(tasks_scope(), listener);
    weft_spawn(tasks_scope(), listener, .me = 1);
    wait_for_waiters(2);
    pthread_create(&thread, NULL, notifier, (void *)0);
    weft_task_cancel(first);
    pthread_join(thread, NULL);
    tasks_join_one(first);
    const bool again = heard[0]; /* then the other has not */
    if (again) {
        assert(weft_notify_one(&notify) == 0);
    } else {
        model_reach(6);
    }
    tasks_join();
    assert(told == 1 + again && heard[1] && stored() == 0);
}

static void play_stored(void)
{
    pthread_t threads[2];
    for (intptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, notifier, (void *)i);
    }
    while (weft__load_relaxed(&given) != 2) {
        model_relax();
    }
    assert(weft_notify_wait_blocking(&notify, WEFT_FOREVER) == 0);
    assert(news[0] && news[1]);
    model_reach(5);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert(stored() == 0);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    assert(weft_notify_create(rt, NULL, &notify) == 0);
    game = model_choose(GAMES);
    if (game == PAIR) {
        play_pair();
    } else if (game == ON) {
        play_on();
    } else if (game == STORED) {
        play_stored();
    } else {
        play_alone();
    }
    weft_notify_destroy(&notify);
    tasks_end();
    return 0;
}
