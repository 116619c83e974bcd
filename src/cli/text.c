/* SPDX-License-Identifier: MIT */
/* See text.h. */
#include "cli/text.h"

#include <stdio.h>

const char *text_duration(char out[TEXT_DURATION_SIZE], int64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = (double)ns;
    int unit = 0;
    while (value >= 999.5 && unit < 3) { /* 999.5 would be printed as 1000 */
        value /= 1000;
        unit++;
    }
    int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(out, TEXT_DURATION_SIZE, "%.*f %s", decimals, value, units[unit]);
    return out;
}

/* The bounds of the second byte keep out overlong forms, surrogates and what is above U+10FFFF (RFC 3629, section 4).
 */
size_t text_sequence(const char *text)
{
    const unsigned char *u = (const unsigned char *)text;
    size_t length = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    unsigned low = u[0] == 0xe0 ? 0xa0 : u[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = u[0] == 0xed ? 0x9f : u[0] == 0xf4 ? 0x8f : 0xbf;
    if (length > 1 && (u[1] < low || u[1] > high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (u[i] < 0x80 || u[i] > 0xbf)
            return 0;
    return length;
}

/* C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey as well. */
static int text_is_control(const char *text, size_t length)
{
    const unsigned char *u = (const unsigned char *)text;
    return length == 1 ? u[0] < 0x20 || u[0] == 0x7f : length == 2 && u[0] == 0xc2 && u[1] < 0xa0;
}

const char *text_clean(char *out, size_t size, const char *name)
{
    size_t used = 0;
    while (*name) {
        size_t length = text_sequence(name), step = length ? length : 1;
        int bad = !length || text_is_control(name, length);
        size_t need = bad ? 1 : length;
        if (used + need >= size)
            break;
        for (size_t i = 0; i < need; i++)
            out[used++] = bad ? '?' : name[i];
        name += step;
    }
    out[used] = '\0';
    return out;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* not a continuation */
    return width;
}
