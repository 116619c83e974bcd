/* SPDX-License-Identifier: MIT */
#include "database.h"

/* libpq may open another socket while it tries one address after the other. */
static int database_follow_socket(weft_context *cx, struct database *database)
{
    const int fd = PQsocket(database->connection);
    if (fd < 0)
        return WEFT_EBADF;
    if (weft_fd_number(&database->fd) == fd)
        return 0;
    weft_fd_close(&database->fd);
    database->fd = (weft_fd){0};
    return weft_fd_open(weft_context_runtime(cx), fd, WEFT_FD_OPTIONS(.name = "postgres", .borrowed = true), &database->fd);
}

weft_poll database_open(weft_context *cx, struct database_open *self)
{
    WEFT_BEGIN(cx, self);
    self->database->connection = PQconnectStart(self->parameters);
    if (!self->database->connection)
        WEFT_RETURN(WEFT_ENOMEM);
    self->wants = PGRES_POLLING_WRITING; /* says libpq's documentation of the beginning */
    while (PQstatus(self->database->connection) != CONNECTION_BAD && self->wants != PGRES_POLLING_OK &&
           self->wants != PGRES_POLLING_FAILED) {
        self->weft.rc = database_follow_socket(cx, self->database);
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, &self->database->fd,
                                               self->wants == PGRES_POLLING_READING ? WEFT_READABLE : WEFT_WRITABLE));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        self->wants = PQconnectPoll(self->database->connection);
    }
    if (PQstatus(self->database->connection) != CONNECTION_OK)
        WEFT_RETURN(WEFT_ECONNREFUSED);
    PQsetnonblocking(self->database->connection, 1);
    WEFT_END(database_follow_socket(cx, self->database));
}

weft_poll database_query(weft_context *cx, struct database_query *self)
{
    WEFT_BEGIN(cx, self);
    self->result = NULL;
    if (!PQsendQuery(self->database->connection, self->statement))
        WEFT_RETURN(WEFT_EPIPE);
    while ((self->weft.rc = PQflush(self->database->connection)) > 0) {
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, &self->database->fd, WEFT_READABLE | WEFT_WRITABLE));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        if ((self->weft.rc & WEFT_READABLE) && !PQconsumeInput(self->database->connection))
            WEFT_RETURN(WEFT_EPIPE);
    }
    for (;;) {
        while (PQisBusy(self->database->connection)) {
            WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, &self->database->fd, WEFT_READABLE));
            if (self->weft.rc < 0 || !PQconsumeInput(self->database->connection)) {
                PQclear(self->result);
                WEFT_RETURN(self->weft.rc < 0 ? self->weft.rc : WEFT_EPIPE);
            }
        }
        self->next = PQgetResult(self->database->connection);
        if (!self->next)
            break;
        PQclear(self->result); /* of several statements the last one counts */
        self->result = self->next;
    }
    if (PQresultStatus(self->result) != PGRES_COMMAND_OK && PQresultStatus(self->result) != PGRES_TUPLES_OK) {
        PQclear(self->result);
        WEFT_RETURN(WEFT_EINVAL);
    }
    WEFT_END(0);
}

weft_poll database_notice(weft_context *cx, struct database_notice *self)
{
    WEFT_BEGIN(cx, self);
    while ((self->notice = PQnotifies(self->database->connection)) == NULL) {
        weft_fd_wait_begin(&self->readable, &self->database->fd, WEFT_READABLE);
        WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->readable.future, self->patience_ns));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        if (!PQconsumeInput(self->database->connection))
            WEFT_RETURN(WEFT_EPIPE);
    }
    WEFT_END(0);
}

void database_close(struct database *database)
{
    weft_fd_close(&database->fd); /* first: the socket is libpq's to close */
    PQfinish(database->connection);
    database->connection = NULL;
}
