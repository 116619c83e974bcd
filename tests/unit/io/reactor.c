/* SPDX-License-Identifier: MIT */
/* Standing in for several workers at once: whoever sleeps in their loops hears what comes for any of them. */
#include "io/reactor.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "lib/stress.h"

enum { LOOPS = 3 };

static struct weft__reactor *reactors;
static struct weft__thread workers[LOOPS], *threads[LOOPS];

static int setup(void **state)
{
    (void)state;
    reactors = weft__reactors_create(LOOPS);
    assert_non_null(reactors);
    for (uint32_t i = 0; i < LOOPS; i++) {
        threads[i] = &workers[i];
        workers[i].reactor = weft__reactors_at(reactors, i); /* not bound: there is no worker to unpark */
    }
    return 0;
}

static void forget(void *unused) { (void)unused; }

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LOOPS; i++) {
        weft__reactor_end(weft__reactors_at(reactors, i), forget, NULL);
        weft__reactor_close(weft__reactors_at(reactors, i));
    }
    weft__reactors_destroy(reactors, LOOPS);
    return 0;
}

static bool stand_in(void) { return weft__reactor_stand_in(threads, LOOPS, INT64_MAX); }

static void open_loops(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(weft__reactor_open(workers[i].reactor), 0);
}

/* A stranger on a loop: a descriptor, or a timer. */
struct stranger {
    struct weft__loop_call call;
    uv_poll_t poll;
    uv_timer_t timer;
    int fd; /* -1: the timer */
    int called;
};

static void stranger_read(uv_poll_t *poll, int status, int events)
{
    struct stranger *stranger = poll->data;
    eventfd_t value;
    (void)status;
    (void)events;
    eventfd_read(stranger->fd, &value);
    stranger->called++;
}

static void stranger_is_due(uv_timer_t *timer) { ((struct stranger *)timer->data)->called++; }

static void stranger_begin(void *loop, void *context)
{
    struct stranger *stranger = context;
    stranger->poll.data = stranger->timer.data = stranger;
    if (stranger->fd >= 0) {
        uv_poll_init(loop, &stranger->poll, stranger->fd);
        uv_poll_start(&stranger->poll, UV_READABLE, stranger_read);
    } else {
        uv_timer_init(loop, &stranger->timer);
        uv_timer_start(&stranger->timer, stranger_is_due, 1, 0);
    }
}

static void stranger_comes(struct stranger *stranger, uint32_t loop)
{
    stranger->call.fn = stranger_begin;
    stranger->call.context = stranger;
    weft__reactor_call(workers[loop].reactor, &stranger->call);
}

static void loops_what_comes_for_any_ends_the_sleep(void **state)
{
    (void)state;
    struct stranger strangers[LOOPS] = {0};
    open_loops(LOOPS);
    for (uint32_t i = 0; i < LOOPS; i++) {
        strangers[i].fd = eventfd(0, EFD_NONBLOCK);
        stranger_comes(&strangers[i], i);
    }
    for (int round = 1; round <= 2; round++)
        for (uint32_t i = 0; i < LOOPS; i++) {
            assert_int_equal(eventfd_write(strangers[i].fd, 1), 0);
            while (strangers[i].called < round)
                assert_true(stand_in());
            assert_int_equal(strangers[i].called, round);
        }
    assert_int_equal(strangers[0].called + strangers[1].called + strangers[2].called, 2 * LOOPS);
    teardown(NULL);
    setup(NULL); /* the loops end before what they call does */
    for (uint32_t i = 0; i < LOOPS; i++)
        close(strangers[i].fd);
}

static void loops_timer_of_any_ends_the_sleep(void **state)
{
    (void)state;
    struct stranger stranger = {.fd = -1};
    open_loops(LOOPS);
    stranger_comes(&stranger, LOOPS - 1);
    while (stranger.called == 0)
        assert_true(stand_in());
    teardown(NULL);
    setup(NULL);
}

static void *rouse(void *thread)
{
    weft__reactor_rouse(thread);
    return NULL;
}

static void loops_rousing_any_ends_the_sleep(void **state)
{
    (void)state;
    open_loops(LOOPS);
    assert_true(weft__reactor_stand_in(threads, LOOPS, 0)); /* what libuv has to do of its own is done */
    for (uint32_t i = 0; i < LOOPS; i++) {
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, rouse, threads[i]), 0);
        assert_true(stand_in());
        pthread_join(other, NULL);
    }
}

static void loops_that_are_closed_or_taken_are_left_out(void **state)
{
    (void)state;
    assert_false(stand_in());
    open_loops(2);
    assert_true(weft__reactor_enter(threads[0]));
    weft__reactor_rouse(threads[1]);
    assert_true(stand_in());
    assert_true(weft__reactor_enter(threads[1]));
    assert_false(stand_in());
    weft__reactor_leave(threads[0]);
    weft__reactor_leave(threads[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loops_what_comes_for_any_ends_the_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_timer_of_any_ends_the_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_rousing_any_ends_the_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_that_are_closed_or_taken_are_left_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
