/* SPDX-License-Identifier: MIT */
/* A runtime small enough for the explorer: the real scheduler, tasks, slab and registry, without timers, I/O and
 * monitor. */
#ifndef MODEL_ENGINE_H
#define MODEL_ENGINE_H

#include <stdint.h>
#include <weft/scope.h>

/* Start `workers` worker threads. Tasks are spawned into the scope that is returned. */
weft_scope *engine_start(uint32_t workers);

/* Wait until no task lives, end the workers, give everything back. */
void engine_stop(void);

#endif
