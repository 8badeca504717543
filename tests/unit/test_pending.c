/* SPDX-License-Identifier: Apache-2.0 */
/* test_pending.c - claims about net/prep/pending.c. */
#include <stdio.h>
#include <stdlib.h>

#include "net/prep/pending.h"
#include "tests/unit/unit.h"

enum { CAPACITY = 1024 };

static struct pending table;
static void *memory;

static struct pending *
empty(void)
{
    free(memory);
    memory = calloc(1, pending_bytes(CAPACITY));
    pending_init(&table, memory, CAPACITY, 12345);
    return &table;
}

static struct pnode *
find(const char *path)
{
    struct bytes b = bytes_of(path);

    return pending_find(&table, b, pending_hash(&table, b));
}

static struct pnode *
add(const char *path)
{
    struct bytes b = bytes_of(path);
    struct pnode n = {
        .path = b, .hash = pending_hash(&table, b), .exists = true};

    return pending_add(&table, &n);
}

/* A transaction of its own that adds `path`. */
static void
added(const char *path, zxid_t zxid)
{
    pending_begin(&table);
    add(path);
    pending_commit(&table, zxid);
}

static void
a_node_is_found_until_its_last_change_is_applied(void)
{
    struct pending *p = empty();

    added("/a", 1);
    added("/b", 2);
    pending_begin(p);
    pending_touch(p, find("/a"));
    pending_commit(p, 3);
    pending_release(p, 2);
    CU_ASSERT_PTR_NOT_NULL(find("/a"));
    CU_ASSERT_PTR_NULL(find("/b"));
    pending_release(p, 3);
    CU_ASSERT_PTR_NULL(find("/a"));
    CU_ASSERT_EQUAL(p->used, 0);
}

static void
rollback_restores_what_was_touched_and_forgets_what_was_added(void)
{
    struct pending *p = empty();

    added("/a", 1);
    find("/a")->stat.version = 5;
    pending_begin(p);
    pending_touch(p, find("/a"));
    find("/a")->stat.version = 6;
    pending_touch(p, find("/a"));
    find("/a")->stat.version = 7;
    add("/b");
    pending_rollback(p);
    CU_ASSERT_EQUAL(find("/a")->stat.version, 5);
    CU_ASSERT_EQUAL(find("/a")->zxid, 1);
    CU_ASSERT_PTR_NULL(find("/b"));
    pending_release(p, 1);
    CU_ASSERT_EQUAL(p->used, 0);
}

/* Nodes share buckets: taking one out must not lose its neighbours. */
static void
rollback_keeps_the_chains_whole(void)
{
    static char paths[CAPACITY][16];
    struct pending *p = empty();

    for (int i = 0; i < CAPACITY; i++)
        snprintf(paths[i], sizeof paths[i], "/n%d", i);
    for (int i = 0; i < CAPACITY / 2; i++)
        added(paths[i], i + 1);
    pending_begin(p);
    for (int i = 0; i < CAPACITY / 2; i++)
        pending_touch(p, find(paths[i]));
    for (int i = CAPACITY / 2; i < CAPACITY; i++)
        add(paths[i]);
    CU_ASSERT_EQUAL(pending_room(p), 0);
    pending_rollback(p);
    CU_ASSERT_EQUAL(pending_room(p), CAPACITY / 2);
    for (int i = 0; i < CAPACITY; i++)
        CU_ASSERT_EQUAL(find(paths[i]) != NULL, i < CAPACITY / 2);
    for (int i = 0; i < CAPACITY / 2; i++) {
        CU_ASSERT_PTR_NOT_NULL(find(paths[i]));
        pending_release(p, i + 1);
        CU_ASSERT_PTR_NULL(find(paths[i]));
    }
}

/* What a transaction saved is forgotten with it. */
static void
a_node_is_touched_by_any_number_of_transactions(void)
{
    struct pending *p = empty();

    added("/a", 1);
    for (zxid_t z = 2; z < 10 * CAPACITY; z++) {
        pending_begin(p);
        pending_touch(p, find("/a"));
        CU_ASSERT_EQUAL_FATAL(p->saved_count, 1);
        pending_commit(p, z);
    }
    pending_release(p, 10 * CAPACITY);
    CU_ASSERT_EQUAL(p->used, 0);
}

static void
places_are_used_again(void)
{
    struct pending *p = empty();

    for (zxid_t z = 1; z < 10 * CAPACITY; z++) {
        added(z % 2 ? "/a" : "/b", z);
        pending_release(p, z);
    }
    CU_ASSERT_EQUAL(p->used, 0);
    CU_ASSERT_EQUAL(p->fresh, 1);
}

static void
long_and_short_paths_hash_apart(void)
{
    empty();
    CU_ASSERT_NOT_EQUAL(pending_hash(&table, bytes_of("")),
                        pending_hash(&table, bytes_of("/")));
    CU_ASSERT_NOT_EQUAL(pending_hash(&table, bytes_of("/12345678")),
                        pending_hash(&table, bytes_of("/12345679")));
    CU_ASSERT_NOT_EQUAL(pending_hash(&table, bytes_of("/a")),
                        pending_hash(&table, bytes_of("/b")));
}

/* --- by owner ------------------------------------------------------------ */

static void
owned(const char *path, session_id_t owner, zxid_t zxid)
{
    pending_begin(&table);
    add(path)->stat.owner = owner;
    pending_commit(&table, zxid);
}

/* How many nodes `owner` has here. */
static int
owned_count(session_id_t owner)
{
    const struct pnode *n = pending_owned(&table, owner);
    int count = 0;

    for (; n; n = pending_owned_next(&table, n)) {
        CU_ASSERT_EQUAL(n->stat.owner, owner);
        count++;
    }
    return count;
}

static void
a_session_has_what_it_made_and_did_not_delete(void)
{
    struct pending *p = empty();

    owned("/a", 7, 1);
    owned("/b", 7, 2);
    owned("/c", 8, 3);
    owned("/ttl", ZK_OWNER_TTL_MASK | 9, 4);
    pending_begin(p);
    pending_touch(p, find("/a"));
    find("/a")->exists = false;
    pending_commit(p, 5);
    CU_ASSERT_EQUAL(owned_count(7), 1);
    CU_ASSERT_EQUAL(owned_count(8), 1);
    CU_ASSERT_EQUAL(owned_count(ZK_OWNER_TTL_MASK | 9), 0);
    pending_release(p, 5);
    CU_ASSERT_EQUAL(owned_count(7), 0);
    CU_ASSERT_EQUAL(owned_count(8), 0);
}

/* Deleted, and made again by another before anything is applied. */
static void
a_node_changes_its_owner(void)
{
    struct pending *p = empty();

    owned("/a", 7, 1);
    owned("/b", 7, 2);
    pending_begin(p);
    pending_touch(p, find("/a"));
    find("/a")->stat.owner = 8;
    pending_commit(p, 3);
    CU_ASSERT_EQUAL(owned_count(7), 1);
    CU_ASSERT_EQUAL(owned_count(8), 1);
}

static void
what_is_rolled_back_was_nobodys(void)
{
    struct pending *p = empty();

    owned("/a", 7, 1);
    pending_begin(p);
    add("/b")->stat.owner = 7;
    pending_touch(p, find("/a"));
    find("/a")->stat.owner = 8;
    pending_rollback(p);
    CU_ASSERT_EQUAL(owned_count(7), 1);
    CU_ASSERT_EQUAL(owned_count(8), 0);
}

/* The nodes in the longest list, whosever they are: a walk passes them by. */
static int
longest_list(void)
{
    int longest = 0;

    for (const uint32_t *list = table.owned; list < table.touched; list++) {
        int length = 0;

        for (uint32_t i = *list; i; i = table.node[i - 1].owned_next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Sessions that were opened one after the other, as a thousand that end. */
static void
nobody_walks_over_what_others_own(void)
{
    static char paths[CAPACITY][16];

    empty();
    for (int i = 0; i < CAPACITY; i++) {
        snprintf(paths[i], sizeof paths[i], "/n%d", i);
        owned(paths[i], INT64_C(0x100001982f3b0000) + i, i + 1);
    }
    CU_ASSERT_TRUE(longest_list() <= 4);
    for (int i = 0; i < CAPACITY; i++)
        CU_ASSERT_EQUAL(owned_count(INT64_C(0x100001982f3b0000) + i), 1);
}

UNIT_SUITE(pending)
{
    unit_suite("pending");
    UNIT(a_node_is_found_until_its_last_change_is_applied);
    UNIT(rollback_restores_what_was_touched_and_forgets_what_was_added);
    UNIT(rollback_keeps_the_chains_whole);
    UNIT(a_node_is_touched_by_any_number_of_transactions);
    UNIT(places_are_used_again);
    UNIT(long_and_short_paths_hash_apart);
    UNIT(a_session_has_what_it_made_and_did_not_delete);
    UNIT(a_node_changes_its_owner);
    UNIT(what_is_rolled_back_was_nobodys);
    UNIT(nobody_walks_over_what_others_own);
}
