/* SPDX-License-Identifier: MIT */
/*
 * What a collector answers to a batch that it took in part: {"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}. The rest
 * of an answer is passed over, and nothing is allocated.
 *
 * Not by json_loadb(): when memory ends while jansson 2.14 reads a text, it leaves bytes of it out without a word, perhaps the closing
 * quote, and then reads and writes beyond its end (https://github.com/akheron/jansson/issues/362); its other readers share that code.
 */
#ifndef WEFT_OTLP_PARTIAL_H
#define WEFT_OTLP_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many of a batch were rejected (`rejected` is "rejectedSpans" and so on), and why, cut to `room` bytes, at least one: "" where nothing
 * is said. What is no JSON, or deeper than 32, says nothing.
 */
uint64_t weft__otlp_partial(const char *text, size_t length, const char *rejected, char *out_why, size_t room);

#endif
