/* SPDX-License-Identifier: MIT */
/* Semaphore, locks, notify, barrier, once, oneshot, watch, broadcast: against cancellation and against their ends. */
#include "scenario.h"

/* ---- permits: handed over in the order of arrival, and on when their new owner turns away ---- */

struct line {
    weft_semaphore semaphore;
    int out, out_max, arrived, served, barged;
};

struct guard {
    weft_frame weft;
    struct line *line;
    uint32_t permits;
    int place, *rc;
};
static weft_poll guard(weft_context *cx, struct guard *self)
{
    WEFT_BEGIN(cx, self);
    self->place = self->line->arrived++;
    WEFT_AWAIT(*self->rc, weft_semaphore_acquire(cx, &self->line->semaphore, self->permits));
    if (*self->rc < 0)
        WEFT_RETURN(0);
    self->line->out += (int)self->permits;
    VERDICT(self->line->out <= self->line->out_max);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->line->out -= (int)self->permits;
    weft_semaphore_release(&self->line->semaphore, self->permits);
    WEFT_END(0);
}

static void play_acquire(struct stage *stage)
{
    struct line line = {.out_max = 2};
    int rc[4] = {99, 99, 99, 99};
    weft_task tasks[4];
    VERDICT(weft_semaphore_create(stage->rt, WEFT_SEMAPHORE_OPTIONS(.name = "gate", .permits = 2), &line.semaphore) == 0);
    for (int i = 0; i < 4; i++)
        tasks[i] = weft_spawn(stage->scope, guard, .line = &line, .permits = 1 + roll(stage, 2), .rc = &rc[i]);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 4)], .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(line.out == 0 && weft_semaphore_available(&line.semaphore) == 2);
    for (int i = 0; i < 4; i++)
        reach_either(stage, rc[i], 0, 1);
    weft_semaphore_destroy(&line.semaphore);
}

/* Tries while somebody waits: it must not get what the other one is owed. */
struct barging {
    weft_frame weft;
    struct line *line;
    const int *waiting;
    int rounds;
};
static weft_poll barging(weft_context *cx, struct barging *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        if (weft_semaphore_try_acquire(&self->line->semaphore, 1) == 0) {
            self->line->barged += *self->waiting > 0;
            weft_semaphore_release(&self->line->semaphore, 1);
        }
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* Waits for two permits of two, so one that is free is not for others. */
struct patient {
    weft_frame weft;
    struct line *line;
    int *waiting;
};
static weft_poll patient(weft_context *cx, struct patient *self)
{
    WEFT_BEGIN(cx, self);
    ++*self->waiting;
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->line->semaphore, 2));
    --*self->waiting;
    weft_semaphore_release(&self->line->semaphore, 2);
    WEFT_END(0);
}

static void play_barging(struct stage *stage)
{
    struct line line = {0};
    int waiting = 0;
    VERDICT(weft_semaphore_create(stage->rt, WEFT_SEMAPHORE_OPTIONS(.name = "gate", .permits = 2), &line.semaphore) == 0);
    VERDICT(weft_semaphore_try_acquire(&line.semaphore, 1) == 0);
    weft_spawn(stage->scope, patient, .line = &line, .waiting = &waiting);
    while (waiting == 0)
        VERDICT(weft_runtime_turn(stage->rt, 1) == 1);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, barging, .line = &line, .waiting = &waiting, .rounds = 3);
    VERDICT(weft_runtime_turn(stage->rt, 1 + roll(stage, 6)) > 0);
    weft_semaphore_release(&line.semaphore, 1);
    stage_run(stage);
    VERDICT(line.barged == 0);
    weft_semaphore_destroy(&line.semaphore);
}

/* ---- locks ---- */

struct locked {
    weft_mutex mutex;
    weft_rwlock rwlock;
    int holders, readers, writers;
};

struct locker {
    weft_frame weft;
    struct locked *locked;
    int *rc;
};
static weft_poll locker(weft_context *cx, struct locker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->rc, weft_mutex_lock(cx, &self->locked->mutex));
    if (*self->rc < 0)
        WEFT_RETURN(0);
    VERDICT(self->locked->holders++ == 0);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->locked->holders--;
    VERDICT(weft_mutex_unlock(&self->locked->mutex) == 0);
    WEFT_END(0);
}

struct sharer {
    weft_frame weft;
    struct locked *locked;
    bool writes;
    int *rc;
};
static weft_poll sharer(weft_context *cx, struct sharer *self)
{
    WEFT_BEGIN(cx, self);
    if (self->writes)
        WEFT_AWAIT(*self->rc, weft_rwlock_write(cx, &self->locked->rwlock));
    else
        WEFT_AWAIT(*self->rc, weft_rwlock_read(cx, &self->locked->rwlock));
    if (*self->rc < 0)
        WEFT_RETURN(0);
    *(self->writes ? &self->locked->writers : &self->locked->readers) += 1;
    VERDICT(self->locked->writers == 0 || (self->locked->writers == 1 && self->locked->readers == 0));
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *(self->writes ? &self->locked->writers : &self->locked->readers) -= 1;
    VERDICT((self->writes ? weft_rwlock_write_unlock(&self->locked->rwlock) : weft_rwlock_read_unlock(&self->locked->rwlock)) == 0);
    WEFT_END(0);
}

static void play_locks(struct stage *stage)
{
    struct locked locked = {.holders = 0};
    const bool shared = roll(stage, 2);
    int rc[4] = {99, 99, 99, 99};
    weft_task tasks[4];
    VERDICT(weft_mutex_create(stage->rt, WEFT_MUTEX_OPTIONS(.name = "m"), &locked.mutex) == 0);
    VERDICT(weft_rwlock_create(stage->rt, WEFT_RWLOCK_OPTIONS(.name = "rw"), &locked.rwlock) == 0);
    for (int i = 0; i < 4; i++)
        tasks[i] = shared ? weft_spawn(stage->scope, sharer, .locked = &locked, .writes = roll(stage, 2), .rc = &rc[i])
                          : weft_spawn(stage->scope, locker, .locked = &locked, .rc = &rc[i]);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 4)], .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(weft_mutex_try_lock(&locked.mutex) == 0 && weft_mutex_unlock(&locked.mutex) == 0);
    VERDICT(weft_rwlock_try_write(&locked.rwlock) == 0 && weft_rwlock_write_unlock(&locked.rwlock) == 0);
    for (int i = 0; i < 4; i++)
        reach_either(stage, rc[i], shared ? 2 : 0, shared ? 3 : 1);
    weft_mutex_destroy(&locked.mutex);
    weft_rwlock_destroy(&locked.rwlock);
}

/* ---- notify ---- */

struct listening {
    weft_frame weft;
    const weft_notify *notify;
    int *waiting, *rc;
};
static weft_poll listening(weft_context *cx, struct listening *self)
{
    WEFT_BEGIN(cx, self);
    ++*self->waiting;
    WEFT_AWAIT(*self->rc, weft_notify_wait(cx, self->notify));
    WEFT_END(0);
}

struct calling {
    weft_frame weft;
    const weft_notify *notify;
    uint32_t yields;
};
static weft_poll calling(weft_context *cx, struct calling *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    weft_notify_one(self->notify);
    WEFT_END(0);
}

/* Two wait, one is told, one is cancelled: whoever is left has been told, or the call is kept for whoever comes. */
static void play_notify(struct stage *stage)
{
    weft_notify notify;
    int waiting = 0, rc[2] = {99, 99};
    weft_task tasks[2];
    VERDICT(weft_notify_create(stage->rt, WEFT_NOTIFY_OPTIONS(.name = "n"), &notify) == 0);
    for (int i = 0; i < 2; i++)
        tasks[i] = weft_spawn(stage->scope, listening, .notify = &notify, .waiting = &waiting, .rc = &rc[i]);
    if (roll(stage, 2))
        while (waiting < 2)
            VERDICT(weft_runtime_turn(stage->rt, 1) == 1);
    weft_spawn(stage->scope, calling, .notify = &notify, .yields = roll(stage, 3));
    weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 2)], .yields = roll(stage, 3));
    while (weft_runtime_turn(stage->rt, INT32_MAX) > 0)
        continue;
    const int told = (rc[0] == 0) + (rc[1] == 0), cancelled = (rc[0] == WEFT_ECANCELED) + (rc[1] == WEFT_ECANCELED);
    VERDICT(told == 1 && cancelled <= 1); /* never lost with the one that was cancelled, and never two */
    reach(stage, cancelled == 1 ? 0 : 1);
    weft_notify_all(&notify);
    stage_run(stage);
    weft_notify_destroy(&notify);
}

/* ---- barrier, once ---- */

struct meeting {
    weft_frame weft;
    const weft_barrier *barrier;
    int *rc;
};
static weft_poll meeting(weft_context *cx, struct meeting *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->rc, weft_barrier_wait(cx, self->barrier));
    WEFT_END(0);
}

/* Three come to a barrier for two; one may turn away. With an even number left all pass, else one waits for the end. */
static void play_barrier(struct stage *stage)
{
    weft_barrier barrier;
    int rc[3] = {99, 99, 99};
    weft_task tasks[3];
    VERDICT(weft_barrier_create(stage->rt, WEFT_BARRIER_OPTIONS(.name = "b", .parties = 2), &barrier) == 0);
    for (int i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, meeting, .barrier = &barrier, .rc = &rc[i]);
    weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 3)], .yields = roll(stage, 3));
    while (weft_runtime_turn(stage->rt, INT32_MAX) > 0)
        continue;
    int passed = 0, cancelled = 0, waiting = 0;
    for (int i = 0; i < 3; i++) {
        passed += rc[i] == 0 || rc[i] == 1;
        cancelled += rc[i] == WEFT_ECANCELED;
        waiting += rc[i] == 99;
    }
    VERDICT(passed + cancelled + waiting == 3 && waiting <= 1 && cancelled <= 1);
    reach(stage, cancelled == 0 ? 0 : waiting == 0 ? 1 : 2);
    weft_barrier_destroy(&barrier); /* tells the one that is left */
    stage_run(stage);
}

struct doing {
    weft_frame weft;
    const weft_once *once;
    uint32_t fails;
    int *done, *rc;
};
static weft_poll doing(weft_context *cx, struct doing *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->rc, weft_once_enter(cx, self->once));
    if (*self->rc == 1) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        *self->done += self->weft.rc == 0 && self->fails == 0;
        VERDICT(weft_once_leave(self->once, self->weft.rc < 0 ? self->weft.rc : self->fails ? -5 : 0) == 0);
    }
    WEFT_END(0);
}

/* Whoever does it may fail or be cancelled half-way: the next one does it, and it is done once. */
static void play_once(struct stage *stage)
{
    weft_once once;
    int done = 0, rc[3] = {99, 99, 99};
    weft_task tasks[3];
    VERDICT(weft_once_create(stage->rt, WEFT_ONCE_OPTIONS(.name = "o"), &once) == 0);
    for (int i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, doing, .once = &once, .fails = roll(stage, 3) == 0, .done = &done, .rc = &rc[i]);
    weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 3)], .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(done <= 1);
    for (int i = 0; i < 3; i++) {
        VERDICT(rc[i] == 1 || rc[i] == WEFT_ECANCELED || (rc[i] == 0 && done == 1));
        reach(stage, rc[i] == 1 ? 0 : rc[i] == 0 ? 1 : 2);
    }
    weft_once_destroy(&once);
}

/* ---- one value, the latest value, every value ---- */

struct posting {
    weft_frame weft;
    weft_oneshot_sender *out;
    uint32_t yields;
    bool gives_up;
    int *rc;
};
static weft_poll posting(weft_context *cx, struct posting *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->rc = self->gives_up ? WEFT_EAGAIN : weft_oneshot_send(self->out, &(int){7});
    weft_oneshot_sender_close(self->out);
    WEFT_END(0);
}

struct fetching {
    weft_frame weft;
    weft_oneshot_receiver *in;
    int value, *rc;
};
static weft_poll fetching(weft_context *cx, struct fetching *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->rc, weft_oneshot_recv(cx, self->in, &self->value));
    VERDICT(*self->rc != 0 || self->value == 7);
    weft_oneshot_receiver_close(self->in);
    WEFT_END(0);
}

static void play_oneshot(struct stage *stage)
{
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    int sent = 99, got = 99;
    VERDICT(weft_oneshot_create(stage->rt, WEFT_ONESHOT_OPTIONS(.name = "1"), sizeof(int), &out, &in) == 0);
    const weft_task task = weft_spawn(stage->scope, fetching, .in = &in, .rc = &got);
    weft_spawn(stage->scope, posting, .out = &out, .yields = roll(stage, 3), .gives_up = roll(stage, 4) == 0, .rc = &sent);
    if (roll(stage, 2))
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 3));
    stage_run(stage);
    VERDICT(sent == 0 || sent == WEFT_EPIPE || sent == WEFT_EAGAIN);
    VERDICT(got == 0 ? sent == 0 : got == WEFT_ECANCELED || (got == WEFT_EPIPE && sent == WEFT_EAGAIN));
    reach(stage, got == 0 ? 0 : got == WEFT_EPIPE ? 1 : sent == 0 ? 2 : 3);
}

struct showing {
    weft_frame weft;
    weft_watch_sender out;
    int value, last;
};
static weft_poll showing(weft_context *cx, struct showing *self)
{
    WEFT_BEGIN(cx, self);
    for (self->value = 1; self->value <= self->last; self->value++) {
        VERDICT(weft_watch_send(&self->out, &self->value) == 0 || weft_watch_replace(&self->out, &self->value, NULL) >= 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    weft_watch_sender_close(&self->out);
    WEFT_END(0);
}

struct watching {
    weft_frame weft;
    weft_watch_receiver in;
    int value, last, *seen, *rc;
};
static weft_poll watching(weft_context *cx, struct watching *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(*self->rc, weft_watch_changed(cx, &self->in));
        if (*self->rc < 0)
            break;
        VERDICT(weft_watch_read(&self->in, &self->value) == 0 && self->value > self->last);
        self->last = self->value;
        ++*self->seen;
    }
    VERDICT(*self->rc == WEFT_ECANCELED || self->last == 3); /* the last one is never missed */
    weft_watch_receiver_close(&self->in);
    WEFT_END(0);
}

static void play_watch(struct stage *stage)
{
    weft_watch_sender out;
    weft_watch_receiver in;
    int seen = 0, rc = 99;
    VERDICT(weft_watch_create(stage->rt, WEFT_WATCH_OPTIONS(.name = "w"), sizeof(int), &(int){0}, &out, &in) == 0);
    weft_spawn(stage->scope, showing, .out = out, .last = 3);
    const weft_task task = weft_spawn(stage->scope, watching, .in = in, .seen = &seen, .rc = &rc);
    if (roll(stage, 4) == 0)
        weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(rc == WEFT_EPIPE || rc == WEFT_ECANCELED);
    reach(stage, rc == WEFT_ECANCELED ? 0 : seen == 3 ? 1 : 2);
}

struct saying {
    weft_frame weft;
    weft_broadcast_sender out;
    int value, last, *said;
};
static weft_poll saying(weft_context *cx, struct saying *self)
{
    WEFT_BEGIN(cx, self);
    for (self->value = 1; self->value <= self->last; self->value++) {
        *self->said += weft_broadcast_send(&self->out, &self->value) >= 0;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    weft_broadcast_sender_close(&self->out);
    WEFT_END(0);
}

struct hearing {
    weft_frame weft;
    weft_broadcast_receiver in;
    uint64_t lost, missed;
    int value, heard, *total, *lags, *rc;
};
static weft_poll hearing(weft_context *cx, struct hearing *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(*self->rc, weft_broadcast_recv(cx, &self->in, &self->value, &self->lost));
        if (*self->rc == WEFT_ELAGGED) {
            self->missed += self->lost;
            ++*self->lags;
        } else if (*self->rc < 0) {
            break;
        } else {
            self->heard++;
            VERDICT(self->value == self->heard + (int)self->missed);
        }
    }
    *self->total = self->heard + (int)self->missed;
    weft_broadcast_receiver_close(&self->in);
    WEFT_END(0);
}

/* Whoever lags is told by how much, and then hears the rest: lag is not the end, and the end comes after the last one. */
static void play_broadcast(struct stage *stage)
{
    weft_broadcast_sender out;
    weft_broadcast_receiver in[2];
    int said = 0, total[2] = {0}, lags = 0, rc[2] = {99, 99};
    VERDICT(weft_broadcast_create(stage->rt, WEFT_BROADCAST_OPTIONS(.name = "b", .capacity = 2), sizeof(int), &out, &in[0]) == 0);
    VERDICT(weft_broadcast_subscribe(&out, &in[1]) == 0);
    weft_spawn(stage->scope, saying, .out = out, .last = 6, .said = &said);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, hearing, .in = in[i], .total = &total[i], .lags = &lags, .rc = &rc[i]);
    stage_run(stage);
    for (int i = 0; i < 2; i++)
        VERDICT(rc[i] == WEFT_EPIPE && total[i] == 6);
    VERDICT(said == 6);
    reach(stage, lags > 0 ? 0 : 1);
}

const struct scenario scenarios_of_meetings[] = {
    {"cancel at the commit of acquire", play_acquire, {"acquired", "cancelled"}, 0, 0},
    {"newcomers and those that wait", play_barging, {NULL}, 0, 0},
    {"locks against cancel", play_locks, {"locked", "cancelled", "shared", "cancelled there"}, 0, 0},
    {"notify against cancel", play_notify, {"with one cancelled", "with none"}, 0, 0},
    {"barrier against cancel", play_barrier, {"one is left", "two have passed", "cancelled and left"}, 0, 0},
    {"once against failure and cancel", play_once, {"did it", "found it done", "cancelled"}, 0, 0},
    {"oneshot against both ends", play_oneshot, {"delivered", "given up", "cancelled after it", "cancelled"}, 0, 0},
    {"watch against its end", play_watch, {"cancelled", "saw all", "missed some"}, 0, 0},
    {"broadcast lag against its end", play_broadcast, {"lagged", "heard all"}, 0, 0},
    {NULL, NULL, {NULL}, 0, 0},
};
