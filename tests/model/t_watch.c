/* SPDX-License-Identifier: MIT */
/* Harness: watch. Two senders, host threads, each count the value up, once or twice, and close; a task looks at each
 * change, or waits for a value, until the end, or is cancelled; a host thread looks with a deadline; a task may wait until
 * nobody receives.
 *
 * Law: a value comes whole, and never an older one after a newer one; no change is lost: who waits sees the last value
 * before it sees the end; the sender that waits for the end of the receivers is told (else DEADLOCK). */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/watch.h>

#include "base/atomic.h"

enum { SENDERS = 2 };

struct value {
    int number;
    int again; /* the same, so that a torn copy shows */
};

static weft_watch_sender senders[SENDERS], waiting_sender;
static weft_watch_receiver receivers[2];
static int sends[SENDERS];
static int past[SENDERS][2]; /* plain: written before each change */
static _Atomic int wanted; /* of the last: how many changes there will be */
static bool waits_for_value;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"changed", "end seen", "cancelled", "timed out", "nobody receives",
                                        "refused: nobody receives", "the value that was waited for"};
    return goal < 7 ? names[goal] : NULL;
}

static int count_up(void *value, void *context)
{
    struct value *v = value;
    (void)context;
    assert(v->number == v->again);
    v->number++;
    v->again++;
    return 0;
}

static void *sender_main(void *number)
{
    const int me = (int)(intptr_t)number;
    for (int i = 0; i < sends[me]; i++) {
        past[me][i] = 1;
        assert(weft_watch_modify(&senders[me], count_up, NULL) == 0);
    }
    weft_watch_sender_close(&senders[me]);
    return NULL;
}

/* Look; the number that it was. */
static int look(weft_watch_receiver *receiver, int before)
{
    struct value v;
    assert(weft_watch_read(receiver, &v) == 0);
    assert(v.number == v.again && v.number >= before);
    model_reach(0);
    return v.number;
}

static void ended(weft_watch_receiver *receiver, int seen)
{
    struct value v;
    assert(seen == sends[0] + sends[1]);
    assert(weft_watch_peek(receiver, &v) == 0 && v.number == seen); /* it stays */
    model_reach(1);
}

static bool fits(const void *value, void *context)
{
    const struct value *v = value;
    (void)context;
    assert(v->number == v->again);
    return v->number == weft__load_relaxed(&wanted);
}

struct looker {
    weft_frame weft;
    int seen;
    struct value value;
};

static weft_poll looker(weft_context *cx, struct looker *self)
{
    WEFT_BEGIN(cx, self);
    if (waits_for_value) {
        WEFT_AWAIT(self->weft.rc, weft_watch_wait_for(cx, &receivers[0], fits, NULL, &self->value));
        assert(self->weft.rc != WEFT_EPIPE); /* the last value fits, also after the end */
        if (self->weft.rc == 0) {
            assert(self->value.number == sends[0] + sends[1]);
            model_reach(6);
        }
    } else {
        do {
            WEFT_AWAIT(self->weft.rc, weft_watch_changed(cx, &receivers[0]));
            if (self->weft.rc == 0) {
                assert(sends[1] > 0 || past[0][0]); /* it needs no look at the value */
                self->seen = look(&receivers[0], self->seen + 1);
            }
        } while (self->weft.rc == 0);
        if (self->weft.rc == WEFT_EPIPE) {
            ended(&receivers[0], self->seen);
        }
    }
    assert(self->weft.rc == 0 || self->weft.rc == WEFT_EPIPE || self->weft.rc == WEFT_ECANCELED);
    if (self->weft.rc == WEFT_ECANCELED) {
        model_reach(2);
    }
    weft_watch_receiver_close(&receivers[0]);
    WEFT_END(0);
}

static void *guest(void *nothing)
{
    const int64_t deadline = wanted && model_choose(2) ? WEFT_FOREVER : model_clock() + 3000;
    int seen = 0, rc;
    while ((rc = weft_watch_changed_blocking(&receivers[1], deadline)) == 0) {
        seen = look(&receivers[1], seen);
    }
    if (rc == WEFT_EPIPE) {
        ended(&receivers[1], seen);
    } else {
        assert(rc == WEFT_ETIMEDOUT);
        model_reach(3);
    }
    weft_watch_receiver_close(&receivers[1]);
    return nothing;
}

struct closer {
    weft_frame weft;
};

static weft_poll closer(weft_context *cx, struct closer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_watch_closed(cx, &waiting_sender));
    assert(self->weft.rc == 0);
    assert(weft_watch_send(&waiting_sender, &(struct value){99, 99}) == WEFT_EPIPE);
    model_reach(4);
    weft_watch_sender_close(&waiting_sender);
    WEFT_END(0);
}

/* Values on their way. */
static void play_values(void)
{
    pthread_t threads[SENDERS + 1];
    assert(weft_watch_sender_clone(&senders[0], &senders[1]) == 0);
    for (int i = 0; i < SENDERS; i++) {
        sends[i] = 1 + (int)model_choose(2);
    }
    if (model_choose(4) == 0) {
        sends[1] = 0;
    }
    wanted = sends[0] + sends[1];
    waits_for_value = model_choose(4) == 0;
    const weft_task task = weft_spawn(tasks_scope(), looker);
    pthread_create(&threads[SENDERS], NULL, guest, NULL);
    for (intptr_t i = 0; i < SENDERS; i++) {
        pthread_create(&threads[i], NULL, sender_main, (void *)i);
    }
    if (model_choose(4) == 0) {
        weft_task_cancel(task);
    }
    tasks_join();
    for (int i = 0; i < SENDERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* The end of the receivers, with one that comes late. */
static void play_closed(void)
{
    pthread_t thread;
    waiting_sender = senders[0];
    const weft_task task = weft_spawn(tasks_scope(), closer);
    (void)task;
    pthread_create(&thread, NULL, guest, NULL);
    weft_watch_receiver late;
    assert(weft_watch_receiver_clone(&receivers[0], &late) == 0);
    weft_watch_receiver_close(&receivers[0]);
    weft_watch_receiver_close(&late);
    tasks_join();
    pthread_join(thread, NULL);
    model_reach(5);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    const struct value first = {0, 0};
    assert(weft_watch_create(rt, NULL, sizeof first, &first, &senders[0], &receivers[0]) == 0);
    assert(weft_watch_receiver_clone(&receivers[0], &receivers[1]) == 0);
    if (model_choose(4)) {
        play_values();
    } else {
        play_closed();
    }
    tasks_end();
    return 0;
}
