/* SPDX-License-Identifier: MIT */
/* Who gets events: the mask, the registrations, and the end of one. */
#include <stdlib.h>

#include "lib/stress.h"
#include "trace/emit.h"
#include "trace/sinks.h"

enum { MINE = 0x101, OTHERS = 0x102 };

struct seen {
    _Atomic int parks, ends, inside;
    uint16_t worker;
    void (*then)(struct seen *seen);
    weft_hooks_handle handle;
    int answer;
};

static void on_park(void *context, uint16_t worker)
{
    struct seen *seen = context;
    atomic_fetch_add(&seen->parks, 1);
    seen->worker = worker;
    if (seen->then)
        seen->then(seen);
}

static void on_end(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    struct seen *seen = context;
    (void)task;
    (void)result;
    (void)worker;
    atomic_fetch_add(&seen->ends, 1);
}

static const uint64_t park_bit = UINT64_C(1) << WEFT_TRACE_worker_park;
static const uint64_t end_bit = UINT64_C(1) << WEFT_TRACE_task_end;

static uint64_t mask(void) { return atomic_load(&weft__trace_mask); }

static void sinks_mask_is_the_union_of_the_wishes(void **state)
{
    (void)state;
    struct seen a = {0}, b = {0};
    assert_int_equal(mask(), 0);
    assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &a, .worker_park = on_park), park_bit, &a.handle), 0);
    assert_int_equal(mask(), park_bit);
    assert_int_equal(weft__sinks_add(OTHERS, WEFT_HOOKS(.context = &b, .task_end = on_end), end_bit, &b.handle), 0);
    assert_int_equal(mask(), park_bit | end_bit);
    assert_int_not_equal(a.handle, b.handle);
    WEFT__TRACE(MINE, worker_park, 7);
    WEFT__TRACE(MINE, task_end, 1, 0, 7);
    WEFT__TRACE(OTHERS, worker_park, 8);
    WEFT__TRACE(OTHERS, task_end, 1, 0, 8);
    WEFT__TRACE(MINE, worker_unpark, 1, 2); /* nobody's */
    assert_int_equal(a.parks, 1); /* of its own runtime only */
    assert_int_equal(a.worker, 7);
    assert_int_equal(b.ends, 1);
    assert_int_equal(weft__sinks_remove(a.handle), 0);
    assert_int_equal(mask(), end_bit);
    WEFT__TRACE(MINE, worker_park, 7);
    assert_int_equal(a.parks, 1);
    assert_int_equal(weft__sinks_remove(a.handle), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(b.handle), 0);
    assert_int_equal(mask(), 0);
}

static void sinks_remove_of_bad_handles_finds_none(void **state)
{
    (void)state;
    assert_int_equal(weft__sinks_remove(0), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(1), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(9), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(255), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(UINT64_MAX), WEFT_ESRCH);
}

static void sinks_ninth_registration_is_refused(void **state)
{
    (void)state;
    struct seen seen = {0};
    weft_hooks_handle handles[WEFT__HOOKS_MAX], ninth = 77;
    const weft_hooks hooks = {.size = sizeof hooks, .context = &seen, .worker_park = on_park};
    for (int i = 0; i < WEFT__HOOKS_MAX; i++)
        assert_int_equal(weft__sinks_add(MINE, &hooks, park_bit, &handles[i]), 0);
    assert_int_equal(weft__sinks_add(MINE, &hooks, park_bit, &ninth), WEFT_EMFILE);
    assert_int_equal(ninth, 77);
    WEFT__TRACE(MINE, worker_park, 1);
    assert_int_equal(seen.parks, WEFT__HOOKS_MAX);
    assert_int_equal(weft__sinks_remove(handles[3]), 0);
    assert_int_equal(weft__sinks_add(MINE, &hooks, park_bit, &ninth), 0);
    assert_int_not_equal(ninth, handles[3]); /* a handle is not given twice */
    assert_int_equal(weft__sinks_remove(handles[3]), WEFT_ESRCH);
    handles[3] = ninth;
    for (int i = 0; i < WEFT__HOOKS_MAX; i++)
        assert_int_equal(weft__sinks_remove(handles[i]), 0);
}

static void emit_more(struct seen *seen)
{
    if (atomic_load(&seen->parks) < 100) /* else it never ends */
        WEFT__TRACE(MINE, worker_park, 2);
    WEFT__TRACE(MINE, task_end, 1, 0, 2);
}

/* known bug 104 */
static void sinks_events_of_a_hook_are_not_told_to_hooks(void **state)
{
    (void)state;
    struct seen first = {.then = emit_more}, second = {0};
    assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &first, .worker_park = on_park, .task_end = on_end),
                                     park_bit | end_bit, &first.handle), 0);
    assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &second, .worker_park = on_park, .task_end = on_end),
                                     park_bit | end_bit, &second.handle), 0);
    WEFT__TRACE(MINE, worker_park, 1);
    assert_int_equal(first.parks, 1);
    assert_int_equal(second.parks, 1);
    assert_int_equal(first.ends + second.ends, 0);
    WEFT__TRACE(MINE, task_end, 1, 0, 1); /* and the ban ends with the walk */
    assert_int_equal(first.ends + second.ends, 2);
    assert_int_equal(weft__sinks_remove(first.handle), 0);
    assert_int_equal(weft__sinks_remove(second.handle), 0);
}

static void remove_me(struct seen *seen) { seen->answer = weft__sinks_remove(seen->handle); }

static void sinks_remove_from_a_hook_is_refused(void **state)
{
    (void)state;
    struct seen seen = {.then = remove_me};
    assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &seen, .worker_park = on_park), park_bit, &seen.handle), 0);
    WEFT__TRACE(MINE, worker_park, 1);
    assert_int_equal(seen.answer, WEFT_EDEADLK);
    assert_int_equal(weft__sinks_remove(seen.handle), 0);
}

static void sinks_forget_drops_all_of_one_runtime(void **state)
{
    (void)state;
    struct seen mine = {0}, others = {0};
    weft_hooks_handle handles[3], kept;
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &mine, .worker_park = on_park), park_bit, &handles[i]), 0);
    assert_int_equal(weft__sinks_add(OTHERS, WEFT_HOOKS(.context = &others, .worker_park = on_park), park_bit, &kept), 0);
    weft__sinks_forget(MINE);
    WEFT__TRACE(MINE, worker_park, 1);
    WEFT__TRACE(OTHERS, worker_park, 1);
    assert_int_equal(mine.parks, 0);
    assert_int_equal(others.parks, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft__sinks_remove(handles[i]), WEFT_ESRCH);
    assert_int_equal(weft__sinks_remove(kept), 0);
    assert_int_equal(mask(), 0);
}

/* The context is freed the moment that remove returns: a call after it is a use of freed memory. */
struct guarded {
    _Atomic(struct seen *) current;
    _Atomic int stop;
    uint64_t rounds;
};

static void count_inside(struct seen *seen)
{
    atomic_fetch_add(&seen->inside, 1);
    VERDICT(seen->answer == 42);
    atomic_fetch_sub(&seen->inside, 1);
}

static void sinks_emit_and_remove(void *context, unsigned number)
{
    struct guarded *guarded = context;
    if (number > 0) {
        while (!atomic_load(&guarded->stop))
            WEFT__TRACE(MINE, worker_park, (uint16_t)number);
        return;
    }
    for (uint64_t i = 0; i < guarded->rounds; i++) {
        struct seen *seen = calloc(1, sizeof *seen);
        seen->answer = 42;
        seen->then = count_inside;
        VERDICT(weft__sinks_add(MINE, WEFT_HOOKS(.context = seen, .worker_park = on_park), park_bit, &seen->handle) == 0);
        VERDICT(weft__sinks_remove(seen->handle) == 0);
        VERDICT(atomic_load(&seen->inside) == 0);
        seen->answer = 0; /* plain: a hook that still runs is a race */
        free(seen);
    }
    atomic_store(&guarded->stop, 1);
}

static void sinks_remove_waits_for_hooks_that_run(void **state)
{
    (void)state;
    struct guarded guarded = {.rounds = stress_scale(100)};
    stress_threads(4, sinks_emit_and_remove, &guarded);
    verdict_assert();
    assert_int_equal(mask(), 0);
}

/* A provider, which stays: the last test. */
static uint64_t provider_wants;
static int provider_parks;
static uint64_t provider_wanted(void) { return provider_wants; }
static void provider_park(void *context, uint16_t worker)
{
    (void)context;
    (void)worker;
    provider_parks++;
}

static void sinks_provider_gets_events_of_every_runtime(void **state)
{
    (void)state;
    static const weft_trace_provider provider = {
        .size = sizeof provider,
        .schema = WEFT_TRACE_SCHEMA,
        .wanted = provider_wanted,
        .events = {.size = sizeof provider.events, .worker_park = provider_park},
    };
    struct seen seen = {0};
    weft__sinks_set_provider(&provider);
    assert_ptr_equal(weft__sinks_provider(), &provider);
    assert_int_equal(mask(), 0);
    provider_wants = park_bit | end_bit; /* it has no function for the second: that is not called */
    weft__sinks_refresh();
    assert_int_equal(mask(), park_bit | end_bit);
    WEFT__TRACE(MINE, worker_park, 1);
    WEFT__TRACE(OTHERS, worker_park, 1);
    WEFT__TRACE(MINE, task_end, 1, 0, 1);
    assert_int_equal(provider_parks, 2);
    assert_int_equal(weft__sinks_add(MINE, WEFT_HOOKS(.context = &seen, .worker_park = on_park), park_bit, &seen.handle), 0);
    WEFT__TRACE(MINE, worker_park, 1);
    assert_int_equal(provider_parks, 3);
    assert_int_equal(seen.parks, 1);
    provider_wants = 0;
    weft__sinks_refresh();
    assert_int_equal(mask(), park_bit); /* the hook's wish stays */
    assert_int_equal(weft__sinks_remove(seen.handle), 0);
    assert_int_equal(mask(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sinks_mask_is_the_union_of_the_wishes),
        cmocka_unit_test(sinks_remove_of_bad_handles_finds_none),
        cmocka_unit_test(sinks_ninth_registration_is_refused),
        cmocka_unit_test(sinks_events_of_a_hook_are_not_told_to_hooks),
        cmocka_unit_test(sinks_remove_from_a_hook_is_refused),
        cmocka_unit_test(sinks_forget_drops_all_of_one_runtime),
        cmocka_unit_test(sinks_remove_waits_for_hooks_that_run),
        cmocka_unit_test(sinks_provider_gets_events_of_every_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
