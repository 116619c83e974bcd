/* SPDX-License-Identifier: MIT */
/* Harness: oneshot. A host thread sends, or closes, or waits in a task of its own until nobody receives; the receiver is a
 * task that may be cancelled, or a host thread that may run out of time, tries, or stops; main takes what is left, closes
 * the receiver, and opens another oneshot in the same slot. Another thread may look at all that live, with no handle.
 *
 * Law: the value is received once, dropped once with the receiver, or still the sender's, and comes whole; who waits on
 * either side is told of the end of the other (else DEADLOCK). Who looks sees each as it was created, with at most one value.
 *
 * Shows: known bug 24. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <weft/oneshot.h>

#include "base/atomic.h"
#include "trace/emit.h"

static weft_oneshot_sender sender;
static weft_oneshot_receiver receiver;
static bool sent;
static _Atomic int came; /* received or dropped */
static bool took;        /* by the receiver that came before main */
static bool stopped;
static int sender_left, receiver_left; /* plain: written before an end is closed */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"received",  "dropped", "kept", "closed without a value",
                                        "timed out", "stopped", "cancelled", "nobody receives", "taken in a later wait",
                                        "seen with its value", "seen without"};
    return goal < 11 ? names[goal] : NULL;
}

static void drop(void *value, void *context)
{
    (void)context;
    free(*(int **)value);
    weft__fetch_add_relaxed(&came, 1);
    model_reach(1);
}

static void *send_value(void *nothing)
{
    if (model_choose(4) == 0) {
        sender_left = 1;
        weft_oneshot_sender_close(&sender);
        return nothing;
    }
    int *value = malloc(sizeof *value); /* plain: it needs the edge */
    *value = 42;
    sent = weft_oneshot_send(&sender, &value) == 0;
    if (!sent) {
        assert(receiver_left);
        free(value);
        model_reach(2);
    }
    return nothing;
}

static void taken(int *value)
{
    assert(*value == 42);
    free(value);
    weft__fetch_add_relaxed(&came, 1);
    model_reach(0);
}

/* Whether it had come. */
static bool answered(int error, int *value)
{
    if (error == 0) {
        taken(value);
    } else {
        const unsigned goal = error == WEFT_EPIPE ? 3 : error == WEFT_ETIMEDOUT ? 4 : 6;
        assert(goal != 6 || error == WEFT_ECANCELED);
        assert(goal != 3 || stopped || sender_left);
        model_reach(goal);
    }
    return error == 0;
}

struct taker {
    weft_frame weft;
    int *value;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_oneshot_recv(cx, &receiver, &self->value));
    took = answered(self->weft.rc, self->value);
    WEFT_END(0);
}

/* Waits for the end of the receiver, and is told nothing else. */
struct closer {
    weft_frame weft;
};

static weft_poll closer(weft_context *cx, struct closer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_oneshot_closed(cx, &sender));
    assert(self->weft.rc == WEFT_ECANCELED || (self->weft.rc == 0 && receiver_left));
    model_reach(self->weft.rc == 0 ? 7 : 6);
    weft_oneshot_sender_close(&sender);
    WEFT_END(0);
}

static void *receive(void *nothing)
{
    int *value;
    if (model_choose(3) == 0) {
        receiver_left = stopped = 1;
        weft_oneshot_stop(&receiver);
        model_reach(5);
    }
    const int64_t deadline = model_choose(2) ? WEFT_FOREVER : model_clock() + 2000;
    const int error = weft_oneshot_recv_blocking(&receiver, &value, deadline);
    took = answered(error, value);
    return nothing;
}

static int seen(void *context, const weft_sync_stats *stats)
{
    (void)context;
    assert(stats->kind == WEFT_SYNC_ONESHOT && stats->permits_max == 1 && stats->id != 0 && strcmp(stats->name, "oneshot") == 0);
    assert(stats->permits <= 1 && stats->senders <= 1 && stats->receivers <= 1);
    model_reach(stats->permits == 1 ? 9 : 10);
    return 0;
}

/* It takes part in nothing, so it knows of a creation only by the word that it reads. */
static void *look(void *rt)
{
    assert(weft_sync_visit(rt, seen, NULL) == 0);
    return NULL;
}

/* The slot is used again at once: who was here before must not touch it any more. */
static void again(weft_runtime *rt)
{
    int value = 0;
    assert(weft_oneshot_create(rt, NULL, sizeof value, &sender, &receiver) == 0);
    assert(weft_oneshot_send(&sender, &(int){43}) == 0);
    assert(weft_oneshot_try_recv(&receiver, &value) == 0 && value == 43);
    assert(weft_oneshot_try_recv(&receiver, &value) == WEFT_EPIPE);
    weft_oneshot_receiver_close(&receiver);
}

/* A value and its way. */
static void play_value(weft_runtime *rt)
{
    pthread_t threads[2];
    int *value;
    const bool by_task = model_choose(2);
    weft_task task = {0};
    weft__store_relaxed(&weft__trace_mask, model_choose(4) ? 0 : UINT64_MAX); /* then a sender is not through when it has sent */
    if (by_task) {
        task = weft_spawn(tasks_scope(), taker);
    } else {
        pthread_create(&threads[1], NULL, receive, NULL);
    }
    pthread_create(&threads[0], NULL, send_value, NULL);
    if (by_task && model_choose(2)) {
        weft_task_cancel(task);
    }
    tasks_join();
    if (!by_task) {
        pthread_join(threads[1], NULL);
    }
    if (model_choose(2) && weft_oneshot_try_recv(&receiver, &value) == 0) {
        assert(!took);
        taken(value);
        model_reach(8);
    }
    if (!stopped) {
        receiver_left = 1;
    }
    weft_oneshot_receiver_close(&receiver);
    if (model_choose(2)) {
        weft_oneshot_sender other_sender;
        weft_oneshot_receiver other;
        assert(weft_oneshot_create(rt, NULL, 1, &other_sender, &other) == 0);
        weft_oneshot_sender_close(&other_sender);
        weft_oneshot_receiver_close(&other);
    }
    pthread_join(threads[0], NULL);
    assert(came == sent);
}

/* No value: the sender waits for the end of the receiver. */
static void play_closed(void)
{
    const weft_task task = weft_spawn(tasks_scope(), closer);
    receiver_left = 1;
    switch (model_choose(3)) {
    case 0:
        weft_oneshot_stop(&receiver);
        break;
    case 1:
        weft_task_cancel(task);
        break;
    }
    weft_oneshot_receiver_close(&receiver);
    tasks_join();
}

int main(void)
{
    pthread_t looker;
    weft_runtime *rt = tasks_begin();
    const bool looked_at = model_choose(4) == 0;
    if (looked_at) {
        pthread_create(&looker, NULL, look, rt); /* before the creation: its beginning orders nothing that it looks at */
    }
    assert(weft_oneshot_create(rt, WEFT_ONESHOT_OPTIONS(.drop = drop), sizeof(int *), &sender, &receiver) == 0);
    if (model_choose(3)) {
        play_value(rt);
    } else {
        play_closed();
    }
    again(rt);
    if (looked_at) {
        pthread_join(looker, NULL);
    }
    tasks_end();
    return 0;
}
