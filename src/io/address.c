/* SPDX-License-Identifier: MIT */
/* Addresses as text, and back. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <weft/error.h>
#include <weft/net.h>

#include "base/error.h"

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof(((weft_address *)0)->sockaddr), "any address fits");

static struct sockaddr *address_sockaddr(weft_address *address)
{
    return (struct sockaddr *)(void *)address->sockaddr.bytes;
}

static int address_wrong(const char *text, const char *why)
{
    return weft__refuse(WEFT_EINVAL, "weft_address_parse: '%.100s': %s: give \"1.2.3.4:80\", \"[::1]:80\", \":80\", "
                                     "\"unix:/path\" or \"unix:@name\"",
                        text, why);
}

static int address_parse_unix(const char *text, const char *path, weft_address *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)(void *)out->sockaddr.bytes;
    const size_t length = strlen(path);
    const bool abstract = path[0] == '@';
    if (length == 0)
        return address_wrong(text, "no path");
    if (length >= sizeof un->sun_path)
        return address_wrong(text, "a path of more than 107 bytes");
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length);
    if (abstract)
        un->sun_path[0] = '\0';
    out->length = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
    return 0;
}

/* The port behind the last colon; -1: there is none. */
static long address_parse_port(const char *colon)
{
    if (colon[1] < '0' || colon[1] > '9')
        return -1;
    char *end;
    const long port = strtol(colon + 1, &end, 10);
    return *end == '\0' && port <= 65535 ? port : -1;
}

/* "%eth0" or "%2" behind a link's own address: which of the machine's interfaces. 0: there is none of this name. */
static uint32_t address_parse_scope(const char *scope)
{
    if (scope[0] < '0' || scope[0] > '9')
        return if_nametoindex(scope);
    char *end;
    const unsigned long index = strtoul(scope, &end, 10);
    return *end == '\0' && index <= UINT32_MAX ? (uint32_t)index : 0;
}

static int address_parse_inet6(const char *text, char *host, long port, weft_address *out)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out->sockaddr.bytes;
    char *percent = strchr(host, '%');
    if (percent) {
        *percent = '\0';
        in6->sin6_scope_id = address_parse_scope(percent + 1);
        if (in6->sin6_scope_id == 0)
            return address_wrong(text, "no interface of this machine behind '%'");
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    out->length = sizeof *in6;
    return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? 0 : address_wrong(text, "not an IPv6 address");
}

static int address_parse_inet(const char *text, const char *host, long port, weft_address *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)out->sockaddr.bytes;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    out->length = sizeof *in;
    if (host[0] == '\0')
        return 0; /* any */
    return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? 0 : address_wrong(text, "not an IPv4 address; a name is looked up "
                                                                                  "by weft_resolve()");
}

int weft_address_parse(const char *text, weft_address *out_address)
{
    if (!text || !out_address)
        return weft__refuse(WEFT_EINVAL, "weft_address_parse: give a text, and a place for the address");
    weft_address address = {0};
    int error;
    if (strncmp(text, "unix:", 5) == 0) {
        error = address_parse_unix(text, text + 5, &address);
    } else {
        char host[64];
        const char *colon = strrchr(text, ':');
        const long port = colon ? address_parse_port(colon) : -1;
        if (port < 0)
            return address_wrong(text, "no port from 0 to 65535");
        size_t length = (size_t)(colon - text);
        if (text[0] == '[') {
            if (length < 2 || text[length - 1] != ']')
                return address_wrong(text, "no ']' before the port");
            length--; /* the bracket */
        }
        if (length >= sizeof host)
            return address_wrong(text, "too long");
        memcpy(host, text, length);
        host[length] = '\0';
        error = host[0] == '[' ? address_parse_inet6(text, host + 1, port, &address)
                               : address_parse_inet(text, host, port, &address);
    }
    if (error == 0)
        *out_address = address;
    return error;
}

static int address_text_unix(const weft_address *address, char *text, size_t text_size)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)address->sockaddr.bytes;
    const size_t length = address->length - offsetof(struct sockaddr_un, sun_path);
    if (address->length <= offsetof(struct sockaddr_un, sun_path))
        return snprintf(text, text_size, "unix:");
    if (un->sun_path[0] == '\0')
        return snprintf(text, text_size, "unix:@%.*s", (int)length - 1, un->sun_path + 1);
    return snprintf(text, text_size, "unix:%.*s", (int)length, un->sun_path);
}

int weft_address_text(const weft_address *address, char *text, size_t text_size)
{
    if (!address || !text || text_size == 0)
        return weft__refuse(WEFT_EINVAL, "weft_address_text: give an address, and a text with room");
    const struct sockaddr *any = address_sockaddr((weft_address *)(uintptr_t)address);
    char host[INET6_ADDRSTRLEN];
    switch (address->length >= sizeof any->sa_family ? any->sa_family : AF_UNSPEC) {
    case AF_UNIX:
        return address_text_unix(address, text, text_size);
    case AF_INET:
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)any)->sin_addr, host, sizeof host);
        return snprintf(text, text_size, "%s:%u", host, weft_address_port(address));
    case AF_INET6:
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)any)->sin6_addr, host, sizeof host);
        if (((const struct sockaddr_in6 *)(const void *)any)->sin6_scope_id != 0)
            return snprintf(text, text_size, "[%s%%%u]:%u", host, ((const struct sockaddr_in6 *)(const void *)any)->sin6_scope_id,
                            weft_address_port(address));
        return snprintf(text, text_size, "[%s]:%u", host, weft_address_port(address));
    default:
        text[0] = '\0';
        return weft__refuse(WEFT_EINVAL, "weft_address_text: not an address: parse one, or take one from a socket");
    }
}

uint16_t weft_address_port(const weft_address *address)
{
    if (!address || address->length < sizeof(struct sockaddr_in))
        return 0;
    const struct sockaddr *any = address_sockaddr((weft_address *)(uintptr_t)address);
    if (any->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)any)->sin_port);
    return any->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)any)->sin6_port) : 0;
}
