/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <string.h>

#include "page_files.h"

const struct weft__diag_file *weft__diag_file_find(const char *path)
{
    for (size_t i = 0; i < sizeof page_files / sizeof page_files[0]; i++)
        if (strcmp(page_files[i].path, path) == 0)
            return &page_files[i];
    return NULL;
}

bool weft__diag_file_is_known(const struct weft__diag_file *file, const char *if_none_match)
{
    return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, file->tag));
}
