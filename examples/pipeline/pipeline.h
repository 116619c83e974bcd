/* SPDX-License-Identifier: MIT */
/* The task that counts, and the channel that feeds it: all that main() has to know of pipeline.c. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <weft.h>

#include "corpus.h"
#include "monitor.h"
#include "options.h"
#include "words.h"

/* What the tasks of one run share. It outlives them: main() joins them before it frees this. */
struct job {
    struct options options;
    weft_runtime *rt;
    struct monitor monitor;
    struct words total; /* the merger's; when it is sorted, lines point into it */
};

WEFT_CHANNEL_DEFINE(chunks, struct chunk)
void chunk_drop(void *message, void *context);

/* Owns the scope in which all other tasks run. Its result is 0 or the first failure of one of them. */
struct word_count {
    weft_frame weft;
    weft_scope scope;
    struct job *job;
    chunks_receiver in;
    int started;
};

weft_poll word_count(weft_context *cx, struct word_count *self);
void word_count_end(void *frame); /* in its place, if it is cancelled before it began */

#endif
