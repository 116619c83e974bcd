/* SPDX-License-Identifier: MIT */
/* Twin: a message carries a trail, a thing of reference counts: one place for a message and the trail of its sender, shown by one
 * word. The receiver takes both, or closes; then what it finds is dropped, and a sender that comes too late keeps its message.
 * Beside it a value under a lock, which is copied with its trail.
 *
 * Law: what comes with a message is what its sender had; each trail is freed once, after all who had it.
 *
 * BUG_SHOWN_FIRST: DATA RACE
 * BUG_PUBLISH_RELAXED: DATA RACE
 * BUG_UNREF_NO_ACQUIRE: DATA RACE
 * BUG_UNREF_NO_RELEASE: DATA RACE
 * BUG_DROP_FORGETS: LEAK
 * BUG_LATE_FORGETS: LEAK
 * BUG_LATE_TAKES: USE AFTER FREE
 * BUG_TWO_LOCKS: ASSERT
 */
#include "../model.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NOTHING, SHOWN, CLOSED };

#if defined BUG_UNREF_NO_ACQUIRE
#define UNREF memory_order_release
#elif defined BUG_UNREF_NO_RELEASE
#define UNREF memory_order_acquire
#else
#define UNREF memory_order_acq_rel
#endif
#ifdef BUG_PUBLISH_RELAXED
#define PUBLISH memory_order_acquire
#else
#define PUBLISH memory_order_acq_rel
#endif

struct trail {
    _Atomic unsigned refs;
    int number;
};

static struct {
    _Atomic unsigned word;
    int message;
    struct trail *trail;
} place;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int number;
    struct trail *trail;
} value;

static struct trail *trail_new(int number)
{
    struct trail *trail = malloc(sizeof *trail);
    atomic_init(&trail->refs, 1);
    trail->number = number;
    return trail;
}

static struct trail *trail_ref(struct trail *trail)
{
    atomic_fetch_add_explicit(&trail->refs, 1, memory_order_relaxed);
    return trail;
}

static void trail_unref(struct trail *trail)
{
    if (atomic_fetch_sub_explicit(&trail->refs, 1, UNREF) == 1) {
        trail->number = 0; /* what another still looks at */
        free(trail);
    }
}

static void send(struct trail *mine)
{
#ifndef BUG_SHOWN_FIRST
    place.trail = trail_ref(mine);
#endif
    place.message = mine->number;
    if (atomic_exchange_explicit(&place.word, SHOWN, PUBLISH) == CLOSED) {
#ifndef BUG_LATE_FORGETS
        trail_unref(place.trail);
#endif
#ifdef BUG_LATE_TAKES
        trail_unref(place.trail);
#endif
        model_reach(1);
    }
#ifdef BUG_SHOWN_FIRST
    place.trail = trail_ref(mine);
#endif
}

static void set(struct trail *mine)
{
    pthread_mutex_lock(&lock);
    struct trail *before = value.trail;
    value.number = mine->number;
    value.trail = trail_ref(mine);
    pthread_mutex_unlock(&lock);
    trail_unref(before);
}

static void look(void)
{
    pthread_mutex_lock(&lock);
    const int number = value.number;
#ifdef BUG_TWO_LOCKS
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
#endif
    struct trail *trail = trail_ref(value.trail);
    pthread_mutex_unlock(&lock);
    assert(trail->number == number);
    trail_unref(trail);
}

static void *sender(void *nothing)
{
    struct trail *mine = trail_new(7);
    send(mine);
    set(mine);
    assert(mine->number == 7); /* whatever the receiver has done with it */
    trail_unref(mine);
    return nothing;
}

static void receive(void)
{
    const unsigned before = atomic_load_explicit(&place.word, memory_order_acquire);
    if (before == SHOWN) {
        assert(place.trail->number == place.message);
        trail_unref(place.trail);
        model_reach(0);
    } else if (atomic_exchange_explicit(&place.word, CLOSED, memory_order_acq_rel) == SHOWN) {
#ifndef BUG_DROP_FORGETS
        trail_unref(place.trail);
#endif
        model_reach(2);
    }
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"received", "came too late", "dropped"};
    return goal < 3 ? names[goal] : NULL;
}

int main(void)
{
    pthread_t thread;
    value.number = 1;
    value.trail = trail_new(1);
    pthread_create(&thread, NULL, sender, NULL);
    receive();
    look();
    pthread_join(thread, NULL);
    trail_unref(value.trail);
    return 0;
}
