/* SPDX-License-Identifier: MIT */
/* A descriptor that the host has lent is the host's again as soon as its handle is closed, whatever its loop is about to do. */
#include "lib/sockets.h"

#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

/* What libuv calls before it looks for what has come: there the loop stands once, until it is let go on. */
struct stand {
    uv_prepare_t prepare;
    atomic_bool stands;
    struct latch there, go_on;
};

static void stand_prepared(uv_prepare_t *prepare)
{
    struct stand *stand = prepare->data;
    if (!atomic_exchange(&stand->stands, false))
        return;
    latch_up(&stand->there);
    latch_wait(&stand->go_on, 1);
}

static void stand_begin(void *loop, void *context)
{
    struct stand *stand = context;
    stand->prepare.data = stand;
    uv_prepare_init(loop, &stand->prepare);
    uv_prepare_start(&stand->prepare, stand_prepared);
    latch_up(&stand->there);
}

/* Has the loop stand in its first run after it was asked to watch. */
struct lending {
    weft_frame weft;
    struct stand *stand;
    weft_fd *fd;
    atomic_int *rc;
};

static weft_poll lending(weft_context *cx, struct lending *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(&self->stand->stands, true);
    WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, self->fd, WEFT_READABLE));
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* The loop has the number on the list of what it is to begin to watch, with its next step. */
static void lent_number_may_be_closed_before_the_loop_watches_it(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    struct stand stand = {.there = LATCH, .go_on = LATCH};
    weft_fd lent = {0}, ours;
    atomic_int rc = 1;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(weft_loop_call(rt, 0, stand_begin, &stand), 0);
    latch_wait(&stand.there, 1);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &lent), 0);
    ours = lent; /* the task looks at its own */
    weft_spawn(weft_runtime_scope(rt), lending, .stand = &stand, .fd = &lent, .rc = &rc);
    latch_wait(&stand.there, 2); /* with what it was asked to watch since it ran last */
    weft_fd_close(&ours);
    assert_int_equal(close(fds[0]), 0);
    latch_up(&stand.go_on);
    world_settle(rt);
    assert_int_equal(rc, WEFT_EBADF);
    assert_int_equal(close(fds[1]), 0);
    world_end(rt, 1);
}

/* Nor is another file taken for it that has its number since. */
static void lent_number_may_be_another_files_at_once(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd lent = {0}, next = {0}, ours;
    atomic_int rc[2] = {1, 1};
    int fds[2], others[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe(others), 0);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &lent), 0);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &lent, .rc = &rc[0]);
    WORLD_UNTIL(sockets_waiting(&lent) == 1);
    ours = lent;
    weft_fd_close(&ours);
    assert_int_equal(dup2(others[0], fds[0]), fds[0]);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &next), 0);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &next, .rc = &rc[1]);
    WORLD_UNTIL(sockets_waiting(&next) == 1);
    assert_int_equal(write(others[1], "w", 1), 1);
    world_settle(rt);
    assert_int_equal(rc[0], WEFT_EBADF);
    assert_int_equal(rc[1], 1);
    weft_fd_close(&next);
    world_end(rt, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(close(fds[i]) | close(others[i]), 0);
}

/* From here on the process gets no descriptor more: the limit that was. */
static struct rlimit allow_no_more(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = dup(STDOUT_FILENO);
    assert_true(next > 0);
    close(next);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next, before.rlim_max}), 0);
    return before;
}

/* One more is needed to wait, also of what is lent already. Without it the wait says so, and a later one may find it. */
static void wait_for_what_is_lent_takes_a_descriptor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd first = {0}, lent = {0};
    atomic_int rc[3] = {1, 1, 1};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &first), 0);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &first, .rc = &rc[0]);
    WORLD_UNTIL(sockets_waiting(&first) == 1); /* the loop takes descriptors, too */
    assert_int_equal(write(fds[1], "w", 1), 1);
    world_settle(rt);
    assert_int_equal(weft_fd_open(rt, fds[0], WEFT_FD_OPTIONS(.borrowed = true), &lent), 0);
    const int open = sockets_open_fds();
    const struct rlimit before = allow_no_more();
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &lent, .rc = &rc[1]);
    world_settle(rt);
    assert_int_equal(rc[1], WEFT_EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &lent, .rc = &rc[2]);
    WORLD_UNTIL(sockets_waiting(&lent) == 1);
    assert_int_equal(write(fds[1], "w", 1), 1);
    world_settle(rt);
    assert_int_equal(rc[2], 1);
    assert_int_equal(sockets_open_fds(), open + 1);
    weft_fd_close(&lent);
    weft_fd_close(&first);
    WORLD_UNTIL(sockets_open_fds() == open - 1); /* given back by the loop, both of them */
    world_end(rt, 3);
    assert_int_equal(close(fds[0]) | close(fds[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lent_number_may_be_closed_before_the_loop_watches_it),
        cmocka_unit_test(lent_number_may_be_another_files_at_once),
        cmocka_unit_test(wait_for_what_is_lent_takes_a_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
