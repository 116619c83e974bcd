/* SPDX-License-Identifier: MIT */
/* Harness: trails that go with messages. Two senders, host threads, each under a mark of its own, send two messages: through a
 * channel that waits or drops its oldest, of messages with room for a trail or without, made before the tracer or after it; through a
 * broadcast, with a copy function or without; as a watch's value; or one of them through a oneshot. Main receives, or a task with a
 * trail of its own, to the end or not; of a broadcast both do. Main may take several at once, or enter another mark over its own.
 * Meanwhile the tracer is taken away, its context freed, another comes in its place, and a third. In some executions the senders
 * begin before the first.
 *
 * Law: who received a message works on behalf of whom its sender worked for when it sent it, and sees what that did with its
 * mark; a message without one, and several at once, lead back to the receiver's own; no function of a tracer that was taken away
 * runs; each mark is freed once, after all who had it (else a race, LEAK or DOUBLE FREE), whichever way its messages go. */
#include "model.h"
#include "tasks.h"
#include "thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <weft/broadcast.h>
#include <weft/channel.h>
#include <weft/oneshot.h>
#include <weft/trail.h>
#include <weft/watch.h>

#include "channel/channel.h"
#include "task/env.h"

enum { SENDERS = 2, EACH = 2, ENTERED = 50, OWN = 100, UNKNOWN = -1 };
enum way { CHANNEL, BROADCAST, WATCH, ONESHOT, WAYS };

struct mark {
    weft_trail trail;
    int number; /* plain: whoever reads it needs the message's edge, whoever frees it those of all others */
};

/* A message. */
struct letter {
    int number;
    int mark; /* whom its sender works for; UNKNOWN: perhaps the message is older than the tracer */
};

struct life {
    int number; /* plain: a call after the end is a race, or a use after free */
};

static enum way way;
static bool early;        /* the senders, where they send, and who receives are older than the tracer */
static bool by_task, one; /* main receives one message, or several at once */
static bool entered, roomy, drops_oldest, copies;
static weft_sender senders[SENDERS];
static weft_receiver receiver;
static weft_broadcast_sender announcers[SENDERS];
static weft_broadcast_receiver listeners[2];
static weft_watch_sender setters[SENDERS];
static weft_watch_receiver looker;
static weft_oneshot_sender answerer;
static weft_oneshot_receiver asker;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"received with a trail", "received without one",  "several at once",
                                        "stayed under another",  "no room for a trail",   "dropped with the channel",
                                        "dropped for another",   "a tracer was told",     "before the tracer",
                                        "a task's end was told", "refused with a trail",  "whose the answer is was told",
                                        "an answer was dropped"};
    return goal < 13 ? names[goal] : NULL;
}

/* --- marks and tracers -------------------------------------------------------------------------------------------- */

static void mark_free(weft_trail *trail)
{
    struct mark *mark = (struct mark *)(void *)trail;
    assert(mark->number > 0);
    mark->number = 0;
    free(mark);
}

static weft_trail *mark_new(int number)
{
    struct mark *mark = malloc(sizeof *mark);
    weft_trail_init(&mark->trail, mark_free);
    mark->number = number;
    return &mark->trail;
}

static int mark_number(const weft_trail *trail)
{
    return trail ? ((const struct mark *)(const void *)trail)->number : 0;
}

static void check_life(const void *context)
{
    const struct life *life = context;
    assert(life->number > 0);
    assert(weft_tracer_set(NULL) == WEFT_EDEADLK);
}

static weft_trail *on_begin(void *context, weft_trail *current, const weft_trail_birth *birth)
{
    check_life(context);
    assert(birth->task != 0 && !current);
    return mark_new(OWN);
}

static void on_end(void *context, weft_trail *own, weft_trail *current, const weft_trail_end *end)
{
    check_life(context);
    assert(mark_number(own) == OWN && mark_number(current) > 0 && end->task != 0);
    model_reach(9);
}

static void on_received(void *context, weft_trail *current, weft_trail *message)
{
    check_life(context);
    assert(mark_number(message) > 0 && mark_number(message) < ENTERED && current != message);
    model_reach(way == ONESHOT ? 11 : 7);
}

static struct life *tracer_begins(int number)
{
    struct life *life = malloc(sizeof *life);
    life->number = number;
    assert(weft_tracer_set(WEFT_TRACER(.context = life, .task_begins = on_begin, .task_ends = on_end,
                                       .received = on_received)) == 0);
    return life;
}

static void tracer_ends(struct life *life)
{
    assert(weft_tracer_set(NULL) == 0);
    life->number = 0;
    free(life);
}

static void *exchange_tracers(void *first)
{
    struct life *life = first ? first : tracer_begins(1);
    const int lives = 1 + (int)model_choose(2); /* the third is written where the first was */
    for (int i = 0; i < lives; i++) {
        tracer_ends(life);
        life = tracer_begins(2 + i);
    }
    return life;
}

/* --- who sends ---------------------------------------------------------------------------------------------------- */

static int send_one(int me, struct letter letter)
{
    const struct letter message[2] = {letter, letter};
    switch (way) {
    case CHANNEL:
        return weft_channel_send_blocking(&senders[me], message, WEFT_FOREVER);
    case BROADCAST:
        return weft_broadcast_send(&announcers[me], message);
    case WATCH:
        return weft_watch_send(&setters[me], message);
    default:
        return weft_oneshot_send(&answerer, message);
    }
}

static void close_sender(int me)
{
    if (way == CHANNEL) {
        weft_sender_close(&senders[me]);
    } else if (way == BROADCAST) {
        weft_broadcast_sender_close(&announcers[me]);
    } else if (way == WATCH) {
        weft_watch_sender_close(&setters[me]);
    }
}

static void *sender_main(void *argument)
{
    const int me = (int)(intptr_t)argument;
    weft_trail *mark = mark_new(me + 1);
    const int set = weft_trail_set(mark);
    weft_trail_unref(mark);
    assert(set == 0 || (early && set == WEFT_ENOTCONN));
    if (set < 0) {
        model_reach(8);
    }
    for (int i = 0; i < (way == ONESHOT ? 1 : EACH); i++) {
        if (i > 0 && set == 0 && model_choose(2)) {
            assert(weft_trail_set(NULL) == 0);
        }
        const struct letter letter = {me * EACH + i + 1, set == 0 ? mark_number(weft_trail_current()) : UNKNOWN};
        const int rc = send_one(me, letter);
        assert(rc >= 0 || rc == WEFT_EPIPE);
        if (rc < 0 && letter.mark > 0) {
            model_reach(10);
        }
    }
    close_sender(me);
    thread_ends();
    return NULL;
}

/* --- who receives ------------------------------------------------------------------------------------------------- */

static void on_drop(void *message, void *context)
{
    (void)context;
    assert(((const struct letter *)message)->number > 0);
    model_reach(way == ONESHOT ? 12 : model_thread() == 0 ? 5 : 6);
}

static int on_copy(void *to, const void *from, void *context)
{
    (void)context;
    memcpy(to, from, sizeof(struct letter));
    return 0;
}

/* Whoever is here has received `letter` alone; before that it worked for `before`, and at first for `own`. */
static void check_received(struct letter letter, int before, int own)
{
    const int now = mark_number(weft_trail_current());
    assert(letter.number > 0);
    if (own == ENTERED || (way == CHANNEL && early && !roomy) || (own != 0 && early)) {
        assert(now == before && now == own); /* what was entered stays, and so does all where there is no room */
        model_reach(own == ENTERED ? 3 : 4);
    } else if (letter.mark == UNKNOWN) {
        assert(now == before || now == own);
    } else {
        assert(now == (letter.mark > 0 ? letter.mark : own));
        model_reach(letter.mark > 0 ? 0 : 1);
    }
}

/* One message, or two. How many came; the rest as in a receive. */
static int receive(struct letter *out)
{
    struct letter messages[2 * 2];
    int rc;
    switch (way) {
    case CHANNEL:
        if (!one) {
            rc = weft_channel_recv_many_blocking(&receiver, messages, 2, WEFT_FOREVER);
            break;
        }
        rc = weft_channel_recv_blocking(&receiver, messages, WEFT_FOREVER);
        break;
    case BROADCAST:
        rc = weft_broadcast_recv_blocking(&listeners[0], messages, NULL, WEFT_FOREVER);
        break;
    default:
        rc = weft_watch_changed_blocking(&looker, WEFT_FOREVER);
        if (rc == 0) {
            rc = weft_watch_read(&looker, messages);
        }
        break;
    }
    *out = messages[0];
    return rc == 0 ? 1 : rc;
}

static void receive_all(unsigned patience)
{
    struct letter letter;
    int rc = 1;
    for (unsigned i = 0; i < patience && rc != WEFT_EPIPE; i++) {
        const int before = mark_number(weft_trail_current());
        rc = receive(&letter);
        assert(rc > 0 || rc == WEFT_EPIPE || (rc == WEFT_ELAGGED && way == BROADCAST));
        if (rc == 1) {
            check_received(letter, before, entered ? ENTERED : 0);
        } else if (rc == 2) {
            assert(early || mark_number(weft_trail_current()) == (entered ? ENTERED : 0));
            model_reach(2);
        }
    }
}

struct taker {
    weft_frame weft;
    struct letter messages[2];
    unsigned patience;
    int before;
};

static int take(weft_context *cx, struct taker *self)
{
    switch (way) {
    case CHANNEL:
        return weft_channel_recv(cx, &receiver, self->messages);
    case BROADCAST:
        return weft_broadcast_recv(cx, &listeners[1], self->messages, NULL);
    default:
        return weft_watch_changed(cx, &looker);
    }
}

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    assert(mark_number(weft_trail_current()) == (early ? 0 : OWN));
    while (self->patience-- > 0) {
        self->before = mark_number(weft_trail_current());
        WEFT_AWAIT(self->weft.rc, take(cx, self));
        if (self->weft.rc == WEFT_EPIPE || self->weft.rc == WEFT_ECANCELED) {
            break;
        }
        if (self->weft.rc == 0 && way == WATCH) {
            self->weft.rc = weft_watch_read(&looker, self->messages);
        }
        assert(self->weft.rc == 0 || self->weft.rc == WEFT_ELAGGED);
        if (self->weft.rc == 0 && !early) {
            check_received(self->messages[0], self->before, OWN);
        }
    }
    WEFT_END(0);
}

static void close_receiver(void)
{
    if (way == CHANNEL) {
        weft_receiver_close(&receiver);
    } else if (way == BROADCAST) {
        weft_broadcast_receiver_close(&listeners[0]);
        weft_broadcast_receiver_close(&listeners[1]);
    } else if (way == WATCH) {
        weft_watch_receiver_close(&looker);
    } else {
        weft_oneshot_receiver_close(&asker);
    }
}

/* Whose the answer is is told; who asked goes on as it was. */
static void ask(void)
{
    struct letter letter;
    const int before = mark_number(weft_trail_current());
    if (model_choose(4)) {
        const int rc = weft_oneshot_recv_blocking(&asker, &letter, model_choose(2) ? WEFT_FOREVER : model_clock() + 2000);
        assert(rc == WEFT_ETIMEDOUT || (rc == 0 && letter.number > 0));
    }
    assert(mark_number(weft_trail_current()) == before);
}

/* --- the situation ------------------------------------------------------------------------------------------------ */

static void open_channel(weft_runtime *rt)
{
    roomy = model_choose(2);
    drops_oldest = model_choose(2);
    const weft_channel_options options = {.size = sizeof options,
                                          .capacity = 1 + model_choose(2),
                                          .drop = on_drop,
                                          .overflow = drops_oldest ? WEFT_DROP_OLDEST : WEFT_WAIT};
    assert(weft_channel_create(rt, &options, (roomy ? 2 : 1) * sizeof(struct letter), &senders[0], &receiver) == 0);
    assert(weft_sender_clone(&senders[0], &senders[1]) == 0);
}

static void open_way(weft_runtime *rt)
{
    static const struct letter first;
    copies = model_choose(2);
    const weft_broadcast_options broadcast = {.size = sizeof broadcast,
                                              .capacity = 1 + model_choose(2),
                                              .copy = copies ? on_copy : NULL,
                                              .drop = copies ? on_drop : NULL};
    switch (way) {
    case CHANNEL:
        open_channel(rt);
        break;
    case BROADCAST:
        assert(weft_broadcast_create(rt, &broadcast, sizeof first, &announcers[0], &listeners[0]) == 0);
        assert(weft_broadcast_sender_clone(&announcers[0], &announcers[1]) == 0);
        assert(weft_broadcast_resubscribe(&listeners[0], &listeners[1]) == 0);
        break;
    case WATCH:
        assert(weft_watch_create(rt, NULL, sizeof first, &first, &setters[0], &looker) == 0);
        assert(weft_watch_sender_clone(&setters[0], &setters[1]) == 0);
        break;
    default:
        assert(weft_oneshot_create(rt, &(weft_oneshot_options){.size = sizeof(weft_oneshot_options), .drop = on_drop},
                                   sizeof first, &answerer, &asker) == 0);
    }
}

/* Main works for something else meanwhile. */
static void enter_another(void)
{
    weft_trail *mark = mark_new(ENTERED);
    assert(weft_trail_enter(mark) == 0);
    weft_trail_unref(mark);
}

static void receive_as_main(void)
{
    entered = !early && model_choose(4) == 0;
    one = model_choose(2);
    if (entered) {
        enter_another();
    }
    if (way == ONESHOT) {
        ask();
    } else {
        receive_all(model_choose(2) ? 100 : 1 + model_choose(2));
    }
    close_receiver();
    if (entered) {
        assert(weft_trail_leave(NULL) == 0);
    }
}

/* A task may leave before the end, or be cancelled, while main receives as well, or waits for it. */
static void receive_with_a_task(weft_task task)
{
    if (way == BROADCAST) {
        receive_all(model_choose(2) ? 100 : 1);
    }
    if (model_choose(4) == 0) {
        weft_task_cancel(task);
    }
    tasks_join_one(task);
    close_receiver();
}

int main(void)
{
    pthread_t threads[SENDERS], changer;
    weft_runtime *rt = tasks_begin();
    weft__env_of(rt)->channels = weft__channels_create(weft__env_of(rt)->number, NULL);
    assert(weft__env_of(rt)->channels);
    way = model_choose(WAYS);
    early = model_choose(4) == 0;
    by_task = way != ONESHOT && model_choose(2);
    struct life *life = early ? NULL : tracer_begins(1);
    open_way(rt);
    weft_task task = {0};
    if (by_task) {
        task = weft_spawn(tasks_scope(), taker, .patience = model_choose(2) ? 100 : 1 + model_choose(2));
    }
    const int count = way == ONESHOT ? 1 : SENDERS;
    for (intptr_t i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, sender_main, (void *)i);
    }
    pthread_create(&changer, NULL, exchange_tracers, life);
    if (by_task) {
        receive_with_a_task(task);
    } else {
        receive_as_main();
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_join(changer, (void **)&life);
    tasks_join();
    thread_ends();
    tracer_ends(life);
    weft__channels_close(weft__env_of(rt)->channels, 0);
    tasks_end();
    return 0;
}
