/* SPDX-License-Identifier: Apache-2.0 */
/* test_path.c - claims about net/access/path.c. */
#include "net/access/path.h"
#include "tests/unit/unit.h"

static bool
valid(const char *path)
{
    return path_valid(bytes_of(path));
}

static void
accepts_ordinary_names(void)
{
    static const char *const good[] = {
        "/",
        "/a",
        "/a/b",
        "/...",
        "/.a",
        "/a.",
        "/a/..b/c",
        "/ ",
        "/\xc2\xa0",
        "/\xe2\x80\xa8",
        "/\xdf\xbf",
        "/\xe0\xa0\x80",
        "/\xed\x9f\xbf",
        "/\xef\xa4\x80",
        "/\xef\xbf\xaf",
        "/\xe2\xbf\xb0",
    };

    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        CU_ASSERT_TRUE(valid(good[i]));
}

static void
refuses_shapes_that_are_no_path(void)
{
    static const char *const bad[] = {
        "",    "a",    "a/b",   "//",   "/a/",   "/a//b",  "/.",
        "/..", "/a/.", "/a/..", "/./a", "/../a", "/a/./b", "/a/../b",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_FALSE(valid(bad[i]));
    CU_ASSERT_FALSE(path_valid(BYTES_NULL));
    CU_ASSERT_FALSE(path_valid((struct bytes){(const uint8_t *)"/a\0b", 4}));
}

static void
refuses_control_and_private_characters(void)
{
    static const char *const bad[] = {
        "/\x01",         "/\x1f",         "/\x7f",
        "/\xc2\x80",     "/\xc2\x9f",     "/\xee\x80\x80",
        "/\xef\xa3\xbf", "/\xef\xbf\xb0", "/\xef\xbf\xbf",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_FALSE(valid(bad[i]));
}

/* Java decodes what is ill-formed to U+FFFD, which it then refuses. */
static void
refuses_what_is_not_two_or_three_byte_utf8(void)
{
    static const char *const bad[] = {
        "/\x80",         "/\xc0\x80",         "/\xc1\xbf", "/\xc3",
        "/\xc3/",        "/\xe0\x80\x80",     "/\xe2\x82", "/\xe2\x28\xa1",
        "/\xed\xa0\x80", "/\xf0\x9f\x98\x80", "/\xff",     "/\xe2\x82\x28",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_FALSE(valid(bad[i]));
    /* What lies behind a path in its frame is no part of it. */
    CU_ASSERT_FALSE(
        path_valid((struct bytes){(const uint8_t *)"/\xc3\xa9", 2}));
    CU_ASSERT_FALSE(
        path_valid((struct bytes){(const uint8_t *)"/\xe2\x82\xac", 3}));
}

/* What a byte makes of a path of plain ones. */
static bool
may_stand(uint8_t byte, size_t at, size_t size)
{
    if (byte == '/')
        return at > 1 && at + 1 < size;
    if (byte == '.')
        return size > 2;
    return byte >= 0x20 && byte < 0x7f;
}

static void
a_byte_is_judged_wherever_it_stands(void)
{
    uint8_t text[32];

    text[0] = '/';
    for (size_t size = 2; size <= sizeof text; size++)
        for (size_t at = 1; at < size; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(text + 1, 'a', sizeof text - 1);
                text[at] = (uint8_t)byte;
                if (path_valid((struct bytes){text, (int32_t)size}) !=
                    may_stand(text[at], at, size))
                    CU_FAIL("a byte that is judged by its place");
            }
}

static void
a_delete_only_asks_for_a_slash_and_no_nul(void)
{
    CU_ASSERT_TRUE(path_has_parent(bytes_of("/x/")));
    CU_ASSERT_TRUE(path_has_parent(bytes_of("x/y")));
    CU_ASSERT_FALSE(path_has_parent(bytes_of("x")));
    CU_ASSERT_FALSE(path_has_parent(bytes_of("")));
    CU_ASSERT_FALSE(path_has_parent(BYTES_NULL));
    CU_ASSERT_FALSE(
        path_has_parent((struct bytes){(const uint8_t *)"/a\0", 3}));
}

static void
four_nodes_are_reserved(void)
{
    CU_ASSERT_TRUE(path_is_reserved(bytes_of("/")));
    CU_ASSERT_TRUE(path_is_reserved(bytes_of("/zookeeper")));
    CU_ASSERT_TRUE(path_is_reserved(bytes_of("/zookeeper/quota")));
    CU_ASSERT_TRUE(path_is_reserved(bytes_of("/zookeeper/config")));
    CU_ASSERT_FALSE(path_is_reserved(bytes_of("/zookeeper/quota/a")));
    CU_ASSERT_FALSE(path_is_reserved(bytes_of("/zookeeperx")));
}

static void
a_parent_is_the_text_before_the_last_slash(void)
{
    CU_ASSERT_TRUE(bytes_are(path_parent(bytes_of("/a/b")), "/a"));
    CU_ASSERT_TRUE(bytes_are(path_parent(bytes_of("/a")), ""));
    CU_ASSERT_TRUE(bytes_are(path_parent(bytes_of("/a/")), "/a"));
    CU_ASSERT_TRUE(bytes_are(path_of_node(bytes_of("/")), ""));
    CU_ASSERT_TRUE(bytes_are(path_of_node(bytes_of("/a")), "/a"));
}

UNIT_SUITE(path)
{
    unit_suite("path");
    UNIT(accepts_ordinary_names);
    UNIT(refuses_shapes_that_are_no_path);
    UNIT(refuses_control_and_private_characters);
    UNIT(refuses_what_is_not_two_or_three_byte_utf8);
    UNIT(a_byte_is_judged_wherever_it_stands);
    UNIT(a_delete_only_asks_for_a_slash_and_no_nul);
    UNIT(four_nodes_are_reserved);
    UNIT(a_parent_is_the_text_before_the_last_slash);
}
