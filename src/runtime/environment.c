/* SPDX-License-Identifier: MIT */
/*
 * WEFT_DIAG=1 or WEFT_OTLP=1 in the environment: the process is to be seen from outside, without a word of its code. The
 * component that does it is looked up by a symbol, first among what is loaded (LD_PRELOAD), then beside libweft; nothing of
 * it is known here. It decides what the environment says, and starts once in a process.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <weft/error.h>

#include "base/beside.h"
#include "runtime/runtime.h"

#include <dlfcn.h>

typedef int environment_start(void);

/* A component that a variable asks for. */
struct environment_component {
    const char *variable;
    const char *file;
    const char *name;   /* of the library, to link */
    const char *symbol; /* what it exports for this */
    const char *call;   /* what a program would call instead */
};

static const struct environment_component environment_components[] = {
    {"WEFT_DIAG", "libweft-diag.so", "libweft-diag", "weft_diag_environment", "weft_diag_start()"},
    {"WEFT_OTLP", "libweft-otlp.so", "libweft-otlp", "weft_otlp_environment", "weft_otlp_start()"},
};

static environment_start *environment_symbol(void *library, const char *name)
{
    environment_start *function = NULL;
    void *symbol = dlsym(library, name);
    memcpy(&function, &symbol, sizeof function); /* ISO C has no conversion from object to function pointers */
    return function;
}

static void environment_ask(struct weft__env *env, const struct environment_component *it)
{
    const char *wanted = getauxval(AT_SECURE) == 0 ? getenv(it->variable) : NULL;
    if (!wanted || !*wanted)
        return;
    if (!weft__beside_is_shared()) { /* it would be given a second weft, in which nothing lives */
        weft__report(env, WEFT_EPROTO, "%s is set, but this program has weft linked in: link %s.a as well, and call %s", it->variable,
                     it->name, it->call);
        return;
    }
    environment_start *start = environment_symbol(RTLD_DEFAULT, it->symbol);
    if (!start) {
        void *library = weft__beside_open(it->file);
        start = library ? environment_symbol(library, it->symbol) : NULL;
    }
    if (!start) {
        weft__report(env, WEFT_ENOENT, "%s is set, but %s is neither beside libweft nor on the library path", it->variable, it->file);
        return;
    }
    const int result = start();
    if (result < 0)
        weft__report(env, result, "%s: %s", it->variable, weft_error_detail());
}

void weft__components_from_environment(weft_runtime *rt)
{
    for (size_t i = 0; i < sizeof environment_components / sizeof environment_components[0]; i++)
        environment_ask(&rt->sched.env, &environment_components[i]);
}
