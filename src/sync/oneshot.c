/* SPDX-License-Identifier: MIT */
/*
 * The oneshot: the value's place in the slot, and six flags in the word.
 *
 *     from                  move                 to                  who drops, or keeps, the value
 *     -                     send                 SENT TX_GONE        the receiver will have it
 *     RX_GONE               send                 TX_GONE             the sender keeps it
 *     SENT                  recv                 SENT TAKEN          the receiver has it, by a swap
 *     SENT … TX_CLOSED      recv                 … TAKEN             the receiver has it, by a store
 *     SENT                  receiver_close       … TAKEN RX_GONE     dropped here
 *     -                     stop, close          RX_GONE             nobody
 *     -                     sender_close         TX_GONE             nobody
 *     TX_GONE               last touch           TX_CLOSED           … of the sender, and
 *     RX_GONE               last touch           RX_CLOSED           … of the receiver
 *
 * The trail of a value (<weft/trail.h>) is written, read and given back with it, by the same ends.
 *
 * Each move is one read-modify-write of the word, so of two that race one sees the other: the value is sent or kept,
 * received or dropped. But who receives after TX_CLOSED stores the word: a sender that is through leaves no node in the list and
 * writes no more, so all that comes is of this end, whose one handle is used by one thread at a time. Two that break this may both
 * get the value. The value is written before SENT by its sender, and read after it by whoever sets TAKEN.
 *
 * Edges, beside those of meeting.h:
 *     send -> recv     SY-R1 of the swap that sets SENT, SY-A1 of the load that finds it: the value, and the trail.
 *     send -> end      SY-R3 of the one that sets TX_CLOSED, SY-A3 of the load that finds it: the sender's last touch.
 *     recv -> a look   SY-R1 of the store, SY-A1 of weft__meeting_copy(): the creation. A store begins a release sequence of its own, so
 *                      it has to acquire, and release, what was released into the word before it.
 *
 * An end that goes sets its CLOSED flag when it is through with the object: with the flags above if there is nobody to tell and
 * nothing to drop, and otherwise after that. Whoever finds the other's flag there is the last, and ends the object: these two
 * take the place of the count of handles. Who finds it there before it goes, with nothing to drop, leaves out its own.
 */
#include <weft/error.h>
#include <weft/oneshot.h>

#include "base/copy.h"
#include "base/error.h"
#include "sync/ends.h"
#include "task/future.h"
#include "task/trail.h"
#include "trace/emit.h"

struct weft__oneshot {
    struct weft__meeting meeting;
    uint32_t value_size;
    void (*drop)(void *value, void *context);
    void *drop_context;
    weft_trail *trail; /* of the value, or NULL: it goes the way of the value */
    _Alignas(16) unsigned char value[];
};

_Static_assert(offsetof(struct weft__oneshot, value) + 16 <= 256, "one of a small value and no name takes four lines");

enum {
    ONESHOT_SENT = 1 << WEFT__MEETING_SHIFT,
    ONESHOT_TAKEN = 2 << WEFT__MEETING_SHIFT,
    ONESHOT_TX_GONE = 4 << WEFT__MEETING_SHIFT,
    ONESHOT_RX_GONE = 8 << WEFT__MEETING_SHIFT,
    ONESHOT_TX_CLOSED = 16 << WEFT__MEETING_SHIFT,
    ONESHOT_RX_CLOSED = 32 << WEFT__MEETING_SHIFT,
    ONESHOT_CLOSED = ONESHOT_TX_CLOSED | ONESHOT_RX_CLOSED
};

_Static_assert(offsetof(struct weft__oneshot, value) + WEFT_ONESHOT_SIZE_MAX + WEFT__MEETING_NAMES <= WEFT__SLOT_SIZE_MAX,
               "the largest value fits");

static struct weft__oneshot *oneshot_of(struct weft__meeting *object)
{
    return weft__container_of(object, struct weft__oneshot, meeting);
}

int weft_oneshot_create(weft_runtime *rt, const weft_oneshot_options *o, size_t value_size,
                        weft_oneshot_sender *out_sender, weft_oneshot_receiver *out_receiver)
{
    static const char call[] = "weft_oneshot_create";
    if (!out_sender || !out_receiver || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give places for both handles, and options by WEFT_ONESHOT_OPTIONS()",
                            call);
    if (value_size == 0 || value_size > WEFT_ONESHOT_SIZE_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: a value of %zu bytes in '%.100s': give 1 to %d, or send a pointer", call,
                            value_size, o && o->name ? o->name : "oneshot", WEFT_ONESHOT_SIZE_MAX);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "oneshot",
        .kind = WEFT_SYNC_ONESHOT,
        .limit = 1,
        .size = offsetof(struct weft__oneshot, value) + value_size,
    };
    struct weft__meeting *object;
    const int error = weft__meeting_create(rt, &plan, &object);
    if (error < 0)
        return error;
    oneshot_of(object)->value_size = (uint32_t)value_size;
    oneshot_of(object)->drop = o ? o->drop : NULL;
    oneshot_of(object)->drop_context = o ? o->drop_context : NULL;
    oneshot_of(object)->trail = NULL;
    weft__ends_init(object, 1, 1);
    const uint32_t generation = weft__meeting_publish(object, 0);
    *out_sender = (weft_oneshot_sender){object, generation, 0};
    *out_receiver = (weft_oneshot_receiver){object, generation, 0};
    return 0;
}

/* 0, or why the handle does not work; *out_word is the word as it is. */
static int oneshot_check(const char *call, struct weft__meeting *object, uint32_t generation, uint32_t state,
                         uint64_t *out_word)
{
    if (weft__unlikely(!object))
        return weft__meeting_refuse(call, NULL, state);
    *out_word = weft__load_acquire(&object->word); /* SY-A1: what the other end did before it sent, or left */
    return weft__likely(weft__meeting_generation(*out_word) == generation) ? 0 : weft__meeting_stale(call, object);
}

/* Whoever waits, on either side, has to look again. */
static void oneshot_tell(struct weft__meeting *object)
{
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
}

/* The last touch of an end whose CLOSED flag is `mine`, by the word in which it set it: the second of the two ends the object. */
static void oneshot_end(struct weft__meeting *object, uint32_t generation, uint64_t mine, uint64_t word)
{
    if (word & (ONESHOT_CLOSED ^ mine))
        weft__meeting_destroy(object, generation);
}

/* Flags alone; who waits is not told. The word as it was. */
static uint64_t oneshot_set(struct weft__meeting *object, uint64_t flags)
{
    return weft__fetch_or_acq_rel(&object->word, flags); /* SY-R1 SY-A1 SY-R3 SY-A3 */
}

/* By whoever has the value, or keeps it. */
static void oneshot_forget_trail(struct weft__meeting *object)
{
    if (weft__likely(!oneshot_of(object)->trail))
        return;
    weft_trail_unref(oneshot_of(object)->trail);
    oneshot_of(object)->trail = NULL;
}

int weft_oneshot_send(weft_oneshot_sender *sender, const void *value)
{
    static const char call[] = "weft_oneshot_send";
    if (!sender || !value)
        return weft__meeting_refuse(call, NULL, 0);
    struct weft__meeting *object = sender->weft__object;
    const uint32_t generation = sender->weft__generation;
    uint64_t word = 0;
    const int wrong = oneshot_check(call, object, generation, sender->weft__state, &word);
    if (wrong)
        return wrong;
    *sender = (weft_oneshot_sender){NULL, 0, WEFT__MEETING_HANDLE_CLOSED};
    if (!(word & ONESHOT_RX_GONE))
        weft__copy(oneshot_of(object)->value, value, oneshot_of(object)->value_size);
    weft__store_relaxed(&object->senders, 0); /* a number to show */
    const bool recorded = weft__trace_wants_or_trails(WEFT_TRACE_sync_release);
    if (recorded && weft__trace_trails())
        oneshot_of(object)->trail = weft__trail_of_message();
    bool sent;
    uint64_t flags;
    do {
        sent = !(word & ONESHOT_RX_GONE);
        flags = ONESHOT_TX_GONE | (sent ? ONESHOT_SENT : 0);
        if (!recorded && !(word & WEFT__MEETING_WAITERS))
            flags |= ONESHOT_TX_CLOSED;
    } while (!weft__cas_weak_acq_rel(&object->word, &word, word | flags)); /* SY-R1 SY-A1 SY-R3 SY-A3 */
    if (!(flags & ONESHOT_TX_CLOSED)) {
        if (sent && weft__trace_wants(WEFT_TRACE_sync_release))
            weft__meeting_trace_release(object);
        if (sent && (word & WEFT__MEETING_WAITERS))
            oneshot_tell(object);
        if (!sent)
            oneshot_forget_trail(object);
        word = oneshot_set(object, ONESHOT_TX_CLOSED);
    }
    oneshot_end(object, generation, ONESHOT_TX_CLOSED, word);
    return sent ? 0 : WEFT_EPIPE;
}

/* A value that was sent, and is not taken. */
static bool oneshot_holds(uint64_t word)
{
    return (word & (ONESHOT_SENT | ONESHOT_TAKEN)) == ONESHOT_SENT;
}

/* There is more to do for a value that nobody will have than to forget it. */
static bool oneshot_minds(struct weft__meeting *object)
{
    return oneshot_of(object)->drop || oneshot_of(object)->trail;
}

static void oneshot_drop(struct weft__meeting *object)
{
    struct weft__oneshot *oneshot = oneshot_of(object);
    if (oneshot->drop)
        oneshot->drop(oneshot->value, oneshot->drop_context);
    oneshot_forget_trail(object);
}

/* An end goes: its flags; who waits is told, what nobody will have is dropped if it `drops`; and the object is left alone. */
static void oneshot_go(struct weft__meeting *object, uint32_t generation, uint64_t gone, uint64_t closed, bool drops)
{
    uint64_t word = weft__load_acquire(&object->word); /* SY-A3 */
    const bool quiet = !(word & WEFT__MEETING_WAITERS) && !(drops && oneshot_holds(word) && oneshot_minds(object));
    const bool last = word & (ONESHOT_CLOSED ^ closed); /* then nobody is left who would read the flags */
    if (!quiet || (!last && !weft__cas_strong_release(&object->word, &word, word | gone | closed))) { /* SY-R3 */
        word = oneshot_set(object, gone);
        if (word & WEFT__MEETING_WAITERS)
            oneshot_tell(object);
        if (drops && oneshot_holds(word))
            oneshot_drop(object);
        word = oneshot_set(object, closed);
    }
    oneshot_end(object, generation, closed, word);
}

void weft_oneshot_sender_close(weft_oneshot_sender *sender)
{
    if (!sender || !sender->weft__object)
        return;
    struct weft__meeting *object = sender->weft__object;
    const uint32_t generation = sender->weft__generation;
    *sender = (weft_oneshot_sender){NULL, 0, WEFT__MEETING_HANDLE_CLOSED};
    if (!weft__meeting_fits(object, generation))
        return;
    weft__store_relaxed(&object->senders, 0); /* a number to show */
    oneshot_go(object, generation, ONESHOT_TX_GONE, ONESHOT_TX_CLOSED, false);
}

void weft_oneshot_stop(const weft_oneshot_receiver *receiver)
{
    if (!receiver || !receiver->weft__object || !weft__meeting_fits(receiver->weft__object, receiver->weft__generation))
        return;
    if (oneshot_set(receiver->weft__object, ONESHOT_RX_GONE) & WEFT__MEETING_WAITERS)
        oneshot_tell(receiver->weft__object);
}

void weft_oneshot_receiver_close(weft_oneshot_receiver *receiver)
{
    if (!receiver || !receiver->weft__object)
        return;
    struct weft__meeting *object = receiver->weft__object;
    const uint32_t generation = receiver->weft__generation;
    *receiver = (weft_oneshot_receiver){NULL, 0, WEFT__MEETING_HANDLE_CLOSED};
    if (!weft__meeting_fits(object, generation))
        return;
    weft__store_relaxed(&object->receivers, 0); /* a number to show */
    oneshot_go(object, generation, ONESHOT_RX_GONE | ONESHOT_TAKEN, ONESHOT_RX_CLOSED, true);
}

/* What a word says to the receiver: 0: there is a value, WEFT_EPIPE: there will be none, WEFT_EAGAIN: not yet. */
static int oneshot_receivable(uint64_t word)
{
    if (word & ONESHOT_TAKEN)
        return WEFT_EPIPE;
    if (word & ONESHOT_SENT)
        return 0;
    return word & (ONESHOT_TX_GONE | ONESHOT_RX_GONE) ? WEFT_EPIPE : WEFT_EAGAIN;
}

/* Somebody records, or follows: whoever waited for a value works on for whom it worked before, and is told whose the value is. */
static __attribute__((cold, noinline)) void oneshot_take_seen(struct weft__meeting *object)
{
    weft_trail *trail = oneshot_of(object)->trail;
    oneshot_of(object)->trail = NULL;
    if (weft__trace_wants(WEFT_TRACE_sync_acquire))
        weft__meeting_trace_acquire(object, weft__meeting_caller());
    weft__trail_mentioned(trail);
}

/* The receiver takes note that it has the value, unless there is none by `word`, which was acquired; as oneshot_receivable(). */
static int oneshot_take_note(struct weft__meeting *object, uint64_t word)
{
    const bool alone = word & ONESHOT_TX_CLOSED;
    do {
        const int answer = oneshot_receivable(word);
        if (answer < 0)
            return answer;
        if (weft__likely(alone)) {
            weft__store_release(&object->word, word | ONESHOT_TAKEN); /* SY-R1 */
            return 0;
        }
    } while (!weft__cas_weak_relaxed(&object->word, &word, word | ONESHOT_TAKEN));
    return 0;
}

/* Take the value, if it is there by `word`, which was acquired. */
static int oneshot_take(struct weft__meeting *object, uint64_t word, void *out_value)
{
    const int answer = oneshot_take_note(object, word);
    if (answer < 0)
        return answer;
    weft__copy(out_value, oneshot_of(object)->value, oneshot_of(object)->value_size);
    if (weft__trace_wants_or_trails(WEFT_TRACE_sync_acquire))
        oneshot_take_seen(object);
    return 0;
}

/*
 * Wait, unless `ready` flags are there: 0. WEFT_AWAITING: the node is in the list. A flag that comes after WAITERS was
 * set finds it, and takes the lock.
 */
static int oneshot_enqueue(struct weft__meeting *object, struct weft__wait *wait, uint8_t mode, uint64_t ready)
{
    weft__lock(&object->lock);
    const uint64_t word = weft__fetch_or_acquire(&object->word, WEFT__MEETING_WAITERS); /* SY-A1 */
    const bool waits = !(word & ready);
    if (waits)
        weft__queue_push(object, wait, mode, 0);
    else if (weft__list_empty(&object->waiting))
        weft__fetch_and_relaxed(&object->word, ~(uint64_t)WEFT__MEETING_WAITERS);
    weft__unlock(&object->lock);
    if (waits)
        weft__queue_trace_wait(object);
    return waits ? WEFT_AWAITING : 0;
}

enum { ONESHOT_RECEIVABLE = ONESHOT_SENT | ONESHOT_TAKEN | ONESHOT_TX_GONE | ONESHOT_RX_GONE };

static int oneshot_recv_await(const char *call, weft_context *cx, const weft_oneshot_receiver *receiver, void *out_value,
                              struct weft__wait *wait)
{
    if (!receiver || !out_value)
        return weft__meeting_refuse(call, NULL, 0);
    struct weft__meeting *object = receiver->weft__object;
    uint64_t word = 0;
    const int wrong = oneshot_check(call, object, receiver->weft__generation, receiver->weft__state, &word);
    if (wrong)
        return wrong;
    const int begun = weft__queue_begin(cx, object, wait, WEFT__MODE_PLAIN, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun;
    const int answer = oneshot_take(object, weft__load_acquire(&object->word), out_value); /* SY-A1 */
    if (answer != WEFT_EAGAIN)
        return answer;
    if (oneshot_enqueue(object, wait, WEFT__MODE_PLAIN, ONESHOT_RECEIVABLE) == 0) /* it came on the way */
        return oneshot_take(object, weft__load_acquire(&object->word), out_value); /* SY-A1 SY-A3: the sender may be through by now */
    weft__cx_refund(cx);
    return WEFT_AWAITING;
}

int weft_oneshot_recv(weft_context *cx, const weft_oneshot_receiver *receiver, void *out_value)
{
    static const char call[] = "weft_oneshot_recv";
    if (!cx)
        return weft__meeting_refuse(call, NULL, 0);
    return oneshot_recv_await(call, cx, receiver, out_value, &weft__cx_task(cx)->wait);
}

static int oneshot_recv_poll(weft_context *cx, weft_future *future)
{
    const weft_oneshot_recv_future *recv = (const weft_oneshot_recv_future *)(const void *)future;
    return oneshot_recv_await("weft_oneshot_recv_begin", cx, recv->receiver, recv->out_value,
                              weft__future_attach(cx, future));
}

void weft_oneshot_recv_begin(weft_oneshot_recv_future *future, const weft_oneshot_receiver *receiver, void *out_value)
{
    if (!weft__future_begin(future, oneshot_recv_poll))
        return;
    future->receiver = receiver;
    future->out_value = out_value;
}

static int oneshot_closed_await(const char *call, weft_context *cx, const weft_oneshot_sender *sender,
                                struct weft__wait *wait)
{
    if (!sender)
        return weft__meeting_refuse(call, NULL, 0);
    struct weft__meeting *object = sender->weft__object;
    uint64_t word = 0;
    const int wrong = oneshot_check(call, object, sender->weft__generation, sender->weft__state, &word);
    if (wrong)
        return wrong;
    const int begun = weft__queue_begin(cx, object, wait, WEFT__MODE_SENDER, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun;
    const int answer = oneshot_enqueue(object, wait, WEFT__MODE_SENDER, ONESHOT_RX_GONE);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer;
}

int weft_oneshot_closed(weft_context *cx, const weft_oneshot_sender *sender)
{
    static const char call[] = "weft_oneshot_closed";
    return cx ? oneshot_closed_await(call, cx, sender, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

static int oneshot_closed_poll(weft_context *cx, weft_future *future)
{
    return oneshot_closed_await("weft_oneshot_closed_begin", cx,
                                ((const weft_oneshot_closed_future *)(const void *)future)->sender,
                                weft__future_attach(cx, future));
}

void weft_oneshot_closed_begin(weft_oneshot_closed_future *future, const weft_oneshot_sender *sender)
{
    if (!weft__future_begin(future, oneshot_closed_poll))
        return;
    future->sender = sender;
}

static int oneshot_try(const char *call, const weft_oneshot_receiver *receiver, void *out_value)
{
    if (!receiver || !out_value)
        return weft__meeting_refuse(call, NULL, 0);
    uint64_t word = 0;
    const int wrong =
        oneshot_check(call, receiver->weft__object, receiver->weft__generation, receiver->weft__state, &word);
    return wrong ? wrong : oneshot_take(receiver->weft__object, word, out_value);
}

int weft_oneshot_try_recv(const weft_oneshot_receiver *receiver, void *out_value)
{
    return oneshot_try("weft_oneshot_try_recv", receiver, out_value);
}

int weft_oneshot_recv_blocking(const weft_oneshot_receiver *receiver, void *out_value, int64_t deadline_ns)
{
    static const char call[] = "weft_oneshot_recv_blocking";
    if (weft__self)
        return weft__meeting_on_worker(call);
    for (;;) {
        const int answer = oneshot_try(call, receiver, out_value);
        if (answer != WEFT_EAGAIN)
            return answer;
        struct weft__meeting *object = receiver->weft__object;
        struct weft__guest guest = weft__queue_guest();
        if (oneshot_enqueue(object, &guest.blocked.wait, WEFT__MODE_PLAIN, ONESHOT_RECEIVABLE) != WEFT_AWAITING)
            continue;
        const int told = weft__queue_block(object, &guest, deadline_ns);
        if (told < 0 && told != WEFT_EPIPE)
            return told;
    }
}
