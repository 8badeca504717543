/* SPDX-License-Identifier: Apache-2.0 */
/* zab_copy.c - see zab_copy.h. */
#include "tools/zab_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

static const char hidden[] = ".tmp";

int
zab_copied_add(struct zab_copied *done, const char *path)
{
    if (done->count == done->room) {
        size_t room = done->room ? 2 * done->room : 16;
        void *bigger = realloc(done->path, room * sizeof *done->path);

        if (!bigger)
            return -ENOMEM;
        done->path = bigger;
        done->room = room;
    }
    snprintf(done->path[done->count++], DATA_PATH_MAX, "%s", path);
    return 0;
}

void
zab_copied_undo(struct zab_copied *done)
{
    while (done->count > 0)
        (void)remove(done->path[--done->count]);
}

void
zab_copied_free(struct zab_copied *done)
{
    free(done->path);
    *done = (struct zab_copied){0};
}

static bool
is_zero(const uint8_t *p, size_t size)
{
    return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

/* All of `in`, durably; the size of `out` is then what was read. */
static int
copy_bytes(int in, int out, uint64_t total, progress_fn *progress,
           void *progress_arg)
{
    uint8_t piece[PIECE_BYTES];
    uint64_t done = 0;
    ssize_t n;
    int rc = 0;

    while (rc == 0 && (n = read(in, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (is_zero(piece, (size_t)n))
            rc = lseek(out, n, SEEK_CUR) < 0 ? -errno : 0;
        else
            rc = data_write(out, piece, (size_t)n);
        done += (uint64_t)n;
        if (progress)
            progress(progress_arg, done, total);
    }
    if (rc == 0 && ftruncate(out, (off_t)done) < 0)
        rc = -errno;
    return rc == 0 && fsync(out) < 0 ? -errno : rc;
}

static int
fail(struct data_error *e, const char *path, const char *what, int rc)
{
    return data_error_rc(e, path, rc,
                         "See that the file is there and may be accessed, and "
                         "that the disk has room.",
                         what);
}

int
zab_copy(struct zab_copied *done, const char *from, const char *to,
         const char *name, progress_fn *progress, void *progress_arg,
         struct data_error *e)
{
    char source[DATA_PATH_MAX], target[DATA_PATH_MAX], as[DATA_NAME_MAX];
    struct stat st;
    int in, out, rc;

    snprintf(as, sizeof as, "%s%s", name, done->is_hidden ? hidden : "");
    if (!data_path(source, from, name) || !data_path(target, to, as))
        return fail(e, to, "the path is too long", -ENAMETOOLONG);
    in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) < 0) {
        rc = -errno;
        if (in >= 0)
            close(in);
        return rc == -ENOENT ? rc : fail(e, source, "cannot be read", rc);
    }
    out = open(target,
               O_WRONLY | O_CREAT | O_CLOEXEC |
                   (done->is_hidden ? O_TRUNC : O_EXCL),
               (st.st_mode & 0666) | 0600); /* a backup's may be 0444 */
    rc = out < 0 ? -errno : zab_copied_add(done, target);
    if (rc == 0)
        rc = copy_bytes(in, out, (uint64_t)st.st_size, progress, progress_arg);
    close(in);
    if (out >= 0)
        close(out);
    return rc < 0 ? fail(e, target, "cannot be written", rc) : 0;
}

int
zab_copied_show(struct zab_copied *done, struct data_error *e)
{
    for (size_t i = done->count; i > 0; i--) {
        char *path = done->path[i - 1], name[DATA_PATH_MAX];

        snprintf(name, sizeof name, "%.*s",
                 (int)(strlen(path) - (sizeof hidden - 1)), path);
        if (access(name, F_OK) == 0)
            return fail(e, name, "cannot be written", -EEXIST);
        if (rename(path, name) < 0)
            return fail(e, name, "cannot be written", -errno);
        memcpy(path, name, sizeof name);
    }
    done->is_hidden = false;
    return 0;
}
