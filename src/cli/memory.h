/* SPDX-License-Identifier: MIT */
/* Memory for a program that reads one recording and ends: without memory it ends at once, with a sentence. */
#ifndef WEFT_CLI_MEMORY_H
#define WEFT_CLI_MEMORY_H

#include <stddef.h>

/* `count` objects of `size` bytes, zeroed. */
void *memory_zeroed(size_t count, size_t size);

/* realloc() for `count` objects of `size` bytes. */
void *memory_resize(void *block, size_t count, size_t size);

/* A copy of `text`; of NULL, NULL. */
char *memory_text(const char *text);

#endif
