/* SPDX-License-Identifier: MIT */
/* See target.h. The default paths are those of <weft/diag.h>. */
#include "cli/live/target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOW "start it with WEFT_DIAG=1 in its environment, or let it call weft_diag_start()"

static int target_is_socket(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISSOCK(found.st_mode);
}

static int target_at(struct target *target, const char *path)
{
    if (strlen(path) >= sizeof target->socket) {
        snprintf(target->says, sizeof target->says, "the path of a socket has at most %d bytes, this one %zu",
                 TARGET_PATH_SIZE - 1, strlen(path));
        return 0;
    }
    if (!target_is_socket(path)) {
        snprintf(target->says, sizeof target->says, "%s is no socket that a program answers at", path);
        return 0;
    }
    snprintf(target->socket, sizeof target->socket, "%s", path);
    snprintf(target->base, sizeof target->base, "http://weft");
    return 1;
}

/* The folders in which endpoints of a user lie; the last is NULL. */
enum { FOLDERS = 3 };
static void target_folders(char folders[FOLDERS][TARGET_PATH_SIZE], unsigned user)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const int has_runtime = runtime && *runtime && user == getuid();
    snprintf(folders[0], TARGET_PATH_SIZE, "%s%s", has_runtime ? runtime : "", has_runtime ? "/weft" : "");
    snprintf(folders[1], TARGET_PATH_SIZE, "/tmp/weft-%u", user);
    snprintf(folders[2], TARGET_PATH_SIZE, "/run/user/%u/weft", user);
}

static int target_of_process(struct target *target, const char *pid)
{
    char path[TARGET_PATH_SIZE + 32], folders[FOLDERS][TARGET_PATH_SIZE];
    struct stat process;
    snprintf(path, sizeof path, "/proc/%.20s", pid);
    if (stat(path, &process) < 0) {
        snprintf(target->says, sizeof target->says, "there is no process %.20s", pid);
        return 0;
    }
    target_folders(folders, process.st_uid);
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "%.100s/%.20s.sock", folders[i], pid);
        if (*folders[i] && target_is_socket(path))
            return target_at(target, path);
    }
    snprintf(target->says, sizeof target->says, "process %.20s does not answer at %s/%.20s.sock: " HOW, pid, folders[1], pid);
    return 0;
}

/* A name "4711.sock" of a process that lives. */
static int target_lives(const char *name)
{
    char path[64];
    const size_t digits = strspn(name, "0123456789");
    if (!digits || digits > 20 || strcmp(name + digits, ".sock") != 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%.*s", (int)digits, name);
    return access(path, F_OK) == 0;
}

/* Of all that live: how many, the path of one, and their numbers in words. */
static int target_collect(const char *folder, char *one, char *list, size_t size)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));)
        if (target_lives(entry->d_name)) {
            const size_t used = strlen(list);
            snprintf(one, TARGET_PATH_SIZE, "%.70s/%.30s", folder, entry->d_name);
            snprintf(list + used, size - used, " %.*s", (int)strspn(entry->d_name, "0123456789"), entry->d_name);
            count++;
        }
    if (open)
        closedir(open);
    return count;
}

static int target_only(struct target *target)
{
    char folders[FOLDERS][TARGET_PATH_SIZE], one[TARGET_PATH_SIZE] = "", list[256] = "";
    int count = 0;
    target_folders(folders, getuid());
    for (int i = 0; i < FOLDERS; i++)
        if (i == 0 || strcmp(folders[i], folders[0]) != 0)
            count += target_collect(folders[i], one, list, sizeof list);
    if (count == 1)
        return target_at(target, one);
    if (count)
        snprintf(target->says, sizeof target->says, "several processes answer; say which:%s", list);
    else
        snprintf(target->says, sizeof target->says, "no process answers in %s%s%s: " HOW, *folders[0] ? folders[0] : "",
                 *folders[0] ? " or " : "", folders[1]);
    return 0;
}

static int target_of_address(struct target *target, const char *word)
{
    if (strlen(word) >= sizeof target->base) {
        snprintf(target->says, sizeof target->says, "an address has at most %zu bytes", sizeof target->base - 1);
        return 0;
    }
    snprintf(target->base, sizeof target->base, "%s", word);
    for (size_t end = strlen(target->base); end && target->base[end - 1] == '/';)
        target->base[--end] = '\0';
    target->token = getenv("WEFT_DIAG_TOKEN");
    if (!target->token)
        snprintf(target->says, sizeof target->says, "over TCP a token is asked for: put it into WEFT_DIAG_TOKEN");
    return target->token != NULL;
}

int target_find(struct target *target, const char *word)
{
    *target = (struct target){0};
    if (!word)
        return target_only(target);
    if (strncmp(word, "http://", 7) == 0)
        return target_of_address(target, word);
    if (*word && word[strspn(word, "0123456789")] == '\0')
        return target_of_process(target, word);
    return target_at(target, word);
}
