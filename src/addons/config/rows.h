/* SPDX-License-Identifier: MIT */
/* <weft/config_keys.def> once, for whoever wants some of its rows: the others become nothing. No guard: it is for many. */
#ifndef WEFT_CONFIG_SECTION
#define WEFT_CONFIG_SECTION(section, shape, text)
#endif
#ifndef WEFT_CONFIG_INTEGER
#define WEFT_CONFIG_INTEGER(section, key, member, low, high, otherwise, when, text)
#endif
#ifndef WEFT_CONFIG_FRACTION
#define WEFT_CONFIG_FRACTION(section, key, member, otherwise, when, text)
#endif
#ifndef WEFT_CONFIG_FLAG
#define WEFT_CONFIG_FLAG(section, key, member, otherwise, when, text)
#endif
#ifndef WEFT_CONFIG_TEXT
#define WEFT_CONFIG_TEXT(section, key, member, low, high, otherwise, when, text)
#endif
#ifndef WEFT_CONFIG_CHOICE
#define WEFT_CONFIG_CHOICE(section, key, member, choices, otherwise, when, text)
#endif
#ifndef WEFT_CONFIG_NOT
#define WEFT_CONFIG_NOT(section, member, why)
#endif
#include <weft/config_keys.def>
#undef WEFT_CONFIG_SECTION
#undef WEFT_CONFIG_INTEGER
#undef WEFT_CONFIG_FRACTION
#undef WEFT_CONFIG_FLAG
#undef WEFT_CONFIG_TEXT
#undef WEFT_CONFIG_CHOICE
#undef WEFT_CONFIG_NOT
