/* SPDX-License-Identifier: MIT */
/* A file, read whole, if it is no larger than it may be. A pipe will do; what grows while it is read is cut off, and refused. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addons/config/config.h"
#include "base/platform.h"

static int slurp_refuse(const char *call, const char *path, int error)
{
    if (error == EISDIR)
        return weft_error_refuse(-error, "%s: %.150s is a directory: give a file", call, path);
    return weft_error_refuse(-error, "%s: cannot read %.150s: %s", call, path, strerrordesc_np(error));
}

static int slurp_open(const char *path)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        close(fd);
        return -EISDIR;
    }
    return fd;
}

int weft__config_slurp(const char *call, const char *path, char **out_text, size_t *out_length)
{
    const int fd = slurp_open(path);
    if (fd < 0)
        return slurp_refuse(call, path, -fd);
    size_t length = 0;
    const size_t room = WEFT_CONFIG_SIZE_MAX + 2; /* one more than may be, and the zero */
    char *text = weft__alloc(room);               /* what is not read is not touched */
    ssize_t count = 1;
    while (text && count != 0 && length < room - 1) {
        count = read(fd, text + length, room - 1 - length);
        if (count < 0 && errno != EINTR)
            break;
        length += count > 0 ? (size_t)count : 0;
        count = count < 0 ? 1 : count;
    }
    const int error = count < 0 ? errno : 0;
    close(fd);
    if (!text || error || length > WEFT_CONFIG_SIZE_MAX) {
        weft__free(text);
        if (!text)
            return weft_error_refuse(WEFT_ENOMEM, "%s: no memory for %.150s", call, path);
        return error ? slurp_refuse(call, path, error)
                     : weft_error_refuse(WEFT_ERANGE, "%s: %.150s has more than %d bytes, the most that is read", call, path,
                                         WEFT_CONFIG_SIZE_MAX);
    }
    text[length] = '\0';
    *out_text = text;
    *out_length = length;
    return 0;
}
