/* SPDX-License-Identifier: MIT */
/* Names: cut to what is kept, at a whole character. */
#ifndef WEFT_TASK_NAME_H
#define WEFT_TASK_NAME_H

#include <string.h>

/* How many bytes of `name`, at most `limit`, are kept: never half a UTF-8 character. Looks no further than limit. */
static inline size_t weft__name_fit(const char *name, size_t limit)
{
    size_t length = strnlen(name, limit);
    if (length == limit && name[length] != '\0')
        while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80)
            length--;
    return length;
}

#endif
