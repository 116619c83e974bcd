/* SPDX-License-Identifier: MIT */
/*
 * Teaches looking: tasks that wait for each other in a circle, and what the program can tell of them while they do. With
 * an argument it prints who waits for whom and stays so until a line is typed: docs/guide/debugging.md.
 */
#include <stdio.h>
#include <time.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(orders, int)

struct office { weft_mutex ledger; weft_notify answer; };

struct send_all { weft_frame weft; orders_sender *out; int i; }; /* a step that is called */

static weft_poll send_all(weft_context *cx, struct send_all *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 5 && self->weft.rc >= 0; self->i++)
        WEFT_AWAIT(self->weft.rc, orders_send(cx, self->out, self->i));
    WEFT_END(self->weft.rc);
}

struct intake { weft_frame weft; orders_sender out; struct send_all all; };

static weft_poll intake(weft_context *cx, struct intake *self)
{
    WEFT_BEGIN(cx, self);
    self->all.out = &self->out;
    WEFT_CALL(self->weft.rc, send_all, &self->all);
    orders_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

struct auditor { weft_frame weft; struct office *office; }; /* answers with the ledger in hand */

static weft_poll auditor(weft_context *cx, struct auditor *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->office->ledger));
    weft_notify_one(&self->office->answer);
    weft_mutex_unlock(&self->office->ledger); /* refused, if it was cancelled */
    WEFT_END(0);
}

struct clerk { weft_frame weft; orders_receiver in; struct office *office; weft_scope audit; int order; };

static weft_poll clerk(weft_context *cx, struct clerk *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->office->ledger));
    self->weft.rc = weft_scope_open(cx, &self->audit, WEFT_SCOPE_OPTIONS(.name = "audit"));
    weft_spawn(&self->audit, auditor, .office = self->office);
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &self->office->answer)); /* and keeps the ledger: the circle */
    weft_mutex_unlock(&self->office->ledger);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->audit));
    orders_receiver_close(&self->in);
    WEFT_END(0);
}

static int tell(void *context, const weft_sync_stats *stats)
{
    (void)context;
    printf("%s '%s': %u waits\n", stats->owner ? "held" : "free", stats->name, stats->waiting);
    return 0;
}

static int print(void *context, const char *text, size_t length)
{
    return fwrite(text, 1, length, context) == length ? 0 : -1;
}

int main(int argc, char **argv)
{
    weft_runtime *rt;
    struct office office;
    orders_sender out;
    orders_receiver in;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "office", .worker_threads = 2)) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 2), &out, &in) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "ledger"), &office.ledger) < 0 ||
        weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "answer"), &office.answer) < 0)
        return 1;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("order intake"), intake, .out = out);
    weft_spawn(weft_runtime_scope(rt), clerk, .in = in, .office = &office);
    weft_runtime_stats now = {.size = sizeof now};
    while (weft_runtime_stats_get(rt, &now) == 0 && (now.tasks_live < 3 || now.workers_parked < now.workers))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* until all three wait */
    weft_sync_visit(rt, tell, NULL);
    if (argc > 1 && argv[1] && weft_task_dump(rt, WEFT_DUMP_TEXT, print, stdout) == 0)
        getchar();
    const int rc = weft_runtime_destroy(rt); /* each await answers WEFT_ECANCELED: the circle opens */
    weft_mutex_destroy(&office.ledger);
    weft_notify_destroy(&office.answer);
    return rc < 0;
}
