/* SPDX-License-Identifier: MIT */
#include "timer/wheel.h"

enum { DIGIT_BITS = WEFT__WHEEL_DIGIT_BITS, DIGIT_MASK = WEFT__WHEEL_SLOTS - 1 };

/* The first tick that is not before the time; the greatest time never comes. */
static uint64_t wheel_tick_after(const struct weft__wheel *wheel, int64_t at)
{
    if (at <= 0)
        return 0;
    if (at == INT64_MAX)
        return UINT64_C(1) << (63 - wheel->shift);
    return ((uint64_t)at + ((UINT64_C(1) << wheel->shift) - 1)) >> wheel->shift;
}

static uint64_t wheel_tick_before(const struct weft__wheel *wheel, int64_t now)
{
    return now <= 0 ? 0 : (uint64_t)now >> wheel->shift;
}

static unsigned wheel_digit(uint64_t tick, unsigned level) { return (unsigned)(tick >> level * DIGIT_BITS) & DIGIT_MASK; }

/* Where a tick belongs as seen from the wheel's, which it is not before. */
static unsigned wheel_level(const struct weft__wheel *wheel, uint64_t tick)
{
    const uint64_t differs = (tick ^ wheel->tick) | DIGIT_MASK;
    return (63 - (unsigned)__builtin_clzll(differs)) / DIGIT_BITS;
}

void weft__wheel_init(struct weft__wheel *wheel, int64_t now, uint8_t shift)
{
    wheel->shift = shift;
    wheel->levels = 0;
    wheel->tick = wheel_tick_before(wheel, now);
}

/* The slot's list. A wheel is eleven kilobytes of which most are never used: a level or a slot begins when something falls
 * into it, and what has no bit has never been written or means nothing any more. */
static struct weft__link *wheel_occupy(struct weft__wheel *wheel, unsigned level, unsigned slot)
{
    struct weft__link *const head = &wheel->slots[level][slot];
    const uint64_t others = wheel->levels >> level & 1 ? wheel->occupied[level] : 0;
    if (!(others >> slot & 1))
        weft__list_init(head);
    wheel->occupied[level] = others | UINT64_C(1) << slot;
    wheel->levels |= UINT64_C(1) << level;
    return head;
}

void weft__wheel_insert(struct weft__wheel *wheel, struct weft__timed *entry)
{
    uint64_t tick = wheel_tick_after(wheel, entry->at);
    if (tick < wheel->tick)
        tick = wheel->tick;
    const unsigned level = wheel_level(wheel, tick), slot = wheel_digit(tick, level);
    weft__list_push_back(wheel_occupy(wheel, level, slot), &entry->link);
}

/* A slot has become empty. */
static void wheel_vacate(struct weft__wheel *wheel, unsigned level, unsigned slot)
{
    if ((wheel->occupied[level] &= ~(UINT64_C(1) << slot)) == 0)
        wheel->levels &= ~(UINT64_C(1) << level);
}

void weft__wheel_remove(struct weft__wheel *wheel, struct weft__timed *entry)
{
    struct weft__link *const after = entry->link.next;
    weft__list_remove(&entry->link);
    if (!weft__list_empty(after)) /* a ring of one is the slot's own head */
        return;
    const unsigned index = (unsigned)(after - &wheel->slots[0][0]);
    wheel_vacate(wheel, index / WEFT__WHEEL_SLOTS, index % WEFT__WHEEL_SLOTS);
}

/* The lowest occupied level and its first slot; false if the wheel is empty. */
static bool wheel_first(const struct weft__wheel *wheel, unsigned *out_level, unsigned *out_slot)
{
    if (wheel->levels == 0)
        return false;
    *out_level = (unsigned)__builtin_ctzll(wheel->levels);
    *out_slot = (unsigned)__builtin_ctzll(wheel->occupied[*out_level]);
    return true;
}

/* The tick at which a slot begins. */
static uint64_t wheel_slot_tick(const struct weft__wheel *wheel, unsigned level, unsigned slot)
{
    const unsigned above = (level + 1) * DIGIT_BITS;
    return (above < 64 ? wheel->tick >> above << above : 0) | (uint64_t)slot << level * DIGIT_BITS;
}

/*
 * Entries lie about in memory, and only the line of each says where the next is. So while a list is emptied from the front, in its
 * order, its lines are fetched from the back, one for each that was taken out, until both meet: two chains of misses in place of one
 * that is twice as long. `back` is the list's head at first; `taken` is out. NULL: they have met.
 */
static struct weft__link *wheel_fetch(struct weft__link *back, const struct weft__link *taken, const struct weft__link *head)
{
    if (!back || back == taken || back->prev == head)
        return NULL;
    __builtin_prefetch(back->prev, 1);
    return back->prev;
}

/* The entries of a slot fall to the levels below. */
static void wheel_fall(struct weft__wheel *wheel, struct weft__link *head)
{
    struct weft__link moved = {head->next, head->prev};
    moved.next->prev = moved.prev->next = &moved;
    struct weft__link *back = &moved;
    for (struct weft__link *link; (link = weft__list_pop_front(&moved)) != NULL;) {
        back = wheel_fetch(back, link, &moved);
        weft__wheel_insert(wheel, weft__container_of(link, struct weft__timed, link));
    }
}

/* Take out what is in a slot of level 0, as far as there is room for it. */
static size_t wheel_take(struct weft__wheel *wheel, unsigned slot, struct weft__timed **out_due, size_t room)
{
    struct weft__link *const head = &wheel->slots[0][slot];
    struct weft__link *back = head;
    size_t count = 0;
    for (struct weft__link *link; count < room && (link = weft__list_pop_front(head)) != NULL;) {
        back = wheel_fetch(back, link, head);
        out_due[count++] = weft__container_of(link, struct weft__timed, link);
    }
    if (weft__list_empty(head))
        wheel_vacate(wheel, 0, slot);
    return count;
}

size_t weft__wheel_turn(struct weft__wheel *wheel, int64_t now, struct weft__timed **out_due, size_t room)
{
    const uint64_t target = wheel_tick_before(wheel, now);
    size_t count = 0;
    unsigned level, slot;
    while (wheel_first(wheel, &level, &slot)) {
        const uint64_t tick = wheel_slot_tick(wheel, level, slot);
        if (tick > target)
            break;
        if (count == room)
            return count;
        if (level == 0) { /* all of this slot is due at its tick */
            count += wheel_take(wheel, slot, out_due + count, room - count);
        } else {
            wheel->tick = tick; /* the slot's beginning: its entries fall to the levels below, those due now to level 0 */
            wheel_vacate(wheel, level, slot);
            wheel_fall(wheel, &wheel->slots[level][slot]);
        }
    }
    if (target > wheel->tick)
        wheel->tick = target;
    return count;
}

int64_t weft__wheel_next(const struct weft__wheel *wheel)
{
    unsigned level, slot;
    if (!wheel_first(wheel, &level, &slot))
        return INT64_MAX;
    const uint64_t tick = wheel_slot_tick(wheel, level, slot);
    return tick >= UINT64_C(1) << (63 - wheel->shift) ? INT64_MAX : (int64_t)(tick << wheel->shift);
}
