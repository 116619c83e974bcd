/* SPDX-License-Identifier: MIT */
/* Runs the program under test again and again, each time from the same initial state and with another seed, until it
 * fails, or the number of executions or the time is used up.
 *
 *   n=EXECUTIONS  t=SECONDS (of processor time)  from=SEED  seed=SEED (one execution)  trace=1 (its schedule)
 *   steps=LIMIT  sc  oom  goals=off
 *
 * The last line is "OK <n> executions ..." (exit 0) or "FAIL <what> seed N" (exit 1); exit 2 is a wrong option. State
 * is reset by copying back the initial contents of the sections model_data and model_bss, which build.sh makes of the
 * program's .data and .bss. */
#include "../model.h"
#include "chance.h"
#include "heap.h"
#include "memory.h"
#include "posix.h"
#include "report.h"
#include "scheduler.h"
#include "shadow.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern int model_program_main(int count, char **arguments); /* the program's main(), renamed */
#pragma weak model_goal_name /* a program need not name goals */
extern char __start_model_data[] __attribute__((weak));
extern char __stop_model_data[] __attribute__((weak));
extern char __start_model_bss[] __attribute__((weak));
extern char __stop_model_bss[] __attribute__((weak));

struct options {
    uint64_t executions;
    double seconds;
    uint64_t from;
    bool replay;
    bool goals;
};

static struct options main_options = {.executions = 0, .seconds = 0, .from = 1, .goals = true};
static char *main_data;
static char *main_bss;
static uint64_t main_goals[MODEL_GOALS];
static uint64_t main_executions;
static uint64_t main_steps;

/* --- what a harness calls --- */

unsigned model_choose(unsigned n)
{
    unsigned choice = chance_below(n);
    REPORT_TRACE((uintptr_t)__builtin_return_address(0), "chooses %u of %u", choice, n);
    return choice;
}

void model_assume(bool sane)
{
    if (!sane) {
        scheduler_abandon();
    }
}

void model_fail(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_fail("%s", text);
}

void model_note(const char *format, ...)
{
    if (report_tracing) {
        char text[256];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        report_trace(0, "note: %s", text);
    }
}

unsigned model_thread(void)
{
    return (unsigned)scheduler_current;
}

void model_data(const void *address, size_t size)
{
    shadow_mark_data(address, size);
}

void model_reach(unsigned goal)
{
    main_goals[goal < MODEL_GOALS ? goal : MODEL_GOALS - 1]++;
}

/* --- one execution --- */

static void main_reset_program(void)
{
    size_t data = (size_t)(__stop_model_data - __start_model_data);
    size_t bss = (size_t)(__stop_model_bss - __start_model_bss);
    if (!main_data) {
        main_data = malloc(data + 1);
        main_bss = malloc(bss + 1);
        memcpy(main_data, __start_model_data, data);
        memcpy(main_bss, __start_model_bss, bss);
        return;
    }
    memcpy(__start_model_data, main_data, data);
    memcpy(__start_model_bss, main_bss, bss);
}

static void *main_program(void *nothing)
{
    static char name[] = "model";
    char *arguments[] = {name, NULL};
    int status = model_program_main(1, arguments);
    if (status) {
        report_fail("main returned %d", status);
    }
    return nothing;
}

static void main_execute(uint64_t seed)
{
    report_seed = seed;
    chance_seed(seed);
    main_reset_program();
    shadow_reset();
    heap_reset();
    memory_reset();
    posix_reset();
    memory_begin_thread(0, -1);
    if (scheduler_run(main_program)) {
        heap_check_leaks();
    }
    main_steps += scheduler_steps;
}

/* Of this processor's time, so that a busy machine neither ends a run early nor makes a figure worse. */
static double main_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the seconds that it took. */
static double main_explore(void)
{
    double start = main_now();
    double elapsed = 0;
    for (;;) {
        main_execute(main_options.from + main_executions++);
        if (main_options.replay || main_executions == main_options.executions) {
            break;
        }
        if (main_options.seconds > 0 && main_executions % 128 == 0 && main_now() - start > main_options.seconds) {
            break;
        }
    }
    elapsed = main_now() - start;
    return elapsed > 0 ? elapsed : 1e-9;
}

static void main_check_goals(void)
{
    for (unsigned i = 0; model_goal_name && i < MODEL_GOALS && model_goal_name(i); i++) {
        if (!main_goals[i] && main_options.goals) {
            printf("FAIL goal never reached: %s seed %llu\n", model_goal_name(i),
                   (unsigned long long)main_options.from);
            exit(1);
        }
    }
}

/* --- the command line --- */

static void main_crash(int signal)
{
    report_fail("%s", signal == SIGSEGV  ? "SIGSEGV (bad pointer)"
                      : signal == SIGFPE ? "SIGFPE"
                      : signal == SIGILL ? "SIGILL (an index past the end of an array)" /* build.sh */
                                         : "CRASH");
}

static void main_catch_crashes(void)
{
    static char stack[256 * 1024];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternative, NULL);
    struct sigaction action = {.sa_handler = main_crash, .sa_flags = SA_ONSTACK};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], &action, NULL);
    }
}

static const char *main_value(const char *argument, const char *name)
{
    size_t n = strlen(name);
    return !strncmp(argument, name, n) && argument[n] == '=' ? argument + n + 1 : NULL;
}

static bool main_option(const char *argument)
{
    const char *v;
    if ((v = main_value(argument, "n"))) {
        main_options.executions = strtoull(v, NULL, 10);
    } else if ((v = main_value(argument, "t"))) {
        main_options.seconds = strtod(v, NULL);
    } else if ((v = main_value(argument, "from"))) {
        main_options.from = strtoull(v, NULL, 10);
    } else if ((v = main_value(argument, "seed"))) {
        main_options.from = strtoull(v, NULL, 10);
        main_options.replay = true;
    } else if ((v = main_value(argument, "steps"))) {
        scheduler_steps_max = strtoull(v, NULL, 10);
    } else if ((v = main_value(argument, "trace"))) {
        report_tracing = strtol(v, NULL, 10) != 0;
    } else if ((v = main_value(argument, "goals"))) {
        main_options.goals = strcmp(v, "off") != 0;
    } else if (!strcmp(argument, "sc")) {
        chance_sequential = true;
    } else if (!strcmp(argument, "oom")) {
        chance_oom = true;
    } else {
        return false;
    }
    return true;
}

/* What a replay must repeat. */
static const char *main_replay_command(const char *program)
{
    static char command[512];
    snprintf(command, sizeof command, "%s%s%s steps=%llu", program, chance_sequential ? " sc" : "",
             chance_oom ? " oom" : "", (unsigned long long)scheduler_steps_max);
    return command;
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (!main_option(arguments[i])) {
            fprintf(stderr, "%s: unknown option %s (n= t= from= seed= steps= trace=1 goals=off sc oom)\n", arguments[0],
                    arguments[i]);
            return 2;
        }
    }
    if (!main_options.executions && main_options.seconds <= 0) {
        main_options.seconds = 10;
    }
    report_tracing = report_tracing && main_options.replay;
    report_replay = main_replay_command(arguments[0]);
    main_catch_crashes();
    scheduler_init(shadow_init());
    heap_init(shadow_heap());
    memory_init();
    double seconds = main_explore();
    report_schedule();
    if (!main_options.replay) {
        main_check_goals();
    }
    printf("OK %llu executions %.1f s %.0f/s %.1f steps each seeds %llu to %llu\n", (unsigned long long)main_executions,
           seconds, (double)main_executions / seconds, (double)main_steps / (double)main_executions,
           (unsigned long long)main_options.from, (unsigned long long)(main_options.from + main_executions - 1));
    return 0;
}
