/* SPDX-License-Identifier: MIT */
/*
 * Finds the files of a corpus and cuts their text into chunks that never split a word. Plain C that blocks in read():
 * it runs on a thread of its own, not in a task. Files named by the user are read whatever they hold; in folders only
 * regular files that look like text are, so that the default corpus is text.
 */
#ifndef PIPELINE_CORPUS_H
#define PIPELINE_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk {
    char *text; /* malloc(), length bytes, not terminated */
    size_t length;
    bool ends_file; /* each file has exactly one such chunk, which may be empty */
};

/* Gets each chunk, owns its text whatever it returns, and ends the reading with a negative number. */
typedef int corpus_take(void *context, const struct chunk *chunk);

struct corpus {
    char *const *paths; /* files and folders, NULL at the end */
    size_t chunk_size;  /* bytes; a chunk is longer only if one word is */
    corpus_take *take;
    void *context;
    uint64_t unreadable; /* out: what could not be read; each is told on stderr */
};

/* Read it all: 0, -ENOMEM, or the number with which take ended it. */
int corpus_read(struct corpus *corpus);

#endif
