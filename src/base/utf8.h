/* SPDX-License-Identifier: MIT */
/* Names come from outside: what of them is text, and what would act on whoever prints it. */
#ifndef WEFT_BASE_UTF8_H
#define WEFT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * The length of the valid UTF-8 sequence that `text`, which ends with a zero, begins with: 1 to 4; 0: there is none. The
 * bounds of the second byte keep out overlong forms, surrogates and what is above U+10FFFF (RFC 3629, section 4).
 */
static inline size_t weft__utf8_sequence(const char *text)
{
    const unsigned char *u = (const unsigned char *)text;
    const size_t length = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    const unsigned low = u[0] == 0xe0 ? 0xa0 : u[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned high = u[0] == 0xed ? 0x9f : u[0] == 0xf4 ? 0x8f : 0xbf;
    if (length > 1 && (u[1] < low || u[1] > high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (u[i] < 0x80 || u[i] > 0xbf)
            return 0;
    return length;
}

/* Whether all of a text, which ends with a zero, is UTF-8. */
static inline bool weft__utf8_is_valid(const char *text)
{
    for (size_t length; *text; text += length)
        if ((length = weft__utf8_sequence(text)) == 0)
            return false;
    return true;
}

/*
 * Copy a text with U+FFFD for every byte that is in no sequence: three bytes for one, so `to` has three times the room of the text,
 * and one for the zero. The length.
 */
static inline size_t weft__utf8_replace(char *to, const char *text)
{
    const char *const begin = to;
    for (size_t step; *text; text += step) {
        const size_t length = weft__utf8_sequence(text);
        step = length > 0 ? length : 1;
        memcpy(to, length > 0 ? text : "\xef\xbf\xbd", length > 0 ? length : 3);
        to += length > 0 ? length : 3;
    }
    *to = '\0';
    return (size_t)(to - begin);
}

/*
 * Whether that sequence is C0, DEL, or C1 (U+0080 to U+009F), which some terminals obey as well; or ends a line (U+2028, U+2029), or
 * turns round what stands beside it (U+202A to U+202E, U+2066 to U+2069): then a line reads as something that nobody wrote.
 */
static inline bool weft__utf8_is_control(const char *text, size_t length)
{
    const unsigned char *u = (const unsigned char *)text;
    if (length == 3)
        return u[0] == 0xe2 && ((u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae) || (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
    return length == 1 ? u[0] < 0x20 || u[0] == 0x7f : length == 2 && u[0] == 0xc2 && u[1] < 0xa0;
}

#endif
