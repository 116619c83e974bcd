/* SPDX-License-Identifier: MIT */
/*
 * WEFT_DIAG=1 in the environment: the process is to be seen from outside, without a word of its code. The component that
 * does it is looked up by a symbol, first among what is loaded (LD_PRELOAD), then beside libweft; nothing of it is known
 * here. It decides what the environment says, and starts once in a process.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <weft/error.h>

#include "base/beside.h"
#include "runtime/runtime.h"

#include <dlfcn.h>

#define DIAG_FILE "libweft-diag.so"
#define DIAG_SYMBOL "weft_diag_environment"

typedef int diag_environment(void);

static diag_environment *diag_symbol(void *library)
{
    diag_environment *function = NULL;
    void *symbol = dlsym(library, DIAG_SYMBOL);
    memcpy(&function, &symbol, sizeof function); /* ISO C has no conversion from object to function pointers */
    return function;
}

void weft__diag_from_environment(weft_runtime *rt)
{
    const char *wanted = getauxval(AT_SECURE) == 0 ? getenv("WEFT_DIAG") : NULL;
    if (!wanted || !*wanted)
        return;
    struct weft__env *env = &rt->sched.env;
    if (!weft__beside_is_shared()) { /* it would be given a second weft, in which nothing lives */
        weft__report(env, WEFT_EPROTO, "WEFT_DIAG is set, but this program has weft linked in: link libweft-diag.a as well, and call "
                                       "weft_diag_start()");
        return;
    }
    diag_environment *environment = diag_symbol(RTLD_DEFAULT);
    if (!environment) {
        void *library = weft__beside_open(DIAG_FILE);
        environment = library ? diag_symbol(library) : NULL;
    }
    if (!environment) {
        weft__report(env, WEFT_ENOENT, "WEFT_DIAG is set, but " DIAG_FILE " is neither beside libweft nor on the library path");
        return;
    }
    const int result = environment();
    if (result < 0)
        weft__report(env, result, "WEFT_DIAG: %s", weft_error_detail());
}
