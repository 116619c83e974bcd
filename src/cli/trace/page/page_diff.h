/* SPDX-License-Identifier: MIT */
/* The page of `weft trace diff`: what two recordings say of things of one name. */
#ifndef WEFT_CLI_TRACE_PAGE_PAGE_DIFF_H
#define WEFT_CLI_TRACE_PAGE_PAGE_DIFF_H

#include "cli/trace/page/page.h"

/* Returns how many rows are slower in `b`, and not by chance. */
size_t page_diff(const struct view *a, const struct view *b, struct doc *doc);

#endif
