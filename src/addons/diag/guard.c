/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool weft__diag_guard_token(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *given = authorization + sizeof scheme - 1;
    const size_t length = strlen(token), given_length = strlen(given);
    /* Every byte of what was given is looked at, whatever the others were; its length is no secret, the token's is none. */
    volatile unsigned char differs = given_length != length;
    for (size_t i = 0; i < given_length; i++)
        differs |= (unsigned char)given[i] ^ (unsigned char)token[i % length];
    return differs == 0;
}

bool weft__diag_guard_host(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++) {
        const size_t length = strlen(names[i]);
        if (strncasecmp(host, names[i], length) != 0)
            continue;
        const char *port = host + length;
        if (*port == '\0' || (*port == ':' && port[1] != '\0' && port[1 + strspn(port + 1, "0123456789")] == '\0'))
            return true;
    }
    return false;
}

bool weft__diag_guard_origin(const char *origin, const char *fetch_site, const char *host)
{
    static const char scheme[] = "http://";
    if (fetch_site && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0)
        return false;
    return !origin || (host && strncmp(origin, scheme, sizeof scheme - 1) == 0 && strcasecmp(origin + sizeof scheme - 1, host) == 0);
}
