/* SPDX-License-Identifier: MIT */
/* Names and texts of codes, stamped from WEFT_ERROR_MAP, and the last refusal of each thread. */
#define _GNU_SOURCE
#include "base/error.h"

#include <stdarg.h>
#include <weft/error.h>

#include "base/number.h"

static _Thread_local char error_detail[320];

const char *weft_error_name(int code)
{
    if (code >= 0)
        return "WEFT_OK";
    switch (code) {
#define NAME(name, number, text)                                                                                       \
    case -(number):                                                                                                    \
        return "WEFT_" #name;
        WEFT_ERROR_MAP(NAME)
#undef NAME
    default:
        return "WEFT_E?";
    }
}

const char *weft_error_text(int code)
{
    if (code >= 0)
        return "success";
    switch (code) {
#define TEXT(name, number, text)                                                                                       \
    case -(number):                                                                                                    \
        return text;
        WEFT_ERROR_MAP(TEXT)
#undef TEXT
    default:
        return "not a code of weft; perhaps an errno of the system with its sign turned";
    }
}

const char *weft_error_detail(void)
{
    return error_detail;
}

int weft__refuse(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    weft__number_print(error_detail, sizeof error_detail, format, arguments);
    va_end(arguments);
    return code;
}

int weft_error_refuse(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    weft__number_print(error_detail, sizeof error_detail, format, arguments);
    va_end(arguments);
    return code;
}
