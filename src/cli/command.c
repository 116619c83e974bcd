/* SPDX-License-Identifier: MIT */
/* Looking a command up in its table, and the help that follows from it. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void command_help(FILE *out, const char *program, const struct command *table)
{
    fprintf(out, "usage: %s COMMAND [ARGUMENTS]\n\n", program);
    for (const struct command *c = table; c->name; c++)
        fprintf(out, "  %s %s\n        %s\n", c->name, c->arguments, c->summary);
}

int command_run(const char *program, const struct command *table, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        command_help(stdout, program, table);
        return 0;
    }
    for (const struct command *c = table; c->name; c++)
        if (!strcmp(name, c->name))
            return c->run(argc - 1, argv + 1);
    if (name[0])
        fprintf(stderr, "%s: there is no command '%s'\n\n", program, name);
    command_help(stderr, program, table);
    return COMMAND_MISUSED;
}

int command_misused(const char *program, const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s %s: ", program, command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nusage: %s %s %s\n", program, command->name, command->arguments);
    va_end(arguments);
    return COMMAND_MISUSED;
}
