/* SPDX-License-Identifier: MIT */
/* An endpoint in a folder of its own, for one test. The test's own thread. */
#ifndef WEFT_TESTS_DIAG_SERVED_H
#define WEFT_TESTS_DIAG_SERVED_H

#include <weft/diag.h>

#include "diag/lib/http.h"
#include "lib/world.h"

struct served {
    char folder[64];
    char path[96];
    weft_diag *diag;
};

/* Listen in a new folder; options' path is set here. */
void served_begin(struct served *served, weft_diag_options options);
#define SERVED(served, ...) served_begin((served), (weft_diag_options){.size = sizeof(weft_diag_options), __VA_ARGS__})

/* Stop, and see that neither the socket nor a thread is left. */
void served_end(struct served *served);

/* A path in a folder of the test's own, which is made. */
void served_folder(struct served *served);
void served_remove(struct served *served);

/* Members of an object. The test fails if it is not there or of another type. */
int64_t member_number(const json_t *object, const char *key);
const char *member_text(const json_t *object, const char *key);
const json_t *member(const json_t *object, const char *key);

/* The element of a list whose member is this text; NULL: none. */
const json_t *element(const json_t *list, const char *key, const char *text);

#endif
