/* SPDX-License-Identifier: MIT */
#include "lib/town.h"

static const int64_t ms = 1000000;

enum { TOWN_MESSAGES = 6, TOWN_PERMITS = 2, TOWN_PARTIES = 2, TOWN_SHOWS = 8, TOWN_TURNS = 3 };

/* Every task ends by this. */
static int leave(struct town *town, int code)
{
    town->ended++;
    if (code == WEFT_ECANCELED)
        town->whole = false;
    return 0;
}

/* ---- a channel ---- */

struct sender {
    weft_frame weft;
    struct town *town;
    numbers_sender out;
    numbers_permit permit;
    int i;
};
static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < TOWN_MESSAGES; self->i++) {
        if (self->i % 3 == 0) {
            WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, (uint64_t)self->i));
            if (self->weft.rc < 0)
                break;
            self->town->sent++;
            continue;
        }
        WEFT_AWAIT(self->weft.rc, numbers_reserve(cx, &self->out, &self->permit));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->i % 3 == 1)
            numbers_permit_release(&self->permit);
        else if (numbers_permit_send(&self->permit, (uint64_t)self->i) == 0)
            self->town->sent++;
    }
    numbers_sender_close(&self->out);
    WEFT_END(leave(self->town, self->weft.rc));
}

static void count_drop(void *message, void *town)
{
    (void)message;
    ((struct town *)town)->dropped++;
}

/* Waits for a message or for a while, whichever is first. */
struct receiver {
    weft_frame weft;
    struct town *town;
    numbers_receiver in;
    weft_recv_future recv;
    weft_sleep_future patience;
    weft_select_state select;
    uint64_t value;
    int which;
};
static weft_poll receiver(weft_context *cx, struct receiver *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        numbers_recv_begin(&self->recv, &self->in, &self->value);
        weft_sleep_begin(&self->patience, weft_deadline_in(ms));
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->recv.future, &self->patience.future));
        if (self->which < 0)
            break;
        if (self->which == 1)
            continue;
        if (self->recv.future.result < 0)
            break;
        self->town->received++;
    }
    numbers_receiver_close(&self->in);
    WEFT_END(leave(self->town, self->which < 0 ? self->which : 0));
}

/* ---- meeting points ---- */

struct guard {
    weft_frame weft;
    struct town *town;
    uint32_t permits;
    int turns;
};
static weft_poll guard(weft_context *cx, struct guard *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->town->semaphore, self->permits));
        if (self->weft.rc < 0)
            break;
        self->town->permits_out += (int)self->permits;
        VERDICT(self->town->permits_out <= TOWN_PERMITS);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        self->town->permits_out -= (int)self->permits;
        weft_semaphore_release(&self->town->semaphore, self->permits);
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

struct locker {
    weft_frame weft;
    struct town *town;
    int turns;
};
static weft_poll locker(weft_context *cx, struct locker *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->town->mutex));
        if (self->weft.rc < 0)
            break;
        VERDICT(self->town->holders++ == 0);
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, ms));
        self->town->holders--;
        VERDICT(weft_mutex_unlock(&self->town->mutex) == 0);
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

struct reader {
    weft_frame weft;
    struct town *town;
    int turns;
};
static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_rwlock_read(cx, &self->town->rwlock));
        if (self->weft.rc < 0)
            break;
        self->town->readers++;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        VERDICT(self->town->writers == 0);
        self->town->readers--;
        VERDICT(weft_rwlock_read_unlock(&self->town->rwlock) == 0);
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

struct writer {
    weft_frame weft;
    struct town *town;
    int turns;
};
static weft_poll writer(weft_context *cx, struct writer *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &self->town->rwlock));
        if (self->weft.rc < 0)
            break;
        VERDICT(self->town->writers++ == 0 && self->town->readers == 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        VERDICT(--self->town->writers == 0 && self->town->readers == 0);
        VERDICT(weft_rwlock_write_unlock(&self->town->rwlock) == 0);
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

struct waiter {
    weft_frame weft;
    struct town *town;
};
static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &self->town->notify));
    self->town->notified++;
    WEFT_END(leave(self->town, self->weft.rc));
}

/* Tells one of them at a time, until both know. */
struct teller {
    weft_frame weft;
    struct town *town;
};
static weft_poll teller(weft_context *cx, struct teller *self)
{
    WEFT_BEGIN(cx, self);
    while (self->town->notified < 2) {
        weft_notify_one(&self->town->notify);
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, ms));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

struct party {
    weft_frame weft;
    struct town *town;
    int turns;
};
static weft_poll party(weft_context *cx, struct party *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_barrier_wait(cx, &self->town->barrier));
        if (self->weft.rc < 0)
            break;
        self->town->passed++;
    }
    WEFT_END(leave(self->town, self->weft.rc));
}

static int initialise(void *town)
{
    ((struct town *)town)->initialised++;
    return 0;
}

struct early {
    weft_frame weft;
    struct town *town;
};
static weft_poll early(weft_context *cx, struct early *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_once_run(cx, &self->town->once, initialise, self->town));
    VERDICT(self->weft.rc < 0 || self->town->initialised == 1);
    WEFT_END(leave(self->town, self->weft.rc));
}

/* ---- values ---- */

struct postman {
    weft_frame weft;
    struct town *town;
};
static weft_poll postman(weft_context *cx, struct postman *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 2 * ms));
    if (self->weft.rc == 0)
        self->weft.rc = weft_oneshot_send(&self->town->letter, &(int){7});
    weft_oneshot_sender_close(&self->town->letter);
    WEFT_END(leave(self->town, self->weft.rc == WEFT_EPIPE ? WEFT_ECANCELED : self->weft.rc));
}

struct addressee {
    weft_frame weft;
    struct town *town;
    int value;
};
static weft_poll addressee(weft_context *cx, struct addressee *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_oneshot_recv(cx, &self->town->mailbox, &self->value));
    if (self->weft.rc == 0 && VERDICT(self->value == 7))
        self->town->delivered++;
    weft_oneshot_receiver_close(&self->town->mailbox);
    WEFT_END(leave(self->town, self->weft.rc == WEFT_EPIPE ? WEFT_ECANCELED : self->weft.rc));
}

struct tuner {
    weft_frame weft;
    struct town *town;
    int value;
};
static weft_poll tuner(weft_context *cx, struct tuner *self)
{
    WEFT_BEGIN(cx, self);
    for (self->value = 1; self->value <= TOWN_SHOWS; self->value++) {
        self->weft.rc = weft_watch_send(&self->town->dial, &self->value);
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    weft_watch_sender_close(&self->town->dial);
    WEFT_END(leave(self->town, self->weft.rc < 0 ? WEFT_ECANCELED : 0));
}

struct onlooker {
    weft_frame weft;
    struct town *town;
    int value, last;
};
static weft_poll onlooker(weft_context *cx, struct onlooker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_watch_changed(cx, &self->town->gauge));
        if (self->weft.rc < 0)
            break;
        VERDICT(weft_watch_read(&self->town->gauge, &self->value) == 0 && self->value > self->last);
        self->last = self->value;
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED || !self->town->whole || self->last == TOWN_SHOWS);
    weft_watch_receiver_close(&self->town->gauge);
    WEFT_END(leave(self->town, self->weft.rc));
}

struct speaker {
    weft_frame weft;
    struct town *town;
    int i;
};
static weft_poll speaker(weft_context *cx, struct speaker *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= TOWN_SHOWS; self->i++) {
        if (weft_broadcast_send(&self->town->radio, &self->i) < 0)
            break;
        self->town->broadcasts++;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    weft_broadcast_sender_close(&self->town->radio);
    WEFT_END(leave(self->town, self->weft.rc));
}

struct listener {
    weft_frame weft;
    struct town *town;
    int number;
    int value;
    uint64_t lost;
};
static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_broadcast_recv(cx, &self->town->listeners[self->number], &self->value, &self->lost));
        if (self->weft.rc == WEFT_ELAGGED)
            self->town->missed[self->number] += self->lost; /* and it goes on: that is not the end */
        else if (self->weft.rc < 0)
            break;
        else if (VERDICT(self->value == (int)(self->town->heard[self->number] + self->town->missed[self->number]) + 1))
            self->town->heard[self->number]++;
    }
    weft_broadcast_receiver_close(&self->town->listeners[self->number]);
    WEFT_END(leave(self->town, self->weft.rc));
}

/* ---- a family ---- */

struct child {
    weft_frame weft;
    struct town *town;
    int64_t delay_ns;
    int result;
};
static weft_poll child(weft_context *cx, struct child *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    self->town->ended++;
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->result);
}

/* Its first child fails, so the second is cancelled; of the third it wants the result first. */
struct parent {
    weft_frame weft;
    struct town *town;
    weft_scope scope;
    weft_task third;
    int result;
};
static weft_poll parent(weft_context *cx, struct parent *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "family", .deadline_ns = weft_deadline_in(50 * ms)));
    VERDICT(self->weft.rc == 0);
    self->third = weft_spawn_joinable(&self->scope, child, .town = self->town, .delay_ns = ms, .result = 3);
    self->town->begun += weft_task_error(self->third) == 0;
    self->town->begun += weft_task_error(weft_spawn(&self->scope, child, .town = self->town, .delay_ns = 3 * ms, .result = -5)) == 0;
    self->town->begun += weft_task_error(weft_spawn(&self->scope, child, .town = self->town, .delay_ns = 90 * ms)) == 0;
    if (weft_task_error(self->third) == 0) {
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->third, &self->result));
        VERDICT(self->weft.rc == WEFT_ECANCELED || self->result == 3 || self->result == WEFT_ECANCELED);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(self->weft.rc == -5 || self->weft.rc == 0); /* 0: cancelled from outside, before any of them failed */
    WEFT_END(leave(self->town, self->weft.rc == -5 ? 0 : WEFT_ECANCELED));
}

/* ---- jobs ---- */

static int work(void *town)
{
    return ++((struct town *)town)->jobs_run;
}

struct manager {
    weft_frame weft;
    struct town *town;
    weft_job job;
    int result, turns;
};
static weft_poll manager(weft_context *cx, struct manager *self)
{
    WEFT_BEGIN(cx, self);
    while (self->turns-- > 0) {
        WEFT_AWAIT(self->weft.rc, weft_job_begin(cx, &self->job, WEFT_JOB(work, self->town)));
        if (self->weft.rc < 0)
            break;
        self->town->jobs_begun++;
        WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->job, &self->result));
        if (self->weft.rc < 0) /* taken back before it began; with the pool's end, too */
            self->town->jobs_begun--;
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(leave(self->town, self->weft.rc < 0 ? WEFT_ECANCELED : 0));
}

static void town_open(struct town *town)
{
    weft_runtime *rt = town->rt;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "road", .capacity = 2, .drop = count_drop, .drop_context = town),
                                    &town->out, &town->in), 0);
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "gate", .permits = TOWN_PERMITS), &town->semaphore), 0);
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "well"), &town->mutex), 0);
    assert_int_equal(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.name = "library"), &town->rwlock), 0);
    assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "crier"), &town->notify), 0);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "ferry", .parties = TOWN_PARTIES), &town->barrier), 0);
    assert_int_equal(weft_once_create(rt, WEFT_ONCE_OPTIONS(.name = "baker"), &town->once), 0);
    assert_int_equal(weft_oneshot_create(rt, WEFT_ONESHOT_OPTIONS(.name = "letter"), sizeof(int), &town->letter, &town->mailbox), 0);
    assert_int_equal(weft_watch_create(rt, WEFT_WATCH_OPTIONS(.name = "clock"), sizeof(int), &(int){0}, &town->dial, &town->gauge), 0);
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.name = "radio", .capacity = 4), sizeof(int), &town->radio,
                                           &town->listeners[0]), 0);
    assert_int_equal(weft_broadcast_subscribe(&town->radio, &town->listeners[1]), 0);
}

#define SPAWN(...) (town->begun += weft_task_error(weft_spawn(weft_runtime_scope(rt), __VA_ARGS__)) == 0)

void town_build(struct town *town, weft_runtime *rt)
{
    *town = (struct town){.rt = rt, .whole = true};
    town_open(town);
    for (int i = 0; i < 2; i++) {
        numbers_sender out;
        assert_int_equal(numbers_sender_clone(&town->out, &out), 0);
        SPAWN(sender, .town = town, .out = out);
        SPAWN(locker, .town = town, .turns = TOWN_TURNS);
        SPAWN(reader, .town = town, .turns = TOWN_TURNS);
        SPAWN(waiter, .town = town);
        SPAWN(party, .town = town, .turns = TOWN_TURNS);
        SPAWN(early, .town = town);
        SPAWN(listener, .town = town, .number = i);
        SPAWN(manager, .town = town, .turns = TOWN_TURNS);
    }
    numbers_sender_close(&town->out);
    SPAWN(receiver, .town = town, .in = town->in);
    for (uint32_t i = 0; i < 3; i++)
        SPAWN(guard, .town = town, .permits = 1 + i % TOWN_PERMITS, .turns = TOWN_TURNS);
    SPAWN(writer, .town = town, .turns = TOWN_TURNS);
    SPAWN(teller, .town = town);
    SPAWN(postman, .town = town);
    SPAWN(addressee, .town = town);
    SPAWN(tuner, .town = town);
    SPAWN(onlooker, .town = town);
    SPAWN(speaker, .town = town);
    SPAWN(parent, .town = town);
}

static void town_books_of_a_whole_day(const struct town *town)
{
    VERDICT(town->sent == 2 * TOWN_MESSAGES * 2 / 3 && town->received == town->sent);
    VERDICT(town->initialised == 1 && town->notified == 2 && town->passed == TOWN_PARTIES * TOWN_TURNS);
    VERDICT(town->delivered == 1 && town->broadcasts == TOWN_SHOWS);
    for (int i = 0; i < 2; i++)
        VERDICT(town->heard[i] + (int)town->missed[i] == TOWN_SHOWS);
    VERDICT(town->jobs_run == 2 * TOWN_TURNS);
}

void town_close(struct town *town)
{
    VERDICT(town->begun == town->ended);
    VERDICT(town->sent == town->received + town->dropped);
    VERDICT(town->permits_out == 0 && town->holders == 0 && town->readers == 0 && town->writers == 0);
    VERDICT(weft_semaphore_available(&town->semaphore) == TOWN_PERMITS);
    VERDICT(town->initialised <= 1);
    VERDICT(town->jobs_run == town->jobs_begun);
    if (town->whole)
        town_books_of_a_whole_day(town);
    weft_semaphore_destroy(&town->semaphore);
    weft_mutex_destroy(&town->mutex);
    weft_rwlock_destroy(&town->rwlock);
    weft_notify_destroy(&town->notify);
    weft_barrier_destroy(&town->barrier);
    weft_once_destroy(&town->once);
}
