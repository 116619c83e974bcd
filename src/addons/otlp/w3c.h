/* SPDX-License-Identifier: MIT */
/*
 * W3C Trace Context, level 2: `traceparent` and `tracestate` as text. Pure functions.
 *
 *     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01     version, trace, parent span, flags; lower case
 *     vendor=value,tenant@system=value                            at most 32 members, 512 bytes
 *
 * What is no traceparent is refused with a text. A tracestate that is wrong is no reason to lose the trace: it is left out.
 */
#ifndef WEFT_OTLP_W3C_H
#define WEFT_OTLP_W3C_H

#include <stdbool.h>
#include <weft/otlp.h>

/* NULL: *out has ids and flags; otherwise what is wrong with it. */
const char *weft__otlp_traceparent_read(const char *text, weft_otlp_context *out);

/* Into WEFT_OTLP_TRACEPARENT_SIZE bytes. */
void weft__otlp_traceparent_write(const weft_otlp_context *context, char *out);

/* Copy the members, without empty ones and spaces around them. False: it is not one, and *out is "". */
bool weft__otlp_tracestate_read(const char *text, char out[WEFT_OTLP_TRACESTATE_SIZE]);

/* Whether all bytes are zero, which an id may not be. */
bool weft__otlp_id_is_zero(const uint8_t *id, size_t size);

/* Lower-case hexadecimal digits, and a zero. */
void weft__otlp_hex(const uint8_t *bytes, size_t size, char *out);

#endif
