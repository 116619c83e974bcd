/* SPDX-License-Identifier: MIT */
/* What `weft trace record` decides before and after LTTng: its arguments, its buffers, what was lost, what can be
 * recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/trace/record/buffers.h"
#include "cli/trace/record/loss.h"
#include "cli/trace/record/options.h"
#include "cli/trace/record/run.h"
#include "cli/trace/record/target.h"
#include "lib/world.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* ---- arguments ---- */

#define PARSE(...) parse(OPTIONS_RECORD, (char *[]){"record", __VA_ARGS__, NULL})
#define PARSE_LIVE(...) parse(OPTIONS_LIVE, (char *[]){"live", __VA_ARGS__, NULL})
static struct options options;
static char text[OPTIONS_TEXT];

static int parse(enum options_command command, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    text[0] = '\0';
    return options_parse(&options, command, argc, argv, text);
}

static void program_and_its_arguments_are_taken(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--", "program", "-o", "x"), 0);
    assert_string_equal(options.program[0], "program");
    assert_string_equal(options.program[1], "-o");
    assert_null(options.output);
    assert_int_equal(options.pid, 0);
    assert_int_equal(options.snapshots, 10);
    assert_int_equal(PARSE("-o", "folder", "--no-report", "--no-preload", "--only", "task_*", "program"), 0);
    assert_string_equal(options.program[0], "program");
    assert_string_equal(options.output, "folder");
    assert_string_equal(options.only, "task_*");
    assert_true(options.no_report && options.no_preload && !options.flight);
    assert_int_equal(PARSE("--flight", "--snapshots", "3", "--buffers", "4x256k", "--", "-odd"), 0);
    assert_true(options.flight);
    assert_int_equal(options.snapshots, 3);
    assert_int_equal(options.buffers.count, 4);
    assert_int_equal(options.buffers.size, 256 * KIB);
    assert_string_equal(options.program[0], "-odd");
    assert_int_equal(PARSE("--pid", "17", "--for", "1.5s"), 0);
    assert_int_equal(options.pid, 17);
    assert_null(options.program);
    assert_int_equal(options.for_ns, 1500000000);
}

static void live_takes_a_session_or_makes_one(void **state)
{
    (void)state;
    assert_int_equal(PARSE_LIVE("some"), 0);
    assert_string_equal(options.session, "some");
    assert_null(options.program);
    assert_int_equal(options.interval_ns, 1000000000);
    assert_int_equal(options.count, -1);
    assert_int_equal(PARSE_LIVE("--json", "some", "--count", "3", "--interval", "50ms"), 0);
    assert_string_equal(options.session, "some");
    assert_true(options.json);
    assert_int_equal(options.count, 3);
    assert_int_equal(options.interval_ns, 50000000);
    assert_int_equal(PARSE_LIVE("-o", "file", "--only", "task_*", "--", "program", "--json"), 0);
    assert_null(options.session);
    assert_string_equal(options.output, "file");
    assert_string_equal(options.program[0], "program");
    assert_string_equal(options.program[1], "--json");
    assert_false(options.json);
    assert_int_equal(PARSE_LIVE("--pid", "17", "--for", "2s"), 0);
    assert_int_equal(options.pid, 17);
}

static void wrong_arguments_are_told(void **state)
{
    (void)state;
    static const struct {
        char *argv[6];
        const char *says;
    } wrong[] = {
        {{"record", NULL}, "which program?"},
        {{"record", "--", NULL}, "which program?"},
        {{"record", "--nonsense", "--", "true", NULL}, "what is '--nonsense'?"},
        {{"record", "--pid", NULL}, "--pid needs a value"},
        {{"record", "--pid", "0", NULL}, "--pid takes the number of a process, not '0'"},
        {{"record", "--pid", "-1", NULL}, "--pid takes the number"},
        {{"record", "--pid", "12a", NULL}, "--pid takes the number"},
        {{"record", "--pid", "99999999999999999999", NULL}, "--pid takes the number"},
        {{"record", "--pid", "1", "--", "true", NULL}, "not both"},
        {{"record", "--pid", "1", "--for", "soon", NULL}, "--for takes a duration"},
        {{"record", "--for", "1s", "true", NULL}, "--for needs --pid"},
        {{"record", "--pid", "1", "--no-preload", NULL}, "no provider can be loaded"},
        {{"record", "--buffers", "3x4M", "true", NULL}, "--buffers takes how many"},
        {{"record", "--snapshots", "2", "true", NULL}, "--snapshots needs --flight"},
        {{"record", "--flight", "--snapshots", "none", "true", NULL}, "--snapshots takes how many"},
        {{"record", "--json", "true", NULL}, "what is '--json'?"},
        {{"live", NULL}, "of which session?"},
        {{"live", "one", "two", NULL}, "what is 'two'?"},
        {{"live", "one", "--", "true", NULL}, "one of them"},
        {{"live", "one", "--pid", "1", NULL}, "one of them"},
        {{"live", "one", "--buffers", "8x4M", NULL}, "says who made it"},
        {{"live", "one", "--for", "1s", NULL}, "--for needs --pid"},
        {{"live", "--no-report", "--", "true", NULL}, "what is '--no-report'?"},
        {{"live", "one", "--count", "0", NULL}, "--count takes how many reports"},
        {{"live", "one", "--interval", "0", NULL}, "--interval takes a duration"},
        {{"live", "one", "--interval", NULL}, "--interval needs a value"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const enum options_command command = strcmp(wrong[i].argv[0], "live") ? OPTIONS_RECORD : OPTIONS_LIVE;
        assert_int_equal(parse(command, (char **)(uintptr_t)wrong[i].argv), -1);
        if (!strstr(text, wrong[i].says))
            fail_msg("'%s' is not in '%s'", wrong[i].says, text);
    }
}

static void durations_have_units(void **state)
{
    (void)state;
    assert_int_equal(options_duration("10"), INT64_C(10000000000));
    assert_int_equal(options_duration("500ms"), 500000000);
    assert_int_equal(options_duration("2m"), INT64_C(120000000000));
    assert_int_equal(options_duration("0.5h"), INT64_C(1800000000000));
    static const char *const none[] = {"", "s", "-1s", "0", "1d", "1 s", "nan", "inf", "1e300", "1e-12s", "99999h"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(options_duration(none[i]), -1);
}

/* ---- buffers ---- */

static void buffers_are_read_and_printed(void **state)
{
    (void)state;
    struct buffers buffers;
    char out[BUFFERS_TEXT];
    assert_int_equal(buffers_parse("8x4M", &buffers), 0);
    assert_int_equal(buffers.size, 4 * MIB);
    assert_string_equal(buffers_text(out, buffers), "8x4M");
    assert_int_equal(buffers_parse("2x4096", &buffers), 0);
    assert_string_equal(buffers_text(out, buffers), "2x4K");
    static const char *const none[] = {
        "",     "8",     "x4M",   "8x",     "8x4G",  "8x4MB", "7x4M",           "8x3M",
        "1x4M", "8x-4M", "-8x4M", "8x2048", "8 x4M", "8x+4M", "8x99999999999M", "2048x4K"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(buffers_parse(none[i], &buffers), -1);
}

static void buffers_fit_the_machine(void **state)
{
    (void)state;
    assert_int_equal(buffers_fit(2, 16 * GIB, 8 * GIB).size, 4 * MIB);
    assert_int_equal(buffers_fit(64, 16 * GIB, 8 * GIB).size, 4 * MIB); /* 2 GiB: an eighth */
    assert_int_equal(buffers_fit(64, 4 * GIB, 8 * GIB).size, MIB);
    assert_int_equal(buffers_fit(2, 16 * GIB, 64 * MIB).size, 2 * MIB); /* as a container has it */
    assert_int_equal(buffers_fit(64, 100 * MIB, 64 * MIB).size, 64 * KIB);
    assert_int_equal(buffers_fit(0, 16 * GIB, 8 * GIB).count, 8);
}

/* What is proposed has room for what it had and for what was lost, with one sub-buffer written and one read. */
static void buffers_hold_what_was_lost(void **state)
{
    (void)state;
    static const uint64_t lost[] = {1, 1000, MIB, 100 * MIB, GIB};
    static const struct buffers had[] = {{2, 4 * KIB}, {8, 256 * KIB}, {8, 4 * MIB}, {16, 64 * KIB}};
    for (size_t i = 0; i < sizeof had / sizeof *had; i++)
        for (size_t k = 0; k < sizeof lost / sizeof *lost; k++) {
            const struct buffers hold = buffers_hold(had[i], lost[k]);
            assert_true((hold.count - 2) * hold.size >= (had[i].count - 1) * had[i].size + lost[k]);
            assert_true(hold.size == had[i].size ||
                        (hold.count - 2) * hold.size / 2 < (had[i].count - 1) * had[i].size + lost[k]);
        }
}

/* ---- what was lost ---- */

static char folder[64];

static int folder_make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weft-record-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char at[256];
    snprintf(at, sizeof at, "%s/%s", folder, name);
    return at;
}

static void file_write(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

enum { PACKET = 4096 };

/* Packets of 1000 bytes, up to whose ends so many events were lost. */
static void stream_write(const char *name, const uint64_t *lost, size_t count)
{
    unsigned char *bytes = calloc(count, PACKET);
    for (size_t i = 0; i < count; i++) {
        const uint32_t magic = 0xc1fc1fc1;
        const uint64_t content = 8 * 1000, size = UINT64_C(8) * PACKET;
        memcpy(bytes + i * PACKET, &magic, 4);
        memcpy(bytes + i * PACKET + 48, &content, 8);
        memcpy(bytes + i * PACKET + 56, &size, 8);
        memcpy(bytes + i * PACKET + 72, &lost[i], 8);
    }
    file_write(name, bytes, count * PACKET);
    free(bytes);
}

static void loss_is_added_up_by_bursts(void **state)
{
    (void)state;
    struct loss loss;
    loss_read(folder, "events", &loss);
    assert_int_equal(loss.bytes, 0); /* no trace in it */
    file_write("metadata", "/* CTF 1.8 */", 13);
    stream_write("events_0", (const uint64_t[]){0, 10, 30, 30, 35}, 5);
    stream_write("events_1", (const uint64_t[]){7, 7}, 2);
    stream_write("definitions_0", (const uint64_t[]){500}, 1);
    file_write("events_2",
               "nonsense, of which nothing is made: it has no head of a packet, though it would be long "
               "enough for one",
               100);
    loss_read(folder, "events", &loss);
    assert_int_equal(loss.events, 35 + 7);
    assert_int_equal(loss.burst, 30);
    assert_int_equal(loss.bytes, 7000);
}

static void broken_sizes_end_a_stream(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 8, 8 * 79, UINT64_MAX, UINT64_C(8) * PACKET * 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct loss loss;
        file_write("metadata", "/* CTF 1.8 */", 13);
        stream_write("events_0", (const uint64_t[]){1, 2, 3}, 3);
        const int fd = open(in_folder("events_0"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, &sizes[i], 8, 56), 8);
        close(fd);
        loss_read(folder, "events", &loss);
        assert_true(loss.events <= 1);
    }
}

/* ---- commands, and what can be recorded ---- */

static void command_is_run_to_its_end(void **state)
{
    (void)state;
    char said[64];
    if (world_in_valgrind())
        skip(); /* it has no pidfd_open() */
    assert_int_equal(run_command((const char *const[]){"sh", "-c", "echo one; echo two >&2; exit 3", NULL}, said, 64),
                     3);
    assert_string_equal(said, "one two");
    assert_int_equal(run_command((const char *const[]){"sh", "-c", "kill -9 $$", NULL}, said, 64), 128 + 9);
    assert_int_equal(run_command((const char *const[]){"weft-is-no-command", NULL}, said, 64), RUN_ABSENT);
    assert_int_equal(
        run_command((const char *const[]){"sh", "-c", "seq 100000; printf 'the\\033end\\n'", NULL}, said, 12), 0);
    assert_string_equal(said, "00 the?end");
    assert_int_equal(run_within(50, (const char *const[]){"sh", "-c", "echo $$; exec sleep 1000", NULL}, said, 64),
                     RUN_SILENT);
    if (said[0])                                   /* 50 ms may be too few to say anything */
        assert_int_equal(kill(atoi(said), 0), -1); /* it was ended */
    /* Something that it leaves behind with its output open is not waited for. */
    assert_int_equal(run_command((const char *const[]){"sh", "-c", "sleep 1000 & echo $!", NULL}, said, 64), 0);
    kill(atoi(said), SIGKILL);
}

static void process_that_cannot_be_recorded_is_told(void **state)
{
    (void)state;
    char says[512];
    pid_t vpid;
    assert_int_equal(target_check(INT32_MAX, NULL, &vpid, says, sizeof says), -1);
    assert_non_null(strstr(says, "there is no process 2147483647"));
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    assert_int_equal(target_check(child, NULL, &vpid, says, sizeof says), -1);
    assert_non_null(strstr(says, "has ended"));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(target_check(getpid(), "/where/libweft-lttng.so", &vpid, says, sizeof says), -1);
    assert_non_null(strstr(says, "has not loaded libweft-lttng.so")); /* this program has weft's code in it */
    assert_non_null(strstr(says, "LD_PRELOAD=/where/libweft-lttng.so"));
}

static void program_without_weft_is_known(void **state)
{
    (void)state;
    assert_int_equal(target_linked("/proc/self/exe"), TARGET_LINKED);
    assert_int_equal(target_linked("cat"), TARGET_NOT_LINKED);
    assert_int_equal(target_linked("weft-is-no-command"), TARGET_UNKNOWN);
    assert_int_equal(target_linked("/weft/is/no/file"), TARGET_UNKNOWN);
    file_write("script", "#!/bin/sh\n", 10);
    assert_int_equal(target_linked(in_folder("script")), TARGET_IS_SCRIPT);
    file_write("empty", "", 0);
    assert_int_equal(target_linked(in_folder("empty")), TARGET_UNKNOWN);
}

/* The provider comes first, what was to be preloaded stays, and the time to register is the user's if he says so. */
static void program_gets_the_provider(void **state)
{
    (void)state;
    sigset_t none;
    pid_t pid;
    int status;
    char *const program[] = {"/bin/sh", "-c",
                             "test \"$LD_PRELOAD\" = \"$WANTED\" && test \"$LTTNG_UST_REGISTER_TIMEOUT\" = \"$WAIT\"",
                             NULL};
    static const struct {
        const char *before, *provider, *wanted, *timeout, *wait;
    } cases[] = {
        {NULL, "libc.so.6", "libc.so.6", NULL, "60000"},
        {"libm.so.6", "libc.so.6", "libc.so.6:libm.so.6", "-1", "-1"},
        {"libm.so.6", NULL, "libm.so.6", NULL, "60000"},
        {"", "libc.so.6", "libc.so.6", NULL, "60000"},
    };
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cases[i].before ? setenv("LD_PRELOAD", cases[i].before, 1) : unsetenv("LD_PRELOAD");
        cases[i].timeout ? setenv("LTTNG_UST_REGISTER_TIMEOUT", cases[i].timeout, 1)
                         : unsetenv("LTTNG_UST_REGISTER_TIMEOUT");
        setenv("WANTED", cases[i].wanted, 1);
        setenv("WAIT", cases[i].wait, 1);
        assert_int_equal(target_start(program, cases[i].provider, &none, &pid), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    unsetenv("LD_PRELOAD");
    if (world_in_valgrind())
        return; /* its vfork() is a fork(): a parent does not hear why a child could not begin */
    assert_int_equal(target_start((char *const[]){"/weft/is/no/file", NULL}, NULL, &none, &pid), ENOENT);
    assert_int_equal(target_start((char *const[]){"/", NULL}, NULL, &none, &pid), EACCES);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_and_its_arguments_are_taken),
        cmocka_unit_test(live_takes_a_session_or_makes_one),
        cmocka_unit_test(wrong_arguments_are_told),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(buffers_are_read_and_printed),
        cmocka_unit_test(buffers_fit_the_machine),
        cmocka_unit_test(buffers_hold_what_was_lost),
        WITH_FOLDER(loss_is_added_up_by_bursts),
        WITH_FOLDER(broken_sizes_end_a_stream),
        cmocka_unit_test(command_is_run_to_its_end),
        cmocka_unit_test(process_that_cannot_be_recorded_is_told),
        WITH_FOLDER(program_without_weft_is_known),
        cmocka_unit_test(program_gets_the_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
