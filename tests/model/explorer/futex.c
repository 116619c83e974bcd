/* SPDX-License-Identifier: MIT */
/* Sleeping on a word, and time, as model operations. The program reaches them through the table in ../platform.c, which
 * stands in for src/base/platform.c, or calls them directly (model.h).
 *
 * A wait compares the newest value and starts to sleep in one step, as the kernel does under its bucket lock; it gives
 * no ordering (the kernel promises none), so a program that relies on a wait or a wake for visibility fails here. A
 * wake picks among the sleepers at random: stricter than the kernel's queue, which no program should count on. */
#include "../model.h"
#include "chance.h"
#include "memory.h"
#include "report.h"
#include "scheduler.h"

#include <errno.h>
#include <stdint.h>

/* Who sleeps until then sleeps for ever: no execution gets so far. */
static const int64_t futex_never_ns = INT64_MAX / 4;

#define PC ((uintptr_t)__builtin_return_address(0))

int model_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    const void *address = (const void *)word;
    scheduler_point();
    uint32_t newest = (uint32_t)memory_newest(address, sizeof *word, PC);
    if (newest != expected) {
        REPORT_TRACE(PC, "futex wait %s: %#x is not %#x", report_name(address), newest, expected);
        return -EAGAIN;
    }
    if (deadline_ns <= (int64_t)scheduler_clock_ns) {
        REPORT_TRACE(PC, "futex wait %s: the deadline has passed", report_name(address));
        return -ETIMEDOUT;
    }
    if (chance(chance_temperament.spurious)) {
        REPORT_TRACE(PC, "futex wait %s: returns for no reason", report_name(address));
        scheduler_yield();
        return 0;
    }
    REPORT_TRACE(PC, "futex wait %s while %#x ...", report_name(address), expected);
    bool woken = scheduler_block("a futex wake of", address, deadline_ns < futex_never_ns ? deadline_ns : SCHEDULER_FOREVER);
    REPORT_TRACE(PC, "futex wait %s: %s", report_name(address), woken ? "woken" : "timed out");
    return woken ? 0 : -ETIMEDOUT;
}

int model_futex_wake(_Atomic uint32_t *word, int count)
{
    const void *address = (const void *)word;
    scheduler_point();
    int woken = 0;
    for (uint32_t set; (set = scheduler_waiters(address)) && woken < count; woken++) {
        for (unsigned skip = chance_below((unsigned)__builtin_popcount(set)); skip; skip--) {
            set &= set - 1;
        }
        scheduler_wake(__builtin_ctz(set));
    }
    REPORT_TRACE(PC, "futex wake %s: %d woken", report_name(address), woken);
    return woken;
}

/* Moves at each reading, so that a loop until a deadline ends. */
int64_t model_clock(void)
{
    scheduler_clock_ns += 100;
    return (int64_t)scheduler_clock_ns;
}

void model_relax(void)
{
    scheduler_yield();
}
