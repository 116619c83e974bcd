/* SPDX-License-Identifier: MIT */
/*
 * A source of GLib's main loop: prepare says when the runtime wants a turn, its descriptor is polled beside everything
 * else, dispatch turns it. So tasks run in the thread of a GTK program.
 */
#include <glib.h>
#include <stdio.h>
#include <weft.h>

struct weft_source { GSource source; weft_runtime *rt; gpointer polled; };

static gboolean weft_source_prepare(GSource *source, gint *timeout)
{
    weft_runtime *rt = ((struct weft_source *)source)->rt;
    *timeout = weft_runtime_timeout_ms(rt);
    return *timeout == 0;
}

static gboolean weft_source_check(GSource *source)
{
    struct weft_source *self = (struct weft_source *)source;
    return g_source_query_unix_fd(source, self->polled) != 0 || weft_runtime_timeout_ms(self->rt) == 0;
}

static gboolean weft_source_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void)callback;
    (void)data;
    return weft_runtime_turn(((struct weft_source *)source)->rt, 100) < 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSourceFuncs weft_source_funcs = {.prepare = weft_source_prepare, .check = weft_source_check,
                                         .dispatch = weft_source_dispatch};

/* Counts down in steps of a millisecond, and ends the main loop. */
struct counter { weft_frame weft; int left; GMainLoop *loop; };

static weft_poll counter(weft_context *cx, struct counter *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        printf("%d\n", self->left);
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000000));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    g_main_loop_quit(self->loop); /* the same thread: no lock */
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "glib", .drive = WEFT_DRIVE_TURNS)) < 0)
        return 1;
    const int fd = weft_runtime_descriptor(rt);
    if (fd < 0)
        return 1;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GSource *source = g_source_new(&weft_source_funcs, sizeof(struct weft_source));
    ((struct weft_source *)source)->rt = rt;
    ((struct weft_source *)source)->polled = g_source_add_unix_fd(source, fd, G_IO_IN);
    g_source_attach(source, NULL);
    weft_spawn(weft_runtime_scope(rt), counter, .left = 3, .loop = loop);
    g_main_loop_run(loop);
    g_source_destroy(source);
    g_source_unref(source);
    g_main_loop_unref(loop);
    printf("the main loop has ended\n");
    return weft_runtime_finish(rt);
}
