/* SPDX-License-Identifier: MIT */
/* See display.h. */
#include "cli/live/display.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live/screen.h"
#include "cli/memory.h"

enum { ROW_TITLE = 0, ROW_SUMMARY = 1, ROW_TABS = 2, ROW_HEAD = 3, ROW_FIRST = 4 };

static const char *const tabs[DISPLAYS] = {"tasks", "channels", "workers", "resources", "blocking", "warnings", "times"};

void display_init(struct display *display, const char *target, int interval_ms)
{
    *display = (struct display){.target = target, .interval_ms = interval_ms};
    for (int i = 0; i < LISTS; i++) {
        display->sorted[i] = lists[i].sorted;
        display->falling[i] = lists[i].falling;
    }
}

source_parts display_parts(const struct display *display)
{
    source_parts parts = 0;
    switch (display->shown) {
    case LIST_TASKS:
    case LIST_RESOURCES: /* names of their owners */
        parts |= 1u << LIVE_TASKS | 1u << LIVE_CHANNELS;
        break;
    case LIST_CHANNELS:
        parts |= display->detail ? 1u << LIVE_TASKS : 0;
        break;
    case LIST_WARNINGS: /* reasons of the health, and what is suspicious */
        parts |= SOURCE_ALWAYS;
        break;
    case DISPLAY_TIMES:
        return 1u << LIVE_METRICS;
    default:
        break;
    }
    return parts | 1u << lists[display->shown].part;
}

/* Keys. */

static void display_show(struct display *display, int which)
{
    display->shown = which;
    display->detail = display->chosen = display->help = false;
    display->top = display->step = 0;
}

static void display_sort(struct display *display, int by)
{
    if (display->shown >= LISTS)
        return;
    const int count = lists[display->shown].column_count;
    display->sorted[display->shown] = (display->sorted[display->shown] + by + count) % count;
}

static void display_interval(struct display *display, bool faster)
{
    display->interval_ms = faster ? display->interval_ms / 2 : display->interval_ms * 2;
    if (display->interval_ms < DISPLAY_INTERVAL_MIN_MS)
        display->interval_ms = DISPLAY_INTERVAL_MIN_MS;
    if (display->interval_ms > DISPLAY_INTERVAL_MAX_MS)
        display->interval_ms = DISPLAY_INTERVAL_MAX_MS;
}

/* A key while a prompt is open. */
static void display_type(struct display *display, int key)
{
    const size_t length = strlen(display->input);
    if (key == KEY_IS_ENTER) {
        char *to = display->prompt == '/' ? display->search : display->filter;
        memcpy(to, display->input, sizeof display->input);
        display->seek = display->prompt == '/' && *to;
        display->top = display->prompt == 'f' ? 0 : display->top;
        display->prompt = 0;
    } else if (key == KEY_IS_BACK) {
        display->prompt = 0;
    } else if (key == KEY_IS_RUBOUT) {
        if (length)
            display->input[length - 1] = '\0';
    } else if (key >= ' ' && key < 256 && key != 127 && length + 1 < sizeof display->input) {
        display->input[length] = (char)key;
        display->input[length + 1] = '\0';
    }
}

static void display_prompt(struct display *display, char which)
{
    display->prompt = which;
    display->input[0] = '\0';
}

bool display_key(struct display *display, int key)
{
    if (display->prompt) {
        display_type(display, key);
        return true;
    }
    if (key >= '1' && key < '1' + DISPLAYS) {
        display->again = display->shown == key - '1';
        display_show(display, key - '1');
        return true;
    }
    switch (key) {
    case 'q':
        return false;
    case '?':
    case 'h':
        display->help = !display->help;
        break;
    case '\t':
        display_show(display, (display->shown + 1) % DISPLAYS);
        break;
    case KEY_IS_BACK:
        if (display->help)
            display->help = false;
        else if (display->detail)
            display->detail = false;
        else
            display->filter[0] = '\0';
        break;
    case KEY_IS_ENTER:
        display->detail = display->chosen && (display->shown == LIST_TASKS || display->shown == LIST_CHANNELS);
        break;
    case KEY_IS_UP:
    case 'k':
        display->step--;
        break;
    case KEY_IS_DOWN:
    case 'j':
        display->step++;
        break;
    case KEY_IS_PAGE_UP:
        display->step -= 20;
        break;
    case KEY_IS_PAGE_DOWN:
        display->step += 20;
        break;
    case KEY_IS_FIRST:
    case 'g':
        display->step = INT32_MIN / 2;
        break;
    case KEY_IS_LAST:
    case 'G':
        display->step = INT32_MAX / 2;
        break;
    case 's':
    case '>':
        display_sort(display, 1);
        break;
    case 'S':
    case '<':
        display_sort(display, -1);
        break;
    case 'r':
        if (display->shown < LISTS)
            display->falling[display->shown] = !display->falling[display->shown];
        break;
    case '/':
        display_prompt(display, '/');
        break;
    case 'f':
        display_prompt(display, 'f');
        break;
    case 'n':
        display->seek = display->search[0] != '\0';
        break;
    case ' ':
        display->frozen = !display->frozen;
        break;
    case '+':
        display_interval(display, true);
        break;
    case '-':
        display_interval(display, false);
        break;
    default:
        break;
    }
    return true;
}

/* Rows in the order in which they are shown. */

struct ordered {
    const void *row;
    double rank;
    char *text; /* NULL: by rank */
    bool falling;
    size_t place; /* what is equal keeps its place */
};

static int ordered_compare(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;
    int answer = a->text ? strcmp(a->text, b->text) : (a->rank > b->rank) - (a->rank < b->rank);
    if (answer == 0)
        return a->place < b->place ? -1 : 1;
    return a->falling ? -answer : answer;
}

/* Whether some cell of the row has the text in it. */
static bool row_has(const struct list *list, const struct glance *glance, const void *row, const char *text)
{
    char cell[LIST_CELL_SIZE];
    for (int i = 0; i < list->column_count; i++) {
        list->columns[i].text(cell, glance, row);
        if (strstr(cell, text))
            return true;
    }
    return false;
}

static struct ordered *display_rows(const struct display *display, const struct glance *glance, size_t *out_count)
{
    const struct list *list = &lists[display->shown];
    const struct column *by = &list->columns[display->sorted[display->shown]];
    const size_t count = list->count(glance->now);
    struct ordered *rows = memory_zeroed(count, sizeof *rows);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const void *row = list->row(glance->now, i);
        if (display->filter[0] && !row_has(list, glance, row, display->filter))
            continue;
        rows[used] = (struct ordered){.row = row, .falling = display->falling[display->shown], .place = used};
        if (by->rank) {
            rows[used].rank = by->rank(glance, row);
        } else {
            char cell[LIST_CELL_SIZE];
            by->text(cell, glance, row);
            rows[used].text = memory_text(cell);
        }
        used++;
    }
    if (used)
        qsort(rows, used, sizeof *rows, ordered_compare);
    *out_count = used;
    return rows;
}

static void rows_free(struct ordered *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(rows[i].text);
    free(rows);
}

/* Ids are of a runtime; the first member of every row is its number. */
static uint64_t row_runtime(const void *row)
{
    return *(const uint64_t *)row;
}

/* The place of the chosen row after moving; -1: there are none. */
static int display_choose(struct display *display, const struct glance *glance, const struct ordered *rows, int count)
{
    const struct list *list = &lists[display->shown];
    int at = 0;
    for (int i = 0; display->chosen && i < count; i++)
        if (list->id(rows[i].row) == display->chosen_id && row_runtime(rows[i].row) == display->chosen_runtime)
            at = i;
    if (count == 0)
        return -1;
    for (int i = 1; display->seek && i <= count; i++)
        if (row_has(list, glance, rows[(at + i) % count].row, display->search)) {
            at = (at + i) % count;
            break;
        }
    display->seek = false;
    const int64_t wanted = (int64_t)at + display->step;
    at = wanted < 0 ? 0 : wanted >= count ? count - 1 : (int)wanted;
    display->step = 0;
    display->chosen = true;
    display->chosen_id = list->id(rows[at].row);
    display->chosen_runtime = row_runtime(rows[at].row);
    return at;
}

/* Drawing. */

static int column_width(const struct column *column, const struct grid *grid, int at)
{
    return column->width ? column->width : grid->columns - at;
}

static void draw_heads(const struct display *display, struct grid *grid, const struct list *list)
{
    int at = 1;
    for (int i = 0; i < list->column_count && at < grid->columns; i++) {
        const struct column *column = &list->columns[i];
        const int width = column_width(column, grid, at);
        char title[64];
        snprintf(title, sizeof title, "%s%s", display->sorted[display->shown] != i ? "" : display->falling[display->shown] ? "v" : "^", column->title);
        (column->right ? grid_put_right : grid_put)(grid, ROW_HEAD, at, width, STYLE_HEAD, title);
        at += width + 1;
    }
}

static void draw_row(struct grid *grid, int where, const struct list *list, const struct glance *glance, const void *row, bool chosen)
{
    int at = 1;
    for (int i = 0; i < list->column_count && at < grid->columns; i++) {
        const struct column *column = &list->columns[i];
        const int width = column_width(column, grid, at);
        char cell[LIST_CELL_SIZE];
        column->text(cell, glance, row);
        (column->right ? grid_put_right : grid_put)(grid, where, at, width, column->style ? column->style(glance, row) : STYLE_PLAIN, cell);
        at += width + 1;
    }
    if (chosen)
        grid_style_row(grid, where, STYLE_CHOSEN);
}

static void draw_list(struct display *display, struct grid *grid, const struct glance *glance)
{
    const struct list *list = &lists[display->shown];
    size_t count;
    struct ordered *rows = display_rows(display, glance, &count);
    const int room = grid->rows - ROW_FIRST - 1, at = display_choose(display, glance, rows, (int)count);
    if (at >= 0 && at < display->top)
        display->top = at;
    if (at >= display->top + room)
        display->top = at - room + 1;
    if (display->top > 0 && display->top + room > (int)count)
        display->top = (int)count > room ? (int)count - room : 0;
    draw_heads(display, grid, list);
    for (int i = 0; i < room && display->top + i < (int)count; i++)
        draw_row(grid, ROW_FIRST + i, list, glance, rows[display->top + i].row, display->top + i == at);
    if (!count)
        grid_print(grid, ROW_FIRST, 1, STYLE_DIM, display->filter[0] ? "none of them has '%s'" : "there are none%s",
                   display->filter[0] ? display->filter : "");
    rows_free(rows, count);
}

/* How many there are; and how long ago, where that is no look at it. */
static void draw_counts(const struct display *display, struct grid *grid, const struct scene *scene, int column)
{
    const struct snapshot *now = scene->list.now;
    const double age = scene->figures.now ? (double)(scene->figures.now->at_ns - now->at_ns) / 1e9 : 0;
    if (age >= 1)
        column = grid_print(grid, ROW_TABS, column, STYLE_WARN, "  %.0f s ago", age);
    if (display->shown >= LISTS)
        return;
    const struct list *list = &lists[display->shown];
    const uint64_t total = list->total(now);
    if (total > list->count(now))
        grid_print(grid, ROW_TABS, column, STYLE_WARN, "  the first %zu of %" PRIu64 ": narrow them with f", list->count(now), total);
    else
        grid_print(grid, ROW_TABS, column, STYLE_DIM, "  %zu", list->count(now));
}

static void draw_frame(const struct display *display, struct grid *grid, const struct scene *scene)
{
    const struct snapshot *now = scene->figures.now;
    int at = grid_print(grid, ROW_TITLE, 0, STYLE_PLAIN, " weft top");
    if (now && now->pid)
        at = grid_print(grid, ROW_TITLE, at + 1, STYLE_PLAIN, "%" PRIu64, now->pid);
    if (display->problem) /* before what was seen last, and is old: a narrow terminal shows the beginning */
        at = grid_print(grid, ROW_TITLE, at + 2, STYLE_BAD, "%s", display->problem);
    else if (now && *now->status)
        at = grid_print(grid, ROW_TITLE, at + 2, list_status_style(now->status), "%s", now->status);
    if (display->frozen)
        at = grid_print(grid, ROW_TITLE, at + 2, STYLE_WARN, "frozen");
    if (display->replay)
        at = grid_print(grid, ROW_TITLE, at + 2, STYLE_WARN, "replayed");
    at = grid_print(grid, ROW_TITLE, at + 2, STYLE_DIM, "%s", display->target);
    if (display->toll.known)
        grid_print(grid, ROW_TITLE, at + 2, STYLE_DIM, "looking takes %.2f %% of a processor there, %.2f %% here", 100 * display->toll.there,
                   100 * display->toll.here);
    for (int i = 0, column = 0; i < DISPLAYS; i++) {
        column = grid_print(grid, ROW_TABS, column, STYLE_KEY, " %d", i + 1);
        column = grid_print(grid, ROW_TABS, column, i == display->shown ? STYLE_CHOSEN : STYLE_PLAIN, "%s", tabs[i]);
        if (i == DISPLAYS - 1 && scene->list.now)
            draw_counts(display, grid, scene, column);
    }
}

/* All runtimes together. */
static void draw_summary(struct grid *grid, const struct snapshot *now, const struct snapshot *before)
{
    struct live_runtime all = {0}, past = {0};
    for (size_t i = 0; i < now->runtime_count; i++) {
        all.workers += now->runtimes[i].workers;
        all.workers_parked += now->runtimes[i].workers_parked;
        all.live += now->runtimes[i].live;
        all.polls += now->runtimes[i].polls;
        all.spawned += now->runtimes[i].spawned;
        all.stalls += now->runtimes[i].stalls;
    }
    for (size_t i = 0; before && i < before->runtime_count; i++) {
        past.polls += before->runtimes[i].polls;
        past.spawned += before->runtimes[i].spawned;
    }
    const double seconds = before ? (double)(now->at_ns - before->at_ns) / 1e9 : 0;
    const int at = grid_print(grid, ROW_SUMMARY, 1, STYLE_DIM, "%zu %s, %" PRIu64 " workers (%" PRIu64 " asleep), %" PRIu64 " tasks live, %" PRIu64 " stalls",
                              now->runtime_count, now->runtime_count == 1 ? "runtime" : "runtimes", all.workers, all.workers_parked, all.live, all.stalls);
    if (seconds > 0 && all.polls >= past.polls && all.spawned >= past.spawned)
        grid_print(grid, ROW_SUMMARY, at, STYLE_DIM, ", %.0f polls/s, %.0f spawns/s", (double)(all.polls - past.polls) / seconds,
                   (double)(all.spawned - past.spawned) / seconds);
}

static void draw_keys(const struct display *display, struct grid *grid)
{
    const int row = grid->rows - 1;
    if (display->prompt) {
        grid_print(grid, row, 0, STYLE_KEY, " %s: %s_", display->prompt == '/' ? "search" : "filter", display->input);
        return;
    }
    const int at = grid_print(grid, row, 0, STYLE_DIM, " ? keys  s sort  r reverse  f filter  / search  space freeze  enter details  q leave");
    if (display->filter[0])
        grid_print(grid, row, at + 2, STYLE_WARN, "filter: %s", display->filter);
}

static void draw_help(struct grid *grid)
{
    static const char *const help[] = {
        "1 to 7, tab   what is shown: tasks, channels, workers, resources, blocking jobs, warnings, times",
        "              the key of what is shown: look at once, though a list that costs much is not due",
        "up, down      choose a row (also k, j, page up, page down, home, end)",
        "enter         all about the chosen task or channel; escape goes back",
        "s, S          sort by the next column, by the one before;  r  the other way round",
        "f             show only rows that contain a text; escape shows all again",
        "/, n          choose the next row that contains a text",
        "space         freeze what is shown, and go on",
        "+, -          look twice as often, half as often",
        "q             leave",
    };
    for (int i = 0; i < (int)(sizeof help / sizeof *help); i++)
        grid_print(grid, ROW_HEAD + 1 + i, 2, STYLE_PLAIN, "%s", help[i]);
}

static int draw_task_awaits(struct grid *grid, int row, const struct live_task *task)
{
    char at[LIST_CELL_SIZE];
    for (size_t i = task->await_count; i-- > 0; row++) {
        list_place(at, task->awaits[i].file, task->awaits[i].line);
        grid_print(grid, row, 2, STYLE_PLAIN, "%s %s  %s", i + 1 == task->await_count ? "awaits in" : "   called by", task->awaits[i].function, at);
    }
    return row;
}

static void draw_task(struct grid *grid, const struct glance *glance, const struct live_task *task)
{
    char text[LIST_CELL_SIZE], idle[LIST_CELL_SIZE];
    int row = ROW_HEAD + 1;
    grid_print(grid, row++, 1, STYLE_HEAD, "task %" PRIu64 "  %s", task->id, task->name);
    list_time(text, task->age_ns);
    list_time(idle, task->idle_ns);
    grid_print(grid, row++, 2, STYLE_PLAIN, "%s%s%s for %s; %s old, %" PRIu64 " polls%s", task->category, *task->category ? ", " : "", task->state, idle, text, task->polls,
               task->cancelled ? "; cancelled" : "");
    list_place(text, task->site.file, task->site.line);
    grid_print(grid, row++, 2, STYLE_PLAIN, "spawned at %s by task %" PRIu64, text, task->parent);
    for (size_t i = 0; i < task->scope_count; i++) {
        list_place(text, task->scopes[i].file, task->scopes[i].line);
        grid_print(grid, row++, 2, STYLE_PLAIN, "in scope %s  %s", task->scopes[i].function, text);
    }
    row = draw_task_awaits(grid, row, task);
    for (size_t i = 0; i < task->wait_count; i++) {
        list_wait(text, glance, task, i);
        grid_print(grid, row++, 2, STYLE_WARN, "waits for: %s", text);
    }
}

/* Those that wait at a channel, or are named as its other end. */
static void draw_channel_waits(struct grid *grid, int row, const struct glance *glance, const struct live_channel *channel)
{
    for (size_t i = 0; i < glance->now->task_count && row < grid->rows - 1; i++) {
        const struct live_task *task = &glance->now->tasks[i];
        for (size_t k = 0; k < task->wait_count && row < grid->rows - 1; k++)
            if (task->runtime == channel->runtime && task->waits[k].object == channel->id) {
                char text[LIST_CELL_SIZE];
                list_wait(text, glance, task, k);
                grid_print(grid, row++, 2, STYLE_WARN, "task %" PRIu64 " %s: %s", task->id, task->name, text);
            }
    }
}

static void draw_channel(struct grid *grid, const struct glance *glance, const struct live_channel *channel)
{
    char oldest[LIST_CELL_SIZE], longest[LIST_CELL_SIZE];
    int row = ROW_HEAD + 1;
    grid_print(grid, row++, 1, STYLE_HEAD, "channel %" PRIu64 "  %s", channel->id, channel->name);
    grid_print(grid, row++, 2, list_status_style(channel->health), "%s: %" PRIu64 " of %" PRIu64 " (%.0f%%), at most %" PRIu64 " ever%s", channel->health,
               channel->depth, channel->capacity, 100 * channel->saturation, channel->depth_max, channel->closed ? "; closed" : "");
    grid_print(grid, row++, 2, STYLE_PLAIN, "component %s, messages of %" PRIu64 " bytes, when full: %s", channel->component, channel->message_size,
               channel->overflow);
    grid_print(grid, row++, 2, STYLE_PLAIN, "sent %" PRIu64 ", received %" PRIu64 ", dropped %" PRIu64 ", refused %" PRIu64 ", had to wait %" PRIu64,
               channel->sent, channel->received, channel->dropped, channel->failed, channel->waits);
    list_time(oldest, channel->oldest_ns);
    list_time(longest, channel->wait_longest_ns);
    grid_print(grid, row++, 2, STYLE_PLAIN, "oldest message %s; %" PRIu64 " senders, %" PRIu64 " waiting, the first for %s; receiver %s", oldest,
               channel->senders, channel->senders_waiting, longest, channel->receiver_waiting ? "waits" : "does not wait");
    draw_channel_waits(grid, row, glance, channel);
}

static void draw_detail(struct display *display, struct grid *grid, const struct glance *glance)
{
    const struct live_task *task = display->shown == LIST_TASKS ? snapshot_task(glance->now, display->chosen_runtime, display->chosen_id) : NULL;
    const struct live_channel *channel =
        display->shown == LIST_CHANNELS ? snapshot_channel(glance->now, display->chosen_runtime, display->chosen_id) : NULL;
    if (task)
        draw_task(grid, glance, task);
    else if (channel)
        draw_channel(grid, glance, channel);
    else
        grid_print(grid, ROW_HEAD + 1, 1, STYLE_WARN, "%" PRIu64 " is gone", display->chosen_id);
}

static void histogram_bound(char out[LIST_CELL_SIZE], double seconds)
{
    if (isinf(seconds))
        snprintf(out, LIST_CELL_SIZE, "longer");
    else
        list_time(out, (int64_t)(seconds * 1e9));
}

/* The buckets from the first to the last that has something, two put into one until they fit into `room` rows. */
static struct live_histogram histogram_fit(const struct live_histogram *from, size_t room)
{
    struct live_histogram to = {0};
    size_t first = 0, last = from->count;
    while (first < last && from->counts[first] == 0)
        first++;
    while (last > first && from->counts[last - 1] == 0)
        last--;
    const size_t each = room ? (last - first + room - 1) / room : 1;
    for (size_t i = first; i < last; i++) {
        if ((i - first) % each == 0)
            to.count++;
        to.bounds[to.count - 1] = from->bounds[i];
        to.counts[to.count - 1] += from->counts[i];
    }
    return to;
}

static void draw_histogram(struct grid *grid, int row, int rows, const char *title, const struct live_histogram *histogram)
{
    const struct live_histogram shown = histogram_fit(histogram, rows > 1 ? (size_t)rows - 1 : 1);
    double most = 1;
    for (size_t i = 0; i < shown.count; i++)
        most = fmax(most, shown.counts[i]);
    grid_print(grid, row++, 1, STYLE_HEAD, "%s", title);
    if (!shown.count)
        grid_print(grid, row, 2, STYLE_DIM, "nothing was measured yet; it is while somebody asks");
    for (size_t i = 0; i < shown.count; i++, row++) {
        char bound[LIST_CELL_SIZE], count[32];
        const int length = (int)(shown.counts[i] / most * (grid->columns > 60 ? grid->columns - 40 : 20) + 0.5);
        histogram_bound(bound, shown.bounds[i]);
        snprintf(count, sizeof count, "%.0f", shown.counts[i]);
        grid_put_right(grid, row, 2, 10, STYLE_PLAIN, bound);
        grid_put_right(grid, row, 13, 12, STYLE_PLAIN, count);
        for (int k = 0; k < length && 26 + k < grid->columns; k++)
            grid_put(grid, row, 26 + k, 1, STYLE_GOOD, "#");
    }
}

static void draw_times(struct grid *grid, const struct snapshot *now)
{
    const int rows = (grid->rows - ROW_HEAD - 2) / 2;
    draw_histogram(grid, ROW_HEAD, rows, "how long polls take (at most)", &now->poll_time);
    draw_histogram(grid, ROW_HEAD + rows + 1, rows, "from a wake to the poll (at most)", &now->wake_latency);
}

void display_draw(struct display *display, struct grid *grid, const struct scene *scene)
{
    grid_clear(grid);
    draw_frame(display, grid, scene);
    draw_keys(display, grid);
    if (display->help) {
        draw_help(grid);
        return;
    }
    if (scene->figures.now)
        draw_summary(grid, scene->figures.now, scene->figures.before);
    if (!scene->list.now)
        return;
    if (display->shown == DISPLAY_TIMES) {
        draw_times(grid, scene->list.now);
    } else if (display->detail) {
        draw_detail(display, grid, &scene->list);
    } else {
        draw_list(display, grid, &scene->list);
    }
}
