/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - the LMDB environment, opened and closed, and its row of meta data.
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
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/random.h"
#include "storage/image/image_file.h"
#include "storage/image/image_guard.h"

enum {
    FORMAT = 1,
    READERS_MAX = 64,
    ROOM_BYTES = 16 * 1024 * 1024, /* a disk with less than a batch is full */
    TABLES_MAX = 8,
    META_BYTES = 4 + 8 + 8 + 8 + 8,
    META_BYTES_OLD = META_BYTES - 8,
};

static const size_t map_bytes = (size_t)256 << 30;
static const char meta_key[] = "meta";

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

int
image_write_rc(const char *dir, int rc)
{
    struct statvfs st;

    return rc == -EIO && statvfs(dir, &st) == 0 &&
                   st.f_bavail * st.f_frsize < ROOM_BYTES
               ? -ENOSPC
               : rc;
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
        jute_get_i32(&in) != FORMAT)
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

    jute_put_i32(&out, FORMAT);
    jute_put_i64(&out, meta->zxid);
    jute_put_i64(&out, (int64_t)meta->digest);
    jute_put_i64(&out, (int64_t)meta->seed);
    jute_put_i64(&out, meta->exact);
    return mdb_put(txn, im->meta_table, &key, &value, 0);
}

/* --- opening ------------------------------------------------------------- */

static const char REMEDY_ROOM[] =
    "It may be sound: see to memory, descriptors, the disk and the limit of "
    "address space (ulimit -v, LimitAS), and try again.";
static const char REMEDY_MAP[] =
    "Have dataDir on a file system whose files can be mapped into memory.";

/* An image that nobody could look at need not be made anew. */
static const char *
remedy_for(int mdb_rc)
{
    if (mdb_rc == EACCES || mdb_rc == EPERM || mdb_rc == EROFS)
        return REMEDY_RIGHTS;
    if (mdb_rc == ENOMEM || mdb_rc == EMFILE || mdb_rc == ENFILE ||
        mdb_rc == ENOSPC || mdb_rc == EDQUOT)
        return REMEDY_ROOM;
    if (mdb_rc == ENODEV || mdb_rc == EINVAL)
        return REMEDY_MAP;
    return image_remedy;
}

static int
fail(struct image *im, int mdb_rc, const char *what, struct data_error *e)
{
    data_error_set(e, im->dir, -1, remedy_for(mdb_rc), "the image %s: %s", what,
                   mdb_strerror(mdb_rc));
    image_close(im);
    return image_rc(mdb_rc);
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
        image_share_lock(im);
    if (rc == 0 && mode != IMAGE_CREATE)
        rc = image_make_whole(im);
    if (rc == 0)
        rc = mdb_reader_check(im->env, NULL); /* of processes that died */
    if (rc == 0)
        rc = open_tables(im, mode);
    return rc;
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
    if (mode != IMAGE_CREATE)
        return read_first_meta(im, e);
    im->meta.seed = random_number(); /* no meta yet, but a secret of its own */
    return 0;
}

void
image_close(struct image *im)
{
    if (im->env)
        mdb_env_close(im->env);
    im->env = NULL;
}

void
image_forget_dead_readers(const struct image *im)
{
    (void)mdb_reader_check(im->env, NULL); /* else the next time */
}
