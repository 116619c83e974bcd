/* SPDX-License-Identifier: MIT */
/* Finding the provider library. */
#ifndef WEFT_TRACE_PROVIDER_H
#define WEFT_TRACE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Use the provider that is loaded already, or, if `load`, the libweft-lttng.so beside libweft or on the search path. The
 * first that fits stays for the life of the process. 0, or a code and a sentence as of weft_runtime_tracing().
 */
int weft__provider_find(bool load, char *text, size_t text_size);

#endif
