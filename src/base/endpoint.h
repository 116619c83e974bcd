/* SPDX-License-Identifier: MIT */
/*
 * Where a process is reached that nobody told where: a folder of its user's, and a socket with its number in it. Said
 * once, for the side that listens and the side that calls.
 *
 *     $XDG_RUNTIME_DIR/weft/<pid>.sock     or, where there is none,     /tmp/weft-<uid>/<pid>.sock
 *
 * A program that was given rights by its file (setuid) does not listen to its environment.
 */
#ifndef WEFT_BASE_ENDPOINT_H
#define WEFT_BASE_ENDPOINT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/types.h>
#include <unistd.h>

/* The folder; its length, as of snprintf(). */
static inline int weft__endpoint_folder(char *out, size_t room)
{
    const char *folder = getauxval(AT_SECURE) == 0 ? getenv("XDG_RUNTIME_DIR") : NULL;
    if (folder && folder[0] == '/')
        return snprintf(out, room, "%s/weft", folder);
    return snprintf(out, room, "/tmp/weft-%u", (unsigned)geteuid());
}

/* The socket of a process; its length, as of snprintf(). */
static inline int weft__endpoint_path(pid_t process, char *out, size_t room)
{
    char folder[4096];
    weft__endpoint_folder(folder, sizeof folder);
    return snprintf(out, room, "%s/%d.sock", folder, (int)process);
}

#endif
