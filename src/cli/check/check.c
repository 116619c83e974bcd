/* SPDX-License-Identifier: MIT */
/* `weft check`: every error of configuration files, one a line, as compilers print them. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weft/config.h>

#include "cli/command.h"

static void check_print(void *context, const weft_config_problem *problem)
{
    (void)context;
    printf("%s:", problem->file);
    if (problem->line)
        printf("%u:%u:", problem->line, problem->column);
    printf(" %s%s%s\n", problem->key, *problem->key ? ": " : "", problem->text);
}

/* What cannot even be read has no line. */
static int check_unreadable(const char *path)
{
    const char *detail = weft_error_detail();
    const char *why = strstr(detail, ": ");
    fprintf(stderr, "weft check: %s\n", why ? why + 2 : path);
    return COMMAND_FAILED;
}

static int check_file(const char *path, const weft_config_options *options)
{
    weft_config *cfg;
    const int error = weft_config_load(&cfg, path, options);
    if (error < 0)
        return error == WEFT_EINVAL ? COMMAND_FAILED : check_unreadable(path);
    weft_config_destroy(cfg);
    return 0;
}

static int check_run(int argc, char **argv);

const struct command command_check = {
    "check",
    "[--env NAME] [--variables PREFIX] FILE…",
    "errors of configuration files, as file:line:column; exit code 1 if there are any",
    check_run,
};

static int check_run(int argc, char **argv)
{
    weft_config_options options = {.size = sizeof options, .environment = "", .report = check_print};
    int files = 0, code = 0;
    for (int i = 1; i < argc; i++) {
        const bool takes = !strcmp(argv[i], "--env") || !strcmp(argv[i], "--variables");
        if (takes && i + 1 == argc)
            return command_misused("weft", &command_check, "%s of what?", argv[i]);
        if (!strcmp(argv[i], "--env")) {
            options.environment = argv[++i];
        } else if (!strcmp(argv[i], "--variables")) {
            options.variables = argv[++i];
        } else if (argv[i][0] == '-') {
            return command_misused("weft", &command_check, "what is '%s'?", argv[i]);
        } else {
            files++;
            if (check_file(argv[i], &options))
                code = COMMAND_FAILED;
        }
    }
    return files ? code : command_misused("weft", &command_check, "of which file?");
}
