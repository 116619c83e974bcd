/* SPDX-License-Identifier: MIT */
/* See folder.h. */
#include "cli/trace/record/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_OPEN = 8 };

int folder_make(char path[PATH_MAX], const char *name)
{
    const char *tmp = getenv("TMPDIR");
    if (snprintf(path, PATH_MAX, "%s/%s-XXXXXX", tmp && tmp[0] ? tmp : "/tmp", name) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return mkdtemp(path) ? 0 : -1;
}

static int folder_remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat, (void)type, (void)where;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    (void)nftw(path, folder_remove_one, FOLDER_OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
