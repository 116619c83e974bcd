/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/loaded.h"

#include <link.h>
#include <string.h>

enum { LOADED_PAGE = 4096 };

/* The segments of a library follow each other: they are one range, with what is between them on the same page. */
static void loaded_add(struct weft__loaded *loaded, uintptr_t begin, uintptr_t end)
{
    const uint32_t last = loaded->count - 1;
    if (loaded->count > 0 && begin >= loaded->ranges[last].end &&
        begin <= ((loaded->ranges[last].end + LOADED_PAGE - 1) & ~(uintptr_t)(LOADED_PAGE - 1))) {
        loaded->ranges[last].end = end;
    } else if (loaded->count < WEFT__LOADED_MAX) {
        loaded->ranges[loaded->count].begin = begin;
        loaded->ranges[loaded->count++].end = end;
    }
}

static int loaded_add_library(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const uintptr_t begin = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (header->p_flags & PF_R))
            loaded_add(context, begin, begin + header->p_memsz);
    }
    return 0;
}

void weft__loaded_read(struct weft__loaded *loaded)
{
    loaded->count = 0;
    dl_iterate_phdr(loaded_add_library, loaded);
}

/* How many bytes are loaded from there on. */
static size_t loaded_room(const struct weft__loaded *loaded, const void *address)
{
    const uintptr_t at = (uintptr_t)address;
    for (uint32_t i = 0; i < loaded->count; i++)
        if (at >= loaded->ranges[i].begin && at < loaded->ranges[i].end)
            return loaded->ranges[i].end - at;
    return 0;
}

bool weft__loaded_contains(const struct weft__loaded *loaded, const void *address, size_t size)
{
    return loaded_room(loaded, address) >= size;
}

bool weft__loaded_text(const struct weft__loaded *loaded, const char *text)
{
    const size_t room = loaded_room(loaded, text);
    return room > 0 && memchr(text, '\0', room) != NULL;
}
