/* SPDX-License-Identifier: MIT */
/* What there is to say of a file: collected, put in the order of the file, told. */
#ifndef WEFT_ADDONS_CONFIG_PROBLEM_H
#define WEFT_ADDONS_CONFIG_PROBLEM_H

#include <weft/config.h>

#include "addons/config/tree.h"

enum { WEFT__CONFIG_PROBLEMS_MAX = 1000, WEFT__CONFIG_PATH = 512 };

/* A dotted key, as it would be written: "channels.\"a b\".buffer_size". Parts that do not fit are cut. */
struct weft__config_path {
    char text[WEFT__CONFIG_PATH];
    size_t length;
};

/* Go into a table; what is answered takes the path back. */
size_t weft__config_path_push(struct weft__config_path *path, const char *key, size_t length);
void weft__config_path_pop(struct weft__config_path *path, size_t before);

/* A text that comes from outside, for a message: cut, and what acts on a terminal is '?'. Returns `out`. */
enum { WEFT__CONFIG_SAID = 80 };
const char *weft__config_said(char out[WEFT__CONFIG_SAID], const char *text, size_t length);

struct weft__config_problems {
    const char *file;
    struct weft__config_tree *tree; /* where the texts lie */
    weft_config_problem *list;
    size_t count, room;
    bool no_memory;
};

void weft__config_problems_fini(struct weft__config_problems *problems);

/* At this place; `variable` NULL: in the file. */
void weft__config_problem(struct weft__config_problems *problems, weft_config_kind kind, const char *variable,
                          struct weft__toml_place at, const char *key, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Tell them all, in order. */
void weft__config_problems_tell(struct weft__config_problems *problems, weft_config_report_fn *report, void *context);

/* The first of them into weft_error_detail(), behind the call's name; answers `code`. */
int weft__config_problems_refuse(struct weft__config_problems *problems, const char *call, int code);

#endif
