/* SPDX-License-Identifier: MIT */
/* Variables of the environment over a file: WEFT_RUNTIME__WORKER_THREADS=4 is worker_threads = 4 in [runtime]. */
#ifndef WEFT_ADDONS_CONFIG_VARIABLES_H
#define WEFT_ADDONS_CONFIG_VARIABLES_H

#include "addons/config/problem.h"

/* "WEFT_RUNTIME__WORKER_THREADS" and "4", as they were when the configuration was made. */
struct weft__config_variable {
    struct weft__config_variable *next;
    char *name, *value;
};

/* Those that begin so and have a double underscore, into memory of `tree`; none in a program that runs with more rights than
 * its user. 0 or WEFT_ENOMEM. */
int weft__config_variables_read(struct weft__config_tree *tree, const char *prefix, struct weft__config_variable **out_list);

/* The value of WEFT_ENV, or NULL. */
const char *weft__config_variables_environment(void);

/* Put them over what is in force. */
void weft__config_variables_apply(struct weft__config_problems *problems, struct weft__config_tree *tree, const char *prefix,
                                  const struct weft__config_variable *list);

#endif
