/* SPDX-License-Identifier: MIT */
/*
 * Misuse that would corrupt memory dies at the door, with an id that a test triggers: WEFT__REQUIRE("scope-close:…", x).
 * Broken promises of the library itself die the same way. Errors that a caller can handle are never required.
 */
#ifndef WEFT_BASE_CHECK_H
#define WEFT_BASE_CHECK_H

_Noreturn void weft__require_failed(const char *id, const char *condition, const char *file, int line);

#define WEFT__REQUIRE(id, condition)                                                                                   \
    do {                                                                                                               \
        if (__builtin_expect(!(condition), 0))                                                                         \
            weft__require_failed((id), #condition, __FILE__, __LINE__);                                                \
    } while (0)

#define weft__likely(x) __builtin_expect(!!(x), 1)
#define weft__unlikely(x) __builtin_expect(!!(x), 0)

#endif
