/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* fts.h, O_CLOEXEC */
#include "corpus.h"
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void corpus_complain(struct corpus *corpus, const char *path, const char *reason)
{
    fprintf(stderr, "pipeline: %s: %s\n", path, reason);
    corpus->unreadable++;
}

/* Where the last word of a text begins, which may go on in what follows; the length if it does not end in a word. */
static size_t corpus_last_word(const char *text, size_t length)
{
    while (length > 0 && words_is_letter(text[length - 1]))
        length--;
    return length;
}

/* A buffer of `capacity` bytes that begins with a copy of `text`. */
static char *corpus_buffer(size_t capacity, const char *text, size_t length)
{
    char *buffer = malloc(capacity);
    if (buffer != NULL && length > 0)
        memcpy(buffer, text, length);
    return buffer;
}

/* Cut one open file. A full buffer is handed on up to its last word, which moves to the next buffer. */
static int corpus_cut(struct corpus *corpus, const char *path, int fd)
{
    size_t capacity = corpus->chunk_size, used = 0;
    char *text = corpus_buffer(capacity, NULL, 0);
    while (text != NULL) {
        ssize_t got = read(fd, text + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            corpus_complain(corpus, path, strerror(errno));
            free(text);
            return 0;
        }
        if (got == 0)
            return corpus->take(corpus->context, &(struct chunk){text, used, true});
        used += (size_t)got;
        if (used < capacity)
            continue;

        size_t cut = corpus_last_word(text, used);
        capacity = cut == 0 ? 2 * used : corpus->chunk_size + (used - cut); /* cut 0: a word longer than the buffer */
        char *next = corpus_buffer(capacity, text + cut, used - cut);
        if (next == NULL || cut == 0) {
            free(text);
        } else {
            int rc = corpus->take(corpus->context, &(struct chunk){text, cut, false});
            if (rc < 0) {
                free(next);
                return rc;
            }
        }
        text = next;
        used -= cut;
    }
    return -ENOMEM;
}

/* As grep and git decide: text has no zero byte near its beginning. */
static bool corpus_is_text(int fd)
{
    char head[8192];
    ssize_t got = pread(fd, head, sizeof head, 0);
    return got >= 0 && memchr(head, '\0', (size_t)got) == NULL;
}

static bool corpus_is_compressed(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strcmp(dot, ".gz") == 0;
}

static int corpus_file(struct corpus *corpus, const FTSENT *entry)
{
    bool named = entry->fts_level == FTS_ROOTLEVEL;
    if (!named && corpus_is_compressed(entry->fts_name))
        return 0;
    int fd = open(entry->fts_accpath, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        corpus_complain(corpus, entry->fts_path, strerror(errno));
        return 0;
    }
    int rc = named || corpus_is_text(fd) ? corpus_cut(corpus, entry->fts_path, fd) : 0;
    close(fd);
    return rc;
}

int corpus_read(struct corpus *corpus)
{
    FTS *tree = fts_open(corpus->paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return -errno;
    int rc = 0;
    for (FTSENT *entry; rc >= 0 && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_F)
            rc = corpus_file(corpus, entry);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            corpus_complain(corpus, entry->fts_path, strerror(entry->fts_errno));
        else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP && entry->fts_level == FTS_ROOTLEVEL)
            corpus_complain(corpus, entry->fts_path, "neither a file nor a folder");
    }
    fts_close(tree);
    return rc;
}
