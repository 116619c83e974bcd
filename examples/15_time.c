/* SPDX-License-Identifier: MIT */
/*
 * Teaches time: sleeping, a limit for one wait, ticks beside a limit that moves, and a limit for a whole piece of work.
 * What it prints does not depend on how fast the machine is, since nothing ends before its time.
 */
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(readings, int)

enum { PERIOD_NS = 5000000, PATIENCE_NS = 20000000 };

/* Says what it receives; gives up when nothing has come for a while. */
struct reader { weft_frame weft; readings_receiver in; weft_recv_future next; weft_timeout_state timeout; int value; };
static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        readings_recv_begin(&self->next, &self->in, &self->value);
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->next.future, PATIENCE_NS));
        if (self->weft.rc < 0)
            break;
        printf("reading %d\n", self->value);
    }
    printf("then %s\n", weft_error_name(self->weft.rc));
    readings_receiver_close(&self->in);
    WEFT_END(0);
}

/* Ticks, and stops when it was left alone for so long; each reading puts that off. */
struct meter {
    weft_frame weft; readings_receiver in; weft_interval interval; weft_select_state select; weft_recv_future next;
    weft_interval_future tick; weft_sleep_future silence; int value, ticks, sum;
};
static weft_poll meter(weft_context *cx, struct meter *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_interval_start(&self->interval, PERIOD_NS, WEFT_MISSED_SKIP) < 0)
        WEFT_RETURN(WEFT_EINVAL);
    weft_sleep_begin(&self->silence, weft_deadline_in(PATIENCE_NS));
    do {
        readings_recv_begin(&self->next, &self->in, &self->value);
        weft_interval_tick_begin(&self->tick, &self->interval);
        WEFT_AWAIT(self->weft.rc, weft_select_biased(cx, &self->select, &self->next.future, &self->tick.future,
                                                     &self->silence.future));
        self->ticks += self->weft.rc == 1;
        if (self->weft.rc != 0 || self->next.future.result < 0)
            continue;
        self->sum += self->value;
        weft_sleep_reset(&self->silence, weft_deadline_in(PATIENCE_NS));
    } while (self->weft.rc == 1 || (self->weft.rc == 0 && self->next.future.result == 0));
    printf("sum %d, ticks while it was quiet: %s\n", self->sum, self->ticks > 1 ? "several" : "none");
    readings_receiver_close(&self->in);
    WEFT_END(0);
}

struct slow { weft_frame weft; };
static weft_poll slow(weft_context *cx, struct slow *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, INT64_C(3600000000000)));
    WEFT_END(self->weft.rc);
}

struct day { weft_frame weft; struct reader reader; struct meter meter; weft_scope scope; int64_t begun; };
static weft_poll day(weft_context *cx, struct day *self)
{
    WEFT_BEGIN(cx, self);
    self->begun = weft_clock();
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, PERIOD_NS));
    printf("slept %s\n", weft_clock() - self->begun >= PERIOD_NS ? "long enough" : "too short");
    WEFT_CALL(self->weft.rc, reader, &self->reader);
    WEFT_CALL(self->weft.rc, meter, &self->meter);
    /* Whatever is done inside, and whoever does it: after this time all of it is cancelled. */
    if (weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = weft_deadline_in(PATIENCE_NS))) < 0)
        WEFT_RETURN(WEFT_EINVAL);
    weft_spawn(&self->scope, slow);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    printf("the scope: %s\n", weft_error_name(self->weft.rc));
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "time")) < 0)
        return 1;
    readings_sender out[2];
    readings_receiver in[2];
    for (int i = 0; i < 2; i++)
        if (readings_create(rt, WEFT_CHANNEL_OPTIONS(.name = "readings", .capacity = 4), &out[i], &in[i]) < 0)
            return 1;
    for (int i = 0; i < 6; i++)
        readings_try_send(&out[i / 3], i % 3 + 1);
    weft_spawn(weft_runtime_scope(rt), day, .reader.in = in[0], .meter.in = in[1]);
    const int rc = weft_runtime_finish(rt);
    readings_sender_close(&out[0]); /* they were silent, and open */
    readings_sender_close(&out[1]);
    return rc < 0;
}
