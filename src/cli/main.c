/* SPDX-License-Identifier: MIT */
/* The program `weft`: a row per command, a folder per command. */
#include <stdio.h>
#include <string.h>
#include <weft/version.h>

#include "cli/command.h"
#include "cli/trace/trace.h"

static const struct command commands[] = {
    {"trace", "COMMAND …", "read a recording that LTTng made of a program", trace_run},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("weft %s\n", WEFT_VERSION);
        return 0;
    }
    int code = command_run("weft", commands, argc, argv);
    if (fflush(stdout) || ferror(stdout)) /* a full disk; `| head` ends us by SIGPIPE before */
        return code ? code : COMMAND_FAILED;
    return code;
}
