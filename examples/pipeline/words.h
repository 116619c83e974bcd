/* SPDX-License-Identifier: MIT */
/* A table of words and how often they were seen. Plain C: it knows nothing of weft and belongs to one task at a time. */
#ifndef PIPELINE_WORDS_H
#define PIPELINE_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct word {
    char *text; /* lower case, terminated; NULL: an empty slot */
    size_t length;
    uint64_t hash;
    uint64_t count;
};

/* All zero is an empty table. */
struct words {
    struct word *slots; /* open addressing; `capacity` is 0 or a power of two */
    size_t capacity;
    size_t distinct;
    uint64_t total;
};

enum words_order { WORDS_BY_TEXT, WORDS_BY_COUNT };

/* Count every word of a text, which is made lower case on the way. 0 or -ENOMEM. */
int words_count(struct words *words, char *text, size_t length);

/* Move every word of `from` into `into`. 0 or -ENOMEM; then the rest is still in `from`. */
int words_merge(struct words *into, struct words *from);

/* Put the words into slots[0] to slots[distinct - 1], in order. From then on the table can only be read and freed. */
void words_sort(struct words *words, enum words_order order);

void words_free(struct words *words);

/* A word is a maximal run of bytes that are letters of ASCII, in any locale: what `tr -cs A-Za-z '\n'` leaves. */
static inline int words_is_letter(char byte)
{
    return (unsigned)((unsigned char)byte | 0x20u) - 'a' < 26;
}

#endif
