/* SPDX-License-Identifier: MIT */
/* Sizes of one execution. All can be raised with -D; what is exceeded is reported by name ("FAIL limit: ..."), never
 * silently dropped. The one exception is MODEL_HISTORY: an older write is forgotten, which loses behaviours (a very
 * stale read no longer happens) but never invents one. */
#ifndef MODEL_LIMITS_H
#define MODEL_LIMITS_H

#ifndef MODEL_THREADS
#define MODEL_THREADS 8 /* the program's main thread counts as one */
#endif
#ifndef MODEL_LOCATIONS
#define MODEL_LOCATIONS 256 /* atomic objects alive at one time; freed heap memory gives its locations back */
#endif
#ifndef MODEL_HISTORY
#define MODEL_HISTORY 64 /* writes remembered for each atomic object */
#endif
#ifndef MODEL_STACK_BYTES
#define MODEL_STACK_BYTES (256u * 1024)
#endif
#ifndef MODEL_HEAP_BYTES
#define MODEL_HEAP_BYTES (256u * 1024 * 1024) /* of one execution; address space only until touched */
#endif
#ifndef MODEL_BLOCKS
#define MODEL_BLOCKS 65536 /* allocations of one execution */
#endif
#ifndef MODEL_CELLS
#define MODEL_CELLS (1u << 21) /* pieces of memory told apart by the race detector; address space only until touched   \
                                */
#endif

#endif
