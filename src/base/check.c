/* SPDX-License-Identifier: MIT */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void weft__require_failed(const char *id, const char *condition, const char *file, int line)
{
    fprintf(stderr, "weft: requirement %s failed: %s (%s:%d)\n", id, condition, file, line);
    abort();
}
