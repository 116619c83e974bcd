/* SPDX-License-Identifier: MIT */
/*
 * The broadcast: numbers from `first` to the meeting's count are kept, each in a node of its own, to which the ring
 * points. Everything is under the lock but the functions of the user: a node that is being copied or dropped is held
 * by a count, not by the lock.
 *
 * States of a node:
 *
 *     from       move                                             to
 *     free       send                                             kept, needed by every receiver
 *     kept       a receiver reads or leaves: needed - 1; 0        out of the ring: dropped
 *     kept       a send needs its place: the slow ones lag        out of the ring: dropped, unless somebody copies it
 *     kept       a receiver copies it without the lock: copying + 1, then - 1
 *     out, and copying becomes 0                                  dropped
 *     dropped    its drop has returned                            free
 *
 * `first` passes over places that are empty, so that the backlog is what the slowest receiver has to read. A receiver
 * whose next number is below `first` has lost the difference: an empty place there is one that it has read.
 */
#include <string.h>
#include <weft/broadcast.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/platform.h"
#include "sync/ends.h"
#include "task/future.h"
#include "task/trail.h"
#include "trace/emit.h"

struct broadcast_node {
    struct broadcast_node *next; /* free, or about to be dropped */
    uint32_t needed;
    uint32_t copying;
    bool out; /* of the ring */
    weft_trail *trail; /* of who sent it, or NULL: gone when it is dropped */
    _Alignas(16) unsigned char message[];
};

struct weft__broadcast {
    struct weft__meeting meeting;
    uint32_t mask;
    uint32_t message_size;
    uint64_t first;
    struct broadcast_node **ring;
    struct broadcast_node *free;
    int (*copy)(void *to, const void *from, void *context);
    void (*drop)(void *message, void *context);
    void *context;
};

static struct weft__broadcast *broadcast_of(struct weft__meeting *object)
{
    return weft__container_of(object, struct weft__broadcast, meeting);
}

static int create_check(const char *call, const weft_broadcast_options *o, size_t message_size, const void *out_sender)
{
    if (!o || o->size < sizeof *o || !out_sender)
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the sender, and options by WEFT_BROADCAST_OPTIONS()",
                            call);
    const char *name = o->name ? o->name : "broadcast";
    if (o->capacity == 0 || o->capacity > WEFT_BROADCAST_CAPACITY_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: capacity %zu of '%.100s': give 1 to %d", call, o->capacity, name,
                            WEFT_BROADCAST_CAPACITY_MAX);
    if (message_size == 0 || message_size > WEFT_BROADCAST_SIZE_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: messages of %zu bytes in '%.100s': give 1 to %d, or send a pointer", call,
                            message_size, name, WEFT_BROADCAST_SIZE_MAX);
    if (o->drop && !o->copy)
        return weft__refuse(WEFT_EINVAL, "%s: '%.100s' has a drop function and no copy function: what a receiver got "
                                         "would be dropped with the message",
                            call, name);
    return 0;
}

int weft_broadcast_create(weft_runtime *rt, const weft_broadcast_options *o, size_t message_size,
                          weft_broadcast_sender *out_sender, weft_broadcast_receiver *out_receiver)
{
    static const char call[] = "weft_broadcast_create";
    const int wrong = create_check(call, o, message_size, out_sender);
    if (wrong)
        return wrong;
    uint32_t places = 1;
    while (places < o->capacity)
        places *= 2;
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o->name,
        .component = o->component,
        .otherwise = "broadcast",
        .kind = WEFT_SYNC_BROADCAST,
        .limit = places,
        .size = sizeof(struct weft__broadcast),
    };
    struct weft__meeting *object;
    const int error = weft__meeting_create(rt, &plan, &object);
    if (error < 0)
        return error;
    struct weft__broadcast *broadcast = broadcast_of(object);
    broadcast->ring = weft__alloc_zeroed(places, sizeof *broadcast->ring);
    if (!broadcast->ring) {
        weft__meeting_discard(object);
        return weft__refuse(WEFT_ENOMEM, "%s: no memory for %u places: nothing was taken", call, places);
    }
    broadcast->mask = places - 1;
    broadcast->message_size = (uint32_t)message_size;
    broadcast->first = 0;
    broadcast->free = NULL;
    broadcast->copy = o->copy;
    broadcast->drop = o->drop;
    broadcast->context = o->context;
    weft__ends_init(object, 1, out_receiver ? 1 : 0);
    const uint32_t generation = weft__meeting_publish(object, 0);
    *out_sender = (weft_broadcast_sender){object, generation, 0};
    if (out_receiver)
        *out_receiver = (weft_broadcast_receiver){object, generation, 0, 0};
    return 0;
}

static int check_sender(const char *call, const weft_broadcast_sender *sender, bool others)
{
    if (!sender || !others)
        return weft__meeting_refuse(call, NULL, 0);
    return weft__ends_check(call, sender->weft__object, sender->weft__generation, sender->weft__state);
}

static int check_receiver(const char *call, const weft_broadcast_receiver *receiver, bool others)
{
    if (!receiver || !others)
        return weft__meeting_refuse(call, NULL, 0);
    return weft__ends_check(call, receiver->weft__object, receiver->weft__generation, receiver->weft__state);
}

int weft_broadcast_sender_clone(const weft_broadcast_sender *sender, weft_broadcast_sender *out_sender)
{
    const int wrong = check_sender("weft_broadcast_sender_clone", sender, out_sender != NULL);
    if (wrong)
        return wrong;
    weft__ends_add(sender->weft__object, &sender->weft__object->senders);
    *out_sender = *sender;
    return 0;
}

/* A receiver of what comes from now on. */
static weft_broadcast_receiver broadcast_add_receiver(struct weft__meeting *object, uint32_t generation)
{
    return (weft_broadcast_receiver){object, generation, 0, weft__ends_add(object, &object->receivers)};
}

int weft_broadcast_subscribe(const weft_broadcast_sender *sender, weft_broadcast_receiver *out_receiver)
{
    const int wrong = check_sender("weft_broadcast_subscribe", sender, out_receiver != NULL);
    if (wrong)
        return wrong;
    *out_receiver = broadcast_add_receiver(sender->weft__object, sender->weft__generation);
    return 0;
}

int weft_broadcast_resubscribe(const weft_broadcast_receiver *receiver, weft_broadcast_receiver *out_receiver)
{
    const int wrong = check_receiver("weft_broadcast_resubscribe", receiver, out_receiver != NULL);
    if (wrong)
        return wrong;
    *out_receiver = broadcast_add_receiver(receiver->weft__object, receiver->weft__generation);
    return 0;
}

static struct broadcast_node **broadcast_place(struct weft__broadcast *broadcast, uint64_t number)
{
    return &broadcast->ring[number & broadcast->mask];
}

/* Pass over the places that are empty. Under the lock. */
static void broadcast_advance(struct weft__broadcast *broadcast)
{
    const uint64_t count = weft__load_relaxed(&broadcast->meeting.count); /* under the lock */
    while (broadcast->first < count && !*broadcast_place(broadcast, broadcast->first))
        broadcast->first++;
    weft__store_relaxed(&broadcast->meeting.level, (uint32_t)(count - broadcast->first)); /* a number to show */
}

/* Take a node out of the ring; into *gone if nobody copies it. Under the lock. */
static void broadcast_take_out(struct weft__broadcast *broadcast, uint64_t number, struct broadcast_node **gone)
{
    struct broadcast_node **place = broadcast_place(broadcast, number), *node = *place;
    *place = NULL;
    node->out = true;
    if (node->copying > 0)
        return; /* whoever is the last to copy it finds it out */
    node->next = *gone;
    *gone = node;
}

/* One receiver needs the message no more. Under the lock. */
static void broadcast_need_less(struct weft__broadcast *broadcast, uint64_t number, struct broadcast_node **gone)
{
    if (--(*broadcast_place(broadcast, number))->needed == 0)
        broadcast_take_out(broadcast, number, gone);
}

/* Drop the messages of nodes that are out, and make the nodes free. Not under the lock. */
static void broadcast_drop(struct weft__broadcast *broadcast, struct broadcast_node *gone)
{
    if (!gone)
        return;
    struct broadcast_node *last = gone;
    for (struct broadcast_node *node = gone; node; node = node->next) {
        if (broadcast->drop)
            broadcast->drop(node->message, broadcast->context);
        if (node->trail)
            weft_trail_unref(node->trail);
        last = node;
    }
    weft__lock(&broadcast->meeting.lock);
    last->next = broadcast->free;
    broadcast->free = gone;
    weft__unlock(&broadcast->meeting.lock);
}

/* A node for a message: one that was used before, or a new one; as many as are kept, copied and dropped at once. */
static struct broadcast_node *send_node(struct weft__broadcast *broadcast)
{
    weft__lock(&broadcast->meeting.lock);
    struct broadcast_node *node = broadcast->free;
    if (node)
        broadcast->free = node->next;
    weft__unlock(&broadcast->meeting.lock);
    return node ? node : weft__alloc(sizeof *node + broadcast->message_size);
}

int weft_broadcast_send(const weft_broadcast_sender *sender, const void *message)
{
    const int wrong = check_sender("weft_broadcast_send", sender, message != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = sender->weft__object;
    struct weft__broadcast *broadcast = broadcast_of(object);
    struct broadcast_node *node = send_node(broadcast), *gone = NULL;
    if (!node)
        return weft__refuse(WEFT_ENOMEM, "weft_broadcast_send: no memory for a message of %zu bytes in '%.100s': it is still "
                                         "the sender's",
                            (size_t)broadcast->message_size, object->name);
    weft__ends_lock(object);
    const uint32_t receivers = weft__load_relaxed(&object->receivers); /* under the lock */
    if (receivers == 0) {
        node->next = broadcast->free;
        broadcast->free = node;
        weft__ends_unlock(object);
        return WEFT_EPIPE;
    }
    const uint64_t number = weft__load_relaxed(&object->count);
    if (number - broadcast->first > broadcast->mask)
        broadcast_take_out(broadcast, broadcast->first++, &gone); /* its place is the new one's */
    node->needed = receivers;
    node->copying = 0;
    node->out = false;
    node->trail = weft__trace_trails() ? weft__trail_of_message() : NULL;
    memcpy(node->message, message, broadcast->message_size);
    *broadcast_place(broadcast, number) = node;
    weft__store_relaxed(&object->count, number + 1); /* under the lock, as those who look for it */
    broadcast_advance(broadcast);
    weft__queue_mark(object, WEFT__MODE_PLAIN);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
    if (weft__trace_wants(WEFT_TRACE_sync_release))
        weft__meeting_trace_release(object);
    broadcast_drop(broadcast, gone);
    return (int)receivers;
}

int weft_broadcast_backlog(const weft_broadcast_sender *sender)
{
    const int wrong = check_sender("weft_broadcast_backlog", sender, true);
    return wrong ? wrong : (int)weft__load_relaxed(&sender->weft__object->level); /* a number to show */
}

int weft_broadcast_pending(const weft_broadcast_receiver *receiver)
{
    const int wrong = check_receiver("weft_broadcast_pending", receiver, true);
    if (wrong)
        return wrong;
    struct weft__broadcast *broadcast = broadcast_of(receiver->weft__object);
    weft__lock(&broadcast->meeting.lock);
    const uint64_t from = receiver->weft__next > broadcast->first ? receiver->weft__next : broadcast->first;
    const int pending = (int)(weft__load_relaxed(&broadcast->meeting.count) - from); /* under the lock */
    weft__unlock(&broadcast->meeting.lock);
    return pending;
}

/* Copy a message by the user's function: the node is held, and the lock is not. Comes and goes with the lock. */
static int recv_copy(struct weft__broadcast *broadcast, uint64_t number, void *out_message, weft_trail **out_trail)
{
    struct broadcast_node *node = *broadcast_place(broadcast, number), *gone = NULL;
    node->copying++;
    *out_trail = weft_trail_ref(node->trail);
    weft__unlock(&broadcast->meeting.lock);
    const int answer = broadcast->copy(out_message, node->message, broadcast->context);
    weft__lock(&broadcast->meeting.lock);
    node->copying--;
    if (!node->out) {
        broadcast_need_less(broadcast, number, &gone);
        broadcast_advance(broadcast);
    } else if (node->copying == 0) {
        node->next = NULL;
        gone = node;
    }
    if (gone) {
        weft__unlock(&broadcast->meeting.lock);
        broadcast_drop(broadcast, gone);
        weft__lock(&broadcast->meeting.lock);
    }
    if (answer == WEFT_AWAITING)
        return WEFT_EINVAL; /* no error code, and it would be waited for */
    return answer < 0 ? answer : 0;
}

/*
 * The next message, a loss, or the end; otherwise WEFT_AWAITING. Under the lock, which is let go for a moment if there
 * is a message and a copy function. With a message comes a reference to its trail.
 */
static int recv_next(struct weft__broadcast *broadcast, uint64_t *next, void *out_message, uint64_t *out_lost,
                     weft_trail **out_trail)
{
    struct weft__meeting *object = &broadcast->meeting;
    if (*next < broadcast->first) {
        if (out_lost)
            *out_lost = broadcast->first - *next;
        *next = broadcast->first;
        return WEFT_ELAGGED;
    }
    if (*next == weft__load_relaxed(&object->count)) /* under the lock */
        return weft__load_relaxed(&object->senders) == 0 ? WEFT_EPIPE : WEFT_AWAITING;
    const uint64_t number = (*next)++;
    if (broadcast->copy)
        return recv_copy(broadcast, number, out_message, out_trail);
    struct broadcast_node *node = *broadcast_place(broadcast, number), *gone = NULL;
    memcpy(out_message, node->message, broadcast->message_size);
    broadcast_need_less(broadcast, number, &gone);
    *out_trail = gone ? node->trail : weft_trail_ref(node->trail); /* the last takes what the message had */
    if (gone) { /* there is no drop function without a copy function */
        gone->next = broadcast->free;
        broadcast->free = gone;
    }
    broadcast_advance(broadcast);
    return 0;
}

/* Somebody records, or follows, and something came: a message, or a loss or failure. */
static __attribute__((cold, noinline)) void recv_seen(struct weft__meeting *object, int answer, weft_trail *trail)
{
    if (answer == 0 && weft__trace_wants(WEFT_TRACE_sync_acquire))
        weft__meeting_trace_acquire(object, weft__meeting_caller());
    if (answer == 0 && weft__trace_trails())
        weft__trail_received(trail, 0);
    else
        weft_trail_unref(trail);
}

/* One evaluation: as recv_next(); if there is nothing the node is in the list, or, without one, WEFT_EAGAIN. */
static int recv_look(struct weft__meeting *object, uint64_t *next, void *out_message, uint64_t *out_lost,
                     struct weft__wait *wait)
{
    weft_trail *trail = NULL;
    weft__lock(&object->lock);
    int answer = recv_next(broadcast_of(object), next, out_message, out_lost, &trail);
    if (answer == WEFT_AWAITING && wait)
        weft__queue_push(object, wait, WEFT__MODE_PLAIN, 0);
    weft__unlock(&object->lock);
    if (answer == WEFT_AWAITING && !wait)
        return WEFT_EAGAIN;
    if (answer == WEFT_AWAITING)
        weft__queue_trace_wait(object);
    else if (weft__trace_wants_or_trails(WEFT_TRACE_sync_acquire))
        recv_seen(object, answer, trail);
    return answer;
}

static int broadcast_recv_await(const char *call, weft_context *cx, weft_broadcast_receiver *receiver, void *out_message,
                                uint64_t *out_lost, struct weft__wait *wait)
{
    const int wrong = check_receiver(call, receiver, out_message != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = receiver->weft__object;
    const int begun = weft__queue_begin(cx, object, wait, WEFT__MODE_PLAIN, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun;
    const int answer = recv_look(object, &receiver->weft__next, out_message, out_lost, wait);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer;
}

int weft_broadcast_recv(weft_context *cx, weft_broadcast_receiver *receiver, void *out_message, uint64_t *out_lost)
{
    static const char call[] = "weft_broadcast_recv";
    if (!cx)
        return weft__meeting_refuse(call, NULL, 0);
    return broadcast_recv_await(call, cx, receiver, out_message, out_lost, &weft__cx_task(cx)->wait);
}

static int broadcast_recv_poll(weft_context *cx, weft_future *future)
{
    const weft_broadcast_recv_future *recv = (const weft_broadcast_recv_future *)(const void *)future;
    return broadcast_recv_await("weft_broadcast_recv_begin", cx, recv->receiver, recv->out_message, recv->out_lost,
                                weft__future_attach(cx, future));
}

void weft_broadcast_recv_begin(weft_broadcast_recv_future *future, weft_broadcast_receiver *receiver, void *out_message,
                               uint64_t *out_lost)
{
    if (!weft__future_begin(future, broadcast_recv_poll))
        return;
    future->receiver = receiver;
    future->out_message = out_message;
    future->out_lost = out_lost;
}

int weft_broadcast_try_recv(weft_broadcast_receiver *receiver, void *out_message, uint64_t *out_lost)
{
    const int wrong = check_receiver("weft_broadcast_try_recv", receiver, out_message != NULL);
    return wrong ? wrong : recv_look(receiver->weft__object, &receiver->weft__next, out_message, out_lost, NULL);
}

int weft_broadcast_recv_blocking(weft_broadcast_receiver *receiver, void *out_message, uint64_t *out_lost,
                                 int64_t deadline_ns)
{
    static const char call[] = "weft_broadcast_recv_blocking";
    const int wrong = check_receiver(call, receiver, out_message != NULL);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__meeting_on_worker(call);
    struct weft__meeting *object = receiver->weft__object;
    for (;;) {
        struct weft__guest guest = weft__queue_guest();
        const int answer = recv_look(object, &receiver->weft__next, out_message, out_lost, &guest.blocked.wait);
        if (answer != WEFT_AWAITING)
            return answer;
        const int told = weft__queue_block(object, &guest, deadline_ns);
        if (told < 0 && told != WEFT_EPIPE)
            return told;
    }
}

static int broadcast_closed_await(const char *call, weft_context *cx, const weft_broadcast_sender *sender,
                                  struct weft__wait *wait)
{
    const int wrong = check_sender(call, sender, true);
    return wrong ? wrong : weft__ends_await_closed(cx, sender->weft__object, wait);
}

int weft_broadcast_closed(weft_context *cx, const weft_broadcast_sender *sender)
{
    static const char call[] = "weft_broadcast_closed";
    return cx ? broadcast_closed_await(call, cx, sender, &weft__cx_task(cx)->wait)
              : weft__meeting_refuse(call, NULL, 0);
}

static int broadcast_closed_poll(weft_context *cx, weft_future *future)
{
    return broadcast_closed_await("weft_broadcast_closed_begin", cx,
                                  ((const weft_broadcast_closed_future *)(const void *)future)->sender,
                                  weft__future_attach(cx, future));
}

void weft_broadcast_closed_begin(weft_broadcast_closed_future *future, const weft_broadcast_sender *sender)
{
    if (!weft__future_begin(future, broadcast_closed_poll))
        return;
    future->sender = sender;
}

/* The last handle of both sides: nobody else is here. What is kept was dropped with the last receiver. */
static void broadcast_end(struct weft__meeting *object, uint32_t generation)
{
    struct weft__broadcast *broadcast = broadcast_of(object);
    weft__free((void *)broadcast->ring);
    while (broadcast->free) {
        struct broadcast_node *node = broadcast->free;
        broadcast->free = node->next;
        weft__free(node);
    }
    weft__meeting_destroy(object, generation);
}

void weft_broadcast_sender_close(weft_broadcast_sender *sender)
{
    if (!sender || !sender->weft__object)
        return;
    struct weft__meeting *object = sender->weft__object;
    const uint32_t generation = sender->weft__generation;
    *sender = (weft_broadcast_sender){NULL, 0, WEFT__MEETING_HANDLE_CLOSED};
    if (!weft__meeting_fits(object, generation))
        return;
    weft__ends_lock(object);
    weft__ends_leave_and_unlock(object, &object->senders, WEFT__MODE_PLAIN);
    if (weft__ends_close(object))
        broadcast_end(object, generation);
}

void weft_broadcast_receiver_close(weft_broadcast_receiver *receiver)
{
    if (!receiver || !receiver->weft__object)
        return;
    struct weft__meeting *object = receiver->weft__object;
    struct weft__broadcast *broadcast = broadcast_of(object);
    const uint32_t generation = receiver->weft__generation;
    uint64_t next = receiver->weft__next;
    *receiver = (weft_broadcast_receiver){NULL, 0, WEFT__MEETING_HANDLE_CLOSED, 0};
    if (!weft__meeting_fits(object, generation))
        return;
    struct broadcast_node *gone = NULL;
    weft__ends_lock(object);
    for (next = next > broadcast->first ? next : broadcast->first; next < weft__load_relaxed(&object->count); next++)
        broadcast_need_less(broadcast, next, &gone); /* under the lock, as the number */
    broadcast_advance(broadcast);
    weft__ends_leave_and_unlock(object, &object->receivers, WEFT__MODE_SENDER);
    broadcast_drop(broadcast, gone);
    if (weft__ends_close(object))
        broadcast_end(object, generation);
}
