/* SPDX-License-Identifier: MIT */
/*
 * `weft page`: the page of a process in a browser. A browser does not speak to Unix sockets, so while this runs it has a door
 * on the loopback, whose token is in the address that is printed. (A browser is not started with it: whoever lists processes
 * would read the token in its arguments.)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/live/target.h"
#include "cli/page/relay.h"

static int page_run(int argc, char **argv);

const struct command command_page = {
    "page",
    "[--port N] [PID | SOCKET]",
    "what lives in a process, in a browser: prints the address to open, and serves until it is ended",
    page_run,
};

static volatile sig_atomic_t page_ended;

static void page_end(int signal)
{
    (void)signal;
    page_ended = 1;
}

/* 0, or the exit code. */
static int page_options(int argc, char **argv, unsigned *port, const char **word)
{
    for (int i = 1; i < argc; i++) {
        char *end = "";
        if (!strcmp(argv[i], "--port")) {
            const long number = i + 1 < argc ? strtol(argv[++i], &end, 10) : 0;
            if (*end || number < 1 || number > 65535)
                return command_misused("weft", &command_page, "a port is 1 to 65535");
            *port = (unsigned)number;
        } else if (argv[i][0] == '-' || *word) {
            return command_misused("weft", &command_page, "what is '%s'?", argv[i]);
        } else {
            *word = argv[i];
        }
    }
    return 0;
}

/* Signals that end it are let in while it sleeps, and at no other time: none is missed in between. */
static void page_signals(sigset_t *asleep)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = page_end};
    sigset_t ending;
    sigemptyset(&ending);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaddset(&ending, signals[i]);
        sigaction(signals[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &ending, asleep);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigdelset(asleep, signals[i]);
}

static int page_serve(struct relay *relay, const struct door *door, const struct target *target)
{
    sigset_t asleep;
    page_signals(&asleep);
    printf("http://127.0.0.1:%u/#%s\n", door->port, door->token);
    if (fflush(stdout) != 0)
        return COMMAND_FAILED;
    fprintf(stderr, "weft page: %s; open the address in a browser of this machine, end with ctrl-C\n", target->socket);
    if (relay_run(relay, &page_ended, &asleep))
        return 0;
    fprintf(stderr, "weft page: %s\n", strerror(errno));
    return COMMAND_FAILED;
}

/* What cannot be asked is said at once. */
static int page_answers(const struct target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", target->socket);
    const int connected = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (!connected)
        fprintf(stderr, "weft page: %s: %s\n", target->socket, strerror(errno));
    if (fd >= 0)
        close(fd);
    return connected;
}

static int page_run(int argc, char **argv)
{
    struct door door = {.port = 0};
    struct target target;
    const char *word = NULL;
    const int wrong = page_options(argc, argv, &door.port, &word);
    if (wrong)
        return wrong;
    if (word && strncmp(word, "http://", 7) == 0) {
        fprintf(stderr, "weft page: a browser reaches it by itself: open %s%s#TOKEN\n", word, word[strlen(word) - 1] == '/' ? "" : "/");
        return COMMAND_MISUSED;
    }
    if (!target_find(&target, word)) {
        fprintf(stderr, "weft page: %s\n", target.says);
        return COMMAND_FAILED;
    }
    if (!page_answers(&target))
        return COMMAND_FAILED;
    if (!door_token(&door)) {
        fprintf(stderr, "weft page: no token: %s\n", strerror(errno));
        return COMMAND_FAILED;
    }
    struct relay *relay = relay_open(&door, target.socket);
    if (!relay) {
        fprintf(stderr, "weft page: 127.0.0.1:%u: %s\n", door.port, strerror(errno));
        return COMMAND_FAILED;
    }
    const int code = page_serve(relay, &door, &target);
    relay_close(relay);
    return code;
}
