/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/image/image_batch.c, image_batch_apply.c,
 * image_batch_commit.c and image_snapshot.c: what transactions make of an
 * image.
 */
#include "storage/image/image_batch.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/image/image_batch_row.h"
#include "tests/unit/image_given.h"

static const char first_nodes[] = "/ [] c0 m0 p0 v0 c0 a0 o0\n"
                                  "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n"
                                  "/zookeeper/config [] c0 m0 p0 v0 c0 a-1 o0\n"
                                  "/zookeeper/quota [] c0 m0 p0 v0 c0 a0 o0\n";

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
    uint8_t room[256];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {.session = 1,
                           .zxid = ZXID(1, 2),
                           .time = 0x1a2061e56a3,
                           .type = ZK_OP_CREATE};
    struct bytes acl = acl_open_to_all;

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
    out = txn_begun(7, 1, ZK_OP_CREATE_SESSION);
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

static uint32_t
hash_in_a_fresh_image(const char *path)
{
    uint32_t hash;

    given_fresh_image();
    apply(a_create(1, path, "", 0, 1));
    hash = batch_known_row(&batch, bytes_of(path))->hash;
    done();
    return hash;
}

/* Else a client could make all of a batch's rows one long chain. */
static void
each_image_hashes_paths_in_its_own_way(void)
{
    CU_ASSERT_NOT_EQUAL(hash_in_a_fresh_image("/a"),
                        hash_in_a_fresh_image("/a"));
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

/* Two of these are in a chunk: the one that the batch is at. */
static const struct batch_chunk *
filled(zxid_t z)
{
    static const uint8_t data[400 * 1024];
    char path[16];

    snprintf(path, sizeof path, "/n%d", (int)z);
    apply(a_create_with(z, path, (struct bytes){data, sizeof data},
                        acl_open_to_all, 0, (int32_t)z));
    return batch.chunks;
}

static void
all_its_memory_goes_to_the_next_batch(void)
{
    const struct batch_chunk *known[3];
    zxid_t z = 0;

    given_fresh_image();
    for (int i = 0; i < 3; i++) {
        filled(++z);
        known[i] = filled(++z);
    }
    CU_ASSERT_PTR_NOT_EQUAL(known[0], known[2]);
    commit();
    for (int i = 0; i < 6; i++) {
        const struct batch_chunk *chunk = filled(++z);

        CU_ASSERT_TRUE(chunk == known[0] || chunk == known[1] ||
                       chunk == known[2]);
    }
    commit();
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
    CU_ASSERT_EQUAL(batch.txns, 5);
    CU_ASSERT_TRUE(image_batch_is_full(&batch, 3, SIZE_MAX));
    commit();
    CU_ASSERT_EQUAL(batch.txns, 0);
    CU_ASSERT_FALSE(image_batch_is_full(&batch, 1, 1));
    CU_ASSERT_EQUAL(image.meta.zxid, 5);
    HOLDS("Se 4000\n"
          "/ [] c0 m0 p2 v0 c1 a0 o0\n"
          "/a [three] c2 m5 p3 v2 c1 a0 o0\n"
          "/a/e [] c3 m3 p3 v0 c0 a0 oe\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

/* ZOOKEEPER-4846: the snapshot had the node, and not yet this list. */
static void
a_node_that_is_there_gets_the_list_of_its_creation(void)
{
    static const uint8_t read[] = "\0\0\0\1\0\0\0\1\0\0\0\5world"
                                  "\0\0\0\6anyone";
    struct bytes acl = {read, sizeof read - 1};
    struct batch_row *row;

    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 1));
    commit();
    batch.is_fuzzy = true;
    apply(a_create_with(2, "/a", bytes_of(""), acl, 0, 1));
    commit();
    CU_ASSERT_EQUAL(batch_row(&batch, bytes_of("/a"), &row), 0);
    CU_ASSERT_TRUE(bytes_equal(row->now.acl, acl));
    done();
}

/* Children of the future, below a node that goes now and comes again. */
static void
what_a_fuzzy_snapshot_has_below_goes_with_a_node(void)
{
    char *text;

    given_fresh_image();
    given_long_path();
    apply(a_create(1, "/a", "", 0, 1));
    apply(a_create(2, "/a/1", "", 0, 1));
    apply(a_create(3, long_path, "", 0, 2));
    apply(a_create(4, "/a1", "", 0, 2));
    commit();
    batch.is_fuzzy = true;
    apply(a_delete(5, "/a"));
    commit();
    text = dump_image(false);
    CU_ASSERT_PTR_NULL(strstr(text, "/a "));
    CU_ASSERT_PTR_NULL(strstr(text, "/a/"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/a1 "));
    free(text);
    done();
}

/* A node with a name so long that its row is found by a hash. */
static struct bytes
a_long_create(zxid_t z, const char *begin, int32_t cversion)
{
    static char path[IMAGE_KEY_MAX + 64];

    snprintf(path, sizeof path, "%s%0*d", begin, IMAGE_KEY_MAX, 0);
    return a_create(z, path, "", 0, cversion);
}

static void
of_long_paths_those_below_go_and_no_neighbours(void)
{
    char *text;

    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 1));
    apply(a_long_create(2, "/a0", 2));
    apply(a_long_create(3, "/a/x", 1));
    apply(a_long_create(4, "/a!", 3));
    apply(a_long_create(5, "/a/", 2));
    apply(a_long_create(6, "/", 4));
    commit();
    batch.is_fuzzy = true;
    apply(a_delete(7, "/a"));
    commit();
    text = dump_image(false);
    CU_ASSERT_PTR_NULL(strstr(text, "/a "));
    CU_ASSERT_PTR_NULL(strstr(text, "/a/"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/a!0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/a00"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/000"));
    free(text);
    done();
}

/* Each of thousands of deletions would read, and sort, all of them. */
static void
long_paths_are_read_once_for_a_batch(void)
{
    given_fresh_image();
    apply(a_create(1, "/a", "", 0, 1));
    apply(a_create(2, "/b", "", 0, 2));
    apply(a_long_create(3, "/c", 3));
    commit();
    batch.is_fuzzy = true;
    apply(a_delete(4, "/a"));
    CU_ASSERT_EQUAL_FATAL(batch.long_count, 1);
    batch.longs[0].stat.version = 77; /* a mark */
    apply(a_delete(5, "/b"));
    CU_ASSERT_EQUAL(batch.longs[0].stat.version, 77);
    commit();
    CU_ASSERT_FALSE(batch.has_longs);
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

/* As in the tree: what an owner field says to be a TTL is nobody's. */
static void
a_session_that_reads_like_a_ttl_takes_no_node_with_it(void)
{
    const session_id_t ttl = (session_id_t)ZK_OWNER_TTL_MASK | 100;

    given_fresh_image();
    apply(a_create(1, "/a", "", ttl, 1));
    commit();
    apply(a_create(2, "/b", "", ttl, 2));
    apply(an_end(3, ttl, NULL));
    commit();
    HOLDS("/ [] c0 m0 p2 v0 c2 a0 o0\n"
          "/a [] c1 m1 p1 v0 c0 a0 off00000000000064\n"
          "/b [] c2 m2 p2 v0 c0 a0 off00000000000064\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
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

/* Another process looks at the image, and is killed at that. */
static void
given_dead_reader(void)
{
    int ready[2];
    char byte;
    pid_t pid;

    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct image im;
        MDB_txn *txn;

        if (image_open(&im, dirs.image, IMAGE_READ, NULL) == 0 &&
            mdb_txn_begin(im.env, NULL, MDB_RDONLY, &txn) == 0 &&
            write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);
}

/* The pages in use after as many commits. */
static size_t
pages_after_commits(zxid_t *z, int count)
{
    MDB_envinfo info;

    for (int i = 0; i < count; i++) {
        ++*z;
        apply(a_set_data(*z, "/a", "new", (int32_t)*z));
        commit();
    }
    CU_ASSERT_EQUAL(mdb_env_info(image.env, &info), 0);
    return info.me_last_pgno;
}

/* LMDB keeps for a reader what it saw, until somebody says that it is dead. */
static void
a_reader_that_died_is_not_kept_pages_for(void)
{
    zxid_t z = 1;
    size_t pages;

    given_fresh_image();
    apply(a_create(z, "/a", "old", 0, 1));
    commit();
    pages = pages_after_commits(&z, 20);
    CU_ASSERT_EQUAL(pages_after_commits(&z, 20), pages);
    given_dead_reader();
    CU_ASSERT(pages_after_commits(&z, 20) > pages + 20);
    image_forget_dead_readers(&image);
    pages = pages_after_commits(&z, 20);
    CU_ASSERT_EQUAL(pages_after_commits(&z, 20), pages);
    done();
}

static void
bytes_that_are_no_transaction_are_refused(void)
{
    static const uint8_t nonsense[40] = {0, 0, 0, 1};

    given_fresh_image();
    CU_ASSERT_EQUAL(image_batch_apply(&batch, (struct bytes){nonsense, 40}),
                    -EPROTO);
    done();
}

UNIT_SUITE(image_batch)
{
    unit_suite("image_batch");
    UNIT(a_fresh_image_is_a_fresh_tree);
    UNIT(the_digest_is_zookeepers);
    UNIT(a_wrong_digest_of_the_leader_is_told);
    UNIT(data_takes_the_place_of_older_data);
    UNIT(each_image_hashes_paths_in_its_own_way);
    UNIT(memory_goes_from_batch_to_batch);
    UNIT(all_its_memory_goes_to_the_next_batch);
    UNIT(changes_become_rows);
    UNIT(a_node_that_is_there_gets_the_list_of_its_creation);
    UNIT(what_a_fuzzy_snapshot_has_below_goes_with_a_node);
    UNIT(of_long_paths_those_below_go_and_no_neighbours);
    UNIT(long_paths_are_read_once_for_a_batch);
    UNIT(what_was_not_committed_is_not_there);
    UNIT(a_node_made_and_gone_leaves_only_its_parents_stat);
    UNIT(a_parent_is_only_raised);
    UNIT(a_session_that_reads_like_a_ttl_takes_no_node_with_it);
    UNIT(a_sessions_ephemerals_go_with_it);
    UNIT(the_new_owner_of_a_path_keeps_it);
    UNIT(long_paths_are_rows_as_well);
    UNIT(a_snapshot_is_exact_while_the_image_moves);
    UNIT(a_reader_that_died_is_not_kept_pages_for);
    UNIT(bytes_that_are_no_transaction_are_refused);
}
