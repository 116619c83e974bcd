/* SPDX-License-Identifier: MIT */
/*
 * Teaches that nothing in weft is global: two runtimes side by side, each with its own name, threads and settings, say one
 * for requests and one for background work. A channel belongs to one of them; its handles work in both.
 */
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(jobs, int)

/* Runs in "front": sends jobs away and adds up what comes back. */
struct front { weft_frame weft; jobs_sender to; jobs_receiver from; int i, done; long sum; };

static weft_poll front(weft_context *cx, struct front *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= 100; self->i++) {
        WEFT_AWAIT(self->weft.rc, jobs_send(cx, &self->to, self->i));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, jobs_recv(cx, &self->from, &self->done));
        if (self->weft.rc < 0)
            break;
        self->sum += self->done;
    }
    printf("%s: sum %ld\n", weft_runtime_name(weft_context_runtime(cx)), self->sum);
    jobs_sender_close(&self->to);
    jobs_receiver_close(&self->from);
    WEFT_END(self->weft.rc);
}

/* Runs in "back": each wake crosses from the threads of one runtime to those of the other. */
struct back { weft_frame weft; jobs_receiver from; jobs_sender to; int job, count; };

static weft_poll back(weft_context *cx, struct back *self)
{
    WEFT_BEGIN(cx, self);
    for (;; self->count++) {
        WEFT_AWAIT(self->weft.rc, jobs_recv(cx, &self->from, &self->job));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, jobs_send(cx, &self->to, self->job * 2));
        if (self->weft.rc < 0)
            break;
    }
    printf("%s: %d jobs\n", weft_runtime_name(weft_context_runtime(cx)), self->count);
    jobs_receiver_close(&self->from);
    jobs_sender_close(&self->to);
    WEFT_END(self->weft.rc == WEFT_EPIPE ? 0 : self->weft.rc);
}

int main(void)
{
    weft_runtime *front_rt, *back_rt;
    jobs_sender to_back, to_front;
    jobs_receiver at_back, at_front;
    if (weft_runtime_create(&front_rt, WEFT_RUNTIME_OPTIONS(.name = "front", .thread_name = "front")) < 0 ||
        weft_runtime_create(&back_rt, WEFT_RUNTIME_OPTIONS(.name = "back", .thread_name = "back", .worker_threads = 1)) < 0)
        return 1;
    if (jobs_create(back_rt, WEFT_CHANNEL_OPTIONS(.name = "to back", .capacity = 4), &to_back, &at_back) < 0 ||
        jobs_create(front_rt, WEFT_CHANNEL_OPTIONS(.name = "to front", .capacity = 4), &to_front, &at_front) < 0)
        return 1;

    weft_spawn(weft_runtime_scope(back_rt), back, .from = at_back, .to = to_front);
    weft_spawn(weft_runtime_scope(front_rt), front, .to = to_back, .from = at_front);

    /* The front ends first, by itself; its close of "to back" ends the other. */
    int rc = weft_runtime_finish(front_rt);
    return weft_runtime_finish(back_rt) < 0 || rc < 0;
}
