/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datadir.c - finding, making and locking the directories of a server.
 *
 * The lock is flock(2) on a file of its own: it goes with the last process
 * that inherited it, so a killed server never leaves it behind.
 */
#include "storage/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char REMEDY_MOVE[] =
    "Move the file to the directory that the configuration names for it, or "
    "set dataLogDir to where the logs are.";

/*
 * What to do about a directory that may not be written.  Our unit lets the
 * server write to its own folder alone, and hides homes: who is told of rights
 * only looks for them in vain.
 */
static const char *
remedy_for(int rc)
{
    if (rc == -EROFS)
        return "If a service may not write there, name the directory in "
               "ReadWritePaths= (systemctl edit zabd); else mount its file "
               "system writable.";
    if (data_wants_room(rc) || rc == -EIO)
        return "See that its disk has room and works.";
    return "Create it and give it and all in it to the server's user; a "
           "service sees /home and /root only with ProtectHome=no (systemctl "
           "edit zabd).";
}

/*
 * Make every directory of `path` that is missing, each with a durable name:
 * what is synced in a directory whose own name is lost is lost with it.
 */
static int
make_parts(const char *path)
{
    char part[DATA_PATH_MAX], parent[DATA_PATH_MAX] = "/";
    size_t size = strlen(path);
    int rc = 0;

    if (path[0] != '/')
        memcpy(parent, ".", 2);
    for (size_t i = 1; rc == 0 && i <= size; i++) {
        if (i < size && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0750) == 0)
            rc = data_sync_dir(parent);
        else if (errno != EEXIST)
            rc = -errno;
        memcpy(parent, part, i + 1);
    }
    return rc;
}

/* Make `path` with its parents, if missing and allowed. */
static int
make_dir(const char *path, bool may_create, struct data_error *e)
{
    struct stat st;
    int rc;

    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return 0;
        data_error_set(e, path, -1,
                       "Remove it, or configure another directory.",
                       "is not a directory");
        return -ENOTDIR;
    }
    rc = -errno;
    if (rc == -ENOENT && !may_create) {
        data_error_set(e, path, -1,
                       "Create it, give it to the server's user, "
                       "or set datadir.autocreate=true.",
                       "does not exist");
        return rc;
    }
    if (rc == -ENOENT)
        rc = make_parts(path);
    if (rc < 0) {
        data_error_rc(e, path, rc, remedy_for(rc), "cannot be created");
    } else if (stat(path, &st) < 0) { /* it was there, and is not */
        data_error_set(e, path, -1, "Is its disk mounted?",
                       "is a link to what is not there");
        rc = -ENOENT;
    }
    return rc;
}

static int
cannot_list(const char *dir, int rc, struct data_error *e)
{
    return data_error_rc(e, dir, rc, "Give it to the server's user.",
                         "cannot be listed");
}

/* Whether a server has lived in d->snap: 1, 0, -errno. */
static int
was_lived_in(const struct datadir *d, struct data_error *e)
{
    struct data_list snapshots;
    int rc;

    if (access(d->image, F_OK) == 0)
        return 1;
    rc = data_list_read(&snapshots, d->snap, DATA_SNAPSHOTS);
    if (rc < 0)
        cannot_list(d->snap, rc, e);
    else
        rc = snapshots.count > 0;
    data_list_free(&snapshots);
    return rc;
}

/*
 * Where image or snapshots are, there was a log from the first start on.  If
 * it is gone, its disk is not mounted, as a rule: to begin another would lose
 * what was acknowledged last, and no one would be told.
 */
static int
refuse_lost_log(const struct datadir *d, struct data_error *e)
{
    int rc;

    if (access(d->log, F_OK) == 0 || errno != ENOENT)
        return 0; /* or make_dir says why */
    rc = was_lived_in(d, e);
    if (rc <= 0)
        return rc;
    data_error_set(e, d->log, -1,
                   "Is its disk mounted? Only if the log shall begin anew "
                   "there, make this directory for the server's user.",
                   "is not there, but %s has the data of a server", d->snap);
    return -ENOENT;
}

/* Lock `dir`; returns the descriptor or -errno. */
static int
lock_dir(const char *dir, struct data_error *e)
{
    char path[DATA_PATH_MAX];
    int fd, rc;

    data_path(path, dir, "zabd.lock");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        rc = -errno;
        return data_error_rc(
            e, path, rc, rc == -EACCES ? data_remedy_access : remedy_for(rc),
            "cannot be written");
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
    close(fd);
    if (rc == -EBUSY)
        data_error_set(e, path, -1,
                       "Stop the other server, or give each its own dataDir.",
                       "another server uses this directory");
    else
        data_error_rc(e, path, rc,
                      "Use a file system on which files can be locked.",
                      "cannot be locked");
    return rc;
}

/* Refuse a file of `kind` in the directory that is not for it. */
static int
refuse_stray(const char *dir, enum data_kind kind, struct data_error *e)
{
    struct data_list list;
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&list, dir, kind);

    if (rc < 0)
        cannot_list(dir, rc, e);
    if (rc == 0 && list.count > 0) {
        data_path(path, dir, list.file[0].name);
        data_error_set(e, path, -1, REMEDY_MOVE,
                       "does not belong in this directory");
        rc = -EINVAL;
    }
    data_list_free(&list);
    return rc;
}

int
datadir_name(struct datadir *d, const char *data_dir, const char *log_dir,
             struct data_error *e)
{
    *d = (struct datadir){.lock_fd = -1, .log_lock_fd = -1};
    if (!log_dir || !*log_dir)
        log_dir = data_dir;
    if (strlen(data_dir) + DATA_NAME_MAX < DATA_PATH_MAX &&
        strlen(log_dir) + DATA_NAME_MAX < DATA_PATH_MAX) {
        data_path(d->data, data_dir, "");
        data_path(d->snap, data_dir, "version-2");
        data_path(d->log, log_dir, "version-2");
        data_path(d->image, d->snap, "image");
        return 0;
    }
    data_error_set(e, data_dir, -1, "Use a shorter path.",
                   "the path is too long");
    return -ENAMETOOLONG;
}

/* A symbolic link or a bind mount may give one directory two paths. */
static bool
is_one_directory(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* Lock them; where they are two, each has its own kind of files only. */
static int
take_dirs(struct datadir *d, struct data_error *e)
{
    int rc;

    d->lock_fd = lock_dir(d->snap, e);
    if (d->lock_fd < 0)
        return d->lock_fd;
    if (is_one_directory(d->snap, d->log))
        return 0;
    d->log_lock_fd = lock_dir(d->log, e);
    if (d->log_lock_fd < 0)
        return d->log_lock_fd;
    rc = refuse_stray(d->snap, DATA_LOGS, e);
    return rc < 0 ? rc : refuse_stray(d->log, DATA_SNAPSHOTS, e);
}

int
datadir_open(struct datadir *d, const char *data_dir, const char *log_dir,
             bool may_create, struct data_error *e)
{
    int rc = datadir_name(d, data_dir, log_dir, e);

    if (rc == 0)
        rc = make_dir(d->snap, may_create, e);
    if (rc == 0)
        rc = refuse_lost_log(d, e);
    if (rc == 0)
        rc = make_dir(d->log, may_create, e);
    if (rc == 0)
        rc = take_dirs(d, e);
    if (rc < 0)
        datadir_close(d);
    return rc;
}

void
datadir_close(struct datadir *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    if (d->log_lock_fd >= 0)
        close(d->log_lock_fd);
    d->lock_fd = d->log_lock_fd = -1;
}

int
datadir_is_empty(const struct datadir *d, struct data_error *e)
{
    struct data_list logs;
    int rc = was_lived_in(d, e);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = data_list_read(&logs, d->log, DATA_LOGS);
    if (rc < 0)
        cannot_list(d->log, rc, e);
    else
        rc = logs.count == 0;
    data_list_free(&logs);
    return rc;
}

/* Beside version-2, in dataLogDir. */
static void
path_of_initialize(const struct datadir *d, char *path)
{
    char dir[DATA_PATH_MAX], *slash;

    data_path(dir, d->log, "");
    slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    data_path(path, dir, "initialize");
}

bool
datadir_has_initialize(const struct datadir *d)
{
    char path[DATA_PATH_MAX];

    path_of_initialize(d, path);
    return access(path, F_OK) == 0;
}

int
datadir_take_initialize(const struct datadir *d)
{
    char path[DATA_PATH_MAX];

    path_of_initialize(d, path);
    return unlink(path) < 0 ? -errno : 0;
}
