/* SPDX-License-Identifier: MIT */
/*
 * The page: files of the folder page/ as they were when the component was built (page/embed.cmake). They carry no data of the
 * process, so they are answered to anybody who may connect, without the token.
 */
#ifndef WEFT_DIAG_FILES_H
#define WEFT_DIAG_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct weft__diag_file {
    const char *path; /* "/page/<hash of all files>/main.js"; of the page itself "/" */
    const char *type;
    const char *tag;  /* an ETag, in its quotes */
    const unsigned char *bytes;
    size_t length;
    bool lasts; /* what is at the path never changes: another build has other paths */
};

/* NULL: there is no file at the path. */
const struct weft__diag_file *weft__diag_file_find(const char *path);

/* Whether If-None-Match names the tag, or anything. NULL is none. */
bool weft__diag_file_is_known(const struct weft__diag_file *file, const char *if_none_match);

/* What the page may load and run: what is served here, and nothing from elsewhere. */
#define WEFT__DIAG_PAGE_POLICY                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " \
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

#endif
