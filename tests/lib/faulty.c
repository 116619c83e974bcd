/* SPDX-License-Identifier: MIT */
#include "lib/faulty.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/platform.h"

static struct {
    atomic_int kind; /* -1: nothing is armed */
    atomic_uint n;
    atomic_bool sticky;
    atomic_uint count;
    atomic_bool fired;
    atomic_llong blocks;
    atomic_llong mapped;
    atomic_llong ahead;
} faulty = {.kind = -1};

static _Thread_local unsigned calls_here;

static void (*before_refusal)(void); /* set while no thread of the library runs */

static bool fails(enum faulty_kind kind)
{
    calls_here++;
    if (atomic_load(&faulty.kind) != (int)kind)
        return false;
    const unsigned number = atomic_fetch_add(&faulty.count, 1) + 1;
    const unsigned n = atomic_load(&faulty.n);
    if (number != n && !(number > n && atomic_load(&faulty.sticky)))
        return false;
    atomic_store(&faulty.fired, true);
    if (before_refusal)
        before_refusal();
    return true;
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&faulty.blocks, 1);
    return block;
}

static void *faulty_alloc(size_t size)
{
    return fails(FAULTY_MEMORY) ? NULL : counted(weft__platform_linux.alloc(size));
}

static void *faulty_alloc_zeroed(size_t count, size_t size)
{
    return fails(FAULTY_MEMORY) ? NULL : counted(weft__platform_linux.alloc_zeroed(count, size));
}

static void faulty_free(void *block)
{
    if (block)
        atomic_fetch_sub(&faulty.blocks, 1);
    weft__platform_linux.free(block);
}

static void *faulty_map(size_t size, size_t alignment)
{
    if (fails(FAULTY_MEMORY))
        return NULL;
    void *pages = weft__platform_linux.map(size, alignment);
    if (pages)
        atomic_fetch_add(&faulty.mapped, (long long)size);
    return pages;
}

static void faulty_unmap(void *pages, size_t size)
{
    atomic_fetch_sub(&faulty.mapped, (long long)size);
    weft__platform_linux.unmap(pages, size);
}

static int faulty_thread(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*entry)(void *), void *argument)
{
    if (!fails(FAULTY_THREADS))
        return weft__platform_linux.thread_create(out_thread, attributes, entry, argument);
    return EAGAIN;
}

void faulty_before_refusal(void (*call)(void)) { before_refusal = call; }

static int faulty_eventfd(void)
{
    return fails(FAULTY_DESCRIPTORS) ? -EMFILE : weft__platform_linux.eventfd();
}

static int64_t faulty_clock(void)
{
    return weft__platform_linux.clock() + atomic_load(&faulty.ahead);
}

static int faulty_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    const int64_t ahead = atomic_load(&faulty.ahead);
    if (deadline_ns != INT64_MAX)
        deadline_ns = deadline_ns > INT64_MIN + ahead ? deadline_ns - ahead : INT64_MIN;
    return weft__platform_linux.futex_wait(word, expected, deadline_ns);
}

void faulty_begin(void)
{
    static struct weft__platform table;
    table = weft__platform_linux;
    table.alloc = faulty_alloc;
    table.alloc_zeroed = faulty_alloc_zeroed;
    table.free = faulty_free;
    table.map = faulty_map;
    table.unmap = faulty_unmap;
    table.thread_create = faulty_thread;
    table.eventfd = faulty_eventfd;
    table.clock = table.clock_coarse = faulty_clock;
    table.futex_wait = faulty_wait;
    weft__platform = &table;
}

void faulty_end(void)
{
    weft__platform = &weft__platform_linux;
}

void faulty_arm(enum faulty_kind kind, unsigned n, bool sticky)
{
    atomic_store(&faulty.kind, -1);
    atomic_store(&faulty.fired, false);
    atomic_store(&faulty.count, 0);
    atomic_store(&faulty.n, n);
    atomic_store(&faulty.sticky, sticky);
    atomic_store(&faulty.kind, (int)kind);
}

void faulty_disarm(void) { atomic_store(&faulty.kind, -1); }
bool faulty_fired(void) { return atomic_load(&faulty.fired); }
int64_t faulty_blocks(void) { return atomic_load(&faulty.blocks); }
int64_t faulty_mapped(void) { return atomic_load(&faulty.mapped); }
unsigned faulty_calls_here(void) { return calls_here; }
void faulty_clock_ahead(int64_t ns) { atomic_store(&faulty.ahead, ns); }
