/* SPDX-License-Identifier: MIT */
/* Harness: looking at channels while they are used and end. One thread samples health as the monitor thread does, or visits, twice; another
 * sends up to three messages and closes the only sender; main receives some of them and closes the receiver, now and then before
 * the sender has closed. Then the page that held it may be given back, and a second channel, other in everything, may come to
 * life in the first one's slot, and end; the runtime ends, and the sender may be the last that uses its channels.
 *
 * Law: what a look copies belongs to one channel; no length is above the capacity, no count below another that it must reach, and
 * none goes back; the ring is not read once it has gone; each change of health is told once, in order. When all is quiet the totals
 * are those of the traffic, and nothing is found any more once all handles are closed.
 *
 * Shows: scenario 31.
 * ctest-cost: 50 */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "channel/channel.h"
#include "monitor/rules.h"
#include "registry/runtimes.h"
#include "task/env.h"

enum { MESSAGES = 3, LIVES = 2 };

struct life {
    const char *name, *component;
    uint32_t capacity, message_size;
};

static const struct life lives[LIVES] = {{"first", "a", 2, sizeof(int)}, {"second", "b", 1, sizeof(int[4])}};

static struct weft__env env;
static weft_sender sender;
static weft_receiver receiver;
static int sent; /* the sender thread's; main reads it after the join */
static int received;

/* The watcher's alone. */
static struct {
    uint64_t received, dropped;
    weft_health health;
} seen[LIVES] = {{.health = WEFT_HEALTH_UNKNOWN}, {.health = WEFT_HEALTH_UNKNOWN}};

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"first seen",   "second seen", "seen full",        "seen closed",
                                        "degraded",     "well again",  "oldest had an age", "dropped at the close",
                                        "nothing found"};
    return goal < 9 ? names[goal] : NULL;
}

static int check(void *found, const weft_channel_stats *stats)
{
    const int which = strcmp(stats->name, lives[0].name) == 0 ? 0 : 1;
    const struct life *life = &lives[which];
    assert(strcmp(stats->name, life->name) == 0 && strcmp(stats->component, life->component) == 0);
    assert(stats->capacity == life->capacity && stats->message_size == life->message_size);
    assert(stats->depth <= stats->capacity && stats->depth <= stats->depth_max);
    assert(stats->sent >= stats->received + stats->dropped && stats->sent <= MESSAGES);
    assert(stats->received >= seen[which].received && stats->dropped >= seen[which].dropped);
    assert(stats->oldest_message_age_ns >= -1);
    seen[which].received = stats->received;
    seen[which].dropped = stats->dropped;
    ++*(int *)found;
    model_reach((unsigned)which);
    if (stats->depth == stats->capacity) {
        model_reach(2);
    }
    if (stats->closed) {
        model_reach(3);
    }
    if (stats->oldest_message_age_ns >= 0) {
        model_reach(6);
    }
    return 0;
}

static void changed(void *found, const weft_health_change *change)
{
    check(found, change->stats);
    weft_health *health = &seen[strcmp(change->stats->name, lives[0].name) == 0 ? 0 : 1].health;
    assert(change->before == *health || (change->before == WEFT_HEALTHY && *health == WEFT_HEALTH_UNKNOWN));
    assert(change->now != change->before && change->now == change->stats->health);
    model_reach(change->now == WEFT_HEALTHY ? 5 : 4);
    *health = change->now;
}

static void *watcher(void *nothing)
{
    for (int i = 0; i < 2; i++) {
        int found = 0;
        if (model_choose(2)) {
            weft__channels_evaluate(env.channels, weft__rules_health, changed, &found);
        } else {
            assert(weft_channel_visit((weft_runtime *)(void *)&env, false, check, &found) == 0);
            if (found == 0) {
                model_reach(8);
            }
        }
        model_relax();
    }
    return nothing;
}

static void *send_some(void *nothing)
{
    for (int i = (int)model_choose(MESSAGES + 1); i > 0; i--) {
        if (model_choose(2)) {
            sent += weft_channel_try_send(&sender, &i) == 0;
        } else {
            sent += weft_channel_send_blocking(&sender, &i, WEFT_FOREVER) == 0;
        }
    }
    weft_sender_close(&sender);
    return nothing;
}

static void open_channel(const struct life *life, weft_sender *out_sender, weft_receiver *out_receiver)
{
    const weft_channel_options options = {
        .size = sizeof options, .capacity = life->capacity, .name = life->name, .component = life->component};
    assert(weft_channel_create((weft_runtime *)(void *)&env, &options, life->message_size, out_sender, out_receiver) == 0);
}

static void live_again(void)
{
    weft_sender again;
    weft_receiver out;
    int message[4] = {0};
    open_channel(&lives[1], &again, &out);
    assert(weft_channel_try_send(&again, message) == 0);
    weft_sender_close(&again);
    weft_receiver_close(&out);
}

/* With all senders gone, and the messages that are left in it: the counts are exact. */
static void judge_totals(void)
{
    weft_channel_stats stats = {.size = sizeof stats};
    assert(weft_receiver_stats(&receiver, &stats) == 0);
    assert(stats.closed && stats.senders == 0);
    assert(stats.sent == (uint64_t)sent && stats.received == (uint64_t)received);
    assert(stats.depth == (uint32_t)(sent - received));
    if (stats.depth > 0) {
        model_reach(7);
    }
}

int main(void)
{
    pthread_t threads[2];
    int message;
    env.number = weft__runtimes_add(&env);
    env.channels = weft__channels_create(env.number, NULL);
    assert(env.channels);
    weft__runtimes_publish(env.number);
    open_channel(&lives[0], &sender, &receiver);
    pthread_create(&threads[0], NULL, watcher, NULL);
    pthread_create(&threads[1], NULL, send_some, NULL);
    for (int i = model_choose(2) ? (int)model_choose(MESSAGES + 1) : 0; i > 0; i--) {
        received += weft_channel_recv_blocking(&receiver, &message, WEFT_FOREVER) == 0;
    }
    const bool joined = model_choose(4) == 0; /* or the channel outlives the runtime, perhaps */
    if (joined) {
        weft_receiver_stop(&receiver); /* no sender waits for room any more */
        pthread_join(threads[1], NULL);
        judge_totals();
    }
    weft_receiver_close(&receiver);
    for (unsigned i = model_choose(3); i > 0; i--) {
        weft__channels_trim(env.channels);
    }
    if (model_choose(2)) {
        live_again();
    }
    pthread_join(threads[0], NULL);
    if (joined) {
        int found = 0;
        assert(weft_channel_visit((weft_runtime *)(void *)&env, true, check, &found) == 0 && found == 0);
    }
    weft__runtimes_remove(env.number);
    weft__channels_close(env.channels, 0);
    if (!joined) {
        pthread_join(threads[1], NULL);
    }
    return 0;
}
