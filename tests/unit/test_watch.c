/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch.c - claims about who is told of what, and what it costs. */
#include "net/client/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/client/watch_path.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { CONNS = 1024, ARENA = 8 << 20, HITS_MAX = 4096 };

#define SEED UINT64_C(0x243f6a8885a308d3)

static struct watch w;
static void *memory;
static uint32_t hits[HITS_MAX];
static uint32_t hit_count;

/* Connection number `n`, as its first on that place. */
static uint32_t
conn(uint32_t n)
{
    return 1U << WATCH_CONN_BITS | n;
}

static void
given_no_watches(void)
{
    free(memory);
    memory = calloc(1, watch_bytes(CONNS, ARENA));
    watch_init(&w, memory, CONNS, ARENA, SEED);
}

static void
note(void *arg, uint32_t id)
{
    (void)arg;
    if (hit_count < HITS_MAX)
        hits[hit_count++] = id;
}

static uint32_t
fired_data(const char *path)
{
    hit_count = 0;
    watch_fire_data(&w, bytes_of(path), note, NULL);
    return hit_count;
}

static uint32_t
fired_child(const char *path, bool skip_served)
{
    hit_count = 0;
    watch_fire_child(&w, bytes_of(path), skip_served, note, NULL);
    return hit_count;
}

static bool
add(uint32_t n, const char *path, unsigned modes)
{
    return watch_add(&w, conn(n), bytes_of(path), modes);
}

static void
a_standard_watch_fires_once(void)
{
    given_no_watches();
    CU_ASSERT_TRUE(add(0, "/a", WATCH_DATA));
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
    CU_ASSERT_EQUAL(hits[0], conn(0));
    CU_ASSERT_EQUAL(fired_data("/a"), 0);
    CU_ASSERT_TRUE(watch_is_empty(&w));
}

static void
tables_are_apart(void)
{
    given_no_watches();
    add(0, "/a", WATCH_CHILD);
    CU_ASSERT_EQUAL(fired_data("/a"), 0);
    CU_ASSERT_EQUAL(fired_child("/a", false), 1);
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
}

static void
a_persistent_watch_stays_in_both_tables(void)
{
    given_no_watches();
    add(0, "/a", WATCH_PERSISTENT);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(fired_data("/a"), 1);
        CU_ASSERT_EQUAL(fired_child("/a", false), 1);
    }
}

static void
a_recursive_watch_hears_of_descendants(void)
{
    given_no_watches();
    add(0, "/a", WATCH_RECURSIVE);
    CU_ASSERT_EQUAL(fired_data("/a/b/c"), 1);
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
    CU_ASSERT_EQUAL(fired_data("/ab"), 0);
    CU_ASSERT_EQUAL(fired_data("/"), 0);
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
}

static void
a_recursive_watch_on_the_root_hears_everything(void)
{
    given_no_watches();
    add(0, "/", WATCH_RECURSIVE);
    CU_ASSERT_EQUAL(fired_data("/x"), 1);
    CU_ASSERT_EQUAL(fired_data("/x/y/z"), 1);
}

/* Half a minute, if each level were hashed from the beginning. */
static void
levels_above_cost_the_same_however_deep_they_are(void)
{
    enum { LEVELS = 500000 };
    static uint8_t path[2 * LEVELS];

    for (int i = 0; i < LEVELS; i++)
        memcpy(path + 2 * i, "/x", 2);
    given_no_watches();
    for (uint32_t n = 0; n < 20; n++) {
        struct bytes above = {path, (int32_t)(2 * (n * n * 1000 + n + 1))};

        CU_ASSERT_TRUE(watch_add(&w, conn(n), above, WATCH_RECURSIVE));
    }
    hit_count = 0;
    watch_fire_data(&w, (struct bytes){path, sizeof path}, note, NULL);
    CU_ASSERT_EQUAL(hit_count, 20);
    hit_count = 0;
    watch_fire_data(&w, (struct bytes){path, sizeof path / 2 - 1}, note, NULL);
    CU_ASSERT_EQUAL(hit_count, 16); /* 15 * 15 < 250 */
}

static void
one_trigger_tells_a_connection_once(void)
{
    given_no_watches();
    add(0, "/a/b", WATCH_DATA | WATCH_PERSISTENT);
    add(0, "/a", WATCH_RECURSIVE);
    add(0, "/", WATCH_RECURSIVE);
    CU_ASSERT_EQUAL(fired_data("/a/b"), 1);
}

/* Who was told of the deletion by the data table, is not told again. */
static void
a_served_connection_is_skipped_but_its_watch_is_used_up(void)
{
    given_no_watches();
    add(0, "/a", WATCH_DATA);
    add(0, "/a", WATCH_CHILD);
    add(1, "/a", WATCH_CHILD);
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
    CU_ASSERT_EQUAL(fired_child("/a", true), 1);
    CU_ASSERT_EQUAL(hits[0], conn(1));
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
}

/* Triggers are numbered; after 2^32 of them the numbers begin again. */
static void
nobody_is_passed_over_when_numbers_begin_again(void)
{
    given_no_watches();
    add(0, "/a", WATCH_PERSISTENT);
    add(1, "/b", WATCH_PERSISTENT);
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
    CU_ASSERT_EQUAL(fired_data("/b"), 1);
    w.stamp = UINT32_MAX;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(fired_data("/a"), 1);
        CU_ASSERT_EQUAL(fired_data("/b"), 1);
    }
}

static void
modes_of_one_path_stand_for_themselves(void)
{
    given_no_watches();
    add(0, "/a", WATCH_PERSISTENT);
    add(0, "/a", WATCH_DATA);
    CU_ASSERT_EQUAL(watch_modes(&w, conn(0), bytes_of("/a")),
                    WATCH_PERSISTENT | WATCH_DATA);
    CU_ASSERT_EQUAL(watch_remove(&w, conn(0), bytes_of("/a"), WATCH_DATA),
                    WATCH_DATA);
    CU_ASSERT_EQUAL(watch_remove(&w, conn(0), bytes_of("/a"), WATCH_CHILD), 0);
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
}

static void
a_watch_set_anew_after_removal_fires_once(void)
{
    given_no_watches();
    add(0, "/a", WATCH_PERSISTENT);
    add(1, "/a", WATCH_PERSISTENT);
    watch_remove(&w, conn(0), bytes_of("/a"), WATCH_ANY);
    add(0, "/a", WATCH_PERSISTENT);
    CU_ASSERT_EQUAL(fired_data("/a"), 2);
}

/* A walk over hints takes a stamp. */
static void
who_comes_and_goes_does_not_walk_over_all_others_each_time(void)
{
    uint32_t stamp;

    given_no_watches();
    for (uint32_t i = 0; i < CONNS; i++)
        add(i, "/a", WATCH_PERSISTENT);
    stamp = w.stamp;
    for (uint32_t i = 0; i < 5 * CONNS; i++) {
        watch_remove(&w, conn(i % 3), bytes_of("/a"), WATCH_ANY);
        add(i % 3, "/a", WATCH_PERSISTENT);
    }
    CU_ASSERT_TRUE(w.stamp - stamp <= 5);
    CU_ASSERT_EQUAL(fired_data("/a"), CONNS);
}

/* Stale ones among them. */
static uint32_t
hints_of(const char *path)
{
    uint32_t handle = watch_path_find(&w, bytes_of(path));

    return watch_path_hints(&w, watch_path_at(&w, handle))->count;
}

/* A walk over hints takes the stale ones along: here there is none. */
static void
who_watches_data_is_not_looked_at_for_each_child(void)
{
    given_no_watches();
    for (uint32_t i = 0; i < 10; i++)
        add(i, "/a", WATCH_DATA);
    add(20, "/elsewhere", WATCH_RECURSIVE);
    watch_close(&w, conn(0));
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
    CU_ASSERT_EQUAL(fired_data("/a/b"), 0);
    CU_ASSERT_EQUAL(hints_of("/a"), 10);
    CU_ASSERT_EQUAL(fired_data("/a"), 9);
}

/* The first event behind its going finds nobody, and the next looks no more. */
static void
who_watched_otherwise_once_costs_one_walk(void)
{
    given_no_watches();
    for (uint32_t i = 0; i < 10; i++)
        add(i, "/a", WATCH_DATA);
    add(0, "/a", WATCH_CHILD);
    watch_close(&w, conn(0));
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
    CU_ASSERT_EQUAL(hints_of("/a"), 9);
    watch_close(&w, conn(1));
    CU_ASSERT_EQUAL(fired_child("/a", false), 0);
    CU_ASSERT_EQUAL(hints_of("/a"), 9);
    CU_ASSERT_EQUAL(fired_data("/a"), 8);
}

static void
watches_end_with_their_connection(void)
{
    given_no_watches();
    for (uint32_t i = 0; i < 3; i++)
        add(i, "/a", WATCH_DATA);
    add(1, "/b", WATCH_RECURSIVE);
    watch_close(&w, conn(1));
    CU_ASSERT_EQUAL(w.recursive, 0);
    CU_ASSERT_EQUAL(fired_data("/b/c"), 0);
    CU_ASSERT_EQUAL(fired_data("/a"), 2);
}

/* As most are: neither in coming nor in going. */
static void
who_never_watched_touches_no_set(void)
{
    given_no_watches();
    add(1, "/a", WATCH_DATA);
    watch_close(&w, conn(0));
    CU_ASSERT_EQUAL(watch_modes(&w, conn(0), bytes_of("/a")), 0);
    CU_ASSERT_EQUAL(watch_remove(&w, conn(0), bytes_of("/a"), WATCH_ANY), 0);
    CU_ASSERT_TRUE(memory_is_zero(&w.set[0], sizeof w.set[0]));
    CU_ASSERT_EQUAL(fired_data("/a"), 1);
}

/* The next connection of a place is not taken for the one before. */
static void
a_stale_hint_tells_nobody(void)
{
    uint32_t next = conn(0) + (1U << WATCH_CONN_BITS);

    given_no_watches();
    for (uint32_t i = 0; i < 3; i++)
        add(i, "/a", WATCH_DATA);
    watch_close(&w, conn(0));
    CU_ASSERT_EQUAL(watch_modes(&w, next, bytes_of("/a")), 0);
    CU_ASSERT_EQUAL(fired_data("/a"), 2);
}

static void
memory_comes_back_when_all_are_gone(void)
{
    char path[64];

    given_no_watches();
    for (uint32_t i = 0; i < CONNS; i++)
        for (uint32_t k = 0; k < 20; k++) {
            snprintf(path, sizeof path, "/some/node/%u", k * (i % 7));
            add(i, path, 1U << (i + k) % 4);
        }
    for (uint32_t i = 0; i < CONNS; i++)
        watch_close(&w, conn(i));
    CU_ASSERT_EQUAL(w.arena.used, 0);
    CU_ASSERT_EQUAL(w.paths, 0);
    CU_ASSERT_EQUAL(w.totals.data_watches, 0);
    CU_ASSERT_EQUAL(w.totals.child_watches, 0);
    CU_ASSERT_EQUAL(w.totals.data_paths, 0);
    CU_ASSERT_EQUAL(w.totals.connections, 0);
}

/* Each removal takes its hint along: a cache may come and go for years. */
static void
a_watch_that_comes_and_goes_leaves_nothing(void)
{
    uint32_t used;

    given_no_watches();
    for (uint32_t i = 0; i < 3; i++)
        add(i, "/a", WATCH_PERSISTENT);
    used = w.arena.used;
    for (int i = 0; i < 1000; i++) {
        watch_remove(&w, conn(0), bytes_of("/a"), WATCH_PERSISTENT);
        add(0, "/a", WATCH_PERSISTENT);
    }
    CU_ASSERT_EQUAL(w.arena.used, used);
}

/* The budget: 64 bytes for a watch on a node of its own, 16 if shared. */
static void
watches_are_small(void)
{
    char path[64];

    given_no_watches();
    for (uint32_t i = 0; i < 50000; i++) {
        snprintf(path, sizeof path, "/a-path-of-20/%06u", i);
        add(i % 16, path, WATCH_DATA);
    }
    CU_ASSERT_TRUE(w.arena.used * WATCH_UNIT + w.buckets * 4 <= 64 * 50000);
    given_no_watches();
    for (uint32_t i = 0; i < 1000; i++)
        add(i, "/shared", WATCH_DATA);
    CU_ASSERT_TRUE(w.arena.used * WATCH_UNIT <= 16 * 1000);
}

static void
a_full_arena_refuses_and_changes_nothing(void)
{
    char path[64];
    uint32_t before, n = 0;

    given_no_watches();
    w.arena.units = 1000;
    do
        snprintf(path, sizeof path, "/node/%u", n++);
    while (add(0, path, WATCH_DATA));
    before = w.paths;
    CU_ASSERT_TRUE(n > 100);
    CU_ASSERT_FALSE(add(0, path, WATCH_DATA));
    CU_ASSERT_EQUAL(w.paths, before);
    CU_ASSERT_EQUAL(w.totals.data_watches, before);
    CU_ASSERT_EQUAL(fired_data("/node/0"), 1);
}

static void
totals_count_what_wchs_counts(void)
{
    given_no_watches();
    add(0, "/a", WATCH_DATA);
    add(0, "/a", WATCH_PERSISTENT);
    add(1, "/a", WATCH_DATA);
    add(1, "/b", WATCH_CHILD);
    add(2, "/b", WATCH_CHILD);
    CU_ASSERT_EQUAL(w.totals.data_watches, 2);
    CU_ASSERT_EQUAL(w.totals.data_paths, 1);
    CU_ASSERT_EQUAL(w.totals.connections, 2);
    CU_ASSERT_EQUAL(w.totals.child_watches, 3);
    add(2, "/c", WATCH_RECURSIVE);
    CU_ASSERT_EQUAL(w.totals.data_watches, 3);
    CU_ASSERT_EQUAL(w.totals.child_watches, 4);
}

static uint32_t
longest_chain(void)
{
    uint32_t longest = 0;

    for (uint32_t i = 0; i < w.buckets; i++) {
        uint32_t length = 0;

        for (uint32_t h = w.bucket[i]; h; h = watch_path_at(&w, h)->next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Millions of paths are not sorted anew while thousands of clients wait. */
static void
a_path_more_is_at_most_a_bucket_more(void)
{
    char path[64];

    given_no_watches();
    for (uint32_t i = 0; i < 50000; i++) {
        uint32_t before = w.buckets;

        snprintf(path, sizeof path, "/some/path/%u", i);
        CU_ASSERT_TRUE_FATAL(add(i % 16, path, WATCH_DATA));
        CU_ASSERT_TRUE_FATAL(w.buckets - before <= 1);
    }
    CU_ASSERT_TRUE(w.buckets >= 50000 / 2);
    CU_ASSERT_TRUE(longest_chain() < 16);
    for (uint32_t i = 0; i < 50000; i++) {
        snprintf(path, sizeof path, "/some/path/%u", i);
        CU_ASSERT_EQUAL(fired_data(path), 1);
    }
    CU_ASSERT_TRUE(watch_is_empty(&w));
}

/*
 * Words in pairs: to turn the first one's highest bit over, and two bits of
 * the second, left a product of words without a secret in them as it was.
 */
static void
nobody_can_choose_paths_that_lie_in_one_chain(void)
{
    enum { PAIRS = 9 };
    char path[16 * PAIRS + 1];

    given_no_watches();
    for (uint32_t n = 0; n < 1u << PAIRS; n++) {
        memset(path, 'a', sizeof path);
        path[0] = '/';
        path[sizeof path - 1] = 0;
        for (uint32_t i = 0; i < PAIRS; i++)
            if (n >> i & 1) {
                path[16 * i + 7] ^= (char)0x80;
                path[16 * i + 11] ^= (char)0x80;
                path[16 * i + 15] ^= (char)0x80;
            }
        CU_ASSERT_TRUE(add(0, path, WATCH_DATA));
    }
    CU_ASSERT_TRUE(longest_chain() < 16);
}

/* --- against a model that is too simple to be wrong ----------------------- */

enum { M_CONNS = 24, M_PATHS = 40 };
static unsigned model[M_CONNS][M_PATHS];

static const char *
path_of(uint32_t k)
{
    static char text[32];

    snprintf(text, sizeof text, "/p/%u", k);
    return text;
}

static uint32_t
model_fire(uint32_t k, unsigned modes)
{
    uint32_t told = 0;

    for (uint32_t c = 0; c < M_CONNS; c++) {
        told += (model[c][k] & modes) != 0;
        model[c][k] &= ~(modes & (WATCH_DATA | WATCH_CHILD));
    }
    return told;
}

static void
random_step(uint32_t numbers[M_CONNS])
{
    uint32_t c = random_below(M_CONNS), k = random_below(M_PATHS),
             what = random_below(10);
    uint32_t id = numbers[c] << WATCH_CONN_BITS | c;
    unsigned modes = 1 + random_below(15);

    if (what < 6) {
        CU_ASSERT_TRUE(watch_add(&w, id, bytes_of(path_of(k)), modes));
        model[c][k] |= modes;
    } else if (what == 6) {
        CU_ASSERT_EQUAL(watch_remove(&w, id, bytes_of(path_of(k)), modes),
                        model[c][k] & modes);
        model[c][k] &= ~modes;
    } else if (what == 7) {
        CU_ASSERT_EQUAL(
            fired_data(path_of(k)),
            model_fire(k, WATCH_DATA | WATCH_PERSISTENT | WATCH_RECURSIVE));
    } else if (what == 8) {
        CU_ASSERT_EQUAL(fired_child(path_of(k), false),
                        model_fire(k, WATCH_CHILD | WATCH_PERSISTENT));
    } else if (random_below(4) == 0) {
        watch_close(&w, id);
        numbers[c]++;
        memset(model[c], 0, sizeof model[c]);
    }
}

static void
agrees_with_a_simple_model(void)
{
    uint32_t numbers[M_CONNS];

    given_no_watches();
    memset(model, 0, sizeof model);
    random_state = 7;
    for (uint32_t c = 0; c < M_CONNS; c++)
        numbers[c] = 1;
    for (int i = 0; i < 200000; i++)
        random_step(numbers);
    for (uint32_t c = 0; c < M_CONNS; c++)
        for (uint32_t k = 0; k < M_PATHS; k++)
            CU_ASSERT_EQUAL(watch_modes(&w, numbers[c] << WATCH_CONN_BITS | c,
                                        bytes_of(path_of(k))),
                            model[c][k]);
}

UNIT_SUITE(watch)
{
    unit_suite("watch");
    UNIT(a_standard_watch_fires_once);
    UNIT(tables_are_apart);
    UNIT(a_persistent_watch_stays_in_both_tables);
    UNIT(a_recursive_watch_hears_of_descendants);
    UNIT(a_recursive_watch_on_the_root_hears_everything);
    UNIT(levels_above_cost_the_same_however_deep_they_are);
    UNIT(one_trigger_tells_a_connection_once);
    UNIT(a_served_connection_is_skipped_but_its_watch_is_used_up);
    UNIT(nobody_is_passed_over_when_numbers_begin_again);
    UNIT(modes_of_one_path_stand_for_themselves);
    UNIT(a_watch_set_anew_after_removal_fires_once);
    UNIT(who_comes_and_goes_does_not_walk_over_all_others_each_time);
    UNIT(who_watches_data_is_not_looked_at_for_each_child);
    UNIT(who_watched_otherwise_once_costs_one_walk);
    UNIT(watches_end_with_their_connection);
    UNIT(who_never_watched_touches_no_set);
    UNIT(a_stale_hint_tells_nobody);
    UNIT(memory_comes_back_when_all_are_gone);
    UNIT(a_watch_that_comes_and_goes_leaves_nothing);
    UNIT(watches_are_small);
    UNIT(a_full_arena_refuses_and_changes_nothing);
    UNIT(totals_count_what_wchs_counts);
    UNIT(a_path_more_is_at_most_a_bucket_more);
    UNIT(nobody_can_choose_paths_that_lie_in_one_chain);
    UNIT(agrees_with_a_simple_model);
}
