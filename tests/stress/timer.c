/* SPDX-License-Identifier: MIT */
/*
 * Timers against whoever else wants their entry: a cancellation, a reset, another worker, a scope's close, the rescuer, a
 * worker on its way to sleep, a shutdown. Each sleep ends once, none before its time; what was armed has fired or was taken
 * out, and a sleep that is lost is a test that never ends.
 */
#include <sched.h>
#include <string.h>
#include <weft.h>

#include "lib/stress.h"
#include "sched/sched.h"

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

static weft_runtime *rt;

static void open_workers(uint32_t workers)
{
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers, .seed = stress_seed())), 0);
}

static int begin(void **state)
{
    (void)state;
    open_workers(3);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(weft_runtime_destroy(rt), 0);
    verdict_assert();
    return 0;
}

/* What became of all sleeps of a test. */
static _Atomic uint64_t slept, cancelled, reset;

static int begin_counting(void **state)
{
    atomic_store(&slept, 0);
    atomic_store(&cancelled, 0);
    atomic_store(&reset, 0);
    return begin(state);
}

static void note(int rc, int64_t deadline)
{
    VERDICT(rc == WEFT_ECANCELED || (rc == 0 && weft_clock() >= deadline));
    atomic_fetch_add(rc == 0 ? &slept : &cancelled, 1);
}

struct sleeper {
    weft_frame weft;
    int64_t delay_ns;
    int64_t deadline;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    self->deadline = weft_deadline_in(self->delay_ns);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    note(self->weft.rc, self->deadline);
    WEFT_END(0);
}

enum { SHORT_NS = 300000 };

/* Each thread spawns sleepers and cancels every other one at about the time at which it is due. */
static void cancel_when_due(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = *(const uint64_t *)context; i > 0; i--) {
        const int64_t delay = weft__rng_below(&rng, SHORT_NS);
        const int64_t cancel = weft_deadline_in(delay + (int64_t)weft__rng_below(&rng, 100000) - 20000);
        const weft_task task = weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = delay);
        VERDICT(weft_task_error(task) == 0);
        if (weft__rng_below(&rng, 2) == 0)
            continue;
        while (weft_clock() < cancel)
            sched_yield();
        weft_task_cancel(task); /* WEFT_ESRCH: it has ended */
    }
}

static void fire_against_cancel(void **state)
{
    (void)state;
    uint64_t rounds = stress_scale(4000);
    stress_threads(2, cancel_when_due, &rounds);
    stress_settle(rt);
    assert_int_equal(atomic_load(&slept) + atomic_load(&cancelled), 2 * rounds);
    print_message("%llu slept, %llu were cancelled\n", (unsigned long long)slept, (unsigned long long)cancelled);
}

/*
 * Sleeps in a select and is woken by others for nothing; at each such poll it may put its deadline off or pull it in. Only
 * the newest counts.
 */
struct fickle {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    struct weft__rng rng;
    int resets; /* that it may still do */
    bool begun;
};

static weft_poll fickle(weft_context *cx, struct fickle *self)
{
    if (!self->begun)
        weft_sleep_begin(&self->sleep, weft_deadline_in(weft__rng_below(&self->rng, SHORT_NS)));
    const bool may = self->begun && self->resets > 0 && weft__rng_below(&self->rng, 4) > 0;
    self->begun = true;
    if (may) {
        self->resets--;
        atomic_fetch_add(&reset, 1);
        const int64_t deadline = weft_deadline_in((int64_t)weft__rng_below(&self->rng, SHORT_NS) - 10000);
        VERDICT(weft_sleep_reset(&self->sleep, deadline) == 0);
        if (weft__rng_below(&self->rng, 2) == 0)
            return WEFT_PENDING; /* the wake comes without asking again */
    }
    const int which = weft_select(cx, &self->select, &self->sleep.future);
    if (which == WEFT_AWAITING)
        return WEFT_PENDING;
    note(which, self->sleep.deadline_ns);
    return WEFT_READY;
}

enum { FICKLE = 64 };

static void wake_for_nothing(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    uint64_t left = *(const uint64_t *)context;
    weft_task tasks[FICKLE] = {{0}};
    while (left > 0) {
        const uint32_t i = weft__rng_below(&rng, FICKLE);
        if (weft_wake((weft_waker){tasks[i]}), weft__rng_below(&rng, 8) > 0)
            continue;
        weft_task_info info = {.size = sizeof info};
        if (tasks[i].id != 0 && weft_task_inspect(tasks[i], &info) == 0)
            continue; /* it sleeps still */
        struct weft__rng own = stress_rng((unsigned)left + number * 1000000);
        tasks[i] = weft_spawn(weft_runtime_scope(rt), fickle, .rng = own, .resets = 6);
        VERDICT(weft_task_error(tasks[i]) == 0);
        left--;
    }
}

static void fire_against_reset(void **state)
{
    (void)state;
    uint64_t rounds = stress_scale(4000);
    stress_threads(2, wake_for_nothing, &rounds);
    stress_settle(rt);
    assert_int_equal(atomic_load(&slept), 2 * rounds);
    assert_true(atomic_load(&reset) > 0);
    print_message("%llu slept, after %llu resets\n", (unsigned long long)slept, (unsigned long long)reset);
}

/*
 * Waits for a message or a time, over and over; it is woken from outside, so it wanders, and gives its sleep up on another
 * worker than the one that keeps it, while that one turns its wheel, and a thread that plays the rescuer turns it, too.
 */
struct wanderer {
    weft_frame weft;
    numbers_receiver in;
    weft_timeout_state timeout;
    weft_recv_future recv;
    struct weft__rng rng;
    int64_t deadline;
    uint64_t got, sum;
    _Atomic uint64_t *total;
};

static weft_poll wanderer(weft_context *cx, struct wanderer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        self->deadline = weft_deadline_in(weft__rng_below(&self->rng, SHORT_NS));
        numbers_recv_begin(&self->recv, &self->in, &self->got);
        WEFT_AWAIT(self->weft.rc, weft_timeout_until(cx, &self->timeout, &self->recv.future, self->deadline));
        if (self->weft.rc == 0) {
            self->sum += self->got;
            continue;
        }
        if (self->weft.rc != WEFT_ETIMEDOUT)
            break;
        VERDICT(weft_clock() >= self->deadline);
        atomic_fetch_add(&slept, 1);
    }
    VERDICT(self->weft.rc == WEFT_EPIPE);
    numbers_receiver_close(&self->in);
    atomic_fetch_add(self->total, self->sum);
    WEFT_END(0);
}

static atomic_int rescuing;

static void *rescue(void *nothing)
{
    struct weft__sched *sched = (struct weft__sched *)(void *)rt;
    while (atomic_load(&rescuing)) {
        for (uint32_t i = 0; i < sched->worker_count; i++)
            sched->env.timer_ops->turn(&sched->workers[i].thread, weft_clock());
        sched_yield();
    }
    return nothing;
}

enum { WANDERERS = 8 };

struct errand {
    numbers_sender to[WANDERERS];
    uint64_t messages;
    _Atomic uint64_t sent;
};

static void send_at_random(void *context, unsigned number)
{
    struct errand *errand = context;
    struct weft__rng rng = stress_rng(number + 17);
    for (uint64_t i = 1; i <= errand->messages; i++) {
        const int64_t pause = weft_deadline_in(weft__rng_below(&rng, 60000));
        while (weft_clock() < pause)
            sched_yield();
        VERDICT(numbers_send_blocking(&errand->to[weft__rng_below(&rng, WANDERERS)], i, WEFT_FOREVER) == 0);
        atomic_fetch_add(&errand->sent, i);
    }
}

static void fire_against_migration(void **state)
{
    (void)state;
    struct errand errand = {.messages = stress_scale(6000)};
    _Atomic uint64_t total = 0;
    for (unsigned i = 0; i < WANDERERS; i++) {
        numbers_receiver in;
        assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "errands", .capacity = 4), &errand.to[i], &in), 0);
        weft_spawn(weft_runtime_scope(rt), wanderer, .in = in, .rng = stress_rng(i + 100), .total = &total);
    }
    pthread_t rescuer;
    atomic_store(&rescuing, 1);
    assert_int_equal(pthread_create(&rescuer, NULL, rescue, NULL), 0);
    stress_threads(2, send_at_random, &errand);
    for (unsigned i = 0; i < WANDERERS; i++)
        numbers_sender_close(&errand.to[i]);
    stress_settle(rt);
    atomic_store(&rescuing, 0);
    pthread_join(rescuer, NULL);
    assert_int_equal(atomic_load(&total), atomic_load(&errand.sent));
    print_message("%llu times out\n", (unsigned long long)slept);
}

/* Opens scopes whose deadlines pass while they are closed; their memory is written over at once, so a deadline that fires
 * after the close finds something else there. */
struct owner {
    weft_frame weft;
    weft_scope scope;
    struct weft__rng rng;
    int left;
};

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    while (self->left-- > 0) {
        VERDICT(weft_scope_open(cx, &self->scope,
                                WEFT_SCOPE_OPTIONS(.deadline_ns = weft_deadline_in(weft__rng_below(&self->rng, 100000)))) == 0);
        if (weft__rng_below(&self->rng, 2) == 0)
            weft_spawn(&self->scope, sleeper, .delay_ns = weft__rng_below(&self->rng, 100000));
        if (weft__rng_below(&self->rng, 4) == 0)
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, weft__rng_below(&self->rng, 100000)));
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
        VERDICT(self->weft.rc == 0 || self->weft.rc == WEFT_ETIMEDOUT);
        VERDICT(weft_context_cancelled(cx) == WEFT_REASON_NONE);
        atomic_fetch_add(self->weft.rc == 0 ? &slept : &cancelled, 1);
        memset(&self->scope, 0x5A, sizeof self->scope);
    }
    WEFT_END(0);
}

static void scope_deadline_against_close(void **state)
{
    (void)state;
    pthread_t rescuer;
    atomic_store(&rescuing, 1);
    assert_int_equal(pthread_create(&rescuer, NULL, rescue, NULL), 0);
    for (unsigned i = 0; i < 8; i++)
        weft_spawn(weft_runtime_scope(rt), owner, .rng = stress_rng(i), .left = (int)stress_scale(1500));
    stress_settle(rt);
    atomic_store(&rescuing, 0);
    pthread_join(rescuer, NULL);
}

/*
 * All workers go idle again and again just as timers arrive: each sleeper is alone with its time, and a worker that parks
 * without having seen it, or that waits for another's, never ends the test.
 */
/* known bug 44 */
static void worker_going_idle_as_timers_arrive(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(3);
    for (uint64_t i = stress_scale(6000); i > 0; i--) {
        weft_task tasks[2] = {{0}, {0}};
        const unsigned count = 1 + weft__rng_below(&rng, 2);
        for (unsigned n = 0; n < count; n++) {
            const int64_t delay = weft__rng_below(&rng, weft__rng_below(&rng, 2) ? 70000 : 2000);
            tasks[n] = weft_spawn_joinable(weft_runtime_scope(rt), sleeper, .delay_ns = delay);
            for (uint32_t pause = weft__rng_below(&rng, 2000); pause > 0; pause--)
                atomic_signal_fence(memory_order_seq_cst);
        }
        for (unsigned n = 0; n < count; n++)
            assert_int_equal(weft_task_join_blocking(&tasks[n], WEFT_FOREVER, NULL), 0);
    }
    assert_int_equal(atomic_load(&cancelled), 0);
}

/* The runtime goes while timers are armed, fire, and are armed anew: each sleep has slept or was cancelled. */
struct restless {
    weft_frame weft;
    struct weft__rng rng;
    int64_t deadline;
};

static weft_poll restless(weft_context *cx, struct restless *self)
{
    WEFT_BEGIN(cx, self);
    do {
        self->deadline = weft_deadline_in(weft__rng_below(&self->rng, SHORT_NS));
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline));
        note(self->weft.rc, self->deadline);
    } while (self->weft.rc == 0);
    WEFT_END(0);
}

static void shutdown_with_timers_armed(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(4);
    atomic_store(&cancelled, 0);
    uint64_t spawned = 0;
    for (uint64_t i = stress_scale(120); i > 0; i--) {
        open_workers(1 + weft__rng_below(&rng, 3));
        for (unsigned n = weft__rng_below(&rng, 50); n > 0; n--, spawned++)
            weft_spawn(weft_runtime_scope(rt), restless, .rng = stress_rng(n));
        for (unsigned n = weft__rng_below(&rng, 50); n > 0; n--, spawned++)
            weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = INT64_MAX);
        const int64_t until = weft_deadline_in(weft__rng_below(&rng, 2 * SHORT_NS));
        while (weft_clock() < until)
            sched_yield();
        assert_int_equal(weft_runtime_destroy(rt), 0);
        verdict_assert();
    }
    assert_int_equal(atomic_load(&cancelled), spawned);
}

int main(void)
{
    stress_seed();
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_counting, end)
    const struct CMUnitTest tests[] = {
        TEST(fire_against_cancel),
        TEST(fire_against_reset),
        TEST(fire_against_migration),
        TEST(scope_deadline_against_close),
        TEST(worker_going_idle_as_timers_arrive),
        cmocka_unit_test(shutdown_with_timers_armed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
