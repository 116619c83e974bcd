/* SPDX-License-Identifier: MIT */
/* src/base/thread.c for the explorer: threads are coroutines, which have no signals, names or processors. */
#include "base/thread.h"

#include <errno.h>

#include "base/platform.h"
#include "model.h"

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

int weft__thread_key(pthread_key_t *out_key, void (*ends)(void *value))
{
    (void)out_key;
    (void)ends;
    return -ENOSYS;
}

void weft__thread_keep(pthread_key_t key, void *value)
{
    (void)key;
    (void)value;
}
