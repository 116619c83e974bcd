/* SPDX-License-Identifier: MIT */
/* src/base/thread.c for the explorer: threads are coroutines, which have no signals, names or processors. */
#include "base/thread.h"

#include <errno.h>

#include "base/platform.h"
#include "model.h"
#include "thread.h"

int weft__thread_start(pthread_t *out_thread, size_t stack_size, void *(*entry)(void *), void *argument)
{
    (void)stack_size;
    return -weft__platform->thread_create(out_thread, NULL, entry, argument);
}

void weft__thread_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME])
{
    weft__thread_set_name(prefix, number, out_name);
}

void weft__thread_set_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME])
{
    (void)prefix;
    (void)number;
    out_name[0] = 0;
}

void weft__thread_set_punctual(void) {}

unsigned weft__thread_processors(void)
{
    return 2;
}

int weft__thread_id(void)
{
    return (int)model_thread();
}

static void (*thread_key_ends)(void *value);
static _Thread_local void *thread_kept;

int weft__thread_key(pthread_key_t *out_key, void (*ends)(void *value))
{
    *out_key = 1; /* plain, as the system writes it */
    thread_key_ends = ends;
    return 0;
}

void weft__thread_keep(pthread_key_t key, void *value)
{
    if (key != 1)
        model_fail("weft__thread_keep with key %u, which nobody made", (unsigned)key);
    thread_kept = value;
}

void thread_ends(void)
{
    if (thread_kept)
        thread_key_ends(thread_kept);
    thread_kept = NULL;
}
