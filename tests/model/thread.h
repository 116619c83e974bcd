/* SPDX-License-Identifier: MIT */
/* What the stand-in for src/base/thread.c leaves to the harness. */
#ifndef MODEL_THREAD_H
#define MODEL_THREAD_H

/* What the system does at the end of a thread of the host: the function of weft__thread_key() gets what weft__thread_keep() kept
 * there. By a thread that has no more to do. */
void thread_ends(void);

#endif
