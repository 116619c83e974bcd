/* SPDX-License-Identifier: MIT */
/* The program `weft`: a folder per command, and of those the ones whose libraries were there (commands.def, by cmake). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weft/version.h>

#include "cli/command.h"

#define ABSENT(name, needs)
#define COMMAND(name) extern const struct command command_##name;
#include "commands.def"
#undef COMMAND
#undef ABSENT

#define COMMAND(name)
#define ABSENT(name, needs)                                                                                            \
    static int absent_##name(int argc, char **argv)                                                                    \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        fprintf(stderr, "weft %s: this program was built without it: it needs %s\n", argv[0], needs);                  \
        return COMMAND_FAILED;                                                                                         \
    }
#include "commands.def"
#undef COMMAND
#undef ABSENT

int main(int argc, char **argv)
{
    const struct command commands[] = {
#define COMMAND(name) command_##name,
#define ABSENT(name, needs) {#name, "", "not in this program: needs " needs, absent_##name},
#include "commands.def"
#undef COMMAND
#undef ABSENT
        {NULL, NULL, NULL, NULL},
    };
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("weft %s\n", WEFT_VERSION);
        return 0;
    }
    int code = command_run("weft", commands, argc, argv);
    const int error = fflush(stdout) ? errno : ferror(stdout) ? EIO : 0; /* a full disk; `| head` ends us by SIGPIPE before */
    if (!error || code)
        return code;
    fprintf(stderr, "weft: standard output: %s\n", strerror(error));
    return COMMAND_FAILED;
}
