/* SPDX-License-Identifier: MIT */
/* Timers: firing against cancellation, against being set anew, against the close of a scope; early never. */
#include "scenario.h"

static const int64_t us = 1000;

struct sleeping {
    weft_frame weft;
    int64_t delay_ns, begun_ns;
    int *rc;
};
static weft_poll sleeping(weft_context *cx, struct sleeping *self)
{
    WEFT_BEGIN(cx, self);
    self->begun_ns = weft_clock();
    WEFT_AWAIT(*self->rc, weft_sleep(cx, self->delay_ns));
    VERDICT(*self->rc == WEFT_ECANCELED || weft_clock() == self->begun_ns + self->delay_ns); /* the clock stands meanwhile */
    WEFT_END(0);
}

/* Cancels at a time. */
struct timed_cancel {
    weft_frame weft;
    weft_task target;
    int64_t delay_ns;
};
static weft_poll timed_cancel(weft_context *cx, struct timed_cancel *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    weft_task_cancel(self->target);
    WEFT_END(0);
}

/* Both at the same moment: whichever comes first, the sleeper ends once, and the timer is gone. */
static void play_fire_against_cancel(struct stage *stage)
{
    int rc[3] = {99, 99, 99};
    for (int i = 0; i < 3; i++) {
        const int64_t delay = (1 + roll(stage, 3)) * us;
        const weft_task task = weft_spawn(stage->scope, sleeping, .delay_ns = delay, .rc = &rc[i]);
        weft_spawn(stage->scope, timed_cancel, .target = task, .delay_ns = delay + (int64_t)roll(stage, 3) - 1);
    }
    stage_run(stage);
    for (int i = 0; i < 3; i++)
        reach_either(stage, rc[i], 0, 1);
}

WEFT_CHANNEL_DEFINE(pulses, int)

/* Sets its timer anew with each message; the last one fires, after so long a silence, and none before. */
struct patience {
    weft_frame weft;
    pulses_receiver in;
    weft_recv_future recv;
    weft_sleep_future timeout;
    weft_select_state select;
    int value, which, *pulses;
    int64_t silence_ns, last_ns;
};
static weft_poll patience(weft_context *cx, struct patience *self)
{
    WEFT_BEGIN(cx, self);
    self->last_ns = weft_clock();
    for (;;) {
        pulses_recv_begin(&self->recv, &self->in, &self->value);
        weft_sleep_begin(&self->timeout, self->last_ns + self->silence_ns);
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->recv.future, &self->timeout.future));
        if (self->which != 0)
            break;
        if (self->recv.future.result < 0)
            continue; /* closed, and so ready at each turn: the timeout has to come through all the same */
        self->last_ns = weft_clock();
        ++*self->pulses;
    }
    VERDICT(self->which == 1 && weft_clock() == self->last_ns + self->silence_ns);
    pulses_receiver_close(&self->in);
    WEFT_END(0);
}

struct pulsing {
    weft_frame weft;
    pulses_sender out;
    int64_t delays[3];
    int i;
};
static weft_poll pulsing(weft_context *cx, struct pulsing *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 3; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delays[self->i]));
        WEFT_AWAIT(self->weft.rc, pulses_send(cx, &self->out, self->i));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 100 * us)); /* longer than anybody's patience: no end comes before */
    pulses_sender_close(&self->out);
    WEFT_END(0);
}

static void play_fire_against_reset(struct stage *stage)
{
    pulses_sender out;
    pulses_receiver in;
    int pulses = 0;
    VERDICT(pulses_create(stage->rt, WEFT_CHANNEL_OPTIONS(.name = "pulses", .capacity = 1), &out, &in) == 0);
    weft_spawn(stage->scope, patience, .in = in, .silence_ns = 2 * us, .pulses = &pulses);
    weft_spawn(stage->scope, pulsing, .out = out,
               .delays = {(1 + roll(stage, 3)) * us, (1 + roll(stage, 3)) * us, (1 + roll(stage, 3)) * us});
    stage_run(stage);
    reach(stage, pulses == 0 ? 0 : pulses == 3 ? 2 : 1);
}

/* A scope whose deadline comes as its last member ends and its owner closes it. */
struct bounded {
    weft_frame weft;
    weft_scope scope;
    int64_t deadline_ns, work_ns;
    int worked, *closed;
};
static weft_poll bounded(weft_context *cx, struct bounded *self)
{
    WEFT_BEGIN(cx, self);
    self->deadline_ns += weft_clock();
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "bounded", .deadline_ns = self->deadline_ns)) == 0);
    weft_spawn(&self->scope, sleeping, .delay_ns = self->work_ns, .rc = &self->worked);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(*self->closed, weft_scope_close(cx, &self->scope));
    VERDICT(*self->closed == 0 ? self->worked == 0 : *self->closed == WEFT_ETIMEDOUT && weft_clock() == self->deadline_ns);
    WEFT_END(0);
}

static void play_deadline_against_close(struct stage *stage)
{
    int closed[2] = {99, 99};
    for (int i = 0; i < 2; i++) {
        const int64_t deadline = (1 + roll(stage, 2)) * us;
        weft_spawn(stage->scope, bounded, .deadline_ns = deadline, .work_ns = deadline + (int64_t)roll(stage, 3) - 1,
                   .closed = &closed[i]);
    }
    stage_run(stage);
    for (int i = 0; i < 2; i++)
        reach(stage, closed[i] == 0 ? 0 : 1);
}

/* Timers of no length, and one of the greatest, which only a cancellation ends. */
static void play_shortest_and_longest(struct stage *stage)
{
    int rc[4] = {99, 99, 99, 99};
    for (int i = 0; i < 3; i++)
        weft_spawn(stage->scope, sleeping, .delay_ns = i == 2 ? (int64_t)roll(stage, 2) : 0, .rc = &rc[i]);
    const weft_task task = weft_spawn(stage->scope, sleeping, .delay_ns = WEFT_FOREVER, .rc = &rc[3]);
    weft_spawn(stage->scope, timed_cancel, .target = task, .delay_ns = (int64_t)roll(stage, 4) * us);
    stage_run(stage);
    VERDICT(rc[0] == 0 && rc[1] == 0 && rc[2] == 0 && rc[3] == WEFT_ECANCELED);
}

/* Ticks that come in time, or too late because the task was held up: no tick is lost, none comes early. */
struct ticking {
    weft_frame weft;
    weft_interval interval;
    weft_missed missed;
    int64_t begun_ns, hold_ns;
    int ticks, *late;
};
static weft_poll ticking(weft_context *cx, struct ticking *self)
{
    WEFT_BEGIN(cx, self);
    self->begun_ns = weft_clock();
    VERDICT(weft_interval_start(&self->interval, 10 * us, self->missed) == 0);
    for (self->ticks = 0; self->ticks < 6; self->ticks++) {
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        if (self->weft.rc < 0)
            break;
        *self->late += self->weft.rc;
        if (self->missed != WEFT_MISSED_DELAY)
            VERDICT(weft_clock() >= self->begun_ns + self->ticks * 10 * us);
        if (self->ticks == 2)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->hold_ns));
    }
    WEFT_END(0);
}

static void play_interval(struct stage *stage)
{
    int late = 0;
    const weft_missed missed = (weft_missed)roll(stage, 3);
    const int64_t hold = (int64_t)roll(stage, 5) * 10 * us;
    const weft_task task = weft_spawn(stage->scope, ticking, .missed = missed, .hold_ns = hold, .late = &late);
    const bool cancels = roll(stage, 4) == 0;
    if (cancels)
        weft_spawn(stage->scope, timed_cancel, .target = task, .delay_ns = (int64_t)roll(stage, 9) * 10 * us);
    stage_run(stage);
    if (!cancels)
        VERDICT(hold <= 10 * us ? late == 0 : late >= (int)(hold / (10 * us)) - 1);
    reach(stage, cancels ? 0 : late == 0 ? 1 : 2);
}

const struct scenario scenarios_of_time[] = {
    {"timer fire against cancel", play_fire_against_cancel, {"fired", "cancelled"}, 0, 0},
    {"timer fire against reset", play_fire_against_reset, {"at once", "after some", "after all"}, 0, 0},
    {"deadline against close", play_deadline_against_close, {"closed", "too late"}, 0, 0},
    {"the shortest and the longest timer", play_shortest_and_longest, {NULL}, 0, 0},
    {"interval", play_interval, {"cancelled", "in time", "late"}, 0, 0},
    {NULL, NULL, {NULL}, 0, 0},
};
