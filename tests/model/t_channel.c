/* SPDX-License-Identifier: MIT */
/* Harness: channel, used from host threads (no worker): two senders, main receives; capacity 1 or 2, positions of 8
 * bits. Each sender sends up to two messages in one of four ways (waiting for ever, waiting until a deadline, trying,
 * by a permit that may outlive the sender); the receiver takes until the end, or stops, or closes early. In a quarter
 * of the executions a full channel drops its oldest message instead.
 *
 * Law: a send that succeeded was received once or dropped once; one that failed was neither; a sender's messages come
 * in its order and whole; after the end nothing comes, not even to be dropped; after the last close nothing is left;
 * nobody sleeps for ever.
 *
 * Shows: known bug 65, known bug 66, known bug 68, known bug 69, known bug 80.
 * ctest-cost: 40 */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/permit.h>

#include "channel/channel.h"
#include "registry/runtimes.h"
#include "task/env.h"

enum { SENDERS = 2, EACH = 2, MESSAGES = SENDERS * EACH };

static struct weft__env env;
static weft_sender senders[SENDERS];
static weft_receiver receiver;
static bool sent[MESSAGES];
static _Atomic int came[MESSAGES]; /* received or dropped */
static _Atomic bool ended;
static bool drops_oldest;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"received",          "dropped by the close",
                                        "timed out",         "refused: full",
                                        "refused: closed",   "end seen",
                                        "sent by a permit",  "sent after the last sender closed",
                                        "the oldest dropped"};
    return goal < 9 ? names[goal] : NULL;
}

static void drop(void *message, void *context)
{
    (void)context;
    int number = **(int **)message;
    assert(drops_oldest || !weft__load_relaxed(&ended)); /* a sender that drops the oldest may be at it still */
    weft__fetch_add_relaxed(&came[number], 1);
    free(*(int **)message);
    model_reach(1);
}

static int send_by_permit(weft_sender *sender, int **message, bool last)
{
    weft_permit permit;
    int error = weft_channel_try_reserve(sender, &permit);
    if (error < 0) {
        return error;
    }
    if (last) {
        weft_sender_close(sender);
        model_reach(7);
    }
    if (model_choose(4) == 0) {
        weft_permit_release(&permit);
        return WEFT_EAGAIN;
    }
    model_reach(6);
    return weft_permit_send(&permit, message);
}

static int send_one(weft_sender *sender, int **message, bool last)
{
    switch (model_choose(4)) {
    case 0:
        return weft_channel_send_blocking(sender, message, WEFT_FOREVER);
    case 1:
        return weft_channel_send_blocking(sender, message, model_clock() + 2000);
    case 2:
        return send_by_permit(sender, message, last);
    default:
        return weft_channel_try_send(sender, message);
    }
}

static void *sender_main(void *argument)
{
    int me = (int)(intptr_t)argument;
    for (int i = 0; i < EACH; i++) {
        int *message = malloc(sizeof *message); /* the payload is plain: it needs the channel's edge */
        *message = me * EACH + i;
        int error = send_one(&senders[me], &message, i == EACH - 1);
        if (error >= 0) { /* 1: something was dropped for it */
            if (error == 1) {
                model_reach(8);
            }
            sent[me * EACH + i] = true;
            continue;
        }
        free(message); /* a refused message is still the sender's */
        model_reach(error == WEFT_ETIMEDOUT ? 2 : error == WEFT_EAGAIN ? 3 : 4);
        assert(error == WEFT_ETIMEDOUT || error == WEFT_EAGAIN || error == WEFT_EPIPE);
    }
    weft_sender_close(&senders[me]);
    return NULL;
}

static int receive(int *last, int64_t deadline_ns)
{
    int *message;
    int error = weft_channel_recv_blocking(&receiver, &message, deadline_ns);
    if (error == 0) {
        int number = *message;
        free(message);
        assert(number > last[number / EACH]);
        last[number / EACH] = number;
        weft__fetch_add_relaxed(&came[number], 1);
        model_reach(0);
    }
    return error;
}

/* As if so many messages had passed already: positions wrap during the execution. */
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

static void open_channel(void)
{
    drops_oldest = model_choose(4) == 0;
    env.number = weft__runtimes_add(&env);
    env.channels = weft__channels_create(env.number, NULL);
    assert(env.channels);
    weft__runtimes_publish(env.number);
    const weft_channel_options options = {.size = sizeof options,
                                          .capacity = 1 + model_choose(2),
                                          .drop = drop,
                                          .overflow = drops_oldest ? WEFT_DROP_OLDEST : WEFT_WAIT};
    assert(weft_channel_create((weft_runtime *)(void *)&env, &options, sizeof(int *), &senders[0], &receiver) == 0);
    assert(weft_sender_clone(&senders[0], &senders[1]) == 0);
    begin_near_the_wrap(senders[0].weft__channel);
}

int main(void)
{
    pthread_t threads[SENDERS];
    int last[SENDERS] = {-1, -1};
    open_channel();
    for (intptr_t i = 0; i < SENDERS; i++) {
        pthread_create(&threads[i], NULL, sender_main, (void *)i);
    }
    unsigned patience = model_choose(4); /* 3: to the end */
    int error = 0;
    for (unsigned i = 0; (i < patience || patience == 3) && error != WEFT_EPIPE; i++) {
        error = receive(last, model_choose(4) ? WEFT_FOREVER : model_clock() + 2000);
    }
    if (error != WEFT_EPIPE && model_choose(2)) {
        weft_receiver_stop(&receiver);
        while ((error = receive(last, WEFT_FOREVER)) == 0) {
        }
    }
    if (error == WEFT_EPIPE) {
        weft__store_relaxed(&ended, true);
        model_reach(5);
        assert(receive(last, WEFT_FOREVER) == WEFT_EPIPE);
    }
    weft_receiver_close(&receiver);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < MESSAGES; i++) {
        assert(came[i] == sent[i]);
    }
    weft__runtimes_remove(env.number);
    weft__channels_close(env.channels, 0);
    return 0;
}
