/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/image*.c.  What an image holds is told by the
 * snapshot it writes.
 */
#include "storage/image.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "storage/image_batch.h"
#include "storage/image_import.h"
#include "storage/image_snapshot.h"
#include "storage/txlog.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char base[DATA_PATH_MAX];
static struct datadir dirs;
static struct data_error error;

/* --- transactions --------------------------------------------------------- */

static uint8_t room[1 << 16];

static struct jute_out
header(session_id_t session, zxid_t zxid, int32_t type)
{
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {
        .session = session, .zxid = zxid, .time = 1000 + zxid, .type = type};

    txn_put_header(&out, &h);
    return out;
}

static struct bytes
whole(const struct jute_out *out)
{
    return (struct bytes){out->base, (int32_t)jute_out_size(out)};
}

static struct bytes
a_create(zxid_t zxid, const char *path, const char *data, session_id_t session,
         int32_t cversion)
{
    struct jute_out out = header(session, zxid, ZK_OP_CREATE);
    struct bytes acl = acl_world();

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, data ? bytes_of(data) : BYTES_NULL);
    jute_put_raw(&out, acl.data, (size_t)acl.size);
    jute_put_bool(&out, session != 0);
    jute_put_i32(&out, cversion);
    return whole(&out);
}

static struct bytes
a_delete(zxid_t zxid, const char *path)
{
    struct jute_out out = header(0, zxid, ZK_OP_DELETE);

    jute_put_bytes(&out, bytes_of(path));
    return whole(&out);
}

static struct bytes
a_set_data(zxid_t zxid, const char *path, const char *data, int32_t version)
{
    struct jute_out out = header(0, zxid, ZK_OP_SET_DATA);

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of(data));
    jute_put_i32(&out, version);
    return whole(&out);
}

static struct bytes
a_session(zxid_t zxid, session_id_t session, int32_t timeout_ms)
{
    struct jute_out out = header(session, zxid, ZK_OP_CREATE_SESSION);

    jute_put_i32(&out, timeout_ms);
    return whole(&out);
}

/* Lists at most one path; an old log's lists none. */
static struct bytes
an_end(zxid_t zxid, session_id_t session, const char *path)
{
    struct jute_out out = header(session, zxid, ZK_OP_CLOSE_SESSION);

    jute_put_i32(&out, path ? 1 : 0);
    if (path)
        jute_put_bytes(&out, bytes_of(path));
    return whole(&out);
}

/* --- images --------------------------------------------------------------- */

static struct image image;
static struct image_batch batch;

static void
given_directory(void)
{
    tempdir_make(base);
    CU_ASSERT_EQUAL_FATAL(datadir_open(&dirs, base, NULL, true, &error), 0);
}

static void
open_image(void)
{
    CU_ASSERT_EQUAL_FATAL(image_open(&image, dirs.image, IMAGE_WRITE, &error),
                          0);
    CU_ASSERT_EQUAL_FATAL(image_batch_init(&batch, &image), 0);
}

static void
close_image(void)
{
    image_batch_deinit(&batch);
    image_close(&image);
}

static void
given_fresh_image(void)
{
    struct image_prepare p = {0};

    given_directory();
    CU_ASSERT_EQUAL_FATAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_FRESH);
    CU_ASSERT_EQUAL(p.zxid, 0);
    open_image();
}

static void
done(void)
{
    close_image();
    datadir_close(&dirs);
    tempdir_remove(base);
}

static void
apply(struct bytes entry)
{
    CU_ASSERT_EQUAL(image_batch_apply(&batch, entry), 0);
}

static void
commit(void)
{
    CU_ASSERT_EQUAL(image_batch_commit(&batch, batch.zxid), 0);
}

/* --- what an image holds, as text ----------------------------------------- */

struct dump {
    char *text;
    size_t size, room;
    uint64_t digest; /* summed over what was seen */
    bool has_all;    /* also what the reserved nodes have */
};

static void
say(struct dump *d, const char *format, ...)
{
    va_list args;
    int n;

    if (d->room - d->size < 8192) {
        d->room = d->room * 2 + 65536;
        d->text = realloc(d->text, d->room);
    }
    va_start(args, format);
    n = vsnprintf(d->text + d->size, d->room - d->size, format, args);
    va_end(args);
    d->size += (size_t)n;
}

static int
dump_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    say(arg, "S%llx %d\n", (unsigned long long)id, timeout_ms);
    return 0;
}

static int
dump_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
          const struct znode_stat *s)
{
    const struct image_row row = {
        .path = BYTES_NULL, .acl = acl, .data = data, .stat = *s};
    struct dump *d = arg;

    d->digest += image_row_digest(path, &row);
    if (!d->has_all && path_is_digested(path) == false)
        return 0;
    say(d, "%.*s [%.*s] c%llx m%llx p%llx v%d c%d a%d o%llx\n",
        path.size > 40 ? 40 : path.size, (const char *)path.data,
        data.size > 0 ? data.size : 0, (const char *)data.data,
        (unsigned long long)s->czxid, (unsigned long long)s->mzxid,
        (unsigned long long)s->pzxid, s->version, s->cversion, s->aversion,
        (unsigned long long)s->owner);
    return 0;
}

/* Write a snapshot of the open image into `name`; leave it there. */
static void
write_snapshot(char path[DATA_PATH_MAX], size_t rows_per_step)
{
    struct image_snapshot s;
    char name[DATA_NAME_MAX];
    int rc;

    CU_ASSERT_EQUAL_FATAL(
        image_snapshot_begin(&s, &image, dirs.snap, SNAP_PLAIN), 0);
    data_name(name, "snapshot", s.zxid);
    data_path(path, dirs.snap, name);
    while ((rc = image_snapshot_step(&s, rows_per_step)) == 1)
        ;
    CU_ASSERT_EQUAL_FATAL(rc, 0);
}

/* The committed image as text, to be freed; its digest is verified. */
static char *
dump_image(bool has_all)
{
    struct dump d = {.has_all = has_all};
    const struct snap_visitor v = {dump_session, dump_node, &d};
    struct snapfile_info info = {0};
    char path[DATA_PATH_MAX];

    write_snapshot(path, 3);
    CU_ASSERT_EQUAL(snapfile_read(path, &v, NULL, NULL, &info, &error), 0);
    CU_ASSERT_EQUAL(info.digest, d.digest);
    CU_ASSERT_EQUAL(image.meta.digest, d.digest);
    CU_ASSERT_EQUAL(info.digest_zxid, image.meta.zxid);
    unlink(path);
    return d.text;
}

#define HOLDS(expected)                                                        \
    do {                                                                       \
        char *text_ = dump_image(false);                                       \
        CU_ASSERT_STRING_EQUAL(text_, expected);                               \
        free(text_);                                                           \
    } while (0)

static const char first_nodes[] = "/ [] c0 m0 p0 v0 c0 a0 o0\n"
                                  "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n"
                                  "/zookeeper/config [] c0 m0 p0 v0 c0 a-1 o0\n"
                                  "/zookeeper/quota [] c0 m0 p0 v0 c0 a0 o0\n";

/* --- claims --------------------------------------------------------------- */

static void
a_fresh_image_is_a_fresh_tree(void)
{
    char *text;

    given_fresh_image();
    text = dump_image(true);
    CU_ASSERT_STRING_EQUAL(text, first_nodes);
    CU_ASSERT_EQUAL(image.meta.digest, 0x51c6d660); /* spec 16.7 */
    free(text);
    done();
}

static void
the_digest_is_zookeepers(void)
{
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {.session = 1,
                           .zxid = ZXID(1, 2),
                           .time = 0x1a2061e56a3,
                           .type = ZK_OP_CREATE};
    struct bytes acl = acl_world();

    given_fresh_image();
    txn_put_header(&out, &h);
    jute_put_bytes(&out, bytes_of("/a"));
    jute_put_bytes(&out, bytes_of("hello"));
    jute_put_raw(&out, acl.data, (size_t)acl.size);
    jute_put_bool(&out, false);
    jute_put_i32(&out, 1);
    txn_put_digest(&out, 0x142a2347f);
    apply(whole(&out));
    commit();
    CU_ASSERT_EQUAL(image.meta.digest, 0x142a2347f);
    CU_ASSERT(image_batch_agrees(&batch));
    done();
}

static void
a_wrong_digest_of_the_leader_is_told(void)
{
    struct jute_out out;

    given_fresh_image();
    out = header(7, 1, ZK_OP_CREATE_SESSION);
    jute_put_i32(&out, 5000);
    txn_put_digest(&out, 4711);
    apply(whole(&out));
    commit();
    CU_ASSERT(!image_batch_agrees(&batch));
    apply(a_session(2, 7, 6000)); /* says nothing about digests */
    commit();
    CU_ASSERT(image_batch_agrees(&batch));
    done();
}

/* However often a node is written, a batch holds its data once. */
static void
data_takes_the_place_of_older_data(void)
{
    size_t bytes;

    given_fresh_image();
    apply(a_create(1, "/a", "0123456789", 0, 1));
    bytes = batch.bytes;
    apply(a_set_data(2, "/a", "abc", 1));
    apply(a_set_data(3, "/a", "", 2));
    apply(a_set_data(4, "/a", "9876543210", 3));
    CU_ASSERT_EQUAL(batch.bytes, bytes);
    apply(a_set_data(5, "/a", "longer than ever before", 4));
    CU_ASSERT(batch.bytes > bytes);
    commit();
    HOLDS("/ [] c0 m0 p1 v0 c1 a0 o0\n"
          "/a [longer than ever before] c1 m5 p1 v4 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

/* The next batch has the memory of the last one. */
static void
memory_goes_from_batch_to_batch(void)
{
    const struct batch_chunk *chunk;

    given_fresh_image();
    apply(a_create(1, "/a", "one", 0, 1));
    chunk = batch.chunks;
    commit();
    CU_ASSERT_PTR_NULL(batch.chunks);
    CU_ASSERT_PTR_EQUAL(batch.spare, chunk);
    apply(a_set_data(2, "/a", "two", 1));
    CU_ASSERT_PTR_EQUAL(batch.chunks, chunk);
    commit();
    image_batch_trim(&batch);
    CU_ASSERT_PTR_NULL(batch.spare);
    apply(a_set_data(3, "/a", "three", 2));
    commit();
    HOLDS("/ [] c0 m0 p1 v0 c1 a0 o0\n"
          "/a [three] c1 m3 p1 v2 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

static void
changes_become_rows(void)
{
    given_fresh_image();
    apply(a_session(1, 0xe, 4000));
    apply(a_create(2, "/a", "one", 0, 1));
    apply(a_create(3, "/a/e", NULL, 0xe, 1));
    apply(a_set_data(4, "/a", "two", 1));
    apply(a_set_data(5, "/a", "three", 2));
    CU_ASSERT_EQUAL(batch.row_count, 3);
    commit();
    CU_ASSERT_EQUAL(image.meta.zxid, 5);
    HOLDS("Se 4000\n"
          "/ [] c0 m0 p2 v0 c1 a0 o0\n"
          "/a [three] c2 m5 p3 v2 c1 a0 o0\n"
          "/a/e [] c3 m3 p3 v0 c0 a0 oe\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

static void
what_was_not_committed_is_not_there(void)
{
    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 1));
    commit();
    apply(a_create(2, "/b", "", 0, 2));
    close_image();
    open_image();
    CU_ASSERT_EQUAL(image.meta.zxid, 1);
    HOLDS("/ [] c0 m0 p1 v0 c1 a0 o0\n"
          "/a [] c1 m1 p1 v0 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

static void
a_node_made_and_gone_leaves_only_its_parents_stat(void)
{
    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 1));
    apply(a_delete(2, "/a"));
    commit();
    apply(a_create(3, "/a", "again", 0, 2));
    commit();
    apply(a_delete(4, "/a"));
    apply(a_create(5, "/a", "third", 0, 3));
    commit();
    HOLDS("/ [] c0 m0 p5 v0 c3 a0 o0\n"
          "/a [third] c5 m5 p5 v0 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

/* The rules that make replays converge: larger only. */
static void
a_parent_is_only_raised(void)
{
    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 5));
    apply(a_create(2, "/b", "", 0, 3));
    apply(a_create(3, "/c", "", 0, -1));
    apply(a_create(4, "/c", "", 0, 9)); /* is there already */
    apply(a_delete(5, "/nothing"));
    apply(a_delete(6, "/no/parent"));
    apply(a_set_data(7, "/nothing", "", 3));
    commit();
    HOLDS("/ [] c0 m0 p5 v0 c9 a0 o0\n"
          "/a [] c1 m1 p1 v0 c0 a0 o0\n"
          "/b [] c2 m2 p2 v0 c0 a0 o0\n"
          "/c [] c3 m3 p3 v0 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

static char long_path[700];

static void
given_long_path(void)
{
    memset(long_path, 'x', sizeof long_path - 1);
    memcpy(long_path, "/a/", 3);
}

/* Listed or not, made in this batch or before, short path or long. */
static void
a_sessions_ephemerals_go_with_it(void)
{
    given_fresh_image();
    given_long_path();
    for (int turn = 0; turn < 4; turn++) {
        zxid_t z = 1 + turn * 10;
        char *text;

        apply(a_session(z, 0xe, 4000));
        apply(a_create(z + 1, "/a", "", 0, 3 * turn + 1));
        apply(a_create(z + 2, "/a/1", "", 0xe, 1));
        apply(a_create(z + 3, long_path, "", 0xe, 2));
        apply(a_create(z + 4, "/e2", "", 0xe, 3 * turn + 2));
        apply(a_create(z + 5, "/e3", "", 0xf, 3 * turn + 3));
        if (turn % 2)
            commit();
        apply(a_delete(z + 6, "/e3"));
        apply(an_end(z + 7, 0xe, turn / 2 ? "/a/1" : NULL));
        apply(a_delete(z + 8, "/a"));
        commit();
        text = dump_image(false);
        CU_ASSERT(strstr(text, "Se") == NULL);
        CU_ASSERT(strstr(text, "/a") == NULL);
        CU_ASSERT(strstr(text, "/e") == NULL);
        free(text);
    }
    done();
}

static void
the_new_owner_of_a_path_keeps_it(void)
{
    char *text;

    given_fresh_image();
    apply(a_create(1, "/lock", "", 0xa, 1));
    commit();
    apply(a_delete(2, "/lock"));
    apply(a_create(3, "/lock", "", 0xb, 2));
    apply(an_end(4, 0xa, NULL));
    commit();
    apply(an_end(5, 0xa, NULL));
    commit();
    text = dump_image(false);
    CU_ASSERT(strstr(text, "/lock [] c3 m3 p3 v0 c0 a0 ob") != NULL);
    free(text);
    apply(an_end(6, 0xb, NULL));
    commit();
    text = dump_image(false);
    CU_ASSERT(strstr(text, "/lock") == NULL);
    free(text);
    done();
}

static void
long_paths_are_rows_as_well(void)
{
    char child[720];
    char *text;

    given_fresh_image();
    given_long_path();
    snprintf(child, sizeof child, "%s/y", long_path);
    apply(a_create(1, "/a", "", 0, 1));
    apply(a_create(2, long_path, "parent", 0, 1));
    apply(a_create(3, child, "child", 0, 1));
    commit();
    apply(a_set_data(4, child, "changed", 1));
    commit();
    close_image();
    open_image();
    text = dump_image(false);
    CU_ASSERT(strstr(text, "[parent] c2 m2 p3 v0 c1") != NULL);
    CU_ASSERT(strstr(text, "[changed] c3 m4 p3 v1 c0") != NULL);
    CU_ASSERT(strstr(text, "[parent]") < strstr(text, "[changed]"));
    free(text);
    apply(a_delete(5, child));
    apply(a_delete(6, long_path));
    commit();
    text = dump_image(false);
    CU_ASSERT(strstr(text, "/a/xx") == NULL);
    free(text);
    done();
}

/* Folding goes on while a snapshot is being written; it shows its zxid. */
static void
a_snapshot_is_exact_while_the_image_moves(void)
{
    struct image_snapshot s;
    struct dump d = {.has_all = true};
    const struct snap_visitor v = {dump_session, dump_node, &d};
    struct snapfile_info info = {0};
    char path[DATA_PATH_MAX];
    zxid_t z = 1;
    int rc;

    given_fresh_image();
    apply(a_create(z, "/a", "old", 0, 1));
    commit();
    CU_ASSERT_EQUAL(image_snapshot_begin(&s, &image, dirs.snap, SNAP_ZSTD), 0);
    while ((rc = image_snapshot_step(&s, 1)) == 1) {
        z++;
        apply(a_set_data(z, "/a", "new", (int32_t)z));
        commit();
    }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT(z > 5);
    data_path(path, dirs.snap, "snapshot.1.zst");
    CU_ASSERT_EQUAL(snapfile_read(path, &v, NULL, NULL, &info, &error), 0);
    CU_ASSERT(strstr(d.text, "/a [old] c1 m1") != NULL);
    CU_ASSERT_EQUAL(info.digest, d.digest);
    free(d.text);
    done();
}

static void
bytes_that_are_no_transaction_are_refused(void)
{
    static const uint8_t nonsense[40] = {0, 0, 0, 1};

    given_fresh_image();
    CU_ASSERT_EQUAL(image_batch_apply(&batch, (struct bytes){nonsense, 40}),
                    -EBADMSG);
    done();
}

/* --- image and tree ------------------------------------------------------- */

static struct tree *tree;
static struct session_table *table;

enum { ARENA_BYTES = 64 << 20 };

static void
given_tree(void)
{
    void *arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *memory = mmap(NULL, session_table_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CU_ASSERT_FATAL(arena != MAP_FAILED && memory != MAP_FAILED);
    table = session_table_init(memory, session_table_bytes());
    tree = tree_init(arena, ARENA_BYTES, table);
    tree_batch_begin(tree);
}

static void
drop_tree(void)
{
    tree_batch_end(tree, 0);
    munmap(tree, ARENA_BYTES);
    munmap(table, session_table_bytes());
}

static uint64_t
tree_digest(void)
{
    struct tree_totals totals;

    tree_totals(tree, &totals);
    return totals.digest;
}

static uint64_t seed;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

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
random_txn(zxid_t zxid)
{
    session_id_t session = 1 + random_below(3);
    char path[32];
    struct znode_view view;
    bool is_there;

    random_path(path);
    is_there = tree_view(tree, bytes_of(path), &view);
    switch (random_below(is_there ? 5 : 8)) {
    case 0:
        return a_session(zxid, session, 1000 + (int32_t)random_below(9));
    case 1:
        return an_end(zxid, session, strlen(path) == 9 ? path : NULL);
    case 2:
    case 3:
        if (is_there && view.stat.child_count > 0)
            return a_set_data(zxid, path, "parent", (int32_t)zxid);
        return a_delete(zxid, path);
    case 4:
        return a_set_data(zxid, path, path, (int32_t)zxid);
    case 5: /* ephemerals have no children: only as deep as can be */
        if (strlen(path) == 9)
            return a_create(zxid, path, "e", session, -1);
        return a_create(zxid, path, NULL, 0, -1);
    default:
        return a_create(zxid, path, "", 0, -1);
    }
}

static void
apply_to_tree(struct bytes entry)
{
    struct txn txn;

    CU_ASSERT_EQUAL(txn_open(&txn, entry), 0);
    tree_apply_txn(tree, &txn, NULL);
}

/* The same history gives the same digest, however it is cut in batches. */
static void
image_and_tree_agree(void)
{
    given_fresh_image();
    given_tree();
    seed = 1;
    for (zxid_t z = 1; z <= 20000; z++) {
        struct bytes entry = random_txn(z);

        apply(entry);
        apply_to_tree(entry);
        if (random_below(50) == 0) {
            commit();
            CU_ASSERT_EQUAL_FATAL(image.meta.digest, tree_digest());
        }
    }
    commit();
    CU_ASSERT_EQUAL(image.meta.digest, tree_digest());
    free(dump_image(true)); /* sums it once more */
    drop_tree();
    done();
}

static void
a_loaded_tree_is_the_image(void)
{
    struct tree_totals totals;
    struct session *s;
    char path[700];

    given_fresh_image();
    given_tree();
    seed = 2;
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
    drop_tree();
    given_tree();
    CU_ASSERT_EQUAL(image_load(&image, tree, table, NULL, NULL, &error), 0);
    tree_totals(tree, &totals);
    CU_ASSERT_EQUAL(totals.zxid, 3001);
    CU_ASSERT_EQUAL(totals.digest, image.meta.digest);
    s = session_find(table, 8);
    CU_ASSERT_FATAL(s != NULL);
    CU_ASSERT_EQUAL(s->timeout_ms, 5678);
    snprintf(path, sizeof path, "%s", long_path);
    CU_ASSERT(tree_view(tree, bytes_of(path), &(struct znode_view){0}));
    drop_tree();
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
                                         .acl = acl_world(),
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
 * What Apache writes while transactions go on: named after `zxid`, with the
 * nodes below /y* as they were later.
 */
static void
write_fuzzy(zxid_t zxid, const struct copies *early, const struct copies *late)
{
    const struct copies *all[] = {early, late};
    struct snapfile_writer w;

    CU_ASSERT_EQUAL(snapfile_writer_open(&w, dirs.snap, zxid, SNAP_PLAIN), 0);
    snapfile_put_session_count(&w, 0);
    snapfile_put_acl_count(&w, 0);
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < all[turn]->count; i++) {
            const struct copy *c = &all[turn]->node[i];

            if ((c->path.size > 1 && c->path.data[1] == 'y') == turn)
                snapfile_put_node(&w, c->path, c->row.data, -1, &c->row.stat);
        }
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, zxid, 0), 0);
}

/*
 * A leader's transactions: it gives the parent's cversion, and asks for
 * nothing impossible.
 */
static struct bytes
sensible_txn(zxid_t zxid)
{
    struct znode_view view, parent;
    char path[32];
    bool is_there;

    do {
        random_path(path);
        is_there = tree_view(tree, bytes_of(path), &view);
        if (is_there && random_below(2))
            return a_set_data(zxid, path, path, view.stat.version + 1);
    } while (!tree_view(tree, tree_parent_path(bytes_of(path)), &parent) ||
             (is_there && view.stat.child_count > 0));
    if (is_there)
        return a_delete(zxid, path);
    return a_create(zxid, path, "new", 0, parent.stat.cversion + 1);
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

        seed = turn;
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
        CU_ASSERT_EQUAL(digest, tree_digest());
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
        drop_tree();
        done();
    }
}

/* --- starting ------------------------------------------------------------- */

/* Transactions from..to, each making /n<zxid>, as one log file. */
static void
given_log(zxid_t from, zxid_t to)
{
    const struct txlog_options options = {.prealloc_bytes = 65536};
    struct txlog l;
    char path[64];

    CU_ASSERT_EQUAL_FATAL(txlog_open(&l, dirs.log, &options, NULL, &error), 0);
    for (zxid_t z = from; z <= to; z++) {
        snprintf(path, sizeof path, "/n%lld", (long long)z);
        CU_ASSERT_EQUAL(
            txlog_append(&l, z,
                         a_create(z, path, "", 0, (int32_t)zxid_counter(z))),
            0);
    }
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
}

/* A snapshot at `zxid` of a server that made /n1 .. /n<zxid>. */
static void
given_snapshot(zxid_t zxid)
{
    char path[DATA_PATH_MAX];
    struct image_prepare p = {0};

    CU_ASSERT_EQUAL_FATAL(image_prepare(&dirs, &p, &error), 0);
    open_image();
    for (zxid_t z = p.zxid + 1; z <= zxid; z++) {
        char node[64];

        snprintf(node, sizeof node, "/n%lld", (long long)z);
        apply(a_create(z, node, "", 0, (int32_t)zxid_counter(z)));
    }
    commit();
    write_snapshot(path, 1000);
    close_image();
}

static int
prepare(struct image_prepare *p)
{
    *p = (struct image_prepare){0};
    return image_prepare(&dirs, p, &error);
}

static void
an_image_that_the_log_continues_is_kept(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    CU_ASSERT_EQUAL(p.zxid, 3);
    CU_ASSERT(!p.is_ahead);
    open_image();
    done();
}

static void
without_an_image_snapshot_and_log_make_one(void)
{
    struct image_prepare p;
    uint64_t nodes, sessions;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_EQUAL(p.zxid, 9);
    CU_ASSERT_EQUAL(p.txns, 6);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    open_image();
    CU_ASSERT_EQUAL(image_count(&image, &nodes, &sessions), 0);
    CU_ASSERT_EQUAL(nodes, 4 + 9);
    done();
}

static void
a_damaged_snapshot_sends_us_to_an_older_one(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;

    given_directory();
    given_snapshot(3);
    given_snapshot(5);
    given_log(1, 9);
    data_path(path, dirs.snap, "snapshot.5");
    data = file_read(path, &size);
    data[size / 2] ^= 4;
    file_write(path, data, size);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.damaged, 1);
    CU_ASSERT_EQUAL(p.zxid, 9);
    free(data);
    open_image();
    done();
}

static void
logs_without_a_snapshot_are_refused_unless_trusted(void)
{
    struct image_prepare p;

    given_directory();
    given_log(1, 4);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA);
    CU_ASSERT(strstr(error.remedy, "snapshot.trust.empty") != NULL);
    p = (struct image_prepare){.trusts_empty = true};
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_EQUAL(p.zxid, 4);
    open_image();
    done();
}

/* Apache ran here for long: our image's continuation was purged. */
static void
a_newer_snapshot_bridges_a_gap(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX], kept[DATA_PATH_MAX];

    given_directory();
    given_snapshot(7);
    data_path(path, dirs.snap, "snapshot.7");
    data_path(kept, dirs.snap, "kept");
    rename(path, kept);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    given_snapshot(2);
    given_log(6, 9);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA); /* 3 to 5 are nowhere */
    rename(kept, path);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.7");
    CU_ASSERT_EQUAL(p.zxid, 9);
    open_image();
    done();
}

/* Its log was cut at 4 and went on in another epoch: 5 never was. */
static void
an_image_of_another_history_is_built_anew(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_snapshot(5);
    given_log(1, 4);
    given_log(ZXID(1, 1), ZXID(1, 2));
    CU_ASSERT_EQUAL(image_forget_after(&dirs, 4, &error), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.zxid, ZXID(1, 2));
    open_image();
    done();
}

static void
an_image_ahead_of_its_log_is_kept_with_a_warning(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(5);
    given_log(1, 3);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    CU_ASSERT(p.is_ahead);
    CU_ASSERT_EQUAL(p.zxid, 5);
    open_image();
    done();
}

static void
damage_in_the_log_stops_an_import(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;

    given_directory();
    given_snapshot(1);
    given_log(1, 9);
    data_path(path, dirs.log, "log.1");
    data = file_read(path, &size);
    data[400] ^= 4;
    file_write(path, data, size);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA);
    CU_ASSERT(strstr(error.path, "log.1") != NULL);
    CU_ASSERT(error.offset > 300 && error.offset <= 400);
    CU_ASSERT(!file_is_there(dirs.image));
    free(data);
    datadir_close(&dirs);
    tempdir_remove(base);
}

UNIT_SUITE(image)
{
    unit_suite("image");
    UNIT(a_fresh_image_is_a_fresh_tree);
    UNIT(the_digest_is_zookeepers);
    UNIT(a_wrong_digest_of_the_leader_is_told);
    UNIT(data_takes_the_place_of_older_data);
    UNIT(memory_goes_from_batch_to_batch);
    UNIT(changes_become_rows);
    UNIT(what_was_not_committed_is_not_there);
    UNIT(a_node_made_and_gone_leaves_only_its_parents_stat);
    UNIT(a_parent_is_only_raised);
    UNIT(a_sessions_ephemerals_go_with_it);
    UNIT(the_new_owner_of_a_path_keeps_it);
    UNIT(long_paths_are_rows_as_well);
    UNIT(a_snapshot_is_exact_while_the_image_moves);
    UNIT(bytes_that_are_no_transaction_are_refused);
    UNIT(image_and_tree_agree);
    UNIT(a_loaded_tree_is_the_image);
    UNIT(replay_over_a_fuzzy_snapshot_converges);
    UNIT(an_image_that_the_log_continues_is_kept);
    UNIT(without_an_image_snapshot_and_log_make_one);
    UNIT(a_damaged_snapshot_sends_us_to_an_older_one);
    UNIT(logs_without_a_snapshot_are_refused_unless_trusted);
    UNIT(a_newer_snapshot_bridges_a_gap);
    UNIT(an_image_of_another_history_is_built_anew);
    UNIT(an_image_ahead_of_its_log_is_kept_with_a_warning);
    UNIT(damage_in_the_log_stops_an_import);
}
