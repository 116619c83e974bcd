/* SPDX-License-Identifier: MIT */
/* Libraries that are looked up when the program asks for them, and never linked. */
#ifndef WEFT_BASE_BESIDE_H
#define WEFT_BASE_BESIDE_H

#include <stdbool.h>

/* Open a library that lies beside this one, or else on the search path; NULL: it is at neither place. It stays loaded. */
void *weft__beside_open(const char *file);

/* Whether this code is in a library of its own, and the one that other libraries of this process find. */
bool weft__beside_is_shared(void);

#endif
