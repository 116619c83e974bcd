/* SPDX-License-Identifier: MIT */
/* See text.h. */
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

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

const char *text_clean(char *out, size_t size, const char *name)
{
    size_t used = 0;
    while (*name) {
        size_t length = weft__utf8_sequence(name), step = length ? length : 1;
        int bad = !length || weft__utf8_is_control(name, length);
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

long text_number(const char *text)
{
    char *end;
    errno = 0;
    const long number = strtol(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno ? number : -1;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* not a continuation */
    return width;
}
