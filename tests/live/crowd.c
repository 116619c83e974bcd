/* SPDX-License-Identifier: MIT */
/*
 * What a page has to bear: a thousand tasks and two hundred channels; names that would be markup, or that turn the text round;
 * two that wait for each other for ever, and a dozen behind them; a line behind a lock; full channels with many senders; a
 * task that holds its worker; a full pool. Its endpoint is what WEFT_DIAG says. Says "runs", and ends at the end of its stdin.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(parcels, int)

enum { CHANNELS = 200, SENDERS = 3, SLEEPERS = 170, LINE = 20, BEHIND = 12, STUCK = 6, JOBS = 6 };
#define HOURS(n) ((n) * INT64_C(3600000000000))
#define MS(n) ((n) * INT64_C(1000000))

static weft_mutex ledger, left, right;
static atomic_int over;
static atomic_int crossed; /* of the two that will wait for each other, how many have their first lock */

struct sorter { weft_frame weft; parcels_receiver in; int parcel; int64_t pause; };
static weft_poll sorter(weft_context *cx, struct sorter *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0) {
        WEFT_AWAIT(self->weft.rc, parcels_recv(cx, &self->in, &self->parcel));
        if (self->weft.rc == 0 && self->pause)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->pause));
    }
    parcels_receiver_close(&self->in);
    WEFT_END(0);
}

struct carrier { weft_frame weft; parcels_sender out; int64_t pause; };
static weft_poll carrier(weft_context *cx, struct carrier *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0) {
        WEFT_AWAIT(self->weft.rc, parcels_send(cx, &self->out, 1));
        if (self->weft.rc == 0 && self->pause)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->pause));
    }
    parcels_sender_close(&self->out);
    WEFT_END(0);
}

struct sleeper { weft_frame weft; };
static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, HOURS(10)));
    WEFT_END(0);
}

/* Has one lock, and wants the other. */
struct crosser { weft_frame weft; weft_mutex first, second; };
static weft_poll crosser(weft_context *cx, struct crosser *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->first));
    if (self->weft.rc < 0)
        WEFT_RETURN(0);
    atomic_fetch_add(&crossed, 1);
    while (atomic_load(&crossed) < 2 && self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, MS(1)));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->second));
    if (self->weft.rc == 0)
        weft_mutex_unlock(&self->second);
    weft_mutex_unlock(&self->first);
    WEFT_END(0);
}

struct clerk { weft_frame weft; weft_mutex lock; int64_t keeps; };
static weft_poll clerk(weft_context *cx, struct clerk *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->lock));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->keeps));
        weft_mutex_unlock(&self->lock);
    }
    WEFT_END(0);
}

/* Short work all the time, and every now and then a poll that holds its worker. */
struct grinder { weft_frame weft; int64_t grind, pause; };
static weft_poll grinder(weft_context *cx, struct grinder *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0) {
        usleep((useconds_t)(self->grind / 1000));
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->pause));
    }
    WEFT_END(0);
}

static int job(void *argument)
{
    (void)argument;
    while (!atomic_load(&over))
        usleep(10000);
    return 0;
}

static const char *const hostile[] = {
    "<script>document.title='owned'</script>", "\"><img src=x onerror=alert(1)>", "\342\200\256desrever", "</title><h1>",
    "\xf0\x9f\x9a\x9a lorry", "a\tb\nc", "${7*7}{{7*7}}", "javascript:alert(1)",
};

/* One in ten is full: its sorter sleeps for hours; the others are as busy as their number says. */
static int channel(weft_runtime *rt, int i)
{
    char name[160];
    parcels_sender out, mine;
    parcels_receiver in;
    static const char *const components[] = {"intake", "sorting", "delivery", "returns"};
    if (i < 8)
        snprintf(name, sizeof name, "%s", hostile[i]);
    else
        snprintf(name, sizeof name, "stage-%03d", i);
    if (parcels_create(rt, WEFT_CHANNEL_OPTIONS(.name = name, .component = components[i % 4], .capacity = 4u << (i % 6)), &out, &in) < 0)
        return -1;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("sorter", .category = WEFT_ACTOR), sorter, .in = in, .pause = i % 10 == 3 ? HOURS(10) : 0);
    for (int n = 0; n < SENDERS; n++)
        if (parcels_sender_clone(&out, &mine) == 0)
            weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("carrier", .category = WEFT_HANDLER), carrier, .out = mine,
                          .pause = i % 10 == 3 ? 0 : MS(20 + 7 * i));
    parcels_sender_close(&out);
    return 0;
}

static void tasks(weft_runtime *rt)
{
    weft_scope *root = weft_runtime_scope(rt);
    for (int i = 0; i < SLEEPERS; i++)
        weft_spawn_as(root, WEFT_TASK(i < 8 ? hostile[i] : "session", .category = WEFT_HANDLER), sleeper);
    weft_spawn_as(root, WEFT_TASK("left-hand"), crosser, .first = left, .second = right);
    weft_spawn_as(root, WEFT_TASK("right-hand"), crosser, .first = right, .second = left);
    for (int i = 0; i < BEHIND; i++)
        weft_spawn_as(root, WEFT_TASK("bystander"), clerk, .lock = left, .keeps = MS(1));
    weft_spawn_as(root, WEFT_TASK("bookkeeper"), clerk, .lock = ledger, .keeps = HOURS(10));
    for (int i = 0; i < LINE; i++)
        weft_spawn_as(root, WEFT_TASK("clerk"), clerk, .lock = ledger, .keeps = MS(1));
    for (int i = 0; i < STUCK; i++)
        weft_spawn_as(root, WEFT_TASK(i ? "short-grinder" : "grinder"), grinder, .grind = i ? MS(1) : MS(400), .pause = i ? MS(15) : MS(4000));
    for (int i = 0; i < JOBS; i++)
        if (weft_job_try_begin(rt, NULL, WEFT_JOB(job, NULL, .name = "compress")) < 0)
            return;
}

int main(void)
{
    weft_runtime *rt;
    char end;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "depot", .worker_threads = 4, .stall_threshold_us = 50000)) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "ledger", .component = "office"), &ledger) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "left"), &left) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "<b>right</b>"), &right) < 0)
        return 1;
    for (int i = 0; i < CHANNELS; i++)
        if (channel(rt, i) < 0)
            return 1;
    tasks(rt);
    printf("runs %d\n", (int)getpid());
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    atomic_store(&over, 1);
    if (weft_runtime_destroy(rt) < 0)
        return 1;
    weft_mutex_destroy(&ledger);
    weft_mutex_destroy(&left);
    weft_mutex_destroy(&right);
    return 0;
}
