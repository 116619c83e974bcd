/* SPDX-License-Identifier: MIT */
/* How a refused call says what was wrong. */
#ifndef WEFT_BASE_ERROR_H
#define WEFT_BASE_ERROR_H

/* Keep "<call>: <what>: <way out>" as this thread's weft_error_detail() and return `code`. For refusals only, not for
 * outcomes of normal work: it formats. */
int weft__refuse(int code, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

#endif
