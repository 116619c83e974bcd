/* SPDX-License-Identifier: MIT */
/*
 * IO-03: a host that closes its descriptor right after weft_fd_close() is safe: the loop has let go of the number. Host threads open a
 * descriptor, let a task wait for it, give it back and close it, and the next one gets its number; other descriptors keep the loops
 * busy meanwhile, and dumps say who waits. What is closed wakes its task with EBADF, what is written to is told, and no loop takes
 * one for the other.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <weft.h>

#include "lib/stress.h"

enum { HOSTS = 3, BUSY = 2 };

static weft_runtime *rt;
static atomic_int stop;

struct waiter {
    weft_frame weft;
    weft_fd *fd;
    atomic_int *about, *came;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->about, 1);
    WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, self->fd, WEFT_READABLE));
    atomic_store(self->came, self->weft.rc);
    WEFT_END(0);
}

/* Both ends of it are one task's: it rings and hears, so its loop has always something to say. */
struct busy {
    weft_frame weft;
    weft_fd fd;
    uint64_t count;
};

static weft_poll busy(weft_context *cx, struct busy *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&stop)) {
        self->count = 1;
        VERDICT(weft_fd_try_write(&self->fd, &self->count, sizeof self->count) == sizeof self->count);
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, &self->fd, WEFT_READABLE));
        VERDICT(weft_fd_try_read(&self->fd, &self->count, sizeof self->count) == sizeof self->count);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

static int swallow(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    return length > 0 ? 0 : 1;
}

static void lend(struct weft__rng *rng)
{
    const bool rings = weft__rng_below(rng, 2) == 0;
    const unsigned turns = (unsigned)weft__rng_below(rng, 4);
    atomic_int about = 0, came = 0;
    int result = 1;
    weft_fd fd = {0}, ours;
    const int number = eventfd(0, EFD_CLOEXEC);
    VERDICT(number >= 0);
    VERDICT(weft_fd_open(rt, number, WEFT_FD_OPTIONS(.name = "lent", .borrowed = true), &fd) == 0);
    ours = fd; /* the task looks at its own */
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), waiter, .fd = &fd, .about = &about, .came = &came);
    STRESS_UNTIL(atomic_load(&about));
    for (unsigned i = 0; i < turns; i++)
        sched_yield();
    if (turns == 0)
        VERDICT(weft_task_dump(rt, WEFT_DUMP_TEXT, swallow, NULL) == 0);
    if (rings) {
        VERDICT(eventfd_write(number, 1) == 0);
        VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0);
    }
    weft_fd_close(&ours);
    VERDICT(close(number) == 0);
    if (!rings)
        VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0);
    VERDICT(rings ? atomic_load(&came) == WEFT_READABLE
                  : atomic_load(&came) == WEFT_EBADF || atomic_load(&came) == WEFT_ESRCH); /* it began to wait after the end */
}

static void host(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 0; i < *(const uint64_t *)context; i++)
        lend(&rng);
}

static void lent_descriptor_may_be_closed_at_once(void **state)
{
    (void)state;
    uint64_t rounds = stress_scale(500);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0);
    atomic_store(&stop, 0);
    for (int i = 0; i < BUSY; i++) {
        weft_fd fd;
        assert_int_equal(weft_fd_open(rt, eventfd(0, EFD_CLOEXEC), NULL, &fd), 0);
        weft_spawn(weft_runtime_scope(rt), busy, .fd = fd);
    }
    stress_threads(HOSTS, host, &rounds);
    atomic_store(&stop, 1);
    stress_settle(rt);
    verdict_assert();
    assert_int_equal(weft_runtime_finish(rt), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lent_descriptor_may_be_closed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
