/* SPDX-License-Identifier: MIT */
/* Values as a person reads them, and texts as a terminal can stand them. */
#ifndef WEFT_CLI_TEXT_H
#define WEFT_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_DURATION_SIZE = 32 };

/* "812 ns", "12.3 us", "4.56 s"; three digits. Returns `out`. */
const char *text_duration(char out[TEXT_DURATION_SIZE], int64_t ns);

/*
 * A copy of a name that comes from outside: control characters and what is no UTF-8 become '?', so that a name cannot
 * write to the terminal. Cut to the buffer. Returns `out`.
 */
const char *text_clean(char *out, size_t size, const char *name);

/* A whole number of the command line, from 0 on; -1: it is none, or not only one. */
long text_number(const char *text);

/* How many columns a terminal needs for it, counting each character as one. */
size_t text_width(const char *text);

#endif
