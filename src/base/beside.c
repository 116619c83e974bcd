/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/beside.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char beside_here; /* lies in the same file as the code */

void *weft__beside_open(const char *file)
{
    char path[4096];
    Dl_info self;
    void *library = NULL;
    if (dladdr(&beside_here, &self) != 0 && self.dli_fname != NULL) {
        const char *slash = strrchr(self.dli_fname, '/');
        if (slash && snprintf(path, sizeof path, "%.*s/%s", (int)(slash - self.dli_fname), self.dli_fname, file) < (int)sizeof path)
            library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return library ? library : dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

bool weft__beside_is_shared(void)
{
    Dl_info self, found;
    void *symbol = dlsym(RTLD_DEFAULT, "weft_clock");
    return symbol && dladdr(symbol, &found) != 0 && dladdr(&beside_here, &self) != 0 && self.dli_fbase == found.dli_fbase;
}
