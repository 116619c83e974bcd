/* SPDX-License-Identifier: MIT */
/* Threads of the library: named, with all signals blocked but those that a fault raises, so a host's handlers never run
 * on them. */
#ifndef WEFT_BASE_THREAD_H
#define WEFT_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Start a thread; stack_size 0 is the system's default. 0 or a negative errno. */
int weft__thread_start(pthread_t *out_thread, size_t stack_size, void *(*entry)(void *), void *argument);

/* "<prefix>-<number>"; 15 bytes are kept, and the number survives the cut. */
enum { WEFT__THREAD_NAME = 16 };
void weft__thread_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME]);

/* Give the calling thread that name. */
void weft__thread_set_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME]);

/* Have the calling thread woken at the time it sleeps until. Linux takes 50 us more, so as to wake several sleepers at once. */
void weft__thread_set_punctual(void);

/* How many processors this process may use: its affinity, and the quota of its control group, rounded up. At least 1. */
unsigned weft__thread_processors(void);

int weft__thread_id(void);

/* Keep a value for the calling thread, to be ended with it by what the key was made for. A value that there is no memory for is
 * not ended. A key: 0 or a negative errno. */
int weft__thread_key(pthread_key_t *out_key, void (*ends)(void *value));
void weft__thread_keep(pthread_key_t key, void *value);

#endif
