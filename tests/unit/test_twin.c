/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/twin.c: one server, or two of one number. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "election/twin.h"
#include "election/vote.h"

enum { MINUTE = 60000 };

static struct twin server;

static bool
comes(mono_ms_t now)
{
    return twin_comes(&server, false, now);
}

/* Its machine was reset, or its network: twice, on a bad day. */
static void
who_comes_anew_now_and_then_is_one(void)
{
    server = (struct twin){0};
    for (mono_ms_t now = 1000; now < 100 * MINUTE; now += MINUTE + 2) {
        CU_ASSERT_FALSE(comes(now));
        CU_ASSERT_FALSE(comes(now + 1));
    }
}

static void
who_comes_again_and_again_are_two(void)
{
    server = (struct twin){0};
    CU_ASSERT_FALSE(comes(1000));
    CU_ASSERT_FALSE(comes(1001));
    CU_ASSERT_TRUE(comes(1002));
}

static void
they_are_told_of_once_a_minute(void)
{
    int told = 0;

    server = (struct twin){0};
    for (mono_ms_t now = 1000; now < 1000 + 3 * MINUTE; now += 100)
        told += comes(now);
    CU_ASSERT_EQUAL(told, 3);
}

static void
who_lives_elsewhere_is_another_at_once(void)
{
    server = (struct twin){0};
    CU_ASSERT_TRUE(twin_comes(&server, true, 1000));
    CU_ASSERT_FALSE(twin_comes(&server, true, 1001));
}

/* --- words ---------------------------------------------------------------- */

static uint8_t room[TWIN_BYTES_MAX];

static struct bytes
says(enum twin_word word, const char *where)
{
    struct jute_out out = jute_out_of(room, sizeof room);

    twin_put(&out, word, where ? bytes_of(where) : BYTES_NULL);
    CU_ASSERT_FALSE_FATAL(out.bad);
    return (struct bytes){room, (int32_t)jute_out_size(&out)};
}

static void
a_word_is_heard_as_it_was_said(void)
{
    struct bytes where;

    CU_ASSERT_EQUAL(twin_get(says(TWIN_I_AM, NULL), &where), TWIN_I_AM);
    CU_ASSERT_EQUAL(where.size, -1);
    CU_ASSERT_EQUAL(twin_get(says(TWIN_TAKEN, "a:1"), &where), TWIN_TAKEN);
    CU_ASSERT_TRUE(bytes_are(where, "a:1"));
}

/* Apache reads a state, an epoch and a version, and drops it for the first. */
static void
to_others_a_word_is_a_note_in_no_state(void)
{
    struct bytes word = says(TWIN_ARE_YOU_THERE, NULL), config;
    struct vote v;

    CU_ASSERT_EQUAL(note_get(word, &v, &config), -EBADMSG);
    CU_ASSERT_TRUE(word.size > 40);
    CU_ASSERT_TRUE(load_be32(word.data) > SERVER_OBSERVING);
    CU_ASSERT_EQUAL(load_be32(word.data + 36), 1);
}

static void
a_note_is_no_word(void)
{
    struct vote v = {.leader = TWIN_I_AM, .zxid = 5, .round = 1};
    struct jute_out out = jute_out_of(room, sizeof room);
    struct bytes where;

    note_put(&out, &v, BYTES_NULL);
    CU_ASSERT_EQUAL(
        twin_get((struct bytes){room, (int32_t)jute_out_size(&out)}, &where),
        TWIN_NO_WORD);
}

static void
what_is_cut_short_or_unknown_is_no_word(void)
{
    struct bytes word = says(TWIN_TAKEN, "a:1"), where;

    for (int32_t size = 0; size < word.size; size++)
        CU_ASSERT_EQUAL(twin_get((struct bytes){word.data, size}, &where),
                        TWIN_NO_WORD);
    CU_ASSERT_EQUAL(twin_get(says(TWIN_NO_WORD, NULL), &where), TWIN_NO_WORD);
    CU_ASSERT_EQUAL(twin_get(says(TWIN_TAKEN + 1, NULL), &where), TWIN_NO_WORD);
}

UNIT_SUITE(twin)
{
    unit_suite("twin");
    UNIT(who_comes_anew_now_and_then_is_one);
    UNIT(who_comes_again_and_again_are_two);
    UNIT(they_are_told_of_once_a_minute);
    UNIT(who_lives_elsewhere_is_another_at_once);
    UNIT(a_word_is_heard_as_it_was_said);
    UNIT(to_others_a_word_is_a_note_in_no_state);
    UNIT(a_note_is_no_word);
    UNIT(what_is_cut_short_or_unknown_is_no_word);
}
