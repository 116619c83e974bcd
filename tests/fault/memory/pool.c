/* SPDX-License-Identifier: MIT */
/* Jobs on the blocking pool: begun, taken back, waited for by threads and by tasks. */
#include "sweep.h"

static int job(void *argument)
{
    atomic_fetch_add((atomic_uint *)argument, 1);
    return 3;
}

static void job_dropped(void *argument)
{
    atomic_fetch_add((atomic_uint *)argument, 1);
}

SCENARIO(pool)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 100; i++) {
        weft_job handle = {0};
        int result = 0;
        if (TRY("weft_job_try_begin", weft_job_try_begin(rt, &handle, WEFT_JOB(job, &tally->ended, .drop = job_dropped))) != 0)
            continue;
        tally->accepted++;
        const unsigned before = faulty_calls_here();
        if (i % 3 == 0)
            HOLDS(weft_job_detach(&handle) == 0);
        else if (i % 3 == 1)
            HOLDS(weft_job_wait_blocking(&handle, WEFT_FOREVER, &result) == 0 && result == 3);
        else {
            (void)weft_job_cancel(handle); /* taken back, or too late */
            const int code = weft_job_wait_blocking(&handle, WEFT_FOREVER, &result);
            HOLDS(code == 0 || code == WEFT_ECANCELED);
        }
        HOLDS(faulty_calls_here() == before);
    }
    tally_finish(tally, rt);
}

struct copied {
    atomic_uint *ended;
    unsigned char ballast[5000];
};

static int copied_job(void *argument)
{
    const struct copied *copied = argument;
    atomic_fetch_add(copied->ended, copied->ballast[4999] == 9);
    return 0;
}

SCENARIO(pool_copies)
{
    weft_runtime *rt = tally_create(tally, 1);
    struct copied copied = {.ended = &tally->ended};
    copied.ballast[4999] = 9;
    for (int i = 0; rt && i < 40; i++)
        if (TRY("weft_job_begin_blocking",
                weft_job_begin_blocking(rt, NULL, WEFT_JOB(copied_job, &copied, .argument_size = sizeof copied, .name = "copied"),
                                        WEFT_FOREVER)) == 0)
            tally->accepted++;
    tally_finish(tally, rt);
}

struct asker {
    weft_frame weft;
    struct tally *tally;
    weft_job job;
    int result;
    unsigned i;
};

static weft_poll asker(weft_context *cx, struct asker *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 20; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, job, &tally->ended, &self->result));
        if (TRY("weft_job_run", self->weft.rc) == 0) {
            tally->accepted++;
            HOLDS(self->result == 3);
        }
    }
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

SCENARIO(pool_in_tasks)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), asker, .tally = tally);
    const int code = weft_task_error(task);
    tally_finish(tally, rt); /* the task has the tally until then */
    tally->accepted += code == 0;
    tally->refused += code == WEFT_ENOMEM;
    HOLDS(code == 0 || code == WEFT_ENOMEM);
}
