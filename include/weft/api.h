/* SPDX-License-Identifier: MIT */
/* Compiler words of the public headers: visibility, must-use, linkage. Nothing here names a runtime concept. */
#ifndef WEFT_API_H
#define WEFT_API_H

#if defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#define WEFT_MUST_USE __attribute__((warn_unused_result))
#else
#error "weft needs gcc or clang: its macros use statement expressions and __atomic builtins"
#endif

#ifdef __cplusplus
#define WEFT_BEGIN_DECLS extern "C" {
#define WEFT_END_DECLS }
#else
#define WEFT_BEGIN_DECLS
#define WEFT_END_DECLS
#endif

/* Functions that a macro defines in the user's file: not each of them is used. */
#define WEFT__INLINE __attribute__((unused)) static inline

/*
 * WEFT__OPTIONS(type, ...): the address of an option struct whose `size` is set; it lives until the end of the
 * enclosing block in C, of the full expression in C++. Designated initialisers are a GNU extension before C++20, so
 * the C++ form silences the two warnings they would cause in a pedantic host.
 */
#ifdef __cplusplus
#define WEFT__PRAGMA(text) _Pragma(#text)
#define WEFT__CXX_QUIET                                                                                                \
    WEFT__PRAGMA(GCC diagnostic push)                                                                                  \
    WEFT__PRAGMA(GCC diagnostic ignored "-Wpedantic")                                                                  \
    WEFT__PRAGMA(GCC diagnostic ignored "-Wmissing-field-initializers")
#define WEFT__CXX_LOUD WEFT__PRAGMA(GCC diagnostic pop)
extern "C++" {
template <class Value> static inline const Value *weft__address_of(const Value &value) { return &value; }
}
#define WEFT__VALUE(type, ...)                                                                                         \
    __extension__({                                                                                                    \
        WEFT__CXX_QUIET type weft__value = {.size = sizeof(type), __VA_ARGS__};                                                \
        WEFT__CXX_LOUD weft__value;                                                                                    \
    })
#define WEFT__OPTIONS(type, ...) weft__address_of(WEFT__VALUE(type, __VA_ARGS__))
#else
#define WEFT__VALUE(type, ...) ((type){.size = sizeof(type), __VA_ARGS__})
#define WEFT__OPTIONS(type, ...) (&(type){.size = sizeof(type), __VA_ARGS__})
#endif

#endif
