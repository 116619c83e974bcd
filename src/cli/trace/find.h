/* SPDX-License-Identifier: MIT */
/* Where the traces of a recording lie: `lttng create --output=DIR` puts them some folders below DIR. */
#ifndef WEFT_CLI_TRACE_FIND_H
#define WEFT_CLI_TRACE_FIND_H

#include <stdbool.h>
#include <stddef.h>

enum { FIND_UUID = 16 };

struct find_trace {
    char *path;
    bool cut; /* its metadata ends in the middle of a packet: readers of CTF may loop over it for ever */
    unsigned char uuid[FIND_UUID]; /* the same for the chunks and snapshots of one trace; all zeroes: none */
};

struct find {
    struct find_trace *traces; /* sorted: one uuid's traces are neighbours */
    size_t count;
};

/* 0, or the errno that opening `path` gave. No trace below it is no error. */
int find_traces(struct find *find, const char *path);
void find_fini(struct find *find);

#endif
