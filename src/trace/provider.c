/* SPDX-License-Identifier: MIT */
/*
 * The provider is looked up by symbol, never linked: the core runs without lttng-ust, and a provider that was preloaded
 * serves a statically linked weft as well. It is never unloaded: lttng-ust does not survive that.
 */
#define _GNU_SOURCE
#include "trace/provider.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <weft/error.h>
#include <weft/trace.h>
#include <weft/version.h>

#include "base/beside.h"
#include "trace/emit.h"
#include "trace/sinks.h"

#define PROVIDER_FILE "libweft-lttng.so"

typedef const weft_trace_provider *provider_getter(void);

static provider_getter *provider_symbol(void *library)
{
    provider_getter *getter = NULL;
    void *symbol = dlsym(library, WEFT_TRACE_PROVIDER_SYMBOL);
    memcpy(&getter, &symbol, sizeof getter); /* ISO C has no conversion from object to function pointers */
    return getter;
}

int weft__provider_find(bool load, char *text, size_t text_size)
{
    const weft_trace_provider *provider = weft__sinks_provider();
    if (!provider) {
        provider_getter *getter = provider_symbol(RTLD_DEFAULT);
        if (!getter && !load) {
            snprintf(text, text_size, "tracing is off: not asked for; set .tracing, or preload " PROVIDER_FILE);
            return WEFT_ENOENT;
        }
        if (!getter) {
            void *library = weft__beside_open(PROVIDER_FILE);
            getter = library ? provider_symbol(library) : NULL;
        }
        provider = getter ? getter() : NULL;
        if (!provider) {
            snprintf(text, text_size,
                     "tracing is off: " PROVIDER_FILE " is neither beside libweft nor on the library path; install "
                     "the provider or preload it");
            return WEFT_ENOENT;
        }
        if (provider->size < sizeof *provider || provider->schema != WEFT_TRACE_SCHEMA) {
            snprintf(text, text_size,
                     "tracing is off: " PROVIDER_FILE " %s has events of schema %u, this weft %s has %u; install the "
                     "provider of the same version",
                     provider->version ? provider->version : "?", provider->schema, WEFT_VERSION, WEFT_TRACE_SCHEMA);
            return WEFT_EPROTO;
        }
        weft__sinks_set_provider(provider);
    }
    return provider->status ? provider->status(text, text_size) : 0;
}
