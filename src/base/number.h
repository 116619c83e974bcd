/* SPDX-License-Identifier: MIT */
/* Numbers with a fraction as settings and files have them: with a point, whatever the host's locale writes. */
#ifndef WEFT_BASE_NUMBER_H
#define WEFT_BASE_NUMBER_H

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* As strtod() in a program that has never called setlocale(). */
static inline double weft__number_read(const char *text, char **out_end)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* it is there already: no memory is taken for it */
    const double number = strtod_l(text, out_end, plain);
    freelocale(plain);
    return number;
}

/* As vsnprintf() in such a program: for texts that scripts and tests compare. */
static inline int weft__number_print(char *out, size_t room, const char *format, va_list arguments)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(plain);
    const int length = vsnprintf(out, room, format, arguments);
    uselocale(before);
    freelocale(plain);
    return length;
}

/* What printf() made of one number, as it would have been without a locale. */
static inline void weft__number_point(char *text)
{
    for (; *text; text++)
        if (*text == ',')
            *text = '.';
}

#endif
