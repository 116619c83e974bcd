/* SPDX-License-Identifier: MIT */
#include "lib/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

atomic_uint world_reports;

/* A test asks for absurd amounts of memory; a sanitizer's allocator ends the program unless told to answer NULL. */
#define SEEN __attribute__((visibility("default"))) /* by the sanitizer's library */
SEEN const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
SEEN const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

uint64_t world_seed(void)
{
    static uint64_t seed;
    if (seed != 0)
        return seed;
    const char *given = getenv("WEFT_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
    if (seed == 0)
        seed = 1;
    printf("WEFT_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

uint32_t world_random(uint64_t *state, uint32_t limit)
{
    *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ z >> 31) % limit);
}

static void world_report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    (void)text;
    atomic_fetch_add(&world_reports, 1);
}

weft_runtime *world_begin(uint32_t workers)
{
    weft_runtime *rt = NULL;
    const int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "world", .worker_threads = workers,
                                                                 .report = world_report, .seed = world_seed()));
    if (rc != 0)
        fail_msg("weft_runtime_create: %s: %s", weft_error_name(rc), weft_error_detail());
    return rt;
}

static weft_runtime_stats runtime_stats(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats;
}

uint64_t world_live(weft_runtime *rt)
{
    return runtime_stats(rt).tasks_live;
}

int text_append(void *text, const char *bytes, size_t length)
{
    struct text *self = text;
    if (self->length + length >= sizeof self->bytes)
        return WEFT_ENOMEM;
    memcpy(self->bytes + self->length, bytes, length);
    self->length += length;
    self->bytes[self->length] = '\0';
    self->pieces++;
    return 0;
}

static int count_waiting(void *context, const weft_task_info *info)
{
    *(int *)context += info->state == WEFT_TASK_WAITING;
    return 0;
}

static int world_waiting(weft_runtime *rt)
{
    int waiting = 0;
    weft_task_visit(rt, count_waiting, &waiting);
    return waiting;
}

void world_until_waiting(weft_runtime *rt, int tasks)
{
    WORLD_UNTIL(world_waiting(rt) == tasks);
}

static int count_channel(void *context, const weft_channel_stats *stats)
{
    (void)stats;
    ++*(int *)context;
    return 0;
}

int world_channels(weft_runtime *rt)
{
    int count = 0;
    assert_int_equal(weft_channel_visit(rt, true, count_channel, &count), 0);
    return count;
}

void world_settle(weft_runtime *rt)
{
    WORLD_UNTIL(world_live(rt) == 0);
    const weft_runtime_stats stats = runtime_stats(rt);
    assert_true(stats.tasks_spawned == stats.tasks_ended);
}

void world_end(weft_runtime *rt, int64_t spawned)
{
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    const weft_runtime_stats stats = runtime_stats(rt);
    assert_true(stats.tasks_live == 0);
    assert_true(stats.tasks_spawned == stats.tasks_ended);
    if (spawned >= 0)
        assert_true(stats.tasks_spawned == (uint64_t)spawned);
    assert_int_equal(world_channels(rt), 0);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

void latch_up(struct latch *latch)
{
    pthread_mutex_lock(&latch->mutex);
    latch->count++;
    pthread_cond_broadcast(&latch->moved);
    pthread_mutex_unlock(&latch->mutex);
}

void latch_wait(struct latch *latch, unsigned count)
{
    pthread_mutex_lock(&latch->mutex);
    while (latch->count < count)
        pthread_cond_wait(&latch->moved, &latch->mutex);
    pthread_mutex_unlock(&latch->mutex);
}

void world_channel(weft_runtime *rt, size_t capacity, weft_overflow overflow, numbers_sender *out, numbers_receiver *in)
{
    const int rc = numbers_create(
        rt, WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = capacity, .overflow = overflow), out, in);
    if (rc != 0)
        fail_msg("weft_channel_create: %s: %s", weft_error_name(rc), weft_error_detail());
}

weft_channel_stats world_stats(const numbers_receiver *in)
{
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_receiver_stats(&in->weft, &stats), 0);
    return stats;
}

weft_channel_stats world_sender_stats(const numbers_sender *out)
{
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_sender_stats(&out->weft, &stats), 0);
    return stats;
}

weft_poll plug(weft_context *cx, struct plug *self)
{
    WEFT_BEGIN(cx, self);
    latch_up(self->entered);
    latch_wait(self->leave, 1);
    WEFT_END(0);
}

weft_poll pusher(weft_context *cx, struct pusher *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->i < self->count && self->weft.rc >= 0; self->i++)
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->from + self->i));
    numbers_sender_close(&self->out);
    if (self->rc)
        atomic_store(self->rc, self->weft.rc);
    if (self->done)
        atomic_fetch_add(self->done, 1);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : 0);
}

weft_poll puller(weft_context *cx, struct puller *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
        if (self->weft.rc < 0)
            break;
        if (self->sum)
            atomic_fetch_add(self->sum, self->got);
        if (self->count)
            atomic_fetch_add(self->count, 1);
    }
    numbers_receiver_close(&self->in);
    if (self->rc)
        atomic_store(self->rc, self->weft.rc);
    if (self->done)
        atomic_fetch_add(self->done, 1);
    WEFT_END(0);
}

weft_poll parked(weft_context *cx, struct parked *self)
{
    if (self->polls)
        atomic_fetch_add(self->polls, 1);
    const bool cancelled = weft_context_cancelled(cx) != WEFT_REASON_NONE;
    if (!cancelled && !(self->leave && atomic_load(self->leave)))
        return WEFT_PENDING;
    if (self->ended)
        atomic_fetch_add(self->ended, 1);
    cx->weft__result = cancelled ? WEFT_ECANCELED : self->result;
    return WEFT_READY;
}

weft_poll ender(weft_context *cx, struct ender *self)
{
    WEFT_BEGIN(cx, self);
    if (self->ended)
        atomic_fetch_add(self->ended, 1);
    WEFT_END(self->result);
}

weft_poll incrementer(weft_context *cx, struct incrementer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->value + 1));
    }
    numbers_receiver_close(&self->in);
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

bool world_in_valgrind(void)
{
    return getenv("WEFT_VALGRIND") != NULL;
}

const char *world_program(void)
{
    static char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    return path;
}

void world_thread(pthread_t *out, void *(*entry)(void *), void *argument)
{
    const int error = pthread_create(out, NULL, entry, argument);
    if (error != 0) {
        fprintf(stderr, "pthread_create: %s\n", strerror(error));
        abort();
    }
}
