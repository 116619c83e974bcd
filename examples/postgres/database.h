/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL for tasks: libpq's asynchronous interface, which says itself when it wants to read or write, over the readiness
 * of its socket. One connection belongs to one task at a time.
 */
#ifndef EXAMPLE_POSTGRES_DATABASE_H
#define EXAMPLE_POSTGRES_DATABASE_H

#include <libpq-fe.h>
#include <weft.h>

struct database {
    PGconn *connection;
    weft_fd fd; /* libpq's socket, borrowed */
};

/* A step: connect. 0, or a negative code; PQerrorMessage() has the words. */
struct database_open { weft_frame weft; struct database *database; const char *parameters; PostgresPollingStatusType wants; };
weft_poll database_open(weft_context *cx, struct database_open *self);

/* A step: run one statement. The result is the caller's to PQclear(), if the answer is 0. */
struct database_query { weft_frame weft; struct database *database; const char *statement; PGresult *result, *next; };
weft_poll database_query(weft_context *cx, struct database_query *self);

/* A step: wait for the next notification, at most so long. 0, WEFT_ETIMEDOUT, or another code. It is the caller's to PQfreemem(). */
struct database_notice {
    weft_frame weft;
    struct database *database;
    int64_t patience_ns;
    PGnotify *notice;
    weft_fd_future readable;
    weft_timeout_state timeout;
};
weft_poll database_notice(weft_context *cx, struct database_notice *self);

void database_close(struct database *database);

#endif
