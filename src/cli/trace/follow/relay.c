/* SPDX-License-Identifier: MIT */
/* See relay.h. */
#include "cli/trace/follow/relay.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAY_DEFAULT_PORT "5344" /* of LTTng, for viewers */

/* "HOST", "HOST:PORT", "[::1]:PORT": up to the slash. */
static int relay_take_host(struct relay *relay, const char *at, size_t length)
{
    const bool bracket = length && at[0] == '[';
    const char *end = bracket ? memchr(at, ']', length) : memchr(at, ':', length);
    const char *host = at + bracket;
    const size_t host_length = end ? (size_t)(end - host) : length - bracket;
    const char *port = end ? end + bracket : at + length;
    const size_t port_length = length - (size_t)(port - at);
    if (!host_length || host_length >= RELAY_HOST || (bracket && !end) || port_length == 1 ||
        (port_length && (port[0] != ':' || port_length - 1 >= RELAY_PORT)))
        return -1;
    snprintf(relay->host, sizeof relay->host, "%.*s", (int)host_length, host);
    snprintf(relay->port, sizeof relay->port, "%.*s", port_length ? (int)port_length - 1 : 4,
             port_length ? port + 1 : RELAY_DEFAULT_PORT);
    return 0;
}

static int relay_parse_url(struct relay *relay, const char *word)
{
    const char *scheme = strstr(word, "://");
    const char *host = scheme ? scheme + 3 : word;
    const size_t length = strcspn(host, "/");
    if (snprintf(relay->url, sizeof relay->url, "%s", word) >= RELAY_URL || relay_take_host(relay, host, length) ||
        strncmp(host + length, "/host/", 6) != 0)
        return -1;
    relay->session = strrchr(relay->url, '/') + 1;
    const char *name = strchr(host + length + 6, '/');
    return name && name > host + length + 6 && !strchr(name + 1, '/') && relay->session[0] ? 0 : -1;
}

int relay_parse(struct relay *relay, const char *word, char *text, size_t size)
{
    char name[RELAY_HOST] = "", url[2 * RELAY_URL];
    const bool own = !strchr(word, '/');
    *relay = (struct relay){0};
    if (own) {
        (void)gethostname(name, sizeof name - 1);
        snprintf(url, sizeof url, "net://localhost/host/%s/%s", name, word);
    }
    if (!relay_parse_url(relay, own ? url : word))
        return 0;
    snprintf(text, size,
             "'%.200s' is no live session: name one of this machine, or net://HOST[:PORT]/host/NAME/SESSION", word);
    return -1;
}

int relay_check(const struct relay *relay, char *text, size_t size)
{
    struct addrinfo *all = NULL;
    const int wrong = getaddrinfo(relay->host, relay->port, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &all);
    int error = 0;
    bool answers = false;
    for (const struct addrinfo *at = all; at && !answers; at = at->ai_next) {
        const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        answers = fd >= 0 && !connect(fd, at->ai_addr, at->ai_addrlen);
        error = errno;
        if (fd >= 0)
            close(fd);
    }
    if (all)
        freeaddrinfo(all);
    if (answers)
        return 0;
    snprintf(
        text, size,
        "no relay daemon answers at %s, port %s (%s): start one with `lttng-relayd --daemonize`, and a session that "
        "it serves with `lttng create %s --live`",
        relay->host, relay->port, wrong ? gai_strerror(wrong) : strerror(error), relay->session);
    return -1;
}
