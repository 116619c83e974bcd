/* SPDX-License-Identifier: MIT */
/*
 * The watch: the value in the slot, and its version, the meeting's count, which begins at 1. Everything that changes is
 * under the lock; a receiver looks at the version without it first.
 *
 *     send replace modify    value, version + 1; the receivers that wait are told
 *     changed                ready while seen != version; then seen = version
 *     sender_close           the last: the receivers that wait are told, and find seen = version
 *     receiver_close         the last: the senders that wait are told
 *
 * No function of the user runs under the lock: modify works on a copy, and puts it back if the version is still the
 * same.
 */
#include <string.h>
#include <weft/error.h>
#include <weft/watch.h>

#include "base/error.h"
#include "base/platform.h"
#include "sync/ends.h"
#include "task/future.h"
#include "task/trail.h"
#include "trace/emit.h"

struct weft__watch_value {
    struct weft__meeting meeting;
    uint32_t value_size;
    weft_trail *trail; /* of who sent the value, or NULL */
    _Alignas(16) unsigned char value[];
};

_Static_assert(offsetof(struct weft__watch_value, value) + WEFT_WATCH_SIZE_MAX + WEFT__MEETING_NAMES <= WEFT__SLOT_SIZE_MAX,
               "the largest value fits");

enum { WATCH_COPY_MAX = 1024 }; /* a copy of at most this is on the stack */

static struct weft__watch_value *watch_of(struct weft__meeting *object)
{
    return weft__container_of(object, struct weft__watch_value, meeting);
}

int weft_watch_create(weft_runtime *rt, const weft_watch_options *o, size_t value_size, const void *initial,
                      weft_watch_sender *out_sender, weft_watch_receiver *out_receiver)
{
    static const char call[] = "weft_watch_create";
    if (!initial || !out_sender || !out_receiver || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a first value, both handles, and options by WEFT_WATCH_OPTIONS()",
                            call);
    if (value_size == 0 || value_size > WEFT_WATCH_SIZE_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: a value of %zu bytes in '%.100s': give 1 to %d, or a pointer", call,
                            value_size, o && o->name ? o->name : "watch", WEFT_WATCH_SIZE_MAX);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "watch",
        .kind = WEFT_SYNC_WATCH,
        .limit = 1,
        .size = offsetof(struct weft__watch_value, value) + value_size,
    };
    struct weft__meeting *object;
    const int error = weft__meeting_create(rt, &plan, &object);
    if (error < 0)
        return error;
    watch_of(object)->value_size = (uint32_t)value_size;
    watch_of(object)->trail = NULL;
    memcpy(watch_of(object)->value, initial, value_size);
    weft__store_relaxed(&object->count, 1); /* not published yet */
    weft__ends_init(object, 1, 1);
    const uint32_t generation = weft__meeting_publish(object, 0);
    *out_sender = (weft_watch_sender){object, generation, 0};
    *out_receiver = (weft_watch_receiver){object, generation, 0, 1};
    return 0;
}

static int watch_check_sender(const char *call, const weft_watch_sender *sender, bool others)
{
    if (!sender || !others)
        return weft__meeting_refuse(call, NULL, 0);
    return weft__ends_check(call, sender->weft__object, sender->weft__generation, sender->weft__state);
}

static int watch_check_receiver(const char *call, const weft_watch_receiver *receiver, bool others)
{
    if (!receiver || !others)
        return weft__meeting_refuse(call, NULL, 0);
    return weft__ends_check(call, receiver->weft__object, receiver->weft__generation, receiver->weft__state);
}

int weft_watch_sender_clone(const weft_watch_sender *sender, weft_watch_sender *out_sender)
{
    const int wrong = watch_check_sender("weft_watch_sender_clone", sender, out_sender != NULL);
    if (wrong)
        return wrong;
    weft__ends_add(sender->weft__object, &sender->weft__object->senders);
    *out_sender = *sender;
    return 0;
}

int weft_watch_subscribe(const weft_watch_sender *sender, weft_watch_receiver *out_receiver)
{
    const int wrong = watch_check_sender("weft_watch_subscribe", sender, out_receiver != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = sender->weft__object;
    const uint64_t version = weft__ends_add(object, &object->receivers);
    *out_receiver = (weft_watch_receiver){object, sender->weft__generation, 0, version};
    return 0;
}

int weft_watch_receiver_clone(const weft_watch_receiver *receiver, weft_watch_receiver *out_receiver)
{
    const int wrong = watch_check_receiver("weft_watch_receiver_clone", receiver, out_receiver != NULL);
    if (wrong)
        return wrong;
    weft__ends_add(receiver->weft__object, &receiver->weft__object->receivers);
    *out_receiver = *receiver;
    return 0;
}

/* The new value's trail in place of the old one's, which is the caller's, for after the lock. */
static __attribute__((cold, noinline)) weft_trail *watch_exchange_trail(struct weft__meeting *object)
{
    weft_trail *before = watch_of(object)->trail;
    watch_of(object)->trail = weft__trail_of_message();
    return before;
}

/* The value is new. Under the lock and in an RCU section, which both end. */
static void watch_tell_and_unlock(struct weft__meeting *object)
{
    weft_trail *before = weft__trace_trails() ? watch_exchange_trail(object) : NULL;
    weft__store_release(&object->count, weft__load_relaxed(&object->count) + 1); /* SY-R1 */
    weft__queue_mark(object, WEFT__MODE_PLAIN);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
    if (weft__trace_wants(WEFT_TRACE_sync_release))
        weft__meeting_trace_release(object);
    if (before)
        weft_trail_unref(before);
}

int weft_watch_send(const weft_watch_sender *sender, const void *value)
{
    const int wrong = watch_check_sender("weft_watch_send", sender, value != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = sender->weft__object;
    weft__ends_lock(object);
    if (weft__load_relaxed(&object->receivers) == 0) { /* under the lock */
        weft__ends_unlock(object);
        return WEFT_EPIPE;
    }
    memcpy(watch_of(object)->value, value, watch_of(object)->value_size);
    watch_tell_and_unlock(object);
    return 0;
}

int weft_watch_replace(const weft_watch_sender *sender, const void *value, void *out_before)
{
    const int wrong = watch_check_sender("weft_watch_replace", sender, value != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = sender->weft__object;
    weft__ends_lock(object);
    if (out_before)
        memcpy(out_before, watch_of(object)->value, watch_of(object)->value_size);
    memcpy(watch_of(object)->value, value, watch_of(object)->value_size);
    watch_tell_and_unlock(object);
    return 0;
}

/* What was there when a value was copied. */
struct watch_copied {
    uint64_t version;
    weft_trail *trail; /* of the value: a reference */
    bool last;         /* nobody is left who could send another */
};

/* The value, and if a receiver `follows` its trail, which are of one sender: they are taken under one lock. */
static struct watch_copied watch_copy(struct weft__meeting *object, void *out_value, bool follows)
{
    weft__lock(&object->lock);
    memcpy(out_value, watch_of(object)->value, watch_of(object)->value_size);
    const struct watch_copied copied = {.version = weft__load_relaxed(&object->count), /* under the lock, as the next */
                                        .trail = follows && weft__trace_trails() ? weft_trail_ref(watch_of(object)->trail) : NULL,
                                        .last = weft__load_relaxed(&object->senders) == 0};
    weft__unlock(&object->lock);
    return copied;
}

/* The receiver looks for a change alone: whoever sent the value that is there now is the one whom it works for now. */
static __attribute__((cold, noinline)) void watch_follow(struct weft__meeting *object)
{
    weft__lock(&object->lock);
    weft_trail *trail = weft_trail_ref(watch_of(object)->trail);
    weft__unlock(&object->lock);
    weft__trail_received(trail, 0);
}

/* The receiver sees what was copied; if it has not seen it before it works for whoever sent it. */
static void watch_see(weft_watch_receiver *receiver, struct watch_copied copied)
{
    const bool seen = receiver->weft__seen == copied.version;
    receiver->weft__seen = copied.version;
    if (weft__likely(!weft__trace_trails())) /* once wanted they stay wanted, so nothing was copied with one either */
        return;
    if (seen)
        weft_trail_unref(copied.trail);
    else
        weft__trail_received(copied.trail, 0);
}

/* Work on copies until one can be put back. */
static int watch_modify(struct weft__meeting *object, void *copy, int (*function)(void *value, void *context),
                        void *context)
{
    for (;;) {
        const uint64_t version = watch_copy(object, copy, false).version;
        const int answer = function(copy, context);
        if (answer < 0)
            return answer;
        weft__ends_lock(object);
        if (weft__load_relaxed(&object->count) == version) { /* under the lock */
            memcpy(watch_of(object)->value, copy, watch_of(object)->value_size);
            watch_tell_and_unlock(object);
            return 0;
        }
        weft__ends_unlock(object);
    }
}

int weft_watch_modify(const weft_watch_sender *sender, int (*function)(void *value, void *context), void *context)
{
    const int wrong = watch_check_sender("weft_watch_modify", sender, function != NULL);
    if (wrong)
        return wrong;
    struct weft__meeting *object = sender->weft__object;
    if (watch_of(object)->value_size <= WATCH_COPY_MAX) {
        _Alignas(16) unsigned char copy[WATCH_COPY_MAX];
        return watch_modify(object, copy, function, context);
    }
    void *copy = weft__alloc(watch_of(object)->value_size);
    if (!copy)
        return weft__refuse(WEFT_ENOMEM, "weft_watch_modify: no memory for a copy of %zu bytes of '%.100s': it is as it was",
                            (size_t)watch_of(object)->value_size, object->name);
    const int answer = watch_modify(object, copy, function, context);
    weft__free(copy);
    return answer;
}

/* One handle less of a side. Ends with the handle. */
static void watch_leave(struct weft__meeting *object, uint32_t generation, _Atomic uint32_t *side, uint8_t mode)
{
    if (!weft__meeting_fits(object, generation))
        return;
    weft__ends_lock(object);
    weft__ends_leave_and_unlock(object, side, mode);
    if (!weft__ends_close(object))
        return;
    weft_trail_unref(watch_of(object)->trail);
    weft__meeting_destroy(object, generation);
}

void weft_watch_sender_close(weft_watch_sender *sender)
{
    if (!sender || !sender->weft__object)
        return;
    struct weft__meeting *object = sender->weft__object;
    const uint32_t generation = sender->weft__generation;
    *sender = (weft_watch_sender){NULL, 0, WEFT__MEETING_HANDLE_CLOSED};
    watch_leave(object, generation, &object->senders, WEFT__MODE_PLAIN);
}

void weft_watch_receiver_close(weft_watch_receiver *receiver)
{
    if (!receiver || !receiver->weft__object)
        return;
    struct weft__meeting *object = receiver->weft__object;
    const uint32_t generation = receiver->weft__generation;
    *receiver = (weft_watch_receiver){NULL, 0, WEFT__MEETING_HANDLE_CLOSED, 0};
    watch_leave(object, generation, &object->receivers, WEFT__MODE_SENDER);
}

int weft_watch_peek(const weft_watch_receiver *receiver, void *out_value)
{
    const int wrong = watch_check_receiver("weft_watch_peek", receiver, out_value != NULL);
    if (wrong)
        return wrong;
    watch_copy(receiver->weft__object, out_value, false);
    return 0;
}

int weft_watch_read(weft_watch_receiver *receiver, void *out_value)
{
    const int wrong = watch_check_receiver("weft_watch_read", receiver, out_value != NULL);
    if (wrong)
        return wrong;
    watch_see(receiver, watch_copy(receiver->weft__object, out_value, true));
    return 0;
}

void weft_watch_mark_changed(weft_watch_receiver *receiver)
{
    if (receiver && receiver->weft__object)
        receiver->weft__seen = weft__load_relaxed(&receiver->weft__object->count) - 1; /* a number; they begin at 1 */
}

void weft_watch_mark_unchanged(weft_watch_receiver *receiver)
{
    if (receiver && receiver->weft__object)
        receiver->weft__seen = weft__load_relaxed(&receiver->weft__object->count); /* a number */
}

/*
 * A newer version than `seen`: 0, and it is seen. WEFT_EPIPE: there will be none. Otherwise WEFT_AWAITING, and the
 * node, if one is given, is in the list.
 */
static int watch_look(struct weft__meeting *object, uint64_t *seen, struct weft__wait *wait)
{
    uint64_t version = weft__load_acquire(&object->count); /* SY-A1: what its sender did before, too */
    int answer = 0;
    if (version == *seen) {
        weft__lock(&object->lock);
        version = weft__load_relaxed(&object->count); /* under the lock */
        if (version == *seen)
            answer = weft__load_relaxed(&object->senders) == 0 ? WEFT_EPIPE : WEFT_AWAITING;
        if (answer == WEFT_AWAITING && wait)
            weft__queue_push(object, wait, WEFT__MODE_PLAIN, 0);
        weft__unlock(&object->lock);
    }
    if (answer == 0)
        *seen = version;
    else if (answer == WEFT_AWAITING && wait)
        weft__queue_trace_wait(object);
    return answer;
}

static int watch_look_changed(weft_watch_receiver *receiver, struct weft__wait *wait)
{
    const int answer = watch_look(receiver->weft__object, &receiver->weft__seen, wait);
    if (answer == 0 && weft__trace_trails())
        watch_follow(receiver->weft__object);
    return answer;
}

static int watch_changed_await(const char *call, weft_context *cx, weft_watch_receiver *receiver,
                               struct weft__wait *wait)
{
    const int wrong = watch_check_receiver(call, receiver, true);
    if (wrong)
        return wrong;
    struct weft__meeting *object = receiver->weft__object;
    const int begun = weft__queue_begin(cx, object, wait, WEFT__MODE_PLAIN, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun;
    const int answer = watch_look_changed(receiver, wait);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer;
}

int weft_watch_changed(weft_context *cx, weft_watch_receiver *receiver)
{
    static const char call[] = "weft_watch_changed";
    return cx ? watch_changed_await(call, cx, receiver, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

static int watch_changed_poll(weft_context *cx, weft_future *future)
{
    return watch_changed_await("weft_watch_changed_begin", cx, ((weft_watch_future *)(void *)future)->receiver,
                               weft__future_attach(cx, future));
}

void weft_watch_changed_begin(weft_watch_future *future, weft_watch_receiver *receiver)
{
    if (!weft__future_begin(future, watch_changed_poll))
        return;
    future->receiver = receiver;
    future->sender = NULL;
}

int weft_watch_try_changed(weft_watch_receiver *receiver)
{
    const int wrong = watch_check_receiver("weft_watch_try_changed", receiver, true);
    if (wrong)
        return wrong;
    const int answer = watch_look_changed(receiver, NULL);
    return answer == WEFT_AWAITING ? WEFT_EAGAIN : answer;
}

int weft_watch_changed_blocking(weft_watch_receiver *receiver, int64_t deadline_ns)
{
    static const char call[] = "weft_watch_changed_blocking";
    const int wrong = watch_check_receiver(call, receiver, true);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__meeting_on_worker(call);
    for (;;) {
        struct weft__guest guest = weft__queue_guest();
        const int answer = watch_look_changed(receiver, &guest.blocked.wait);
        if (answer != WEFT_AWAITING)
            return answer;
        const int told = weft__queue_block(receiver->weft__object, &guest, deadline_ns);
        if (told < 0 && told != WEFT_EPIPE)
            return told;
    }
}

int weft_watch_wait_for(weft_context *cx, weft_watch_receiver *receiver,
                        bool (*fits)(const void *value, void *context), void *context, void *out_value)
{
    const int wrong = watch_check_receiver("weft_watch_wait_for", receiver, cx && fits && out_value);
    if (wrong)
        return wrong;
    struct weft__meeting *object = receiver->weft__object;
    for (;;) {
        const int begun = weft__queue_begin(cx, object, &weft__cx_task(cx)->wait, WEFT__MODE_PLAIN, 0);
        if (begun != WEFT__QUEUE_BEGINS)
            return begun;
        const struct watch_copied copied = watch_copy(object, out_value, true);
        if (fits(out_value, context)) {
            watch_see(receiver, copied);
            return 0;
        }
        weft_trail_unref(copied.trail);
        receiver->weft__seen = copied.version;
        if (copied.last)
            return WEFT_EPIPE;
        uint64_t seen = receiver->weft__seen;
        const int answer = watch_look(object, &seen, &weft__cx_task(cx)->wait);
        if (answer == WEFT_AWAITING) {
            weft__cx_refund(cx);
            return answer;
        }
        if (answer == WEFT_EPIPE) /* the last sender went after the copy, without another value */
            return answer;
    }
}

static int watch_closed_await(const char *call, weft_context *cx, const weft_watch_sender *sender,
                              struct weft__wait *wait)
{
    const int wrong = watch_check_sender(call, sender, true);
    return wrong ? wrong : weft__ends_await_closed(cx, sender->weft__object, wait);
}

int weft_watch_closed(weft_context *cx, const weft_watch_sender *sender)
{
    static const char call[] = "weft_watch_closed";
    return cx ? watch_closed_await(call, cx, sender, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

static int watch_closed_poll(weft_context *cx, weft_future *future)
{
    return watch_closed_await("weft_watch_closed_begin", cx,
                              ((const weft_watch_future *)(const void *)future)->sender,
                              weft__future_attach(cx, future));
}

void weft_watch_closed_begin(weft_watch_future *future, const weft_watch_sender *sender)
{
    if (!weft__future_begin(future, watch_closed_poll))
        return;
    future->receiver = NULL;
    future->sender = sender;
}
