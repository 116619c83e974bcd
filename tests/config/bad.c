/* SPDX-License-Identifier: MIT */
/*
 * scenario 50 and scenario 51: what is wrong with a file is told with its line, its column, its key, what was expected and what is
 * there; nothing of such a file is in force. What begins with "this is not TOML" is worded by toml++ 3.3.
 */
#include "lib/comma.h"
#include "lib/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/config.h>

struct row {
    const char *text;
    size_t length;
    const char *told; /* line:column: key: text, one a line */
};

#define ROW(text, told) {text, sizeof text - 1, told}

static const struct row rows[] = {
    ROW("[runtime]\nworker_threads = 0",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 0\n"),
    ROW("[runtime]\nworker_threads = -1",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found -1\n"),
    ROW("[runtime]\nworker_threads = 1025",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 1025\n"),
    ROW("[runtime]\nworker_threads = 9223372036854775807",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 9223372036854775807\n"),
    ROW("[runtime]\nworker_threads = 4.0",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 4.0\n"),
    ROW("[runtime]\nworker_threads = \"4\"",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found the string '4'\n"),
    ROW("[runtime]\nworker_threads = true",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found true\n"),
    ROW("[runtime]\nworker_threads = [4]",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found an array\n"),
    ROW("[runtime]\nworker_threads = {}",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found a table\n"),
    ROW("[runtime]\nworker_threads = 2026-01-01",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found a date or time\n"),
    ROW("[runtime]\nworker_threads = 12:30:00",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found a date or time\n"),
    ROW("[runtime]\nworker_threads = 1e400",
        "2:23: this is not TOML: floating-point: '1e400' could not be interpreted as a value\n"),
    ROW("[runtime]\nworker_threads = nan",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found nan\n"),
    ROW("[runtime]\nworker_threads = -inf",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found -inf\n"),
    ROW("[runtime]\nthread_stack_size = 16383",
        "2:21: runtime.thread_stack_size: expected an integer from 16384 to 1073741824, found 16383\n"),
    ROW("[runtime]\nseed = 0",
        "2:8: runtime.seed: expected an integer from 1 to 9223372036854775807, found 0\n"),
    ROW("[runtime]\nenable_tracing = 1",
        "2:18: runtime.enable_tracing: expected true or false, found 1\n"),
    ROW("[runtime]\nenable_tracing = \"true\"",
        "2:18: runtime.enable_tracing: expected true or false, found the string 'true'\n"),
    ROW("[runtime]\nthread_name_prefix = \"\"",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found the string ''\n"),
    ROW("[runtime]\nthread_name_prefix = 5",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found 5\n"),
    ROW("[runtime]\nthread_name_prefix = \"0123456789012345678901234567890123456789012345678901234567890123\"",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found the string '0123456789012345678901234567890123456789012345678901234567890123'\n"),
    ROW("[runtime]\nthread_name_prefix = \"a\\u0000b\"",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found the string 'a?b'\n"),
    ROW("[runtime]\nthread_name_prefix = \"a\\u001b[31mb\"",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found the string 'a?[31mb'\n"),
    ROW("[runtime]\nthread_name_prefix = \"a\\u009bb\"",
        "2:22: runtime.thread_name_prefix: expected a string of 1 to 63 bytes without control characters, found the string 'a?b'\n"),
    ROW("[runtime]\nworker_thread = 3",
        "2:1: runtime.worker_thread: unknown key: did you mean 'worker_threads'?\n"),
    ROW("[runtime]\nWORKER_THREADS = 3",
        "2:1: runtime.WORKER_THREADS: unknown key: did you mean 'worker_threads'?\n"),
    ROW("[runtime]\nwroker_threads = 3",
        "2:1: runtime.wroker_threads: unknown key: did you mean 'worker_threads'?\n"),
    ROW("[runtime]\nzzz = 3",
        "2:1: runtime.zzz: unknown key\n"),
    ROW("[runtime]\nname = \"x\"",
        "2:1: runtime.name: unknown key: there is none for this: it is the section's name\n"),
    ROW("[runtime]\ndrive = \"turns\"",
        "2:1: runtime.drive: unknown key: there is none for this: whose threads run the tasks is how the program is built\n"),
    ROW("[runtime.callbacks]\nworker_threads = 0",
        "2:18: runtime.callbacks.worker_threads: expected an integer from 1 to 1024, found 0\n"),
    ROW("[runtime.callbacks]\nworker_treads = 2",
        "2:1: runtime.callbacks.worker_treads: unknown key: did you mean 'worker_threads'?\n"),
    ROW("[runtime.callbacks.deeper]\nworker_threads = 2",
        "1:20: runtime.callbacks.deeper: unknown key\n"),
    ROW("[runtime.worker_threads]\nx = 1",
        "1:1: runtime.worker_threads: expected an integer from 1 to 1024, found a table\n"),
    ROW("[runtime.\"a\\tb\"]\nworker_threads = 1",
        "1:10: runtime.\"a?b\": expected a name of 1 to 127 bytes without control characters\n"),
    ROW("[runtime.\"\"]\nworker_threads = 1",
        "1:10: runtime.\"\": expected a name of 1 to 127 bytes without control characters\n"),
    ROW("runtime = 5",
        "1:11: runtime: expected a table, found 5\n"),
    ROW("runtime = \"x\"",
        "1:11: runtime: expected a table, found the string 'x'\n"),
    ROW("[[runtime]]\nworker_threads = 1",
        "1:1: runtime: expected a table, found an array\n"),
    ROW("[[runtime.callbacks]]\nworker_threads = 1",
        "1:1: runtime.callbacks: expected a table, found an array\n"),
    ROW("[runtime]\ntracing = true",
        "2:1: runtime.tracing: unknown key: it is called 'enable_tracing' here\n"),
    ROW("[runtime]\nreport = 1",
        "2:1: runtime.report: unknown key: there is none for this: a function of the program\n"),
    ROW("[channels.orders]\nname = \"x\"",
        "2:1: channels.orders.name: unknown key: there is none for this: it is the section's name\n"),
    ROW("[channels.orders]\nDegraded_At = 0.5",
        "2:1: channels.orders.Degraded_At: unknown key: did you mean 'degraded_at'?\n"),
    ROW("[channels]\norders = [5]",
        "2:10: channels.orders: expected a table, found an array\n"),
    ROW("worker_threads = 5",
        "1:1: worker_threads: unknown key: it belongs into [runtime]\n"),
    ROW("degraded_at = 0.5",
        "1:1: degraded_at: unknown key: it belongs into [channels.<name>]\n"),
    ROW("[channels]\nbuffer_size = 5",
        "2:1: channels.buffer_size: this belongs into [channels.<name>]\n"),
    ROW("[channels]\norders = 5",
        "2:1: channels.orders: unknown key\n"),
    ROW("[channels.orders]\nbuffer_size = 0",
        "2:15: channels.orders.buffer_size: expected an integer from 1 to 16777215, found 0\n"),
    ROW("[channels.orders]\nbuffer_size = 16777216",
        "2:15: channels.orders.buffer_size: expected an integer from 1 to 16777215, found 16777216\n"),
    ROW("[channels.orders]\nbuffer_size = -5",
        "2:15: channels.orders.buffer_size: expected an integer from 1 to 16777215, found -5\n"),
    ROW("[channels.orders]\nbuffersize = 5",
        "2:1: channels.orders.buffersize: unknown key: did you mean 'buffer_size'?\n"),
    ROW("[channels.orders]\ncapacity = 5",
        "2:1: channels.orders.capacity: unknown key: it is called 'buffer_size' here\n"),
    ROW("[channels.orders]\noverflow = \"wiat\"",
        "2:12: channels.orders.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found the string 'wiat': did you mean 'wait'?\n"),
    ROW("[channels.orders]\noverflow = \"nothing\"",
        "2:12: channels.orders.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found the string 'nothing'\n"),
    ROW("[channels.orders]\noverflow = 1",
        "2:12: channels.orders.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found 1\n"),
    ROW("[channels.orders]\noverflow = \"\"",
        "2:12: channels.orders.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found the string ''\n"),
    ROW("[channels.orders]\ndegraded_at = 0.0",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found 0.0\n"),
    ROW("[channels.orders]\ndegraded_at = 1.5",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found 1.5\n"),
    ROW("[channels.orders]\ndegraded_at = -0.1",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found -0.1\n"),
    ROW("[channels.orders]\ndegraded_at = nan",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found nan\n"),
    ROW("[channels.orders]\ndegraded_at = 0",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found 0\n"),
    ROW("[channels.orders]\ndegraded_at = 2",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found 2\n"),
    ROW("[channels.orders]\ndegraded_at = \"80%\"",
        "2:15: channels.orders.degraded_at: expected a number above 0 and at most 1, found the string '80%'\n"),
    ROW("[channels.orders]\ndegraded_at = 0.9\ncritical_at = 0.8",
        "2:15: channels.orders.degraded_at: degraded_at 0.9 is above critical_at 0.8, that of line 3\n"),
    ROW("[channels.orders]\ndegraded_at = 0.96",
        "2:15: channels.orders.degraded_at: degraded_at 0.96 is above critical_at 0.95, the default\n"),
    ROW("[channels.orders]\ncritical_at = 0.5",
        "2:15: channels.orders.critical_at: degraded_at 0.8, the default, is above critical_at 0.5\n"),
    ROW("[channels.orders]\ncomponent = \"\"",
        "2:13: channels.orders.component: expected a string of 1 to 63 bytes without control characters, found the string ''\n"),
    ROW("[channels.orders]\ninternal = \"no\"",
        "2:12: channels.orders.internal: expected true or false, found the string 'no'\n"),
    ROW("[[channels.orders]]\nbuffer_size = 5",
        "1:1: channels.orders: expected a table, found an array\n"),
    ROW("channels.orders.buffer_size = \"x\"",
        "1:31: channels.orders.buffer_size: expected an integer from 1 to 16777215, found the string 'x'\n"),
    ROW("[monitor]\ninterval_ms = 0",
        "2:15: monitor.interval_ms: expected an integer from 1 to 3600000, found 0\n"),
    ROW("[monitor]\ninterval = 100",
        "2:1: monitor.interval: unknown key: did you mean 'interval_ms'?\n"),
    ROW("[monitor]\ndegraded_at = 0.97",
        "2:15: monitor.degraded_at: degraded_at 0.97 is above critical_at 0.95, the default\n"),
    ROW("[monitor]\ncritical_at = 0.7\n[channels.a]\nbuffer_size = 1",
        "2:15: monitor.critical_at: degraded_at 0.8, the default, is above critical_at 0.7\n"),
    ROW("[monitor]\ndegraded_at = 0.5\n[channels.a]\ncritical_at = 0.4",
        "2:15: channels.a.degraded_at: degraded_at 0.5 is above critical_at 0.4, that of line 4\n"),
    ROW("[monitor.x]\ny = 1",
        "1:10: monitor.x: unknown key\n"),
    ROW("[monitor]\nmetrics_prefix = \"a\\nb\"",
        "2:18: monitor.metrics_prefix: expected a string of 1 to 63 bytes without control characters, found the string 'a?b'\n"),
    ROW("[monitr]\ninterval_ms = 5",
        "1:2: monitr: unknown section: did you mean [monitor]?\n"),
    ROW("[database]\nurl = \"x\"",
        "1:2: database: unknown section: what is the program's own stands below [app]\n"),
    ROW("[ap]\nx = 1",
        "1:2: ap: unknown section: did you mean [app]?\n"),
    ROW("app = 3",
        "1:7: app: expected a table, found 3\n"),
    ROW("env = 3",
        "1:7: env: expected a table, found 3\n"),
    ROW("[env]\nproduction = 3",
        "2:14: env.production: expected a table, found 3\n"),
    ROW("[env.production.runtime]\nworker_threads = 0",
        "2:18: env.production.runtime.worker_threads: expected an integer from 1 to 1024, found 0\n"),
    ROW("[env.production.env.x]\na = 1",
        "1:17: env.production.env: unknown section: what is the program's own stands below [app]\n"),
    ROW("[env.production.channels.a]\ncritical_at = 0.5",
        "2:15: env.production.channels.a.critical_at: degraded_at 0.8, the default, is above critical_at 0.5\n"),
    ROW("[channels.a]\ndegraded_at = 0.6\n[env.production.channels.a]\ncritical_at = 0.5",
        "2:15: env.production.channels.a.degraded_at: degraded_at 0.6 is above critical_at 0.5, that of line 4\n"),
    ROW("[channels.a]\ndegraded_at = 0.6\n[env.production.monitor]\ndegraded_at = 0.2\ncritical_at = 0.5",
        "2:15: env.production.channels.a.degraded_at: degraded_at 0.6 is above critical_at 0.5, that of line 5\n"),
    ROW("[env.production.chanels.a]\nbuffer_size = 1",
        "1:17: env.production.chanels: unknown section: did you mean [channels]?\n"),
    ROW("[runtime]\nworker_threads = 0\nenable_tracing = 3\n[channels.a]\noverflow = 3",
        "2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 0\n"
        "3:18: runtime.enable_tracing: expected true or false, found 3\n"
        "5:12: channels.a.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found 3\n"),
    ROW("a",
        "1:2: this is not TOML: key-value pair: encountered end-of-file\n"),
    ROW("a =",
        "1:4: this is not TOML: key-value pair: encountered end-of-file\n"),
    ROW("= 3",
        "1:1: this is not TOML: root table: expected keys, tables, whitespace or comments, saw '='\n"),
    ROW("a = 1 2",
        "1:7: this is not TOML: key-value pair: expected a comment or whitespace, saw '2'\n"),
    ROW("a = 1\na = 2",
        "2:5: this is not TOML: key-value pair: cannot redefine existing integer 'a'\n"),
    ROW("[a]\n[a]",
        "2:1: this is not TOML: table header: cannot redefine existing table 'a'\n"),
    ROW("[runtime]\nworker_threads = 1\nworker_threads = 2",
        "3:18: this is not TOML: key-value pair: cannot redefine existing integer 'worker_threads'\n"),
    ROW("[runtime]\nworker_threads = 1\n[runtime]\nseed = 2",
        "3:1: this is not TOML: table header: cannot redefine existing table 'runtime'\n"),
    ROW("[runtime\nworker_threads = 1",
        "1:9: this is not TOML: table header: expected ']', saw '\\n'\n"),
    ROW("[runtime]]",
        "1:10: this is not TOML: table header: expected a comment or whitespace, saw ']'\n"),
    ROW("a = \"no end",
        "1:12: this is not TOML: string: encountered end-of-file\n"),
    ROW("a = 'no end",
        "1:12: this is not TOML: literal string: encountered end-of-file\n"),
    ROW("a = \"\"\"no end",
        "1:14: this is not TOML: string: encountered end-of-file\n"),
    ROW("a = \"\\q\"",
        "1:7: this is not TOML: string: unknown escape sequence '\\q'\n"),
    ROW("a = \"\\ud800\"",
        "1:12: this is not TOML: unicode scalar sequence: unicode surrogates (U+D800 - U+DFFF) are explicitly prohibited\n"),
    ROW("a = [1, 2",
        "1:10: this is not TOML: array: encountered end-of-file\n"),
    ROW("a = {b = 1",
        "1:11: this is not TOML: inline table: encountered end-of-file\n"),
    ROW("a = {b = 1,\n c = 2}",
        "1:12: this is not TOML: inline table: expected key or closing '}', saw '\\n'\n"),
    ROW("a = 0x",
        "1:7: this is not TOML: hexadecimal integer: encountered end-of-file\n"),
    ROW("a = 01",
        "1:7: this is not TOML: decimal integer: leading zeroes are prohibited\n"),
    ROW("a = 1__0",
        "1:7: this is not TOML: decimal integer: underscores may only follow digits\n"),
    ROW("a = 9223372036854775808",
        "1:24: this is not TOML: decimal integer: '9223372036854775808' is not representable in 64 bits\n"),
    ROW("a = 1.e5",
        "1:7: this is not TOML: floating-point: expected decimal digit, saw 'e'\n"),
    ROW("a = tru",
        "1:8: this is not TOML: boolean: encountered end-of-file\n"),
    ROW("a = 2026-13-01",
        "1:12: this is not TOML: date: expected month between 1 and 12 (inclusive), saw 13\n"),
    ROW("a = 2026-02-30",
        "1:15: this is not TOML: date: expected day between 1 and 28 (inclusive), saw 30\n"),
    ROW("a = 25:00:00",
        "1:7: this is not TOML: time: expected hour between 0 to 59 (inclusive), saw 25\n"),
    ROW("\xc3\xb6 = 1", "1:1: this is not TOML: root table: expected keys, tables, whitespace or comments, saw '\xc3\xb6'\n"),
    ROW("a = \xd2\x99", "1:5: this is not TOML: value: could not determine value type\n"),
    ROW("\xef\xbb\xbb[app]", "1:1: this is not TOML: root table: expected keys, tables, whitespace or comments, saw '\xef\xbb\xbb'\n"),
    ROW("a = yes",
        "1:5: this is not TOML: value: could not determine value type\n"),
    ROW("\"a\" \"b\" = 1",
        "1:5: this is not TOML: key-value pair: expected '=', saw '\"'\n"),
    ROW("a.b = 1\na.b.c = 2",
        "2:3: this is not TOML: key-value pair: cannot redefine existing integer as dotted key-value pair\n"),
    ROW("a = 1\n[a]\nb = 1",
        "2:1: this is not TOML: table header: cannot redefine existing integer 'a' as table\n"),
    ROW("[a.b]\n[[a.b]]",
        "2:1: this is not TOML: table header: cannot redefine existing table 'a.b' as array-of-tables\n"),
    ROW("a = \x01",
        "1:5: this is not TOML: value: unexpected control character\n"),
    ROW("\xff = 1",
        "1:1: this is not UTF-8\n"),
    ROW("a = \"\xc3(\"",
        "1:6: this is not UTF-8\n"),
    ROW("# \xed\xa0\x80",
        "1:3: this is not UTF-8\n"),
    ROW("a = \"\xf4\x90\x80\x80\"",
        "1:6: this is not UTF-8\n"),
    ROW("a = \"x\x00y\"",
        "1:7: there is a zero byte: a configuration file is text\n"),
    ROW("\x00",
        "1:1: there is a zero byte: a configuration file is text\n"),
    ROW("a\x00 = 1",
        "1:2: there is a zero byte: a configuration file is text\n"),
    ROW("\xff\xfe" "a\x00",
        "1:1: this is not UTF-8\n"),
};

struct told {
    char text[4096];
    size_t length;
};

static void tell(void *context, const weft_config_problem *problem)
{
    struct told *told = context;
    char place[32] = "";
    if (problem->line)
        snprintf(place, sizeof place, "%u:%u: ", problem->line, problem->column);
    told->length += (size_t)snprintf(told->text + told->length, sizeof told->text - told->length, "%s%s%s%s\n", place,
                                     problem->key, *problem->key ? ": " : "", problem->text);
}

static void bad_text_is_told_by_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told told = {.length = 0};
        weft_config *cfg = (weft_config *)&told; /* any */
        assert_int_equal(weft_config_parse(&cfg, rows[i].text, rows[i].length,
                                           WEFT_CONFIG_OPTIONS(.environment = "", .report = tell, .report_context = &told)),
                         WEFT_EINVAL);
        assert_ptr_equal(cfg, &told);
        assert_string_equal(told.text, rows[i].told);
        char detail[400]; /* the first of them, behind the call and the file */
        snprintf(detail, sizeof detail, "weft_config_parse: configuration:%.*s", (int)strcspn(rows[i].told, "\n"), rows[i].told);
        assert_memory_equal(weft_error_detail(), detail, strlen(detail) < 319 ? strlen(detail) : 319);
    }
}

static void bad_text_is_told_with_a_point_whatever_the_locale_writes(void **state)
{
    comma_begin();
    bad_text_is_told_by_its_place(state);
    comma_end();
}

static void bad_text_cut_anywhere_is_refused_or_taken(void **state)
{
    (void)state;
    static const char text[] = "[runtime]\nworker_threads = 4\nthread_name_prefix = \"\"\"a\"\"\"\n[channels.'a.b']\nbuffer_size = "
                               "0x10\noverflow = 'fail'\n[env.x.monitor]\ninterval_ms = 5\n[app]\nlist = [1, {a.b = 2}, "
                               "1979-05-27T07:32:00Z]\n";
    for (size_t length = 0; length < sizeof text; length++) {
        weft_config *cfg;
        const int error = weft_config_parse(&cfg, text, length, WEFT_CONFIG_OPTIONS(.environment = ""));
        if (error == 0)
            weft_config_destroy(cfg);
        else
            assert_int_equal(error, WEFT_EINVAL);
    }
}

/* Tables inside of each other, arrays, and the parts of one key: 32 is the most. */
static void bad_depth_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *open, *middle, *close;
        bool key;
    } kinds[] = {{"[", "", "]", false}, {"{a=", "1", "}", false}, {"a.", "a=1", "", true}, {"[a.", "b]", "", true}};
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t depth = 1; depth <= 100000; depth = depth < 40 ? depth + 1 : depth * 10) {
            char *text = malloc(depth * 8 + 64), *end = text;
            assert_non_null(text);
            if (!kinds[kind].key)
                end += sprintf(end, "app.x = ");
            else
                end += sprintf(end, kind == 2 ? "[app]\n" : "[app.");
            for (size_t i = 0; i < depth; i++)
                end += sprintf(end, "%s", kind == 3 ? "a." : kinds[kind].open);
            end += sprintf(end, "%s", kinds[kind].middle);
            for (size_t i = 0; i < depth; i++)
                end += sprintf(end, "%s", kinds[kind].close);
            weft_config *cfg;
            const int error = weft_config_parse(&cfg, text, (size_t)(end - text), NULL);
            if (error == 0)
                weft_config_destroy(cfg);
            assert_int_equal(error, depth < 30 ? 0 : depth > 32 ? WEFT_EINVAL : error);
            free(text);
        }
}

static void count(void *context, const weft_config_problem *problem)
{
    (void)problem;
    ++*(unsigned *)context;
}

static void bad_many_errors_are_all_told_up_to_a_thousand(void **state)
{
    (void)state;
    char *text = malloc(WEFT_CONFIG_SIZE_MAX), *end = text;
    assert_non_null(text);
    for (int i = 0; i < 20000; i++)
        end += sprintf(end, "k%d = 1\n", i);
    unsigned told = 0;
    weft_config *cfg;
    assert_int_equal(weft_config_parse(&cfg, text, (size_t)(end - text),
                                       WEFT_CONFIG_OPTIONS(.environment = "", .report = count, .report_context = &told)),
                     WEFT_EINVAL);
    assert_int_equal(told, 1000);
    assert_non_null(strstr(weft_error_detail(), "(and 999 more)"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_text_is_told_by_its_place),
        cmocka_unit_test(bad_text_is_told_with_a_point_whatever_the_locale_writes),
        cmocka_unit_test(bad_text_cut_anywhere_is_refused_or_taken),
        cmocka_unit_test(bad_depth_is_refused),
        cmocka_unit_test(bad_many_errors_are_all_told_up_to_a_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
