/* SPDX-License-Identifier: MIT */
/* A command of the program `weft`: a row of a table. A command with subcommands has a table of its own. */
#ifndef WEFT_CLI_COMMAND_H
#define WEFT_CLI_COMMAND_H

enum { COMMAND_FAILED = 1, COMMAND_MISUSED = 2 }; /* exit codes; 0: done */

struct command {
    const char *name;
    const char *arguments; /* as the help prints them */
    const char *summary;   /* one line of the help */
    /* argv[0] is the command's own name. Returns the exit code. */
    int (*run)(int argc, char **argv);
};

/*
 * Run the command that argv[1] names; `table` ends with a row of NULLs. Prints the help when asked, of all or of one
 * ("help record", "record --help"), or when lost. Arguments that begin with COMMAND say that it has a table of its own.
 */
int command_run(const char *program, const struct command *table, int argc, char **argv);

/* "weft trace summary: <sentence>" and how to use it, on stderr; `program` is "weft trace". Returns COMMAND_MISUSED. */
int command_misused(const char *program, const struct command *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
