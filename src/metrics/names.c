/* SPDX-License-Identifier: MIT */
#include "metrics/names.h"

#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/lock.h"
#include "base/utf8.h"
#include "metrics/sketch.h"

enum { NAMES_SLOTS = 2048 };
_Static_assert(NAMES_SLOTS > 2 * WEFT__NAMES_MAX, "a look for a name that is not there is short");

static struct {
    struct weft__lock lock;
    _Atomic uint32_t count;
    _Atomic uint16_t slots[NAMES_SLOTS]; /* an open hash: 0, or a number */
    struct weft__name entries[WEFT__NAMES_MAX + 1]; /* from 1 on */
    struct weft__sketch others;
} names;

/* Eight bytes at a time, since a spawn waits for it; the end is that of splitmix64. */
static uint64_t names_hash(const char *name, size_t length, uint32_t category)
{
    uint64_t hash = ((uint64_t)category << 32 | (uint32_t)length) + UINT64_C(0x9E3779B97F4A7C15);
    for (; length > 0;) {
        const size_t take = length < 8 ? length : 8;
        uint64_t piece = 0;
        memcpy(&piece, name, take);
        hash = (hash ^ piece) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 29;
        name += take;
        length -= take;
    }
    hash = (hash ^ hash >> 30) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static bool names_equal(const struct weft__name *entry, const struct weft__name *key, const char *name)
{
    return entry->hash == key->hash && entry->category == key->category && entry->length == key->length &&
           memcmp(entry->text, name, key->length) == 0;
}

/* The number, or 0 and the slot where it would be put. */
static uint32_t names_find(const struct weft__name *key, const char *name, uint32_t *out_slot)
{
    uint32_t slot = (uint32_t)key->hash % NAMES_SLOTS;
    for (;; slot = (slot + 1) % NAMES_SLOTS) {
        const uint32_t number = weft__load_acquire(&names.slots[slot]); /* NM-A1 */
        if (number == 0 || names_equal(&names.entries[number], key, name)) {
            *out_slot = slot;
            return number;
        }
    }
}

/* Under the lock. */
static uint32_t names_add(const struct weft__name *key, const char *name, uint32_t slot)
{
    const uint32_t number = weft__load_relaxed(&names.count) + 1;
    struct weft__name *entry = &names.entries[number];
    *entry = *key;
    memcpy(entry->text, name, key->length);
    entry->text[key->length] = '\0';
    weft__store_release(&names.slots[slot], (uint16_t)number); /* NM-R1 */
    weft__store_release(&names.count, number);                 /* NM-R2 */
    return number;
}

/* What is no UTF-8 gets no number: a label has to be text. */
static bool names_are_text(const char *name, size_t length)
{
    char text[sizeof names.entries[0].text];
    memcpy(text, name, length); /* whose end a sequence never passes */
    text[length] = '\0';
    return weft__utf8_is_valid(text);
}

static uint32_t names_new(const struct weft__name *key, const char *name)
{
    uint32_t slot, number = 0;
    if (weft__load_relaxed(&names.count) < WEFT__NAMES_MAX && names_are_text(name, key->length)) { /* it only grows */
        weft__lock(&names.lock);
        number = names_find(key, name, &slot);
        if (number == 0 && weft__load_relaxed(&names.count) < WEFT__NAMES_MAX)
            number = names_add(key, name, slot);
        weft__unlock(&names.lock);
    }
    if (number != 0)
        return number;
    weft__sketch_add(&names.others, key->hash);
    return WEFT__NAMES_OTHER;
}

uint32_t weft__names_number(const char *name, size_t length, uint32_t category)
{
    struct weft__name key;
    uint32_t slot;
    key.hash = names_hash(name, length, category);
    key.category = category;
    key.length = (uint32_t)length;
    const uint32_t number = names_find(&key, name, &slot);
    return weft__likely(number != 0) ? number : names_new(&key, name);
}

uint32_t weft__names_count(void)
{
    return weft__load_acquire(&names.count); /* NM-A2 */
}

const struct weft__name *weft__names_at(uint32_t number)
{
    return &names.entries[number];
}

uint64_t weft__names_others(void)
{
    return weft__sketch_count(&names.others);
}

void weft__names_before_fork(void)
{
    weft__lock(&names.lock);
}

void weft__names_after_fork(void)
{
    weft__unlock(&names.lock);
}
