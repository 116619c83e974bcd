/* SPDX-License-Identifier: MIT */
/*
 * Any text as a configuration: it is refused with a place, or taken, and then everything in it can be asked for and told. And
 * as a reload, over a configuration that works: it is in force whole, or not at all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <weft/config.h>
#include <weft/diag.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char works[] = "[channels.orders]\nbuffer_size = 7\n[app]\nword = 'old'\n";
static weft_config *kept;
static weft_runtime *rt;

#define FUZZ_REQUIRE(condition)                                                                                        \
    if (!(condition))                                                                                                  \
    abort()

static void problem_is_whole(void *context, const weft_config_problem *problem)
{
    ++*(unsigned *)context;
    FUZZ_REQUIRE(problem->file && problem->key && problem->text && *problem->text);
    for (const char *c = problem->text; *c; c++)
        FUZZ_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f); /* it goes to a terminal */
    for (const char *c = problem->key; *c; c++)
        FUZZ_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static int ask_for_channel(void *context, const char *name)
{
    weft_channel_options options = {.size = sizeof options, .capacity = 1};
    if (weft_config_channel(context, name, &options) >= 0)
        FUZZ_REQUIRE(options.capacity >= 1 && options.capacity <= WEFT_CHANNEL_CAPACITY_MAX && strcmp(options.name, name) == 0);
    return 0;
}

static int ask_for_runtime(void *context, const char *name)
{
    weft_runtime_options options = {.size = sizeof options};
    FUZZ_REQUIRE(weft_config_runtime(context, name, &options) >= 0);
    FUZZ_REQUIRE(options.worker_threads <= WEFT_WORKERS_MAX);
    return 0;
}

static int ask_for_value(void *context, const char *name)
{
    char key[64];
    const char *text;
    double number;
    if (strlen(name) < 40) {
        strcpy(stpcpy(key, "app."), name);
        if (weft_config_text(context, key, &text) == 1)
            FUZZ_REQUIRE(strlen(text) <= WEFT_CONFIG_SIZE_MAX);
        weft_config_number(context, key, &number);
    }
    return 0;
}

static void ask_for_everything(weft_config *cfg)
{
    unsigned unread = 0;
    weft_diag_options diag = {.size = sizeof diag};
    FUZZ_REQUIRE(weft_config_unread(cfg, problem_is_whole, &unread) == (int)unread);
    FUZZ_REQUIRE(weft_config_visit(cfg, "channels", ask_for_channel, cfg) == 0);
    FUZZ_REQUIRE(weft_config_visit(cfg, "runtime", ask_for_runtime, cfg) == 0);
    FUZZ_REQUIRE(weft_config_visit(cfg, "app", ask_for_value, cfg) == 0);
    FUZZ_REQUIRE(weft_config_diag(cfg, &diag) >= 0);
}

/* Before leaks are looked for: the memory of a runtime is not where they are looked for from. */
static void end(void)
{
    weft_config_destroy(kept);
    FUZZ_REQUIRE(weft_runtime_destroy(rt) == 0);
}

static void begin(void)
{
    FUZZ_REQUIRE(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)) == 0);
    FUZZ_REQUIRE(weft_config_parse(&kept, works, sizeof works - 1, WEFT_CONFIG_OPTIONS(.environment = "x")) == 0);
    FUZZ_REQUIRE(atexit(end) == 0);
}

static int64_t processor_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t begun = processor_ns();
    unsigned problems = 0;
    weft_config *cfg = NULL;
    if (!rt)
        begin();
    const int error = weft_config_parse(
        &cfg, (const char *)data, size,
        WEFT_CONFIG_OPTIONS(.environment = "x", .report = problem_is_whole, .report_context = &problems));
    FUZZ_REQUIRE((error == 0) == (problems == 0) || error == WEFT_ERANGE);
    const int replaced = weft_config_replace(kept, (const char *)data, size, rt);
    FUZZ_REQUIRE(replaced == error); /* nothing of it contradicts a channel: none was asked for */
    if (error == 0) {
        ask_for_everything(cfg);
        weft_config_destroy(cfg);
        FUZZ_REQUIRE(weft_config_replace(kept, works, sizeof works - 1, rt) == 0);
    }
    const char *word = NULL;
    FUZZ_REQUIRE(weft_config_text(kept, "app.word", &word) == 1 && strcmp(word, "old") == 0);
    FUZZ_REQUIRE(processor_ns() - begun < 1000000000);
    return 0;
}
