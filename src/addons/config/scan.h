/* SPDX-License-Identifier: MIT */
/* What has to hold before a parser sees a text: it is text, and no key of it is deeper than a stack. */
#ifndef WEFT_ADDONS_CONFIG_SCAN_H
#define WEFT_ADDONS_CONFIG_SCAN_H

#include "addons/config/toml.h"

/* NULL, or what is wrong, and where. The text ends with a zero at `length`. */
const char *weft__config_scan(const char *text, size_t length, struct weft__toml_place *out_place);

#endif
