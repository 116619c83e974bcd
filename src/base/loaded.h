/* SPDX-License-Identifier: MIT */
/*
 * Whether an address lies in what the program has loaded: its own segments and those of its libraries. A pointer that was
 * read while somebody may have been writing there is believed, and followed, only if it leads to where constants live.
 *
 * A picture of one moment: it is taken once per look. What is unloaded after it is not safe any more; but code that is
 * running, and its constants, are not unloaded. Threads: any; allocates nothing.
 */
#ifndef WEFT_BASE_LOADED_H
#define WEFT_BASE_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEFT__LOADED_MAX = 128 };

struct weft__loaded {
    uint32_t count;
    struct {
        uintptr_t begin;
        uintptr_t end;
    } ranges[WEFT__LOADED_MAX]; /* readable, one or two of each library; with more of them the rest is not believed */
};

void weft__loaded_read(struct weft__loaded *loaded);

/* Whether `size` bytes from there on are loaded. */
bool weft__loaded_contains(const struct weft__loaded *loaded, const void *address, size_t size);

/* The same of a text with its end. */
bool weft__loaded_text(const struct weft__loaded *loaded, const char *text);

#endif
