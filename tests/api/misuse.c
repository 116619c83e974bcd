/* SPDX-License-Identifier: MIT */
/*
 * Every public function against bad arguments and wrong states: each case has a documented code, and a refusal leaves a
 * text that begins with the call's name. The world is whole afterwards: that is what world_end() says.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/runtime.h"

/* A call that was made, on whatever thread: its answer, and the text it left. */
struct answer {
    long code;
    char detail[96];
};

enum { ANSWERS = 400 };

static struct {
    struct answer answers[ANSWERS];
    const char *calls[ANSWERS];
    long expected[ANSWERS];
    const char *names[ANSWERS]; /* what the text must begin with; NULL: it must not have been written */
    int lines[ANSWERS];
    unsigned count;
    unsigned total;
} table;

/* Leaves a text that no call leaves, so that the next one shows whether it was written. */
static void clear_detail(void)
{
    if (weft_runtime_create(NULL, NULL) == 0)
        abort();
}
static const char marker[] = "weft_runtime_create: ";

static void note(const char *call, long code, long expected, const char *name, int line)
{
    if (table.count == ANSWERS)
        abort();
    const unsigned i = table.count++;
    table.calls[i] = call;
    table.expected[i] = expected;
    table.names[i] = name;
    table.lines[i] = line;
    table.answers[i].code = code;
    snprintf(table.answers[i].detail, sizeof table.answers[i].detail, "%s", weft_error_detail());
}

/* The call is refused with this code, and its text begins with this name. */
#define REFUSED(expected, name, call) (clear_detail(), note(#call, (call), (expected), (name), __LINE__))

/* The call answers this, as an outcome of normal work: without a text. */
#define ANSWERED(expected, call) (clear_detail(), note(#call, (call), (expected), NULL, __LINE__))

/* The call answers nothing, and does nothing. */
#define HARMLESS(call) (clear_detail(), (call), note(#call, 0, 0, "", __LINE__))

/* On the test's own thread: what was noted is as it should be. */
static void check_notes(void)
{
    for (unsigned i = 0; i < table.count; i++) {
        const char *name = table.names[i], *detail = table.answers[i].detail;
        if (table.answers[i].code != table.expected[i])
            fail_msg("line %d: %s: %ld, not %ld (%s)", table.lines[i], table.calls[i], table.answers[i].code,
                     table.expected[i], detail);
        const char *wanted = name ? name : marker;
        const size_t length = strlen(wanted);
        if (strncmp(detail, wanted, length) != 0 || (name && *name && strncmp(detail + length, ": ", 2) != 0))
            fail_msg("line %d: %s: the text is \"%s\"", table.lines[i], table.calls[i], detail);
    }
    table.total += table.count;
    printf("%u cases\n", table.count);
    table.count = 0;
}

static weft_runtime *gone;
static int no_runtime[64];
#define FOREIGN ((weft_runtime *)(void *)no_runtime)

static int begin(void **state)
{
    (void)state;
    gone = world_begin(1);
    world_end(gone, 0);
    rt = world_begin(1);
    if (gone == rt) { /* the address was given again: it is no example of a runtime that has gone */
        gone = FOREIGN;
    }
    return 0;
}

static int visit_task(void *context, const weft_task_info *info)
{
    (void)context;
    (void)info;
    return 0;
}

static int visit_channel(void *context, const weft_channel_stats *stats)
{
    (void)context;
    (void)stats;
    return 0;
}

static int visit_metric(void *context, const weft_metric *metric)
{
    (void)context;
    (void)metric;
    return 0;
}

/* scenario 18 */
static void runtimes(void **state)
{
    (void)state;
    weft_runtime *const bad[] = {NULL, FOREIGN, gone};
    for (size_t i = 0; i < 3; i++) {
        weft_runtime *r = bad[i];
        weft_sender out = {0};
        weft_receiver in = {0};
        weft_hooks_handle hooks = 0;
        weft_runtime_stats stats = {.size = sizeof stats};
        char text[64] = "untouched";
        REFUSED(WEFT_EINVAL, "weft_runtime_finish", weft_runtime_finish(r));
        REFUSED(WEFT_EINVAL, "weft_runtime_shutdown", weft_runtime_shutdown(r, 0));
        REFUSED(WEFT_EINVAL, "weft_runtime_shutdown", weft_runtime_shutdown(r, WEFT_FOREVER));
        REFUSED(WEFT_EINVAL, "weft_runtime_destroy", weft_runtime_destroy(r));
        REFUSED(WEFT_EINVAL, "weft_runtime_tracing", weft_runtime_tracing(r, text, sizeof text));
        REFUSED(WEFT_EINVAL, "weft_runtime_stats_get", weft_runtime_stats_get(r, &stats));
        REFUSED(WEFT_EINVAL, "weft_channel_create",
                weft_channel_create(r, WEFT_CHANNEL_OPTIONS(.capacity = 1), 8, &out, &in));
        REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(r, WEFT_HOOKS(.context = NULL), &hooks));
        REFUSED(WEFT_EINVAL, "weft_task_visit", weft_task_visit(r, visit_task, NULL));
        REFUSED(WEFT_EINVAL, "weft_channel_visit", weft_channel_visit(r, true, visit_channel, NULL));
        REFUSED(WEFT_EINVAL, "weft_monitor_on_health", weft_monitor_on_health(r, NULL, NULL));
        REFUSED(WEFT_EINVAL, "weft_monitor_sample", weft_monitor_sample(r));
        assert_true(out.weft__channel == NULL && in.weft__channel == NULL && hooks == 0);
        assert_string_equal(text, "untouched");
    }
    ANSWERED(1, weft_runtime_scope(NULL) == NULL);
    ANSWERED(0, (long)weft_runtime_workers(NULL));
    ANSWERED(0, (long)weft_runtime_name(NULL)[0]);
    weft_runtime_stats stats = {.size = 0};
    REFUSED(WEFT_EINVAL, "weft_runtime_stats_get", weft_runtime_stats_get(rt, NULL));
    REFUSED(WEFT_EINVAL, "weft_runtime_stats_get", weft_runtime_stats_get(rt, &stats));
    stats.size = sizeof stats - 1;
    REFUSED(WEFT_EINVAL, "weft_runtime_stats_get", weft_runtime_stats_get(rt, &stats));
    assert_int_equal(stats.workers, 0);
    REFUSED(WEFT_EINVAL, "weft_runtime_tracing", weft_runtime_tracing(rt, NULL, 1));
    REFUSED(WEFT_EINVAL, "weft_task_visit", weft_task_visit(rt, NULL, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_visit", weft_channel_visit(rt, false, NULL, NULL));
    check_notes();
}

/* scenario 51, scenario 52 */
static void channel_options(void **state)
{
    (void)state;
    weft_sender out = {0};
    weft_receiver in = {0};
    const char *const call = "weft_channel_create";
#define CREATE(message_size, ...) weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(__VA_ARGS__), (message_size), &out, &in)
    REFUSED(WEFT_EINVAL, call, weft_channel_create(rt, NULL, 8, &out, &in));
    REFUSED(WEFT_EINVAL, call, weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), 8, NULL, &in));
    REFUSED(WEFT_EINVAL, call, weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), 8, &out, NULL));
    REFUSED(WEFT_EINVAL, call, CREATE(8, .name = "no capacity"));
    const size_t capacities[] = {0, WEFT_CHANNEL_CAPACITY_MAX + 1, UINT32_MAX, (size_t)UINT32_MAX + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++)
        REFUSED(WEFT_EINVAL, call, CREATE(8, .capacity = capacities[i]));
    const size_t sizes[] = {0, WEFT_MESSAGE_SIZE_MAX + 1, UINT32_MAX, SIZE_MAX - 7, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        REFUSED(WEFT_EINVAL, call, CREATE(sizes[i], .capacity = 2));
    const int policies[] = {-1, 4, 1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        REFUSED(WEFT_EINVAL, call, CREATE(8, .capacity = 2, .overflow = (weft_overflow)policies[i]));
    const double thresholds[][2] = {{-1, 0},      {0, -1},   {0.9, 0.5},  {0.99, 0},     {0, 0.5},   {1.1, 1.2}, {0.5, 1.01},
                                    {NAN, 0.9},   {0.5, NAN}, {INFINITY, 0}, {0, INFINITY}, {-0.1, -0.1}, {2, 2},  {1e-300, 1e300}};
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++)
        REFUSED(WEFT_EINVAL, call, CREATE(8, .capacity = 2, .degraded_at = thresholds[i][0], .critical_at = thresholds[i][1]));
    assert_true(out.weft__channel == NULL && in.weft__channel == NULL);
    const double fine[][2] = {{0, 0}, {0.5, 0.5}, {1, 1}, {1e-9, 1}, {0.1, 0}};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        ANSWERED(0, CREATE(8, .capacity = 2, .degraded_at = fine[i][0], .critical_at = fine[i][1]));
        weft_sender_close(&out);
        weft_receiver_close(&in);
    }
    static char huge[1 << 20];
    memset(huge, 'n', sizeof huge - 1);
    const char *const names[] = {NULL, "", "\"quoted\"", "two\nlines", "\xff\xfe\x80", "%s%n", huge};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ANSWERED(0, CREATE(8, .capacity = 2, .name = names[i], .component = names[i]));
        weft_channel_stats stats = {.size = sizeof stats};
        ANSWERED(0, weft_sender_stats(&out, &stats));
        if (names[i] == NULL) {
            assert_string_equal(stats.name, "channel");
            assert_string_equal(stats.component, "");
        } else if (names[i] == huge) {
            assert_int_equal(strlen(stats.name), sizeof stats.name - 1);
            assert_int_equal(strlen(stats.component), sizeof stats.component - 1);
        } else {
            assert_string_equal(stats.name, names[i]);
            assert_string_equal(stats.component, names[i]);
        }
        weft_sender_close(&out);
        weft_receiver_close(&in);
        REFUSED(WEFT_EINVAL, call, CREATE(8, .name = names[i])); /* the text quotes the name, whatever it is */
    }
    check_notes();
}

/* What a handle may be: each with the code that an operation on it answers. */
struct kinds {
    weft_sender sender;
    weft_receiver receiver;
    weft_permit permit;
    int code; /* of operations */
    const char *what;
};

/* On a host thread: every operation of channels on a handle that is not in order. */
static void channel_handles(void **state)
{
    (void)state;
    numbers_sender live_out, out;
    numbers_receiver live_in, in;
    numbers_permit permit;
    world_channel(rt, 2, WEFT_WAIT, &live_out, &live_in); /* keeps the page that the others are in */
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_reserve(&out, &permit), 0);
    struct kinds stale = {out.weft, in.weft, permit.weft, WEFT_ESRCH, "stale"};
    struct kinds reused = stale;
    numbers_permit_release(&permit);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    const struct kinds closed = {out.weft, in.weft, permit.weft, WEFT_EPIPE, "closed"};
    const struct kinds never = {.code = WEFT_EINVAL, .what = "never set"};
    for (int round = 0; round < 2; round++) {
        const struct kinds *const kinds[] = {&never, &closed, round ? &reused : &stale};
        for (size_t i = 0; i < 3; i++) {
            struct kinds k = *kinds[i];
            const bool quiet = k.code == WEFT_EPIPE; /* an outcome of normal work */
#define EITHER(name, call) (clear_detail(), note(#call, (call), k.code, quiet ? NULL : (name), __LINE__))
            uint64_t value = 1, got[2] = {77, 78};
            weft_sender clone = {0};
            weft_permit given = {0};
            weft_channel_stats stats = {.size = sizeof stats, .id = 55};
            EITHER("weft_sender_clone", weft_sender_clone(&k.sender, &clone));
            EITHER("weft_channel_try_send", weft_channel_try_send(&k.sender, &value));
            EITHER("weft_channel_send_blocking", weft_channel_send_blocking(&k.sender, &value, WEFT_FOREVER));
            EITHER("weft_channel_try_reserve", weft_channel_try_reserve(&k.sender, &given));
            EITHER("weft_sender_stats", weft_sender_stats(&k.sender, &stats));
            EITHER("weft_channel_try_recv", weft_channel_try_recv(&k.receiver, got));
            EITHER("weft_channel_recv_blocking", weft_channel_recv_blocking(&k.receiver, got, WEFT_FOREVER));
            EITHER("weft_channel_recv_many_blocking", weft_channel_recv_many_blocking(&k.receiver, got, 2, WEFT_FOREVER));
            EITHER("weft_receiver_stats", weft_receiver_stats(&k.receiver, &stats));
            ANSWERED(0, (long)weft_sender_channel_id(&k.sender));
            ANSWERED(0, (long)weft_receiver_channel_id(&k.receiver));
            assert_true(clone.weft__channel == NULL && given.weft__channel == NULL && stats.id == 55);
            assert_true(value == 1 && got[0] == 77 && got[1] == 78);
            k.permit = kinds[i]->permit;
            REFUSED(k.code == WEFT_EPIPE ? WEFT_EINVAL : k.code, "weft_permit_send", weft_permit_send(&k.permit, &value));
            REFUSED(WEFT_EINVAL, "weft_permit_send", weft_permit_send(&k.permit, &value)); /* consumed */
            k = *kinds[i];
            HARMLESS(weft_permit_release(&k.permit));
            HARMLESS(weft_receiver_stop(&k.receiver));
            HARMLESS(weft_sender_close(&k.sender));
            HARMLESS(weft_receiver_close(&k.receiver));
            ANSWERED(k.code == WEFT_EINVAL ? WEFT_EINVAL : WEFT_EPIPE,
                     k.code == WEFT_EINVAL ? WEFT_EINVAL : weft_channel_try_send(&k.sender, &value));
        }
        if (round == 0) { /* now the slot of the closed channel is another one's, which must not notice */
            world_channel(rt, 2, WEFT_WAIT, &out, &in);
            reused.code = WEFT_ESRCH;
            assert_int_equal(numbers_try_send(&out, 5), 0);
        }
    }
    uint64_t got;
    assert_int_equal(world_stats(&in).senders, 1);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 5);
    assert_int_equal(numbers_try_send(&out, 6), 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    numbers_sender_close(&live_out);
    numbers_receiver_close(&live_in);
    check_notes();
}

/* A permit, copied and used twice: the second is found out, and the channel is unharmed. */
static void permit_copies(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    const uint64_t value = 3;
    for (int release = 0; release < 2; release++) {
        weft_permit permit = {0};
        assert_int_equal(weft_channel_try_reserve(&out.weft, &permit), 0);
        weft_permit copy = permit;
        if (release)
            HARMLESS(weft_permit_release(&permit));
        else
            ANSWERED(0, weft_permit_send(&permit, &value));
        weft_permit second = copy;
        REFUSED(WEFT_EINVAL, "weft_permit_send", weft_permit_send(&copy, &value));
        HARMLESS(weft_permit_release(&second));
    }
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_int_equal(world_stats(&in).reserved, 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    assert_int_equal(numbers_try_send(&out, 3), WEFT_EAGAIN);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    check_notes();
}

static void channel_nulls(void **state)
{
    (void)state;
    numbers_sender o;
    numbers_receiver i;
    world_channel(rt, 2, WEFT_WAIT, &o, &i);
    weft_sender *out = &o.weft, clone = {0};
    weft_receiver *in = &i.weft;
    weft_permit permit = {0};
    weft_channel_stats stats = {.size = sizeof stats};
    uint64_t value = 1;
    REFUSED(WEFT_EINVAL, "weft_sender_clone", weft_sender_clone(NULL, &clone));
    REFUSED(WEFT_EINVAL, "weft_sender_clone", weft_sender_clone(out, NULL));
    HARMLESS(weft_sender_close(NULL));
    HARMLESS(weft_receiver_stop(NULL));
    HARMLESS(weft_receiver_close(NULL));
    HARMLESS(weft_permit_release(NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_try_send", weft_channel_try_send(NULL, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_try_send", weft_channel_try_send(out, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_send_blocking", weft_channel_send_blocking(NULL, &value, 0));
    REFUSED(WEFT_EINVAL, "weft_channel_send_blocking", weft_channel_send_blocking(out, NULL, 0));
    REFUSED(WEFT_EINVAL, "weft_channel_try_reserve", weft_channel_try_reserve(NULL, &permit));
    REFUSED(WEFT_EINVAL, "weft_channel_try_reserve", weft_channel_try_reserve(out, NULL));
    REFUSED(WEFT_EINVAL, "weft_permit_send", weft_permit_send(NULL, &value));
    assert_int_equal(weft_channel_try_reserve(out, &permit), 0);
    REFUSED(WEFT_EINVAL, "weft_permit_send", weft_permit_send(&permit, NULL)); /* and the permit stays */
    ANSWERED(0, weft_permit_send(&permit, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_try_recv", weft_channel_try_recv(NULL, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_try_recv", weft_channel_try_recv(in, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_blocking", weft_channel_recv_blocking(NULL, &value, 0));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_blocking", weft_channel_recv_blocking(in, NULL, 0));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many_blocking", weft_channel_recv_many_blocking(NULL, &value, 1, 0));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many_blocking", weft_channel_recv_many_blocking(in, NULL, 1, 0));
    ANSWERED(0, (long)weft_sender_channel_id(NULL));
    ANSWERED(0, (long)weft_receiver_channel_id(NULL));
    REFUSED(WEFT_EINVAL, "weft_sender_stats", weft_sender_stats(NULL, &stats));
    REFUSED(WEFT_EINVAL, "weft_sender_stats", weft_sender_stats(out, NULL));
    REFUSED(WEFT_EINVAL, "weft_receiver_stats", weft_receiver_stats(NULL, &stats));
    REFUSED(WEFT_EINVAL, "weft_receiver_stats", weft_receiver_stats(in, NULL));
    const size_t sizes[] = {0, 8, sizeof stats - 1};
    for (size_t s = 0; s < 3; s++) {
        stats.size = sizes[s];
        REFUSED(WEFT_EINVAL, "weft_sender_stats", weft_sender_stats(out, &stats));
        REFUSED(WEFT_EINVAL, "weft_receiver_stats", weft_receiver_stats(in, &stats));
        REFUSED(WEFT_EINVAL, "weft_channel_metrics", weft_channel_metrics(&stats, NULL, visit_metric, NULL));
    }
    stats.size = sizeof stats;
    REFUSED(WEFT_EINVAL, "weft_channel_metrics", weft_channel_metrics(NULL, NULL, visit_metric, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_metrics", weft_channel_metrics(&stats, NULL, NULL, NULL));
    /* The awaitable forms on a host thread: there is no context. */
    REFUSED(WEFT_EINVAL, "weft_channel_send", weft_channel_send(NULL, out, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_reserve", weft_channel_reserve(NULL, out, &permit));
    REFUSED(WEFT_EINVAL, "weft_channel_recv", weft_channel_recv(NULL, in, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many", weft_channel_recv_many(NULL, in, &value, 1));
    assert_int_equal(weft_channel_try_recv(in, &value), 0);
    ANSWERED(WEFT_EAGAIN, weft_channel_try_recv(in, &value));
    ANSWERED(WEFT_ETIMEDOUT, weft_channel_recv_blocking(in, &value, 0));
    weft_sender_close(out);
    ANSWERED(WEFT_EPIPE, weft_channel_try_recv(in, &value));
    weft_receiver_close(in);
    check_notes();
}

static weft_poll nothing(weft_context *cx, void *frame)
{
    (void)cx;
    (void)frame;
    return WEFT_READY;
}

static weft_site site = {__FILE__, "misuse", "nothing", __LINE__, UINT32_MAX, 0};

static void task_handles(void **state)
{
    (void)state;
    weft_scope *root = weft_runtime_scope(rt);
    static char frame[16];
#define SPAWN_ERROR(...) weft_task_error(weft_spawn_frame(__VA_ARGS__))
    REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR(NULL, &site, NULL, nothing, frame, 16));
    REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR(root, NULL, NULL, nothing, frame, 16));
    REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR(root, &site, NULL, NULL, frame, 16));
    REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR(root, &site, NULL, nothing, NULL, 16));
    const size_t sizes[] = {WEFT_FRAME_MAX + 1, 1 << 20, UINT32_MAX, SIZE_MAX - 200, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR(root, &site, NULL, nothing, frame, sizes[i]));
    const weft_scope never = {0};
    REFUSED(WEFT_EINVAL, "weft_spawn", SPAWN_ERROR((weft_scope *)(uintptr_t)&never, &site, NULL, nothing, frame, 16));

    weft_task ended = weft_spawn_frame(root, &site, NULL, nothing, NULL, 0);
    world_settle(rt);
    weft_task reused = weft_spawn(root, parked); /* perhaps in the slot of that one */
    const weft_task foreign[] = {
        ended,
        {.id = UINT64_MAX, .weft__slot = reused.weft__slot, .weft__runtime = reused.weft__runtime},
        {.id = reused.id, .weft__slot = reused.weft__slot, .weft__runtime = reused.weft__runtime + 256},
        {.id = reused.id, .weft__slot = reused.weft__slot, .weft__runtime = 0},
        {.id = reused.id, .weft__slot = reused.weft__slot, .weft__runtime = UINT32_MAX},
        {.id = reused.id, .weft__slot = reused.weft__slot + 1, .weft__runtime = reused.weft__runtime},
        {.id = reused.id, .weft__slot = UINT32_MAX, .weft__runtime = reused.weft__runtime},
        {.id = reused.id + 1, .weft__slot = reused.weft__slot, .weft__runtime = reused.weft__runtime},
        {.id = reused.id + (UINT64_C(1) << 32), .weft__slot = reused.weft__slot, .weft__runtime = reused.weft__runtime},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        weft_task task = foreign[i];
        weft_task_info info = {.size = sizeof info};
        int result = 44;
        ANSWERED(WEFT_ESRCH, weft_task_cancel(task));
        ANSWERED(WEFT_ESRCH, weft_task_inspect(task, &info));
        REFUSED(WEFT_ESRCH, "weft_task_join_blocking", weft_task_join_blocking(&task, WEFT_FOREVER, &result));
        REFUSED(WEFT_ESRCH, "weft_task_detach", weft_task_detach(&task));
        HARMLESS(weft_wake((weft_waker){task}));
        ANSWERED(0, weft_task_error(task));
        assert_true(result == 44 && task.id == foreign[i].id);
    }
    const weft_task empty[] = {{0}, {.weft__slot = 12}, {.weft__runtime = reused.weft__runtime}};
    for (size_t i = 0; i < 3; i++) {
        weft_task task = empty[i];
        weft_task_info info = {.size = sizeof info};
        REFUSED(WEFT_EINVAL, "weft_task_cancel", weft_task_cancel(task));
        REFUSED(WEFT_EINVAL, "weft_task_inspect", weft_task_inspect(task, &info));
        REFUSED(WEFT_EINVAL, "weft_task_join_blocking", weft_task_join_blocking(&task, WEFT_FOREVER, NULL));
        REFUSED(WEFT_EINVAL, "weft_task_detach", weft_task_detach(&task));
        REFUSED(WEFT_EINVAL, "weft_task_join", weft_task_join(NULL, &task, NULL));
        HARMLESS(weft_wake((weft_waker){task}));
    }
    ANSWERED(WEFT_EINVAL, weft_task_error((weft_task){0}));
    REFUSED(WEFT_EINVAL, "weft_task_join_blocking", weft_task_join_blocking(NULL, 0, NULL));
    REFUSED(WEFT_EINVAL, "weft_task_join", weft_task_join(NULL, &reused, NULL));
    REFUSED(WEFT_EINVAL, "weft_task_join_blocking", weft_task_join_blocking(&reused, 0, NULL)); /* lives, not joinable */
    REFUSED(WEFT_EINVAL, "weft_task_detach", weft_task_detach(NULL));
    REFUSED(WEFT_ESRCH, "weft_task_detach", weft_task_detach(&reused));
    weft_task_info info = {.size = sizeof info - 1};
    REFUSED(WEFT_EINVAL, "weft_task_inspect", weft_task_inspect(reused, NULL));
    REFUSED(WEFT_EINVAL, "weft_task_inspect", weft_task_inspect(reused, &info));
    REFUSED(WEFT_EINVAL, "weft_scope_open", weft_scope_open(NULL, (weft_scope *)(uintptr_t)&never, NULL));
    REFUSED(WEFT_EINVAL, "weft_scope_close", weft_scope_close(NULL, (weft_scope *)(uintptr_t)&never));
    REFUSED(WEFT_EINVAL, "weft_scope_close", weft_scope_close(NULL, root));
    REFUSED(WEFT_EINVAL, "weft_scope_cancel", weft_scope_cancel(NULL));
    REFUSED(WEFT_EINVAL, "weft_scope_cancel", weft_scope_cancel((weft_scope *)(uintptr_t)&never));
    REFUSED(WEFT_EINVAL, "weft_scope_cancel", weft_scope_cancel(root));
    ANSWERED(0, (long)weft_scope_live(NULL));
    assert_int_equal(weft_task_cancel(reused), 0);
    world_settle(rt);
    check_notes();
}

/* The same world seen from a task. */
struct misuser {
    weft_frame weft;
    numbers_sender out;
    numbers_receiver in;
    weft_task joinable;
    weft_scope scope;
    weft_scope never;
    atomic_uint *done;
};

static void misuse_in_task(weft_context *cx, struct misuser *self)
{
    weft_sender *out = &self->out.weft, none = {0};
    weft_receiver *in = &self->in.weft, no_receiver = {0};
    weft_permit permit = {0};
    uint64_t value = 1, many[2];
    REFUSED(WEFT_EPERM, "weft_channel_send_blocking", weft_channel_send_blocking(out, &value, 0));
    REFUSED(WEFT_EPERM, "weft_channel_recv_blocking", weft_channel_recv_blocking(in, &value, WEFT_FOREVER));
    REFUSED(WEFT_EPERM, "weft_channel_recv_many_blocking", weft_channel_recv_many_blocking(in, many, 2, WEFT_FOREVER));
    REFUSED(WEFT_EPERM, "weft_task_join_blocking", weft_task_join_blocking(&self->joinable, WEFT_FOREVER, NULL));
    REFUSED(WEFT_EDEADLK, "weft_runtime_finish", weft_runtime_finish(rt));
    REFUSED(WEFT_EDEADLK, "weft_runtime_shutdown", weft_runtime_shutdown(rt, 0));
    REFUSED(WEFT_EDEADLK, "weft_runtime_destroy", weft_runtime_destroy(rt));
    REFUSED(WEFT_EINVAL, "weft_channel_send", weft_channel_send(cx, NULL, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_send", weft_channel_send(cx, out, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_send", weft_channel_send(cx, &none, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_reserve", weft_channel_reserve(cx, NULL, &permit));
    REFUSED(WEFT_EINVAL, "weft_channel_reserve", weft_channel_reserve(cx, out, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_reserve", weft_channel_reserve(cx, &none, &permit));
    REFUSED(WEFT_EINVAL, "weft_channel_recv", weft_channel_recv(cx, NULL, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_recv", weft_channel_recv(cx, in, NULL));
    REFUSED(WEFT_EINVAL, "weft_channel_recv", weft_channel_recv(cx, &no_receiver, &value));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many", weft_channel_recv_many(cx, NULL, many, 2));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many", weft_channel_recv_many(cx, in, NULL, 2));
    REFUSED(WEFT_EINVAL, "weft_channel_recv_many", weft_channel_recv_many(cx, &no_receiver, many, 2));
    ANSWERED(0, weft_channel_recv_many(cx, in, many, 0));
    REFUSED(WEFT_EINVAL, "weft_task_join", weft_task_join(cx, NULL, NULL));
    weft_task me = weft_context_task(cx), zero = {0};
    REFUSED(WEFT_EDEADLK, "weft_task_join", weft_task_join(cx, &me, NULL));
    REFUSED(WEFT_EINVAL, "weft_task_join", weft_task_join(cx, &zero, NULL));
    REFUSED(WEFT_EINVAL, "weft_scope_open", weft_scope_open(cx, NULL, NULL));
    const int policies[] = {-1, 3, 999, INT32_MAX};
    for (size_t i = 0; i < 4; i++)
        REFUSED(WEFT_EINVAL, "weft_scope_open",
                weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.policy = (weft_policy)policies[i])));
    REFUSED(WEFT_EINVAL, "weft_scope_close", weft_scope_close(cx, NULL));
    REFUSED(WEFT_EINVAL, "weft_scope_close", weft_scope_close(cx, &self->never));
    REFUSED(WEFT_EINVAL, "weft_scope_close", weft_scope_close(cx, weft_runtime_scope(rt)));
    ANSWERED(WEFT_REASON_NONE, (long)weft_context_cancelled(cx));
}

static weft_poll misuser(weft_context *cx, struct misuser *self)
{
    WEFT_BEGIN(cx, self);
    misuse_in_task(cx, self);
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->joinable, NULL));
    atomic_store(self->done, 1);
    WEFT_END(0);
}

/* MPSC-32 RT-24: blocking forms on a worker, ends of the runtime by its task, and nulls, in a task. */
static void in_a_task(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    atomic_uint done = 0;
    const weft_task joinable = weft_spawn_joinable(weft_runtime_scope(rt), ender, .result = 3);
    weft_spawn(weft_runtime_scope(rt), misuser, .out = out, .in = in, .joinable = joinable, .done = &done);
    WORLD_UNTIL(atomic_load(&done) == 1);
    world_settle(rt);
    check_notes();
}

static void hook(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    (void)task;
    (void)result;
    (void)worker;
    weft_hooks_handle *handle = context;
    REFUSED(WEFT_EDEADLK, "weft_hooks_remove", weft_hooks_remove(*handle));
    REFUSED(WEFT_EDEADLK, "weft_runtime_destroy", weft_runtime_destroy(rt));
}

static void hooks_misused(void **state)
{
    (void)state;
    static weft_hooks_handle handle;
    weft_hooks_handle none = 7;
    weft_hooks tiny = *WEFT_HOOKS(.task_end = hook);
    REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(rt, NULL, &none));
    REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(rt, WEFT_HOOKS(.context = &none), &none)); /* no function */
    REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(rt, WEFT_HOOKS(.task_end = hook), NULL));
    tiny.size = 0;
    REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(rt, &tiny, &none));
    tiny.size = offsetof(weft_hooks, task_end) + sizeof(void *) - 1;
    REFUSED(WEFT_EINVAL, "weft_hooks_add", weft_hooks_add(rt, &tiny, &none));
    assert_true(none == 7);
    const weft_hooks_handle bad[] = {0, 1, 7, 255, 256, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(WEFT_ESRCH, "weft_hooks_remove", weft_hooks_remove(bad[i]));
    weft_hooks_handle handles[8];
    for (int i = 0; i < 8; i++)
        ANSWERED(0, weft_hooks_add(rt, WEFT_HOOKS(.context = &handle, .runtime_stop = NULL, .stall = NULL, .task_end = hook),
                                   &handles[i]));
    REFUSED(WEFT_EMFILE, "weft_hooks_add", weft_hooks_add(rt, WEFT_HOOKS(.task_end = hook), &none));
    for (int i = 1; i < 8; i++) {
        ANSWERED(0, weft_hooks_remove(handles[i]));
        REFUSED(WEFT_ESRCH, "weft_hooks_remove", weft_hooks_remove(handles[i]));
    }
    handle = handles[0];
    check_notes();
    weft_spawn(weft_runtime_scope(rt), ender, .result = 0); /* its end calls the hook, on the worker */
    world_settle(rt);
    assert_int_equal(weft_hooks_remove(handles[0]), 0);
    check_notes();
    weft_runtime *other = world_begin(1);
    assert_int_equal(weft_hooks_add(other, WEFT_HOOKS(.context = &handle, .task_end = hook), &handles[0]), 0);
    world_end(other, 0);
    REFUSED(WEFT_ESRCH, "weft_hooks_remove", weft_hooks_remove(handles[0])); /* its runtime is gone */
    check_notes();
}

static void on_health(void *context, const weft_health_change *change)
{
    (void)change;
    (void)context;
    REFUSED(WEFT_EDEADLK, "weft_monitor_sample", weft_monitor_sample(rt));
    REFUSED(WEFT_EDEADLK, "weft_monitor_on_health", weft_monitor_on_health(rt, NULL, NULL));
    REFUSED(WEFT_EDEADLK, "weft_runtime_destroy", weft_runtime_destroy(rt));
}

static void health_callback(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(weft_monitor_on_health(rt, on_health, NULL), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(weft_monitor_sample(rt), 0); /* here, or a moment before on the monitor thread */
    assert_int_equal(weft_monitor_on_health(rt, NULL, NULL), 0);
    assert_int_equal(table.count, 3);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    check_notes();
}

static void errors(void **state)
{
    (void)state;
#define NAMED(name, number, text)                                                                                      \
    assert_string_equal(weft_error_name(WEFT_##name), "WEFT_" #name);                                                  \
    assert_string_equal(weft_error_text(WEFT_##name), text);                                                           \
    assert_int_equal(WEFT_##name, -(number));
    WEFT_ERROR_MAP(NAMED)
    const int good[] = {0, 1, INT32_MAX};
    const int bad[] = {-1000000, INT32_MIN, WEFT_AWAITING, -4095};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(weft_error_name(good[i]), "WEFT_OK");
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(weft_error_name(bad[i]), "WEFT_E?");
        assert_true(strlen(weft_error_text(bad[i])) > 10);
    }
    const int healths[] = {-1, 0, 1, 2, 3, -2, INT32_MAX};
    const char *const names[] = {"unknown", "healthy", "degraded", "critical", "unknown", "unknown", "unknown"};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(weft_health_name((weft_health)healths[i]), names[i]);
}

static void *other_thread(void *argument)
{
    *(bool *)argument = weft_error_detail()[0] == '\0';
    return NULL;
}

/* The text is the thread's own: another thread has none yet. */
static void detail_belongs_to_its_thread(void **state)
{
    (void)state;
    clear_detail();
    bool empty = false;
    pthread_t thread;
    world_thread(&thread, other_thread, &empty);
    pthread_join(thread, NULL);
    assert_true(empty);
    assert_ptr_equal(strstr(weft_error_detail(), marker), weft_error_detail());
}

static void total(void **state)
{
    (void)state;
    printf("%u cases in all\n", table.total);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runtimes),        cmocka_unit_test(channel_options), cmocka_unit_test(channel_handles),
        cmocka_unit_test(permit_copies),   cmocka_unit_test(channel_nulls),   cmocka_unit_test(task_handles),
        cmocka_unit_test(in_a_task),       cmocka_unit_test(hooks_misused),   cmocka_unit_test(health_callback),
        cmocka_unit_test(errors),          cmocka_unit_test(detail_belongs_to_its_thread),
        cmocka_unit_test(total),
    };
    return cmocka_run_group_tests(tests, begin, runtime_end);
}
