/* SPDX-License-Identifier: MIT */
/* Tests in a simulated runtime: a race that is found and comes again, a day in no time, and who waits for ever. */
#include <inttypes.h>
#include <stdio.h>
#include <weft.h>

#define HOUR INT64_C(3600000000000)

/* Looks whether there is enough, asks somebody, and takes the money. Meanwhile another may have taken it. */
struct withdraw { weft_frame weft; int *balance; int amount; };

static weft_poll withdraw(weft_context *cx, struct withdraw *self)
{
    WEFT_BEGIN(cx, self);
    if (*self->balance >= self->amount) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx)); /* stands for the asking */
        *self->balance -= self->amount;
    }
    WEFT_END(0);
}

/* One run of the test. Whatever the order is, nobody may take what is not there. */
static int nothing_is_overdrawn(weft_runtime *rt, void *context)
{
    (void)context;
    int balance = 100;
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), withdraw, .balance = &balance, .amount = 60);
    int rc = weft_sim_run(rt); /* until all tasks have ended, or none can go on */
    return rc < 0 ? rc : balance < 0 ? WEFT_ERANGE : 0;
}

/* Tries once an hour, and gives up after a day. */
struct patient { weft_frame weft; int tries; };

static weft_poll patient(weft_context *cx, struct patient *self)
{
    WEFT_BEGIN(cx, self);
    for (self->tries = 0; self->tries < 24; self->tries++)
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, HOUR));
    WEFT_END(self->tries);
}

WEFT_CHANNEL_DEFINE(answers, int)

struct asker { weft_frame weft; answers_receiver in; int answer; };

static weft_poll asker(weft_context *cx, struct asker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, answers_recv(cx, &self->in, &self->answer));
    answers_receiver_close(&self->in);
    WEFT_END(0);
}

static weft_runtime *simulate(void)
{
    weft_runtime *rt = NULL;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1)) < 0 ? NULL : rt;
}

int main(void)
{
    /* Without .seed the first is a new one each time, or WEFT_SEED from the environment. */
    uint64_t seed, again;
    int rc = weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 1), 1000, nothing_is_overdrawn, NULL, &seed);
    printf("%s, with WEFT_SEED=%" PRIu64 "\n", weft_error_name(rc), seed);
    rc = weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = seed), 1, nothing_is_overdrawn, NULL, &again);
    printf("%s, with WEFT_SEED=%" PRIu64 "\n", weft_error_name(rc), again);

    /* Time passes when nothing else can happen. */
    weft_runtime *rt = simulate();
    if (!rt)
        return 1;
    int64_t before = weft_runtime_clock(rt);
    int result = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), patient);
    rc = weft_task_join_blocking(&task, WEFT_FOREVER, &result); /* runs the tasks meanwhile */
    printf("%d tries in %d hours\n", result, (int)((weft_runtime_clock(rt) - before) / HOUR));

    /* We hold the sender, and send nothing. weft_error_detail() says who waits, for what, at which line. */
    answers_sender out;
    answers_receiver in;
    if (rc < 0 || answers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "answers", .capacity = 1), &out, &in) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), asker, .in = in);
    printf("%s\n", weft_error_name(weft_sim_run(rt)));
    answers_sender_close(&out);
    return weft_runtime_finish(rt);
}
