/* SPDX-License-Identifier: MIT */
/* Harness: the first of several. One task waits for a permit or a notification or a value, whatever comes first, and
 * gives a permit back; another waits for the permit alone. Host threads release the permit and notify; main sends the
 * value, or cancels the first task.
 *
 * Law: what was given to a wait that is withdrawn is passed on: the permit reaches the second task (else DEADLOCK), the
 * notification is taken or stored, the value is received or still there; nothing is taken by two. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/notify.h>
#include <weft/oneshot.h>
#include <weft/sync.h>

#include "base/atomic.h"

static weft_semaphore semaphore;
static weft_notify notify;
static weft_oneshot_sender sender;
static weft_oneshot_receiver receiver;
static int data; /* written before the permit is released, and by who has it */
static int winner = -1;
static int value;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"the permit", "the notification", "the value", "cancelled"};
    return goal < 4 ? names[goal] : NULL;
}

struct chooser {
    weft_frame weft;
    weft_select_state select;
    weft_semaphore_future permit;
    weft_notify_future notified;
    weft_oneshot_recv_future received;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    weft_semaphore_acquire_begin(&self->permit, &semaphore, 1);
    weft_notify_wait_begin(&self->notified, &notify);
    weft_oneshot_recv_begin(&self->received, &receiver, &value);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->permit.future, &self->notified.future,
                                          &self->received.future));
    winner = self->weft.rc;
    model_reach(winner < 0 ? 3 : (unsigned)winner);
    if (winner < 0) {
        assert(winner == WEFT_ECANCELED);
    } else if (winner == 0) {
        assert(self->permit.future.result == 0);
        data++;
        assert(weft_semaphore_release(&semaphore, 1) == 0);
    } else {
        assert(winner == 1 ? self->notified.future.result == 0 : self->received.future.result == 0 && value == 42);
    }
    WEFT_END(0);
}

struct other {
    weft_frame weft;
};

static weft_poll other(weft_context *cx, struct other *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &semaphore, 1));
    assert(self->weft.rc == 0);
    data++;
    WEFT_END(0);
}

static void *releaser(void *nothing)
{
    data++;
    assert(weft_semaphore_release(&semaphore, 1) == 0);
    return nothing;
}

static void *notifier(void *nothing)
{
    assert((model_choose(2) ? weft_notify_one(&notify) : weft_notify_last(&notify)) == 0);
    return nothing;
}

static void check(bool sent)
{
    int left;
    assert((tasks_look(notify.weft__object).permits == 1) == (winner != 1)); /* stored */
    assert(weft_semaphore_available(&semaphore) == 0);
    assert(data == 2 + (winner == 0));
    const int rest = weft_oneshot_try_recv(&receiver, &left);
    assert(rest == (!sent ? WEFT_EAGAIN : winner == 2 ? WEFT_EPIPE : 0));
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    assert(weft_semaphore_create(rt, NULL, &semaphore) == 0);
    assert(weft_notify_create(rt, NULL, &notify) == 0);
    assert(weft_oneshot_create(rt, NULL, sizeof(int), &sender, &receiver) == 0);
    const weft_task task = weft_spawn(tasks_scope(), chooser);
    weft_spawn(tasks_scope(), other);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, releaser, NULL);
    pthread_create(&threads[1], NULL, notifier, NULL);
    const bool sends = model_choose(2);
    if (sends) {
        assert(weft_oneshot_send(&sender, &(int){42}) == 0);
    } else {
        weft_task_cancel(task);
    }
    tasks_join();
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    check(sends);
    weft_oneshot_sender_close(&sender);
    weft_oneshot_receiver_close(&receiver);
    weft_notify_destroy(&notify);
    weft_semaphore_destroy(&semaphore);
    tasks_end();
    return 0;
}
