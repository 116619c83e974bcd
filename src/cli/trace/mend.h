/* SPDX-License-Identifier: MIT */
/*
 * A recording that was cut off: a full disk, a crash, a copy that was not finished leave a stream file that ends in the
 * middle of a packet, and readers of CTF refuse the whole trace for it. Here a copy of the trace is made in which each
 * such file ends with its last whole packet; files that are whole are linked, not copied. An index is left out: it may
 * say what is no longer so, or never was. The copy goes away with the
 * process that made it, however that ends: a process of its own waits for it.
 */
#ifndef WEFT_CLI_TRACE_MEND_H
#define WEFT_CLI_TRACE_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mend {
    char *folder;      /* the mended trace, to be removed by mend_fini(); NULL: none */
    bool index;        /* there was an index */
    size_t cut;        /* files that ended in the middle of a packet */
    uint64_t lost;     /* bytes of them that are left out */
    uint64_t until_ns; /* until then all of them are whole, of the trace's clock; UINT64_MAX: none was cut */
    char name[256];    /* one of them */
    pid_t keeper;      /* who removes the folder if nobody else does */
    int alive;         /* open as long as this process lives */
};

/*
 * How many bytes of a stream file are whole packets, as LTTng 2 writes them on a machine of this byte order; 0: none,
 * or it is no such file. `out_end_ns`: when the last of them was closed, 0 without one.
 */
uint64_t mend_whole_bytes(int fd, uint64_t size, uint64_t *out_end_ns);

/* 0: there is something to mend, and it was. -1: there is not, or it cannot be (errno). */
int mend_trace(struct mend *mend, const char *path);
void mend_fini(struct mend *mend);

#endif
