/* SPDX-License-Identifier: MIT */
/*
 * Teaches what is under the macros: a task is a function that is polled. It answers WEFT_READY, or it arranges to be
 * woken and answers WEFT_PENDING. Here it waits for a plain thread, as a library that wraps somebody's callbacks would.
 */
#include <pthread.h>
#include <stdio.h>
#include <weft.h>

/* A bell that any thread may ring and one task may wait for. */
struct bell {
    pthread_mutex_t lock;
    int rings;
    bool awaited;
    weft_waker waker;
};

static void bell_ring(struct bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    bell->rings++;
    bool awaited = bell->awaited;
    weft_waker waker = bell->waker; /* a value: it may be used for ever, and does nothing once the task has ended */
    pthread_mutex_unlock(&bell->lock);
    if (awaited)
        weft_wake(waker); /* a poll will begin after this call, and see what was written before it */
}

/* Looking and leaving the waker are one step under the lock: a ring between the two would be lost. */
static bool bell_poll(struct bell *bell, weft_context *cx, int rings)
{
    pthread_mutex_lock(&bell->lock);
    bool enough = bell->rings >= rings;
    bell->awaited = !enough;
    if (!enough)
        bell->waker = weft_context_waker(cx); /* anew at each poll, since another task may be waiting now */
    pthread_mutex_unlock(&bell->lock);
    return enough;
}

/* The frame is all that lives over a suspension. Where the task stands is up to it: here, one number. */
struct listener {
    enum { LISTENING, TELLING } state;
    struct bell *bell;
    weft_sender out;
    int told;
};

static weft_poll listener(weft_context *cx, void *frame)
{
    struct listener *self = frame;
    int rc = WEFT_ECANCELED;
    switch (self->state) {
    case LISTENING:
        if (weft_context_cancelled(cx) != WEFT_REASON_NONE) /* awaits look by themselves; here it is up to us */
            break;
        if (!bell_poll(self->bell, cx, 3))
            return WEFT_PENDING;
        self->told = 3;
        self->state = TELLING;
        /* fall through */
    case TELLING:
        rc = weft_channel_send(cx, &self->out, &self->told); /* has kept the waker by itself if it says AWAITING */
        if (rc == WEFT_AWAITING)
            return WEFT_PENDING;
    }
    if (rc < 0)
        printf("not told: %s\n", weft_error_name(rc));
    weft_sender_close(&self->out);
    return WEFT_READY;
}

static void *ringer(void *bell)
{
    for (int i = 0; i < 3; i++)
        bell_ring(bell);
    return NULL;
}

int main(void)
{
    static weft_site site = {__FILE__, "main", "listener", __LINE__, UINT32_MAX, 0}; /* UINT32_MAX: has no weft_frame */
    struct bell bell = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct listener frame = {.state = LISTENING, .bell = &bell};
    weft_receiver in;
    weft_runtime *rt;
    pthread_t thread;
    int rings;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "by hand")) < 0 ||
        weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.name = "rings", .capacity = 1), sizeof(int), &frame.out, &in) < 0)
        return 1;
    weft_task task = weft_spawn_frame(weft_runtime_scope(rt), &site, &WEFT_TASK("listener"), listener, &frame, sizeof frame);
    if (weft_task_error(task) < 0 || pthread_create(&thread, NULL, ringer, &bell) != 0)
        return 1;
    if (weft_channel_recv_blocking(&in, &rings, WEFT_FOREVER) == 0)
        printf("the bell rang %d times\n", rings);
    pthread_join(thread, NULL);
    weft_receiver_close(&in);
    return weft_runtime_finish(rt) < 0;
}
