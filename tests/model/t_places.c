/* SPDX-License-Identifier: MIT */
/* Harness: places in a channel of two or three, positions of 8 bits. Tasks and a host thread wait for one place or for two
 * at once, in a send, in a reservation, or in a reservation as one of several; they send into what they got, or give it
 * back; one is cancelled, one runs out of time. The receiver is a task at first, perhaps cancelled, then main. In some
 * executions the thread has only a weak sender at first, and main closes the last strong one meanwhile.
 *
 * Or main holds a place, the first waiter asks for two, of which only one is free, and turns away; the one behind it asks for
 * one.
 *
 * Law: what was sent is received once, whole and in its sender's order; all places come back; nobody passes those that
 * wait, so that nobody sleeps for ever (else DEADLOCK), whoever turns away; a sender is made of a weak one before the
 * end, or not at all. ctest-cost: 80 */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/notify.h>
#include <weft/permit.h>

#include "channel/channel.h"
#include "task/env.h"

enum { ACTORS = 3, EACH = 2, MESSAGES = ACTORS * EACH, THREAD = 2 };
enum way { SEND, RESERVE, SELECT, WAYS };

static weft_sender senders[ACTORS];
static weft_weak_sender weak;
static weft_receiver receiver;
static weft_notify never;
static bool by_weak;
static bool sent[MESSAGES];
static int came[MESSAGES], last[ACTORS];

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"sent by a wait",  "sent by permits", "given back",  "cancelled", "timed out",
                                        "received by a task", "upgraded",     "too late to upgrade", "end seen",
                                        "let in behind one that turned away"};
    return goal < 10 ? names[goal] : NULL;
}

static int *make(int number)
{
    int *message = malloc(sizeof *message); /* plain: it needs the channel's edge */
    *message = number;
    return message;
}

/* Use as many of the places as it likes. */
static void use(int me, weft_permits *permits)
{
    const size_t wanted = model_choose((unsigned)weft_permits_left(permits) + 1);
    for (size_t i = 0; i < wanted; i++) {
        const int number = me * EACH + (int)i;
        int *message = make(number);
        assert(weft_permits_send(permits, &message) == 0); /* the receiver stays to the end */
        sent[number] = true;
        model_reach(1);
    }
    if (weft_permits_left(permits) > 0) {
        model_reach(2);
    }
    weft_permits_release(permits);
}

static void gave_up(int rc)
{
    assert(rc == WEFT_ECANCELED || rc == WEFT_ETIMEDOUT);
    model_reach(rc == WEFT_ECANCELED ? 3 : 4);
}

struct actor {
    weft_frame weft;
    int me;
    size_t count;
    enum way way;
    int *message;
    weft_permits permits;
    weft_select_state select;
    weft_reserve_many_future many;
    weft_notify_future other;
};

static weft_poll actor(weft_context *cx, struct actor *self)
{
    WEFT_BEGIN(cx, self);
    if (self->way == SEND) {
        self->message = make(self->me * EACH);
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &senders[self->me], &self->message));
        if (self->weft.rc == 0) {
            sent[self->me * EACH] = true;
            model_reach(0);
        } else {
            free(self->message);
        }
    } else if (self->way == RESERVE) {
        WEFT_AWAIT(self->weft.rc, weft_channel_reserve_many(cx, &senders[self->me], self->count, &self->permits));
    } else {
        weft_reserve_many_begin(&self->many, &senders[self->me], self->count, &self->permits);
        weft_notify_wait_begin(&self->other, &never);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->many.future, &self->other.future));
        assert(self->weft.rc == WEFT_ECANCELED || (self->weft.rc == 0 && self->many.future.result == 0));
    }
    if (self->weft.rc < 0) {
        gave_up(self->weft.rc);
    } else if (self->way != SEND) {
        assert(weft_permits_left(&self->permits) == self->count);
        use(self->me, &self->permits);
    }
    weft_sender_close(&senders[self->me]);
    WEFT_END(0);
}

static void *guest(void *nothing)
{
    weft_permits permits;
    if (by_weak) {
        const int rc = weft_weak_sender_upgrade(&weak, &senders[THREAD]);
        weft_weak_sender_close(&weak);
        assert(rc == 0 || rc == WEFT_EPIPE);
        model_reach(rc == 0 ? 6 : 7);
        if (rc < 0) {
            return nothing;
        }
    }
    const int64_t deadline = model_choose(2) ? WEFT_FOREVER : model_clock() + 2000;
    const int rc = weft_channel_reserve_many_blocking(&senders[THREAD], 1 + model_choose(EACH), &permits, deadline);
    if (rc == 0) {
        use(THREAD, &permits);
    } else {
        gave_up(rc);
    }
    weft_sender_close(&senders[THREAD]);
    return nothing;
}

/* Asks for more than there will be. */
static void *hasty(void *nothing)
{
    weft_permits permits;
    gave_up(weft_channel_reserve_many_blocking(&senders[THREAD], 2, &permits, model_clock() + 2000));
    weft_sender_close(&senders[THREAD]);
    return nothing;
}

static void note(int *message)
{
    const int number = *message;
    free(message);
    assert(number >= last[number / EACH]);
    last[number / EACH] = number + 1;
    came[number]++;
}

struct taker {
    weft_frame weft;
    int *message;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &receiver, &self->message));
        if (self->weft.rc < 0) {
            break;
        }
        note(self->message);
        model_reach(5);
    }
    assert(self->weft.rc == WEFT_EPIPE || self->weft.rc == WEFT_ECANCELED);
    WEFT_END(0);
}

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

static void open_channel(weft_runtime *rt, bool held)
{
    struct weft__env *env = weft__env_of(rt);
    env->channels = weft__channels_create(env->number, NULL);
    assert(env->channels && weft_notify_create(rt, NULL, &never) == 0);
    const weft_channel_options options = {.size = sizeof options, .capacity = held ? 2 : 2 + model_choose(2)};
    assert(weft_channel_create(rt, &options, sizeof(int *), &senders[0], &receiver) == 0);
    assert(weft_sender_clone(&senders[0], &senders[1]) == 0);
    by_weak = !held && model_choose(2);
    assert((by_weak ? weft_sender_downgrade(&senders[0], &weak) : weft_sender_clone(&senders[0], &senders[THREAD])) == 0);
    begin_near_the_wrap(receiver.weft__channel);
}

/* What the task did not take, up to the end. */
static void drain(void)
{
    int *message;
    int rc;
    while ((rc = weft_channel_recv_blocking(&receiver, &message, WEFT_FOREVER)) == 0) {
        note(message);
    }
    assert(rc == WEFT_EPIPE);
    model_reach(8);
    weft_channel_stats stats = {.size = sizeof stats};
    assert(weft_receiver_stats(&receiver, &stats) == 0);
    assert(stats.reserved == 0 && stats.senders_waiting == 0 && stats.depth == 0 && stats.senders == 0);
    weft_receiver_close(&receiver);
}

static void wait_for_waiters(uint32_t count)
{
    weft_channel_stats stats = {.size = sizeof stats};
    do {
        model_relax();
        assert(weft_receiver_stats(&receiver, &stats) == 0);
    } while (stats.waits < count);
}

/* The first turns away, and nobody else makes room: who stands behind it goes on all the same. */
static void play_held(void)
{
    pthread_t thread;
    weft_permit held;
    int *message;
    assert(weft_channel_try_reserve(&senders[1], &held) == 0);
    weft_task first = {0};
    const bool by_task = model_choose(2);
    if (by_task) {
        first = weft_spawn(tasks_scope(), actor, .me = 0, .count = 2, .way = RESERVE);
        weft_sender_close(&senders[THREAD]);
    } else {
        weft_sender_close(&senders[0]);
        pthread_create(&thread, NULL, hasty, NULL);
    }
    wait_for_waiters(1);
    weft_spawn(tasks_scope(), actor, .me = 1, .way = SEND);
    if (by_task) {
        weft_task_cancel(first);
    }
    assert(weft_channel_recv_blocking(&receiver, &message, WEFT_FOREVER) == 0);
    note(message);
    model_reach(9);
    weft_permit_release(&held);
    drain();
    tasks_join();
    if (!by_task) {
        pthread_join(thread, NULL);
    }
}

static void play_free(void)
{
    weft_task tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = weft_spawn(tasks_scope(), actor, .me = i, .count = 1 + model_choose(EACH), .way = model_choose(WAYS));
    }
    pthread_t thread;
    pthread_create(&thread, NULL, guest, NULL);
    const bool by_task = model_choose(2);
    weft_task first = {0};
    if (by_task) {
        first = weft_spawn(tasks_scope(), taker);
    }
    if (model_choose(2)) {
        weft_task_cancel(tasks[model_choose(2)]);
    }
    if (by_task) {
        weft_task_cancel(first);
        tasks_join_one(first);
    }
    drain();
    tasks_join();
    pthread_join(thread, NULL);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    const bool held = model_choose(4) == 0;
    open_channel(rt, held);
    if (held) {
        play_held();
    } else {
        play_free();
    }
    for (int i = 0; i < MESSAGES; i++) {
        assert(came[i] == sent[i]);
    }
    weft_notify_destroy(&never);
    weft__channels_close(weft__env_of(rt)->channels, 0);
    tasks_end();
    return 0;
}
