/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 request: what a file server needs of it, and everything that it must refuse. */
#ifndef EXAMPLE_HTTP_REQUEST_H
#define EXAMPLE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_HEAD_MAX = 8192, REQUEST_PATH_MAX = 1024 };

struct request {
    bool head_only;  /* HEAD: the answer without its body */
    bool keep_alive;
    char path[REQUEST_PATH_MAX]; /* decoded; begins with '/', has no ".." and no empty part */
};

/* The length of the head that begins `bytes`, with the empty line at its end; 0: it is not all there yet. */
size_t request_head_length(const char *bytes, size_t length);

/* 200, or the status with which to refuse it. */
int request_parse(const char *head, size_t length, struct request *out);

/* "Not Found" and its like. */
const char *request_status_text(int status);

#endif
