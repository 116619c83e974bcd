/* SPDX-License-Identifier: MIT */
/* See memory.h. */
#include "cli/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_checked(void *block)
{
    if (!block) {
        fputs("weft: no memory\n", stderr);
        exit(1);
    }
    return block;
}

void *memory_zeroed(size_t count, size_t size)
{
    return memory_checked(calloc(count ? count : 1, size));
}

void *memory_resize(void *block, size_t count, size_t size)
{
    return memory_checked(count > SIZE_MAX / size ? NULL : realloc(block, count ? count * size : 1));
}

char *memory_text(const char *text)
{
    return text ? memory_checked(strdup(text)) : NULL;
}
