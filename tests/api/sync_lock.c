/* SPDX-License-Identifier: MIT */
/* Mutex and rwlock, as <weft/lock.h> says them: a test a line of its documentation. */
#include "lib/meet.h"
#include "lib/runtime.h"

static weft_mutex mutex;
static weft_rwlock rwlock;
static atomic_uint turns, stay;

static void open_mutex(void)
{
    atomic_store(&turns, 0);
    atomic_store(&stay, 0);
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "door", .component = "hall"), &mutex), 0);
}

static void open_rwlock(uint32_t readers_max)
{
    atomic_store(&turns, 0);
    atomic_store(&stay, 0);
    assert_int_equal(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.name = "book", .readers_max = readers_max), &rwlock),
                     0);
}

static void end_all(void)
{
    atomic_store(&stay, 1);
    world_settle(rt);
    weft_mutex_destroy(&mutex);
    weft_rwlock_destroy(&rwlock);
    assert_int_equal(meet_count(rt), 0);
    verdict_assert();
}

static int lock_it(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_mutex_lock(cx, object);
}
static int unlock_it(const void *object, uint32_t amount)
{
    return (void)amount, weft_mutex_unlock(object);
}
static int read_it(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_rwlock_read(cx, object);
}
static int unread_it(const void *object, uint32_t amount)
{
    return (void)amount, weft_rwlock_read_unlock(object);
}
static int write_it(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_rwlock_write(cx, object);
}
static int unwrite_it(const void *object, uint32_t amount)
{
    return (void)amount, weft_rwlock_write_unlock(object);
}

/* Comes, and stays until `stay` is raised. */
static void send_locker(struct visit *visit)
{
    meet_send(rt, "door", visit,
              (struct visitor){.enter = lock_it, .leave = unlock_it, .object = &mutex, .clock = &turns, .stay = &stay});
}
static void send_reader(struct visit *visit)
{
    meet_send(
        rt, "book", visit,
        (struct visitor){.enter = read_it, .leave = unread_it, .object = &rwlock, .clock = &turns, .stay = &stay});
}
static void send_writer(struct visit *visit)
{
    meet_send(
        rt, "book", visit,
        (struct visitor){.enter = write_it, .leave = unwrite_it, .object = &rwlock, .clock = &turns, .stay = &stay});
}

static void handle_that_is_null_unset_destroyed_or_stale_is_refused(void **state)
{
    (void)state;
    const weft_mutex no_mutex = {0};
    const weft_rwlock no_rwlock = {0};
    weft_rwlock made;
    assert_int_equal(weft_mutex_create(NULL, NULL, &mutex), WEFT_EINVAL);
    assert_int_equal(weft_mutex_create(rt, NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_mutex_create(rt, &(weft_mutex_options){.size = 1}, &mutex), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_create(rt, &(weft_rwlock_options){.size = 1}, &made), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.readers_max = WEFT_PERMITS_MAX + 1), &made),
                     WEFT_EINVAL);
    assert_int_equal(weft_mutex_lock(NULL, &no_mutex), WEFT_EINVAL);
    assert_int_equal(weft_mutex_try_lock(&no_mutex), WEFT_EINVAL);
    assert_int_equal(weft_mutex_unlock(NULL), WEFT_EINVAL);
    assert_int_equal(weft_mutex_lock_blocking(&no_mutex, 0), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_try_read(&no_rwlock), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_try_write(NULL), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_read_unlock(&no_rwlock), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_write_unlock(&no_rwlock), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_read_blocking(&no_rwlock, 0), WEFT_EINVAL);
    assert_int_equal(weft_rwlock_write(NULL, &no_rwlock), WEFT_EINVAL);
    assert_true(weft_mutex_owner(&no_mutex) == 0);

    open_mutex();
    open_rwlock(0);
    weft_mutex old_mutex = mutex;
    weft_rwlock old_rwlock = rwlock;
    weft_mutex_destroy(&mutex);
    weft_rwlock_destroy(&rwlock);
    assert_int_equal(weft_mutex_try_lock(&mutex), WEFT_EPIPE);
    assert_int_equal(weft_mutex_unlock(&mutex), WEFT_EPIPE);
    assert_int_equal(weft_rwlock_try_read(&rwlock), WEFT_EPIPE);
    open_mutex();
    open_rwlock(3);
    assert_int_equal(weft_mutex_try_lock(&old_mutex), WEFT_ESRCH);
    assert_int_equal(weft_mutex_unlock(&old_mutex), WEFT_ESRCH);
    assert_int_equal(weft_mutex_lock_blocking(&old_mutex, 0), WEFT_ESRCH);
    assert_int_equal(weft_rwlock_try_read(&old_rwlock), WEFT_ESRCH);
    assert_int_equal(weft_rwlock_try_write(&old_rwlock), WEFT_ESRCH);
    assert_int_equal(weft_rwlock_read_unlock(&old_rwlock), WEFT_ESRCH);
    assert_int_equal(weft_rwlock_write_unlock(&old_rwlock), WEFT_ESRCH);
    weft_mutex_destroy(&old_mutex);
    weft_rwlock_destroy(&old_rwlock);
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), 0);
    end_all();
}

static void mutex_has_one_owner_which_can_be_seen(void **state)
{
    (void)state;
    struct visit task;
    open_mutex();
    assert_true(weft_mutex_owner(&mutex) == 0);
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    const uint64_t me = weft_mutex_owner(&mutex);
    assert_true(me & WEFT_OWNER_THREAD);
    assert_true(meet_stats(rt, "door").owner == me);
    assert_int_equal(meet_stats(rt, "door").permits, 0);
    assert_int_equal(weft_mutex_try_lock(&mutex), WEFT_EAGAIN);
    assert_int_equal(weft_mutex_unlock(&mutex), 0);
    assert_true(weft_mutex_owner(&mutex) == 0);
    assert_int_equal(weft_mutex_unlock(&mutex), WEFT_EPERM);
    send_locker(&task);
    assert_int_equal(meet_answer(&task), 0);
    assert_true(weft_mutex_owner(&mutex) == task.task.id);
    assert_true(meet_stats(rt, "door").owner == task.task.id);
    assert_int_equal(weft_mutex_unlock(&mutex), WEFT_EPERM); /* this thread is not the owner */
    assert_true(weft_mutex_owner(&mutex) == task.task.id);
    end_all();
}

/* MTX-01 */
static void mutex_is_handed_over_in_order(void **state)
{
    (void)state;
    enum { WAITERS = 12 };
    struct visit all[WAITERS];
    open_mutex();
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    for (int i = 0; i < WAITERS; i++)
        send_locker(&all[i]);
    meet_hold(rt);
    assert_int_equal(weft_mutex_unlock(&mutex), 0);
    assert_true(weft_mutex_owner(&mutex) == all[0].task.id); /* a hand-over is in progress */
    assert_int_equal(weft_mutex_try_lock(&mutex), WEFT_EAGAIN);
    meet_unhold();
    atomic_store(&stay, 1);
    for (unsigned i = 0; i < WAITERS; i++) {
        assert_int_equal(meet_answer(&all[i]), 0);
        assert_int_equal(atomic_load(&all[i].turn), i + 1);
    }
    world_settle(rt);
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    end_all();
}

static void mutex_passes_over_a_waiter_that_is_cancelled(void **state)
{
    (void)state;
    struct visit granted, queued, last;
    open_mutex();
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    send_locker(&granted);
    send_locker(&queued);
    send_locker(&last);
    meet_hold(rt);
    assert_int_equal(weft_task_cancel(queued.task), 0); /* in the list */
    assert_int_equal(weft_mutex_unlock(&mutex), 0);
    assert_int_equal(weft_task_cancel(granted.task), 0); /* has it, and has not run */
    meet_unhold();
    assert_int_equal(meet_answer(&granted), WEFT_ECANCELED);
    assert_int_equal(meet_answer(&queued), WEFT_ECANCELED);
    assert_int_equal(meet_answer(&last), 0);
    assert_true(weft_mutex_owner(&mutex) == last.task.id);
    end_all();
}

struct twice {
    weft_frame weft;
    atomic_int *done;
};

static weft_poll twice(weft_context *cx, struct twice *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &mutex));
    VERDICT(self->weft.rc == 0);
    VERDICT(weft_mutex_owner(&mutex) == weft_context_task(cx).id);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &mutex));
    VERDICT(self->weft.rc == WEFT_EDEADLK);
    VERDICT(weft_mutex_try_lock(&mutex) == WEFT_EAGAIN);
    VERDICT(weft_mutex_lock_blocking(&mutex, 0) == WEFT_EPERM);
    VERDICT(weft_mutex_unlock(&mutex) == 0);
    VERDICT(weft_mutex_unlock(&mutex) == WEFT_EPERM);
    WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &rwlock));
    VERDICT(self->weft.rc == 0);
    WEFT_AWAIT(self->weft.rc, weft_rwlock_read(cx, &rwlock));
    VERDICT(self->weft.rc == WEFT_EDEADLK);
    WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &rwlock));
    VERDICT(self->weft.rc == WEFT_EDEADLK);
    VERDICT(weft_rwlock_write_blocking(&rwlock, 0) == WEFT_EPERM);
    VERDICT(weft_rwlock_read_blocking(&rwlock, 0) == WEFT_EPERM);
    VERDICT(weft_rwlock_write_unlock(&rwlock) == 0);
    atomic_store(self->done, 1);
    WEFT_END(0);
}

static void lock_by_its_owner_is_refused_instead_of_waiting_for_ever(void **state)
{
    (void)state;
    atomic_int done = 0;
    open_mutex();
    open_rwlock(0);
    weft_spawn(weft_runtime_scope(rt), twice, .done = &done);
    WORLD_UNTIL(atomic_load(&done));
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
    assert_int_equal(weft_mutex_lock_blocking(&mutex, WEFT_FOREVER), WEFT_EDEADLK);
    assert_int_equal(weft_rwlock_try_write(&rwlock), 0);
    assert_int_equal(weft_rwlock_write_blocking(&rwlock, WEFT_FOREVER), WEFT_EDEADLK);
    assert_int_equal(weft_rwlock_read_blocking(&rwlock, WEFT_FOREVER), WEFT_EDEADLK);
    end_all();
}

/* A task that turns away from a wait: what it begins then is no part of that, and the answer is the same. */
struct turner {
    weft_frame weft;
    const weft_semaphore *empty;
    const weft_once *once;
};

static weft_poll turner(weft_context *cx, struct turner *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_mutex_try_lock(&mutex) == 0 && weft_rwlock_try_write(&rwlock) == 0);
    WEFT_AWAIT(self->weft.rc, weft_once_enter(cx, self->once));
    VERDICT(self->weft.rc == 1);
    VERDICT(weft_semaphore_acquire(cx, self->empty, 1) == WEFT_AWAITING);
    VERDICT(weft_mutex_lock(cx, &mutex) == WEFT_EDEADLK);
    VERDICT(weft_rwlock_read(cx, &rwlock) == WEFT_EDEADLK);
    VERDICT(weft_rwlock_write(cx, &rwlock) == WEFT_EDEADLK);
    VERDICT(weft_once_enter(cx, self->once) == WEFT_EDEADLK);
    VERDICT(weft_mutex_unlock(&mutex) == 0 && weft_rwlock_write_unlock(&rwlock) == 0);
    VERDICT(weft_once_leave(self->once, 0) == 0);
    WEFT_END(0);
}

static void lock_by_its_owner_is_refused_also_after_another_wait(void **state)
{
    (void)state;
    weft_semaphore empty;
    weft_once once;
    open_mutex();
    open_rwlock(0);
    assert_int_equal(weft_semaphore_create(rt, NULL, &empty), 0);
    assert_int_equal(weft_once_create(rt, NULL, &once), 0);
    weft_spawn(weft_runtime_scope(rt), turner, .empty = &empty, .once = &once);
    world_settle(rt);
    weft_semaphore_destroy(&empty);
    weft_once_destroy(&once);
    end_all();
}

static int block_mutex(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    const int rc = weft_mutex_lock_blocking(object, deadline_ns);
    if (rc == 0) {
        VERDICT(weft_mutex_owner(object) & WEFT_OWNER_THREAD);
        VERDICT(weft_mutex_unlock(object) == 0);
    }
    return rc;
}

static void lock_blocking_waits_in_turn_and_times_out(void **state)
{
    (void)state;
    struct visit task;
    open_mutex();
    struct guest patient = {.enter = block_mutex, .object = &mutex, .deadline_ns = WEFT_FOREVER};
    send_locker(&task);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(weft_mutex_lock_blocking(&mutex, 0), WEFT_ETIMEDOUT);
    assert_int_equal(weft_mutex_lock_blocking(&mutex, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    meet_guest(&patient);
    WORLD_UNTIL(meet_stats(rt, "door").waiting == 1);
    atomic_store(&stay, 1);
    assert_int_equal(meet_guest_answer(&patient), 0);
    assert_true(weft_mutex_owner(&mutex) == 0);
    end_all();
}

static void destroyed_mutex_tells_those_that_wait(void **state)
{
    (void)state;
    struct visit holds, waits;
    open_mutex();
    struct guest blocked = {.enter = block_mutex, .object = &mutex, .deadline_ns = WEFT_FOREVER};
    weft_mutex mine = mutex;
    blocked.object = &mine;
    const struct visitor plan = {.enter = lock_it, .object = &mine};
    meet_send(rt, "door", &holds, plan);
    meet_send(rt, "door", &waits, plan);
    meet_guest(&blocked);
    WORLD_UNTIL(meet_stats(rt, "door").waiting == 2);
    weft_mutex_destroy(&mutex);
    assert_int_equal(meet_answer(&waits), WEFT_EPIPE);
    assert_int_equal(meet_guest_answer(&blocked), WEFT_EPIPE);
    assert_int_equal(weft_mutex_unlock(&mine), WEFT_ESRCH);
    end_all();
}

/* RWL-01 */
static void readers_share_and_a_waiting_writer_keeps_later_ones_out(void **state)
{
    (void)state;
    struct visit reader[2], writer, late;
    open_rwlock(0);
    send_reader(&reader[0]);
    send_reader(&reader[1]);
    assert_int_equal(meet_answer(&reader[0]), 0);
    assert_int_equal(meet_answer(&reader[1]), 0);
    assert_int_equal(weft_rwlock_try_read(&rwlock), 0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), WEFT_EAGAIN);
    assert_int_equal(meet_stats(rt, "book").permits, WEFT_PERMITS_MAX - 3);
    assert_true(meet_stats(rt, "book").owner == 0);
    send_writer(&writer);
    send_reader(&late);
    assert_int_equal(weft_rwlock_try_read(&rwlock), WEFT_EAGAIN);
    assert_int_equal(atomic_load(&late.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), 0);
    assert_int_equal(atomic_load(&writer.rc), MEET_NOTHING_YET); /* the other two are still in */
    atomic_store(&stay, 1);
    assert_int_equal(meet_answer(&writer), 0);
    assert_int_equal(meet_answer(&late), 0);
    assert_int_equal(atomic_load(&writer.turn), 3);
    assert_int_equal(atomic_load(&late.turn), 4);
    end_all();
}

/* RWL-02 */
static void cancelled_writer_lets_the_readers_behind_it_in(void **state)
{
    (void)state;
    enum { READERS = 40 };
    static struct visit late[READERS];
    struct visit first, writer;
    open_rwlock(0);
    send_reader(&first);
    send_writer(&writer);
    for (int i = 0; i < READERS; i++)
        send_reader(&late[i]);
    assert_int_equal(weft_task_cancel(writer.task), 0);
    assert_int_equal(meet_answer(&writer), WEFT_ECANCELED);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(meet_answer(&late[i]), 0);
    assert_int_equal(meet_stats(rt, "book").permits, WEFT_PERMITS_MAX - READERS - 1);
    end_all();
}

/* RWL-03 */
static void readers_above_the_maximum_wait(void **state)
{
    (void)state;
    struct visit third;
    open_rwlock(2);
    assert_int_equal(weft_rwlock_try_read(&rwlock), 0);
    assert_int_equal(weft_rwlock_try_read(&rwlock), 0);
    assert_int_equal(weft_rwlock_try_read(&rwlock), WEFT_EAGAIN);
    send_reader(&third);
    assert_int_equal(atomic_load(&third.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), 0);
    assert_int_equal(meet_answer(&third), 0);
    end_all();
}

/* RWL-05 */
static void try_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    open_rwlock(0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), 0);
    const uint64_t me = meet_stats(rt, "book").owner;
    assert_true(me & WEFT_OWNER_THREAD);
    assert_int_equal(weft_rwlock_try_read(&rwlock), WEFT_EAGAIN);
    assert_int_equal(weft_rwlock_try_write(&rwlock), WEFT_EAGAIN);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), WEFT_EPERM); /* a writer is in */
    assert_true(meet_stats(rt, "book").owner == me);
    assert_int_equal(meet_stats(rt, "book").permits, 0);
    assert_int_equal(weft_rwlock_write_unlock(&rwlock), 0);
    assert_int_equal(weft_rwlock_write_unlock(&rwlock), WEFT_EPERM);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), WEFT_EPERM); /* nobody is in */
    assert_int_equal(weft_rwlock_try_read(&rwlock), 0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), WEFT_EAGAIN);
    assert_int_equal(weft_rwlock_write_unlock(&rwlock), WEFT_EPERM); /* a reader is in */
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), 0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), 0);
    end_all();
}

static void writer_is_handed_over_and_can_be_seen(void **state)
{
    (void)state;
    struct visit first, second;
    open_rwlock(1); /* a reader and a writer ask for the same: only the way they ask differs */
    assert_int_equal(weft_rwlock_try_read(&rwlock), 0);
    send_writer(&first);
    send_writer(&second);
    meet_hold(rt);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), 0);
    assert_true(meet_stats(rt, "book").owner == first.task.id);
    assert_int_equal(weft_task_cancel(first.task), 0);
    meet_unhold();
    assert_int_equal(meet_answer(&first), WEFT_ECANCELED);
    assert_int_equal(meet_answer(&second), 0);
    assert_true(meet_stats(rt, "book").owner == second.task.id);
    end_all();
}

static int block_read(const void *object, uint32_t amount, int64_t deadline_ns)
{
    return (void)amount, weft_rwlock_read_blocking(object, deadline_ns);
}
static int block_write(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    const int rc = weft_rwlock_write_blocking(object, deadline_ns);
    if (rc == 0)
        VERDICT(weft_rwlock_write_unlock(object) == 0);
    return rc;
}

static void blocked_writer_that_timed_out_lets_readers_in(void **state)
{
    (void)state;
    struct visit reader, late;
    open_rwlock(0);
    struct guest writer = {.enter = block_write, .object = &rwlock, .deadline_ns = weft_deadline_in(50000000)};
    struct guest patient = {.enter = block_write, .object = &rwlock, .deadline_ns = WEFT_FOREVER};
    struct guest behind = {.enter = block_read, .object = &rwlock, .deadline_ns = WEFT_FOREVER};
    send_reader(&reader);
    meet_guest(&writer);
    WORLD_UNTIL(meet_stats(rt, "book").waiting == 1 || atomic_load(&writer.rc) != MEET_NOTHING_YET);
    send_reader(&late);
    meet_guest(&behind);
    assert_int_equal(meet_guest_answer(&writer), WEFT_ETIMEDOUT);
    assert_int_equal(meet_guest_answer(&behind), 0);
    assert_int_equal(meet_answer(&late), 0);
    meet_guest(&patient);
    WORLD_UNTIL(meet_stats(rt, "book").waiting == 1);
    assert_int_equal(weft_rwlock_read_unlock(&rwlock), 0);
    atomic_store(&stay, 1);
    assert_int_equal(meet_guest_answer(&patient), 0);
    end_all();
}

/* What is done inside is seen by the next: plain memory, many workers, both kinds of lock. */
enum { SECTIONS = 2000, CROWD = 16 };
static struct {
    long mutex, read, write;
} inside;
struct worker_bee {
    weft_frame weft;
    int i;
    int number;
};

static weft_poll worker_bee(weft_context *cx, struct worker_bee *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->i < SECTIONS; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &mutex));
        VERDICT(self->weft.rc == 0);
        inside.mutex++;
        if (self->i % 64 == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        VERDICT(weft_mutex_unlock(&mutex) == 0);
        if ((self->i + self->number) % 8 == 0) {
            WEFT_AWAIT(self->weft.rc, weft_rwlock_write(cx, &rwlock));
            VERDICT(self->weft.rc == 0);
            inside.write++;
            inside.read++;
            if (self->i % 64 == 0)
                WEFT_AWAIT(self->weft.rc, weft_yield(cx));
            VERDICT(weft_rwlock_write_unlock(&rwlock) == 0);
        } else {
            WEFT_AWAIT(self->weft.rc, weft_rwlock_read(cx, &rwlock));
            VERDICT(self->weft.rc == 0);
            VERDICT(inside.read == inside.write);
            VERDICT(weft_rwlock_read_unlock(&rwlock) == 0);
        }
    }
    WEFT_END(0);
}

static void sections_exclude_each_other_and_see_the_one_before(void **state)
{
    (void)state;
    weft_runtime *four = world_begin(4);
    assert_int_equal(weft_mutex_create(four, NULL, &mutex), 0);
    assert_int_equal(weft_rwlock_create(four, NULL, &rwlock), 0);
    for (int i = 0; i < CROWD; i++)
        weft_spawn(weft_runtime_scope(four), worker_bee, .number = i);
    world_settle(four);
    assert_int_equal(inside.mutex, SECTIONS * CROWD);
    assert_int_equal(inside.write, SECTIONS * CROWD / 8);
    weft_mutex_destroy(&mutex);
    weft_rwlock_destroy(&rwlock);
    world_end(four, CROWD);
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_that_is_null_unset_destroyed_or_stale_is_refused),
        cmocka_unit_test(mutex_has_one_owner_which_can_be_seen),
        cmocka_unit_test(mutex_is_handed_over_in_order),
        cmocka_unit_test(mutex_passes_over_a_waiter_that_is_cancelled),
        cmocka_unit_test(lock_by_its_owner_is_refused_instead_of_waiting_for_ever),
        cmocka_unit_test(lock_by_its_owner_is_refused_also_after_another_wait),
        cmocka_unit_test(lock_blocking_waits_in_turn_and_times_out),
        cmocka_unit_test(destroyed_mutex_tells_those_that_wait),
        cmocka_unit_test(readers_share_and_a_waiting_writer_keeps_later_ones_out),
        cmocka_unit_test(cancelled_writer_lets_the_readers_behind_it_in),
        cmocka_unit_test(readers_above_the_maximum_wait),
        cmocka_unit_test(try_that_fails_leaves_nothing_behind),
        cmocka_unit_test(writer_is_handed_over_and_can_be_seen),
        cmocka_unit_test(blocked_writer_that_timed_out_lets_readers_in),
        cmocka_unit_test(sections_exclude_each_other_and_see_the_one_before),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
