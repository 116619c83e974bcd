/* SPDX-License-Identifier: MIT */
/*
 * What tests of the public interface share: a runtime whose books are checked when it ends, meeting points for threads
 * and tasks, and a few tasks that everybody needs. cmocka asserts are for the test's own thread; the functions here that
 * assert (world_begin, world_end) are called there.
 */
#ifndef WEFT_TESTS_LIB_WORLD_H
#define WEFT_TESTS_LIB_WORLD_H

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <weft.h>

#include "lib/pause.h"

#if defined(__SANITIZE_THREAD__)
#define WORLD_TSAN 1
#define WORLD_SANITIZED 1
#elif defined(__SANITIZE_ADDRESS__)
#define WORLD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WORLD_TSAN 1
#define WORLD_SANITIZED 1
#elif __has_feature(address_sanitizer)
#define WORLD_SANITIZED 1
#endif
#endif
#ifndef WORLD_TSAN
#define WORLD_TSAN 0
#endif
#ifndef WORLD_SANITIZED
#define WORLD_SANITIZED 0
#endif

WEFT_CHANNEL_DEFINE(numbers, uint64_t)

/* Wait for a condition that another thread brings about. A test that hangs here is stopped by its ctest timeout. */
#define WORLD_UNTIL(condition)                                                                                         \
    for (unsigned world_turns = 0; !(condition) && (pause_turn(&world_turns), 1);)                                     \
    continue

/* The seed of this run: WEFT_SEED, or a fresh one; printed at the first call. */
uint64_t world_seed(void);

/* A number below `limit`, from a generator that the caller keeps. */
uint32_t world_random(uint64_t *state, uint32_t limit);

/* A runtime with so many workers, whose reports are counted in world_reports. */
weft_runtime *world_begin(uint32_t workers);
extern atomic_uint world_reports;

/*
 * Shut down and destroy, and hold the books against each other: every task spawned has ended, no channel is left open,
 * and so many tasks were spawned as the test says (or -1: it does not say).
 */
void world_end(weft_runtime *rt, int64_t spawned);

/* The same without the destruction: wait until no task lives, and compare. */
void world_settle(weft_runtime *rt);

uint64_t world_live(weft_runtime *rt);

/* Wait until so many tasks wait. */
void world_until_waiting(weft_runtime *rt, int tasks);
int world_channels(weft_runtime *rt);

/* Counts up; whoever waits goes on when it has reached a number. Blocks the thread: in a task it holds the worker. */
struct latch {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    unsigned count;
};
#define LATCH {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}
void latch_up(struct latch *latch);
void latch_wait(struct latch *latch, unsigned count);

/* Text that comes in pieces, as of a dump: what does not fit is refused. Zero it before. */
struct text {
    size_t length;
    size_t pieces;
    char bytes[1 << 17];
};
int text_append(void *text, const char *bytes, size_t length);

/* A channel of numbers on a runtime. */
void world_channel(weft_runtime *rt, size_t capacity, weft_overflow overflow, numbers_sender *out, numbers_receiver *in);
weft_channel_stats world_stats(const numbers_receiver *in);
weft_channel_stats world_sender_stats(const numbers_sender *out);

/* Holds its worker: says so, and waits until it may leave. */
struct plug {
    weft_frame weft;
    struct latch *entered;
    struct latch *leave;
};
weft_poll plug(weft_context *cx, struct plug *self);

/* Sends `count` numbers from `from` on, closes its sender, and returns the first error. `rc`, `done` may be NULL. */
struct pusher {
    weft_frame weft;
    numbers_sender out;
    uint64_t from;
    uint64_t count;
    uint64_t i;
    atomic_int *rc;
    atomic_uint *done;
};
weft_poll pusher(weft_context *cx, struct pusher *self);

/* Receives until the end, adds up what came, closes its receiver. */
struct puller {
    weft_frame weft;
    numbers_receiver in;
    uint64_t got;
    atomic_ullong *sum;
    atomic_ullong *count;
    atomic_int *rc;
    atomic_uint *done;
};
weft_poll puller(weft_context *cx, struct puller *self);

/* Waits, whoever wakes it, until it is cancelled or `*leave` is not 0; a hand-written poll function. Returns `result`. */
struct parked {
    weft_frame weft;
    atomic_uint *polls;
    atomic_uint *ended;
    atomic_uint *leave;
    int result;
};
weft_poll parked(weft_context *cx, struct parked *self);

/* Ends at once with a result. */
struct ender {
    weft_frame weft;
    int result;
    atomic_uint *ended;
};
weft_poll ender(weft_context *cx, struct ender *self);

/* Receives numbers and sends each back, plus one, until either channel ends; closes both ends. */
struct incrementer {
    weft_frame weft;
    numbers_receiver in;
    numbers_sender out;
    uint64_t value;
};
weft_poll incrementer(weft_context *cx, struct incrementer *self);

/* Whether valgrind runs this, as tests/valgrind.sh tells it: some system calls are not there. */
bool world_in_valgrind(void);

/* The path of this program, to start it again. */
const char *world_program(void);

/* Start a thread, or end the program. */
void world_thread(pthread_t *out, void *(*entry)(void *), void *argument);

#endif
