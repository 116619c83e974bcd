/* SPDX-License-Identifier: MIT */
/* The heap of the program under test: a bump allocator that remembers every block of the execution.
 *
 * A freed block stays dead until the execution ends, so that a late access is found whatever comes after. In every
 * fourth execution (chance_temperament.recycle) freed addresses are handed out again instead, which is what ABA bugs
 * need. Blocks are apart by a guard of 16 bytes. Memory is filled with a pattern: who reads before writing sees 0xa5.
 *
 * The allocation itself is an event that must happen before each access: a pointer published without a release is
 * reported even if its target is only accessed atomically. */
#include "heap.h"
#include "chance.h"
#include "limits.h"
#include "memory.h"
#include "report.h"
#include "scheduler.h"
#include "shadow.h"

#include <stdio.h>
#include <sys/mman.h>

enum { HEAP_GUARD = 16, HEAP_PATTERN = 0xa5, HEAP_RECYCLED_VIEWS = 256 };

struct block {
    char *address;
    size_t size;
    uint32_t clock; /* of the allocating thread */
    uint8_t thread;
    uint8_t freed_by;
    bool freed;
    bool recycled;
    uint16_t view; /* 1 + index in heap_views: what the freeing thread knew */
    uint32_t alloc_pc;
    uint32_t free_pc;
};

static char *heap_base;
static size_t heap_used;
static struct block *heap_blocks; /* from 1 */
static uint32_t heap_block_count;
static struct view heap_views[HEAP_RECYCLED_VIEWS];
static unsigned heap_view_count;

void heap_init(char *memory)
{
    heap_base = memory;
    heap_blocks = mmap(NULL, MODEL_BLOCKS * sizeof *heap_blocks, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap_blocks == MAP_FAILED) {
        report_fail("explorer: cannot map the block table");
    }
}

void heap_reset(void)
{
    heap_used = 0;
    heap_block_count = 1;
    heap_view_count = 0;
}

/* free synchronises with the allocation that gets the memory (C11 7.22.3p2). */
static char *heap_recycle(size_t size, size_t alignment)
{
    for (uint32_t i = heap_block_count - 1; i > 0; i--) {
        struct block *b = &heap_blocks[i];
        if (b->view && !b->recycled && b->size == size && (uintptr_t)b->address % alignment == 0) {
            b->recycled = true;
            memory_learn(&heap_views[b->view - 1]);
            return b->address;
        }
    }
    return NULL;
}

static char *heap_extend(size_t size, size_t alignment)
{
    size_t at = (heap_used + HEAP_GUARD + alignment - 1) / alignment * alignment;
    if (at + size + 8 > MODEL_HEAP_BYTES) {
        report_fail("limit: more than %u bytes of heap in one execution (MODEL_HEAP_BYTES)", MODEL_HEAP_BYTES);
    }
    heap_used = at + size;
    return heap_base + at;
}

void *heap_alloc(size_t size, size_t alignment, bool zeroed, uintptr_t pc)
{
    if (chance(chance_temperament.refuse)) {
        REPORT_TRACE(pc, "alloc %zu bytes: refused", size);
        return NULL;
    }
    if (heap_block_count == MODEL_BLOCKS) {
        report_fail("limit: more than %d allocations in one execution (MODEL_BLOCKS)", MODEL_BLOCKS);
    }
    alignment = alignment < 16 ? 16 : alignment;
    size_t bytes = size ? size : 1;
    char *address = chance_temperament.recycle ? heap_recycle(bytes, alignment) : NULL;
    if (!address) {
        address = heap_extend(bytes, alignment);
    }
    heap_blocks[heap_block_count] = (struct block){
        .address = address,
        .size = bytes,
        .clock = memory_view(scheduler_current)->clock[scheduler_current],
        .thread = (uint8_t)scheduler_current,
        .alloc_pc = (uint32_t)pc,
    };
    shadow_block(address, bytes, heap_block_count++, zeroed ? 0 : HEAP_PATTERN);
    REPORT_TRACE(pc, "alloc %zu bytes: %s", size, report_name(address));
    return address;
}

static struct block *heap_find(const void *address, const char *what, uintptr_t pc)
{
    struct block *b = &heap_blocks[shadow_block_of(address)];
    if (b == heap_blocks || b->address != address) {
        report_detail("T%d at %s", scheduler_current, report_place(pc));
        report_fail("%s of a pointer that no allocation returned: %s", what, report_name(address));
    }
    return b;
}

void heap_free(void *address, uintptr_t pc)
{
    if (!address) {
        return;
    }
    struct block *b = heap_find(address, "free", pc);
    REPORT_TRACE(pc, "free %s", report_name(address));
    if (b->freed) {
        report_detail("T%d frees at %s", scheduler_current, report_place(pc));
        report_detail("T%d freed it at %s", b->freed_by, report_place(b->free_pc));
        report_fail("DOUBLE FREE of %s", report_name(address));
    }
    heap_touch((uint32_t)(b - heap_blocks), address, pc);
    shadow_free(address, b->size, pc);
    b->freed = true;
    b->freed_by = (uint8_t)scheduler_current;
    b->free_pc = (uint32_t)pc;
    if (chance_temperament.recycle && heap_view_count < HEAP_RECYCLED_VIEWS) {
        struct view *v = &heap_views[heap_view_count++];
        view_clear(v);
        memory_publish(v);
        b->view = (uint16_t)heap_view_count;
    }
}

size_t heap_size(const void *address)
{
    return heap_find(address, "realloc", 0)->size;
}

static _Noreturn __attribute__((cold)) void heap_fail_touch(const struct block *b, const void *address, uintptr_t pc)
{
    report_detail("T%d at %s", scheduler_current, report_place(pc));
    if (b->freed) {
        report_detail("T%d freed it at %s", b->freed_by, report_place(b->free_pc));
        report_fail("USE AFTER FREE: %s", report_name(address));
    }
    report_detail("unordered with T%d, which allocated it at %s", b->thread, report_place(b->alloc_pc));
    report_fail("DATA RACE on %s: its allocation does not happen before this access", report_name(address));
}

void heap_touch(uint32_t block, const void *address, uintptr_t pc)
{
    const struct block *b = &heap_blocks[block];
    if (b->freed || b->clock > memory_view(scheduler_current)->clock[b->thread]) { /* one's own clock only rises */
        heap_fail_touch(b, address, pc);
    }
}

void heap_check_leaks(void)
{
    for (uint32_t i = 1; i < heap_block_count; i++) {
        if (!heap_blocks[i].freed) {
            report_fail("LEAK of %zu bytes allocated at %s", heap_blocks[i].size,
                        report_place(heap_blocks[i].alloc_pc));
        }
    }
}

bool heap_describe(const void *address, char *text, size_t bytes)
{
    uint32_t block = shadow_block_of(address);
    const char *at = address;
    if (!block) {
        return false;
    }
    snprintf(text, bytes, "heap#%u+%zu", block, (size_t)(at - heap_blocks[block].address));
    return true;
}
