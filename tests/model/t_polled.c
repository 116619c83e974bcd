/* SPDX-License-Identifier: MIT */
/* Harness: channel, a receiver that its host polls. Two senders send one message each, or drop their handle without; the host
 * sleeps until the bell was rung, asks until there is nothing, and sleeps again; once in between it may wait in the usual
 * way.
 *
 * Law: every message that was sent is received, in the order of its sender, and after the last close comes the end; a ring
 * that is lost is a host that sleeps for ever (DEADLOCK). */
#include "bell.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/channel.h>

#include "channel/channel.h"
#include "registry/runtimes.h"
#include "task/env.h"

enum { SENDERS = 2 };

static struct weft__env env;
static weft_sender senders[SENDERS];
static weft_receiver receiver;
static bool sent[SENDERS];
static int received[SENDERS];

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"found after a ring", "found while listening", "waited as usual", "end seen"};
    return goal < 4 ? names[goal] : NULL;
}

static void *sender_thread(void *argument)
{
    const int me = (int)(intptr_t)argument;
    if (model_choose(4) > 0) {
        sent[me] = weft_channel_try_send(&senders[me], &me) == 0;
        assert(sent[me]);
    }
    weft_sender_close(&senders[me]);
    return NULL;
}

static void open_channel(void)
{
    env.number = weft__runtimes_add(&env);
    env.channels = weft__channels_create(env.number, NULL);
    assert(env.channels);
    weft__runtimes_publish(env.number);
    const weft_channel_options options = {.size = sizeof options, .capacity = SENDERS};
    assert(weft_channel_create((weft_runtime *)(void *)&env, &options, sizeof(int), &senders[0], &receiver) == 0);
    assert(weft_sender_clone(&senders[0], &senders[1]) == 0);
    assert(weft_receiver_descriptor(&receiver) >= 0);
}

int main(void)
{
    pthread_t threads[SENDERS];
    open_channel();
    for (intptr_t i = 0; i < SENDERS; i++) {
        pthread_create(&threads[i], NULL, sender_thread, (void *)i);
    }
    int number, rc = 0;
    bool rung = false;
    while (rc != WEFT_EPIPE) {
        model_bell_poll(weft__load_relaxed(&receiver.weft__channel->bell));
        for (unsigned found = 0; (rc = weft_channel_try_recv(&receiver, &number)) == 0; found++) {
            received[number]++;
            model_reach(found > 0 ? 1 : 0);
        }
        if (rc == WEFT_EAGAIN && !rung && model_choose(4) == 0) {
            rc = weft_channel_recv_blocking(&receiver, &number, WEFT_FOREVER);
            if (rc == 0) {
                received[number]++;
                model_reach(2);
            }
            rung = true;
            if (rc == 0) { /* the next answer that there is nothing listens again */
                rc = weft_channel_try_recv(&receiver, &number);
                if (rc == 0)
                    received[number]++;
                weft__bell_ring(weft__load_relaxed(&receiver.weft__channel->bell));
            }
        }
    }
    model_reach(3);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert(received[i] == sent[i]);
    }
    weft_receiver_close(&receiver);
    weft__runtimes_remove(env.number);
    weft__channels_close(env.channels, 0);
    return 0;
}
