/* SPDX-License-Identifier: MIT */
/*
 * Whose recv() and send() are: of which file of this process the addresses are that the linker has bound here. So a definition in the
 * program counts as well as a preloaded library. What cannot be told counts as somebody's: a static program, where libc lies in the
 * file that this lies in, and the stub of a program that is not position-independent. Whoever patches libc's own code in place is not
 * noticed; he patches the system's entry, too, or has seen nothing of other libraries that call the system.
 */
#define _GNU_SOURCE
#include "io/direct.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <string.h>

bool weft__direct;

static const char direct_here; /* lies in the same file as the code */

/* Where the file of this address begins; NULL: nobody knows. */
static const void *direct_file_of(const void *address)
{
    Dl_info found;
    return dladdr(address, &found) != 0 ? found.dli_fbase : NULL;
}

static void direct_look(void)
{
    ssize_t (*const receives)(int, void *, size_t, int) = recv;
    ssize_t (*const sends)(int, const void *, size_t, int) = send;
    const char *(*const libc)(void) = gnu_get_libc_version; /* which nobody has a reason to replace */
    const void *at[3];
    memcpy(&at[0], &receives, sizeof at[0]);
    memcpy(&at[1], &sends, sizeof at[1]);
    memcpy(&at[2], &libc, sizeof at[2]);
    const void *file = direct_file_of(at[2]);
    weft__direct = file && file != direct_file_of(&direct_here) && file == direct_file_of(at[0]) && file == direct_file_of(at[1]);
}

void weft__direct_find(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, direct_look);
}
