/* SPDX-License-Identifier: MIT */
/* Arguments, rounds, and the object that is printed. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "lib/harness.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/meter.h"

enum { ROUNDS_MAX = 1000 };

struct round {
    double value;
    double p99;
    struct meter_reading used;
};

struct options {
    long rounds;
    long warm;
};

/* --- arguments -------------------------------------------------------------------------------------------------------
 */

/* The text behind NAME=, or NULL. It is struck out, so that what is left at the end was not understood. */
static const char *argument_take(struct bench *bench, const char *name)
{
    const size_t length = strlen(name);
    for (char **each = bench->arguments; *each && each != bench->rest; each++)
        if (strncmp(*each, name, length) == 0 && (*each)[length] == '=') {
            const char *text = *each + length + 1;
            *each = *each + strlen(*each);
            return text;
        }
    return NULL;
}

static long argument_number(struct bench *bench, const char *name, long otherwise, long min)
{
    const char *text = argument_take(bench, name);
    if (!text)
        return otherwise;
    char *end;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < min) {
        fprintf(stderr, "%s: %s=%s: give a whole number from %ld on\n", bench->line->name, name, text, min);
        exit(2);
    }
    return value;
}

long bench_param(struct bench *bench, const char *name, long otherwise)
{
    const long value = argument_number(bench, name, otherwise, 0);
    if (bench->param_count < BENCH_PARAMS_MAX) {
        bench->params[bench->param_count].name = name;
        bench->params[bench->param_count++].value = value;
    }
    return value;
}

/* Keep the process, and every thread it will start, on the processors listed. */
static void argument_pin(struct bench *bench)
{
    const char *text = argument_take(bench, "pin");
    if (!text)
        return;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *at = text; *at != '\0';) {
        char *end;
        const long cpu = strtol(at, &end, 10);
        if (end == at || cpu < 0 || cpu >= CPU_SETSIZE || (*end != '\0' && *end != ',')) {
            fprintf(stderr, "pin=%s: give processors like 0 or 0,1\n", text);
            exit(2);
        }
        CPU_SET((size_t)cpu, &set);
        at = *end == ',' ? end + 1 : end;
    }
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        fprintf(stderr, "pin=%s: this process may not run there\n", text);
        exit(2);
    }
}

/* What comes after "--" is the line's alone. */
static void arguments_split(struct bench *bench)
{
    for (bench->rest = bench->arguments; *bench->rest; bench->rest++)
        if (strcmp(*bench->rest, "--") == 0) {
            *bench->rest++ = (char *)"";
            break;
        }
}

static void arguments_check(const struct bench *bench)
{
    for (char **each = bench->arguments; *each && each != bench->rest; each++)
        if (**each != '\0') {
            fprintf(stderr, "%s: '%s' is no parameter of this line\n", bench->line->name, *each);
            exit(2);
        }
}

/* --- figures ---------------------------------------------------------------------------------------------------------
 */

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int compare_integers(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void bench_take_samples(struct bench *bench, int64_t *samples, size_t count, double divisor)
{
    qsort(samples, count, sizeof *samples, compare_integers);
    bench->value = (double)samples[count / 2] / divisor;
    bench->p99 = (double)samples[count * 99 / 100] / divisor;
}

/* The share `part` of sorted values. */
static double sorted_at(const double *sorted, long count, double part)
{
    const long place = (long)(part * (double)count);
    return sorted[place < count ? place : count - 1];
}

enum figure { FIGURE_VALUE, FIGURE_P99, FIGURE_CPU, FIGURE_FOREIGN, FIGURE_SWITCHES, FIGURE_INSTRUCTIONS };

static double round_figure(const struct round *round, enum figure figure, long ops)
{
    const double n = (double)ops;
    switch (figure) {
    case FIGURE_VALUE:
        return round->value;
    case FIGURE_P99:
        return round->p99;
    case FIGURE_CPU:
        return (double)round->used.cpu_ns / n;
    case FIGURE_FOREIGN:
        return round->used.foreign;
    case FIGURE_SWITCHES:
        return (double)round->used.switches / n;
    case FIGURE_INSTRUCTIONS:
        return (double)round->used.instructions / n;
    }
    return 0;
}

static void sort_figures(double *out, const struct round *rounds, long count, enum figure figure, long ops)
{
    for (long i = 0; i < count; i++)
        out[i] = round_figure(&rounds[i], figure, ops);
    qsort(out, (size_t)count, sizeof *out, compare_doubles);
}

static double median_of(const struct round *rounds, long count, enum figure figure, long ops)
{
    double sorted[ROUNDS_MAX];
    sort_figures(sorted, rounds, count, figure, ops);
    return sorted[count / 2];
}

static void print_instructions(int64_t instructions, double per_op)
{
    if (instructions < 0)
        printf(",\"instructions\":null");
    else
        printf(",\"instructions\":%.1f", per_op);
}

static void print_round(const struct round *round, long ops)
{
    printf("{\"value\":%.3f,\"p99\":%.3f,\"cpu\":%.3f,\"foreign\":%.3f,\"switches\":%.6f", round->value, round->p99,
           round_figure(round, FIGURE_CPU, ops), round->used.foreign, round_figure(round, FIGURE_SWITCHES, ops));
    print_instructions(round->used.instructions, round_figure(round, FIGURE_INSTRUCTIONS, ops));
    printf("}");
}

/* One line of JSON. Of a line that samples by itself p99 is the median of the rounds' p99. */
static void print_result(const struct bench *bench, const struct round *rounds, long count)
{
    double sorted[ROUNDS_MAX];
    sort_figures(sorted, rounds, count, FIGURE_VALUE, bench->ops);
    const double median = sorted[count / 2];
    const double own_p99 = median_of(rounds, count, FIGURE_P99, bench->ops);
    printf(
        "{\"line\":\"%s\",\"peer\":\"%s\",\"version\":\"%s\",\"unit\":\"%s\",\"workers\":%ld,\"ops\":%ld,\"params\":{",
        bench->line->name, bench->peer, bench->version, bench->line->unit, bench->workers, bench->ops);
    for (int i = 0; i < bench->param_count; i++)
        printf("%s\"%s\":%ld", i > 0 ? "," : "", bench->params[i].name, bench->params[i].value);
    printf("},\"median\":%.3f,\"min\":%.3f,\"p99\":%.3f,\"spread\":%.4f", median, sorted[0],
           own_p99 > 0 ? own_p99 : sorted_at(sorted, count, 0.99),
           median > 0 ? (sorted_at(sorted, count, 0.75) - sorted_at(sorted, count, 0.25)) / median : 0);
    printf(",\"cpu\":%.3f,\"foreign\":%.3f,\"switches\":%.6f", median_of(rounds, count, FIGURE_CPU, bench->ops),
           median_of(rounds, count, FIGURE_FOREIGN, bench->ops), median_of(rounds, count, FIGURE_SWITCHES, bench->ops));
    print_instructions(rounds[0].used.instructions, median_of(rounds, count, FIGURE_INSTRUCTIONS, bench->ops));
    printf(",\"rounds\":[");
    for (long i = 0; i < count; i++) {
        printf("%s", i > 0 ? "," : "");
        print_round(&rounds[i], bench->ops);
    }
    printf("]}\n");
}

/* --- rounds ----------------------------------------------------------------------------------------------------------
 */

static int round_run(struct bench *bench, struct meter *meter, struct round *out)
{
    bench->value = bench->p99 = 0;
    meter_start(meter, bench->process);
    const int failed = bench->line->round(bench);
    meter_stop(meter, &out->used);
    out->value = bench->value > 0 ? bench->value : (double)out->used.wall_ns / (double)bench->ops;
    out->p99 = bench->p99;
    if (failed)
        fprintf(stderr, "%s: the round failed: %d\n", bench->line->name, failed);
    return failed;
}

static int rounds_run(struct bench *bench, struct meter *meter, const struct options *options, struct round *out)
{
    struct round ignored;
    for (long i = 0; i < options->warm; i++)
        if (round_run(bench, meter, &ignored) != 0)
            return 1;
    for (long i = 0; i < options->rounds; i++)
        if (round_run(bench, meter, &out[i]) != 0)
            return 1;
    return 0;
}

int bench_main(int argc, char **argv, const char *peer, const char *version, const struct bench_line *line)
{
    static struct round rounds[ROUNDS_MAX];
    struct bench bench = {.line = line, .arguments = argv + (argc > 0), .peer = peer, .version = version};
    struct options options;
    struct meter meter;
    arguments_split(&bench);
    bench.ops = argument_number(&bench, "ops", line->ops, 1);
    bench.workers = argument_number(&bench, "workers", 2, 1);
    options.rounds = argument_number(&bench, "rounds", line->once ? 1 : 7, 1);
    options.warm = argument_number(&bench, "warm", line->once ? 0 : 1, 0);
    if (options.rounds > ROUNDS_MAX)
        options.rounds = ROUNDS_MAX;
    argument_pin(&bench);
    meter_init(&meter); /* before there are threads: their instructions count, too */
    if (line->begin && line->begin(&bench) != 0) {
        fprintf(stderr, "%s: it does not begin\n", line->name);
        return 1;
    }
    arguments_check(&bench);
    const int failed = line->serve ? line->serve(&bench) : rounds_run(&bench, &meter, &options, rounds);
    if (!failed && !line->serve)
        print_result(&bench, rounds, options.rounds);
    if (line->end)
        line->end(&bench);
    meter_fini(&meter);
    return failed;
}

int bench_main_of(int argc, char **argv, const char *peer, const char *version, const struct bench_line *lines,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (argc < 2 || strcmp(argv[1], "lines") == 0)
            printf("%s\n", lines[i].name);
        else if (strcmp(argv[1], lines[i].name) == 0)
            return bench_main(argc - 1, argv + 1, peer, version, &lines[i]);
    }
    if (argc < 2 || strcmp(argv[1], "lines") == 0)
        return 0;
    fprintf(stderr, "%s: there is no line '%s'\n", peer, argv[1]);
    return 2;
}

void bench_say_port(const struct bench *bench, unsigned port)
{
    printf("{\"peer\":\"%s\",\"version\":\"%s\",\"port\":%u}\n", bench->peer, bench->version, port);
    fflush(stdout);
}

/* --- work ------------------------------------------------------------------------------------------------------------
 */

__attribute__((noinline)) uint64_t bench_work(uint64_t turns)
{
    uint64_t x = turns | 1;
    for (uint64_t i = 0; i < turns; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        __asm__ volatile("" : "+r"(x)); /* the loop is not to be folded */
    }
    return x;
}

uint64_t bench_work_turns(int64_t ns)
{
    enum { TURNS = 100000, TRIES = 40 };
    int64_t best = INT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        const int64_t begin = bench_now();
        bench_work(TURNS);
        const int64_t took = bench_now() - begin;
        best = took < best ? took : best;
    }
    return (uint64_t)ns * TURNS / (uint64_t)(best > 0 ? best : 1);
}

uint64_t bench_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

long bench_fib_calls(long n)
{
    return n < 2 ? 0 : 1 + bench_fib_calls(n - 1) + bench_fib_calls(n - 2);
}
