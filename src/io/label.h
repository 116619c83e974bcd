/* SPDX-License-Identifier: MIT */
/*
 * The name of a descriptor, for those who look. Most descriptors share theirs: a connection that was accepted has its listener's, and
 * what nobody has named has one of the library's, which lives for ever. So a descriptor has a reference in place of 64 bytes.
 *
 * Threads: any. Whoever reads the text has a reference, or the lock under which the descriptor gives up its own.
 * Order: references are given up by a release, and whoever gives up the last one acquires, so it frees after all have read. To take one
 * needs none: who takes it has another. A listener's count moves between the workers that accept, beside a system call each time.
 */
#ifndef WEFT_IO_LABEL_H
#define WEFT_IO_LABEL_H

#include <stdint.h>

#include "base/atomic.h"

struct weft__label {
    _Atomic uint32_t refs; /* 0: it lives for ever */
    char text[64];
};

/* A static one, of the library's. */
#define WEFT__LABEL(name) {0, name}

/* A reference to a label with as much of the name as there is room for; without a name, to `otherwise`. NULL: no memory. */
struct weft__label *weft__label_of(const char *name, struct weft__label *otherwise);
struct weft__label *weft__label_ref(struct weft__label *label);
void weft__label_unref(struct weft__label *label);

#endif
