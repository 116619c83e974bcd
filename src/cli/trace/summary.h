/* SPDX-License-Identifier: MIT */
/* The summary of a recording, as text and as JSON. Neither reads anything: they print what they are given. */
#ifndef WEFT_CLI_TRACE_SUMMARY_H
#define WEFT_CLI_TRACE_SUMMARY_H

#include <stdio.h>

#include "cli/trace/model/report.h"

struct summary {
    const char *path;
    const struct model *model;
    const struct report *report;
    uint64_t foreign; /* events of other providers in the recording */
    uint64_t unknown; /* events of a later weft */
    size_t rows;      /* of a table, at most; the text says how many are left out */
};

void summary_text(const struct summary *summary, FILE *out);
void summary_json(const struct summary *summary, FILE *out);

/* "actor", "handler"; a host's own are "host 16" and so on. Returns `out` or a literal. */
const char *summary_category(uint32_t category, char *out, size_t size);

#endif
