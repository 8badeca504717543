/* SPDX-License-Identifier: Apache-2.0 */
/* datafile.c - see datafile.h.  Any process. */
#include "storage/datafile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/log.h"

/* --- what is wrong ------------------------------------------------------- */

const char data_remedy_access[] =
    "Give it, and all that is in its directory, to the server's user; see that "
    "the disk works and has room.";

void
data_error_set(struct data_error *e, const char *path, int64_t offset,
               const char *remedy, const char *what, ...)
{
    va_list args;

    if (!e)
        return;
    e->offset = offset;
    snprintf(e->path, sizeof e->path, "%s", path);
    snprintf(e->remedy, sizeof e->remedy, "%s", remedy);
    va_start(args, what);
    vsnprintf(e->what, sizeof e->what, what, args);
    va_end(args);
}

int
data_error_rc(struct data_error *e, const char *path, int rc,
              const char *remedy, const char *what)
{
    data_error_set(e, path, -1, remedy, "%s: %s", what, strerror(-rc));
    return rc;
}

void
data_error_text(const struct data_error *e, char text[DATA_ERROR_TEXT])
{
    if (e->offset >= 0)
        snprintf(text, DATA_ERROR_TEXT, "%s, offset %" PRId64 ": %s. %s",
                 e->path, e->offset, e->what, e->remedy);
    else
        snprintf(text, DATA_ERROR_TEXT, "%s: %s. %s", e->path, e->what,
                 e->remedy);
}

bool
data_wants_room(int rc)
{
    return rc == -ENOSPC || rc == -EDQUOT;
}

bool
data_may_pass(int rc)
{
    return rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

static enum exit_code
status_for(int rc)
{
    if (data_wants_room(rc))
        return EXIT_LATER;
    return data_may_pass(rc) ? EXIT_UNEXPECTED : EXIT_DATA;
}

noreturn void
data_fatal(const struct data_error *e, int rc)
{
    char text[DATA_ERROR_TEXT];

    data_error_text(e, text);
    fatal(status_for(rc), "Unable to access datadir, exiting abnormally: %s",
          text);
}

/* --- names --------------------------------------------------------------- */

bool
data_path(char path[DATA_PATH_MAX], const char *dir, const char *name)
{
    size_t dir_size = strlen(dir), name_size = strlen(name);
    bool fits = dir_size + 1 + name_size < DATA_PATH_MAX;

    while (dir_size > 1 && dir[dir_size - 1] == '/')
        dir_size--;
    if (dir_size >= DATA_PATH_MAX)
        dir_size = DATA_PATH_MAX - 1;
    memcpy(path, dir, dir_size);
    path[dir_size] = '\0';
    if (fits && name_size > 0) {
        path[dir_size] = '/';
        memcpy(path + dir_size + 1, name, name_size + 1);
    }
    return fits;
}

void
data_name(char name[DATA_NAME_MAX], const char *prefix, zxid_t zxid)
{
    snprintf(name, DATA_NAME_MAX, "%s.%" PRIx64, prefix, (uint64_t)zxid);
}

static bool
is_packing(const char *suffix)
{
    return strcmp(suffix, ".gz") == 0 || strcmp(suffix, ".snappy") == 0 ||
           strcmp(suffix, ".zst") == 0;
}

/* Whether `name` is one of that kind; its number goes to `zxid`. */
static bool
parse_name(const char *name, enum data_kind kind, zxid_t *zxid)
{
    const char *prefix = kind == DATA_LOGS ? "log." : "snapshot.";
    const char *digits = name + strlen(prefix), *end;
    uint64_t value = 0;

    if (strlen(name) >= DATA_NAME_MAX ||
        strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    for (end = digits; *end && *end != '.'; end++) {
        int digit = *end >= '0' && *end <= '9'   ? *end - '0'
                    : *end >= 'a' && *end <= 'f' ? *end - 'a' + 10
                                                 : -1;

        if (digit < 0 || end - digits >= 16)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    if (end == digits)
        return false;
    *zxid = (zxid_t)value;
    return *end == '\0' || (kind == DATA_SNAPSHOTS && is_packing(end));
}

static int
file_order(const void *a, const void *b)
{
    const struct data_file *x = a, *y = b;

    if (x->zxid != y->zxid)
        return x->zxid < y->zxid ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int
list_add(struct data_list *list, const char *name, zxid_t zxid)
{
    struct data_file *file =
        realloc(list->file, (list->count + 1) * sizeof *file);

    if (!file)
        return -ENOMEM;
    list->file = file;
    file += list->count++;
    file->zxid = zxid;
    memcpy(file->name, name, strlen(name) + 1); /* it fits */
    return 0;
}

int
data_list_read(struct data_list *list, const char *dir, enum data_kind kind)
{
    struct dirent *entry;
    int rc = 0;
    DIR *d;

    *list = (struct data_list){0};
    d = opendir(dir);
    if (!d)
        return -errno;
    errno = 0;
    while (rc == 0 && (entry = readdir(d))) {
        zxid_t zxid;

        if (parse_name(entry->d_name, kind, &zxid))
            rc = list_add(list, entry->d_name, zxid);
        errno = 0;
    }
    if (rc == 0 && errno != 0)
        rc = -errno;
    closedir(d);
    if (list->count > 1)
        qsort(list->file, list->count, sizeof *list->file, file_order);
    return rc;
}

void
data_list_free(struct data_list *list)
{
    free(list->file);
    *list = (struct data_list){0};
}

/* --- directories --------------------------------------------------------- */

bool
data_is_below(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

uint64_t
data_dir_bytes(const char *dir)
{
    char path[DATA_PATH_MAX];
    struct dirent *entry;
    struct stat st;
    uint64_t sum = 0;
    DIR *d = opendir(dir);

    while (d && (entry = readdir(d))) {
        if (!data_is_below(entry->d_name) ||
            !data_path(path, dir, entry->d_name) || lstat(path, &st) < 0)
            continue;
        sum +=
            S_ISDIR(st.st_mode) ? data_dir_bytes(path) : (uint64_t)st.st_size;
    }
    if (d)
        closedir(d);
    return sum;
}

int
data_remove(const char *dir, const char *name)
{
    char path[DATA_PATH_MAX];

    data_path(path, dir, name);
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static bool
is_named(const char *name, const char *prefix, const char *suffix)
{
    size_t size = strlen(name), from = strlen(prefix), to = strlen(suffix);

    return size >= from + to && memcmp(name, prefix, from) == 0 &&
           memcmp(name + size - to, suffix, to) == 0;
}

int
data_remove_all(const char *dir, const char *prefix, const char *suffix)
{
    struct dirent *entry;
    DIR *d = opendir(dir);
    int rc = 0;

    if (!d)
        return -errno;
    while (rc == 0 && (entry = readdir(d)))
        if (is_named(entry->d_name, prefix, suffix))
            rc = data_remove(dir, entry->d_name);
    closedir(d);
    return rc;
}

int
data_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

/* --- contents ------------------------------------------------------------ */

bool
data_leaves_room(int fd, uint64_t end, uint64_t beside)
{
    struct statvfs fs;
    struct stat st;
    uint64_t has;

    if (fstatvfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return false;
    has = (uint64_t)st.st_blocks * 512;
    return end <= has ||
           (uint64_t)fs.f_bavail * fs.f_frsize >= end - has + beside;
}

int
data_write(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0) {
        ssize_t n = write(fd, at, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int
data_read(const char *dir, const char *name, char *text, size_t size)
{
    char path[DATA_PATH_MAX];
    ssize_t n;
    int fd, rc;

    if (!data_path(path, dir, name))
        return -ENAMETOOLONG;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = read(fd, text, size - 1);
    rc = n < 0 ? -errno : (int)n;
    close(fd);
    if (rc >= 0)
        text[rc] = '\0';
    return rc;
}

int
data_replace(const char *dir, const char *name, const char *text, size_t size)
{
    char path[DATA_PATH_MAX], temp[DATA_PATH_MAX], part[DATA_NAME_MAX];
    int fd, rc;

    snprintf(part, sizeof part, "%s.tmp", name);
    if (!data_path(path, dir, name) || !data_path(temp, dir, part))
        return -ENAMETOOLONG;
    (void)unlink(temp); /* of another attempt, perhaps another user's */
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    rc = data_write(fd, text, size);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    close(fd);
    if (rc == 0 && rename(temp, path) < 0)
        rc = -errno;
    return rc < 0 ? rc : data_sync_dir(dir);
}
