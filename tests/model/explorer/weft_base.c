/* SPDX-License-Identifier: MIT */
/* weft's own doors to the system, as model operations: futex, clock, relax, allocation. Replaces src/base/futex.c and its
 * neighbours in a model build.
 *
 * A futex wait compares the newest value and starts to wait in one step, as the kernel does under its bucket lock; it gives
 * no ordering (the kernel promises none), so a program that relies on wait or wake for visibility fails here. A wake picks
 * among the waiters at random: stricter than the kernel's queue, which no program should count on. */
#include "chance.h"
#include "heap.h"
#include "memory.h"
#include "report.h"
#include "scheduler.h"

#include <errno.h>
#include <stdint.h>

#define PC ((uintptr_t)__builtin_return_address(0))

int weft__futex_wait(_Atomic uint32_t *address, uint32_t expected, int64_t deadline_ns);
int weft__futex_wake(_Atomic uint32_t *address, int count);
uint64_t weft__clock_now(void);
void weft__cpu_relax(void);
void *weft__alloc(size_t size);
void *weft__alloc_zeroed(size_t size);
void weft__free(void *memory);

int weft__futex_wait(_Atomic uint32_t *address, uint32_t expected, int64_t deadline_ns)
{
    scheduler_point();
    uint32_t newest = (uint32_t)memory_newest((void *)address, sizeof *address, PC);
    if (newest != expected) {
        REPORT_TRACE(PC, "futex wait %s: %#x is not %#x", report_name((void *)address), newest, expected);
        return -EAGAIN;
    }
    if (chance(chance_temperament.spurious)) {
        REPORT_TRACE(PC, "futex wait %s: returns for no reason", report_name((void *)address));
        scheduler_yield();
        return 0;
    }
    REPORT_TRACE(PC, "futex wait %s while %#x ...", report_name((void *)address), expected);
    bool woken = scheduler_block("futex", (const void *)address, deadline_ns);
    REPORT_TRACE(PC, "futex wait %s: %s", report_name((void *)address), woken ? "woken" : "timed out");
    return woken ? 0 : -ETIMEDOUT;
}

int weft__futex_wake(_Atomic uint32_t *address, int count)
{
    scheduler_point();
    int woken = 0;
    uint32_t set = scheduler_waiters((const void *)address);
    for (; set && woken < count; woken++) {
        uint32_t rest = set;
        for (unsigned skip = chance_below((unsigned)__builtin_popcount(set)); skip; skip--) {
            rest &= rest - 1;
        }
        int thread = __builtin_ctz(rest);
        set &= ~(1u << thread);
        scheduler_wake(thread);
    }
    REPORT_TRACE(PC, "futex wake %s: %d woken", report_name((void *)address), woken);
    return woken;
}

/* Moves at each reading, so that a loop until a deadline ends. */
uint64_t weft__clock_now(void)
{
    return scheduler_clock_ns += 100;
}

void weft__cpu_relax(void)
{
    scheduler_yield();
}

void *weft__alloc(size_t size)
{
    return heap_alloc(size, 16, false, PC);
}

void *weft__alloc_zeroed(size_t size)
{
    return heap_alloc(size, 16, true, PC);
}

void weft__free(void *memory)
{
    heap_free(memory, PC);
}
