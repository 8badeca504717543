/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.c - sees every change that a server makes to its data directory.
 *
 * Preloaded (LD_PRELOAD) into zabd and all its processes.  Each successful
 * call that changes a file below POWERCUT_DIR, and each sync, is appended to
 * POWERCUT_JOURNAL as one record, in the order in which they happened:
 *
 *      u8 op, u8 0, u16 path length, u32 data length, u64 offset, u64 size
 *      path (relative to the directory), data
 *
 * The same shim makes calls fail: POWERCUT_FAULT names a file whose text is
 * "CALL SUBSTRING ERRNO", for instance "fdatasync log. 5": from the moment
 * that file exists, CALL on a file whose path contains SUBSTRING fails.  With
 * -SECONDS for ERRNO, which may be a fraction, it takes that long, and then
 * works.  A fourth word, as in "pread log. -0.25 repl", is the only process
 * that it is for.
 * Numbers are little-endian as the machine has them; journal.py reads them.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FDS_MAX = 4096 };

enum op {
    OP_CREATE = 'c', /* also: opened with O_TRUNC */
    OP_WRITE = 'w',
    OP_WRITE_THROUGH = 'W', /* O_DSYNC: durable, and nothing else of the file */
    OP_TRUNCATE = 't',      /* size */
    OP_ALLOCATE = 'a', /* offset, size: as if zeros were written at the end */
    OP_RENAME = 'r',   /* data is the new path */
    OP_UNLINK = 'u',
    OP_MKDIR = 'm',
    OP_RMDIR = 'd',
    OP_SYNC = 's', /* a file or a directory */
};

struct record {
    uint8_t op, zero;
    uint16_t path_size;
    uint32_t data_size;
    uint64_t offset, size;
};

static char *fd_path[FDS_MAX]; /* relative; NULL: not ours */
static int fd_is_dsync[FDS_MAX];
static char root[PATH_MAX];
static const char *journal_path, *fault_path;
static int journal = -1;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *
real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (!f)
        abort();
    return f;
}

__attribute__((constructor)) static void
start(void)
{
    const char *dir = getenv("POWERCUT_DIR");

    journal_path = getenv("POWERCUT_JOURNAL");
    fault_path = getenv("POWERCUT_FAULT");
    if (dir && !realpath(dir, root))
        root[0] = '\0';
}

/* --- the journal --------------------------------------------------------- */

/* The path below the watched directory, or NULL. */
static const char *
relative(const char *path, char *buffer)
{
    size_t n = strlen(root);

    if (n == 0)
        return NULL;
    if (path[0] != '/') {
        if (!getcwd(buffer, PATH_MAX - 1))
            return NULL;
        strncat(buffer, "/", PATH_MAX - strlen(buffer) - 1);
        strncat(buffer, path, PATH_MAX - strlen(buffer) - 1);
    } else {
        snprintf(buffer, PATH_MAX, "%s", path);
    }
    if (strncmp(buffer, root, n) != 0)
        return NULL;
    return buffer[n] == '/' ? buffer + n + 1 : buffer[n] ? NULL : ".";
}

static void
record(enum op op, const char *path, const void *data, size_t data_size,
       uint64_t offset, uint64_t size)
{
    struct record r = {(uint8_t)op,         0,      (uint16_t)strlen(path),
                       (uint32_t)data_size, offset, size};
    struct iovec iov[] = {{&r, sizeof r},
                          {(void *)(uintptr_t)path, r.path_size},
                          {(void *)(uintptr_t)data, data_size}};

    if (!journal_path)
        return;
    if (journal < 0)
        journal = REAL(open)(journal_path,
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal < 0 || REAL(writev)(journal, iov, 3) < 0)
        abort();
}

static const char *
path_of(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? fd_path[fd] : NULL;
}

/* --- faults -------------------------------------------------------------- */

/* Whether this is the process of that name, "" for all. */
static int
is_we(const char *process)
{
    char name[16] = "";

    return process[0] == '\0' ||
           (prctl(PR_GET_NAME, name) == 0 && strncmp(name, "zabd: ", 6) == 0 &&
            strcmp(name + 6, process) == 0);
}

static void
take_so_long(double seconds)
{
    time_t whole = (time_t)seconds;
    struct timespec left = {whole, (long)((seconds - (double)whole) * 1e9)};

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

/* The text of the fault file; 0 while there is none. */
static int
read_fault(char *text, size_t size)
{
    int fd = fault_path ? REAL(open)(fault_path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n;

    if (fd < 0)
        return 0;
    n = read(fd, text, size - 1);
    REAL(close)(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static int
must_fail(const char *call, const char *path)
{
    char text[256], wanted[32], part[128], process[16] = "";
    double error = 0;

    if (!path || !read_fault(text, sizeof text) ||
        sscanf(text, "%31s %127s %lf %15s", wanted, part, &error, process) <
            3 ||
        strcmp(wanted, call) != 0 || !strstr(path, part) || !is_we(process))
        return 0;
    if (error < 0)
        take_so_long(-error);
    errno = error > 0 ? (int)error : 0;
    return errno != 0;
}

/* --- files that are opened ----------------------------------------------- */

static void
opened(int fd, const char *path, int flags, int existed)
{
    char buffer[PATH_MAX];
    const char *rel = relative(path, buffer);

    if (fd < 0 || fd >= FDS_MAX)
        return;
    free(fd_path[fd]);
    fd_path[fd] = rel ? strdup(rel) : NULL;
    fd_is_dsync[fd] = (flags & O_DSYNC) != 0;
    if (rel && (flags & O_CREAT) && (!existed || (flags & O_TRUNC)))
        record(OP_CREATE, rel, NULL, 0, 0, 0);
}

static int
do_open(int dirfd, const char *path, int flags, mode_t mode)
{
    struct stat st;
    int existed = fstatat(dirfd, path, &st, 0) == 0;
    int fd;

    if ((flags & O_ACCMODE) != O_RDONLY && must_fail("open", path))
        return -1;
    fd = REAL(openat)(dirfd, path, flags, mode);
    if (path[0] == '/' || dirfd == AT_FDCWD) {
        opened(fd, path, flags, existed);
    } else if (path_of(dirfd)) {
        char full[3 * PATH_MAX];

        snprintf(full, sizeof full, "%s/%s/%s", root, path_of(dirfd), path);
        opened(fd, full, flags, existed);
    }
    return fd;
}

#define MODE_OF(flags)                                                         \
    mode_t mode = 0;                                                           \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                   \
        va_list ap;                                                            \
        va_start(ap, flags);                                                   \
        mode = va_arg(ap, mode_t);                                             \
        va_end(ap);                                                            \
    }

int
open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int
openat(int dirfd, const char *path, int flags, ...)
{
    MODE_OF(flags)
    if (!getenv("POWERCUT_DIR"))
        return REAL(openat)(dirfd, path, flags, mode);
    return do_open(dirfd, path, flags, mode);
}

int
close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX) {
        free(fd_path[fd]);
        fd_path[fd] = NULL;
    }
    return REAL(close)(fd);
}

int
fcntl64(int fd, int command, ...)
{
    va_list ap;
    void *arg;
    int rc;

    va_start(ap, command);
    arg = va_arg(ap, void *);
    va_end(ap);
    rc = REAL(fcntl64)(fd, command, arg);
    if (rc >= 0 && rc < FDS_MAX && path_of(fd) &&
        (command == F_DUPFD || command == F_DUPFD_CLOEXEC)) {
        free(fd_path[rc]);
        fd_path[rc] = strdup(path_of(fd));
    }
    return rc;
}

/* --- what is read -------------------------------------------------------- */

DIR *
opendir(const char *path)
{
    return must_fail("opendir", path) ? NULL : REAL(opendir)(path);
}

ssize_t
pread(int fd, void *data, size_t size, off_t at)
{
    return must_fail("pread", path_of(fd)) ? -1
                                           : REAL(pread)(fd, data, size, at);
}

ssize_t
pread64(int fd, void *data, size_t size, off_t at)
{
    return pread(fd, data, size, at);
}

/* --- what is written ----------------------------------------------------- */

static void
wrote(int fd, const void *data, ssize_t n, off_t at)
{
    if (n <= 0 || !path_of(fd))
        return;
    record(fd_is_dsync[fd] ? OP_WRITE_THROUGH : OP_WRITE, path_of(fd), data,
           (size_t)n, (uint64_t)at, (uint64_t)n);
}

ssize_t
write(int fd, const void *data, size_t size)
{
    ssize_t n;

    if (must_fail("write", path_of(fd)))
        return -1;
    n = REAL(write)(fd, data, size);
    if (path_of(fd))
        wrote(fd, data, n, lseek(fd, 0, SEEK_CUR) - n);
    return n;
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t n;

    if (must_fail("write", path_of(fd)))
        return -1;
    n = REAL(pwrite)(fd, data, size, at);
    wrote(fd, data, n, at);
    return n;
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off_t at)
{
    return pwrite(fd, data, size, at);
}

/* One record a buffer: a power cut may fall between them. */
static void
wrote_vector(int fd, const struct iovec *iov, int count, ssize_t n, off_t at)
{
    for (int i = 0; i < count && n > 0; i++) {
        ssize_t part =
            n < (ssize_t)iov[i].iov_len ? n : (ssize_t)iov[i].iov_len;

        wrote(fd, iov[i].iov_base, part, at);
        at += part;
        n -= part;
    }
}

ssize_t
writev(int fd, const struct iovec *iov, int count)
{
    ssize_t n;

    if (must_fail("write", path_of(fd)))
        return -1;
    n = REAL(writev)(fd, iov, count);
    if (path_of(fd) && n > 0)
        wrote_vector(fd, iov, count, n, lseek(fd, 0, SEEK_CUR) - n);
    return n;
}

ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
    ssize_t n;

    if (must_fail("write", path_of(fd)))
        return -1;
    n = REAL(pwritev)(fd, iov, count, at);
    if (path_of(fd))
        wrote_vector(fd, iov, count, n, at);
    return n;
}

ssize_t
pwritev64(int fd, const struct iovec *iov, int count, off_t at)
{
    return pwritev(fd, iov, count, at);
}

/* --- sizes --------------------------------------------------------------- */

int
ftruncate(int fd, off_t size)
{
    int rc = REAL(ftruncate)(fd, size);

    if (rc == 0 && path_of(fd))
        record(OP_TRUNCATE, path_of(fd), NULL, 0, 0, (uint64_t)size);
    return rc;
}

int
ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int
fallocate(int fd, int mode, off_t offset, off_t size)
{
    int rc;

    if (must_fail("write", path_of(fd)))
        return -1;
    rc = REAL(fallocate)(fd, mode, offset, size);
    if (rc == 0 && path_of(fd) && mode == 0)
        record(OP_ALLOCATE, path_of(fd), NULL, 0, (uint64_t)offset,
               (uint64_t)size);
    return rc;
}

int
posix_fallocate(int fd, off_t offset, off_t size)
{
    return fallocate(fd, 0, offset, size) < 0 ? errno : 0;
}

int
fallocate64(int fd, int mode, off_t offset, off_t size)
{
    return fallocate(fd, mode, offset, size);
}

int
posix_fallocate64(int fd, off_t offset, off_t size)
{
    return posix_fallocate(fd, offset, size);
}

/* --- syncs --------------------------------------------------------------- */

static int
synced(int fd, int rc)
{
    if (rc == 0 && path_of(fd))
        record(OP_SYNC, path_of(fd), NULL, 0, 0, 0);
    return rc;
}

int
fsync(int fd)
{
    return must_fail("fsync", path_of(fd)) ? -1 : synced(fd, REAL(fsync)(fd));
}

int
fdatasync(int fd)
{
    return must_fail("fdatasync", path_of(fd))
               ? -1
               : synced(fd, REAL(fdatasync)(fd));
}

/* --- names --------------------------------------------------------------- */

int
rename(const char *from, const char *to)
{
    char from_buffer[PATH_MAX], to_buffer[PATH_MAX];
    const char *a = relative(from, from_buffer), *b = relative(to, to_buffer);
    int rc = REAL(rename)(from, to);

    if (rc == 0 && a && b)
        record(OP_RENAME, a, b, strlen(b), 0, 0);
    return rc;
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX];
    int rc = REAL(renameat)(from_dir, from, to_dir, to);

    if (rc == 0 && path_of(from_dir) && path_of(to_dir)) {
        snprintf(a, sizeof a, "%s/%s", path_of(from_dir), from);
        snprintf(b, sizeof b, "%s/%s", path_of(to_dir), to);
        record(OP_RENAME, a, b, strlen(b), 0, 0);
    }
    return rc;
}

int
unlink(const char *path)
{
    char buffer[PATH_MAX];
    const char *rel = relative(path, buffer);
    int rc = REAL(unlink)(path);

    if (rc == 0 && rel)
        record(OP_UNLINK, rel, NULL, 0, 0, 0);
    return rc;
}

int
unlinkat(int dirfd, const char *path, int flags)
{
    char full[PATH_MAX];
    int rc = REAL(unlinkat)(dirfd, path, flags);

    if (rc == 0 && path_of(dirfd)) {
        snprintf(full, sizeof full, "%s/%s", path_of(dirfd), path);
        record(OP_UNLINK, full, NULL, 0, 0, 0);
    }
    return rc;
}

int
rmdir(const char *path)
{
    char buffer[PATH_MAX];
    const char *rel = relative(path, buffer);
    int rc = REAL(rmdir)(path);

    if (rc == 0 && rel)
        record(OP_RMDIR, rel, NULL, 0, 0, 0);
    return rc;
}

int
mkdir(const char *path, mode_t mode)
{
    char buffer[PATH_MAX];
    const char *rel = relative(path, buffer);
    int rc = REAL(mkdir)(path, mode);

    if (rc == 0 && rel)
        record(OP_MKDIR, rel, NULL, 0, 0, 0);
    return rc;
}
