/* SPDX-License-Identifier: MIT */
/* Hooks: every event of a task's life once, with ids that fit, for one runtime only, until the hooks are removed. */
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { TASKS_MAX = 4000 };

/* What the hooks saw. Written by any thread, read when the runtime is quiet or gone. */
struct record {
    pthread_mutex_t mutex;
    uint64_t spawned[TASKS_MAX];
    uint64_t ended[TASKS_MAX];
    int32_t results[TASKS_MAX];
    unsigned spawns;
    unsigned ends;
    unsigned polls;
    unsigned cancels;
    unsigned names;
    unsigned sites;
    unsigned starts;
    unsigned stops;
    unsigned opens;
    unsigned chan_ends;
    unsigned sends;
    unsigned received;
    unsigned drops;
    unsigned fails;
    unsigned runtime_stops;
    uint64_t parent;
    uint32_t line;
    uint32_t site_bytes;
    char name[128];
    char site_name[64];
    char site_file[256];
    unsigned workers_seen; /* a bit for each number below 32 */
};

static void on_spawn(void *context, uint64_t task, uint64_t parent, uint64_t site, uint16_t worker)
{
    (void)site;
    (void)worker;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    if (r->spawns < TASKS_MAX)
        r->spawned[r->spawns] = task;
    r->spawns++;
    r->parent = parent;
    pthread_mutex_unlock(&r->mutex);
}

static void on_end(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    (void)worker;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    if (r->ends < TASKS_MAX) {
        r->ended[r->ends] = task;
        r->results[r->ends] = result;
    }
    r->ends++;
    pthread_mutex_unlock(&r->mutex);
}

static void on_poll(void *context, uint64_t task, uint16_t worker, uint8_t source)
{
    (void)task;
    (void)source;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    r->polls++;
    if (worker < 32)
        r->workers_seen |= 1u << worker;
    pthread_mutex_unlock(&r->mutex);
}

#define COUNT(r, field)                                                                                                \
    do {                                                                                                               \
        pthread_mutex_lock(&((struct record *)(r))->mutex);                                                            \
        ((struct record *)(r))->field++;                                                                               \
        pthread_mutex_unlock(&((struct record *)(r))->mutex);                                                          \
    } while (0)

static void on_cancel(void *context, uint64_t task, uint64_t by, uint8_t reason)
{
    (void)task;
    (void)by;
    (void)reason;
    COUNT(context, cancels);
}

static void on_name(void *context, uint64_t task, uint32_t category, const char *name)
{
    (void)task;
    (void)category;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    r->names++;
    snprintf(r->name, sizeof r->name, "%s", name);
    pthread_mutex_unlock(&r->mutex);
}

static void on_site(void *context, uint64_t site, const char *name, const char *function, const char *file, uint32_t line,
                    uint32_t bytes)
{
    (void)site;
    (void)function;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    r->sites++;
    r->line = line;
    r->site_bytes = bytes;
    snprintf(r->site_name, sizeof r->site_name, "%s", name);
    snprintf(r->site_file, sizeof r->site_file, "%s", file);
    pthread_mutex_unlock(&r->mutex);
}

static void on_thread_stop(void *context, uint32_t runtime, uint16_t worker, uint8_t kind)
{
    (void)runtime;
    (void)worker;
    (void)kind;
    COUNT(context, stops);
}

static void on_runtime_stop(void *context, uint32_t runtime)
{
    (void)runtime;
    COUNT(context, runtime_stops);
}

static void on_open(void *context, uint64_t chan, uint64_t by, uint32_t capacity, uint32_t message_size, const char *name,
                    const char *component)
{
    (void)chan;
    (void)by;
    (void)capacity;
    (void)message_size;
    (void)name;
    (void)component;
    COUNT(context, opens);
}

static void on_chan_end(void *context, uint64_t chan)
{
    (void)chan;
    COUNT(context, chan_ends);
}

static void on_send(void *context, uint64_t chan, uint64_t task, uint32_t depth)
{
    (void)chan;
    (void)task;
    (void)depth;
    COUNT(context, sends);
}

static void on_recv(void *context, uint64_t chan, uint64_t task, uint32_t count, uint32_t depth)
{
    (void)chan;
    (void)task;
    (void)depth;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    r->received += count;
    pthread_mutex_unlock(&r->mutex);
}

static void on_fail(void *context, uint64_t chan, uint64_t task, int32_t error)
{
    (void)chan;
    (void)task;
    (void)error;
    COUNT(context, fails);
}

static void on_drop(void *context, uint64_t chan, uint64_t task, uint32_t count, uint8_t reason)
{
    (void)chan;
    (void)task;
    (void)reason;
    struct record *r = context;
    pthread_mutex_lock(&r->mutex);
    r->drops += count;
    pthread_mutex_unlock(&r->mutex);
}

static struct record record;

static weft_hooks_handle listen_to(weft_runtime *rt)
{
    record = (struct record){.mutex = PTHREAD_MUTEX_INITIALIZER};
    weft_hooks_handle handle = 0;
    assert_int_equal(
        weft_hooks_add(rt,
                       WEFT_HOOKS(.context = &record, .task_spawn = on_spawn, .task_end = on_end, .poll_start = on_poll,
                                  .task_cancel = on_cancel, .task_name = on_name, .site_def = on_site,
                                  .thread_stop = on_thread_stop, .runtime_stop = on_runtime_stop, .chan_open = on_open,
                                  .chan_end = on_chan_end, .chan_send = on_send, .chan_recv = on_recv,
                                  .chan_fail = on_fail, .chan_drop = on_drop),
                       &handle),
        0);
    assert_true(handle != 0);
    return handle;
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* HK-01: spawn once and end once for each task, cancelled and failed ones too, with the same ids. HK-05 RT-25 */
static void spawn_and_end_are_told_once_each(void **state)
{
    (void)state;
    enum { EACH = 300 };
    weft_runtime *rt = world_begin(3);
    listen_to(rt);
    atomic_uint polls = 0, ended = 0;
    weft_task waiting[EACH];
    for (int i = 0; i < EACH; i++) {
        weft_spawn(weft_runtime_scope(rt), ender, .result = 5);
        weft_spawn(weft_runtime_scope(rt), ender, .result = -6);
        waiting[i] = weft_spawn(weft_runtime_scope(rt), parked, .polls = &polls, .ended = &ended);
    }
    WORLD_UNTIL(atomic_load(&polls) >= EACH && world_live(rt) == EACH); /* the others have ended by themselves */
    for (int i = 0; i < EACH; i++)
        assert_int_equal(weft_task_cancel(waiting[i]), 0);
    WORLD_UNTIL(world_live(rt) == 0);
    world_end(rt, 3 * EACH);
    assert_int_equal(record.spawns, 3 * EACH);
    assert_int_equal(record.ends, 3 * EACH);
    assert_int_equal(record.cancels, EACH);
    assert_int_equal(record.stops, 4); /* three workers and the monitor, all gone when destroy returns */
    assert_int_equal(record.runtime_stops, 1);
    assert_true(record.polls >= 3 * EACH);
    int results[3] = {0};
    for (int i = 0; i < 3 * EACH; i++)
        results[record.results[i] == 5 ? 0 : record.results[i] == -6 ? 1 : 2]++;
    assert_true(results[0] == EACH && results[1] == EACH && results[2] == EACH);
    qsort(record.spawned, 3 * EACH, sizeof(uint64_t), compare_ids);
    qsort(record.ended, 3 * EACH, sizeof(uint64_t), compare_ids);
    for (int i = 0; i < 3 * EACH; i++) {
        assert_true(record.spawned[i] == record.ended[i]);
        assert_true(i == 0 || record.spawned[i] != record.spawned[i - 1]);
    }
}

/* HK-03 TRC-01: the line is the caller's, for each form of spawn; a name is told with the task. */
static void site_is_the_line_of_the_spawn(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    listen_to(rt);
    weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    const uint32_t first = __LINE__ - 1;
    world_settle(rt);
    assert_int_equal(record.line, first);
    assert_string_equal(record.site_name, "ender");
    assert_in_range(record.site_bytes, sizeof(weft_frame), 512); /* a header, and a frame of a few words */
    assert_non_null(strstr(record.site_file, "hooks.c"));
    assert_int_equal(record.names, 0);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("by name", .category = WEFT_HANDLER), ender, .result = 0);
    const uint32_t second = __LINE__ - 1;
    world_settle(rt);
    assert_int_equal(record.line, second);
    assert_string_equal(record.name, "by name");
    assert_int_equal(record.names, 1);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), ender, .result = 0);
    const uint32_t third = __LINE__ - 1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_int_equal(record.line, third);
    assert_int_equal(record.parent, 0);
    world_end(rt, 3);
}

/* The events of a channel add up to what its statistics say. */
static void channel_events_agree_with_the_statistics(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    listen_to(rt);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 3, WEFT_DROP_OLDEST, &out, &in);
    atomic_ullong count = 0;
    for (uint64_t i = 0; i < 3; i++) {
        numbers_sender mine;
        assert_int_equal(numbers_sender_clone(&out, &mine), 0);
        weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = i, .count = 500);
    }
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count);
    WORLD_UNTIL(world_live(rt) == 1 && world_sender_stats(&out).depth == 0);
    const weft_channel_stats stats = world_sender_stats(&out);
    numbers_sender_close(&out);
    world_end(rt, 4);
    assert_int_equal(stats.sent, 1500);
    assert_int_equal(record.sends, 1500);
    assert_int_equal(record.drops, stats.dropped);
    assert_int_equal(record.received, atomic_load(&count));
    assert_int_equal(record.received + record.drops, 1500);
    assert_int_equal(record.opens, 1);
    assert_int_equal(record.chan_ends, 1);
}

/* Hooks hear of their runtime only, and of nothing once remove has returned; their context may go then. */
static void remove_ends_the_calls(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2), *other = world_begin(2);
    const weft_hooks_handle handle = listen_to(rt);
    for (int i = 0; i < 50; i++) {
        weft_spawn(weft_runtime_scope(other), ender, .result = 0);
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    }
    world_settle(rt);
    world_settle(other);
    assert_int_equal(record.spawns, 50);
    assert_int_equal(record.ends, 50);
    for (int i = 0; i < 200; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    assert_int_equal(weft_hooks_remove(handle), 0);
    memset(&record, 0, sizeof record); /* a call now would be seen by a sanitizer, or here */
    for (int i = 0; i < 50; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    world_end(rt, 300);
    world_end(other, 50);
    assert_int_equal(record.spawns + record.ends + record.polls, 0);
}

struct slow {
    struct latch entered;
    struct latch leave;
    atomic_uint inside;
    atomic_uint removed_while_inside;
};

static void slow_hook(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    (void)task;
    (void)result;
    (void)worker;
    struct slow *slow = context;
    atomic_fetch_add(&slow->inside, 1);
    latch_up(&slow->entered);
    latch_wait(&slow->leave, 1);
    atomic_fetch_sub(&slow->inside, 1);
}

struct remover {
    weft_hooks_handle handle;
    struct slow *slow;
    unsigned inside_after;
    int rc;
};

static void *remove_thread(void *argument)
{
    struct remover *self = argument;
    latch_up(&self->slow->leave); /* the hook may go on now, or a moment later: remove has to wait for it */
    self->rc = weft_hooks_remove(self->handle);
    self->inside_after = atomic_load(&self->slow->inside);
    return NULL;
}

/* A removal waits for a call that runs. */
static void remove_waits_for_a_running_hook(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        weft_runtime *rt = world_begin(1);
        struct slow slow = {.entered = LATCH, .leave = LATCH};
        struct remover remover = {.slow = &slow};
        assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.context = &slow, .task_end = slow_hook), &remover.handle), 0);
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
        latch_wait(&slow.entered, 1);
        pthread_t thread;
        world_thread(&thread, remove_thread, &remover);
        pthread_join(thread, NULL);
        assert_int_equal(remover.rc, 0);
        assert_int_equal(remover.inside_after, 0);
        world_end(rt, 1);
    }
}

static struct {
    atomic_uint parks;
    weft_runtime *rt;
    atomic_uint ended;
} parking;

static void spawn_when_parking(void *context, uint16_t worker)
{
    (void)context;
    (void)worker;
    if (atomic_fetch_add(&parking.parks, 1) < 20)
        weft_spawn(weft_runtime_scope(parking.rt), ender, .ended = &parking.ended);
}

/* RT-26, known bug 3, known bug 4: a hook that makes work when its worker is about to sleep keeps it awake. */
static void park_hook_that_makes_work_prevents_the_park(void **state)
{
    (void)state;
    parking.rt = world_begin(1);
    weft_hooks_handle handle;
    assert_int_equal(weft_hooks_add(parking.rt, WEFT_HOOKS(.worker_park = spawn_when_parking), &handle), 0);
    weft_spawn(weft_runtime_scope(parking.rt), ender, .ended = &parking.ended);
    WORLD_UNTIL(atomic_load(&parking.ended) == 21); /* without one more wake from outside */
    world_end(parking.rt, 21);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spawn_and_end_are_told_once_each),
        cmocka_unit_test(site_is_the_line_of_the_spawn),
        cmocka_unit_test(channel_events_agree_with_the_statistics),
        cmocka_unit_test(remove_ends_the_calls),
        cmocka_unit_test(remove_waits_for_a_running_hook),
        cmocka_unit_test(park_hook_that_makes_work_prevents_the_park),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
