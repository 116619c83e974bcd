/* SPDX-License-Identifier: MIT */
/* The tracer of the core (<weft/trail.h>): tasks with names become spans, and what travels are spans and contexts. */
#ifndef WEFT_OTLP_TRACER_H
#define WEFT_OTLP_TRACER_H

/* 0, or why weft_tracer_set() refused. */
int weft__otlp_tracer_begin(void);
void weft__otlp_tracer_end(void);

#endif
