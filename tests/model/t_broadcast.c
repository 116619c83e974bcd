/* SPDX-License-Identifier: MIT */
/* Harness: broadcast, one or two messages kept. Two senders, host threads, send up to two messages each and close. A task
 * receives until the end, or is cancelled, or leaves early; a host thread receives, perhaps with a deadline; main comes
 * late, by a subscription of its own. Messages are plain, or behind a pointer with a copy function, which sometimes
 * fails, and a drop function. Or nobody receives but one, for whose end a sender's task waits.
 *
 * Law: a receiver gets, or is told to have lost, every message that was sent while it was there, and then the end, never
 * the end before, and nobody sleeps meanwhile; what two of them got came in one order; each message that is
 * kept is dropped once (else LEAK, DOUBLE FREE).
 *
 * Shows: known bug 16. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/broadcast.h>

#include "base/atomic.h"

enum { SENDERS = 2, EACH = 2, MESSAGES = SENDERS * EACH, TASK = 0, GUEST = 1, LATE = 2, RECEIVERS };

struct receiver {
    weft_broadcast_receiver handle;
    int got[MESSAGES];
    int count;
    uint64_t lost; /* or not copied */
    bool ended;
};

static weft_broadcast_sender senders[SENDERS];
static struct receiver receivers[RECEIVERS];
static int sends[SENDERS], sent[SENDERS];
static bool pointers; /* the messages are */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"received",  "lost",    "not copied",    "end seen",       "cancelled",
                                        "timed out", "refused", "left early",    "nobody receives", "came late and received",
                                        "came again"};
    return goal < 11 ? names[goal] : NULL;
}

static int copy(void *to, const void *from, void *context)
{
    (void)context;
    if (model_choose(8) == 0) {
        return WEFT_ENOMEM;
    }
    int *number = malloc(sizeof *number);
    *number = **(int *const *)from;
    *(int **)to = number;
    return 0;
}

static void drop(void *message, void *context)
{
    (void)context;
    free(*(int **)message);
}

static void *sender_main(void *argument)
{
    const int me = (int)(intptr_t)argument;
    for (int i = 0; i < sends[me]; i++) {
        intptr_t message = me * EACH + i;
        if (pointers) {
            int *number = malloc(sizeof *number);
            *number = (int)message;
            message = (intptr_t)number;
        }
        const int rc = weft_broadcast_send(&senders[me], &message);
        if (rc < 0) {
            assert(rc == WEFT_EPIPE);
            model_reach(6);
            if (pointers) {
                free((int *)message);
            }
        } else {
            assert(rc > 0);
            sent[me]++;
        }
    }
    weft_broadcast_sender_close(&senders[me]);
    return NULL;
}

/* What a receive gave. Whether it may go on. */
static bool note(struct receiver *r, int rc, intptr_t message, uint64_t lost)
{
    if (rc == 0) {
        int number = (int)message;
        if (pointers) {
            number = *(int *)message;
            free((int *)message);
        }
        r->got[r->count++] = number;
        model_reach(r == &receivers[LATE] ? 9 : 0);
    } else if (rc == WEFT_ELAGGED) {
        assert(lost > 0);
        r->lost += lost;
        model_reach(1);
    } else if (rc == WEFT_ENOMEM) {
        r->lost++;
        model_reach(2);
    } else {
        const unsigned goal = rc == WEFT_EPIPE ? 3 : rc == WEFT_ETIMEDOUT ? 5 : 4;
        assert(goal != 4 || rc == WEFT_ECANCELED);
        r->ended = rc == WEFT_EPIPE;
        model_reach(goal);
        return false;
    }
    return true;
}

struct taker {
    weft_frame weft;
    intptr_t message;
    uint64_t lost;
    int patience;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc,
                   weft_broadcast_recv(cx, &receivers[TASK].handle, &self->message, &self->lost));
    } while (note(&receivers[TASK], self->weft.rc, self->message, self->lost) && --self->patience > 0);
    if (self->patience == 0) {
        model_reach(7);
    }
    weft_broadcast_receiver_close(&receivers[TASK].handle);
    WEFT_END(0);
}

static void receive(struct receiver *r, int64_t deadline_ns)
{
    intptr_t message = 0;
    uint64_t lost = 0;
    int rc;
    do {
        rc = weft_broadcast_recv_blocking(&r->handle, &message, &lost, deadline_ns);
    } while (note(r, rc, message, lost));
    weft_broadcast_receiver_close(&r->handle);
}

static void *guest(void *nothing)
{
    receive(&receivers[GUEST], model_choose(2) ? WEFT_FOREVER : model_clock() + 3000);
    return nothing;
}

/* Where a number stands in what a receiver got; -1: nowhere. */
static int place(const struct receiver *r, int number)
{
    for (int i = 0; i < r->count; i++) {
        if (r->got[i] == number) {
            return i;
        }
    }
    return -1;
}

static void check_order(const struct receiver *a, const struct receiver *b)
{
    for (int i = 0; i < a->count; i++) {
        assert(place(a, a->got[i]) == i); /* once */
        for (int j = 0; j < i; j++) {
            const int first = place(b, a->got[j]), second = place(b, a->got[i]);
            assert(first < 0 || second < 0 || first < second);
        }
    }
}

static void play_messages(void)
{
    pthread_t threads[SENDERS + 1];
    assert(weft_broadcast_sender_clone(&senders[0], &senders[1]) == 0);
    assert(weft_broadcast_resubscribe(&receivers[TASK].handle, &receivers[GUEST].handle) == 0);
    weft_broadcast_sender mine;
    assert(weft_broadcast_sender_clone(&senders[0], &mine) == 0);
    for (int i = 0; i < SENDERS; i++) {
        sends[i] = 1 + (int)model_choose(EACH);
    }
    const weft_task task = weft_spawn(tasks_scope(), taker, .patience = model_choose(4) ? 100 : 1);
    pthread_create(&threads[SENDERS], NULL, guest, NULL);
    for (intptr_t i = 0; i < SENDERS; i++) {
        pthread_create(&threads[i], NULL, sender_main, (void *)i);
    }
    if (model_choose(4) == 0) {
        weft_task_cancel(task);
    }
    const bool late = model_choose(2);
    if (late) {
        assert(weft_broadcast_subscribe(&mine, &receivers[LATE].handle) == 0);
    }
    weft_broadcast_sender_close(&mine);
    if (late) {
        receive(&receivers[LATE], WEFT_FOREVER);
    }
    tasks_join();
    for (int i = 0; i < SENDERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < RECEIVERS; i++) {
        const struct receiver *r = &receivers[i];
        const uint64_t all = (uint64_t)(sent[0] + sent[1]);
        const uint64_t known = (uint64_t)r->count + r->lost;
        assert(i == LATE || !r->ended ? known <= all : known == all);
        check_order(r, &receivers[(i + 1) % RECEIVERS]);
    }
}

struct closer {
    weft_frame weft;
    weft_broadcast_sender out;
};

static weft_poll closer(weft_context *cx, struct closer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_broadcast_closed(cx, &self->out));
    assert(self->weft.rc == 0);
    model_reach(8);
    weft_broadcast_sender_close(&self->out);
    WEFT_END(0);
}

/* Nobody sends; the receiver goes while another comes, and goes as well. */
static void play_closed(void)
{
    weft_spawn(tasks_scope(), closer, .out = senders[0]);
    weft_broadcast_receiver again;
    assert(weft_broadcast_resubscribe(&receivers[TASK].handle, &again) == 0);
    weft_broadcast_receiver_close(&receivers[TASK].handle);
    intptr_t message;
    assert(weft_broadcast_try_recv(&again, &message, NULL) == WEFT_EAGAIN);
    weft_broadcast_receiver_close(&again);
    model_reach(10);
    tasks_join();
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    pointers = model_choose(2);
    const weft_broadcast_options options = {.size = sizeof options,
                                            .capacity = 1 + model_choose(2),
                                            .copy = pointers ? copy : NULL,
                                            .drop = pointers ? drop : NULL};
    assert(weft_broadcast_create(rt, &options, sizeof(intptr_t), &senders[0], &receivers[TASK].handle) == 0);
    if (model_choose(8)) {
        play_messages();
    } else {
        play_closed();
    }
    tasks_end();
    return 0;
}
