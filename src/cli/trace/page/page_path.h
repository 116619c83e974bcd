/* SPDX-License-Identifier: MIT */
/* The page of `weft trace path`. */
#ifndef WEFT_CLI_TRACE_PAGE_PAGE_PATH_H
#define WEFT_CLI_TRACE_PAGE_PAGE_PATH_H

#include "cli/trace/page/page.h"
#include "cli/trace/path/path.h"

/* `what`: "task 17 (clerk), from its spawn to its end". */
void page_path(const struct view *view, struct doc *doc, const struct path *path, const char *what);

#endif
