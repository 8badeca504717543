/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/log/snap_intake.c: a leader's snapshot, in any pieces.
 */
#include "storage/log/snap_intake.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <zstd.h>

#include "tests/unit/random.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/tree_given.h"

static char dir[DATA_PATH_MAX];
static struct snap_intake intake;
static uint64_t fresh_nodes; /* what an empty tree counts */
static uint8_t payload[1 << 16], packed[1 << 16];

static const uint8_t own_acl[] = "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\1x";

static void
put_node(struct jute_out *out, const char *path, struct bytes data, int64_t acl,
         const struct znode_stat *stat)
{
    jute_put_bytes(out, bytes_of(path));
    jute_put_bytes(out, data);
    jute_put_i64(out, acl);
    znode_stat_put_persisted(out, stat);
}

/* Two sessions, an ACL list, five nodes: one of unknown ACL, a large one. */
static size_t
make_payload(void)
{
    static uint8_t large[3000];
    struct jute_out out = jute_out_of(payload, sizeof payload);
    struct znode_stat stat = {.czxid = 3, .mzxid = 4, .pzxid = 3, .version = 7};
    struct znode_stat owned = {.czxid = 5, .mzxid = 5, .pzxid = 5, .owner = 99};

    jute_put_i32(&out, 2);
    jute_put_i64(&out, 99);
    jute_put_i32(&out, 4000);
    jute_put_i64(&out, 100);
    jute_put_i32(&out, 6000);
    jute_put_i32(&out, 1);
    jute_put_i64(&out, 5);
    jute_put_raw(&out, own_acl, sizeof own_acl - 1);
    put_node(&out, "", bytes_of(""), -1, &stat);
    put_node(&out, "/a", BYTES_NULL, 5, &stat);
    put_node(&out, "/a/b", bytes_of("data"), 77, &stat);
    put_node(&out, "/a/e", bytes_of("eph"), -1, &owned);
    put_node(&out, "/large", (struct bytes){large, sizeof large}, -1, &stat);
    jute_put_bytes(&out, bytes_of("/"));
    jute_put_bytes(&out, bytes_of("BenWasHere"));
    return jute_out_size(&out);
}

static void
given_intake(bool is_zstd)
{
    struct tree_totals totals;

    tempdir_make(dir);
    given_tree();
    tree_totals(tree, &totals);
    fresh_nodes = totals.node_count;
    CU_ASSERT_EQUAL(create("/old", "goes"), ZK_OK);
    CU_ASSERT_EQUAL(
        snap_intake_begin(&intake, dir, 0x1f, is_zstd, tree, sessions), 0);
}

/* Feed in pieces of `step` bytes: the last answer; `used` of all. */
static int
feed(const uint8_t *data, size_t size, size_t step, size_t *used)
{
    int rc = 0;

    for (*used = 0; rc == 0 && *used < size;) {
        size_t n = size - *used < step ? size - *used : step, eaten = 0;

        rc = snap_intake_feed(&intake, data + *used, n, &eaten);
        CU_ASSERT(rc != 0 || eaten == n);
        *used += eaten;
    }
    return rc;
}

static bool
view(const char *path, struct znode_view *v)
{
    return tree_view(tree, bytes_of(path), v);
}

static void
check_tree(void)
{
    struct znode_view v;
    struct tree_totals totals;

    CU_ASSERT_FALSE(view("/old", &v));
    CU_ASSERT(view("/a", &v));
    CU_ASSERT_EQUAL(v.stat.child_count, 2);
    CU_ASSERT_EQUAL(v.data.size, -1);
    CU_ASSERT(bytes_equal(tree_acl(tree, v.acl),
                          (struct bytes){own_acl, sizeof own_acl - 1}));
    CU_ASSERT(view("/a/b", &v));
    CU_ASSERT(bytes_are(v.data, "data"));
    CU_ASSERT_EQUAL(v.stat.version, 7);
    CU_ASSERT(bytes_equal(tree_acl(tree, v.acl), acl_nobody));
    CU_ASSERT(view("/large", &v));
    CU_ASSERT_EQUAL(v.data.size, 3000);
    CU_ASSERT(view("/zookeeper/quota", &v));
    CU_ASSERT_EQUAL(session_count(sessions), 2);
    CU_ASSERT_EQUAL(session_find(sessions, 99)->timeout_ms, 4000);
    CU_ASSERT_EQUAL(session_find(sessions, 99)->ephemeral_count, 1);
    CU_ASSERT_EQUAL(session_find(sessions, 100)->timeout_ms, 6000);
    tree_totals(tree, &totals);
    CU_ASSERT_EQUAL(totals.zxid, 0x1f);
}

static bool
is_there(const char *name)
{
    char path[DATA_PATH_MAX];

    data_path(path, dir, name);
    return file_is_there(path);
}

static int
see_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    *(uint64_t *)arg += (uint64_t)id + (uint64_t)timeout_ms;
    return 0;
}

static int
see_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
         const struct znode_stat *stat)
{
    struct znode_view v;

    (void)arg;
    CU_ASSERT(tree_view(tree, path, &v));
    CU_ASSERT(bytes_equal(v.data, data));
    CU_ASSERT(bytes_equal(tree_acl(tree, v.acl), acl));
    CU_ASSERT_EQUAL(v.stat.czxid, stat->czxid);
    CU_ASSERT_EQUAL(v.stat.owner, stat->owner);
    return 0;
}

/* The file holds what the tree does, and its digest. */
static void
check_file(void)
{
    struct snapfile_info info = {0};
    struct tree_totals totals;
    char path[DATA_PATH_MAX];
    uint64_t sum = 0;
    struct snap_visitor visitor = {see_session, see_node, &sum};
    struct data_error e;

    CU_ASSERT_FALSE(is_there("taken.1f.zst.tmp"));
    data_path(path, dir, "taken.1f.zst");
    CU_ASSERT_EQUAL(snapfile_read(path, &visitor, NULL, NULL, &info, &e), 0);
    tree_totals(tree, &totals);
    CU_ASSERT_EQUAL(info.sessions, 2);
    CU_ASSERT_EQUAL(sum, 99 + 4000 + 100 + 6000);
    CU_ASSERT_EQUAL(info.nodes, 5 + FIRST_NODES - 1);
    CU_ASSERT_EQUAL(info.digest, totals.digest);
    CU_ASSERT_EQUAL(info.digest_zxid, 0x1f);
}

static void
pieces_of_any_size_make_the_tree(void)
{
    size_t size = make_payload(), used;

    for (size_t step = 1; step < size + 40; step = step * 3 / 2 + 1) {
        memcpy(payload + size, "\0\0\0\012the next packet", 20);
        given_intake(false);
        CU_ASSERT_EQUAL(feed(payload, size + 20, step, &used), 1);
        CU_ASSERT_EQUAL(used, size);
        CU_ASSERT_FALSE(is_there("taken.1f.zst"));
        CU_ASSERT_EQUAL(snap_intake_end(&intake), 0);
        check_tree();
        check_file();
        tempdir_remove(dir);
    }
}

static void
a_packed_payload_ends_with_its_frame(void)
{
    size_t size = make_payload(), used;

    size = ZSTD_compress(packed, sizeof packed, payload, size, 1);
    CU_ASSERT_FALSE(ZSTD_isError(size));
    for (size_t step = 1; step < size + 40; step = step * 2 + 1) {
        memcpy(packed + size, "\0\0\0\012the next packet", 20);
        given_intake(true);
        CU_ASSERT_EQUAL(feed(packed, size + 20, step, &used), 1);
        CU_ASSERT_EQUAL(used, size);
        CU_ASSERT_EQUAL(snap_intake_end(&intake), 0);
        check_tree();
        check_file();
        tempdir_remove(dir);
    }
}

/* ZOOKEEPER-3642: a half-filled tree must not be taken for one. */
static void
check_nothing_is_left(void)
{
    struct tree_totals totals;
    struct znode_view v;

    tree_totals(tree, &totals);
    CU_ASSERT_EQUAL(totals.zxid, 0);
    CU_ASSERT_EQUAL(totals.node_count, fresh_nodes);
    CU_ASSERT_EQUAL(session_count(sessions), 0);
    CU_ASSERT_FALSE(view("/a", &v));
    CU_ASSERT_FALSE(is_there("taken.1f.zst.tmp"));
    CU_ASSERT_FALSE(is_there("taken.1f.zst"));
    tempdir_remove(dir);
}

static void
a_broken_connection_leaves_nothing(void)
{
    size_t size = make_payload(), used;

    for (size_t cut = 0; cut < size; cut += 97) {
        given_intake(false);
        CU_ASSERT_EQUAL(feed(payload, cut, 64, &used), 0);
        snap_intake_abort(&intake);
        check_nothing_is_left();
        snap_intake_abort(&intake); /* harmless */
    }
}

static void
what_is_no_payload_is_refused(void)
{
    size_t size = make_payload(), used;

    payload[size - 1] ^= 1; /* of the signature */
    given_intake(false);
    CU_ASSERT_EQUAL(feed(payload, size, size, &used), -EBADMSG);
    CU_ASSERT_PTR_NOT_NULL(intake.what);
    snap_intake_abort(&intake);
    check_nothing_is_left();

    size = make_payload();
    payload[4 + 24 + 4 + 8 + sizeof own_acl - 1 + 4 + 4 + 8 + 60 + 4 + 1] = 'x';
    given_intake(false); /* "/a" is "/x": its children have no parent */
    CU_ASSERT_EQUAL(feed(payload, size, size, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();

    make_payload();
    given_intake(true);
    CU_ASSERT_EQUAL(feed(payload, size, size, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
}

/* A few bytes that say "again" would make a packed one that never ends. */
static void
nothing_comes_twice(void)
{
    static const uint8_t session[] = "\0\0\0\2" /* of them */
                                     "\0\0\0\0\0\0\0\1\0\0\0\5"
                                     "\0\0\0\0\0\0\0\1\0\0\0\5";
    static const uint8_t list[] = "\0\0\0\0\0\0\0\2" /* of them */
                                  "\0\0\0\0\0\0\0\7\0\0\0\0"
                                  "\0\0\0\0\0\0\0\7\0\0\0\0";
    static const char *const paths[] = {"", "/a", "/zookeeper/quota"};
    struct znode_stat stat = {.czxid = 3};
    size_t used;

    given_intake(false);
    CU_ASSERT_EQUAL(feed(session, sizeof session - 1, 64, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
    given_intake(false);
    CU_ASSERT_EQUAL(feed(list, sizeof list - 1, 64, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct jute_out out = jute_out_of(payload, sizeof payload);

        jute_put_i64(&out, 0); /* sessions and lists */
        if (i > 0)
            put_node(&out, "", bytes_of(""), -1, &stat);
        put_node(&out, paths[i], bytes_of(""), -1, &stat);
        given_intake(false);
        CU_ASSERT_EQUAL(feed(payload, jute_out_size(&out), 64, &used), 0);
        put_node(&out, paths[i], bytes_of(""), -1, &stat);
        CU_ASSERT_EQUAL(
            feed(payload + used, jute_out_size(&out) - used, 64, &used),
            -EBADMSG);
        snap_intake_abort(&intake);
        check_nothing_is_left();
    }
}

static void
a_frame_that_ends_early_or_late_is_refused(void)
{
    size_t size = make_payload(), small, used;

    small = ZSTD_compress(packed, sizeof packed, payload, size - 1, 1);
    given_intake(true);
    CU_ASSERT_EQUAL(feed(packed, small, 50, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
    small = ZSTD_compress(packed, sizeof packed, payload, size + 1, 1);
    given_intake(true);
    CU_ASSERT_EQUAL(feed(packed, small, 50, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
}

static void
an_empty_payload_is_an_empty_tree(void)
{
    struct jute_out out = jute_out_of(payload, sizeof payload);
    struct snapfile_info info;
    struct snap_visitor visitor = {see_session, see_node, NULL};
    char path[DATA_PATH_MAX];
    struct data_error e;
    size_t used;

    jute_put_i32(&out, 0);
    jute_put_i32(&out, 0);
    jute_put_bytes(&out, bytes_of("/"));
    jute_put_bytes(&out, bytes_of("BenWasHere"));
    given_intake(false);
    CU_ASSERT_EQUAL(feed(payload, jute_out_size(&out), 7, &used), 1);
    CU_ASSERT_EQUAL(snap_intake_end(&intake), 0);
    data_path(path, dir, "taken.1f.zst");
    CU_ASSERT_EQUAL(snapfile_read(path, &visitor, NULL, NULL, &info, &e), 0);
    CU_ASSERT_EQUAL(info.nodes, FIRST_NODES);
    tempdir_remove(dir);
}

/* A disk that takes nothing more: what is not on it is not in the tree. */
static void
a_file_that_cannot_be_written_leaves_nothing(void)
{
    size_t size = make_payload(), used;
    struct rlimit before, none;

    CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 8;
    signal(SIGXFSZ, SIG_IGN);
    given_intake(false);
    CU_ASSERT_EQUAL(feed(payload, size, size, &used), 1);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &none), 0);
    CU_ASSERT_EQUAL(snap_intake_end(&intake), -EFBIG);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    CU_ASSERT_PTR_NULL(intake.tree);
    check_nothing_is_left();
}

/* Nothing is wrong with the snapshot, and nobody must be told so. */
static void
a_disk_that_fills_up_meanwhile_is_no_damage(void)
{
    static uint8_t noise[512 << 10], large[600 << 10];
    struct jute_out out = jute_out_of(large, sizeof large);
    struct znode_stat stat = {.czxid = 3};
    struct rlimit before, none;
    size_t used;

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)random_below(256); /* zstd cannot pack it */
    jute_put_i64(&out, 0);                     /* sessions and lists */
    put_node(&out, "", bytes_of(""), -1, &stat);
    put_node(&out, "/noise", (struct bytes){noise, sizeof noise}, -1, &stat);
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 8;
    signal(SIGXFSZ, SIG_IGN);
    given_intake(false);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &none), 0);
    CU_ASSERT_EQUAL(feed(large, jute_out_size(&out), 9999, &used), -EFBIG);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    CU_ASSERT_PTR_NULL(intake.what);
    snap_intake_abort(&intake);
    check_nothing_is_left();
}

/* The role goes on looking for a leader, and may be the next one. */
static void
what_cannot_begin_takes_nothing_away(void)
{
    struct znode_view v;

    tempdir_make(dir);
    tempdir_remove(dir);
    given_tree();
    CU_ASSERT_EQUAL(create("/old", "stays"), ZK_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(session_take(sessions, 7));
    CU_ASSERT_EQUAL(snap_intake_begin(&intake, dir, 0x1f, true, tree, sessions),
                    -ENOENT);
    CU_ASSERT_PTR_NULL(intake.tree);
    CU_ASSERT(view("/old", &v));
    CU_ASSERT_EQUAL(session_count(sessions), 1);
}

static void
what_does_not_begin_with_the_root_is_refused(void)
{
    struct jute_out out = jute_out_of(payload, sizeof payload);
    struct znode_stat stat = {0};
    size_t used;

    jute_put_i32(&out, 0);
    jute_put_i32(&out, 0);
    put_node(&out, "/a", bytes_of(""), -1, &stat);
    given_intake(false);
    CU_ASSERT_EQUAL(feed(payload, jute_out_size(&out), 99, &used), -EBADMSG);
    snap_intake_abort(&intake);
    check_nothing_is_left();
}

/* What an earlier one left behind does not pile up. */
static void
only_the_last_one_taken_is_kept(void)
{
    size_t size = make_payload(), used;

    given_intake(false);
    CU_ASSERT_EQUAL(feed(payload, size, size, &used), 1);
    CU_ASSERT_EQUAL(snap_intake_end(&intake), 0);
    CU_ASSERT_EQUAL(
        snap_intake_begin(&intake, dir, 0x2f, false, tree, sessions), 0);
    CU_ASSERT_FALSE(is_there("taken.1f.zst"));
    CU_ASSERT(is_there("taken.2f.zst.tmp"));
    snap_intake_abort(&intake);
    tempdir_remove(dir);
}

UNIT_SUITE(snap_intake)
{
    unit_suite("snap_intake");
    UNIT(pieces_of_any_size_make_the_tree);
    UNIT(a_packed_payload_ends_with_its_frame);
    UNIT(a_broken_connection_leaves_nothing);
    UNIT(what_is_no_payload_is_refused);
    UNIT(nothing_comes_twice);
    UNIT(a_frame_that_ends_early_or_late_is_refused);
    UNIT(an_empty_payload_is_an_empty_tree);
    UNIT(a_file_that_cannot_be_written_leaves_nothing);
    UNIT(a_disk_that_fills_up_meanwhile_is_no_damage);
    UNIT(what_cannot_begin_takes_nothing_away);
    UNIT(what_does_not_begin_with_the_root_is_refused);
    UNIT(only_the_last_one_taken_is_kept);
}
