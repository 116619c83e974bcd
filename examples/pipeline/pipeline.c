/* SPDX-License-Identifier: MIT */
/*
 * Count the words of a text corpus with named actors over bounded channels:
 *
 *     reader (a host thread) -> dispatcher -> counter 0 … N-1 -> merger -> reporter
 *
 * Each stage owns its inbox, the receiving end of a channel. When a stage has no more to say it closes its sender; the
 * next one drains what is queued, gets WEFT_EPIPE, and does the same. So the end of the input runs through the pipeline
 * by itself, and WEFT_EPIPE is the good end. Memory is bounded by the channels: a slow stage makes the ones before it
 * wait, up to the reader's read().
 *
 * If a task fails, or on Ctrl-C, the tasks are cancelled: every await answers WEFT_ECANCELED, each task frees what it
 * holds, and messages that nobody received go through their channel's `drop`.
 */
#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A counter hands over what it has counted when it has seen this many different words, and at the end. */
#define BATCH_DISTINCT 1024

/* ---- messages: what each channel carries, and how a message that nobody receives is freed ---- */

void chunk_drop(void *message, void *context)
{
    struct chunk *chunk = message;
    (void)context;
    free(chunk->text);
}

struct batch {
    struct words words;
    uint64_t files;
};

static void batch_drop(void *message, void *context)
{
    struct batch *batch = message;
    (void)context;
    words_free(&batch->words);
}

/* One line of the result. The text is borrowed, so there is nothing to drop. */
struct line {
    uint64_t count;
    const char *text;
};

WEFT_CHANNEL_DEFINE(batches, struct batch)
WEFT_CHANNEL_DEFINE(lines, struct line)

/* What a stage returns: that its input has ended, or that the next stage has gone first, is no failure of its own. */
static int stage_result(int rc)
{
    return rc == WEFT_EPIPE ? 0 : rc;
}

/* ---- reporter: prints lines as they come ---- */

struct reporter {
    weft_frame weft;
    struct job *job;
    lines_receiver in;
    struct line line;
};

/* Each stage has an _end: it calls it last, and as its `drop` it runs in place of a task cancelled before it began. */
static void reporter_end(void *frame)
{
    struct reporter *self = frame;
    monitor_keep(&self->job->monitor, &self->in.weft);
    lines_receiver_close(&self->in);
}

static weft_poll reporter(weft_context *cx, struct reporter *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, lines_recv(cx, &self->in, &self->line));
        if (self->weft.rc < 0)
            break;
        /* printf may block, and then holds this worker: fine for a file or a terminal, not for a peer that is slow. */
        printf(self->job->options.all ? "%" PRIu64 " %s\n" : "%12" PRIu64 " %s\n", self->line.count, self->line.text);
    }
    reporter_end(self);
    WEFT_END(stage_result(self->weft.rc));
}

/*
 * Stages are started from the last to the first, because each needs the sender to the next. A _start owns the handles
 * that it is given, also when it fails, and returns the sender to its own inbox.
 */
static int reporter_start(struct job *job, weft_scope *scope, lines_sender *out_inbox)
{
    lines_receiver in;
    int rc = lines_create(
        job->rt, WEFT_CHANNEL_OPTIONS(.name = "reporter", .component = "output", .capacity = job->options.capacity),
        out_inbox, &in);
    if (rc < 0)
        return rc;
    rc = weft_task_error(weft_spawn_as(scope, WEFT_TASK("reporter", .category = WEFT_ACTOR, .drop = reporter_end),
                                       reporter, .job = job, .in = in));
    if (rc < 0) { /* the frame was not taken: end it as the task would have */
        reporter_end(&(struct reporter){.job = job, .in = in});
        lines_sender_close(out_inbox);
    }
    return rc;
}

/* ---- merger: adds up the batches of all counters, then sends the result line by line ---- */

struct merger {
    weft_frame weft;
    struct job *job;
    batches_receiver in;
    lines_sender out;
    struct batch batch;
    uint64_t files;
    struct line line;
    size_t sent;
};

static void merger_end(void *frame)
{
    struct merger *self = frame;
    monitor_keep(&self->job->monitor, &self->in.weft);
    batches_receiver_close(&self->in);
    lines_sender_close(&self->out);
}

static int merger_add(struct merger *self)
{
    int rc = words_merge(&self->job->total, &self->batch.words);
    words_free(&self->batch.words);
    self->files += self->batch.files;
    return rc;
}

/* The next line of the result: three totals and the most frequent words, or each word. False: there are no more. */
static bool merger_next_line(struct merger *self)
{
    const struct words *total = &self->job->total;
    const struct line totals[] = {{self->files, "files"}, {total->total, "words"}, {total->distinct, "distinct words"}};
    bool all = self->job->options.all;
    size_t word = self->sent;
    if (!all) {
        if (self->sent < 3) {
            self->line = totals[self->sent];
            return true;
        }
        word -= 3;
    }
    if (word >= total->distinct || (!all && word >= self->job->options.top))
        return false;
    self->line = (struct line){total->slots[word].count, total->slots[word].text};
    return true;
}

static weft_poll merger(weft_context *cx, struct merger *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc, batches_recv(cx, &self->in, &self->batch));
        if (self->weft.rc >= 0)
            self->weft.rc = merger_add(self);
    } while (self->weft.rc >= 0);

    if (self->weft.rc == WEFT_EPIPE) { /* every counter has closed its sender: the table is complete */
        /* Some 20 ms for 60,000 words, in one poll: the others run on, but whoever waits for this worker waits. */
        words_sort(&self->job->total, self->job->options.all ? WORDS_BY_TEXT : WORDS_BY_COUNT);
        for (; merger_next_line(self); self->sent++) {
            WEFT_AWAIT(self->weft.rc, lines_send(cx, &self->out, self->line));
            if (self->weft.rc < 0)
                break;
        }
    }
    merger_end(self);
    WEFT_END(stage_result(self->weft.rc));
}

static int merger_start(struct job *job, weft_scope *scope, lines_sender out, batches_sender *out_inbox)
{
    batches_receiver in;
    int rc = batches_create(job->rt,
                            WEFT_CHANNEL_OPTIONS(.name = "merger", .component = "count",
                                                 .capacity = job->options.capacity, .drop = batch_drop),
                            out_inbox, &in);
    if (rc < 0) {
        lines_sender_close(&out);
        return rc;
    }
    rc = weft_task_error(weft_spawn_as(scope, WEFT_TASK("merger", .category = WEFT_ACTOR, .drop = merger_end), merger,
                                       .job = job, .in = in, .out = out));
    if (rc < 0) {
        merger_end(&(struct merger){.job = job, .in = in, .out = out});
        batches_sender_close(out_inbox);
    }
    return rc;
}

/* ---- counters: each counts chunks into a table of its own, so that they share nothing but channels ---- */

struct counter {
    weft_frame weft;
    struct job *job;
    chunks_receiver in;
    batches_sender out;
    struct chunk chunk;
    struct batch batch;
    bool last;
};

static void counter_end(void *frame)
{
    struct counter *self = frame;
    monitor_keep(&self->job->monitor, &self->in.weft);
    chunks_receiver_close(&self->in);
    batches_sender_close(&self->out);
    words_free(&self->batch.words);
}

static int counter_add(struct counter *self)
{
    int rc = words_count(&self->batch.words, self->chunk.text, self->chunk.length);
    self->batch.files += self->chunk.ends_file;
    free(self->chunk.text);
    return rc;
}

static weft_poll counter(weft_context *cx, struct counter *self)
{
    WEFT_BEGIN(cx, self);
    while (!self->last) {
        WEFT_AWAIT(self->weft.rc, chunks_recv(cx, &self->in, &self->chunk));
        self->last = self->weft.rc == WEFT_EPIPE;
        if (self->weft.rc >= 0)
            self->weft.rc = counter_add(self);
        if (self->weft.rc < 0 && !self->last)
            break;
        if (self->last || self->batch.words.distinct >= BATCH_DISTINCT) {
            WEFT_AWAIT(self->weft.rc, batches_send(cx, &self->out, self->batch));
            if (self->weft.rc < 0)
                break;
            self->batch = (struct batch){.files = 0}; /* the table is the merger's now */
        }
    }
    counter_end(self);
    WEFT_END(stage_result(self->weft.rc));
}

static int counter_start(struct job *job, weft_scope *scope, size_t number, const batches_sender *to,
                         chunks_sender *out_inbox)
{
    char name[32]; /* names are copied, of channels as of tasks */
    snprintf(name, sizeof name, "counter %zu", number);
    batches_sender out;
    chunks_receiver in;
    int rc = batches_sender_clone(to, &out);
    if (rc < 0)
        return rc;
    rc = chunks_create(job->rt,
                       WEFT_CHANNEL_OPTIONS(.name = name, .component = "count", .capacity = job->options.capacity,
                                            .drop = chunk_drop),
                       out_inbox, &in);
    if (rc < 0) {
        batches_sender_close(&out);
        return rc;
    }
    rc = weft_task_error(weft_spawn_as(scope, WEFT_TASK(name, .category = WEFT_HANDLER, .drop = counter_end), counter,
                                       .job = job, .in = in, .out = out));
    if (rc < 0) {
        counter_end(&(struct counter){.job = job, .in = in, .out = out});
        chunks_sender_close(out_inbox);
    }
    return rc;
}

/* ---- dispatcher: a channel has one receiver, so somebody deals the chunks out to the counters ---- */

struct dispatcher {
    weft_frame weft;
    struct job *job;
    chunks_receiver in;
    chunks_sender *counters;
    size_t count;
    size_t next;
    struct chunk chunk;
};

static void counters_close(chunks_sender *counters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        chunks_sender_close(&counters[i]);
    free(counters);
}

static void dispatcher_end(void *frame)
{
    struct dispatcher *self = frame;
    monitor_keep(&self->job->monitor, &self->in.weft);
    chunks_receiver_close(&self->in);
    counters_close(self->counters, self->count);
}

/* In turn, not to whoever is free first: chunks are alike, and the inboxes even out what differs. */
static weft_poll dispatcher(weft_context *cx, struct dispatcher *self)
{
    WEFT_BEGIN(cx, self);
    for (;; self->next = (self->next + 1) % self->count) {
        WEFT_AWAIT(self->weft.rc, chunks_recv(cx, &self->in, &self->chunk));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, chunks_send(cx, &self->counters[self->next], self->chunk));
        if (self->weft.rc < 0) { /* not sent: the chunk is still ours */
            free(self->chunk.text);
            break;
        }
    }
    dispatcher_end(self);
    WEFT_END(stage_result(self->weft.rc));
}

static int dispatcher_start(struct job *job, weft_scope *scope, chunks_receiver in, chunks_sender *counters,
                            size_t count)
{
    int rc = weft_task_error(
        weft_spawn_as(scope, WEFT_TASK("dispatcher", .category = WEFT_LISTENER, .drop = dispatcher_end), dispatcher,
                      .job = job, .in = in, .counters = counters, .count = count));
    if (rc < 0)
        dispatcher_end(&(struct dispatcher){.job = job, .in = in, .counters = counters, .count = count});
    return rc;
}

/* ---- word count: the task that owns the scope in which all the others run ---- */

void word_count_end(void *frame)
{
    struct word_count *self = frame;
    chunks_receiver_close(&self->in);
}

static int word_count_start_counters(struct word_count *self, batches_sender out, chunks_sender **out_counters)
{
    size_t count = weft_runtime_workers(self->job->rt), started = 0;
    int rc = WEFT_ENOMEM;
    chunks_sender *counters = calloc(count, sizeof *counters);
    if (counters != NULL)
        for (rc = 0; rc >= 0 && started < count; started += rc >= 0)
            rc = counter_start(self->job, &self->scope, started, &out, &counters[started]);
    batches_sender_close(&out); /* each counter has a clone */
    if (rc < 0)
        counters_close(counters, started);
    else
        *out_counters = counters;
    return rc;
}

static int word_count_start(struct word_count *self)
{
    lines_sender lines;
    batches_sender batches;
    chunks_sender *counters = NULL; /* until all of them have been started */
    int rc = reporter_start(self->job, &self->scope, &lines);
    if (rc >= 0)
        rc = merger_start(self->job, &self->scope, lines, &batches);
    if (rc >= 0)
        rc = word_count_start_counters(self, batches, &counters);
    if (rc >= 0)
        return dispatcher_start(self->job, &self->scope, self->in, counters, weft_runtime_workers(self->job->rt));
    chunks_receiver_close(&self->in);
    return rc;
}

weft_poll word_count(weft_context *cx, struct word_count *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "word count"));
    if (self->weft.rc < 0) {
        word_count_end(self);
        WEFT_RETURN(self->weft.rc);
    }
    self->started = word_count_start(self);
    if (self->started < 0) /* those that did start find their neighbours gone, and end */
        weft_scope_cancel(&self->scope);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    if (self->weft.rc >= 0 && weft_context_cancelled(cx) != WEFT_REASON_NONE)
        self->weft.rc = WEFT_ECANCELED; /* to the scope, tasks that end because they were cancelled are no failure */
    WEFT_END(self->started < 0 ? self->started : self->weft.rc);
}
