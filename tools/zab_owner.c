/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_owner.c - see zab_owner.h.
 *
 * Meanwhile the directory's owner may do there what it likes, so what is given
 * away is looked at first, through a descriptor: only what root owns, what has
 * no other name and is no link out of here.
 */
#include "tools/zab_owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 3 }; /* version-2, image, its files */

static bool
may_be_given(const struct stat *st)
{
    return st->st_uid == 0 && (S_ISDIR(st->st_mode) ||
                               (S_ISREG(st->st_mode) && st->st_nlink == 1));
}

static int give(int dir, const char *name, const struct stat *to, int depth);

/* All in the directory that `fd` is of. */
static int
give_all_in(int fd, const struct stat *to, int depth)
{
    int list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    DIR *d = list >= 0 ? fdopendir(list) : NULL;
    struct dirent *entry;

    if (!d) {
        rc = -errno;
        if (list >= 0)
            close(list);
        return rc;
    }
    while (rc == 0 && (entry = readdir(d)))
        if (data_is_below(entry->d_name))
            rc = give(list, entry->d_name, to, depth);
    closedir(d);
    return rc;
}

static int
give(int dir, const char *name, const struct stat *to, int depth)
{
    int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc = 0;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) < 0)
        rc = -errno;
    else if (may_be_given(&st) &&
             fchownat(fd, "", to->st_uid, to->st_gid, AT_EMPTY_PATH) < 0)
        rc = -errno;
    if (rc == 0 && S_ISDIR(st.st_mode) && depth > 1)
        rc = give_all_in(fd, to, depth - 1);
    close(fd);
    return rc;
}

/* Give at/name to the owner of the directory that `fd` is of. */
static int
give_like(int fd, int at, const char *name)
{
    struct stat to;

    if (fd < 0 || fstat(fd, &to) < 0)
        return -errno;
    if (geteuid() != 0 || to.st_uid == 0)
        return 0;
    return give(at, name, &to, DEPTH_MAX);
}

/* Give `name`, in `owned` or a path, to the owner of that directory. */
static int
give_as(const char *owned, const char *name, bool is_inside,
        struct data_error *e)
{
    int fd = open(owned, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = give_like(fd, is_inside ? fd : AT_FDCWD, name);

    if (fd >= 0)
        close(fd);
    if (rc < 0)
        data_error_set(e, owned, -1,
                       "Give it and all in it to the server's user.",
                       "%s cannot be given to whom the directory belongs: %s",
                       name, strerror(-rc));
    return rc;
}

int
zab_give_away(const char *dir, const char *name, struct data_error *e)
{
    return give_as(dir, name, true, e);
}

int
zab_give_whole(const char *dir, const char *like, struct data_error *e)
{
    return give_as(like, dir, false, e);
}
