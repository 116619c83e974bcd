/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t words_hash(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* The slot where a word is, or where it belongs; there is always an empty one. */
static struct word *words_slot(const struct words *words, const char *text, size_t length, uint64_t hash)
{
    size_t i = hash & (words->capacity - 1);
    for (;; i = (i + 1) & (words->capacity - 1)) {
        struct word *slot = &words->slots[i];
        if (slot->text == NULL ||
            (slot->hash == hash && slot->length == length && memcmp(slot->text, text, length) == 0))
            return slot;
    }
}

/* Make room for one more word. */
static int words_grow(struct words *words)
{
    if (words->distinct < words->capacity / 4 * 3)
        return 0;
    struct words bigger = {.capacity = words->capacity ? words->capacity * 2 : 256};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < words->capacity; i++) {
        const struct word *word = &words->slots[i];
        if (word->text != NULL)
            *words_slot(&bigger, word->text, word->length, word->hash) = *word;
    }
    free(words->slots);
    words->slots = bigger.slots;
    words->capacity = bigger.capacity;
    return 0;
}

static int words_add(struct words *words, const char *text, size_t length)
{
    if (words_grow(words) < 0)
        return -ENOMEM;
    uint64_t hash = words_hash(text, length);
    struct word *slot = words_slot(words, text, length, hash);
    if (slot->text == NULL) {
        char *copy = malloc(length + 1);
        if (copy == NULL)
            return -ENOMEM;
        memcpy(copy, text, length);
        copy[length] = '\0';
        *slot = (struct word){.text = copy, .length = length, .hash = hash};
        words->distinct++;
    }
    slot->count++;
    words->total++;
    return 0;
}

int words_count(struct words *words, char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        size_t start = i;
        for (; i < length && words_is_letter(text[i]); i++)
            text[i] |= 0x20;
        if (i > start && words_add(words, text + start, i - start) < 0)
            return -ENOMEM;
    }
    return 0;
}

int words_merge(struct words *into, struct words *from)
{
    for (size_t i = 0; i < from->capacity; i++) {
        struct word *word = &from->slots[i];
        if (word->text == NULL)
            continue;
        if (words_grow(into) < 0)
            return -ENOMEM;
        struct word *slot = words_slot(into, word->text, word->length, word->hash);
        into->total += word->count;
        if (slot->text == NULL) {
            *slot = *word;
            into->distinct++;
        } else {
            slot->count += word->count;
            free(word->text);
        }
        word->text = NULL;
    }
    words_free(from);
    return 0;
}

static int words_compare_text(const void *a, const void *b)
{
    const struct word *left = a, *right = b;
    return strcmp(left->text, right->text);
}

/* The most frequent first; equally frequent ones by their text, so that the order never depends on who counted. */
static int words_compare_count(const void *a, const void *b)
{
    const struct word *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return strcmp(left->text, right->text);
}

void words_sort(struct words *words, enum words_order order)
{
    size_t filled = 0;
    for (size_t i = 0; i < words->capacity; i++) {
        struct word word = words->slots[i];
        if (word.text == NULL)
            continue;
        words->slots[i].text = NULL;
        words->slots[filled++] = word;
    }
    if (filled > 0)
        qsort(words->slots, filled, sizeof *words->slots,
              order == WORDS_BY_TEXT ? words_compare_text : words_compare_count);
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->capacity; i++)
        free(words->slots[i].text);
    free(words->slots);
    *words = (struct words){0};
}
