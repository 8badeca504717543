/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_file.c - what LMDB does not do about the files of an image.
 */
#include "storage/image/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ALLOCATE_STEP = 64 * 1024 * 1024,
    SYNC_STEP = 64 * 1024 * 1024, /* some seconds of a slow disk */
    CACHE_STEP = 128 * 1024,      /* Linux may read no more at one word */
    WARM_STEP = 4 * 1024 * 1024,  /* between signs of life */
};

/*
 * A page behind the end of a file that was cut kills whoever touches it; on a
 * page of zeros LMDB returns an error.  Pages that a commit took and gave back
 * may lie behind the end of a sound file, too, so a short file is made longer,
 * never shorter: a writer may be at work.  A process that may not write there
 * takes the risk.
 */
int
image_make_whole(const struct image *im)
{
    char path[DATA_PATH_MAX];
    MDB_envinfo info;
    MDB_stat env;
    struct stat st;
    uint64_t wanted;
    int fd, rc = mdb_env_info(im->env, &info);

    if (rc == 0)
        rc = mdb_env_stat(im->env, &env);
    data_path(path, im->dir, IMAGE_DATA_FILE);
    if (rc != 0 || stat(path, &st) < 0)
        return rc ? rc : errno;
    wanted = (info.me_last_pgno + 1) * env.ms_psize;
    if ((uint64_t)st.st_size >= wanted)
        return 0;
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fallocate(fd, 0, (off_t)(wanted - env.ms_psize), env.ms_psize);
        close(fd);
    }
    return 0;
}

/*
 * Whoever opens an image that came without LMDB's lock file makes one.  One
 * that root owns would keep the server out of its own image.
 */
void
image_share_lock(const struct image *im)
{
    char data[DATA_PATH_MAX], lock[DATA_PATH_MAX];
    struct stat owner, st;

    data_path(data, im->dir, IMAGE_DATA_FILE);
    data_path(lock, im->dir, IMAGE_LOCK_FILE);
    if (geteuid() == 0 && stat(data, &owner) == 0 && lstat(lock, &st) == 0 &&
        st.st_uid != owner.st_uid)
        (void)!lchown(lock, owner.st_uid, owner.st_gid);
}

int
image_remove(const char *dir)
{
    int rc = data_remove(dir, IMAGE_DATA_FILE);

    if (rc == 0)
        rc = data_remove(dir, IMAGE_LOCK_FILE);
    if (rc == 0)
        rc = data_sync_dir(dir); /* gone for good, then */
    if (rc == 0 && rmdir(dir) < 0)
        rc = -errno;
    return rc == -ENOENT ? 0 : rc;
}

bool
image_is_replaced(const struct image *im)
{
    char path[DATA_PATH_MAX];
    struct stat here, there;
    int fd;

    data_path(path, im->dir, IMAGE_DATA_FILE);
    return mdb_env_get_fd(im->env, &fd) != 0 || fstat(fd, &here) < 0 ||
           stat(path, &there) < 0 || here.st_ino != there.st_ino ||
           here.st_dev != there.st_dev;
}

/*
 * Gigabytes may wait, and a process that shows no progress for a minute is
 * ended.  So they go to the disk in steps, through a descriptor of our own:
 * whether all of them got there is for LMDB's own sync to say.
 */
static void
push_out(const struct image *im, progress_fn *progress, void *progress_arg)
{
    char path[DATA_PATH_MAX];
    struct stat st;
    int fd;

    data_path(path, im->dir, IMAGE_DATA_FILE);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) < 0)
        st.st_size = 0;
    for (off_t at = 0; at < st.st_size; at += SYNC_STEP) {
        (void)sync_file_range(fd, at, SYNC_STEP,
                              SYNC_FILE_RANGE_WAIT_BEFORE |
                                  SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
        progress(progress_arg, (uint64_t)at, (uint64_t)st.st_size);
    }
    close(fd);
}

int
image_sync(struct image *im, progress_fn *progress, void *progress_arg)
{
    if (progress)
        push_out(im, progress, progress_arg);
    return image_rc(mdb_env_sync(im->env, 1));
}

/*
 * Blocks are taken in large steps, so that LMDB's syncs rarely make the file
 * system allocate.  On a disk that is nearly full the log needs what is left.
 * Without room or support for it nothing is lost: the commit itself will tell.
 */
static void
allocate(struct image *im, int fd, uint64_t end)
{
    end = ALIGN_UP(end, (uint64_t)ALLOCATE_STEP);
    if (data_leaves_room(fd, end, ALLOCATE_STEP) &&
        fallocate(fd, 0, 0, (off_t)end) == 0)
        im->allocated = end;
}

/* Pages from `at` to `end`, in single ones; to where that was done. */
static uint64_t
cache_pages(int fd, uint64_t at, uint64_t end)
{
    for (; at < end; at += CACHE_STEP)
        (void)posix_fadvise(fd, (off_t)at, CACHE_STEP, POSIX_FADV_WILLNEED);
    return at;
}

/* The file descriptor, or -1; where the pages end that LMDB has used. */
static int
used_end(const struct image *im, uint64_t *end)
{
    MDB_envinfo info;
    MDB_stat env;
    int fd;

    if (mdb_env_get_fd(im->env, &fd) != 0 ||
        mdb_env_info(im->env, &info) != 0 || mdb_env_stat(im->env, &env) != 0)
        return -1;
    *end = (info.me_last_pgno + 1) * env.ms_psize;
    return fd;
}

void
image_make_room(struct image *im, uint64_t bytes)
{
    uint64_t used, end;
    int fd = used_end(im, &used);

    if (fd < 0)
        return;
    end = used + bytes;
    if (end > im->allocated)
        allocate(im, fd, end);
    if (im->cached == 0)
        im->cached = used / CACHE_STEP * CACHE_STEP;
    im->cached = cache_pages(fd, im->cached, end);
}

void
image_warm(const struct image *im, progress_fn *progress, void *progress_arg)
{
    uint64_t end;
    int fd = used_end(im, &end);

    if (fd < 0 || image_rows_bytes(im) < end / 2)
        return; /* mostly what deletions left behind */
    for (uint64_t at = 0; at < end;) {
        at = cache_pages(fd, at, at + WARM_STEP);
        progress(progress_arg, at < end ? at : end, end);
    }
}
