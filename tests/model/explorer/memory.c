/* SPDX-License-Identifier: MIT */
/* Atomic memory under the C11 model, by views.
 *
 * States     A location is its writes in modification order, each with a key (its place in that order), a value, and a
 *            message: the view that an acquiring reader gets, beside the key. The bytes in memory always hold the newest
 *            value. Messages never change and live as long as the execution, so that writes can share them: a relaxed
 *            write has its thread's last fence's, or none; and a relaxed RMW that of the write that it read.
 * Reading    may return any write at or after the one that the thread's view knows of; an acquire load joins the
 * message, a relaxed one keeps it in `pending` until an acquire fence. Writing    appends, or inserts before writes
 * that the thread does not know of (store reordering). A release store's message is the thread's view; a relaxed
 * store's is the view at its last release fence. Keys leave gaps. RMW        sits right behind the write that it read,
 * so nothing is ever inserted between the two, and passes that write's message on: this is the release sequence
 * (C++20's rule: a plain store by the same thread does not continue it, which C11 would still allow code to rely on;
 * nobody should). seq_cst    One global view holds the newest seq_cst write of each location and what fences knew;
 * seq_cst accesses and fences read no older than it. Fences exchange only coherence (`seen`), not clocks: two fences
 * alone order no plain access. The order S is the order of execution.
 *
 * What C11 allows and this never produces: load buffering (a load that reads a store executed later), S against
 * execution order, and reads older than MODEL_HISTORY writes. Everything it does produce is allowed by C11 (as repaired
 * in C++20), so a failure is never the model's fault.
 *
 * One system thread enters; failures end the program (report.h). */
#include "memory.h"
#include "chance.h"
#include "report.h"
#include "scheduler.h"
#include "shadow.h"

#include <string.h>
#include <sys/mman.h>

enum { KEY_GAP = 1024, STALE_IN_A_ROW = 6 };

struct write {
    uint64_t value;
    uint32_t key;
    bool modify;    /* an RMW: glued to its predecessor */
    uint8_t learnt; /* threads whose view has the message in it, and */
    uint8_t kept;   /* those whose `pending` has: views only grow, so nobody joins it twice */
    const struct view *message; /* NULL: nothing */
};

struct location {
    const void *address;
    uint32_t last_key; /* keys rise even when the location is re-used */
    uint16_t count;
    bool restart;
    uint8_t order[MODEL_HISTORY]; /* slots in modification order, so that an insertion moves bytes and not views */
    struct write slots[MODEL_HISTORY];
};

struct knowledge {
    struct view current;
    struct view pending; /* messages of relaxed reads, for the next acquire fence */
    const struct view *fenced; /* at the last release fence, for later relaxed stores; NULL: none yet */
    unsigned stale;      /* stale reads in a row: every write becomes visible in finite time */
};

static struct location memory_locations[MODEL_LOCATIONS];
static unsigned memory_location_count;
static uint16_t memory_free[MODEL_LOCATIONS];
static unsigned memory_free_count;
static struct knowledge memory_threads[MODEL_THREADS];
static struct view memory_sequential;
static char *memory_messages; /* of this execution, one behind the other */
static size_t memory_messages_used;
static size_t memory_messages_bytes;

_Static_assert(MODEL_HISTORY <= 256, "slots are numbered by bytes");
_Static_assert(MODEL_THREADS <= 8, "threads are bits of a byte in struct write");
_Static_assert(MODEL_LOCATIONS < SHADOW_NO_LOCATION, "the shadow keeps locations in 16 bits");

static inline bool memory_acquires(int order)
{
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static inline bool memory_releases(int order)
{
    return order >= __ATOMIC_RELEASE;
}

static inline struct knowledge *memory_self(void)
{
    return &memory_threads[scheduler_current];
}

static inline unsigned memory_index(const struct location *l)
{
    return (unsigned)(l - memory_locations);
}

static inline struct write *memory_at(struct location *l, unsigned position)
{
    return &l->slots[l->order[position]];
}

static inline struct write *memory_last(struct location *l)
{
    return memory_at(l, l->count - 1u);
}

/* A release makes what the thread does from now on distinguishable from what it did before. */
static inline void memory_tick(void)
{
    memory_self()->current.clock[scheduler_current]++;
}

static const char *memory_order_name(int order)
{
    static const char *const names[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    return order >= 0 && order < 6 ? names[order] : "?";
}

/* By its size, since a memcpy of a size that the compiler does not know is a call. */
static inline uint64_t memory_raw(const void *address, unsigned size)
{
    uint64_t value = 0;
    switch (size) {
    case 1:
        memcpy(&value, address, 1);
        break;
    case 2:
        memcpy(&value, address, 2);
        break;
    case 4:
        memcpy(&value, address, 4);
        break;
    default:
        memcpy(&value, address, 8);
        break;
    }
    return value;
}

static inline void memory_put(void *address, uint64_t value, unsigned size)
{
    switch (size) {
    case 1:
        memcpy(address, &value, 1);
        break;
    case 2:
        memcpy(address, &value, 2);
        break;
    case 4:
        memcpy(address, &value, 4);
        break;
    default:
        memcpy(address, &value, 8);
        break;
    }
}

/* --- messages --- */

/* A view that has room for `count` locations. */
static struct view *memory_new_message(uint32_t count)
{
    const size_t bytes = (offsetof(struct view, seen) + count * sizeof(uint32_t) + 31) & ~(size_t)31;
    if (memory_messages_used + bytes > memory_messages_bytes) {
        report_fail("limit: more than %zu bytes of messages in one execution", memory_messages_bytes);
    }
    struct view *message = (struct view *)(memory_messages + memory_messages_used);
    memory_messages_used += bytes;
    return message;
}

static const struct view *memory_keep(const struct view *from)
{
    struct view *message = memory_new_message(from->count);
    view_copy(message, from);
    return message;
}

/* Both of two; either may be NULL. */
static const struct view *memory_keep_both(const struct view *a, const struct view *b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    struct view *message = memory_new_message(a->count > b->count ? a->count : b->count);
    view_copy(message, a);
    view_join(message, b);
    return message;
}

/* --- locations --- */

static void memory_start_history(struct location *l, unsigned size)
{
    l->last_key += KEY_GAP;
    l->count = 1;
    l->order[0] = 0;
    l->restart = false;
    struct write *w = &l->slots[0];
    w->value = memory_raw(l->address, size);
    w->key = l->last_key;
    w->modify = false;
    w->learnt = (uint8_t)~0u; /* there is nothing in it */
    w->kept = (uint8_t)~0u;
    w->message = NULL;
}

static struct location *memory_new_location(const void *address, unsigned size)
{
    unsigned index;
    if (memory_free_count) {
        index = memory_free[--memory_free_count];
    } else if (memory_location_count < MODEL_LOCATIONS) {
        index = memory_location_count++;
        memory_locations[index].last_key = 0;
    } else {
        report_fail("limit: more than %d atomic objects alive (MODEL_LOCATIONS)", MODEL_LOCATIONS);
    }
    struct location *l = &memory_locations[index];
    l->address = address;
    memory_start_history(l, size);
    return l;
}

enum memory_access { MEMORY_LOOK, MEMORY_COMPARE, MEMORY_WRITE };

/* The location. For MEMORY_LOOK it is NULL if nobody has written it atomically yet, so that there is one value to read,
 * the one in memory: most programs have many such words (tables, flags of quiet paths), and a location makes every view
 * longer. It is also NULL for a thread that is alone, if nobody has written it atomically when it was not: whoever begins
 * later knows of all that it does, and the one in memory is the one value that is left. */
static struct location *memory_find(const void *address, unsigned size, enum memory_access access, uintptr_t pc)
{
    struct cell *c = shadow_atomic(address, size, access == MEMORY_WRITE, pc);
    if (!c) {
        return NULL;
    }
    if (c->location == SHADOW_NO_LOCATION) {
        if (access == MEMORY_LOOK) {
            return NULL;
        }
        struct location *l = memory_new_location(address, size);
        c->location = (uint16_t)memory_index(l);
        return l;
    }
    struct location *l = &memory_locations[c->location];
    if (l->restart) {
        memory_start_history(l, size);
    }
    return l;
}

void memory_restart(unsigned location)
{
    memory_locations[location].restart = true;
}

bool memory_restarted(unsigned location)
{
    return memory_locations[location].restart;
}

void memory_forget(unsigned location)
{
    memory_free[memory_free_count++] = (uint16_t)location;
}

/* --- what a thread may read --- */

/* Key below which `order` may not read this location. */
static uint32_t memory_floor(const struct location *l, int order)
{
    uint32_t floor = view_seen(&memory_self()->current, memory_index(l));
    if (order == __ATOMIC_SEQ_CST) {
        uint32_t sequential = view_seen(&memory_sequential, memory_index(l));
        floor = floor > sequential ? floor : sequential;
    }
    return floor;
}

static unsigned memory_oldest_visible(struct location *l, uint32_t floor)
{
    unsigned position = l->count - 1u;
    while (position > 0 && memory_at(l, position)->key > floor) {
        position--;
    }
    return position;
}

/* A position that may be read: mostly the newest. */
static unsigned memory_pick_read(struct location *l, uint32_t floor)
{
    struct knowledge *me = memory_self();
    unsigned newest = l->count - 1u;
    unsigned oldest = memory_oldest_visible(l, floor);
    if (oldest == newest) {
        return newest; /* says nothing about fairness: `stale` stays */
    }
    if (me->stale < STALE_IN_A_ROW && chance(chance_temperament.stale)) {
        me->stale++;
        return oldest + chance_below(newest - oldest);
    }
    me->stale = 0;
    return newest;
}

static void memory_observe(struct location *l, struct write *w, int order)
{
    struct knowledge *me = memory_self();
    const uint8_t bit = (uint8_t)(1u << scheduler_current);
    view_raise(&me->current, memory_index(l), w->key);
    if (w->learnt & bit) {
        return;
    }
    if (memory_acquires(order)) {
        view_join(&me->current, w->message);
        w->learnt |= bit;
    } else if (!(w->kept & bit)) {
        view_join(&me->pending, w->message);
        w->kept |= bit;
    }
}

/* --- where a thread may write --- */

/* A new write may go to `position` (before the write that is there now) if nothing is glued to its predecessor. */
static bool memory_gap(struct location *l, unsigned position)
{
    if (position == l->count) {
        return true;
    }
    const struct write *next = memory_at(l, position);
    return !next->modify && next->key - memory_at(l, position - 1)->key > 1;
}

static unsigned memory_pick_write(struct location *l, uint32_t floor)
{
    unsigned oldest = memory_oldest_visible(l, floor) + 1;
    if (oldest == l->count || !chance(chance_temperament.reorder)) {
        return l->count;
    }
    unsigned position = oldest + chance_below(l->count - oldest);
    return memory_gap(l, position) ? position : l->count;
}

/* Makes room at `position` >= 1 and gives the new write its key. The oldest write is forgotten when the history is
 * full. */
static struct write *memory_insert(struct location *l, unsigned position)
{
    uint32_t before = memory_at(l, position - 1)->key;
    uint32_t key = position == l->count ? before + KEY_GAP : before + (memory_at(l, position)->key - before) / 2;
    uint8_t slot = (uint8_t)l->count;
    if (l->count == MODEL_HISTORY) {
        slot = l->order[0];
        memmove(&l->order[0], &l->order[1], --l->count);
        position--;
    }
    if (position < l->count) {
        memmove(&l->order[position + 1], &l->order[position], l->count - position);
    }
    l->order[position] = slot;
    l->count++;
    l->last_key = memory_last(l) == &l->slots[slot] ? key : l->last_key;
    l->slots[slot].key = key;
    return &l->slots[slot];
}

/* The message of a write: what is released, and what the write that an RMW read passes on; it heads or continues a release
 * sequence. `read` was observed, and may be in the same slot. */
static void memory_compose(struct write *w, bool releases, const struct write *read)
{
    const uint8_t bit = (uint8_t)(1u << scheduler_current);
    const struct knowledge *me = memory_self();
    const struct view *passed_on = read ? read->message : NULL;
    const uint8_t learnt = read ? read->learnt : (uint8_t)~0u;
    const uint8_t kept = read ? read->kept : (uint8_t)~0u;
    if (!releases && !me->fenced) {
        w->message = passed_on;
        w->learnt = learnt;
        w->kept = kept;
        return;
    }
    if (!releases) {
        w->message = memory_keep_both(me->fenced, passed_on);
    } else if (learnt & bit) {
        w->message = memory_keep(&me->current);
    } else {
        w->message = memory_keep_both(&me->current, passed_on);
    }
    w->learnt = bit & learnt;
    w->kept = bit & (learnt | kept);
}

/* `read` is the write that an RMW replaces, just before `position`. */
static void memory_write(struct location *l, unsigned position, uint64_t value, unsigned size, int order,
                         const struct write *read)
{
    struct knowledge *me = memory_self();
    struct write oldest;
    if (read) {
        oldest = *read; /* its slot may be the one that is used again */
        read = &oldest;
    }
    struct write *w = memory_insert(l, position);
    unsigned index = memory_index(l);
    w->value = value;
    w->modify = read != NULL;
    view_raise(&me->current, index, w->key);
    memory_compose(w, memory_releases(order), read);
    if (memory_releases(order)) {
        memory_tick();
    }
    if (order == __ATOMIC_SEQ_CST) {
        view_raise(&memory_sequential, index, w->key);
    }
    memory_put((void *)l->address, memory_last(l)->value, size);
}

/* --- operations --- */

static const char *memory_note(struct location *l, unsigned position)
{
    return position + 1u < l->count ? " (not the newest)" : "";
}

uint64_t memory_load(const void *address, unsigned size, int order, uintptr_t pc)
{
    scheduler_point();
    if (order == __ATOMIC_RELAXED && shadow_is_data(address)) {
        shadow_plain(address, size, false, pc);
        return memory_raw(address, size);
    }
    struct location *l = memory_find(address, size, MEMORY_LOOK, pc);
    if (!l) {
        uint64_t only = memory_raw(address, size);
        REPORT_TRACE(pc, "load %s %s = %#llx", memory_order_name(order), report_name(address),
                     (unsigned long long)only);
        return only;
    }
    unsigned position = memory_pick_read(l, memory_floor(l, order));
    struct write *w = memory_at(l, position);
    memory_observe(l, w, order);
    REPORT_TRACE(pc, "load %s %s = %#llx%s", memory_order_name(order), report_name(address),
                 (unsigned long long)w->value, memory_note(l, position));
    return w->value;
}

void memory_store(void *address, unsigned size, uint64_t value, int order, uintptr_t pc)
{
    scheduler_point();
    if (order == __ATOMIC_RELAXED && shadow_is_data(address)) {
        shadow_plain(address, size, true, pc);
        memory_put(address, value, size);
        return;
    }
    struct location *l = memory_find(address, size, MEMORY_WRITE, pc);
    if (!l) {
        REPORT_TRACE(pc, "store %s %s := %#llx", memory_order_name(order), report_name(address),
                     (unsigned long long)value);
        memory_put(address, value, size);
        return;
    }
    unsigned position = memory_pick_write(l, memory_floor(l, order));
    REPORT_TRACE(pc, "store %s %s := %#llx%s", memory_order_name(order), report_name(address),
                 (unsigned long long)value, position < l->count ? " (before a write that is there)" : "");
    memory_write(l, position, value, size, order, NULL);
}

static uint64_t memory_apply(enum memory_operation operation, uint64_t old, uint64_t operand)
{
    switch (operation) {
    case MEMORY_ADD:
        return old + operand;
    case MEMORY_SUB:
        return old - operand;
    case MEMORY_AND:
        return old & operand;
    case MEMORY_OR:
        return old | operand;
    case MEMORY_XOR:
        return old ^ operand;
    case MEMORY_NAND:
        return ~(old & operand);
    case MEMORY_EXCHANGE:
        break;
    }
    return operand;
}

static inline uint64_t memory_truncate(uint64_t value, unsigned size)
{
    return size == 8 ? value : value & ((1ull << 8 * size) - 1);
}

/* Reads `position` and writes right behind it. */
static void memory_replace(struct location *l, unsigned position, uint64_t value, unsigned size, int order)
{
    struct write *read = memory_at(l, position);
    memory_observe(l, read, order);
    memory_write(l, position + 1, value, size, order, read);
}

uint64_t memory_modify(void *address, unsigned size, enum memory_operation operation, uint64_t operand, int order,
                       uintptr_t pc)
{
    static const char *const names[] = {"exchange", "fetch_add", "fetch_sub", "fetch_and",
                                        "fetch_or", "fetch_xor", "fetch_nand"};
    scheduler_point();
    struct location *l = memory_find(address, size, MEMORY_WRITE, pc);
    if (!l) {
        uint64_t only = memory_raw(address, size);
        uint64_t next = memory_truncate(memory_apply(operation, only, operand), size);
        REPORT_TRACE(pc, "%s %s %s: %#llx -> %#llx", names[operation], memory_order_name(order), report_name(address),
                     (unsigned long long)only, (unsigned long long)next);
        memory_put(address, next, size);
        return only;
    }
    unsigned behind = memory_pick_write(l, memory_floor(l, order));
    uint64_t old = memory_at(l, behind - 1)->value;
    uint64_t value = memory_truncate(memory_apply(operation, old, operand), size);
    REPORT_TRACE(pc, "%s %s %s: %#llx -> %#llx%s", names[operation], memory_order_name(order), report_name(address),
                 (unsigned long long)old, (unsigned long long)value, memory_note(l, behind - 1));
    memory_replace(l, behind - 1, value, size, order);
    return old;
}

/* Which write a compare-exchange reads. It may fail on a stale value that differs; it succeeds where it can be glued.
 */
static unsigned memory_pick_compare(struct location *l, uint64_t expected, struct memory_cas how, bool *out_success)
{
    unsigned position = memory_pick_read(l, memory_floor(l, how.failure));
    if (memory_at(l, position)->value == expected) {
        bool visible = memory_at(l, position)->key >= memory_floor(l, how.success);
        if (!visible || !memory_gap(l, position + 1)) {
            position = l->count - 1u;
        }
    }
    *out_success = memory_at(l, position)->value == expected;
    if (*out_success && how.weak && chance(chance_temperament.spurious)) {
        *out_success = false;
    }
    return position;
}

/* The only value there is, compared. */
static bool memory_compare_alone(void *address, void *expected, uint64_t desired, struct memory_cas how, uintptr_t pc)
{
    uint64_t only = memory_raw(address, how.size);
    uint64_t wanted = memory_raw(expected, how.size);
    if (only != wanted || (how.weak && chance(chance_temperament.spurious))) {
        REPORT_TRACE(pc, "cas %s %s: %#llx is not %#llx%s", memory_order_name(how.failure), report_name(address),
                     (unsigned long long)only, (unsigned long long)wanted, only == wanted ? " (spurious)" : "");
        memory_put(expected, only, how.size);
        return false;
    }
    REPORT_TRACE(pc, "cas %s %s: %#llx -> %#llx", memory_order_name(how.success), report_name(address),
                 (unsigned long long)only, (unsigned long long)desired);
    memory_put(address, desired, how.size);
    return true;
}

bool memory_compare_exchange(void *address, void *expected, uint64_t desired, struct memory_cas how, uintptr_t pc)
{
    scheduler_point();
    struct location *l = memory_find(address, how.size, MEMORY_COMPARE, pc);
    shadow_touch(expected);
    if (!l) {
        return memory_compare_alone(address, expected, desired, how, pc);
    }
    uint64_t wanted = memory_raw(expected, how.size);
    bool success;
    unsigned position = memory_pick_compare(l, wanted, how, &success);
    struct write *w = memory_at(l, position);
    uint64_t old = w->value;
    if (!success) {
        memory_observe(l, w, how.failure);
        memory_put(expected, old, how.size);
        REPORT_TRACE(pc, "cas %s %s: %#llx is not %#llx%s", memory_order_name(how.failure), report_name(address),
                     (unsigned long long)old, (unsigned long long)wanted,
                     old == wanted ? " (spurious)" : memory_note(l, position));
        return false;
    }
    shadow_atomic(address, how.size, true, pc);
    desired = memory_truncate(desired, how.size);
    REPORT_TRACE(pc, "cas %s %s: %#llx -> %#llx%s", memory_order_name(how.success), report_name(address),
                 (unsigned long long)old, (unsigned long long)desired, memory_note(l, position));
    memory_replace(l, position, desired, how.size, how.success);
    return true;
}

void memory_fence(int order, uintptr_t pc)
{
    scheduler_point();
    struct knowledge *me = memory_self();
    REPORT_TRACE(pc, "fence %s", memory_order_name(order));
    if (memory_acquires(order)) {
        view_join(&me->current, &me->pending);
    }
    if (order == __ATOMIC_SEQ_CST) {
        view_join_seen(&me->current, &memory_sequential);
        view_join_seen(&memory_sequential, &me->current);
    }
    if (memory_releases(order)) {
        me->fenced = memory_keep(&me->current);
        memory_tick();
    }
}

/* Views are joined through the caller in two rounds, so that everybody ends with what anybody knew. */
void memory_fence_everywhere(uintptr_t pc)
{
    scheduler_point();
    struct view *all = &memory_self()->current;
    REPORT_TRACE(pc, "fence of all threads");
    for (int i = 0; i < scheduler_count; i++) {
        view_join(all, &memory_threads[i].current);
        view_join(all, &memory_threads[i].pending);
    }
    view_join_seen(all, &memory_sequential);
    view_join_seen(&memory_sequential, all);
    for (int i = 0; i < scheduler_count; i++) {
        struct knowledge *t = &memory_threads[i];
        view_join(&t->current, all);
        t->fenced = memory_keep(&t->current);
        t->current.clock[i]++;
    }
}

uint64_t memory_newest(const void *address, unsigned size, uintptr_t pc)
{
    struct location *l = memory_find(address, size, MEMORY_LOOK, pc);
    return l ? memory_last(l)->value : memory_raw(address, size);
}

/* --- threads and locks --- */

const struct view *memory_view(int thread)
{
    return &memory_threads[thread].current;
}

void memory_begin_thread(int thread, int parent)
{
    struct knowledge *t = &memory_threads[thread];
    view_clear(&t->current);
    view_clear(&t->pending);
    t->fenced = NULL;
    t->stale = 0;
    if (parent >= 0) {
        view_copy(&t->current, &memory_threads[parent].current);
        memory_tick();
    }
    t->current.clock[thread] = 1;
}

/* Nobody ticks its own clock after its end, and only a join tells of what it did after its last release. */
static bool memory_is_alone(void)
{
    const uint32_t *known = memory_self()->current.clock;
    for (int i = 0; i < scheduler_count; i++) {
        if (i != scheduler_current && (!scheduler_ended(i) || known[i] < memory_threads[i].current.clock[i])) {
            return false;
        }
    }
    return true;
}

void memory_join_thread(int thread)
{
    view_join(&memory_self()->current, &memory_threads[thread].current);
    scheduler_alone = memory_is_alone();
}

void memory_publish(struct view *to)
{
    view_join(to, &memory_self()->current);
    memory_tick();
}

void memory_learn(const struct view *from)
{
    view_join(&memory_self()->current, from);
}

void memory_init(void)
{
    /* An action makes one, but a fence of all threads, which makes one for each. */
    memory_messages_bytes = (size_t)scheduler_steps_max * (sizeof(struct view) + 32) * 2;
    memory_messages = mmap(NULL, memory_messages_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_messages == MAP_FAILED) {
        report_fail("explorer: cannot map %zu bytes", memory_messages_bytes);
    }
}

void memory_reset(void)
{
    memory_messages_used = 0;
    memory_location_count = 0;
    memory_free_count = 0;
    view_clear(&memory_sequential);
}
