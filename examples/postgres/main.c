/* SPDX-License-Identifier: MIT */
/*
 * Jobs in a table: LISTEN tells when there are some, and a poller looks all the same, since a notification can be lost with
 * its connection. ctest-timeout: 0
 *
 *     example-postgres "host=/run/postgresql dbname=jobs"      runs 20 jobs, every fourth of them without a notification
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

enum { JOBS = 20 };

static const char *parameters;

/* Puts jobs into the table. */
struct writer {
    weft_frame weft;
    struct database database;
    struct database_open open;
    struct database_query query;
    char statement[160];
    int job;
};

static weft_poll writer(weft_context *cx, struct writer *self)
{
    WEFT_BEGIN(cx, self);
    self->open = (struct database_open){.database = &self->database, .parameters = parameters};
    WEFT_CALL(self->weft.rc, database_open, &self->open);
    for (self->job = 1; self->weft.rc == 0 && self->job <= JOBS; self->job++) {
        snprintf(self->statement, sizeof self->statement, "INSERT INTO job (id) VALUES (%d)%s", self->job,
                 self->job % 4 == 0 ? "" : "; NOTIFY job");
        self->query = (struct database_query){.database = &self->database, .statement = self->statement};
        WEFT_CALL(self->weft.rc, database_query, &self->query);
        if (self->weft.rc == 0)
            PQclear(self->query.result);
    }
    if (self->weft.rc < 0)
        fprintf(stderr, "writer: %s: %s", weft_error_name(self->weft.rc), PQerrorMessage(self->database.connection));
    database_close(&self->database);
    WEFT_END(self->weft.rc);
}

/* Takes jobs out, when it is told of some or when half a second has passed. */
struct runner {
    weft_frame weft;
    struct database database;
    struct database_open open;
    struct database_query query;
    struct database_notice notice;
    int done, told, looked, i;
};

static weft_poll runner(weft_context *cx, struct runner *self)
{
    WEFT_BEGIN(cx, self);
    self->open = (struct database_open){.database = &self->database, .parameters = parameters};
    WEFT_CALL(self->weft.rc, database_open, &self->open);
    if (self->weft.rc == 0) {
        self->query = (struct database_query){
            .database = &self->database,
            .statement = "SET client_min_messages = warning; DROP TABLE IF EXISTS job; CREATE TABLE job (id int PRIMARY KEY); LISTEN job"};
        WEFT_CALL(self->weft.rc, database_query, &self->query);
        if (self->weft.rc == 0)
            PQclear(self->query.result);
    }
    if (self->weft.rc == 0)
        weft_spawn_as(weft_runtime_scope(weft_context_runtime(cx)), WEFT_TASK("writer"), writer, .job = 0);
    while (self->weft.rc == 0 && self->done < JOBS) {
        self->notice = (struct database_notice){.database = &self->database, .patience_ns = 500000000};
        WEFT_CALL(self->weft.rc, database_notice, &self->notice);
        if (self->weft.rc == 0) {
            PQfreemem(self->notice.notice);
            self->told++;
        } else if (self->weft.rc == WEFT_ETIMEDOUT) {
            self->looked++;
        } else {
            break;
        }
        self->query = (struct database_query){.database = &self->database, .statement = "DELETE FROM job RETURNING id"};
        WEFT_CALL(self->weft.rc, database_query, &self->query);
        if (self->weft.rc < 0)
            break;
        self->done += PQntuples(self->query.result);
        PQclear(self->query.result);
    }
    if (self->weft.rc < 0)
        fprintf(stderr, "runner: %s: %s", weft_error_name(self->weft.rc), PQerrorMessage(self->database.connection));
    database_close(&self->database);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->done);
}

int main(int argc, char **argv)
{
    parameters = argc > 1 ? argv[1] : "";
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "jobs")) < 0)
        return 1;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), runner, .done = 0);
    int done = 0;
    if (weft_task_join_blocking(&task, WEFT_FOREVER, &done) == 0 && done >= 0)
        printf("%d of %d jobs were done\n", done, JOBS);
    const int result = weft_runtime_finish(rt);
    return done == JOBS && result == 0 ? 0 : 1;
}
