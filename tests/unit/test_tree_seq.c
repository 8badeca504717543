/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/tree/tree_seq.c and tree_read.c: what a reader sees
 * while the writer writes.
 *
 * TREE_SEQ_BATCHES chooses a longer run.
 */
#include "tests/unit/tree_given.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "daemon/clock.h"
#include "storage/tree/tree_node.h"

enum { NODES = 64, READERS = 2 };

static atomic_bool is_over;
static atomic_uint_fast64_t reads, torn;

/* --- one reader, one writer, in turns ------------------------------------ */

static void
an_undisturbed_reader_believes_what_it_read(void)
{
    uint64_t seq;

    given_tree();
    seq = tree_read_begin(tree);
    CU_ASSERT_EQUAL(seq % 2, 0);
    CU_ASSERT_NOT_EQUAL(seq, 0);
    CU_ASSERT_FALSE(tree_read_retry(tree, seq));
}

static void
a_reader_disturbed_by_a_batch_reads_again(void)
{
    uint64_t seq;

    given_tree();
    seq = tree_read_begin(tree);
    tree_batch_begin(tree);
    CU_ASSERT_TRUE(tree_read_retry(tree, seq));
    tree_batch_end(tree, ++applied);
    CU_ASSERT_TRUE(tree_read_retry(tree, seq));
    CU_ASSERT_EQUAL(tree_applied(tree), applied);
}

static void
a_reader_of_a_dead_writer_gives_up(void)
{
    mono_ms_t since = clock_mono_ms();

    given_tree();
    tree_batch_begin(tree);
    CU_ASSERT_EQUAL(tree_read_begin(tree), 0);
    CU_ASSERT_TRUE(clock_mono_ms() - since >= 200);
    CU_ASSERT_TRUE(clock_mono_ms() - since < 2000);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_NOT_EQUAL(tree_read_begin(tree), 0);
}

/* --- threads ------------------------------------------------------------- */

/*
 * The writer keeps an invariant over all nodes within each batch: the k-th
 * generation has `size(k)` bytes of the letter of k in every node, version k,
 * and the nodes of odd number exist only in odd generations.
 */
static size_t
size_of(uint32_t generation)
{
    return 10 + generation * 37 % 3000;
}

static void
write_generation(uint32_t generation)
{
    static uint8_t data[4096];
    struct txn_header h = {.zxid = ++zxid, .time = 1};
    struct change c = {.parent_cversion = -1, .acl = BYTES_NULL};
    char path[32];

    memset(data, 'a' + (int)(generation % 26), sizeof data);
    c.version = (int32_t)generation;
    tree_batch_begin(tree);
    for (int i = 0; i < NODES; i++) {
        snprintf(path, sizeof path, "/dir/node-%d", i);
        c.path = bytes_of(path);
        c.data = (struct bytes){data, (int32_t)size_of(generation)};
        c.kind = i % 2 == 0       ? CHANGE_SET_DATA
                 : generation % 2 ? CHANGE_CREATE
                                  : CHANGE_DELETE;
        c.op = c.kind == CHANGE_CREATE ? ZK_OP_CREATE : ZK_OP_SET_DATA;
        tree_apply(tree, &h, &c, &last);
    }
    tree_batch_end(tree, generation);
}

/* What one reader copies out between begin and retry. */
struct copy {
    struct znode_stat stat[NODES];
    uint8_t first[NODES], last[NODES];
    int32_t size[NODES];
    int found;
    struct znode_stat dir;
    int32_t names, descendants;
    ring_pos_t generation;
};

static void
copy_out(struct copy *copy)
{
    static _Thread_local uint8_t room[8192];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct znode_view view;
    char path[32];

    copy->found = 0;
    copy->generation = tree_applied(tree);
    for (int i = 0; i < NODES; i++) {
        snprintf(path, sizeof path, "/dir/node-%d", i);
        copy->size[i] = -1;
        if (!tree_view(tree, bytes_of(path), &view))
            continue;
        copy->found++;
        copy->stat[i] = view.stat;
        copy->size[i] = view.data.size;
        if (view.data.size > 0) {
            copy->first[i] = view.data.data[0];
            copy->last[i] = view.data.data[view.data.size - 1];
        }
    }
    if (!tree_view(tree, bytes_of("/dir"), &view))
        return;
    copy->dir = view.stat;
    tree_put_children(tree, &view, &out);
    copy->names = (int32_t)load_be32(room);
    copy->descendants = tree_descendants(tree, &view);
}

/* How often the copy breaks the invariant. */
static uint64_t
faults_of(const struct copy *copy)
{
    uint32_t g = (uint32_t)copy->generation;
    int expected = g % 2 ? NODES : NODES / 2;
    uint8_t letter = (uint8_t)('a' + (int)(g % 26));
    uint64_t faults = copy->found != expected;

    faults += copy->dir.child_count != expected;
    faults += copy->names != expected;
    faults += copy->descendants != expected;
    for (int i = 0; i < NODES; i += g % 2 ? 1 : 2) {
        faults += copy->size[i] != (int32_t)size_of(g);
        faults += copy->first[i] != letter || copy->last[i] != letter;
        faults += i % 2 == 0 && copy->stat[i].version != (int32_t)g;
    }
    return faults;
}

static void *
read_all_the_time(void *unused)
{
    struct copy copy = {0};

    while (!atomic_load(&is_over)) {
        uint64_t seq = tree_read_begin(tree);

        if (seq == 0)
            continue; /* the machine is that busy */
        copy_out(&copy);
        if (tree_read_retry(tree, seq))
            continue;
        atomic_fetch_add(&reads, 1);
        atomic_fetch_add(&torn, faults_of(&copy));
    }
    return unused;
}

static void
given_nodes_to_torture(void)
{
    char path[32];

    given_tree();
    create("/dir", NULL);
    for (int i = 0; i < NODES; i += 2) {
        snprintf(path, sizeof path, "/dir/node-%d", i);
        create(path, NULL);
    }
    write_generation(1);
}

static void
a_reader_sees_whole_batches_only(void)
{
    const char *more = getenv("TREE_SEQ_BATCHES");
    uint32_t batches = more ? (uint32_t)strtoul(more, NULL, 0) : 4000;
    pthread_t reader[READERS];

    given_nodes_to_torture();
    atomic_store(&is_over, false);
    for (int i = 0; i < READERS; i++)
        if (pthread_create(&reader[i], NULL, read_all_the_time, NULL) != 0)
            abort();
    for (uint32_t g = 2; g < batches || atomic_load(&reads) < 20; g++) {
        write_generation(g);
        for (volatile int pause = 0; pause < (int)(g % 64) * 400; pause++)
            ;
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(reader[i], NULL);
    CU_ASSERT_EQUAL(atomic_load(&torn), 0);
    CU_ASSERT_TRUE(atomic_load(&reads) >= 20);
}

/* Random bytes into one in ten 16-byte units of what the tree is using. */
static void
spoil(uint64_t *state, uint32_t unit, uint32_t units)
{
    uint8_t *at = (uint8_t *)tree + (size_t)unit * ARENA_UNIT;

    for (uint32_t i = 0; i < units / 10; i++) {
        size_t where;

        *state = *state * UINT64_C(6364136223846793005) + 1;
        where = (*state >> 30) % (units * ARENA_UNIT - 4);
        at[where] = (uint8_t)(*state >> 56);
        if (i % 3 == 0) /* small numbers get further */
            memset(at + where + 1, 0, 3);
    }
}

static void
read_everything(void)
{
    static const char *const paths[] = {
        "/dir", "/dir/node-0", "/dir/node-2", "/dir/node-4", "/", "/zookeeper"};
    static uint8_t room[65536];

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct jute_out out = jute_out_of(room, sizeof room);
        struct znode_view view;

        if (!tree_view(tree, bytes_of(paths[i]), &view))
            continue;
        if (view.data.size > 0)
            room[0] ^= view.data.data[view.data.size - 1];
        tree_put_children(tree, &view, &out);
        tree_descendants(tree, &view);
        tree_acl(tree, view.acl);
        tree_path_crc(tree, view.node);
    }
    for (session_id_t id = 1; id < 4; id++) {
        struct jute_out out = jute_out_of(room, sizeof room);

        tree_put_ephemerals(tree, id, BYTES_NULL, &out);
    }
}

/* Any bytes at all: no walk runs away, no access leaves the arena. */
static void
a_reader_survives_any_garbage(void)
{
    uint64_t state = 99;

    for (int round = 0; round < 500; round++) {
        given_nodes_to_torture();
        for (session_id_t id = 1; id < 4; id++)
            create_ephemeral(id == 1   ? "/dir/x"
                             : id == 2 ? "/dir/y"
                                       : "/dir/z",
                             id);
        spoil(&state, tree->first_block, 3000);
        if (round % 2)
            spoil(&state, tree->buckets_at, tree->bucket_count * 4);
        read_everything();
    }
    CU_PASS("no sanitizer and no signal stopped us");
    given_tree();
}

/* --- listings ------------------------------------------------------------ */

static void
ephemerals_are_listed_by_prefix(void)
{
    uint8_t room[100];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct jute_in in = jute_in_of(room, sizeof room);

    given_tree();
    open_session(7);
    create("/p", NULL);
    create_ephemeral("/p/ab", 7);
    create_ephemeral("/p/ac", 7);
    create_ephemeral("/p/b", 7);
    create_ephemeral("/p/ad", 8);
    tree_put_ephemerals(tree, 7, bytes_of("/p/a"), &out);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(jute_get_i32(&in), 2);
    CU_ASSERT_EQUAL(jute_get_bytes(&in).size, 5);
    CU_ASSERT_EQUAL(jute_get_bytes(&in).size, 5);
    CU_ASSERT_EQUAL(jute_out_size(&out), 4 + 2 * 9);
    out = jute_out_of(room, 20); /* too small for all three */
    tree_put_ephemerals(tree, 7, BYTES_NULL, &out);
    CU_ASSERT_TRUE(out.bad);
    out = jute_out_of(room, sizeof room);
    tree_put_ephemerals(tree, 99, BYTES_NULL, &out);
    CU_ASSERT_EQUAL(jute_out_size(&out), 4);
}

static void
children_that_do_not_fit_are_bad(void)
{
    struct znode_view view;
    uint8_t room[16];
    struct jute_out out = jute_out_of(room, sizeof room);

    given_tree();
    tree_view(tree, bytes_of("/zookeeper"), &view);
    tree_put_children(tree, &view, &out); /* 4 + 4 + 5 + 4 + 6 bytes */
    CU_ASSERT_TRUE(out.bad);
}

static void
a_parents_path_is_the_text_before_the_last_slash(void)
{
    CU_ASSERT_TRUE(bytes_are(tree_parent_path(bytes_of("/a/b")), "/a"));
    CU_ASSERT_TRUE(bytes_are(tree_parent_path(bytes_of("/a")), "/"));
    CU_ASSERT_EQUAL(tree_parent_path(bytes_of("")).size, -1);
}

static void
paths_that_no_node_has_are_not_found(void)
{
    given_tree();
    create("/a", NULL);
    CU_ASSERT_TRUE(exists("/"));
    CU_ASSERT_TRUE(exists(""));
    CU_ASSERT_FALSE(exists("a"));
    CU_ASSERT_FALSE(exists("/a/"));
    CU_ASSERT_FALSE(exists("//a"));
    CU_ASSERT_FALSE(exists("/a//b"));
    CU_ASSERT_FALSE(exists("//"));
    CU_ASSERT_FALSE(exists("/A"));
}

UNIT_SUITE(tree_seq)
{
    unit_suite("tree_seq");
    UNIT(an_undisturbed_reader_believes_what_it_read);
    UNIT(a_reader_disturbed_by_a_batch_reads_again);
    UNIT(a_reader_of_a_dead_writer_gives_up);
    UNIT(a_reader_sees_whole_batches_only);
    UNIT(a_reader_survives_any_garbage);
    UNIT(ephemerals_are_listed_by_prefix);
    UNIT(children_that_do_not_fit_are_bad);
    UNIT(a_parents_path_is_the_text_before_the_last_slash);
    UNIT(paths_that_no_node_has_are_not_found);
}
