/* SPDX-License-Identifier: MIT */
/*
 * Who sleeps is written down, so that the test can wait until nobody is awake; who sleeps until a time looks at the clock
 * twice a millisecond, and at once when the clock is moved. A worker counts as asleep while its parker's word says so: one
 * that was unparked and has not noticed yet is awake. A monitor thread that is awake may hold what it has taken from a worker
 * that it found stuck, and then all workers may sleep although there is something to do: so it has to sleep, too.
 */
#include "lib/vclock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <weft.h>

#include "base/platform.h"
#include "runtime/runtime.h"
#include "sched/sched.h"
#include "timer/wheel.h"

enum { VCLOCK_SLEEPERS = 256 };

static struct vclock_sleeper {
    _Atomic uint32_t *word; /* NULL: a free place */
    uint32_t expected;
    int64_t deadline_ns;
    bool worker; /* in its parker */
} sleepers[VCLOCK_SLEEPERS];
static pthread_mutex_t sleepers_lock = PTHREAD_MUTEX_INITIALIZER;

static atomic_llong vclock_now;

static int64_t vclock_read(void)
{
    return atomic_load(&vclock_now);
}

static bool is_parker(const _Atomic uint32_t *word)
{
    struct weft__worker *worker = (struct weft__worker *)(void *)weft__self;
    return worker && worker->thread.number != WEFT_TRACE_NO_WORKER && word == &worker->parker.word;
}

static struct vclock_sleeper *sleeper_enter(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    const bool worker = is_parker(word);
    pthread_mutex_lock(&sleepers_lock);
    struct vclock_sleeper *sleeper = sleepers;
    while (sleeper->word)
        if (++sleeper == sleepers + VCLOCK_SLEEPERS)
            abort();
    *sleeper = (struct vclock_sleeper){word, expected, deadline_ns, worker};
    pthread_mutex_unlock(&sleepers_lock);
    return sleeper;
}

static void sleeper_leave(struct vclock_sleeper *sleeper)
{
    pthread_mutex_lock(&sleepers_lock);
    sleeper->word = NULL;
    pthread_mutex_unlock(&sleepers_lock);
}

static int vclock_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    struct vclock_sleeper *sleeper = sleeper_enter(word, expected, deadline_ns);
    int slept = -ETIMEDOUT;
    while (atomic_load(&vclock_now) < deadline_ns) {
        const int64_t again = deadline_ns == INT64_MAX ? INT64_MAX : weft__platform_linux.clock() + 500000;
        slept = weft__platform_linux.futex_wait(word, expected, again);
        if (slept != -ETIMEDOUT)
            break;
    }
    sleeper_leave(sleeper);
    return slept;
}

void vclock_begin(int64_t now)
{
    static struct weft__platform table;
    table = weft__platform_linux;
    table.clock = table.clock_coarse = vclock_read;
    table.futex_wait = vclock_wait;
    atomic_store(&vclock_now, now);
    weft__platform = &table;
}

void vclock_end(void)
{
    weft__platform = &weft__platform_linux;
}

int vclock_stop(void **state)
{
    (void)state;
    vclock_begin(INT64_C(12345678901234));
    return 0;
}

int vclock_go(void **state)
{
    (void)state;
    vclock_end();
    return 0;
}

/* It shows `now`, or more: another thread may have moved it on. */
static void sleepers_look(int64_t now)
{
    pthread_mutex_lock(&sleepers_lock);
    for (struct vclock_sleeper *each = sleepers; each < sleepers + VCLOCK_SLEEPERS; each++)
        if (each->word && each->deadline_ns <= now)
            weft__platform_linux.futex_wake(each->word, 1); /* it looks at the clock */
    pthread_mutex_unlock(&sleepers_lock);
}

void vclock_set(int64_t now)
{
    if (atomic_exchange(&vclock_now, now) > now)
        abort(); /* back: it has been moved beyond that time */
    sleepers_look(now);
}

void vclock_advance(int64_t ns)
{
    sleepers_look(atomic_fetch_add(&vclock_now, ns) + ns);
}

int64_t vclock_tick(int64_t at)
{
    const int64_t tick = INT64_C(1) << WEFT__WHEEL_SHIFT;
    return (at + tick - 1) / tick * tick;
}

/* The words that the monitor threads of all runtimes sleep on. */
static unsigned monitors_find(const _Atomic uint32_t **words)
{
    unsigned count = 0;
    uint32_t slot = 0;
    for (weft_runtime *rt; (rt = weft__runtime_hold_next(&slot)) != NULL; weft__runtime_leave(rt))
        if (rt->watch.running && count < VCLOCK_SLEEPERS)
            words[count++] = &rt->watch.stop;
    return count;
}

/* What sleeps on beyond this moment: how many workers, until when the first of them, and how many of those monitor threads. */
struct vclock_sleep {
    unsigned workers, monitors;
    int64_t earliest;
};

static struct vclock_sleep sleepers_count(const _Atomic uint32_t **words, unsigned monitors)
{
    struct vclock_sleep sleep = {.earliest = WEFT_FOREVER};
    pthread_mutex_lock(&sleepers_lock);
    const int64_t now = atomic_load(&vclock_now);
    for (const struct vclock_sleeper *each = sleepers; each < sleepers + VCLOCK_SLEEPERS; each++) {
        if (!each->word || atomic_load(each->word) != each->expected || each->deadline_ns <= now)
            continue;
        for (unsigned i = 0; i < monitors; i++)
            sleep.monitors += each->word == words[i];
        sleep.workers += each->worker;
        if (each->worker && each->deadline_ns < sleep.earliest)
            sleep.earliest = each->deadline_ns;
    }
    pthread_mutex_unlock(&sleepers_lock);
    return sleep;
}

int64_t vclock_asleep(unsigned workers)
{
    const _Atomic uint32_t *words[VCLOCK_SLEEPERS];
    const unsigned monitors = monitors_find(words);
    struct vclock_sleep sleep;
    while (sleep = sleepers_count(words, monitors), sleep.workers < workers || sleep.monitors < monitors)
        sched_yield();
    return sleep.earliest;
}

bool vclock_jump(unsigned workers)
{
    const int64_t earliest = vclock_asleep(workers);
    if (earliest != WEFT_FOREVER)
        vclock_set(earliest);
    return earliest != WEFT_FOREVER;
}
