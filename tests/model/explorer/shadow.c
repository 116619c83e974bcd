/* SPDX-License-Identifier: MIT */
/* The race detector: for each piece of memory, who touched it and whether that happened before.
 *
 * The program's memory lies in two regions, its static objects and an arena (stacks, then heap); each 8-byte granule
 * has an entry that is found by its index. An entry lists the pieces ("cells") of the granule: the byte ranges that
 * have been accessed. Neighbouring bytes used by different threads are different cells, so they never count as a race.
 * Memory outside both regions (constants, libc's own, thread-local variables) is not watched.
 *
 * A block of some size (a page of a slab) is entered and filled when it is touched, granule by granule, so that an execution pays
 * for the few slots that it uses; what was touched is chained, for the free.
 *
 * An access races with an earlier one by another thread unless the earlier one's clock is known to the current view; a
 * plain write conflicts with everything, a plain read with writes, an atomic access with plain ones only
 * (C11 5.1.2.4p25). Entries are stamped with the execution's number instead of being cleared.
 *
 * Most accesses repeat one: the same thread, the same bytes, and no release in between, so that its clock stands where it
 * stood. Whoever had come into conflict with the first since would have raced with it; the second says nothing new
 * (shadow_repeats). Of the rest, most go on where nobody came between: what was judged then still stands, and only the clock is
 * noted anew (shadow_goes_on). */
#include "shadow.h"
#include "heap.h"
#include "memory.h"
#include "report.h"
#include "scheduler.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct granule {
    uint32_t epoch; /* of the execution that this is about */
    uint32_t cell;
    uint32_t block; /* heap only */
    uint32_t next;  /* of a large block: the granule that was touched before this one; 0 ends */
    uint8_t valid;  /* heap only: bytes that belong to the block */
    bool data;
};

enum { SHADOW_LARGE = 256, SHADOW_LARGE_BLOCKS = 256 };

struct large {
    uintptr_t start;
    uintptr_t end;
    uint64_t fill; /* what untouched memory of it reads as */
    uint32_t block;
    uint32_t touched; /* granules of the arena, by index; 0: none */
};

struct region {
    uintptr_t base;
    uintptr_t bytes;
    struct granule *granules;
};

#define SHADOW_STACKS     ((size_t)MODEL_THREADS * MODEL_STACK_BYTES)
#define SHADOW_ARENA      (SHADOW_STACKS + MODEL_HEAP_BYTES)
#define SHADOW_ARENA_BASE ((uintptr_t)0x100000000000) /* fixed, so that a seed means the same addresses every time */

/* The sections that build.sh makes of the program's .data and .bss. */
extern char __start_model_data[] __attribute__((weak));
extern char __stop_model_data[] __attribute__((weak));
extern char __start_model_bss[] __attribute__((weak));
extern char __stop_model_bss[] __attribute__((weak));

static struct region shadow_static;
static struct region shadow_arena;
static struct cell *shadow_cells;
static uint32_t shadow_cell_count;
static uint32_t shadow_epoch;
static bool shadow_any_data;
static struct large shadow_large[SHADOW_LARGE_BLOCKS];
static unsigned shadow_large_count;

static void *shadow_map(void *where, size_t bytes)
{
    int fixed = where ? MAP_FIXED_NOREPLACE : 0;
    void *memory =
        mmap(where, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
    if (memory == MAP_FAILED) {
        report_fail("explorer: cannot map %zu bytes", bytes);
    }
    return memory;
}

static struct region shadow_region(uintptr_t base, uintptr_t end)
{
    struct region r = {.base = base & ~(uintptr_t)7};
    r.bytes = end > r.base ? ((end - r.base) | 7) + 1 : 0;
    r.granules = shadow_map(NULL, r.bytes / 8 * sizeof(struct granule) + 4096);
    return r;
}

char *shadow_init(void)
{
    char *low = __start_model_data;
    char *high = __stop_model_data;
    char *bss = __start_model_bss;
    char *bss_end = __stop_model_bss;
    if (bss != bss_end) {
        low = low == high || bss < low ? bss : low;
        high = bss_end > high ? bss_end : high;
    }
    shadow_static = shadow_region((uintptr_t)low, (uintptr_t)high);
    char *arena = shadow_map((void *)SHADOW_ARENA_BASE, SHADOW_ARENA);
    shadow_arena = shadow_region((uintptr_t)arena, (uintptr_t)arena + SHADOW_ARENA);
    shadow_cells = shadow_map(NULL, MODEL_CELLS * sizeof *shadow_cells);
    return arena;
}

char *shadow_heap(void)
{
    return (char *)shadow_arena.base + SHADOW_STACKS;
}

void shadow_reset(void)
{
    if (++shadow_epoch == 0) {
        report_fail("limit: 2^32 executions in one process; go on with from=N");
    }
    shadow_cell_count = 1;
    shadow_any_data = false;
    shadow_large_count = 0;
}

static inline bool shadow_in_heap(uintptr_t address)
{
    return address - SHADOW_ARENA_BASE - SHADOW_STACKS < MODEL_HEAP_BYTES;
}

static inline bool shadow_in_stacks(uintptr_t address)
{
    return address - SHADOW_ARENA_BASE < SHADOW_STACKS;
}

static struct large *shadow_find_large(uintptr_t address)
{
    static struct large *last = shadow_large;
    if (last < shadow_large + shadow_large_count && address >= last->start && address < last->end) {
        return last;
    }
    for (unsigned i = 0; i < shadow_large_count; i++) {
        if (address >= shadow_large[i].start && address < shadow_large[i].end) {
            return last = &shadow_large[i];
        }
    }
    return NULL;
}

static inline uint8_t shadow_valid(size_t left)
{
    return left < 8 ? (uint8_t)((1u << left) - 1) : 0xff;
}

/* The first touch of a granule in this execution. */
static __attribute__((noinline)) void shadow_enter(struct granule *g, uintptr_t address)
{
    *g = (struct granule){.epoch = shadow_epoch};
    struct large *large = shadow_in_heap(address) ? shadow_find_large(address) : NULL;
    if (large) {
        const uintptr_t at = address & ~(uintptr_t)7;
        *(uint64_t *)at = large->fill;
        g->block = large->block;
        g->valid = shadow_valid(large->end - at);
        g->next = large->touched;
        large->touched = (uint32_t)(g - shadow_arena.granules);
    }
}

static inline struct granule *shadow_granule(uintptr_t address)
{
    struct granule *g;
    if (address - shadow_static.base < shadow_static.bytes) {
        g = &shadow_static.granules[(address - shadow_static.base) / 8];
    } else if (address - SHADOW_ARENA_BASE < SHADOW_ARENA) {
        g = &shadow_arena.granules[(address - SHADOW_ARENA_BASE) / 8];
    } else {
        return NULL;
    }
    if (__builtin_expect(g->epoch != shadow_epoch, 0)) {
        shadow_enter(g, address);
    }
    return g;
}

/* What a thread does alone happens before all that follows, in whichever thread: nothing of it is kept. Only what is known of
 * the bytes from before must be told. */
static inline bool shadow_is_quiet(const struct granule *g)
{
    return scheduler_alone && !g->cell;
}

void shadow_touch(const void *address)
{
    shadow_granule((uintptr_t)address);
}

static struct cell *shadow_new_cell(struct granule *g, uint8_t mask)
{
    if (shadow_cell_count == MODEL_CELLS) {
        report_fail("limit: more than %u pieces of memory (MODEL_CELLS)", MODEL_CELLS);
    }
    struct cell *c = &shadow_cells[shadow_cell_count];
    c->next = g->cell;
    c->mask = mask;
    c->writer = 0;
    c->location = SHADOW_NO_LOCATION;
    c->write_clock = 0;
    c->readers = 0;
    c->atomic_readers = 0;
    c->atomic_writers = 0;
    g->cell = shadow_cell_count++;
    return c;
}

/* --- judging --- */

static _Noreturn void shadow_race(const void *address, const char *now, uintptr_t pc, const char *before, int thread,
                                  uintptr_t before_pc)
{
    report_detail("T%d %s at %s", scheduler_current, now, report_place(pc));
    report_detail("unordered with T%d, which %s at %s", thread, before,
                  before_pc ? report_place(before_pc) : "(an atomic operation)");
    report_fail("DATA RACE on %s", report_name(address));
}

/* A thread of `set` that read plainly, or did what `member` says atomically, and whose clock is not known; or -1. */
#define SHADOW_UNKNOWN(set, entries, member, known)                  \
    ({                                                               \
        int unknown_ = -1;                                           \
        for (uint32_t set_ = (set); set_; set_ &= set_ - 1) {        \
            const int thread_ = __builtin_ctz(set_);                 \
            if ((entries)[thread_].member > (known)[thread_]) {      \
                unknown_ = thread_;                                  \
                break;                                               \
            }                                                        \
        }                                                            \
        unknown_;                                                    \
    })

static __attribute__((noinline)) void shadow_judge_plain_shared(const struct cell *c, const uint32_t *known, bool write,
                                                                const void *address, uintptr_t pc)
{
    const char *now = write ? "writes" : "reads";
    int me = scheduler_current;
    uint32_t others = ~(1u << me);
    if (c->writer != me && c->write_clock > known[c->writer]) {
        shadow_race(address, now, pc, "wrote", c->writer, c->write_pc);
    }
    int who = SHADOW_UNKNOWN(c->atomic_writers & others, c->atomics, write, known);
    if (who >= 0) {
        shadow_race(address, now, pc, "wrote", who, 0);
    }
    if (!write) {
        return;
    }
    who = SHADOW_UNKNOWN(c->readers & others, c->reads, clock, known);
    if (who >= 0) {
        shadow_race(address, now, pc, "read", who, c->reads[who].pc);
    }
    who = SHADOW_UNKNOWN(c->atomic_readers & others, c->atomics, read, known);
    if (who >= 0) {
        shadow_race(address, now, pc, "read", who, 0);
    }
}

/* Most pieces are one thread's. */
static inline void shadow_judge_plain(const struct cell *c, const uint32_t *known, bool write, const void *address,
                                      uintptr_t pc)
{
    const unsigned others = ~(1u << scheduler_current);
    if ((c->writer != scheduler_current && c->write_clock > 0) || ((c->readers | c->atomic_readers | c->atomic_writers) & others)) {
        shadow_judge_plain_shared(c, known, write, address, pc);
    }
}

static void shadow_judge_atomic(const struct cell *c, const uint32_t *known, bool write, const void *address,
                                uintptr_t pc)
{
    const char *now = write ? "writes atomically" : "reads atomically";
    int me = scheduler_current;
    if (c->writer != me && c->write_clock > known[c->writer]) {
        shadow_race(address, now, pc, "wrote plainly", c->writer, c->write_pc);
    }
    if (write) {
        int who = SHADOW_UNKNOWN(c->readers & ~(1u << me), c->reads, clock, known);
        if (who >= 0) {
            shadow_race(address, now, pc, "read plainly", who, c->reads[who].pc);
        }
    }
}

static void shadow_check_heap(const struct granule *g, uint8_t mask, uintptr_t address, uintptr_t pc)
{
    if ((g->valid & mask) != mask) {
        report_detail("T%d at %s", scheduler_current, report_place(pc));
        report_fail("OUT OF BOUNDS: %s", report_name((const void *)address));
    }
    heap_touch(g->block, (const void *)address, pc);
}

/* --- plain accesses --- */

static void shadow_note_plain(struct cell *c, bool write, uint32_t clock, uintptr_t pc)
{
    int me = scheduler_current;
    if (write) {
        c->writer = (uint8_t)me;
        c->write_clock = clock;
        c->write_pc = (uint32_t)pc;
        c->readers = 0;
        c->atomic_readers = 0;
        c->atomic_writers = 0;
    } else {
        c->readers |= (uint16_t)(1u << me);
        c->reads[me] = (struct plain_read){clock, (uint32_t)pc};
    }
}

/* The head of the file says why nothing has to be judged; shadow_free_granule lets nothing repeat after it. */
static inline bool shadow_repeats(const struct cell *c, uint8_t mask, bool write, uint32_t now)
{
    const int me = scheduler_current;
    if (c->mask != mask) {
        return false;
    }
    if (c->writer == me && c->write_clock == now) {
        return !write || c->location == SHADOW_NO_LOCATION;
    }
    return !write && (c->readers >> me & 1) && c->reads[me].clock == now;
}

/* Whether the thread has touched the bytes since they were last written, and nobody has come since with whom this access could
 * be in conflict: then it knows of that write, and of the block. */
static inline bool shadow_goes_on(const struct cell *c, uint8_t mask, bool write)
{
    const int me = scheduler_current;
    const unsigned others = ~(1u << me);
    const bool wrote = c->writer == me && c->write_clock > 0;
    if (c->mask != mask || c->next) {
        return false;
    }
    if (write) {
        return wrote && c->location == SHADOW_NO_LOCATION && !((c->readers | c->atomic_readers | c->atomic_writers) & others);
    }
    return (wrote || (c->readers >> me & 1)) && !(c->atomic_writers & others);
}

static __attribute__((noinline)) void shadow_plain_judged(struct granule *g, uintptr_t address, uint8_t mask, bool write,
                                                          uintptr_t pc)
{
    if (shadow_in_heap(address)) {
        shadow_check_heap(g, mask, address, pc);
    }
    if (shadow_is_quiet(g)) {
        return;
    }
    const uint32_t *known = memory_view(scheduler_current)->clock;
    struct cell *exact = NULL;
    for (uint32_t i = g->cell; i; i = shadow_cells[i].next) {
        struct cell *c = &shadow_cells[i];
        if (c->mask & mask) {
            shadow_judge_plain(c, known, write, (const void *)address, pc);
            if (write && c->location != SHADOW_NO_LOCATION) {
                memory_restart(c->location);
            }
            exact = c->mask == mask ? c : exact;
        }
    }
    if (!exact) {
        exact = shadow_new_cell(g, mask);
    }
    shadow_note_plain(exact, write, known[scheduler_current], pc);
}

static inline void shadow_plain_in_granule(struct granule *g, uintptr_t address, uint8_t mask, bool write, uintptr_t pc)
{
    struct cell *c = &shadow_cells[g->cell]; /* cell 0 has no bytes */
    const uint32_t now = memory_view(scheduler_current)->clock[scheduler_current];
    if (shadow_repeats(c, mask, write, now)) {
        return;
    }
    if (shadow_goes_on(c, mask, write)) {
        shadow_note_plain(c, write, now, pc);
        return;
    }
    shadow_plain_judged(g, address, mask, write, pc);
}

/* One that is alone goes on through a block whose beginning it was let into: to the first granule of which more is known. */
static uintptr_t shadow_plain_alone(uintptr_t at, uintptr_t end, uint32_t block)
{
    for (; end - at >= 8; at += 8) {
        const struct granule *g = shadow_granule(at);
        if (!g || g->block != block || g->valid != 0xff || g->cell) {
            break;
        }
    }
    return at;
}

static __attribute__((noinline)) void shadow_plain_range(uintptr_t at, uintptr_t end, bool write, uintptr_t pc)
{
    while (at < end) {
        unsigned offset = at & 7;
        unsigned bytes = end - at < 8 - offset ? (unsigned)(end - at) : 8 - offset;
        struct granule *g = shadow_granule(at);
        if (g) {
            shadow_plain_in_granule(g, at, (uint8_t)(((1u << bytes) - 1) << offset), write, pc);
        }
        at += bytes;
        if (scheduler_alone && g && g->block && at < end) {
            at = shadow_plain_alone(at, end, g->block);
        }
    }
}

void shadow_plain(const void *address, size_t size, bool write, uintptr_t pc)
{
    uintptr_t at = (uintptr_t)address;
    if (shadow_cell_count == 1 && scheduler_alone && !shadow_in_heap(at)) {
        return; /* quiet whatever it is */
    }
    if ((at & 7) + size > 8) {
        shadow_plain_range(at, at + size, write, pc);
        return;
    }
    struct granule *g = shadow_granule(at);
    if (g) {
        shadow_plain_in_granule(g, at, (uint8_t)(((1u << size) - 1) << (at & 7)), write, pc);
    }
}

/* --- atomic accesses --- */

/* Memory given to another object since (a new stack frame, or written plainly): what it was as an atomic is over. */
static void shadow_retire(struct cell *c, const void *address, uint8_t mask, uintptr_t pc)
{
    if (!shadow_in_stacks((uintptr_t)address) && !memory_restarted(c->location)) {
        report_detail("T%d at %s; bytes %#x before, %#x now", scheduler_current, report_place(pc), c->mask, mask);
        report_fail("unsupported: atomic accesses of different sizes to %s", report_name(address));
    }
    memory_forget(c->location);
    c->location = SHADOW_NO_LOCATION;
}

static inline void shadow_note_atomic(struct cell *c, bool write)
{
    const int me = scheduler_current;
    const uint32_t now = memory_view(me)->clock[me];
    c->atomic_readers |= (uint16_t)(1u << me);
    c->atomics[me].read = now;
    if (write) {
        c->atomic_writers |= (uint16_t)(1u << me);
        c->atomics[me].write = now;
    }
}

/* As shadow_goes_on: the thread has used them as an atomic since they were last written plainly. */
static inline bool shadow_goes_on_atomically(const struct cell *c, uint8_t mask, bool write)
{
    const int me = scheduler_current;
    return c->mask == mask && !c->next && (c->atomic_readers >> me & 1) && !(write && (c->readers & ~(1u << me)));
}

static __attribute__((noinline)) struct cell *shadow_atomic_judged(struct granule *g, const void *address, size_t size, bool write,
                                                                   uintptr_t pc)
{
    const uintptr_t at = (uintptr_t)address;
    const uint8_t mask = (uint8_t)(((1u << size) - 1) << (at & 7));
    if (!g || (at & (size - 1))) {
        report_detail("T%d at %s", scheduler_current, report_place(pc));
        report_fail("unsupported: atomic access to %s memory %p",
                    g ? "misaligned" : "untracked (thread-local or library)", address);
    }
    if (shadow_in_heap(at)) {
        shadow_check_heap(g, mask, at, pc);
    }
    if (shadow_is_quiet(g)) {
        return NULL;
    }
    const uint32_t *known = memory_view(scheduler_current)->clock;
    struct cell *exact = NULL;
    for (uint32_t i = g->cell; i; i = shadow_cells[i].next) {
        struct cell *c = &shadow_cells[i];
        if (c->mask & mask) {
            shadow_judge_atomic(c, known, write, address, pc);
            if (c->mask == mask) {
                exact = c;
            } else if (c->location != SHADOW_NO_LOCATION) {
                shadow_retire(c, address, mask, pc);
            }
        }
    }
    if (!exact) {
        exact = shadow_new_cell(g, mask);
    }
    shadow_note_atomic(exact, write);
    return exact;
}

struct cell *shadow_atomic(const void *address, size_t size, bool write, uintptr_t pc)
{
    const uintptr_t at = (uintptr_t)address;
    struct granule *g = shadow_granule(at);
    const uint8_t mask = (uint8_t)(((1u << size) - 1) << (at & 7));
    if (__builtin_expect(g && !(at & (size - 1)), 1)) {
        struct cell *first = &shadow_cells[g->cell];
        if (shadow_goes_on_atomically(first, mask, write)) {
            shadow_note_atomic(first, write);
            return first;
        }
    }
    return shadow_atomic_judged(g, address, size, write, pc);
}

void shadow_mark_data(const void *address, size_t size)
{
    uintptr_t end = (uintptr_t)address + size;
    for (uintptr_t at = (uintptr_t)address & ~(uintptr_t)7; at < end; at += 8) {
        struct granule *g = shadow_granule(at);
        if (!g) {
            report_fail("model_data of memory that is not watched: %p", address);
        }
        g->data = true;
        shadow_any_data = true;
    }
}

bool shadow_is_data(const void *address)
{
    if (!shadow_any_data) {
        return false;
    }
    const struct granule *g = shadow_granule((uintptr_t)address);
    return g && g->data;
}

/* --- the heap --- */

/* The address may be that of an earlier block of the same size: what was known of it is over. False: there are too many. */
static bool shadow_large_block(uintptr_t start, size_t size, uint32_t block, uint64_t fill)
{
    struct large *large = shadow_find_large(start);
    if (large) {
        for (uint32_t i = large->touched; i; i = shadow_arena.granules[i].next) {
            shadow_arena.granules[i].epoch = 0;
        }
    } else if (shadow_large_count < SHADOW_LARGE_BLOCKS) {
        large = &shadow_large[shadow_large_count++];
    } else {
        return false;
    }
    *large = (struct large){.start = start, .end = start + size, .fill = fill, .block = block};
    return true;
}

void shadow_block(void *address, size_t size, uint32_t block, uint8_t fill)
{
    uintptr_t at = (uintptr_t)address;
    if (size >= SHADOW_LARGE && shadow_large_block(at, size, block, 0x0101010101010101u * fill)) {
        return;
    }
    memset(address, fill, size);
    for (size_t left = size; left; at += 8) {
        struct granule *g = shadow_granule(at);
        g->cell = 0;
        g->block = block;
        g->data = false;
        g->valid = shadow_valid(left);
        left -= left < 8 ? left : 8;
    }
}

static void shadow_free_granule(struct granule *g, uintptr_t at, const uint32_t *known, uintptr_t pc)
{
    for (uint32_t i = g->cell; i; i = shadow_cells[i].next) {
        struct cell *c = &shadow_cells[i];
        shadow_judge_plain(c, known, true, (const void *)at, pc);
        if (c->location != SHADOW_NO_LOCATION) {
            memory_forget(c->location);
            c->location = SHADOW_NO_LOCATION;
        }
        c->writer = 0;
        c->write_clock = 0; /* before every clock's first */
        c->readers = 0;
        c->atomic_readers = 0;
        c->atomic_writers = 0;
    }
}

/* A free is a write to all of it, against everything that was ever done to it. */
void shadow_free(const void *address, size_t size, uintptr_t pc)
{
    const uint32_t *known = memory_view(scheduler_current)->clock;
    uintptr_t start = (uintptr_t)address;
    const struct large *large = size >= SHADOW_LARGE ? shadow_find_large(start) : NULL;
    if (large) {
        for (uint32_t i = large->touched; i; i = shadow_arena.granules[i].next) {
            shadow_free_granule(&shadow_arena.granules[i], shadow_arena.base + (uintptr_t)i * 8, known, pc);
        }
        return;
    }
    for (uintptr_t at = start; at < start + size; at += 8) {
        shadow_free_granule(shadow_granule(at), at, known, pc);
    }
}

static void shadow_zero(uintptr_t at, size_t bytes, uintptr_t pc)
{
    shadow_plain((void *)at, bytes, true, pc);
    memset((void *)at, 0, bytes);
}

/* What was not touched of pages is zero as it is. */
void shadow_discard(void *address, size_t size, uintptr_t pc)
{
    const uintptr_t start = (uintptr_t)address;
    const struct large *large = shadow_in_heap(start) ? shadow_find_large(start) : NULL;
    if (!large || large->fill != 0 || start % 8 != 0 || size % 8 != 0) {
        shadow_zero(start, size, pc);
        return;
    }
    for (uint32_t i = large->touched; i; i = shadow_arena.granules[i].next) {
        const uintptr_t at = shadow_arena.base + (uintptr_t)i * 8;
        if (at - start < size) {
            shadow_zero(at, 8, pc);
        }
    }
}

uint32_t shadow_block_of(const void *address)
{
    if (!shadow_in_heap((uintptr_t)address)) {
        return 0;
    }
    return shadow_granule((uintptr_t)address)->block;
}

bool shadow_describe_stack(const void *address, char *text, size_t bytes)
{
    uintptr_t offset = (uintptr_t)address - SHADOW_ARENA_BASE;
    if (!shadow_in_stacks((uintptr_t)address)) {
        return false;
    }
    int thread = (int)(offset / MODEL_STACK_BYTES);
    snprintf(text, bytes, "T%d's stack-%zu", thread, MODEL_STACK_BYTES - (size_t)(offset % MODEL_STACK_BYTES));
    return true;
}
