/* SPDX-License-Identifier: MIT */
/*
 * Read a head, find the file, send it, and again. Files are read on the pool, a piece at a time, and a piece is read when
 * the one before has been sent: a slow reader costs one piece of memory, however large the file is.
 */
#include "connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {{".html", "text/html"}, {".css", "text/css"}, {".js", "text/javascript"},
                                           {".txt", "text/plain"}, {".md", "text/plain"}, {".json", "application/json"},
                                           {".svg", "image/svg+xml"}, {".png", "image/png"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* On the pool: open the file, and read its beginning. Answers the status. */
static int page_open(void *argument)
{
    struct page *page = argument;
    struct stat about;
    page->fd = open(page->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (page->fd >= 0 && fstat(page->fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        const int inner = openat(page->fd, "index.html", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        close(page->fd);
        page->fd = inner;
        strcat(page->path, "/index.html"); /* there is room: the path was bounded */
    }
    if (page->fd < 0 || fstat(page->fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        if (page->fd >= 0)
            close(page->fd);
        page->fd = -1;
        return 404;
    }
    page->size = (uint64_t)about.st_size;
    page->chunk = malloc(page->size < CONNECTION_CHUNK ? page->size + 1 : CONNECTION_CHUNK);
    const ssize_t length = page->chunk ? read(page->fd, page->chunk, page->size < CONNECTION_CHUNK ? page->size : CONNECTION_CHUNK) : -1;
    page->length = length > 0 ? (size_t)length : 0;
    if (length < 0 || (uint64_t)length == page->size) {
        close(page->fd);
        page->fd = -1;
    }
    return length < 0 ? 500 : 200;
}

static void page_close(struct page *page)
{
    if (page->fd >= 0)
        close(page->fd); /* of a file that was opened for reading: it does not wait */
    free(page->chunk);
    *page = (struct page){.fd = -1};
}

static void head_write(struct connection *self)
{
    char text[64] = "";
    if (self->status != 200) {
        snprintf(text, sizeof text, "%d %s\n", self->status, request_status_text(self->status));
        self->page.size = strlen(text);
    }
    snprintf(self->out, sizeof self->out,
             "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %llu\r\nConnection: %s\r\n%s\r\n%s", self->status,
             request_status_text(self->status), self->status == 200 ? type_of(self->page.path) : "text/plain",
             (unsigned long long)self->page.size, self->request.keep_alive ? "keep-alive" : "close",
             self->status == 405 ? "Allow: GET, HEAD\r\n" : "", self->request.head_only ? "" : text);
    atomic_fetch_add(self->status == 200 ? &self->site->answers : &self->site->refusals, 1);
}

weft_poll connection(weft_context *cx, struct connection *self)
{
    WEFT_BEGIN(cx, self);
    self->page.fd = -1;
    do {
        /* The head: what is there already of the next one, then more. */
        while ((self->head = request_head_length(self->in, self->have)) == 0 && self->have < sizeof self->in) {
            weft_fd_read_begin(&self->io, &self->fd, self->in + self->have, sizeof self->in - self->have);
            WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->io.future, self->site->patience_ns));
            if (self->weft.rc == WEFT_ETIMEDOUT && self->have > 0)
                break; /* it began and did not go on */
            if (self->weft.rc <= 0)
                goto end;
            self->have += (size_t)self->weft.rc;
        }
        if (self->head > 0)
            self->status = request_parse(self->in, self->head, &self->request);
        else
            self->status = self->have == sizeof self->in ? 431 : 408;
        if (self->status == 408)
            atomic_fetch_add(&self->site->timeouts, 1);

        if (self->status == 200) {
            snprintf(self->page.path, sizeof self->page.path, "%.200s%s", self->site->root, self->request.path);
            WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, page_open, &self->page, &self->status));
            if (self->weft.rc < 0)
                self->status = 503;
        }
        if (self->status != 200)
            self->request.keep_alive = false;
        head_write(self);
        self->done = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->out, strlen(self->out), &self->done));

        while (self->weft.rc >= 0 && self->status == 200 && !self->request.head_only && self->page.length > 0) {
            for (self->done = 0; self->done < self->page.length; self->done += (size_t)self->weft.rc) {
                weft_fd_write_begin(&self->io, &self->fd, self->page.chunk + self->done, self->page.length - self->done);
                WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->timeout, &self->io.future, self->site->patience_ns));
                if (self->weft.rc < 0)
                    goto end;
            }
            self->page.sent += self->page.length;
            self->page.length = 0;
            if (self->page.fd < 0)
                break;
            WEFT_AWAIT(self->weft.rc, weft_file_read(cx, &self->op, self->page.fd, self->page.chunk, CONNECTION_CHUNK,
                                                     (int64_t)self->page.sent));
            if (self->weft.rc <= 0) /* it was cut meanwhile: what was promised cannot be sent */
                goto end;
            self->page.length = (size_t)self->weft.rc;
            if (self->page.sent + self->page.length > self->page.size)
                self->page.length = (size_t)(self->page.size - self->page.sent); /* it grew */
        }
        page_close(&self->page);
        if (self->weft.rc < 0)
            break;
        self->have -= self->head;
        memmove(self->in, self->in + self->head, self->have);
    } while (self->request.keep_alive);
end:
    page_close(&self->page);
    weft_fd_close(&self->fd);
    WEFT_END(0);
}
