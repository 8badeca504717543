/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tree.c - changes to the tree, in any order, sensible or not.
 *
 * A byte says the kind of change, one the path (or that the path is spelt
 * out), others what else it has.  After every input the tree is sound, and
 * after the deletion of all that came it holds what a fresh one holds.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>

#include "storage/tree/quota.h"
#include "tests/unit/tree_sound.h"

enum { ARENA = 256 << 20 };

static struct tree *tree;
static struct session_table *sessions;

static void *
reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    check(at != MAP_FAILED);
    return at;
}

static void
given_tree(void)
{
    static void *arena;

    if (!arena) {
        arena = reserve(ARENA);
        sessions = session_table_init(reserve(session_table_bytes()),
                                      session_table_bytes());
    }
    session_table_clear(sessions);
    tree = tree_init(arena, ARENA, sessions);
}

/* --- bytes into changes -------------------------------------------------- */

static struct bytes
piece(struct jute_in *in)
{
    size_t size = fuzz_byte(in);
    const uint8_t *p;

    if (size == 255)
        return BYTES_NULL;
    if (size > jute_in_left(in))
        size = jute_in_left(in);
    p = jute_take(in, size);
    return p ? (struct bytes){p, (int32_t)size} : BYTES_NULL;
}

static struct bytes
some_path(struct jute_in *in)
{
    static const char *const known[] = {"/a",
                                        "/a/b",
                                        "/a/b/c",
                                        "/a/b/c/d",
                                        "/b",
                                        "/b/a",
                                        "/c",
                                        "/c/c",
                                        "/zookeeper/quota/a",
                                        "/zookeeper/quota/a/zookeeper_limits",
                                        "/zookeeper/quota/a/zookeeper_stats",
                                        "/zookeeper/quota/a/b",
                                        "/zookeeper/quota/a/b/zookeeper_limits",
                                        "/zookeeper/quota/a/b/zookeeper_stats",
                                        "/zookeeper/quota/zookeeper_limits",
                                        "/zookeeper/quota/zookeeper_stats",
                                        "/zookeeper/config",
                                        "/zookeeper/quota",
                                        "/zookeeper",
                                        "/"};
    uint8_t which = fuzz_byte(in);

    if (which < 128)
        return bytes_of(known[which % ARRAY_COUNT(known)]);
    return piece(in);
}

static struct bytes
some_acl(struct jute_in *in)
{
    static uint8_t list[31] = {0, 0, 0, 1,   0,   0,   0,   1,   0,
                               0, 0, 5, 'w', 'o', 'r', 'l', 'd', 0,
                               0, 0, 6, 'a', 'n', 'y', 'o', 'n', 'e'};

    list[7] = fuzz_byte(in) % 4;
    return list[7] == 0 ? BYTES_NULL : (struct bytes){list, 27};
}

static int64_t
some_owner(struct jute_in *in)
{
    uint8_t which = fuzz_byte(in);

    if (which < 100)
        return 0;
    if (which < 120)
        return ZK_OWNER_CONTAINER;
    if (which < 140)
        return ZK_OWNER_TTL_MASK | which;
    return which % 4 + 1;
}

static void
one_change(struct jute_in *in, zxid_t zxid)
{
    static const int32_t ops[] = {ZK_OP_CREATE, ZK_OP_CREATE2};
    struct change c = {.kind = CHANGE_CREATE + fuzz_byte(in) % 6};
    struct txn_header h = {.time = 5};
    struct quota_view quota;
    struct outcome out;

    c.op = ops[fuzz_byte(in) % 2];
    h.zxid = fuzz_byte(in) < 30 ? zxid / 2 : zxid; /* now and then a replay */
    h.session = fuzz_byte(in) % 4 + 1;
    c.path = some_path(in);
    c.data = piece(in);
    c.acl = some_acl(in);
    c.owner = some_owner(in);
    c.version = (int8_t)fuzz_byte(in);
    c.parent_cversion = (int8_t)fuzz_byte(in);
    if (c.path.size < 0)
        return; /* txn_open lets no such thing through */
    tree_batch_begin(tree);
    tree_apply(tree, &h, &c, &out);
    tree_batch_end(tree, (ring_pos_t)zxid);
    check(out.err <= 0);
    (void)quota_find(tree, c.path, &quota);
    tree_reclaim(tree, (ring_pos_t)zxid - fuzz_byte(in) % 3);
}

/* --- the end ------------------------------------------------------------- */

static void
delete_children(const char *path)
{
    static uint8_t room[1 << 16], child[1 << 12];
    struct znode_view view;
    size_t above = strlen(path);
    int32_t count;

    check(tree_view(tree, bytes_of(path), &view));
    for (count = view.stat.child_count; count > 0; count--) {
        struct jute_out names = jute_out_of(room, sizeof room);
        struct change c = {.kind = CHANGE_DELETE, .op = ZK_OP_DELETE};
        struct jute_in in = jute_in_of(room, sizeof room);
        struct txn_header h = {.zxid = 1 << 20};
        struct outcome out;
        struct bytes name;

        check(tree_view(tree, bytes_of(path), &view));
        tree_put_children(tree, &view, &names);
        jute_get_i32(&in);
        name = jute_get_bytes(&in);
        memcpy(child, path, above);
        memcpy(child + above, name.data, (size_t)name.size);
        c.path = (struct bytes){child, (int32_t)above + name.size};
        tree_batch_begin(tree);
        tree_apply(tree, &h, &c, &out);
        tree_batch_end(tree, 1 << 20);
        check(out.err == ZK_OK);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jute_in in = jute_in_of(data, size);
    uint64_t kept;
    zxid_t zxid = 10;

    given_tree();
    while (jute_in_left(&in) > 0 && !in.bad)
        one_change(&in, zxid++);
    tree_check_sound(tree);
    delete_children("/");
    tree_check_sound(tree);
    tree_reclaim(tree, UINT64_MAX - 1);
    kept = tree->arena.used_bytes;
    check(kept <= 96 + 32 + 16 * 1024); /* the root, its counters, its data */
    return 0;
}
