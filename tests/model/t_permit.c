/* SPDX-License-Identifier: MIT */
/* Harness: channel, the end. Two permits are out; each is sent or given back on a thread of its own; a third thread
 * closes the only sender, and perhaps waits for a place before. Main receives until the end, perhaps after a stop.
 *
 * Law: as t_channel; here the question is only whether the last of these, whichever it is, lets the receiver go (else
 * DEADLOCK), and whether what a permit sent comes before the end.
 *
 * Shows: known bug 55, known bug 56, known bug 60.
 * ctest-cost: 30 */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/permit.h>

#include "channel/channel.h"
#include "registry/runtimes.h"
#include "task/env.h"

enum { PERMITS = 2, WAITER = PERMITS, MESSAGES };

static struct weft__env env;
static weft_sender sender;
static weft_receiver receiver;
static weft_permit permits[PERMITS];
static bool sent[MESSAGES];
static int received[MESSAGES];
static bool waits_first; /* the closer sends before it closes */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"sent by a permit", "given back", "sent after a wait", "refused", "end seen"};
    return goal < 5 ? names[goal] : NULL;
}

static void *permit_user(void *argument)
{
    int me = (int)(intptr_t)argument;
    if (model_choose(2)) {
        sent[me] = weft_permit_send(&permits[me], &me) == 0;
        assert(sent[me]); /* nobody closes the receiver before */
        model_reach(0);
    } else {
        weft_permit_release(&permits[me]);
        model_reach(1);
    }
    return NULL;
}

static void *closer(void *nothing)
{
    if (waits_first) {
        int number = WAITER;
        sent[WAITER] = weft_channel_send_blocking(&sender, &number, WEFT_FOREVER) == 0;
        model_reach(sent[WAITER] ? 2 : 3);
    }
    weft_sender_close(&sender);
    return nothing;
}

static void open_channel(void)
{
    env.number = weft__runtimes_add(&env);
    env.channels = weft__channels_create(env.number, NULL);
    assert(env.channels);
    weft__runtimes_publish(env.number);
    const weft_channel_options options = {.size = sizeof options, .capacity = PERMITS};
    assert(weft_channel_create((weft_runtime *)(void *)&env, &options, sizeof(int), &sender, &receiver) == 0);
    for (int i = 0; i < PERMITS; i++) {
        assert(weft_channel_try_reserve(&sender, &permits[i]) == 0);
    }
}

int main(void)
{
    pthread_t threads[PERMITS + 1];
    int number;
    open_channel();
    waits_first = model_choose(2);
    for (intptr_t i = 0; i < PERMITS; i++) {
        pthread_create(&threads[i], NULL, permit_user, (void *)i);
    }
    pthread_create(&threads[PERMITS], NULL, closer, NULL);
    if (model_choose(2)) {
        weft_receiver_stop(&receiver);
    }
    while (weft_channel_recv_blocking(&receiver, &number, WEFT_FOREVER) == 0) {
        received[number]++;
    }
    model_reach(4);
    for (int i = 0; i < PERMITS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < MESSAGES; i++) {
        assert(received[i] == sent[i]);
    }
    weft_receiver_close(&receiver);
    weft__runtimes_remove(env.number);
    weft__channels_close(env.channels, 0);
    return 0;
}
