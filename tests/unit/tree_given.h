/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_given.h - a tree to make claims about, and words for what happens.
 *
 * One tree per test file, in a shared mapping of 4 GiB as in the server.
 * Every change is a transaction of its own with the next zxid, in a batch of
 * its own, unless the word says otherwise.
 */
#ifndef TESTS_UNIT_TREE_GIVEN_H
#define TESTS_UNIT_TREE_GIVEN_H

#include "storage/tree/tree.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

#define GIVEN_BYTES (UINT64_C(4) << 30)

static struct tree *tree;
static struct session_table *sessions;
static zxid_t zxid;
static ring_pos_t applied;
static struct outcome last;

/* A fresh tree with no sessions; the next zxid is 1. */
static inline void
given_tree(void)
{
    static void *arena, *session_memory;

    if (!arena) {
        arena = memory_reserved(GIVEN_BYTES);
        session_memory = memory_reserved(session_table_bytes());
        sessions = session_table_init(session_memory, session_table_bytes());
    }
    session_table_clear(sessions);
    tree = tree_init(arena, GIVEN_BYTES, sessions);
    tree_on_give_back(tree, tree_madvise);
    zxid = 0;
}

static inline struct outcome
change(struct change c, session_id_t session)
{
    struct txn_header h = {
        .session = session, .zxid = ++zxid, .time = 1000, .type = c.op};

    tree_batch_begin(tree);
    tree_apply(tree, &h, &c, &last);
    tree_batch_end(tree, ++applied);
    return last;
}

static inline struct bytes
text_or_null(const char *text)
{
    return text ? bytes_of(text) : BYTES_NULL;
}

static inline int32_t
create_as(int32_t op, const char *path, const char *data, int64_t owner)
{
    struct change c = {.kind = CHANGE_CREATE,
                       .op = op,
                       .path = bytes_of(path),
                       .data = text_or_null(data),
                       .acl = BYTES_NULL,
                       .owner = owner,
                       .parent_cversion = -1};

    return change(c, owner).err;
}

static inline int32_t
create(const char *path, const char *data)
{
    return create_as(ZK_OP_CREATE, path, data, 0);
}

static inline int32_t
create_ephemeral(const char *path, session_id_t owner)
{
    return create_as(ZK_OP_CREATE, path, "e", owner);
}

static inline int32_t delete (const char *path)
{
    struct change c = {
        .kind = CHANGE_DELETE, .op = ZK_OP_DELETE, .path = bytes_of(path)};

    return change(c, 0).err;
}

static inline int32_t
set_data(const char *path, const char *data, int32_t version)
{
    struct change c = {.kind = CHANGE_SET_DATA,
                       .op = ZK_OP_SET_DATA,
                       .path = bytes_of(path),
                       .data = text_or_null(data),
                       .version = version};

    return change(c, 0).err;
}

static inline int32_t
set_acl(const char *path, struct bytes acl, int32_t aversion)
{
    struct change c = {.kind = CHANGE_SET_ACL,
                       .op = ZK_OP_SET_ACL,
                       .path = bytes_of(path),
                       .acl = acl,
                       .version = aversion};

    return change(c, 0).err;
}

static inline void
open_session(session_id_t id)
{
    struct change c = {.kind = CHANGE_OPEN_SESSION,
                       .op = ZK_OP_CREATE_SESSION,
                       .timeout_ms = 5000};

    change(c, id);
}

static inline void
close_session(session_id_t id)
{
    struct change c = {.kind = CHANGE_CLOSE_SESSION, .op = ZK_OP_CLOSE_SESSION};

    change(c, id);
}

static inline bool
exists(const char *path)
{
    struct znode_view view;

    return tree_view(tree, bytes_of(path), &view);
}

/* The node's Stat; all -1 when there is no node. */
static inline struct znode_stat
stat_of(const char *path)
{
    struct znode_view view;

    if (!tree_view(tree, bytes_of(path), &view))
        memset(&view.stat, 0xff, sizeof view.stat);
    return view.stat;
}

static inline bool
data_is(const char *path, const char *data)
{
    struct znode_view view;

    if (!tree_view(tree, bytes_of(path), &view))
        return false;
    return data ? bytes_are(view.data, data) : view.data.size == -1;
}

static inline struct tree_totals
totals(void)
{
    struct tree_totals now;

    tree_totals(tree, &now);
    return now;
}

#endif
