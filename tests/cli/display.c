/* SPDX-License-Identifier: MIT */
/* What `weft top` draws of given snapshots, and what its keys do: no process, no terminal. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/live/display.h"
#include "cli/live/pace.h"
#include "cli/live/screen.h"
#include "cli/live/target.h"

enum { ROWS = 12, COLUMNS = 160, TASKS = 40, SECOND = 1000000000 };

static struct live_task tasks[TASKS];
static struct live_channel channels[2];
static struct live_runtime runtimes[1];
static struct live_warning warnings[2];
static struct snapshot now, before;

static int town_prepare(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof tasks);
    for (uint64_t i = 0; i < TASKS; i++)
        tasks[i] = (struct live_task){.runtime = 1, .id = i + 1, .polls = 10 * i, .name = i == 7 ? "the cook" : "waiter", .category = "actor",
                                      .state = "waiting", .age_ns = SECOND, .idle_ns = (int64_t)i * SECOND, .site = {"", "src/shop.c", i}};
    channels[0] = (struct live_channel){.runtime = 1, .id = 1, .name = "orders", .component = "", .health = "critical", .overflow = "wait",
                                        .capacity = 4, .depth = 4, .saturation = 1, .sent = 150, .wait_longest_ns = LIVE_UNKNOWN,
                                        .oldest_ns = LIVE_UNKNOWN};
    channels[1] = channels[0];
    channels[1].id = 2;
    channels[1].name = "evil \x1b[2J\xff name";
    channels[1].health = "healthy";
    channels[1].saturation = 0.5;
    runtimes[0] = (struct live_runtime){.id = 1, .name = "town", .workers = 2, .live = TASKS};
    warnings[0] = (struct live_warning){1, 1, "critical", "first", "", ""};
    warnings[1] = (struct live_warning){1, 2, "self-wake", "second", "the cook", "wait"};
    now = (struct snapshot){.at_ns = 3 * (int64_t)SECOND, .status = "critical", .tasks = tasks, .task_count = TASKS, .tasks_total = TASKS,
                            .channels = channels, .channel_count = 2, .channels_total = 2, .runtimes = runtimes, .runtime_count = 1,
                            .warnings = warnings, .warning_count = 2};
    before = (struct snapshot){.status = ""};
    return 0;
}

static char screen[ROWS][COLUMNS * 8];
static struct grid grid;

static void draw(struct display *display)
{
    grid_init(&grid, ROWS, COLUMNS);
    display_draw(display, &grid, &(struct scene){.figures = {&now, NULL}, .list = {&now, before.channels ? &before : NULL}});
    for (int row = 0; row < ROWS; row++) {
        screen[row][0] = '\0';
        for (int column = 0; column < COLUMNS; column++)
            strcat(screen[row], grid.cells[row * COLUMNS + column].text);
    }
    grid_fini(&grid);
}

static void press(struct display *display, const char *keys)
{
    for (; *keys; keys++)
        assert_true(display_key(display, *keys));
}

/* The row in which a text stands; -1: nowhere. */
static int row_of(const char *text)
{
    for (int row = 0; row < ROWS; row++)
        if (strstr(screen[row], text))
            return row;
    return -1;
}

static void tasks_are_sorted_as_asked(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    draw(&display);
    assert_non_null(strstr(screen[3], "^id"));
    assert_non_null(strstr(screen[4], " 1 waiter "));
    press(&display, "ssssr"); /* by polls, the most first */
    draw(&display);
    assert_non_null(strstr(screen[3], "vpolls "));
    assert_non_null(strstr(screen[ROWS - 2], " 1 waiter ")); /* the chosen one stays in sight: it is the last now */
    press(&display, "g");
    draw(&display);
    assert_non_null(strstr(screen[4], "40 waiter "));
    press(&display, "S"); /* by text: equal rows keep their order */
    draw(&display);
    assert_non_null(strstr(screen[3], "vstate"));
}

static void a_choice_stays_while_rows_come_and_go(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "jjj");
    draw(&display);
    assert_int_equal(display.chosen_id, 4);
    now.tasks = tasks + 2; /* two have ended */
    now.task_count = TASKS - 2;
    draw(&display);
    assert_int_equal(display.chosen_id, 4);
    now.tasks = tasks + 10; /* and the chosen one */
    now.task_count = TASKS - 10;
    draw(&display);
    assert_int_equal(display.chosen_id, 11);
    press(&display, "G");
    draw(&display);
    assert_int_equal(display.chosen_id, 40);
}

static void search_and_filter_find(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "/cook");
    draw(&display);
    assert_true(row_of("search: cook_") == ROWS - 1);
    assert_true(display_key(&display, KEY_IS_RUBOUT));
    assert_true(display_key(&display, KEY_IS_ENTER));
    draw(&display);
    assert_int_equal(display.chosen_id, 8);
    press(&display, "fshop.c:3"); /* any cell counts: 3, and 30 to 39 */
    assert_true(display_key(&display, KEY_IS_ENTER));
    draw(&display);
    assert_non_null(strstr(screen[4], "shop.c:3 "));
    assert_non_null(strstr(screen[5], "shop.c:30 "));
    press(&display, "fnothing");
    assert_true(display_key(&display, KEY_IS_ENTER));
    draw(&display);
    assert_true(row_of("none of them has 'nothing'") > 0);
    assert_true(display_key(&display, KEY_IS_BACK));
    draw(&display);
    assert_non_null(strstr(screen[4], "waiter"));
}

static void rates_need_two_looks(void **state)
{
    (void)state;
    struct live_channel earlier = channels[0];
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "2");
    draw(&display);
    assert_non_null(strstr(screen[4], "orders"));
    assert_non_null(strstr(screen[4], "  - "));
    earlier.sent = 50;
    before = (struct snapshot){.at_ns = SECOND, .status = "", .channels = &earlier, .channel_count = 1};
    draw(&display);
    assert_non_null(strstr(screen[4], "  50 ")); /* 100 in two seconds */
    assert_non_null(strstr(screen[5], "  - ")); /* the other is new */
}

static void a_name_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "2");
    draw(&display);
    assert_true(row_of("evil ?[2J? name") == 5);
    for (int row = 0; row < ROWS; row++)
        assert_null(strpbrk(screen[row], "\x1b\xff"));
}

static void a_wait_names_who_could_end_it(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    tasks[0].waits[0] = (struct live_wait){.what = "room in channel", .object = 1, .name = "orders", .holder = 8, .holder_is = "receiver",
                                           .for_ns = 2 * (int64_t)SECOND};
    tasks[0].wait_count = 1;
    draw(&display);
    assert_true(row_of("room in channel orders (full, 4 of 4) 2.00 s; r") == 4);
    assert_true(strchr(screen[4], 0)[-1] == '~'); /* cut at the edge */
    assert_true(display_key(&display, KEY_IS_ENTER));
    draw(&display);
    assert_true(row_of("waits for: room in channel orders (full, 4 of 4) 2.00 s; receiver the cook waiting at shop.c:7") > 0);
    now.tasks = tasks + 1;
    now.task_count = TASKS - 1;
    draw(&display);
    assert_true(row_of("1 is gone") > 0);
}

static void every_list_fits_every_terminal(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "a path that is longer than the terminal is wide", 1000);
    for (int key = 0; key < DISPLAYS; key++)
        for (int rows = 1; rows < 9; rows++)
            for (int columns = 1; columns < 40; columns += 3) {
                struct grid small;
                assert_true(display_key(&display, '1' + key));
                grid_init(&small, rows, columns);
                display_draw(&display, &small, &(struct scene){{&now, &before}, {&now, &before}}); /* the sanitizers look on */
                display_draw(&display, &small, &(struct scene){0});
                grid_fini(&small);
            }
    assert_false(display_key(&display, 'q'));
}

static void a_warning_can_be_chosen_beside_another(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "6j");
    draw(&display);
    assert_int_equal(display.chosen_id, 2);
    assert_non_null(strstr(screen[5], "self-wake          the cook                 second: wait"));
}

static void a_histogram_fits_and_loses_nothing(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    now.poll_time.count = 32;
    for (size_t i = 0; i < 32; i++) {
        now.poll_time.bounds[i] = 1e-6 * (double)(i + 1);
        now.poll_time.counts[i] = i >= 4 && i < 28 ? 1 : 0;
    }
    press(&display, "7");
    draw(&display); /* 12 rows leave two for the bars of each: twelve buckets in one */
    assert_non_null(strstr(screen[4], "16.0 us           12 #"));
    assert_non_null(strstr(screen[5], "28.0 us           12 #"));
    assert_true(row_of("nothing was measured yet") > 5);
}

static void a_list_that_is_older_than_the_figures_says_so(void **state)
{
    (void)state;
    struct display display;
    struct snapshot later = now;
    later.at_ns += 12 * (int64_t)SECOND;
    display_init(&display, "here", 1000);
    draw(&display);
    assert_int_equal(row_of("s ago"), -1);
    grid_init(&grid, ROWS, COLUMNS);
    display_draw(&display, &grid, &(struct scene){.figures = {&later, NULL}, .list = {&now, NULL}});
    char row[COLUMNS * 8] = "";
    for (int column = 0; column < COLUMNS; column++)
        strcat(row, grid.cells[2 * COLUMNS + column].text);
    grid_fini(&grid);
    assert_non_null(strstr(row, "12 s ago  40 "));
}

/* Asked whenever it is due, on a clock of the test's own: how often in an hour, and what all of that has cost. */
static int64_t hour_of(int64_t figures_ns, int64_t list_ns, int64_t interval_ns, int *out_figures, int *out_lists)
{
    struct pace figures = {0}, list = {0};
    int64_t spent = 0;
    *out_figures = *out_lists = 0;
    for (int64_t at = 0; at < 3600 * (int64_t)SECOND;) {
        const int64_t begun = at;
        if (pace_is_due(&figures, at)) {
            at += figures_ns;
            pace_next(&figures, &pace_figures, at, figures_ns, interval_ns);
            ++*out_figures;
        }
        if (pace_is_due(&list, at)) {
            at += list_ns;
            pace_next(&list, &pace_lists, at, list_ns, interval_ns);
            ++*out_lists;
        }
        spent += at - begun;
        at = figures.due_ns < list.due_ns ? figures.due_ns : list.due_ns;
    }
    return spent;
}

static void a_process_gives_three_thousandths_of_its_time(void **state)
{
    (void)state;
    static const int64_t costs[] = {0, 20000, 500000, 20000000, 80000000, 500000000, 5000000000};
    int figures, list;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        for (int64_t each = 0; each <= 4000000; each += 200000)
            assert_true(hour_of(each, costs[i], SECOND / 10, &figures, &list) <= 10800 * (int64_t)SECOND / 1000 + each + costs[i]);
    hour_of(150000, 500000000, SECOND / 10, &figures, &list); /* a million tasks: figures do not wait for them */
    assert_true(figures > 35000);
    assert_int_equal(list, 8);
    hour_of(100000000, 1000, SECOND / 10, &figures, &list); /* figures are never older */
    assert_true(figures > 1700);
    hour_of(150000, 90000, SECOND / 10, &figures, &list); /* what is cheap comes at the interval */
    assert_true(figures > 35000 && list > 35000);
}

static void what_looking_takes_is_told_of_the_last_seconds(void **state)
{
    (void)state;
    struct toll toll = {0};
    for (int64_t at = 1; at <= 21; at++) /* ten times a second: at first 1 % there and 2 % here, */
        toll_note(&toll, at * SECOND / 10, at * 1000000, at * 2000000);
    assert_true(toll.known);
    assert_true(toll.there > 0.00999 && toll.there < 0.01001);
    assert_true(toll.here > 0.01999 && toll.here < 0.02001);
    for (int64_t at = 22; at <= 41; at++) /* and then nothing */
        toll_note(&toll, at * SECOND / 10, 21000000, 42000000);
    assert_true(toll.there == 0 && toll.here == 0);
}

static void what_looking_takes_stands_behind_the_target(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    draw(&display);
    assert_int_equal(row_of("looking takes"), -1);
    display.toll = (struct toll){.known = true, .there = 0.00214, .here = 0.0131};
    draw(&display);
    assert_int_equal(row_of("here  looking takes 0.21 % of a processor there, 1.31 % here"), 0);
}

static void the_key_of_what_is_shown_looks_at_once(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "2");
    assert_false(display.again);
    press(&display, "2");
    assert_true(display.again);
    display.again = false;
    press(&display, "s");
    assert_false(display.again);
}

static void the_interval_has_its_bounds(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    press(&display, "++++++");
    assert_int_equal(display.interval_ms, DISPLAY_INTERVAL_MIN_MS);
    press(&display, "------------");
    assert_int_equal(display.interval_ms, DISPLAY_INTERVAL_MAX_MS);
}

static void what_is_shown_is_asked_for(void **state)
{
    (void)state;
    struct display display;
    display_init(&display, "here", 1000);
    assert_true(display_parts(&display) & 1u << LIVE_TASKS);
    press(&display, "2");
    assert_false(display_parts(&display) & 1u << LIVE_TASKS);
    press(&display, "7");
    assert_true(display_parts(&display) & 1u << LIVE_METRICS);
    press(&display, "3");
    assert_int_equal(display_parts(&display), SOURCE_ALWAYS); /* and nothing else: workers are figures */
}

static void a_target_is_found_by_its_path(void **state)
{
    (void)state;
    struct target target;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/weft-test-target-%d", (int)getpid());
    assert_false(target_find(&target, address.sun_path));
    assert_non_null(strstr(target.says, "is no socket"));
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(target_find(&target, address.sun_path));
    assert_string_equal(target.socket, address.sun_path);
    unlink(address.sun_path);
    close(fd);
    unsetenv("WEFT_DIAG_TOKEN");
    assert_false(target_find(&target, "http://127.0.0.1:1"));
    setenv("WEFT_DIAG_TOKEN", "a token", 1);
    assert_true(target_find(&target, "http://127.0.0.1:1/"));
    assert_string_equal(target.base, "http://127.0.0.1:1");
    assert_false(target_find(&target, "99999999"));
    assert_non_null(strstr(target.says, "there is no process"));
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tasks_are_sorted_as_asked, town_prepare),
        cmocka_unit_test_setup(a_choice_stays_while_rows_come_and_go, town_prepare),
        cmocka_unit_test_setup(search_and_filter_find, town_prepare),
        cmocka_unit_test_setup(rates_need_two_looks, town_prepare),
        cmocka_unit_test_setup(a_name_cannot_write_to_the_terminal, town_prepare),
        cmocka_unit_test_setup(a_wait_names_who_could_end_it, town_prepare),
        cmocka_unit_test_setup(every_list_fits_every_terminal, town_prepare),
        cmocka_unit_test_setup(a_warning_can_be_chosen_beside_another, town_prepare),
        cmocka_unit_test_setup(a_histogram_fits_and_loses_nothing, town_prepare),
        cmocka_unit_test_setup(a_list_that_is_older_than_the_figures_says_so, town_prepare),
        cmocka_unit_test(a_process_gives_three_thousandths_of_its_time),
        cmocka_unit_test(what_looking_takes_is_told_of_the_last_seconds),
        cmocka_unit_test_setup(what_looking_takes_stands_behind_the_target, town_prepare),
        cmocka_unit_test_setup(the_key_of_what_is_shown_looks_at_once, town_prepare),
        cmocka_unit_test_setup(the_interval_has_its_bounds, town_prepare),
        cmocka_unit_test_setup(what_is_shown_is_asked_for, town_prepare),
        cmocka_unit_test_setup(a_target_is_found_by_its_path, town_prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
