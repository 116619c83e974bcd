/* SPDX-License-Identifier: MIT */
/* The tasks of a storm. Each waits, goes on, and notes its end; none is in the way of a cancellation. */
#include <time.h>

#include "storm.h"

struct books books;

int books_end(int result)
{
    atomic_fetch_add(result >= 0 ? &books.completed : result == WEFT_ECANCELED ? &books.cancelled : &books.failed, 1);
    return result;
}

bool books_spawned(weft_task task)
{
    if (weft_task_error(task) < 0)
        return false;
    atomic_fetch_add(&books.spawned, 1);
    return true;
}

void books_balance(void)
{
    VERDICT(books.spawned == books.completed + books.cancelled + books.failed);
    VERDICT(books.sent == books.received + books.returned);
    VERDICT(books.submitted == books.ran + books.taken_back);
    VERDICT(books.read <= books.written);
}

static int64_t microseconds(struct weft__rng *rng, uint32_t below)
{
    return (int64_t)weft__rng_below(rng, below) * 1000;
}

/* --- channels: a receiver that is slow and may go early, senders that wait for it ----------------------------------- */

struct sender {
    weft_frame weft;
    struct weft__rng rng;
    numbers_sender out;
    numbers_permit permit;
    int left;
};

static void sender_drop(void *frame)
{
    struct sender *self = frame;
    numbers_sender_close(&self->out);
    books_end(WEFT_ECANCELED);
}

static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    for (self->left = 1 + (int)weft__rng_below(&self->rng, 40); self->left > 0; self->left--) {
        if (weft__rng_below(&self->rng, 4) > 0) {
            WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, (uint64_t)self->left));
            if (self->weft.rc < 0)
                break;
            atomic_fetch_add(&books.sent, 1);
            continue;
        }
        WEFT_AWAIT(self->weft.rc, numbers_reserve(cx, &self->out, &self->permit));
        if (self->weft.rc < 0)
            break;
        if (weft__rng_below(&self->rng, 3) == 0)
            numbers_permit_release(&self->permit);
        else if (numbers_permit_send(&self->permit, (uint64_t)self->left) == 0)
            atomic_fetch_add(&books.sent, 1);
        else
            numbers_permit_release(&self->permit);
    }
    numbers_sender_close(&self->out);
    WEFT_END(books_end(self->weft.rc));
}

struct receiver {
    weft_frame weft;
    struct weft__rng rng;
    numbers_receiver in;
    uint64_t value;
    int patience; /* messages after which it closes, amid its senders */
};

static void receiver_drop(void *frame)
{
    struct receiver *self = frame;
    numbers_receiver_close(&self->in);
    books_end(WEFT_ECANCELED);
}

static weft_poll receiver(weft_context *cx, struct receiver *self)
{
    WEFT_BEGIN(cx, self);
    while (self->patience-- > 0) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(&books.received, 1);
        if (weft__rng_below(&self->rng, 8) == 0)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, microseconds(&self->rng, 300)));
        else if (weft__rng_below(&self->rng, 2) == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    numbers_receiver_close(&self->in);
    WEFT_END(books_end(self->weft.rc == WEFT_EPIPE ? 0 : self->weft.rc));
}

/* --- time, and waits for the first of several ------------------------------------------------------------------------ */

struct sleeper {
    weft_frame weft;
    struct weft__rng rng;
    weft_interval interval;
    int left;
};

/* Of an actor that holds nothing. */
static void plain_drop(void *frame)
{
    (void)frame;
    books_end(WEFT_ECANCELED);
}
#define sleeper_drop plain_drop
#define jobber_drop plain_drop
#define parent_drop plain_drop

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    if (weft__rng_below(&self->rng, 4) == 0) {
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
        WEFT_RETURN(books_end(self->weft.rc));
    }
    if (weft_interval_start(&self->interval, 100000 + microseconds(&self->rng, 1000), WEFT_MISSED_SKIP) < 0)
        WEFT_RETURN(books_end(WEFT_EINVAL));
    for (self->left = (int)weft__rng_below(&self->rng, 6); self->left > 0 && self->weft.rc >= 0; self->left--)
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
    WEFT_END(books_end(self->weft.rc < 0 ? self->weft.rc : 0));
}

/* A message, room for one, a time: whichever is first, again and again. */
struct chooser {
    weft_frame weft;
    struct weft__rng rng;
    numbers_sender out;
    numbers_receiver in;
    weft_recv_future recv;
    weft_send_future send;
    weft_sleep_future sleep;
    weft_select_state select;
    uint64_t got, given;
    int left, which;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    for (self->left = 1 + (int)weft__rng_below(&self->rng, 20); self->left > 0; self->left--) {
        weft_recv_begin(&self->recv, &self->in.weft, &self->got);
        weft_send_begin(&self->send, &self->out.weft, &self->given);
        weft_sleep_begin(&self->sleep, weft_deadline_in(microseconds(&self->rng, 500)));
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->sleep.future, &self->recv.future, &self->send.future));
        if (self->which == 1 && self->recv.future.result == 0)
            atomic_fetch_add(&books.received, 1);
        if (self->which == 2 && self->send.future.result >= 0)
            atomic_fetch_add(&books.sent, 1);
        if (self->which < 0)
            break;
    }
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    WEFT_END(books_end(self->which < 0 ? self->which : 0));
}

static void chooser_drop(void *frame)
{
    struct chooser *self = frame;
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    books_end(WEFT_ECANCELED);
}

/* --- the blocking pool ----------------------------------------------------------------------------------------------- */

static int job(void *argument)
{
    const struct timespec pause = {.tv_nsec = (long)(uintptr_t)argument * 1000};
    nanosleep(&pause, NULL);
    atomic_fetch_add(&books.ran, 1);
    return 0;
}

static void job_drop(void *argument)
{
    (void)argument;
    atomic_fetch_add(&books.taken_back, 1);
}

struct jobber {
    weft_frame weft;
    struct weft__rng rng;
    weft_job job;
    int left, result;
};

static weft_poll jobber(weft_context *cx, struct jobber *self)
{
    WEFT_BEGIN(cx, self);
    for (self->left = 1 + (int)weft__rng_below(&self->rng, 4); self->left > 0; self->left--) {
        WEFT_AWAIT(self->weft.rc,
                   weft_job_begin(cx, &self->job,
                                  WEFT_JOB(job, (void *)(uintptr_t)weft__rng_below(&self->rng, 150), .drop = job_drop,
                                           .mandatory = self->left == 1)));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(&books.submitted, 1);
        if (weft__rng_below(&self->rng, 3) == 0) {
            VERDICT(weft_job_detach(&self->job) == 0);
            continue;
        }
        WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->job, &self->result));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(books_end(self->weft.rc));
}

/* --- descriptors ----------------------------------------------------------------------------------------------------- */

struct talker {
    weft_frame weft;
    struct weft__rng rng;
    weft_fd fd;
    bool reads;
    char bytes[200];
};

static void talker_drop(void *frame)
{
    struct talker *self = frame;
    weft_fd_close(&self->fd);
    books_end(WEFT_ECANCELED);
}

static weft_poll talker(weft_context *cx, struct talker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        if (self->reads)
            WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->bytes, 1 + weft__rng_below(&self->rng, 199)));
        else
            WEFT_AWAIT(self->weft.rc, weft_fd_write(cx, &self->fd, self->bytes, 1 + weft__rng_below(&self->rng, 199)));
        if (self->weft.rc <= 0)
            break;
        atomic_fetch_add(self->reads ? &books.read : &books.written, (unsigned)self->weft.rc);
        if (!self->reads && weft__rng_below(&self->rng, 4) == 0)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, microseconds(&self->rng, 400)));
        if (weft__rng_below(&self->rng, 100) == 0)
            break;
    }
    weft_fd_close(&self->fd);
    WEFT_END(books_end(self->weft.rc));
}

/* --- tasks of tasks, that fail, wait for permits, and for each other -------------------------------------------------- */

struct parent {
    weft_frame weft;
    struct weft__rng rng;
    weft_semaphore *semaphore;
    weft_scope scope;
    weft_task child;
    int left, result;
};

struct guard {
    weft_frame weft;
    weft_semaphore *semaphore;
    bool fails;
};

static weft_poll guard(weft_context *cx, struct guard *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, self->semaphore, 1));
    if (self->weft.rc < 0)
        WEFT_RETURN(books_end(self->weft.rc));
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    VERDICT(weft_semaphore_release(self->semaphore, 1) == 0);
    WEFT_END(books_end(self->fails ? -77 : self->weft.rc));
}

static weft_poll parent(weft_context *cx, struct parent *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (self->left = 1 + (int)weft__rng_below(&self->rng, 6); self->left > 0; self->left--) {
        self->child = weft_spawn_as(&self->scope, WEFT_TASK("guard", .joinable = true, .drop = plain_drop), guard,
                                    .semaphore = self->semaphore,
                                    .fails = weft__rng_below(&self->rng, 12) == 0);
        if (!books_spawned(self->child))
            break;
        if (weft__rng_below(&self->rng, 3) == 0)
            weft_task_cancel(self->child);
        if (weft__rng_below(&self->rng, 2) == 0)
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->child, &self->result));
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(books_end(self->weft.rc));
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

static void line_drop(void *message, void *context)
{
    (void)message;
    (void)context;
    atomic_fetch_add(&books.returned, 1);
}

#define DICE(bound) weft__rng_below(&storm->rng, (bound))
#define OWN_RNG {.state = (uint64_t)weft__rng_next(&storm->rng) << 32 | weft__rng_next(&storm->rng) | 1}

/* A task of the root scope; the runtime lives, and refuses none. */
static void storm_spawned(struct storm *storm, weft_task task)
{
    if (!VERDICT(books_spawned(task)))
        return;
    if (storm->some_count < sizeof storm->some / sizeof storm->some[0])
        storm->some[storm->some_count++] = task;
}

#define SPAWN(actor, ...)                                                                                              \
    storm_spawned(storm, weft_spawn_as(weft_runtime_scope(storm->rt), WEFT_TASK(#actor, .drop = actor##_drop), actor,  \
                                       .rng = OWN_RNG, __VA_ARGS__))

/* A channel with its senders, and with a receiver or a task that has both ends. */
static void load_line(struct storm *storm, unsigned i)
{
    const weft_overflow overflow = DICE(3) ? WEFT_WAIT : DICE(2) ? WEFT_DROP_OLDEST : WEFT_DROP_NEWEST;
    VERDICT(numbers_create(storm->rt, WEFT_CHANNEL_OPTIONS(.name = "line", .capacity = 1 + DICE(4), .overflow = overflow,
                                                           .drop = line_drop),
                           &storm->out[i], &storm->in[i]) == 0);
    for (uint32_t n = 1 + DICE(4); n > 0; n--) {
        numbers_sender out;
        VERDICT(numbers_sender_clone(&storm->out[i], &out) == 0);
        SPAWN(sender, .out = out);
    }
    if (DICE(6) == 0)
        return; /* nobody receives */
    const numbers_receiver in = storm->in[i];
    storm->in[i] = (numbers_receiver){0};
    if (DICE(4)) {
        SPAWN(receiver, .in = in, .patience = 1 + (int)DICE(120));
        return;
    }
    numbers_sender out;
    VERDICT(numbers_sender_clone(&storm->out[i], &out) == 0);
    SPAWN(chooser, .in = in, .out = out);
}

static void load_descriptors(struct storm *storm)
{
    weft_fd one = {0}, other = {0};
    VERDICT((DICE(2) ? weft_socket_pair(storm->rt, &one, &other) : weft_pipe(storm->rt, &one, &other)) == 0);
    SPAWN(talker, .fd = one, .reads = true);
    SPAWN(talker, .fd = other);
}

void storm_load(struct storm *storm)
{
    VERDICT(weft_semaphore_create(storm->rt, WEFT_SEMAPHORE_OPTIONS(.permits = 1 + DICE(2)), &storm->semaphore) == 0);
    for (unsigned i = 0; i < STORM_LINES; i++)
        load_line(storm, i);
    for (uint32_t n = DICE(4); n > 0; n--)
        SPAWN(sleeper, .left = 0);
    for (uint32_t n = DICE(4); n > 0; n--)
        SPAWN(jobber, .left = 0);
    for (uint32_t n = DICE(3); n > 0; n--)
        SPAWN(parent, .semaphore = &storm->semaphore);
    for (uint32_t n = DICE(3); n > 0; n--)
        load_descriptors(storm);
}

void storm_close(struct storm *storm)
{
    for (unsigned i = 0; i < STORM_LINES; i++) {
        numbers_sender_close(&storm->out[i]);
        numbers_receiver_close(&storm->in[i]);
    }
}
