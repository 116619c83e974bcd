/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, once or from there on, for every n until a scenario passes unharmed. Expected of each: a
 * documented code, everything given back, earlier work unharmed, nothing lost.
 */
#include "lib/faulty.h"
#include "lib/world.h"

#include <stdio.h>

/* What a scenario counted; it is asserted after the scenario, when nothing is armed. */
struct tally {
    unsigned refused;      /* calls that answered WEFT_ENOMEM */
    unsigned wrong;        /* calls that answered anything else than 0 or WEFT_ENOMEM */
    unsigned silent;       /* refusals without a text that names a call */
    unsigned accepted;     /* tasks */
    atomic_uint ended;     /* tasks */
    uint64_t sent;
    uint64_t received;
};

static int judge(struct tally *tally, const char *call, int code)
{
    if (code == WEFT_ENOMEM) {
        tally->refused++;
        const size_t length = strlen(call);
        if (strncmp(weft_error_detail(), call, length) != 0 || strncmp(weft_error_detail() + length, ": ", 2) != 0)
            tally->silent++;
    } else if (code != 0) {
        tally->wrong++;
    }
    return code;
}

static int judge_spawn(struct tally *tally, weft_task task)
{
    const int code = judge(tally, "weft_spawn", weft_task_error(task));
    tally->accepted += code == 0;
    return code;
}

static weft_runtime *create(struct tally *tally, uint32_t workers)
{
    weft_runtime *rt = NULL;
    const int code = judge(tally, "weft_runtime_create",
                           weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers)));
    tally->wrong += (code == 0) != (rt != NULL);
    return rt;
}

static void destroy(struct tally *tally, weft_runtime *rt)
{
    if (rt)
        tally->wrong += weft_runtime_destroy(rt) != 0;
}

static void scenario_create_1(struct tally *tally) { destroy(tally, create(tally, 1)); }
static void scenario_create_4(struct tally *tally) { destroy(tally, create(tally, 4)); }

struct big {
    weft_frame weft;
    atomic_uint *ended;
    unsigned char ballast[20000];
};

static weft_poll big(weft_context *cx, struct big *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

static void scenario_spawn(struct tally *tally)
{
    weft_runtime *rt = create(tally, 1);
    if (!rt)
        return;
    weft_scope *root = weft_runtime_scope(rt);
    for (int i = 0; i < 300; i++) {
        judge_spawn(tally, weft_spawn(root, ender, .ended = &tally->ended));
        if (i % 10 == 0)
            judge_spawn(tally, weft_spawn_as(root, WEFT_TASK("a task with a name of its own"), ender, .ended = &tally->ended));
        if (i % 20 == 0)
            judge_spawn(tally, weft_spawn(root, big, .ended = &tally->ended));
    }
    weft_task task = weft_spawn_joinable(root, ender, .result = 5, .ended = &tally->ended);
    if (judge_spawn(tally, task) == 0) {
        int result = 0;
        tally->wrong += weft_task_join_blocking(&task, WEFT_FOREVER, &result) != 0 || result != 5;
    }
    tally->wrong += weft_runtime_finish(rt) != 0;
}

struct mother {
    weft_frame weft;
    weft_scope scope;
    struct tally *tally;
    unsigned i;
    weft_task last;
};

static weft_poll mother(weft_context *cx, struct mother *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    for (self->i = 0; self->i < 200; self->i++) {
        self->last = weft_spawn_joinable(&self->scope, ender, .ended = &self->tally->ended);
        if (judge_spawn(self->tally, self->last) == 0 && self->i % 2) {
            WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->last, NULL));
            self->tally->wrong += self->weft.rc != 0;
        }
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    self->tally->wrong += self->weft.rc != 0;
    atomic_fetch_add(&self->tally->ended, 1);
    WEFT_END(0);
}

static void scenario_scope(struct tally *tally)
{
    weft_runtime *rt = create(tally, 1);
    if (!rt)
        return;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), mother, .tally = tally);
    const int finished = weft_runtime_finish(rt); /* the task has the tally until then */
    judge_spawn(tally, task);
    tally->wrong += finished != 0;
}

static void scenario_channel(struct tally *tally)
{
    weft_runtime *rt = create(tally, 1);
    if (!rt)
        return;
    for (int i = 0; i < 20; i++) {
        numbers_sender out = {0}, second = {0};
        numbers_receiver in = {0};
        const int code = judge(tally, "weft_channel_create",
                               numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "c", .capacity = 4), &out, &in));
        if (code != 0) {
            tally->wrong += out.weft.weft__channel || in.weft.weft__channel;
            continue;
        }
        const unsigned before = faulty_calls_here();
        numbers_permit permit;
        uint64_t got;
        tally->wrong += numbers_sender_clone(&out, &second) != 0;
        tally->wrong += numbers_try_send(&out, 1) != 0;
        tally->wrong += numbers_send_blocking(&second, 2, 0) != 0;
        tally->wrong += numbers_try_reserve(&out, &permit) != 0;
        tally->wrong += numbers_permit_send(&permit, 3) != 0;
        tally->wrong += numbers_try_reserve(&out, &permit) != 0;
        numbers_permit_release(&permit);
        tally->sent += 3;
        weft_channel_stats stats = {.size = sizeof stats};
        tally->wrong += weft_receiver_stats(&in.weft, &stats) != 0;
        numbers_sender_close(&out);
        numbers_sender_close(&second);
        while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
            tally->received++;
        numbers_receiver_stop(&in);
        numbers_receiver_close(&in);
        tally->wrong += faulty_calls_here() != before; /* nothing of this allocates */
    }
    destroy(tally, rt);
}

/* Tasks that wait at both ends of a channel, and are cancelled or served. */
static void scenario_traffic(struct tally *tally)
{
    weft_runtime *rt = create(tally, 2);
    if (!rt)
        return;
    numbers_sender out;
    numbers_receiver in;
    atomic_ullong count = 0;
    if (judge(tally, "weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in)) == 0) {
        for (uint64_t i = 0; i < 3; i++) {
            numbers_sender mine;
            tally->wrong += numbers_sender_clone(&out, &mine) != 0;
            if (judge_spawn(tally, weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = i, .count = 50,
                                              .done = &tally->ended)) == 0)
                tally->sent += 50;
            else
                numbers_sender_close(&mine); /* the frame was not taken: the handle is still ours */
        }
        numbers_sender_close(&out);
        if (judge_spawn(tally, weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count,
                                          .done = &tally->ended)) != 0) {
            uint64_t got;
            while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
                atomic_fetch_add(&count, 1);
            numbers_receiver_close(&in);
        }
    }
    tally->wrong += weft_runtime_finish(rt) != 0;
    tally->received = atomic_load(&count);
}

static void on_spawn(void *context, uint64_t task, uint64_t parent, uint64_t site, uint16_t worker)
{
    (void)task;
    (void)parent;
    (void)site;
    (void)worker;
    atomic_fetch_add((atomic_uint *)context, 1);
}

static int ignore_task(void *context, const weft_task_info *info)
{
    (void)info;
    ++*(unsigned *)context;
    return 0;
}

static int ignore_channel(void *context, const weft_channel_stats *stats)
{
    (void)stats;
    ++*(unsigned *)context;
    return 0;
}

static void on_health(void *context, const weft_health_change *change)
{
    (void)context;
    (void)change;
}

static void scenario_watch(struct tally *tally)
{
    weft_runtime *rt = create(tally, 1);
    if (!rt)
        return;
    atomic_uint spawns = 0;
    weft_hooks_handle hooks = 0;
    const int added =
        judge(tally, "weft_hooks_add", weft_hooks_add(rt, WEFT_HOOKS(.context = &spawns, .task_spawn = on_spawn), &hooks));
    numbers_sender out;
    numbers_receiver in;
    const int made =
        judge(tally, "weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in));
    judge_spawn(tally, weft_spawn(weft_runtime_scope(rt), ender, .ended = &tally->ended));
    const unsigned before = faulty_calls_here();
    unsigned seen = 0;
    weft_runtime_stats stats = {.size = sizeof stats};
    tally->wrong += weft_runtime_stats_get(rt, &stats) != 0;
    tally->wrong += weft_task_visit(rt, ignore_task, &seen) != 0;
    tally->wrong += weft_channel_visit(rt, true, ignore_channel, &seen) != 0;
    tally->wrong += weft_monitor_on_health(rt, on_health, NULL) != 0;
    tally->wrong += weft_monitor_sample(rt) != 0;
    if (made == 0) {
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    if (added == 0)
        tally->wrong += weft_hooks_remove(hooks) != 0 || atomic_load(&spawns) != tally->accepted;
    tally->wrong += faulty_calls_here() != before;
    tally->wrong += weft_runtime_finish(rt) != 0;
}

/* From some moment on there is no memory at all: what lives can be woken, cancelled, closed, joined and destroyed. */
static void scenario_end(struct tally *tally)
{
    weft_runtime *rt = create(tally, 2);
    if (!rt)
        return;
    weft_task tasks[40];
    for (int i = 0; i < 40; i++) {
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), parked, .ended = &tally->ended);
        judge_spawn(tally, tasks[i]);
    }
    const unsigned before = faulty_calls_here();
    for (int i = 0; i < 40; i++)
        weft_wake((weft_waker){tasks[i]});
    for (int i = 0; i < 10; i++)
        if (tasks[i].id)
            tally->wrong += weft_task_cancel(tasks[i]) != 0;
    for (int i = 0; i < 10; i++)
        if (tasks[i].id)
            tally->wrong += weft_task_join_blocking(&tasks[i], WEFT_FOREVER, NULL) != 0;
    for (int i = 10; i < 20; i++)
        if (tasks[i].id)
            tally->wrong += weft_task_detach(&tasks[i]) != 0;
    tally->wrong += weft_runtime_shutdown(rt, WEFT_FOREVER) != 0;
    destroy(tally, rt);
    tally->wrong += faulty_calls_here() != before;
}

static void sweep(const char *name, void (*scenario)(struct tally *tally))
{
    unsigned sites = 0;
    for (int sticky = 0; sticky < 2; sticky++)
        for (unsigned n = 1;; n++) {
            struct tally tally = {0};
            faulty_arm(FAULTY_MEMORY, n, sticky);
            scenario(&tally);
            const bool fired = faulty_fired();
            faulty_disarm();
            if (tally.wrong || tally.silent || tally.accepted != atomic_load(&tally.ended) || tally.sent != tally.received ||
                fired != (tally.refused > 0) || faulty_blocks() != 0 || faulty_mapped() != 0)
                fail_msg("%s, allocation %u, %s: %u wrong, %u silent, %u of %u tasks ended, %llu of %llu messages, fired %d "
                         "and %u refused, %lld blocks and %lld bytes kept; %s",
                         name, n, sticky ? "sticky" : "once", tally.wrong, tally.silent, atomic_load(&tally.ended),
                         tally.accepted, (unsigned long long)tally.received, (unsigned long long)tally.sent, fired,
                         tally.refused, (long long)faulty_blocks(), (long long)faulty_mapped(), weft_error_detail());
            if (!fired)
                break;
            sites++;
        }
    printf("%s: %u faults\n", name, sites);
    assert_true(sites > 0);
}

#define SWEEP(name)                                                                                                    \
    static void name##_without_memory(void **state)                                                                    \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        sweep(#name, scenario_##name);                                                                                 \
    }

SWEEP(create_1)
SWEEP(create_4)
SWEEP(spawn)
SWEEP(scope)
SWEEP(channel)
SWEEP(traffic)
SWEEP(watch)
SWEEP(end)

/* A channel of more bytes than there are, and one whose size would not fit a word. */
static void channel_of_absurd_size_has_no_memory(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_sender out = {0};
    weft_receiver in = {0};
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = WEFT_CHANNEL_CAPACITY_MAX),
                                         WEFT_MESSAGE_SIZE_MAX, &out, &in),
                     WEFT_ENOMEM);
    assert_null(out.weft__channel);
    assert_null(in.weft__channel);
    world_end(rt, 0);
    assert_true(faulty_blocks() == 0 && faulty_mapped() == 0);
}

static int begin(void **state)
{
    (void)state;
    faulty_begin();
    return 0;
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_1_without_memory), cmocka_unit_test(create_4_without_memory),
        cmocka_unit_test(spawn_without_memory),    cmocka_unit_test(scope_without_memory),
        cmocka_unit_test(channel_without_memory),  cmocka_unit_test(traffic_without_memory),
        cmocka_unit_test(watch_without_memory),    cmocka_unit_test(end_without_memory),
        cmocka_unit_test(channel_of_absurd_size_has_no_memory),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
