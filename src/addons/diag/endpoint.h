/* SPDX-License-Identifier: MIT */
/* The sockets that are listened on: where, with which rights, and whose they are. */
#ifndef WEFT_DIAG_ENDPOINT_H
#define WEFT_DIAG_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct weft__diag_endpoint {
    int fd;         /* -1: none */
    char path[108]; /* of a Unix socket; "": a TCP one */
    dev_t device;   /* of the file at the path, so that only our own is removed */
    ino_t inode;
    int port;
};

/*
 * Listen at a path; NULL: the default one, whose folder is made. A socket there that nobody answers and that is ours is
 * replaced. 0, or a refusal of weft_diag_start(); nothing is left behind then.
 */
int weft__diag_listen_unix(const char *path, struct weft__diag_endpoint *out);

/* Listen on the loopback. Port 0: any. */
int weft__diag_listen_tcp(const char *address, int port, struct weft__diag_endpoint *out);

/* Close it, and remove the file if it is the one that was made. */
void weft__diag_unlisten(struct weft__diag_endpoint *endpoint);

/* Whether the process at the other end of a Unix connection may ask: our user, or root. */
bool weft__diag_peer_allowed(int fd);

#endif
