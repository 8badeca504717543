/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - the LMDB environment, opened and removed, and its row of meta data.
 *
 * The map is reserved so large that it never has to grow: the tree's arena
 * is at most 64 GiB, a row takes about what its node does, and half-full
 * pages and pages kept for a running snapshot double that.
 *
 *     meta: u32 format, i64 zxid, u64 digest, u64 seed, i64 exact
 *
 * Images of zabd 0.1 have no `exact`: they are.
 */
#include "storage/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/image/image_guard.h"

enum {
    READERS_MAX = 64,
    TABLES_MAX = 8,
    META_BYTES = 4 + 8 + 8 + 8 + 8,
    META_BYTES_OLD = META_BYTES - 8,
    ALLOCATE_STEP = 64 * 1024 * 1024,
    SYNC_STEP = 64 * 1024 * 1024, /* some seconds of a slow disk */
};

static const size_t map_bytes = (size_t)256 << 30;
static const char meta_key[] = "meta";

/* LMDB's names for what it keeps in a directory. */
static const char DATA_FILE[] = "data.mdb", LOCK_FILE[] = "lock.mdb";

const char image_remedy[] =
    "The image is made from snapshots and logs: move this directory away and "
    "start again, and it is built anew.";
static const char REMEDY_RIGHTS[] =
    "Be the server's user or root; what is in this directory must be the "
    "user's, on a file system that is writable.";

int
image_rc(int mdb_rc)
{
    if (mdb_rc == 0)
        return 0;
    if (mdb_rc > 0)
        return -mdb_rc;
    switch (mdb_rc) {
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return -ENOSPC;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

/* --- meta ---------------------------------------------------------------- */

int
image_get_meta(struct image *im, MDB_txn *txn)
{
    MDB_val key = {sizeof meta_key, (void *)(uintptr_t)meta_key}, value;
    int rc = image_rc(mdb_get(txn, im->meta_table, &key, &value));
    struct jute_in in;

    if (rc < 0)
        return rc;
    in = jute_in_of(value.mv_data, value.mv_size);
    if ((value.mv_size != META_BYTES && value.mv_size != META_BYTES_OLD) ||
        jute_get_i32(&in) != IMAGE_FORMAT)
        return -EBADMSG;
    im->meta.zxid = jute_get_i64(&in);
    im->meta.digest = (uint64_t)jute_get_i64(&in);
    im->meta.seed = (uint64_t)jute_get_i64(&in);
    im->meta.exact = value.mv_size == META_BYTES ? jute_get_i64(&in) : 0;
    return 0;
}

zxid_t
image_committed(const struct image *im)
{
    return im->meta.exact == INT64_MAX ? 0 : im->meta.zxid;
}

int
image_put_meta(struct image *im, MDB_txn *txn, const struct image_meta *meta)
{
    uint8_t bytes[META_BYTES];
    struct jute_out out = jute_out_of(bytes, sizeof bytes);
    MDB_val key = {sizeof meta_key, (void *)(uintptr_t)meta_key};
    MDB_val value = {sizeof bytes, bytes};

    jute_put_i32(&out, IMAGE_FORMAT);
    jute_put_i64(&out, meta->zxid);
    jute_put_i64(&out, (int64_t)meta->digest);
    jute_put_i64(&out, (int64_t)meta->seed);
    jute_put_i64(&out, meta->exact);
    return mdb_put(txn, im->meta_table, &key, &value, 0);
}

/* --- opening ------------------------------------------------------------- */

static bool
is_about_rights(int mdb_rc)
{
    return mdb_rc == EACCES || mdb_rc == EPERM || mdb_rc == EROFS;
}

static int
fail(struct image *im, int mdb_rc, const char *what, struct data_error *e)
{
    data_error_set(e, im->dir, -1,
                   is_about_rights(mdb_rc) ? REMEDY_RIGHTS : image_remedy,
                   "the image %s: %s", what, mdb_strerror(mdb_rc));
    image_close(im);
    return image_rc(mdb_rc);
}

/*
 * A page behind the end of a file that was cut is no error of LMDB's but the
 * death of who touches it; one of zeros is an error.  Pages that a commit took
 * and gave back may lie behind the end of a sound file too, so a short file
 * is made longer, never shorter: a writer may be at work.  Who may not write
 * there takes the risk.
 */
static int
make_whole(struct image *im)
{
    char path[DATA_PATH_MAX];
    MDB_envinfo info;
    MDB_stat env;
    struct stat st;
    uint64_t wanted;
    int fd, rc = mdb_env_info(im->env, &info);

    if (rc == 0)
        rc = mdb_env_stat(im->env, &env);
    data_path(path, im->dir, DATA_FILE);
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
 * LMDB would abort on a page that is not what its parent promised, and the
 * supervisor would try again; but nothing gets better by that.
 */
static void
on_assert(MDB_env *env, const char *what)
{
    const struct image *im = mdb_env_get_userctx(env);

    image_is_damaged(im->dir, what);
}

/*
 * Who looks first at an image that came without LMDB's lock file makes one.
 * Root's would keep the server out of its own image.
 */
static void
share_lock(const struct image *im)
{
    char data[DATA_PATH_MAX], lock[DATA_PATH_MAX];
    struct stat owner, st;

    data_path(data, im->dir, DATA_FILE);
    data_path(lock, im->dir, LOCK_FILE);
    if (geteuid() == 0 && stat(data, &owner) == 0 && lstat(lock, &st) == 0 &&
        st.st_uid != owner.st_uid)
        (void)!lchown(lock, owner.st_uid, owner.st_gid);
}

static int
open_tables(struct image *im, enum image_mode mode)
{
    const struct {
        const char *name;
        MDB_dbi *table;
    } tables[] = {{"nodes", &im->nodes},
                  {"long", &im->longs},
                  {"ephemerals", &im->ephemerals},
                  {"sessions", &im->sessions},
                  {"meta", &im->meta_table}};
    bool may_create = mode == IMAGE_CREATE;
    MDB_txn *txn;
    int rc = mdb_txn_begin(im->env, NULL, may_create ? 0 : MDB_RDONLY, &txn);

    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(tables); i++)
        rc = mdb_dbi_open(txn, tables[i].name, may_create ? MDB_CREATE : 0,
                          tables[i].table);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* keeps the handles, also when reading */
}

static int
make_env(struct image *im)
{
    int rc = mdb_env_create(&im->env);

    if (rc == 0)
        rc = mdb_env_set_userctx(im->env, im);
    if (rc == 0)
        rc = mdb_env_set_assert(im->env, on_assert);
    if (rc == 0)
        rc = mdb_env_set_mapsize(im->env, map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(im->env, TABLES_MAX);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(im->env, READERS_MAX);
    return rc;
}

static int
open_env(struct image *im, enum image_mode mode)
{
    unsigned flags = MDB_NOTLS | (mode == IMAGE_READ ? MDB_RDONLY : 0) |
                     (mode == IMAGE_CREATE ? MDB_NOSYNC : 0);
    int rc = make_env(im);

    if (rc == 0)
        rc = mdb_env_open(im->env, im->dir, flags, 0640);
    if (rc == 0)
        share_lock(im);
    if (rc == 0 && mode != IMAGE_CREATE)
        rc = make_whole(im);
    if (rc == 0)
        rc = mdb_reader_check(im->env, NULL); /* of processes that died */
    if (rc == 0)
        rc = open_tables(im, mode);
    return rc;
}

/* One that is being created has no meta yet, but a secret of its own. */
static int
choose_seed(struct image *im, struct data_error *e)
{
    return getrandom(&im->meta.seed, sizeof im->meta.seed, 0) < 0
               ? fail(im, errno, "cannot be created", e)
               : 0;
}

static int
read_first_meta(struct image *im, struct data_error *e)
{
    MDB_txn *txn;
    int rc = image_rc(mdb_txn_begin(im->env, NULL, MDB_RDONLY, &txn));

    if (rc == 0) {
        rc = image_get_meta(im, txn);
        mdb_txn_abort(txn);
    }
    if (rc == -EBADMSG)
        fail(im, MDB_INVALID, "has another format", e);
    else if (rc == -ENOENT)
        fail(im, MDB_NOTFOUND, "was never finished", e);
    else if (rc < 0)
        fail(im, -rc, "cannot be opened", e);
    return rc;
}

int
image_open(struct image *im, const char *dir, enum image_mode mode,
           struct data_error *e)
{
    int rc;

    *im = (struct image){0};
    data_path(im->dir, dir, "");
    image_guard();
    if (mode == IMAGE_CREATE && mkdir(dir, 0750) < 0)
        return fail(im, errno, "cannot be created", e);
    if (access(dir, F_OK) < 0)
        return fail(im, errno, "cannot be opened", e);
    rc = open_env(im, mode);
    if (rc != 0)
        return fail(im, rc, "cannot be opened", e);
    return mode == IMAGE_CREATE ? choose_seed(im, e) : read_first_meta(im, e);
}

void
image_close(struct image *im)
{
    if (im->env)
        mdb_env_close(im->env);
    im->env = NULL;
}

/* --- its file ------------------------------------------------------------ */

int
image_remove(const char *dir)
{
    int rc = data_remove(dir, DATA_FILE);

    if (rc == 0)
        rc = data_remove(dir, LOCK_FILE);
    if (rc == 0)
        rc = data_sync_dir(dir); /* gone for good, then */
    if (rc == 0 && rmdir(dir) < 0)
        rc = -errno;
    return rc == -ENOENT ? 0 : rc;
}

/*
 * Gigabytes may wait, and who says nothing for a minute while they go to the
 * disk is ended.  So they go in steps, through a descriptor of our own:
 * whether all of them got there is LMDB's own sync to say.
 */
static void
push_out(const struct image *im, progress_fn *progress, void *progress_arg)
{
    char path[DATA_PATH_MAX];
    struct stat st;
    int fd;

    data_path(path, im->dir, DATA_FILE);
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
 * Blocks are taken in large steps beyond the file's end, which LMDB does not
 * see, so that its syncs rarely make the file system allocate.  Without
 * room or support for it nothing is lost: the commit itself will tell.
 */
void
image_allocate_ahead(struct image *im, uint64_t bytes)
{
    struct stat st;
    uint64_t end;
    int fd;

    if (mdb_env_get_fd(im->env, &fd) != 0 || fstat(fd, &st) < 0)
        return;
    end = (uint64_t)st.st_size + bytes;
    if (end <= im->allocated)
        return;
    end = ALIGN_UP(end, (uint64_t)ALLOCATE_STEP);
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)end) == 0)
        im->allocated = end;
}

void
image_forget_dead_readers(const struct image *im)
{
    (void)mdb_reader_check(im->env, NULL); /* else the next time */
}

int
image_count(const struct image *im, uint64_t *nodes, uint64_t *sessions)
{
    MDB_stat n = {0}, l = {0}, s = {0};
    MDB_txn *txn;
    int rc = mdb_txn_begin(im->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0)
        return image_rc(rc);
    rc = mdb_stat(txn, im->nodes, &n);
    if (rc == 0)
        rc = mdb_stat(txn, im->longs, &l);
    if (rc == 0)
        rc = mdb_stat(txn, im->sessions, &s);
    mdb_txn_abort(txn);
    *nodes = n.ms_entries + l.ms_entries;
    *sessions = s.ms_entries;
    return image_rc(rc);
}
