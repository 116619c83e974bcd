/* SPDX-License-Identifier: MIT */
/* Looking a command up in its table, and the help that follows from it. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void command_help(FILE *out, const char *program, const struct command *table)
{
    fprintf(out, "usage: %s COMMAND [ARGUMENTS]\n\n", program);
    for (const struct command *c = table; c->name; c++)
        fprintf(out, "  %s %s\n        %s\n", c->name, c->arguments, c->summary);
}

static bool command_asks_for_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* It looks its first argument up in a table of its own, by command_run(). */
static bool command_has_commands(const struct command *command)
{
    return !strncmp(command->arguments, "COMMAND", strlen("COMMAND"));
}

static int command_begin(const char *program, const struct command *command, int argc, char **argv)
{
    const bool asks = argc > 1 && argv[1][0] == '-' && command_asks_for_help(argv[1]);
    if (!asks || !command->arguments[0] || command_has_commands(command)) /* without any, it is not in this program, and says so */
        return command->run(argc, argv);
    printf("usage: %s %s %s\n        %s\n", program, command->name, command->arguments, command->summary);
    return 0;
}

int command_run(const char *program, const struct command *table, int argc, char **argv)
{
    char help[] = "--help";
    const char *name = argc > 1 ? argv[1] : "";
    const bool asks = command_asks_for_help(name);
    if (asks && argc > 2 && !command_asks_for_help(argv[2])) { /* "help trace record" is "trace help record", and "help record" is "record --help" */
        argv[1] = argv[2];
        argv[2] = argc > 3 ? "help" : help;
        return command_run(program, table, argc, argv);
    }
    if (asks) {
        command_help(stdout, program, table);
        return 0;
    }
    for (const struct command *c = table; c->name; c++)
        if (!strcmp(name, c->name))
            return command_begin(program, c, argc - 1, argv + 1);
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
