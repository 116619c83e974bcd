/* SPDX-License-Identifier: MIT */
/*
 * A closer look at one task than weft__task_copy(): where it is, what it waits for, in which scopes. Nothing is stopped
 * but a task that waits, for as long as its frames are read (task/state.h, pin); of one that runs or is queued the frames
 * are peeked at (task/frames.h), and what it waits for is not told. Any thread; no lock is held after it.
 */
#ifndef WEFT_TASK_LOOK_H
#define WEFT_TASK_LOOK_H

#include "task/frames.h"
#include "task/task.h"

enum { WEFT__LOOK_SCOPES = 8, WEFT__LOOK_SCOPE_NAME = 64 };

/* An open scope: where it was opened, and by whom. */
struct weft__look_scope {
    uint64_t id;
    uint64_t owner;
    const weft_function *opener; /* NULL: not known, a hand-written poll function */
    uint32_t line;
    char name[WEFT__LOOK_SCOPE_NAME];
};

struct weft__look {
    weft_task_info info;
    int64_t now; /* when it was looked at */
    struct weft__frames frames;
    struct weft__abouts abouts;
    uint32_t scopes; /* 0: it belongs to the root scope, or has just ended */
    bool deeper;     /* there are scopes around the outermost of these */
    struct weft__look_scope path[WEFT__LOOK_SCOPES]; /* the innermost first: the one that the task belongs to */
};

/* False: there is no task in the slot. Inside an RCU section. */
bool weft__look(weft__task *task, const struct weft__loaded *loaded, struct weft__look *out);

/* The task of an id, by walking all of them: for what is rare. Begins and ends an RCU section. */
bool weft__look_for(struct weft__env *env, uint64_t id, const struct weft__loaded *loaded, struct weft__look *out);

/* The next one of a walk, as weft__slab_next(); false at its end. Begins and ends an RCU section. */
bool weft__look_next(struct weft__env *env, uint32_t *number, const struct weft__loaded *loaded, struct weft__look *out);

/* "scheduled" and so on. */
const char *weft__look_state(weft_task_state state);

/*
 * In one line, for reports: "'fetch' (12), waiting for 110 ms at read_all, fetch.c:88, for a message in channel 'replies';
 * in scope 'requests' of server.c:40". Cut if there is no room.
 */
void weft__look_line(const struct weft__look *look, char *out, size_t room);

#endif
