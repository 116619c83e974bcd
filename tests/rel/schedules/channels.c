/* SPDX-License-Identifier: MIT */
/* Messages: those that wait to send or to receive, against cancellation, closing, permits and overflow. */
#include "scenario.h"

/* What became of the messages of a scenario. */
struct books {
    int sent, received, dropped, failed;
    uint64_t last[4]; /* of each sender, to see their order */
};

static void count_drop(void *message, void *books)
{
    (void)message;
    ((struct books *)books)->dropped++;
}

static void open_channel(struct stage *stage, struct books *books, size_t capacity, weft_overflow overflow, numbers_sender *out,
                         numbers_receiver *in)
{
    VERDICT(numbers_create(stage->rt, WEFT_CHANNEL_OPTIONS(.name = "road", .capacity = capacity, .overflow = overflow,
                                                           .drop = count_drop, .drop_context = books), out, in) == 0);
}

static numbers_sender clone(const numbers_sender *out)
{
    numbers_sender other = {{0}};
    VERDICT(numbers_sender_clone(out, &other) == 0);
    return other;
}

/* Sends its numbers, which carry its own; counts what was taken. */
struct sending {
    weft_frame weft;
    struct books *books;
    numbers_sender out;
    uint64_t who, i, count;
    int *rc;
};
static weft_poll sending(weft_context *cx, struct sending *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= self->count; self->i++) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->who << 32 | self->i));
        if (self->weft.rc < 0) {
            self->books->failed++;
            break;
        }
        self->books->sent++;
    }
    if (self->rc)
        *self->rc = self->weft.rc;
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

static void note_received(struct books *books, uint64_t message)
{
    const uint64_t who = message >> 32, number = message & UINT32_MAX;
    books->received++;
    VERDICT(who < 4 && number > books->last[who]); /* in the order of its sender */
    books->last[who] = number;
}

/* Receives to the end, or so many. What is left when it closes is dropped. */
struct receiving {
    weft_frame weft;
    struct books *books;
    numbers_receiver *in; /* the scenario's: another may go on with it */
    uint64_t value;
    int limit;
    bool leaves_open;
    int *rc;
};
static weft_poll receiving(weft_context *cx, struct receiving *self)
{
    WEFT_BEGIN(cx, self);
    while (self->limit-- > 0) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        note_received(self->books, self->value);
    }
    if (self->rc)
        *self->rc = self->weft.rc;
    if (!self->leaves_open)
        numbers_receiver_close(self->in);
    WEFT_END(0);
}

static void check_books(const struct books *books) { VERDICT(books->sent == books->received + books->dropped); }

/* Senders wait at a full channel; some are cancelled, before or after a place was given to them: nobody's place is lost. */
static void play_cancel_of_send(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc[3] = {0};
    open_channel(stage, &books, 1, WEFT_WAIT, &out, &in);
    weft_task tasks[3];
    for (uint64_t i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, sending, .books = &books, .out = clone(&out), .who = i, .count = 2, .rc = &rc[i]);
    numbers_sender_close(&out);
    for (uint32_t i = 0; i < 2; i++)
        weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 3)], .yields = roll(stage, 4));
    weft_spawn(stage->scope, receiving, .books = &books, .in = &in, .limit = 99);
    stage_run(stage);
    check_books(&books);
    VERDICT(books.dropped == 0 && books.sent + 2 * books.failed >= 6);
    for (int i = 0; i < 3; i++)
        reach_either(stage, rc[i], 0, 1);
}

/* The receiver is cancelled as a message comes; another task goes on with its handle. */
static void play_cancel_of_recv(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc = 99;
    open_channel(stage, &books, 2, WEFT_WAIT, &out, &in);
    weft_task task = weft_spawn_joinable(stage->scope, receiving, .books = &books, .in = &in, .limit = 3, .leaves_open = true, .rc = &rc);
    weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 4));
    weft_spawn(stage->scope, sending, .books = &books, .out = out, .who = 1, .count = 3);
    VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0);
    reach_either(stage, rc, 0, 1);
    weft_spawn(stage->scope, receiving, .books = &books, .in = &in, .limit = 99);
    stage_run(stage);
    VERDICT(books.received == 3 && books.sent == 3);
}

/* Takes from the first of two, and is cancelled; what it has not taken is still there. */
struct selecting {
    weft_frame weft;
    struct books *books;
    numbers_receiver *a, *b;
    weft_recv_future from_a, from_b;
    weft_select_state select;
    uint64_t va, vb;
    int which, *rc;
    bool open_a, open_b;
};
static weft_poll selecting(weft_context *cx, struct selecting *self)
{
    WEFT_BEGIN(cx, self);
    self->open_a = self->open_b = true;
    while (self->open_a && self->open_b) {
        numbers_recv_begin(&self->from_a, self->a, &self->va);
        numbers_recv_begin(&self->from_b, self->b, &self->vb);
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->from_a.future, &self->from_b.future));
        if (self->which < 0)
            break;
        if (self->which == 0 && (self->open_a = self->from_a.future.result == 0))
            note_received(self->books, self->va);
        if (self->which == 1 && (self->open_b = self->from_b.future.result == 0))
            note_received(self->books, self->vb);
    }
    *self->rc = self->which < 0 ? self->which : 0;
    WEFT_END(0);
}

static void play_cancel_of_select(struct stage *stage)
{
    struct books books = {0};
    numbers_sender outs[2];
    numbers_receiver ins[2];
    int rc = 99;
    for (uint64_t i = 0; i < 2; i++) {
        open_channel(stage, &books, 1, WEFT_WAIT, &outs[i], &ins[i]);
        weft_spawn(stage->scope, sending, .books = &books, .out = outs[i], .who = i, .count = 2);
    }
    weft_task task = weft_spawn_joinable(stage->scope, selecting, .books = &books, .a = &ins[0], .b = &ins[1], .rc = &rc);
    weft_spawn(stage->scope, canceller, .target = task, .yields = roll(stage, 5));
    VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0);
    reach_either(stage, rc, 0, 1);
    for (int i = 0; i < 2; i++)
        weft_spawn(stage->scope, receiving, .books = &books, .in = &ins[i], .limit = 99);
    stage_run(stage);
    VERDICT(books.received == 4 && books.sent == 4 && books.dropped == 0);
}

/* The receiver goes while senders wait: each message is received, dropped once, or still its sender's. */
static void play_close_against_senders(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc[3] = {99, 99, 99};
    open_channel(stage, &books, 1 + roll(stage, 2), WEFT_WAIT, &out, &in);
    for (uint64_t i = 0; i < 3; i++)
        weft_spawn(stage->scope, sending, .books = &books, .out = clone(&out), .who = i, .count = 2, .rc = &rc[i]);
    numbers_sender_close(&out);
    weft_spawn(stage->scope, receiving, .books = &books, .in = &in, .limit = (int)roll(stage, 5));
    stage_run(stage);
    check_books(&books);
    for (int i = 0; i < 3; i++) {
        VERDICT(rc[i] == 0 || rc[i] == WEFT_EPIPE);
        reach(stage, rc[i] == 0 ? 0 : 1);
    }
    if (books.dropped > 0)
        reach(stage, 2);
}

/* Reserves, waits, and then sends or gives the place back. */
struct reserving {
    weft_frame weft;
    struct books *books;
    numbers_sender out;
    numbers_permit permit;
    uint64_t who, i;
    uint32_t yields;
    bool releases;
    int *rc;
};
static weft_poll reserving(weft_context *cx, struct reserving *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= 2; self->i++) {
        WEFT_AWAIT(*self->rc, numbers_reserve(cx, &self->out, &self->permit));
        if (*self->rc < 0)
            break;
        for (; self->yields > 0; self->yields--)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->releases)
            numbers_permit_release(&self->permit);
        else if (numbers_permit_send(&self->permit, self->who << 32 | self->i) == 0)
            self->books->sent++;
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

/* Stops, and drains: the end comes when the last permit is settled, and not before. */
struct stopping {
    weft_frame weft;
    struct books *books;
    numbers_receiver *in;
    uint64_t value;
    uint32_t yields;
    bool leaves_open; /* who waited to send must be told by the stop, not by the close */
    int *rc;
};
static weft_poll stopping(weft_context *cx, struct stopping *self)
{
    WEFT_BEGIN(cx, self);
    while (self->yields-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    numbers_receiver_stop(self->in);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        note_received(self->books, self->value);
    }
    *self->rc = self->weft.rc;
    if (!self->leaves_open)
        numbers_receiver_close(self->in);
    WEFT_END(0);
}

static void play_stop_against_permits(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc[3] = {99, 99, 99}, stopped = 99;
    open_channel(stage, &books, 1 + roll(stage, 2), WEFT_WAIT, &out, &in);
    weft_task tasks[3];
    for (uint64_t i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, reserving, .books = &books, .out = clone(&out), .who = i, .yields = roll(stage, 3),
                              .releases = roll(stage, 3) == 0, .rc = &rc[i]);
    const bool one_stays = roll(stage, 2); /* then only the last permit's end tells the receiver, and no sender's */
    if (!one_stays)
        numbers_sender_close(&out);
    weft_spawn(stage->scope, stopping, .books = &books, .in = &in, .yields = roll(stage, 4), .rc = &stopped,
               .leaves_open = roll(stage, 2));
    if (roll(stage, 2))
        weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 3)], .yields = roll(stage, 4));
    stage_run(stage);
    VERDICT(stopped == WEFT_EPIPE && books.sent == books.received && books.dropped == 0);
    if (one_stays)
        numbers_sender_close(&out);
    numbers_receiver_close(&in);
    for (int i = 0; i < 3; i++) {
        VERDICT(rc[i] == 0 || rc[i] == WEFT_EPIPE || rc[i] == WEFT_ECANCELED);
        reach(stage, rc[i] == 0 ? 0 : rc[i] == WEFT_EPIPE ? 1 : 2);
    }
}

/* Who waits to send when the receiver stops is told so, once; a place that becomes free later is for nobody. */
static void play_stop_against_senders(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc[3] = {99, 99, 99};
    weft_task tasks[3];
    uint64_t value;
    open_channel(stage, &books, 1, WEFT_WAIT, &out, &in);
    VERDICT(numbers_try_send(&out, 1) == 0);
    for (uint64_t i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, sending, .books = &books, .out = clone(&out), .who = i, .count = 1, .rc = &rc[i]);
    while (world_sender_stats(&out).senders_waiting < 3)
        VERDICT(weft_runtime_turn(stage->rt, 1) == 1);
    if (roll(stage, 2))
        weft_task_cancel(tasks[roll(stage, 3)]);
    if (roll(stage, 2)) /* the cancelled one has had its poll, or not */
        VERDICT(weft_runtime_turn(stage->rt, 1) >= 0);
    numbers_receiver_stop(&in);
    VERDICT(numbers_try_recv(&in, &value) == 0);
    stage_run(stage);
    for (int i = 0; i < 3; i++) {
        VERDICT(rc[i] == WEFT_EPIPE || rc[i] == WEFT_ECANCELED);
        reach(stage, rc[i] == WEFT_EPIPE ? 0 : 1);
    }
    VERDICT(books.sent == 0 && numbers_try_recv(&in, &value) == WEFT_EPIPE);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}

/* One that waits to reserve is cancelled after the place was given to it: the next gets it. */
static void play_cancel_of_reserve(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int rc[3] = {99, 99, 99};
    open_channel(stage, &books, 1, WEFT_WAIT, &out, &in);
    weft_task tasks[3];
    for (uint64_t i = 0; i < 3; i++)
        tasks[i] = weft_spawn(stage->scope, reserving, .books = &books, .out = clone(&out), .who = i, .yields = roll(stage, 3),
                              .releases = roll(stage, 2), .rc = &rc[i]);
    numbers_sender_close(&out);
    weft_spawn(stage->scope, canceller, .target = tasks[roll(stage, 3)], .yields = roll(stage, 4));
    weft_spawn(stage->scope, receiving, .books = &books, .in = &in, .limit = 99);
    stage_run(stage);
    check_books(&books);
    for (int i = 0; i < 3; i++)
        reach_either(stage, rc[i], 0, 1);
}

/* Full: the newest or the oldest goes, or the sender is told; the numbers add up in every case. */
static void play_overflow(struct stage *stage)
{
    static const weft_overflow policies[] = {WEFT_FAIL, WEFT_DROP_NEWEST, WEFT_DROP_OLDEST};
    const uint32_t which = roll(stage, 3);
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    open_channel(stage, &books, 1 + roll(stage, 2), policies[which], &out, &in);
    for (uint64_t i = 0; i < 3; i++)
        weft_spawn(stage->scope, sending, .books = &books, .out = clone(&out), .who = i, .count = 3);
    numbers_sender_close(&out);
    weft_spawn(stage->scope, receiving, .books = &books, .in = &in, .limit = roll(stage, 2) ? 99 : 2);
    stage_run(stage);
    check_books(&books);
    if (books.dropped > 0 && which > 0)
        reach(stage, which - 1);
    if (books.failed > 0 && which == 0)
        reach(stage, 2);
}

/* The end comes once, after the last message, to a receiver that waits or not, one by one or in batches. */
struct batching {
    weft_frame weft;
    struct books *books;
    numbers_receiver in;
    uint64_t values[3];
    int *ends;
};
static weft_poll batching(weft_context *cx, struct batching *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv_many(cx, &self->in, self->values, 3));
        if (self->weft.rc < 0)
            break;
        VERDICT(self->weft.rc > 0);
        for (int i = 0; i < self->weft.rc; i++)
            note_received(self->books, self->values[i]);
    }
    *self->ends += self->weft.rc == WEFT_EPIPE;
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void play_last_sender(struct stage *stage)
{
    struct books books = {0};
    numbers_sender out;
    numbers_receiver in;
    int ends = 0;
    open_channel(stage, &books, 2, WEFT_WAIT, &out, &in);
    weft_spawn(stage->scope, batching, .books = &books, .in = in, .ends = &ends);
    for (uint64_t i = 0; i < 2; i++)
        weft_spawn(stage->scope, sending, .books = &books, .out = clone(&out), .who = i, .count = roll(stage, 4));
    numbers_sender_close(&out);
    stage_run(stage);
    VERDICT(ends == 1 && books.sent == books.received && books.dropped == 0);
    reach(stage, books.sent == 0 ? 0 : 1);
}

/* A message whose drop function sends, into another channel. */
struct chain {
    struct books books;
    numbers_sender next;
};
static void drop_and_send(void *message, void *chain)
{
    struct chain *self = chain;
    self->books.dropped++;
    (void)message;
    if (numbers_try_send(&self->next, 1) == 0)
        self->books.sent++;
}

static void play_drop_that_sends(struct stage *stage)
{
    struct chain chain = {.books = {0}};
    struct books other = {0};
    numbers_sender out;
    numbers_receiver in, next;
    VERDICT(numbers_create(stage->rt, WEFT_CHANNEL_OPTIONS(.name = "acts", .capacity = 2, .drop = drop_and_send, .drop_context = &chain),
                           &out, &in) == 0);
    open_channel(stage, &other, 2, WEFT_WAIT, &chain.next, &next);
    weft_spawn(stage->scope, sending, .books = &other, .out = out, .who = 0, .count = 2);
    weft_spawn(stage->scope, receiving, .books = &other, .in = &in, .limit = (int)roll(stage, 3));
    stage_run(stage);
    VERDICT(other.sent == other.received + chain.books.dropped && chain.books.sent == chain.books.dropped);
    numbers_sender_close(&chain.next);
    uint64_t value;
    while (numbers_try_recv(&next, &value) == 0)
        chain.books.received++;
    numbers_receiver_close(&next);
    VERDICT(chain.books.received == chain.books.sent);
    reach(stage, chain.books.dropped == 0 ? 0 : 1);
}

const struct scenario scenarios_of_channels[] = {
    {"cancel at the commit of send", play_cancel_of_send, {"sent", "cancelled"}, 0, 0},
    {"cancel at the commit of recv", play_cancel_of_recv, {"received", "cancelled"}, 0, 0},
    {"cancel at the commit of select", play_cancel_of_select, {"selected", "cancelled"}, 0, 0},
    {"close against blocked senders", play_close_against_senders, {"sent", "told", "dropped"}, 0, 0},
    {"stop against reserved permits", play_stop_against_permits, {"used", "told", "cancelled"}, 0, 0},
    {"stop against those that wait", play_stop_against_senders, {"told", "cancelled"}, 0, 0},
    {"cancel at the commit of reserve", play_cancel_of_reserve, {"reserved", "cancelled"}, 0, 0},
    {"overflow", play_overflow, {"newest dropped", "oldest dropped", "failed"}, 0, 0},
    {"the last sender goes", play_last_sender, {"with nothing sent", "after messages"}, 0, 0},
    {"a drop function that sends", play_drop_that_sends, {"nothing dropped", "dropped"}, 0, 0},
    {NULL, NULL, {NULL}, 0, 0},
};
