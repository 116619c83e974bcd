/* SPDX-License-Identifier: MIT */
/*
 * Who may ask over TCP. The token keeps other users of the machine out. Host, Origin and Sec-Fetch-Site keep pages of
 * other places out, which the user's own browser has open: a name that points at 127.0.0.1 (DNS rebinding) is no name of
 * ours, and a request that another page causes says so.
 */
#ifndef WEFT_DIAG_GUARD_H
#define WEFT_DIAG_GUARD_H

#include <stdbool.h>

/* Whether "Bearer TOKEN" is the token, in a time that does not depend on where they differ. NULL is none. */
bool weft__diag_guard_token(const char *authorization, const char *token);

/* Whether a Host is the loopback by one of its names, with or without a port. */
bool weft__diag_guard_host(const char *host);

/* Whether the request comes from no page, or from one of this host. NULL: the header is not there. */
bool weft__diag_guard_origin(const char *origin, const char *fetch_site, const char *host);

#endif
