/* SPDX-License-Identifier: MIT */
/* The definition events: what a name in a recording stands for, said once per recording. */
#ifndef WEFT_TASK_ANNOUNCE_H
#define WEFT_TASK_ANNOUNCE_H

#include "task/task.h"

/* Raised when a recording starts, so that sites are defined again. */
extern _Atomic uint32_t weft__announce_generation;

/* The events of a task that is being born. */
void weft__announce_spawn(struct weft__env *env, weft__task *task);

/* The events of a task that lives already when a recording starts. */
void weft__announce_live(struct weft__env *env, const weft_task_info *info);

#endif
