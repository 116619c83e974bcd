/* SPDX-License-Identifier: MIT */
/*
 * A program to be recorded: it does a bit of everything, counts what it does itself, and prints the counts as lines of
 * words, which are then compared with what the recording says. Its result does not depend on tracing.
 *
 *   test-trace-traced_program [--tracing] [--workers N] [--orders N] [--late]
 *
 * With --late it prints READY when half of the work is done and every task waits, and goes on when a recording that
 * began meanwhile has been told what lives.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft.h>

enum { CLERKS = 3, SPINNERS = 20, SPINS = 10, CHILDREN = 5, GOSSIP = 50, TRIES = 5 };

WEFT_CHANNEL_DEFINE(numbers, long)

/* What the program knows of a channel. The names below are checked by name, the ids by id. */
struct counts {
    const char *name;
    const char *component;
    uint32_t capacity;
    uint64_t id;
    atomic_ulong sent;
    atomic_ulong received;
    atomic_ulong dropped;
    atomic_ulong failed;
};

static struct counts orders = {.name = "orders", .component = "intake", .capacity = 16};
static struct counts totals = {.name = "totals", .component = "office", .capacity = 4};
static struct counts gossip = {.name = "gossip", .component = "host", .capacity = 2};
static struct counts narrow = {.name = "narrow \"1\" \xc3\xa9", .component = "host", .capacity = 1};
static struct counts silent = {.name = "silent", .component = "", .capacity = 1};
static struct counts gates[CLERKS] = {{.name = "gate", .component = "intake", .capacity = 1},
                                      {.name = "gate", .component = "intake", .capacity = 1},
                                      {.name = "gate", .component = "intake", .capacity = 1}};
static atomic_long result;
static atomic_ulong tasks;
static atomic_ulong reports;

static void die(const char *what, int code)
{
    fprintf(stderr, "%s: %s: %s\n", what, weft_error_name(code), weft_error_detail());
    exit(1);
}

static void must(const char *what, int code)
{
    if (code < 0)
        die(what, code);
}

static void count(atomic_ulong *counter, unsigned long number)
{
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

/* A send that was accepted. With a policy that drops, 1 says that a message was dropped. */
static void count_send(struct counts *channel, int rc)
{
    if (rc < 0) {
        count(&channel->failed, 1);
        return;
    }
    count(&channel->sent, 1);
    count(&channel->dropped, (unsigned long)rc);
}

static void channel_open(weft_runtime *rt, struct counts *counts, weft_overflow overflow, numbers_sender *out,
                         numbers_receiver *in)
{
    must("channel", numbers_create(rt,
                                   WEFT_CHANNEL_OPTIONS(.name = counts->name, .component = counts->component,
                                                        .capacity = counts->capacity, .overflow = overflow),
                                   out, in));
    counts->id = weft_sender_channel_id(&out->weft);
}

/* ---- tasks ---- */

/* Sends half of its orders, waits at its gate, sends the other half. Each clerk has a name of its own. */
struct clerk {
    weft_frame weft;
    numbers_sender out;
    numbers_receiver gate;
    struct counts *gate_counts;
    long orders;
    long i;
    long word;
};

static weft_poll clerk(weft_context *cx, struct clerk *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < self->orders; self->i++) {
        if (self->i == self->orders / 2) {
            WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->gate, &self->word));
            if (self->weft.rc < 0)
                break;
            count(&self->gate_counts->received, 1);
        }
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->i));
        count_send(&orders, self->weft.rc);
    }
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->gate);
    WEFT_END(0);
}

/* Adds up, and hands on every hundredth sum. */
struct ledger {
    weft_frame weft;
    numbers_receiver in;
    numbers_sender out;
    long order;
    long sum;
    long seen;
};

static weft_poll ledger(weft_context *cx, struct ledger *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        count(&orders.received, 1);
        self->sum += self->order;
        if (++self->seen % 100 == 0) {
            WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->sum));
            count_send(&totals, self->weft.rc);
        }
    }
    atomic_fetch_add(&result, self->sum);
    numbers_receiver_close(&self->in);
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct auditor {
    weft_frame weft;
    numbers_receiver in;
    long sums[3];
};

static weft_poll auditor(weft_context *cx, struct auditor *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv_many(cx, &self->in, self->sums, 3));
        if (self->weft.rc < 0)
            break;
        count(&totals.received, (unsigned long)self->weft.rc);
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

struct spinner {
    weft_frame weft;
    int i;
};

static weft_poll spinner(weft_context *cx, struct spinner *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < SPINS; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

/* Waits for a message that nobody sends, until it is cancelled. */
struct sleeper {
    weft_frame weft;
    numbers_receiver in;
    long message;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->message));
    numbers_receiver_close(&self->in);
    WEFT_END(self->weft.rc);
}

struct child {
    weft_frame weft;
    int number;
};

static weft_poll child(weft_context *cx, struct child *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(self->number == 3 ? WEFT_EINVAL : 0);
}

/* One of its children fails, and the others go on. */
struct family {
    weft_frame weft;
    weft_scope scope;
    int i;
};

static weft_poll family(weft_context *cx, struct family *self)
{
    WEFT_BEGIN(cx, self);
    must("scope", weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.policy = WEFT_COLLECT_ALL)));
    for (self->i = 0; self->i < CHILDREN; self->i++) {
        weft_spawn(&self->scope, child, .number = self->i);
        count(&tasks, 1);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc == WEFT_EINVAL ? 0 : WEFT_EPROTO);
}

/* ---- the host thread ---- */

static void join(weft_task *task, int expected)
{
    int rc = 0;
    must("join", weft_task_join_blocking(task, WEFT_FOREVER, &rc));
    if (rc != expected)
        die("a task's result", rc);
}

static weft_task spawned(weft_task task)
{
    must("spawn", weft_task_error(task));
    count(&tasks, 1);
    return task;
}

/* Nobody reads the gossip until all of it was sent, so all but the last two messages are dropped. */
static void host_gossips(weft_runtime *rt)
{
    numbers_sender out;
    numbers_receiver in;
    long message;
    channel_open(rt, &gossip, WEFT_DROP_OLDEST, &out, &in);
    for (long i = 0; i < GOSSIP; i++)
        count_send(&gossip, numbers_send_blocking(&out, i, WEFT_FOREVER));
    numbers_sender_close(&out);
    while (numbers_recv_blocking(&in, &message, WEFT_FOREVER) >= 0)
        count(&gossip.received, 1);
    numbers_receiver_close(&in);
}

/* One place, five tries, and a receiver that closes without having read. */
static void host_is_refused(weft_runtime *rt)
{
    numbers_sender out;
    numbers_receiver in;
    channel_open(rt, &narrow, WEFT_FAIL, &out, &in);
    for (long i = 0; i < TRIES; i++)
        count_send(&narrow, numbers_try_send(&out, i));
    numbers_receiver_close(&in);
    count(&narrow.dropped, 1);
    numbers_sender_close(&out);
}

static int note_moving(void *context, const weft_task_info *info)
{
    *(bool *)context |= info->state != WEFT_TASK_WAITING;
    return 0;
}

/* Every task waits. They are looked at one after another: one that was woken by one that was looked at later is told by the count. */
static bool all_wait(weft_runtime *rt)
{
    weft_runtime_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    bool moving = false;
    must("stats", weft_runtime_stats_get(rt, &before));
    must("visit", weft_task_visit(rt, note_moving, &moving));
    must("stats", weft_runtime_stats_get(rt, &after));
    return !moving && after.wakes == before.wakes;
}

/* Returns once everything sent was received and every clerk stands at his gate: who counts a message is still in its poll. */
static void host_waits_for_half(weft_runtime *rt, long number)
{
    unsigned long half = (unsigned long)(CLERKS * (number / 2));
    while (atomic_load(&orders.received) < half || atomic_load(&totals.received) < half / 100 || !all_wait(rt))
        usleep(1000);
}

static void announced(void *context, uint32_t runtime, uint32_t generation)
{
    (void)runtime;
    (void)generation;
    atomic_store((atomic_bool *)context, true);
}

static void host_waits_for_recording(weft_runtime *rt)
{
    atomic_bool seen = false;
    weft_hooks_handle handle;
    must("hooks", weft_hooks_add(rt, WEFT_HOOKS(.context = &seen, .statedump_end = announced), &handle));
    printf("READY\n");
    fflush(stdout);
    while (!atomic_load(&seen))
        usleep(1000);
    must("hooks", weft_hooks_remove(handle));
}

static void report(void *context, int code, const char *text)
{
    (void)context;
    (void)text;
    if (code == WEFT_ENOENT || code == WEFT_EPROTO || code == WEFT_ENOTCONN)
        count(&reports, 1);
}

static void host_works(weft_runtime *rt, long number, bool late)
{
    weft_scope *root = weft_runtime_scope(rt);
    weft_task clerks[CLERKS], rest[4], spinners[SPINNERS];
    numbers_sender out[2], gate_out[CLERKS], silent_out;
    numbers_receiver in[2], gate_in[CLERKS], silent_in;
    channel_open(rt, &orders, WEFT_WAIT, &out[0], &in[0]);
    channel_open(rt, &totals, WEFT_WAIT, &out[1], &in[1]);
    channel_open(rt, &silent, WEFT_WAIT, &silent_out, &silent_in);

    for (int i = 0; i < CLERKS; i++) {
        char name[32];
        numbers_sender clone;
        snprintf(name, sizeof name, "clerk %d", i + 1);
        channel_open(rt, &gates[i], WEFT_WAIT, &gate_out[i], &gate_in[i]);
        must("clone", numbers_sender_clone(&out[0], &clone));
        clerks[i] =
            spawned(weft_spawn_as(root, WEFT_TASK(name, .category = WEFT_HANDLER, .joinable = true), clerk,
                                  .out = clone, .gate = gate_in[i], .gate_counts = &gates[i], .orders = number));
    }
    numbers_sender_close(&out[0]);
    rest[0] = spawned(weft_spawn_as(root, WEFT_TASK("ledger of orders", .category = WEFT_ACTOR, .joinable = true),
                                    ledger, .in = in[0], .out = out[1]));
    rest[1] = spawned(weft_spawn_joinable(root, auditor, .in = in[1]));
    rest[2] = spawned(weft_spawn_joinable(root, sleeper, .in = silent_in));

    if (late) {
        host_waits_for_half(rt, number);
        host_waits_for_recording(rt);
    }
    rest[3] = spawned(weft_spawn_joinable(root, family, .i = 0));
    for (int i = 0; i < SPINNERS; i++)
        spinners[i] = spawned(weft_spawn_joinable(root, spinner, .i = 0));
    for (int i = 0; i < CLERKS; i++)
        count_send(&gates[i], numbers_send_blocking(&gate_out[i], 1, WEFT_FOREVER));
    host_gossips(rt);
    host_is_refused(rt);
    must("cancel", weft_task_cancel(rest[2]));

    for (int i = 0; i < CLERKS; i++)
        join(&clerks[i], 0);
    for (int i = 0; i < SPINNERS; i++)
        join(&spinners[i], 0);
    for (int i = 0; i < 4; i++)
        join(&rest[i], i == 2 ? WEFT_ECANCELED : 0);
    for (int i = 0; i < CLERKS; i++)
        numbers_sender_close(&gate_out[i]);
    numbers_sender_close(&silent_out);
}

/* ---- what it prints ---- */

static void print_channel(const struct counts *c)
{
    printf("channel %" PRIu64 " capacity %" PRIu32
           " sent %lu received %lu dropped %lu failed %lu component '%s' name %s\n",
           c->id, c->capacity, c->sent, c->received, c->dropped, c->failed, c->component, c->name);
}

static void print_facts(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    must("stats", weft_runtime_stats_get(rt, &stats));
    char text[512] = "";
    int code = weft_runtime_tracing(rt, text, sizeof text);
    printf("tracing %d %s\n", code, text);
    printf("reports %lu\n", reports);
    printf("polls %" PRIu64 "\n", stats.polls);
    printf("wakes %" PRIu64 "\n", stats.wakes);
    printf("wakes_noop %" PRIu64 "\n", stats.wakes_noop);
    printf("steals %" PRIu64 "\n", stats.steals);
    printf("stolen %" PRIu64 "\n", stats.tasks_stolen);
    printf("tasks %lu\n", tasks);
    for (int i = 0; i < CLERKS; i++)
        printf("task count 1 category %d name clerk %d\n", WEFT_HANDLER, i + 1);
    printf("task count 1 category %d name ledger of orders\n", WEFT_ACTOR);
    printf("task count 1 category 0 name auditor\n");
    printf("task count 1 category 0 name sleeper\n");
    printf("task count 1 category 0 name family\n");
    printf("task count %d category 0 name child\n", CHILDREN);
    printf("task count %d category 0 name spinner\n", SPINNERS);
    print_channel(&orders);
    print_channel(&totals);
    print_channel(&gossip);
    print_channel(&narrow);
    print_channel(&silent);
    for (int i = 0; i < CLERKS; i++)
        print_channel(&gates[i]);
    printf("result %ld\n", result);
}

int main(int argc, char **argv)
{
    bool tracing = false;
    long number = 2000;
    uint32_t workers = 2;
    bool late = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--tracing"))
            tracing = true;
        else if (!strcmp(argv[i], "--workers") && i + 1 < argc)
            workers = (uint32_t)atoi(argv[++i]);
        else if (!strcmp(argv[i], "--orders") && i + 1 < argc)
            number = atol(argv[++i]);
        else if (!strcmp(argv[i], "--late"))
            late = true;
        else
            return fprintf(stderr, "what is '%s'?\n", argv[i]), 2;
    }
    weft_runtime *rt;
    must("runtime", weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "traced", .worker_threads = workers,
                                                                  .tracing = tracing, .report = report)));
    host_works(rt, number, late);
    print_facts(rt);
    must("finish", weft_runtime_finish(rt));
    return 0;
}
