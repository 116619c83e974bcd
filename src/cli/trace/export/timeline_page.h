/* SPDX-License-Identifier: MIT */
/* The page of a timeline: timeline_page.html with the rows in it as JSON. */
#ifndef WEFT_CLI_TRACE_EXPORT_TIMELINE_PAGE_H
#define WEFT_CLI_TRACE_EXPORT_TIMELINE_PAGE_H

#include "cli/trace/export/timeline.h"

void timeline_page_print(const struct timeline *timeline, const struct view *view, FILE *out);

#endif
