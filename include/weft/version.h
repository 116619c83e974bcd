/* SPDX-License-Identifier: MIT */
/* The version of these headers; weft_version() tells that of the library that is linked. */
#ifndef WEFT_VERSION_H
#define WEFT_VERSION_H

#include <weft/api.h>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0
#define WEFT_VERSION "0.1.0"

WEFT_BEGIN_DECLS

/**
 * The version of the linked library, for example "0.1.0".
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_version(void);

WEFT_END_DECLS

#endif
