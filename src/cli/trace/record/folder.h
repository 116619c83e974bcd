/* SPDX-License-Identifier: MIT */
/* Folders that are made for a recording and taken away again. */
#ifndef WEFT_CLI_TRACE_RECORD_FOLDER_H
#define WEFT_CLI_TRACE_RECORD_FOLDER_H

#include <limits.h>

/* A new one in $TMPDIR or /tmp, whose name begins with `name`. 0, or -1 with errno. */
int folder_make(char path[PATH_MAX], const char *name);

/* With everything in it; follows no link and goes to no other file system. */
void folder_remove(const char *path);

#endif
