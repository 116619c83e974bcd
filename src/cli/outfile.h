/* SPDX-License-Identifier: MIT */
/*
 * A file that is there whole or not at all: it is written beside its place, as NAME.part, and gets its name at the end,
 * so that a full disk or a bad recording leaves what was there before. "-" is standard output; a device or a pipe is
 * written as it is.
 */
#ifndef WEFT_CLI_OUTFILE_H
#define WEFT_CLI_OUTFILE_H

#include <stdio.h>

struct outfile {
    FILE *file;
    struct outfile_end *end; /* where its bytes go */
    char *path;
    char *part; /* NULL: it is written in its place */
};

/* 0, or -errno, and then there is nothing to end. */
int outfile_open(struct outfile *out, const char *path);

/* It is complete. 0, or -errno: then it is not there. */
int outfile_commit(struct outfile *out);

/* It will not be completed. Also of one that is ended already, and of one that is all zeroes. */
void outfile_abort(struct outfile *out);

#endif
