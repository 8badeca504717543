/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/image/image_load.c and image_import.c: image and tree
 * are the same after the same transactions, whatever they were made of.
 */
#include "storage/image/image.h"

#include <errno.h>
#include <unistd.h>

#include "storage/log/txlog.h"
#include "tests/unit/image_given.h"
#include "tests/unit/random.h"
#include "tests/unit/tree_given.h"

/* A path of the small world /x0 .. /y3/x2/..., up to three deep. */
static void
random_path(char path[32])
{
    uint32_t depth = 1 + random_below(3);
    size_t at = 0;

    for (uint32_t i = 0; i < depth; i++)
        at += (size_t)snprintf(path + at, 32 - at, "/%c%u",
                               "xy"[random_below(2)], random_below(3));
}

/*
 * A random transaction.  Most are possible, some are not: deletions of nodes
 * with children and creations of what is there are left out, for no leader
 * makes them, and an image that is not fuzzy may count on that.
 */
static struct bytes
random_txn(zxid_t z)
{
    session_id_t session = 1 + random_below(3);
    char path[32];
    struct znode_view view;
    bool is_there;

    random_path(path);
    is_there = tree_view(tree, bytes_of(path), &view);
    switch (random_below(is_there ? 5 : 8)) {
    case 0:
        return a_session(z, session, 1000 + (int32_t)random_below(9));
    case 1:
        return an_end(z, session, strlen(path) == 9 ? path : NULL);
    case 2:
    case 3:
        if (is_there && view.stat.child_count > 0)
            return a_set_data(z, path, "parent", (int32_t)z);
        return a_delete(z, path);
    case 4:
        return a_set_data(z, path, path, (int32_t)z);
    case 5: /* ephemerals have no children: only as deep as can be */
        if (strlen(path) == 9)
            return a_create(z, path, "e", session, -1);
        return a_create(z, path, NULL, 0, -1);
    default:
        return a_create(z, path, "", 0, -1);
    }
}

static void
apply_to_tree(struct bytes entry)
{
    struct txn txn;

    CU_ASSERT_EQUAL(txn_open(&txn, entry), 0);
    tree_batch_begin(tree);
    tree_apply_txn(tree, &txn, NULL);
    tree_batch_end(tree, ++applied);
}

static void
apply_to_both(struct bytes entry)
{
    apply(entry);
    apply_to_tree(entry);
}

/* The same history gives the same digest, however it is cut in batches. */
static void
image_and_tree_agree(void)
{
    given_fresh_image();
    given_tree();
    random_state = 1;
    for (zxid_t z = 1; z <= 20000; z++) {
        struct bytes entry = random_txn(z);

        apply(entry);
        apply_to_tree(entry);
        if (random_below(50) == 0) {
            commit();
            CU_ASSERT_EQUAL_FATAL(image.meta.digest, totals().digest);
        }
    }
    commit();
    CU_ASSERT_EQUAL(image.meta.digest, totals().digest);
    free(dump_image(true)); /* sums it once more */
    done();
}

static void
load_into_tree(void)
{
    given_tree();
    tree_batch_begin(tree);
    CU_ASSERT_EQUAL(image_load(&image, tree, sessions, NULL, NULL, &error), 0);
    tree_batch_end(tree, ++applied);
}

static void
a_loaded_tree_is_the_image(void)
{
    struct session *s;
    char path[700];

    given_fresh_image();
    given_tree();
    random_state = 2;
    given_long_path();
    apply(a_session(1, 7, 1234));
    apply(a_create(2, "/a", "", 0, -1));
    apply(a_create(3, long_path, "deep", 7, -1));
    for (zxid_t z = 4; z <= 3000; z++) {
        struct bytes entry = random_txn(z);

        apply(entry);
        apply_to_tree(entry);
    }
    apply(a_session(3001, 8, 5678));
    commit();
    load_into_tree();
    CU_ASSERT_EQUAL(totals().zxid, 3001);
    CU_ASSERT_EQUAL(totals().digest, image.meta.digest);
    s = session_find(sessions, 8);
    CU_ASSERT_FATAL(s != NULL);
    CU_ASSERT_EQUAL(s->timeout_ms, 5678);
    snprintf(path, sizeof path, "%s", long_path);
    CU_ASSERT(tree_view(tree, bytes_of(path), &(struct znode_view){0}));
    done();
}

static void
count_progress(void *arg, uint64_t loaded, uint64_t total)
{
    CU_ASSERT(loaded <= total);
    ++*(uint32_t *)arg;
}

/* A server that shows none for long is ended as hung. */
static void
large_nodes_show_progress_too(void)
{
    enum { NODES = 16, MB = 1 << 20 };
    static const struct znode_stat stat = {.data_size = MB};
    struct bytes data = {calloc(1, MB), MB};
    uint32_t told = 0;
    char path[8];

    given_fresh_image();
    for (int i = 0; i < NODES; i++) {
        snprintf(path, sizeof path, "/%d", i);
        CU_ASSERT_EQUAL(image_batch_put_node(&batch, bytes_of(path), data,
                                             acl_open_to_all, &stat),
                        0);
    }
    commit();
    given_tree();
    tree_batch_begin(tree);
    CU_ASSERT_EQUAL(
        image_load(&image, tree, sessions, count_progress, &told, &error), 0);
    tree_batch_end(tree, ++applied);
    CU_ASSERT(told >= NODES / 4);
    free((void *)(uintptr_t)data.data);
    done();
}

/* A row of the session table as only damage can leave it. */
static void
put_session_row(session_id_t id)
{
    uint8_t id_bytes[8], timeout_bytes[4] = {0, 0, 16, 0};
    MDB_val key = {8, id_bytes}, value = {4, timeout_bytes};
    MDB_txn *txn;

    store_be64(id_bytes, (uint64_t)id);
    CU_ASSERT_EQUAL_FATAL(mdb_txn_begin(image.env, NULL, 0, &txn), 0);
    CU_ASSERT_EQUAL(mdb_put(txn, image.sessions, &key, &value, 0), 0);
    CU_ASSERT_EQUAL(mdb_txn_commit(txn), 0);
}

/* Whoever reads a session 0 in a log or a snapshot must start all the same. */
static void
nobody_has_no_session(void)
{
    given_fresh_image();
    apply(a_session(1, 0, 4000));
    apply(a_session(2, 7, 4000));
    CU_ASSERT_EQUAL(image_batch_put_session(&batch, 0, 4000), 0);
    commit();
    load_into_tree();
    CU_ASSERT_EQUAL(session_count(sessions), 1);
    put_session_row(0);
    given_tree();
    tree_batch_begin(tree);
    CU_ASSERT_EQUAL(image_load(&image, tree, sessions, NULL, NULL, &error),
                    -EBADMSG);
    tree_batch_end(tree, ++applied);
    done();
}

/* --- a fuzzy snapshot ---------------------------------------------------- */

struct copies {
    struct copy {
        struct image_row row;
        struct bytes path;
    } node[512];
    size_t count;
};

static struct bytes
keep(struct bytes b)
{
    uint8_t *copy;

    if (b.size <= 0)
        return b;
    copy = malloc((size_t)b.size);
    memcpy(copy, b.data, (size_t)b.size);
    return (struct bytes){copy, b.size};
}

static int
skip_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    (void)arg, (void)id, (void)timeout_ms;
    return 0;
}

static int
copy_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
          const struct znode_stat *stat)
{
    struct copies *c = arg;

    CU_ASSERT_FATAL(c->count < ARRAY_COUNT(c->node));
    c->node[c->count++] = (struct copy){{.path = BYTES_NULL,
                                         .acl = acl_open_to_all,
                                         .data = keep(data),
                                         .stat = *stat},
                                        keep(path)};
    (void)acl;
    return 0;
}

static void
copy_image(struct copies *c)
{
    const struct snap_visitor v = {skip_session, copy_node, c};
    struct snapfile_info info;
    char path[DATA_PATH_MAX];

    c->count = 0;
    write_snapshot(path, 100);
    CU_ASSERT_EQUAL(snapfile_read(path, &v, NULL, NULL, &info, &error), 0);
    unlink(path);
}

static void
free_copies(struct copies *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->node[i].row.data.size > 0)
            free((void *)(uintptr_t)c->node[i].row.data.data);
        free((void *)(uintptr_t)c->node[i].path.data);
    }
}

/*
 * What Apache writes while transactions go on: named after `z`, with the
 * nodes below /y* as they were later.
 */
static void
write_fuzzy(zxid_t z, const struct copies *early, const struct copies *late)
{
    const struct copies *all[] = {early, late};
    struct snapfile_writer w;

    CU_ASSERT_EQUAL(snapfile_writer_open(&w, dirs.snap, z, SNAP_PLAIN), 0);
    snapfile_put_count(&w, 0);
    snapfile_put_count(&w, 0);
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < all[turn]->count; i++) {
            const struct copy *c = &all[turn]->node[i];

            if ((c->path.size > 1 && c->path.data[1] == 'y') == turn)
                snapfile_put_node(&w, c->path, c->row.data, -1, &c->row.stat);
        }
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, z, 0), 0);
}

/*
 * A leader's transactions: it gives the parent's cversion, and asks for
 * nothing impossible.
 */
static struct bytes
sensible_txn(zxid_t z)
{
    struct znode_view view, parent;
    char path[32];
    bool is_there;

    do {
        random_path(path);
        is_there = tree_view(tree, bytes_of(path), &view);
        if (is_there && random_below(2))
            return a_set_data(z, path, path, view.stat.version + 1);
    } while (!tree_view(tree, tree_parent_path(bytes_of(path)), &parent) ||
             (is_there && view.stat.child_count > 0));
    if (is_there)
        return a_delete(z, path);
    return a_create(z, path, "new", 0, parent.stat.cversion + 1);
}

static void
replay_over_a_fuzzy_snapshot_converges(void)
{
    static struct copies early, late;

    for (uint64_t turn = 1; turn <= 20; turn++) {
        const struct txlog_options options = {.prealloc_bytes = 65536};
        struct image_prepare p = {0};
        struct txlog l;
        uint64_t digest;

        random_state = turn;
        given_fresh_image();
        given_tree();
        CU_ASSERT_EQUAL(txlog_open(&l, dirs.log, &options, NULL, &error), 0);
        for (zxid_t z = 1; z <= 400; z++) {
            struct bytes entry = sensible_txn(z);

            apply(entry);
            apply_to_tree(entry);
            CU_ASSERT_EQUAL(txlog_append(&l, z, entry), 0);
            if (z == 100 || z == 300) {
                commit();
                copy_image(z == 100 ? &early : &late);
            }
        }
        commit();
        CU_ASSERT_EQUAL(txlog_flush(&l), 0);
        txlog_close(&l);
        digest = image.meta.digest;
        CU_ASSERT_EQUAL(digest, totals().digest);
        write_fuzzy(100, &early, &late);
        close_image();
        CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
        CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
        CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
        CU_ASSERT_EQUAL(p.txns, 300);
        open_image();
        CU_ASSERT_EQUAL(image.meta.digest, digest);
        free_copies(&early);
        free_copies(&late);
        done();
    }
}

/* --- damage ----------------------------------------------------------------
 */

/* The disk changed a byte of a node's data, under the same digest. */
static void
change_row(const char *path)
{
    MDB_val key = {strlen(path), (void *)(uintptr_t)path}, value;
    uint8_t changed[256];
    MDB_txn *txn;

    CU_ASSERT_EQUAL_FATAL(mdb_txn_begin(image.env, NULL, 0, &txn), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_get(txn, image.nodes, &key, &value), 0);
    CU_ASSERT_FATAL(value.mv_size < sizeof changed);
    memcpy(changed, value.mv_data, value.mv_size);
    changed[value.mv_size - 1] ^= 1;
    value.mv_data = changed;
    CU_ASSERT_EQUAL(mdb_put(txn, image.nodes, &key, &value, 0), 0);
    CU_ASSERT_EQUAL(mdb_txn_commit(txn), 0);
}

/* Backups and learners would have it else, and it would look sound there. */
static void
no_snapshot_is_taken_of_a_damaged_image(void)
{
    struct image_snapshot s;
    struct data_list list;

    given_fresh_image();
    apply(a_create(1, "/a", "data", 0, -1));
    commit();
    change_row("/a");
    CU_ASSERT_EQUAL(image_snapshot_begin(&s, &image, dirs.snap, SNAP_PLAIN), 0);
    CU_ASSERT_EQUAL(image_snapshot_step(&s, 1000), -EBADMSG);
    CU_ASSERT_EQUAL(snapfile_candidates(&list, dirs.snap), 0);
    CU_ASSERT_EQUAL(list.count, 0);
    data_list_free(&list);
    done();
}

/* --- where one epoch ends and another begins -------------------------------
 */

/* Transactions of an epoch, each with the leader's digest, in a file. */
static void
log_epoch(int64_t epoch, zxid_t from, zxid_t to)
{
    const struct txlog_options options = {.prealloc_bytes = 65536};
    struct txlog l;

    CU_ASSERT_EQUAL_FATAL(txlog_open(&l, dirs.log, &options, NULL, &error), 0);
    for (zxid_t counter = from; counter <= to; counter++) {
        zxid_t z = ZXID(epoch, counter);
        char path[64];
        struct bytes entry;
        struct jute_out out;

        snprintf(path, sizeof path, "/n%llx", (unsigned long long)z);
        entry = a_create(z, path, "", 0, -1);
        apply_to_tree(entry);
        out = (struct jute_out){.base = (uint8_t *)(uintptr_t)entry.data,
                                .at = (uint8_t *)(uintptr_t)entry.data +
                                      entry.size,
                                .end = (uint8_t *)(uintptr_t)entry.data + 1024};
        txn_put_digest(&out, (int64_t)totals().digest);
        CU_ASSERT_EQUAL(txlog_append(&l, z, whole(&out)), 0);
    }
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
}

/* A snapshot of nothing, and three epochs in five files. */
static void
given_epochs(void)
{
    char path[DATA_PATH_MAX];

    given_fresh_image();
    given_tree();
    write_snapshot(path, 1000);
    close_image();
    log_epoch(1, 1, 4);
    log_epoch(1, 5, 6);
    log_epoch(2, 1, 3);
    log_epoch(4, 1, 1);
    log_epoch(4, 2, 2);
}

static int
prepared_anew(void)
{
    struct image_prepare p = {0};
    int rc;

    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    rc = image_prepare(&dirs, &p, &error);
    if (rc == 0) {
        CU_ASSERT_EQUAL(p.zxid, ZXID(4, 2));
        CU_ASSERT_FALSE(p.digest_differs);
    }
    return rc;
}

/* Their numbers tell nothing: each epoch begins with 1. */
static void
a_missing_end_of_an_epoch_is_a_gap(void)
{
    static const char *const files[] = {"log.100000005", "log.200000001"};
    char path[DATA_PATH_MAX], away[DATA_PATH_MAX];

    given_epochs();
    CU_ASSERT_EQUAL(prepared_anew(), 0);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        data_path(path, dirs.log, files[i]);
        data_path(away, base, "away");
        CU_ASSERT_EQUAL(rename(path, away), 0);
        CU_ASSERT_EQUAL(prepared_anew(), -ENODATA);
        CU_ASSERT(strstr(error.what, "are missing between 0x1000000") != NULL);
        CU_ASSERT_EQUAL(rename(away, path), 0);
    }
    CU_ASSERT_EQUAL(prepared_anew(), 0);
    open_image();
    done();
}

/*
 * A member does not know how far its log is committed, but where the snapshot
 * says of when it is, and that is behind us, the tree is what it is.
 */
static void
a_tree_that_is_not_the_leaders_is_told_of_a_member_too(void)
{
    struct image_prepare p = {.exact = INT64_MAX};
    char path[DATA_PATH_MAX];

    for (int is_other = 0; is_other < 2; is_other++) {
        given_fresh_image();
        given_tree();
        apply_to_both(a_create(ZXID(1, 1), "/a", "", 0, -1));
        commit();
        write_snapshot(path, 1000);
        close_image();
        if (is_other)
            apply_to_tree(a_create(ZXID(1, 1), "/leaders", "", 0, -1));
        log_epoch(1, 2, 4);
        CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
        CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
        CU_ASSERT_EQUAL(p.zxid, ZXID(1, 4));
        CU_ASSERT_EQUAL(p.digest_differs, is_other);
        open_image();
        done();
    }
}

/* --- statistics of quotas --------------------------------------------------
 */

#define QUOTA "/zookeeper/quota"

/* What all statistics say, one after the other. */
static void
read_stats(char text[512])
{
    static const char *const paths[] = {
        QUOTA "/zookeeper_stats", QUOTA "/a/zookeeper_stats",
        QUOTA "/b/zookeeper_stats", QUOTA "/none/zookeeper_stats"};
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct znode_view view = {.data = BYTES_NULL};

        CU_ASSERT(tree_view(tree, bytes_of(paths[i]), &view));
        at +=
            (size_t)snprintf(text + at, 512 - at, "%.*s ", (int)view.data.size,
                             (const char *)view.data.data);
    }
}

/* Half of it is in LMDB, half in the batch; /a has a child of a long path. */
static zxid_t
given_quotas(void)
{
    static const char *const paths[] = {
        "/a",       "/a/x",     "/b",          "/b!",  "/b/x",
        QUOTA "/a", QUOTA "/b", QUOTA "/none", "/b/y", long_path};
    zxid_t z = 0;

    given_fresh_image();
    given_tree();
    given_long_path();
    apply_to_both(a_session(++z, 7, 1000));
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        apply_to_both(a_create(++z, paths[i], "12345", 0, -1));
        if (i == 4)
            commit();
    }
    return z;
}

/*
 * They stand still without limits: from when they were made, or the limits
 * went.  So they do after a restart, though no transaction says the number.
 */
static void
statistics_without_limits_are_the_same_after_a_restart(void)
{
    char before[512], after[512];
    zxid_t z = given_quotas();

    apply_to_both(a_create(++z, QUOTA "/a/zookeeper_stats", "a", 0, -1));
    apply_to_both(a_create(++z, QUOTA "/zookeeper_stats", "all", 0, -1));
    apply_to_both(a_create(++z, QUOTA "/none/zookeeper_stats", "none", 0, -1));
    apply_to_both(a_create(++z, QUOTA "/b/zookeeper_limits", "count=9", 7, -1));
    apply_to_both(a_create(++z, QUOTA "/b/zookeeper_stats", "b", 0, -1));
    apply_to_both(a_delete(++z, "/b/x"));
    apply_to_both(a_create(++z, "/b/z", "123", 0, -1));
    apply_to_both(an_end(++z, 7, NULL)); /* the limits go with it */
    apply_to_both(a_create(++z, "/a/later", "1", 0, -1));
    apply_to_both(a_create(++z, "/b/later", "1", 0, -1));
    commit();
    read_stats(before);
    CU_ASSERT_STRING_EQUAL(before, "count=16,bytes=69 count=3,bytes=15 "
                                   "count=3,bytes=13 count=0,bytes=0 ");
    load_into_tree();
    read_stats(after);
    CU_ASSERT_STRING_EQUAL(after, before);
    done();
}

static void
note_sign(void *arg, uint64_t seen, uint64_t total)
{
    (void)seen, (void)total;
    ++*(int *)arg;
}

/* Ten million nodes take seconds, and of a cold disk more than are given. */
static void
who_counts_many_nodes_gives_signs_of_life(void)
{
    struct znode_stat stat = {.czxid = 1};
    char path[32];
    int signs = 0;

    given_fresh_image();
    for (int i = 0; i < 20000; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        CU_ASSERT_EQUAL(image_batch_put_node(&batch, bytes_of(path),
                                             bytes_of("x"), BYTES_NULL, &stat),
                        0);
    }
    CU_ASSERT_EQUAL(image_batch_commit(&batch, 1), 0);
    batch.progress = note_sign;
    batch.progress_arg = &signs;
    apply(a_create(2, QUOTA "/zookeeper_stats", "all", 0, -1));
    CU_ASSERT(signs > 0);
    done();
}

/* --- one that comes back while a snapshot is written -----------------------
 */

static struct bytes
a_creation(zxid_t z, int32_t kind, const char *path, int32_t cversion)
{
    struct jute_out out = txn_begun(0, z, kind);

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of("back"));
    jute_put_raw(&out, acl_open_to_all.data, (size_t)acl_open_to_all.size);
    if (kind == ZK_OP_CREATE || kind == ZK_OP_CREATE2)
        jute_put_bool(&out, false);
    jute_put_i32(&out, cversion);
    if (kind == ZK_OP_CREATE_TTL)
        jute_put_i64(&out, 1000);
    return whole(&out);
}

/* /p with /p/e, an ephemeral; the tree goes on without a snapshot. */
static void
given_an_ephemeral(void)
{
    given_fresh_image();
    given_tree();
    apply_to_both(a_session(1, 7, 1000));
    apply_to_both(a_create(2, "/p", "", 0, 1));
    apply_to_both(a_create(3, "/p/e", "first", 7, 1));
    commit();
}

/* The image becomes one that found /p as it is, and /p/e as it will be. */
static void
read_late(const char *path)
{
    struct znode_view view;

    CU_ASSERT_FATAL(tree_view(tree, bytes_of(path), &view));
    CU_ASSERT_EQUAL(image_batch_put_node(&batch, bytes_of(path), view.data,
                                         acl_open_to_all, &view.stat),
                    0);
    commit();
}

/*
 * A session ends, whose transaction does not list what goes with it, and its
 * node is made again, by any kind of creation.  Over a snapshot that has the
 * parent from before and the node from after, the creation meets the node; it
 * counts at the parent all the same.
 */
static void
who_comes_back_in_a_fuzzy_snapshot_counts_at_its_parent(void)
{
    static const int32_t kinds[] = {ZK_OP_CREATE, ZK_OP_CREATE2,
                                    ZK_OP_CREATE_CONTAINER, ZK_OP_CREATE_TTL};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        uint64_t leaders_digest;

        given_an_ephemeral();
        apply_to_tree(an_end(4, 7, NULL));
        apply_to_tree(a_creation(5, kinds[i], "/p/e", 2));
        leaders_digest = totals().digest;
        read_late("/p/e");
        load_into_tree();
        batch.is_fuzzy = true;
        apply_to_both(an_end(4, 7, NULL));
        apply_to_both(a_creation(5, kinds[i], "/p/e", 2));
        commit();
        CU_ASSERT_EQUAL(image.meta.digest, leaders_digest);
        CU_ASSERT_EQUAL(totals().digest, leaders_digest);
        done();
    }
}

struct told {
    int times;
    uint64_t done;
};

static void
note_progress(void *arg, uint64_t at, uint64_t total)
{
    struct told *told = arg;

    CU_ASSERT(told->done <= at && at < total);
    told->times++;
    told->done = at;
}

/* A minute would not do for all of it, and who is silent is ended. */
static void
a_large_image_goes_to_the_disk_in_steps(void)
{
    char path[DATA_PATH_MAX];
    struct told told = {0};

    given_fresh_image();
    data_path(path, dirs.image, "data.mdb");
    CU_ASSERT_EQUAL(truncate(path, (off_t)4 << 30), 0);
    CU_ASSERT_EQUAL(image_sync(&image, note_progress, &told), 0);
    CU_ASSERT(told.times >= 32);
    done();
}

UNIT_SUITE(image_load)
{
    unit_suite("image_load");
    UNIT(image_and_tree_agree);
    UNIT(a_loaded_tree_is_the_image);
    UNIT(large_nodes_show_progress_too);
    UNIT(nobody_has_no_session);
    UNIT(no_snapshot_is_taken_of_a_damaged_image);
    UNIT(a_missing_end_of_an_epoch_is_a_gap);
    UNIT(a_tree_that_is_not_the_leaders_is_told_of_a_member_too);
    UNIT(statistics_without_limits_are_the_same_after_a_restart);
    UNIT(who_counts_many_nodes_gives_signs_of_life);
    UNIT(who_comes_back_in_a_fuzzy_snapshot_counts_at_its_parent);
    UNIT(a_large_image_goes_to_the_disk_in_steps);
    UNIT(replay_over_a_fuzzy_snapshot_converges);
}
