/* SPDX-License-Identifier: MIT */
/* Meeting points: creation may be refused; what was made is used, waited at and destroyed without asking for memory. */
#include "sweep.h"

WEFT_ONESHOT_DEFINE(answer, uint64_t)
WEFT_WATCH_DEFINE(setting, uint64_t)
WEFT_BROADCAST_DEFINE(news, uint64_t)

enum { OBJECTS = 6 };

/* Each scenario makes a few of one kind, so that more than one page is asked for, and uses those that it got. */
#define OF_EACH(type, create_call, use, destroy)                                                                       \
    do {                                                                                                               \
        weft_runtime *rt = tally_create(tally, 1);                                                                     \
        if (!rt)                                                                                                       \
            return;                                                                                                    \
        for (int i = 0; i < OBJECTS; i++) {                                                                            \
            type object = {0};                                                                                         \
            if (TRY(#create_call, create_call(rt, options, &object)) != 0)                                             \
                continue;                                                                                              \
            const unsigned before = faulty_calls_here();                                                               \
            use;                                                                                                       \
            destroy(&object);                                                                                          \
            HOLDS(faulty_calls_here() == before);                                                                      \
        }                                                                                                              \
        tally_destroy(tally, rt);                                                                                      \
    } while (0)

SCENARIO(semaphore)
{
    const weft_semaphore_options *options = WEFT_SEMAPHORE_OPTIONS(.name = "s", .permits = 2, .permits_max = 3);
    OF_EACH(weft_semaphore, weft_semaphore_create, {
        HOLDS(weft_semaphore_try_acquire(&object, 2) == 0);
        HOLDS(weft_semaphore_acquire_blocking(&object, 1, 0) == WEFT_ETIMEDOUT);
        HOLDS(weft_semaphore_release(&object, 3) == 0);
        HOLDS(weft_semaphore_forget(&object, 1) == 1);
    }, weft_semaphore_destroy);
}

SCENARIO(mutex)
{
    const weft_mutex_options *options = NULL;
    OF_EACH(weft_mutex, weft_mutex_create, {
        HOLDS(weft_mutex_lock_blocking(&object, WEFT_FOREVER) == 0);
        HOLDS(weft_mutex_try_lock(&object) != 0);
        HOLDS(weft_mutex_unlock(&object) == 0);
    }, weft_mutex_destroy);
}

SCENARIO(rwlock)
{
    const weft_rwlock_options *options = NULL;
    OF_EACH(weft_rwlock, weft_rwlock_create, {
        HOLDS(weft_rwlock_try_read(&object) == 0);
        HOLDS(weft_rwlock_write_blocking(&object, 0) == WEFT_ETIMEDOUT);
        HOLDS(weft_rwlock_read_unlock(&object) == 0);
        HOLDS(weft_rwlock_try_write(&object) == 0);
        HOLDS(weft_rwlock_write_unlock(&object) == 0);
    }, weft_rwlock_destroy);
}

SCENARIO(notify)
{
    const weft_notify_options *options = NULL;
    OF_EACH(weft_notify, weft_notify_create, {
        HOLDS(weft_notify_wait_blocking(&object, 0) == WEFT_ETIMEDOUT);
        HOLDS(weft_notify_one(&object) == 0 && weft_notify_all(&object) == 0);
        HOLDS(weft_notify_wait_blocking(&object, WEFT_FOREVER) == 0);
    }, weft_notify_destroy);
}

SCENARIO(barrier)
{
    const weft_barrier_options *options = WEFT_BARRIER_OPTIONS(.parties = 1);
    OF_EACH(weft_barrier, weft_barrier_create, {
        HOLDS(weft_barrier_wait_blocking(&object, WEFT_FOREVER) == 1);
        HOLDS(weft_barrier_wait_blocking(&object, WEFT_FOREVER) == 1);
    }, weft_barrier_destroy);
}

SCENARIO(once)
{
    const weft_once_options *options = NULL;
    OF_EACH(weft_once, weft_once_create, {
        HOLDS(weft_once_enter_blocking(&object, WEFT_FOREVER) == 1);
        HOLDS(weft_once_leave(&object, 0) == 0);
        HOLDS(weft_once_enter_blocking(&object, WEFT_FOREVER) == 0);
    }, weft_once_destroy);
}

SCENARIO(oneshot)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < OBJECTS; i++) {
        answer_sender out;
        answer_receiver in;
        if (TRY("weft_oneshot_create", answer_create(rt, NULL, &out, &in)) != 0)
            continue;
        const unsigned before = faulty_calls_here();
        uint64_t got = 0;
        HOLDS(weft_oneshot_recv_blocking(&in.weft, &got, 0) == WEFT_ETIMEDOUT);
        HOLDS(answer_send(&out, 7) == 0);
        HOLDS(weft_oneshot_try_recv(&in.weft, &got) == 0 && got == 7);
        answer_receiver_close(&in);
        HOLDS(faulty_calls_here() == before);
    }
    tally_destroy(tally, rt);
}

static int plus_one(void *value, void *context)
{
    (void)context;
    ++*(uint64_t *)value;
    return 0;
}

struct large {
    uint64_t number;
    unsigned char ballast[9000]; /* the copy is not on the stack */
};
WEFT_WATCH_DEFINE(large_setting, struct large)

/* Only a change by function of a large value needs memory: for the copy that the function gets. */
SCENARIO(watch)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < OBJECTS; i++) {
        setting_sender out;
        setting_receiver in;
        if (TRY("weft_watch_create", setting_create(rt, NULL, 1, &out, &in)) != 0)
            continue;
        uint64_t value = 0;
        HOLDS(setting_send(&out, 5) == 0);
        HOLDS(weft_watch_modify(&out.weft, plus_one, NULL) == 0);
        HOLDS(weft_watch_changed_blocking(&in.weft, WEFT_FOREVER) == 0);
        HOLDS(setting_read(&in, &value) == 0 && value == 6);
        setting_sender_close(&out);
        setting_receiver_close(&in);
        large_setting_sender large_out;
        large_setting_receiver large_in;
        if (TRY("weft_watch_create", large_setting_create(rt, NULL, (struct large){.number = 1}, &large_out, &large_in)) != 0)
            continue;
        TRY("weft_watch_modify", weft_watch_modify(&large_out.weft, plus_one, NULL));
        large_setting_sender_close(&large_out);
        large_setting_receiver_close(&large_in);
    }
    tally_destroy(tally, rt);
}

/* A message needs a node; one that got none is the sender's. */
SCENARIO(broadcast)
{
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < OBJECTS; i++) {
        news_sender out;
        news_receiver in;
        if (TRY("weft_broadcast_create", news_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 4), &out, &in)) != 0)
            continue;
        uint64_t got, lost;
        for (uint64_t n = 0; n < 4; n++) {
            const int told = news_send(&out, n);
            tally->sent += TRY("weft_broadcast_send", told > 0 ? 0 : told) == 0;
        }
        while (weft_broadcast_try_recv(&in.weft, &got, &lost) == 0)
            tally->received++;
        news_sender_close(&out);
        news_receiver_close(&in);
    }
    tally_destroy(tally, rt);
}
