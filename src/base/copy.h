/* SPDX-License-Identifier: MIT */
/* Copying what a program hands over by value: the usual sizes without a call. */
#ifndef WEFT_BASE_COPY_H
#define WEFT_BASE_COPY_H

#include <stdint.h>
#include <string.h>

static inline void weft__copy(void *to, const void *from, uint32_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size == 16)
        memcpy(to, from, 16);
    else
        memcpy(to, from, size);
}

#endif
