/* SPDX-License-Identifier: MIT */
/* Which process is meant: a word of the command line, and where that process answers. */
#ifndef WEFT_CLI_LIVE_TARGET_H
#define WEFT_CLI_LIVE_TARGET_H

#include <stddef.h>

enum { TARGET_PATH_SIZE = 108, TARGET_SAYS_SIZE = 512 };

struct target {
    char socket[TARGET_PATH_SIZE]; /* of a Unix socket, or "" */
    char base[128];                /* in front of a path: "http://weft", or "http://127.0.0.1:9464" */
    const char *token;             /* for TCP, from WEFT_DIAG_TOKEN; NULL: none */
    char says[TARGET_SAYS_SIZE];   /* why it was not found, and what to do */
};

/*
 * `word` is a process number, the path of a socket, http://ADDRESS:PORT, or NULL: the one process that answers at a default
 * path. False: `says` has a sentence.
 */
int target_find(struct target *target, const char *word);

#endif
