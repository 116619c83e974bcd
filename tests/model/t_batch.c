/* SPDX-License-Identifier: MIT */
/* Harness: room that is given in batches. A channel of two or three, full, whose batch is all of it; positions of 8 bits. A task and two
 * threads of the host wait for room or come for it, one perhaps with a deadline, the task perhaps cancelled. The receiver is a task
 * whose budget is two operations. It takes up to three and then receives on, to the end; or waits, for as long as one who waited has
 * not been let in; or ends; or closes, or lets another thread close.
 *
 * Law: a message that was sent is received once, in its sender's order, unless the channel was closed; who waits is let in before the
 * receiver does anything else (or nobody goes on: DEADLOCK); what is owed keeps the channel no longer than the poll. ctest-cost: 35 */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/notify.h>

#include "channel/channel.h"
#include "task/context.h"

enum { SENDERS = 3, TASK = 2, QUEUED = 3, NUMBERS = SENDERS + QUEUED };
enum next { GO_ON, WAIT, END, CLOSE, LET_CLOSE, NEXTS };

static weft_sender senders[SENDERS];
static weft_receiver receiver;
static weft_notify let_in;
static bool sent[NUMBERS];
static int came[NUMBERS];
static uint32_t queued;
static _Atomic bool closing;
static enum next next;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"let in",  "timed out", "cancelled",      "refused",      "owed over a yield",
                                        "to the end", "waited",   "ended with some left", "closed", "closed by another thread"};
    return goal < 10 ? names[goal] : NULL;
}

static void came_back(int number, int rc)
{
    sent[number] = rc == 0;
    if (rc == 0) {
        model_reach(0);
        weft_notify_one(&let_in);
    } else {
        model_reach(rc == WEFT_ETIMEDOUT ? 1 : rc == WEFT_ECANCELED ? 2 : 3);
        assert(rc == WEFT_ETIMEDOUT || rc == WEFT_ECANCELED || (rc == WEFT_EPIPE && (next == CLOSE || next == LET_CLOSE)));
    }
}

static void *guest(void *argument)
{
    const int me = (int)(intptr_t)argument;
    const int number = QUEUED + me;
    int *message = malloc(sizeof *message); /* plain: it needs the channel's edge */
    *message = number;
    const int64_t deadline = me == 0 && model_choose(2) ? model_clock() + 2000 : WEFT_FOREVER;
    const int rc = weft_channel_send_blocking(&senders[me], &message, deadline);
    if (rc < 0)
        free(message);
    came_back(number, rc);
    weft_sender_close(&senders[me]);
    return NULL;
}

struct sender {
    weft_frame weft;
    int *message;
};

static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    self->message = malloc(sizeof *self->message);
    *self->message = QUEUED + TASK;
    WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &senders[TASK], &self->message));
    if (self->weft.rc < 0)
        free(self->message);
    came_back(QUEUED + TASK, self->weft.rc);
    weft_sender_close(&senders[TASK]);
    WEFT_END(0);
}

static void note(int *message)
{
    const int number = *message;
    free(message);
    assert(came[number] == 0 && (number >= QUEUED || number == 0 || came[number - 1] == 1));
    came[number]++;
}

struct taker {
    weft_frame weft;
    uint32_t times;
    int *message;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->times > 0; self->times--) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &receiver, &self->message));
        assert(self->weft.rc == 0); /* so many are there */
        note(self->message);
        if (weft__cx_thread(cx)->debt.pay && weft__cx_thread(cx)->cx.weft__budget == 0)
            model_reach(4);
    }
    while (next == GO_ON) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &receiver, &self->message));
        if (self->weft.rc < 0) {
            assert(self->weft.rc == WEFT_EPIPE);
            model_reach(5);
            break;
        }
        note(self->message);
    }
    if (next == WAIT) {
        WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &let_in));
        model_reach(6);
    }
    if (next == CLOSE) {
        weft_receiver_close(&receiver);
        model_reach(8);
    }
    if (next == LET_CLOSE)
        weft__store_release(&closing, true);
    WEFT_END(0);
}

static void drop(void *message, void *context)
{
    (void)context;
    const int number = **(int **)message;
    free(*(int **)message);
    came[number]++;
}

/* Positions wrap during the execution. */
static void begin_near_the_wrap(weft_channel *channel)
{
    const uint64_t pos = WEFT__GATE_POS_MASK - 1;
    atomic_init(&channel->gate, pos << WEFT__GATE_SHIFT);
    atomic_init(&channel->head, pos);
    atomic_init(&channel->head_seen, pos);
    const uint64_t slots = UINT64_C(1) + channel->mask;
    for (uint64_t i = pos; i < pos + slots; i++) {
        unsigned char *slot = weft__channel_slot(channel, i);
        atomic_init(weft__channel_word(channel, slot), weft__slot_word(weft__slot_seq(i - slots), 0));
    }
}

static void open_channel(weft_runtime *rt)
{
    struct weft__env *env = weft__env_of(rt);
    env->channels = weft__channels_create(env->number, NULL);
    assert(env->channels && weft_notify_create(rt, NULL, &let_in) == 0);
    queued = 2 + model_choose(2);
    const weft_channel_options options = {.size = sizeof options, .capacity = queued, .drop = drop};
    assert(weft_channel_create(rt, &options, sizeof(int *), &senders[0], &receiver) == 0);
    for (int i = 1; i < SENDERS; i++)
        assert(weft_sender_clone(&senders[0], &senders[i]) == 0);
    begin_near_the_wrap(receiver.weft__channel);
    for (uint32_t i = 0; i < queued; i++) {
        int *message = malloc(sizeof *message);
        *message = (int)i;
        assert(weft_channel_try_send(&senders[0], &message) == 0);
        sent[i] = true;
    }
}

/* What the task left, by another thread than its own. */
static void go_on(weft_task task)
{
    int *message;
    int rc;
    if (next == LET_CLOSE) {
        while (!weft__load_acquire(&closing))
            model_relax();
        weft_receiver_close(&receiver);
        model_reach(9);
        return;
    }
    if (next == CLOSE)
        return;
    tasks_join_one(task);
    while ((rc = weft_channel_recv_blocking(&receiver, &message, WEFT_FOREVER)) == 0) {
        model_reach(7);
        note(message);
    }
    assert(rc == WEFT_EPIPE);
    assert(!(weft__load_relaxed(&receiver.weft__channel->gate) & WEFT__GATE_WAITERS)); /* nobody does: a newcomer would not be let in */
    weft_receiver_close(&receiver);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    open_channel(rt);
    next = model_choose(NEXTS);
    pthread_t threads[TASK];
    for (intptr_t i = 0; i < TASK; i++)
        pthread_create(&threads[i], NULL, guest, (void *)i);
    const weft_task waiting = weft_spawn(tasks_scope(), sender);
    const weft_task task = weft_spawn(tasks_scope(), taker, .times = 1 + model_choose(queued));
    if (model_choose(4) == 0)
        weft_task_cancel(waiting);
    go_on(task);
    tasks_join();
    for (int i = 0; i < TASK; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < NUMBERS; i++)
        assert(came[i] == sent[i]);
    weft_notify_destroy(&let_in);
    weft__channels_close(weft__env_of(rt)->channels, 0);
    tasks_end();
    return 0;
}
