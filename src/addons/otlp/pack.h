/* SPDX-License-Identifier: MIT */
/* Bodies made smaller, as gzip has them. The door to zlib: nothing else includes it. Any thread, each with its own. */
#ifndef WEFT_OTLP_PACK_H
#define WEFT_OTLP_PACK_H

#include <stddef.h>

/* The bytes in gzip's format, for free(), and their number. NULL: no memory. */
char *weft__otlp_pack(const char *bytes, size_t length, size_t *out_length);

#endif
