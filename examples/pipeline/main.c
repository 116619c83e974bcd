/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the pipeline: create a runtime, spawn the task, feed it, join it. Feeding is done by a host thread
 * and not by a task, because read() blocks, and a task that blocks holds a worker that others need. A host thread may
 * do what a task may, with the _blocking forms; so might a job on the blocking pool (<weft/blocking.h>).
 */
#define _GNU_SOURCE /* pthread.h, signal.h beside -std=c11 */
#include "pipeline.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int main_complain(int code)
{
    const char *detail = weft_error_detail(); /* of the last refused call of this thread: says which value was wrong */
    fprintf(stderr, "pipeline: %s: %s\n", weft_error_name(code), *detail ? detail : weft_error_text(code));
    return code;
}

/* ---- the reader: walks the corpus and sends its chunks ---- */

struct reader {
    struct corpus corpus;
    chunks_sender out;
    weft_task job;
    int result;
};

static int reader_send(void *context, const struct chunk *chunk)
{
    struct reader *self = context;
    int rc = chunks_send_blocking(&self->out, *chunk, WEFT_FOREVER); /* waits here while the pipeline is full */
    if (rc < 0)
        free(chunk->text);
    return rc;
}

static void *reader_thread(void *context)
{
    struct reader *self = context;
    self->result = corpus_read(&self->corpus);
    if (self->result < 0)
        weft_task_cancel(self->job); /* before the close, which would pass for the end of the input */
    chunks_sender_close(&self->out);
    return NULL;
}

/* ---- Ctrl-C: cancels the task; a second one kills the process, as usual ---- */

struct interrupter {
    pthread_t thread;
    sigset_t signals;
    weft_task job;
};

static void *interrupter_thread(void *context)
{
    struct interrupter *self = context;
    int signal;
    sigwait(&self->signals, &signal);
    if (signal == SIGUSR1) /* from interrupter_stop() */
        return NULL;
    weft_task_cancel(self->job); /* by value, and harmless when the task has ended */
    sigdelset(&self->signals, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &self->signals, NULL);
    sigemptyset(&self->signals);
    sigaddset(&self->signals, SIGUSR1);
    sigwait(&self->signals, &signal);
    return NULL;
}

/* To be called before any other thread exists, so that all of them leave the signals to the interrupter. */
static void interrupter_prepare(struct interrupter *self)
{
    sigemptyset(&self->signals);
    sigaddset(&self->signals, SIGINT);
    sigaddset(&self->signals, SIGTERM);
    sigaddset(&self->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &self->signals, NULL);
}

static void interrupter_stop(struct interrupter *self)
{
    pthread_kill(self->thread, SIGUSR1);
    pthread_join(self->thread, NULL);
}

/* ---- the job ---- */

/* Spawn the task and its input channel. On success *out_input is the caller's to close. */
static int job_spawn(struct job *job, chunks_sender *out_input, weft_task *out_task)
{
    chunks_receiver in;
    int rc = chunks_create(job->rt,
                           WEFT_CHANNEL_OPTIONS(.name = "dispatcher", .component = "input",
                                                .capacity = job->options.capacity, .drop = chunk_drop),
                           out_input, &in);
    if (rc < 0)
        return rc;
    *out_task = weft_spawn_as(weft_runtime_scope(job->rt),
                              WEFT_TASK("word count", .category = WEFT_UTILITY, .joinable = true, .drop = word_count_end),
                              word_count, .job = job, .in = in);
    rc = weft_task_error(*out_task);
    if (rc < 0) {
        chunks_sender_close(out_input);
        chunks_receiver_close(&in);
    }
    return rc;
}

/* Feed the job until the input ends and wait for its result. `unreadable` counts what the reader could not read. */
static int job_run(struct job *job, struct interrupter *interrupter, uint64_t *unreadable)
{
    struct reader reader = {.corpus = {.paths = job->options.paths,
                                       .chunk_size = job->options.chunk_size,
                                       .take = reader_send,
                                       .context = &reader}};
    int rc = job_spawn(job, &reader.out, &reader.job);
    if (rc < 0)
        return main_complain(rc);

    pthread_t thread;
    interrupter->job = reader.job;
    bool interruptible = pthread_create(&interrupter->thread, NULL, interrupter_thread, interrupter) == 0;
    const int error = pthread_create(&thread, NULL, reader_thread, &reader);
    if (error == 0) {
        pthread_join(thread, NULL);
    } else {
        reader.result = -error;
        weft_task_cancel(reader.job);
        chunks_sender_close(&reader.out);
    }
    int joined = weft_task_join_blocking(&reader.job, WEFT_FOREVER, &rc);
    if (interruptible)
        interrupter_stop(interrupter);
    *unreadable = reader.corpus.unreadable;
    if (joined < 0)
        return main_complain(joined);
    if (reader.result < 0 && reader.result != WEFT_EPIPE) /* EPIPE: the tasks ended first, and know why */
        rc = reader.result;
    return rc < 0 ? main_complain(rc) : rc;
}

/* The library never prints: what it has to say it says here, for example why a run is not recorded. */
static void main_report(void *context, int code, const char *text)
{
    (void)context;
    fprintf(stderr, "weft: %s: %s\n", weft_error_name(code), text);
}

int main(int argc, char **argv)
{
    struct job job = {.monitor = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    struct interrupter interrupter;
    uint64_t unreadable = 0;
    int exit_code;
    if (!options_parse(argc, argv, &job.options, &exit_code))
        return exit_code;

    interrupter_prepare(&interrupter);
    /* A message is some 0.3 ms of work here. 8 of them a poll, instead of 128, let the others have a turn in time. */
    int rc = weft_runtime_create(&job.rt, WEFT_RUNTIME_OPTIONS(.name = "pipeline", .worker_threads = job.options.workers,
                                                               .coop_budget = 8, .tracing = job.options.trace,
                                                               .report = job.options.stats || job.options.trace
                                                                             ? main_report
                                                                             : NULL));
    if (rc < 0) {
        main_complain(rc);
        return 1;
    }
    if (job.options.stats)
        rc = monitor_start(&job.monitor, job.rt, weft_runtime_workers(job.rt) + 3); /* an inbox per task */
    if (rc >= 0)
        rc = job_run(&job, &interrupter, &unreadable);
    weft_runtime_finish(job.rt); /* the job's error again: it is known */

    const int flushed = fflush(stdout); /* before the table, and a full disk is found out here */
    if (flushed != 0)
        perror("pipeline: standard output");
    monitor_print(&job.monitor);
    monitor_free(&job.monitor);
    words_free(&job.total);
    if (rc == WEFT_ECANCELED)
        return 130;
    return rc < 0 || unreadable > 0 || flushed != 0 ? 1 : 0;
}
