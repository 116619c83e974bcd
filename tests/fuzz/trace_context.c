/* SPDX-License-Identifier: MIT */
/*
 * Any text as `traceparent` and, behind its first line break, as `tracestate`: headers of a request come from anybody. It is refused
 * with a reason, or taken, and then what is written of it says the same when it is read again.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weft/otlp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition)                                                                                        \
    if (!(condition))                                                                                                  \
    abort()

/* At most 32 members, each with a key, without spaces around them. */
static void tracestate_is_whole(const char *text)
{
    unsigned members = *text ? 1 : 0;
    FUZZ_REQUIRE(strlen(text) < WEFT_OTLP_TRACESTATE_SIZE);
    for (const char *c = text; *c; c++) {
        FUZZ_REQUIRE(*c >= 0x20 && *c <= 0x7e);
        members += *c == ',';
        FUZZ_REQUIRE(*c != ',' || (c > text && c[-1] != ' ' && c[-1] != ',' && c[1] && c[1] != ' '));
    }
    FUZZ_REQUIRE(members <= 32);
    FUZZ_REQUIRE(!*text || (strchr(text, '=') && !isspace((unsigned char)*text)));
}

static void context_is_whole(const char *traceparent, const weft_otlp_context *context)
{
    static const uint8_t none[16];
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    weft_otlp_context again;
    FUZZ_REQUIRE(memcmp(context->trace_id, none, 16) != 0 && memcmp(context->span_id, none, 8) != 0);
    tracestate_is_whole(context->tracestate);
    FUZZ_REQUIRE(weft_otlp_context_format(context, text) == 0 && strlen(text) == WEFT_OTLP_TRACEPARENT_SIZE - 1);
    FUZZ_REQUIRE(memcmp(text, "00-", 3) == 0 && memcmp(text + 2, traceparent + 2, 50) == 0);
    FUZZ_REQUIRE(weft_otlp_context_parse(text, context->tracestate, &again) == 0);
    FUZZ_REQUIRE(memcmp(again.trace_id, context->trace_id, 16) == 0 && memcmp(again.span_id, context->span_id, 8) == 0);
    FUZZ_REQUIRE(again.flags == context->flags && strcmp(again.tracestate, context->tracestate) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* so that a byte behind its end is found */
    weft_otlp_context context;
    FUZZ_REQUIRE(text);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    char *line = strchr(text, '\n');
    if (line)
        *line = '\0';
    memset(&context, 0xa5, sizeof context);
    if (weft_otlp_context_parse(text, line ? line + 1 : NULL, &context) == 0)
        context_is_whole(text, &context);
    else
        FUZZ_REQUIRE(*weft_error_detail() && context.flags == 0xa5); /* untouched */
    free(text);
    return 0;
}
