/* SPDX-License-Identifier: Apache-2.0 */
/* test_reaper.c - claims about net/prep/reaper.c. */
#include "net/prep/reaper.h"
#include "tests/unit/prep_given.h"

enum { NEVER_USED = 300000, HOUR = 3600 * 1000, DAY = 24 * HOUR };

static struct znode_stat
container(int32_t cversion, int32_t children, wall_ms_t mtime)
{
    return (struct znode_stat){
        .owner = ZK_OWNER_CONTAINER,
        .cversion = cversion,
        .child_count = children,
        .mtime = mtime,
    };
}

static bool
wants(struct znode_stat stat, wall_ms_t now)
{
    return reaper_wants(&stat, NEVER_USED, now);
}

static void
a_container_goes_when_its_last_child_went(void)
{
    CU_ASSERT_TRUE(wants(container(1, 0, 100), 100));
    CU_ASSERT_FALSE(wants(container(1, 1, 100), 100));
}

static void
a_container_never_used_goes_when_it_is_old(void)
{
    struct znode_stat stat = container(0, 0, 100);

    CU_ASSERT_FALSE(wants(stat, 100 + NEVER_USED));
    CU_ASSERT_TRUE(wants(stat, 101 + NEVER_USED));
    CU_ASSERT_FALSE(reaper_wants(&stat, 0, INT64_MAX));
}

static void
a_ttl_node_goes_when_its_time_is_over(void)
{
    struct znode_stat stat = {.owner = ZK_OWNER_TTL_MASK | 5000, .mtime = 100};

    CU_ASSERT_FALSE(wants(stat, 5100));
    CU_ASSERT_TRUE(wants(stat, 5101));
    stat.child_count = 1;
    CU_ASSERT_FALSE(wants(stat, 5101));
}

static void
other_nodes_stay(void)
{
    CU_ASSERT_FALSE(wants((struct znode_stat){.owner = 0}, INT64_MAX));
    CU_ASSERT_FALSE(
        wants((struct znode_stat){.owner = KIT_SESSION}, INT64_MAX));
}

static const struct conf *
each_minute(void)
{
    static struct conf conf;

    conf.container_check_interval_ms = 60000;
    conf.container_max_per_minute = 600;
    conf.container_never_used_ms = NEVER_USED;
    return &conf;
}

static void
deletions_are_spaced(void)
{
    static struct reaper r;
    struct kit *k = kit_open();
    mono_ms_t again;

    ask_create_ttl(k, "/a", ZK_PERSISTENT_TTL, 10);
    ask_create_ttl(k, "/b", ZK_PERSISTENT_TTL, 10);
    kit_apply_all(k);
    reaper_init(&r, each_minute(), 0, 40000);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 59999, 99999, &again).size < 0);
    CU_ASSERT_EQUAL(again, 60000);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 60000, 99999, &again).size == 2);
    CU_ASSERT_EQUAL(again, 60100);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 60050, 99999, &again).size < 0);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 60100, 99999, &again).size == 2);
    CU_ASSERT_EQUAL(again, 120000);
    kit_close(k);
}

/* A look that was far off comes sooner, and the one after it as well. */
static void
a_shorter_interval_counts_at_once(void)
{
    static struct reaper r;
    struct conf conf = *each_minute();
    struct kit *k = kit_open();
    mono_ms_t again;

    reaper_init(&r, &conf, 0, 40000);
    conf.container_check_interval_ms = 500;
    reaper_follow(&r, &conf, 1000);
    (void)reaper_next(&r, k->tree, 1000, 41000, &again);
    CU_ASSERT_EQUAL(again, 1500);
    (void)reaper_next(&r, k->tree, 1500, 41500, &again);
    CU_ASSERT_EQUAL(again, 2000);
    conf.container_check_interval_ms = 60000;
    reaper_follow(&r, &conf, 1600);
    (void)reaper_next(&r, k->tree, 1600, 41600, &again);
    CU_ASSERT_EQUAL(again, 2000);
    kit_close(k);
}

/* What the list has no place for is found when the look goes on. */
static void
a_full_list_interrupts_the_look(void)
{
    static struct reaper r;
    static char path[2000];
    struct kit *k = kit_open();
    mono_ms_t now = 60000;
    int count = 0;

    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    for (int i = 0; i < 100; i++) {
        snprintf(path + sizeof path - 4, 4, "%03d", i);
        ask_create_ttl(k, path, ZK_PERSISTENT_TTL, 10);
    }
    kit_apply_all(k);
    reaper_init(&r, each_minute(), 0, 40000);
    while (now < 119000) {
        struct bytes b = reaper_next(&r, k->tree, now, 99999, &now);
        char text[2000];

        if (b.size < 0)
            continue;
        memcpy(text, b.data, (size_t)b.size);
        text[b.size] = 0;
        CU_ASSERT_EQUAL(ask_delete_container(k, text), ZK_OK);
        kit_apply_all(k);
        count++;
    }
    CU_ASSERT_EQUAL(count, 100);
    kit_close(k);
}

/* Or nothing behind it would ever go, and the looks would never end. */
static void
a_path_longer_than_the_list_is_passed_by(void)
{
    static struct reaper r;
    static char path[REAPER_LIST_BYTES];
    struct kit *k = kit_open();
    mono_ms_t again;

    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    ask_create_ttl(k, "/a", ZK_PERSISTENT_TTL, 10);
    ask_create_ttl(k, path, ZK_PERSISTENT_TTL, 10);
    ask_create_ttl(k, "/b", ZK_PERSISTENT_TTL, 10);
    kit_apply_all(k);
    reaper_init(&r, each_minute(), 0, 40000);
    CU_ASSERT_EQUAL(reaper_next(&r, k->tree, 60000, 99999, &again).size, 2);
    ask_delete_container(k, "/b");
    kit_apply_all(k);
    CU_ASSERT_EQUAL(reaper_next(&r, k->tree, 60100, 99999, &again).size, 2);
    ask_delete_container(k, "/a");
    kit_apply_all(k);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 60200, 99999, &again).size < 0);
    CU_ASSERT_TRUE(again > 60200);
    kit_close(k);
}

/* Nobody waits while a million are looked at. */
static void
a_long_look_comes_in_steps(void)
{
    static struct reaper r;
    struct kit *k = kit_open();
    mono_ms_t again = 60000;
    char path[20];
    int steps = 0;

    ask_create_ttl(k, "/old", ZK_PERSISTENT_TTL, 10);
    for (int i = 0; i < 2500; i++) {
        snprintf(path, sizeof path, "/%d", i);
        ask_create_ttl(k, path, ZK_PERSISTENT_TTL, DAY);
    }
    kit_apply_all(k);
    reaper_init(&r, each_minute(), 0, 40000);
    while (reaper_next(&r, k->tree, 60000, 99999, &again).size < 0) {
        CU_ASSERT_EQUAL(again, 60000); /* at once */
        steps++;
    }
    CU_ASSERT_EQUAL(steps, 2);
    CU_ASSERT_TRUE(reaper_next(&r, k->tree, 61000, 99999, &again).size < 0);
    CU_ASSERT_EQUAL(again, 120000);
    kit_close(k);
}

/* --- clocks that are set ------------------------------------------------- */

/* --- a wall clock that leaps --------------------------------------------- */

static struct reaper reaper;
static struct kit *kit;
static wall_ms_t made; /* /a, which has an hour to live */

/* The reaper began when the wall clock was behind by so much. */
static void
given_an_hour(wall_ms_t leap)
{
    struct znode_view view;

    kit = kit_open();
    ask_create_ttl(kit, "/a", ZK_PERSISTENT_TTL, HOUR);
    kit_apply_all(kit);
    CU_ASSERT_TRUE_FATAL(kit_view(kit, "/a", &view));
    made = view.stat.mtime;
    reaper_init(&reaper, each_minute(), 0, made - leap);
}

/* At `now`, when the wall clock says that it was made so long ago. */
static bool
goes(mono_ms_t now, wall_ms_t age)
{
    mono_ms_t again;

    return reaper_next(&reaper, kit->tree, now, made + age, &again).size >= 0;
}

static void
a_leap_forwards_makes_no_node_older(void)
{
    given_an_hour(0);
    CU_ASSERT_FALSE(goes(60000, DAY));
    CU_ASSERT_FALSE(goes(HOUR, DAY + HOUR - 60000));
    CU_ASSERT_TRUE(goes(HOUR + 60000, DAY + HOUR + 60000));
    kit_close(kit);
}

static void
what_is_made_after_a_leap_goes_in_its_time(void)
{
    given_an_hour(DAY);
    CU_ASSERT_FALSE(goes(1000, 0));
    CU_ASSERT_TRUE(goes(HOUR + 61000, HOUR + 60000));
    kit_close(kit);
}

/* However many there are. */
static void
each_leap_counts_for_what_was_made_before_it(void)
{
    mono_ms_t passed = 0;

    given_an_hour(0);
    for (int i = 1; i <= 2 * REAPER_LEAPS_MAX; i++) {
        passed += 60000;
        CU_ASSERT_FALSE(goes(passed, passed + i * (int64_t)DAY));
    }
    CU_ASSERT_FALSE(goes(HOUR - 1, HOUR - 1 + 16 * (int64_t)DAY));
    CU_ASSERT_TRUE(goes(HOUR + 60000, HOUR + 60000 + 16 * (int64_t)DAY));
    kit_close(kit);
}

static void
a_leap_that_is_taken_back_leaves_nothing(void)
{
    given_an_hour(0);
    CU_ASSERT_FALSE(goes(60000, DAY));
    CU_ASSERT_FALSE(goes(120000, 120000));
    CU_ASSERT_TRUE(goes(HOUR + 60000, HOUR + 60000));
    kit_close(kit);
}

static void
of_leaps_that_are_taken_back_in_part_the_rest_stays(void)
{
    static const int64_t ahead[] = {DAY, 2 * (int64_t)DAY, DAY + DAY / 2,
                                    DAY / 2};

    given_an_hour(0);
    for (size_t i = 0; i < ARRAY_COUNT(ahead); i++) {
        mono_ms_t passed = 60000 * (mono_ms_t)(i + 1);

        CU_ASSERT_FALSE(goes(passed, passed + ahead[i]));
    }
    CU_ASSERT_FALSE(goes(HOUR - 1, HOUR - 1 + DAY / 2));
    CU_ASSERT_TRUE(goes(HOUR + 60000, HOUR + 60000 + DAY / 2));
    kit_close(kit);
}

UNIT_SUITE(reaper)
{
    unit_suite("reaper");
    UNIT(a_container_goes_when_its_last_child_went);
    UNIT(a_container_never_used_goes_when_it_is_old);
    UNIT(a_ttl_node_goes_when_its_time_is_over);
    UNIT(other_nodes_stay);
    UNIT(deletions_are_spaced);
    UNIT(a_shorter_interval_counts_at_once);
    UNIT(a_full_list_interrupts_the_look);
    UNIT(a_path_longer_than_the_list_is_passed_by);
    UNIT(a_long_look_comes_in_steps);
    UNIT(a_leap_forwards_makes_no_node_older);
    UNIT(what_is_made_after_a_leap_goes_in_its_time);
    UNIT(each_leap_counts_for_what_was_made_before_it);
    UNIT(a_leap_that_is_taken_back_leaves_nothing);
    UNIT(of_leaps_that_are_taken_back_in_part_the_rest_stays);
}
