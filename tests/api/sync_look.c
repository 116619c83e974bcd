/* SPDX-License-Identifier: MIT */
/* A snapshot of meeting points: names, owners, permits, and everybody who waits, in the order in which they will be let in. */
#include "lib/meet.h"

#include "base/thread.h"
#include "lib/runtime.h"

#define OWN(test) cmocka_unit_test_setup_teardown(test, runtime_of_one, runtime_end)

enum { ROOM = 8 };

/* Copy those that wait at the meeting point of that name; their number must be what its statistics say. */
static int waiters(const char *name, weft_sync_waiter out[ROOM])
{
    const weft_sync_stats stats = meet_stats(rt, name);
    const int waiting = weft_sync_waiters(rt, stats.id, out, ROOM);
    assert_int_equal(waiting, stats.waiting);
    if (waiting > 0)
        assert_true(stats.waiting_first == out[0].who);
    return waiting;
}

static int enter_mutex(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_mutex_lock(cx, object);
}

static int leave_mutex(const void *object, uint32_t amount)
{
    (void)amount;
    return weft_mutex_unlock(object);
}

static int enter_semaphore(weft_context *cx, const void *object, uint32_t amount)
{
    return weft_semaphore_acquire(cx, object, amount);
}

static int leave_semaphore(const void *object, uint32_t amount)
{
    return weft_semaphore_release(object, amount);
}

static int enter_rwlock(weft_context *cx, const void *object, uint32_t amount)
{
    return amount ? weft_rwlock_write(cx, object) : weft_rwlock_read(cx, object);
}

static int leave_rwlock(const void *object, uint32_t amount)
{
    return amount ? weft_rwlock_write_unlock(object) : weft_rwlock_read_unlock(object);
}

static int block_mutex(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    const int answer = weft_mutex_lock_blocking(object, deadline_ns);
    if (answer == 0)
        weft_mutex_unlock(object);
    return answer;
}

static void mutex_shows_its_owner_and_each_waiter(void **state)
{
    (void)state;
    weft_mutex mutex;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "door", .component = "house"), &mutex), 0);
    weft_sync_waiter found[ROOM];
    assert_int_equal(waiters("door", found), 0);
    assert_true(meet_stats(rt, "door").owner == 0);

    atomic_uint stay = 0;
    struct visit visits[3] = {{.rc = MEET_NOTHING_YET}, {.rc = MEET_NOTHING_YET}, {.rc = MEET_NOTHING_YET}};
    for (int i = 0; i < 3; i++)
        meet_send(rt, "door", &visits[i],
                  (struct visitor){.enter = enter_mutex, .leave = leave_mutex, .object = &mutex, .stay = &stay});
    struct guest guest = {.enter = block_mutex, .object = &mutex, .deadline_ns = WEFT_FOREVER};
    meet_guest(&guest);
    WORLD_UNTIL(meet_stats(rt, "door").waiting == 3);

    const weft_sync_stats stats = meet_stats(rt, "door");
    assert_string_equal(stats.component, "house");
    assert_true(stats.owner == visits[0].task.id);
    assert_true(stats.taker == 0);
    assert_int_equal(stats.permits, 0);
    assert_int_equal(waiters("door", found), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(found[i].permits, 1);
        assert_true(found[i].alone);
        assert_false(found[i].sender);
        assert_true(found[i].waited_ns >= 0);
    }
    assert_true(found[0].who == visits[1].task.id && found[1].who == visits[2].task.id);
    assert_true(found[2].who & WEFT_OWNER_THREAD);
    assert_int_equal(weft_sync_waiters(rt, stats.id, NULL, 0), 3); /* how many, and nothing copied */
    found[1].who = 0;
    assert_int_equal(weft_sync_waiters(rt, stats.id, found, 1), 3);
    assert_true(found[0].who == visits[1].task.id && found[1].who == 0);

    atomic_store(&stay, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(meet_answer(&visits[i]), 0);
    assert_int_equal(meet_guest_answer(&guest), 0);
    world_settle(rt); /* they leave after their answer, with the handle */
    weft_mutex_destroy(&mutex);
    assert_int_equal(weft_sync_waiters(rt, stats.id, found, ROOM), WEFT_ESRCH);
}

static void semaphore_shows_what_each_asks_for(void **state)
{
    (void)state;
    weft_semaphore seats;
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "seats", .permits = 3, .permits_max = 4), &seats), 0);
    atomic_uint stay = 0;
    struct visit visits[3] = {{.rc = MEET_NOTHING_YET}, {.rc = MEET_NOTHING_YET}, {.rc = MEET_NOTHING_YET}};
    const uint32_t amounts[3] = {2, 3, 1};
    for (int i = 0; i < 3; i++)
        meet_send(rt, "seats", &visits[i], (struct visitor){.enter = enter_semaphore, .leave = leave_semaphore,
                                                            .object = &seats, .amount = amounts[i], .stay = &stay});
    weft_sync_waiter found[ROOM];
    const weft_sync_stats stats = meet_stats(rt, "seats");
    assert_true(stats.taker == visits[0].task.id);
    assert_true(stats.owner == 0);
    assert_int_equal(stats.permits, 1);
    assert_int_equal(waiters("seats", found), 2);
    for (int i = 0; i < 2; i++) {
        assert_true(found[i].who == visits[i + 1].task.id);
        assert_int_equal(found[i].permits, amounts[i + 1]);
        assert_false(found[i].alone);
    }
    assert_int_equal(weft_semaphore_release(&seats, 1), 0); /* two are free: not enough for the first that waits */
    assert_int_equal(waiters("seats", found), 2);
    atomic_store(&stay, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(meet_answer(&visits[i]), 0);
    world_settle(rt);
    assert_int_equal(weft_semaphore_try_acquire(&seats, 1), 0);
    assert_true(meet_stats(rt, "seats").taker == (WEFT_OWNER_THREAD | (uint32_t)weft__thread_id()));
    weft_semaphore_destroy(&seats);
}

static void rwlock_shows_writers_among_readers(void **state)
{
    (void)state;
    weft_rwlock book;
    assert_int_equal(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.name = "book", .readers_max = 5), &book), 0);
    atomic_uint stay = 0;
    struct visit visits[4];
    const uint32_t writes[4] = {0, 1, 0, 1};
    for (int i = 0; i < 4; i++) {
        visits[i] = (struct visit){.rc = MEET_NOTHING_YET};
        meet_send(rt, "book", &visits[i], (struct visitor){.enter = enter_rwlock, .leave = leave_rwlock, .object = &book,
                                                           .amount = writes[i], .stay = &stay});
    }
    weft_sync_waiter found[ROOM];
    assert_true(meet_stats(rt, "book").taker == visits[0].task.id);
    assert_int_equal(meet_stats(rt, "book").permits, 4);
    assert_int_equal(waiters("book", found), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(found[i].who == visits[i + 1].task.id);
        assert_int_equal(found[i].alone, writes[i + 1]);
        assert_int_equal(found[i].permits, writes[i + 1] ? 5 : 1);
    }
    atomic_store(&stay, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(meet_answer(&visits[i]), 0);
    world_settle(rt);
    weft_rwlock_destroy(&book);
}

static int enter_notify(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_notify_wait(cx, object);
}

static int enter_barrier(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_barrier_wait(cx, object);
}

static int enter_once(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_once_enter(cx, object);
}

static int enter_reply(weft_context *cx, const void *object, uint32_t amount)
{
    uint64_t value;
    (void)amount;
    return weft_oneshot_recv(cx, object, &value);
}

static int enter_closed(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_oneshot_closed(cx, object);
}

/* The kinds without an owner, and those that have sides. */
static void every_kind_shows_who_waits(void **state)
{
    (void)state;
    weft_notify bell;
    weft_barrier start;
    weft_once config;
    weft_oneshot_sender sender;
    weft_oneshot_receiver receiver;
    assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "bell"), &bell), 0);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "start", .parties = 2), &start), 0);
    assert_int_equal(weft_once_create(rt, WEFT_ONCE_OPTIONS(.name = "config"), &config), 0);
    assert_int_equal(weft_once_enter_blocking(&config, 0), 1);
    assert_int_equal(weft_oneshot_create(rt, WEFT_ONESHOT_OPTIONS(.name = "reply"), 8, &sender, &receiver), 0);
    const struct {
        const char *name;
        int (*enter)(weft_context *cx, const void *object, uint32_t amount);
        const void *object;
        bool alone, sender;
    } cases[] = {
        {"bell", enter_notify, &bell, false, false},    {"start", enter_barrier, &start, false, false},
        {"config", enter_once, &config, true, false},   {"reply", enter_reply, &receiver, false, false},
        {"reply", enter_closed, &sender, false, true},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct visit visits[CASES];
    weft_sync_waiter found[ROOM];
    for (int i = 0; i < CASES; i++) {
        visits[i] = (struct visit){.rc = MEET_NOTHING_YET};
        meet_send(rt, cases[i].name, &visits[i], (struct visitor){.enter = cases[i].enter, .object = cases[i].object});
        const int waiting = waiters(cases[i].name, found);
        assert_int_equal(waiting, i == 4 ? 2 : 1);
        assert_true(found[waiting - 1].who == visits[i].task.id);
        assert_int_equal(found[waiting - 1].permits, 1);
        assert_int_equal(found[waiting - 1].alone, cases[i].alone);
        assert_int_equal(found[waiting - 1].sender, cases[i].sender);
    }
    assert_true(meet_stats(rt, "config").owner == (WEFT_OWNER_THREAD | (uint32_t)weft__thread_id()));
    assert_int_equal(meet_stats(rt, "start").permits, 1); /* still to arrive */
    for (int i = 0; i < CASES; i++) {
        assert_int_equal(weft_task_cancel(visits[i].task), 0);
        assert_int_equal(meet_answer(&visits[i]), WEFT_ECANCELED);
        assert_int_equal(waiters(cases[i].name, found), i == 3 ? 1 : 0);
    }
    world_settle(rt);
    assert_int_equal(weft_once_leave(&config, 0), 0);
    weft_notify_destroy(&bell);
    weft_barrier_destroy(&start);
    weft_once_destroy(&config);
    weft_oneshot_sender_close(&sender);
    weft_oneshot_receiver_close(&receiver);
}

static void waiters_of_nothing_are_refused(void **state)
{
    (void)state;
    weft_sync_waiter found[1];
    assert_int_equal(weft_sync_waiters(NULL, 1, found, 1), WEFT_EINVAL);
    assert_int_equal(weft_sync_waiters(rt, 1, NULL, 1), WEFT_EINVAL);
    assert_ptr_equal(strstr(weft_error_detail(), "weft_sync_waiters: "), weft_error_detail());
    assert_int_equal(weft_sync_waiters(rt, 0, found, 1), WEFT_ESRCH);
    assert_int_equal(weft_sync_waiters(rt, UINT64_MAX, found, 1), WEFT_ESRCH);
    assert_non_null(strstr(weft_error_detail(), "weft_sync_visit() lists them"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN(mutex_shows_its_owner_and_each_waiter),
        OWN(semaphore_shows_what_each_asks_for),
        OWN(rwlock_shows_writers_among_readers),
        OWN(every_kind_shows_who_waits),
        OWN(waiters_of_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
