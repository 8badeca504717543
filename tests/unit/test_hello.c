/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/hello.c: the first bytes on a connection. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "election/hello.h"

static struct hello hello;
static size_t need;

static int
get(const void *data, size_t size)
{
    return hello_get((struct bytes){data, (int32_t)size}, &hello, &need);
}

static size_t
put(uint8_t *to, size_t size, sid_t sid, const char *address)
{
    struct jute_out out = jute_out_of(to, size);

    hello_put(&out, sid, address);
    CU_ASSERT_FALSE(out.bad);
    return jute_out_size(&out);
}

/* spec/quorum-protocol.md 16.1, captured from Apache ZooKeeper 3.8.0. */
static const uint8_t captured[] = "\xff\xff\xff\xff\xff\xff\x00\x00"
                                  "\x00\x00\x00\x00\x00\x00\x00\x02"
                                  "\x00\x00\x00\x0f"
                                  "127.0.0.1:23202";

static void
writes_what_apache_writes(void)
{
    uint8_t bytes[HELLO_BYTES_MAX];
    size_t n = put(bytes, sizeof bytes, 2, "127.0.0.1:23202");

    CU_ASSERT_EQUAL(n, sizeof captured - 1);
    CU_ASSERT_EQUAL(memcmp(bytes, captured, n), 0);
}

static void
reads_what_it_writes_byte_by_byte(void)
{
    size_t size = sizeof captured - 1;

    for (size_t n = 0; n < size; n++) {
        CU_ASSERT_EQUAL(get(captured, n), 0);
        CU_ASSERT(need > n && need <= size);
    }
    CU_ASSERT_EQUAL(get(captured, size), 1);
    CU_ASSERT_EQUAL(hello.sid, 2);
    CU_ASSERT_TRUE(bytes_are(hello.address, "127.0.0.1:23202"));
}

static void
reads_a_bare_sid(void)
{
    CU_ASSERT_EQUAL(get("\0\0\0\0\0\0\0\7", 8), 1);
    CU_ASSERT_EQUAL(hello.sid, 7);
    CU_ASSERT_EQUAL(hello.address.size, -1);
    CU_ASSERT_EQUAL(get("\0\0\0\0\0\0\0\0", 8), 1);
    CU_ASSERT_EQUAL(hello.sid, 0);
}

static void
reads_several_addresses(void)
{
    static const uint8_t v2[] = "\xff\xff\xff\xff\xff\xff\x00\x01"
                                "\x00\x00\x00\x00\x00\x00\x00\x02"
                                "\x00\x00\x00\x1f"
                                "127.0.0.1:23222|127.0.0.2:23222";

    CU_ASSERT_EQUAL(get(v2, sizeof v2 - 1), 1);
    CU_ASSERT_TRUE(bytes_are(hello.address, "127.0.0.1:23222|127.0.0.2:23222"));
}

static void
refuses_what_is_no_hello(void)
{
    uint8_t bad[sizeof captured];

    CU_ASSERT_EQUAL(get("\xff\xff\xff\xff\xff\xff\xff\xff", 8), -EBADMSG);
    memcpy(bad, captured, sizeof bad);
    bad[8] = 0x80; /* a negative sid */
    CU_ASSERT_EQUAL(get(bad, sizeof bad - 1), -EBADMSG);
    memcpy(bad, captured, sizeof bad);
    bad[19] = 0; /* no address */
    CU_ASSERT_EQUAL(get(bad, 20), -EBADMSG);
    bad[18] = 8, bad[19] = 1; /* 2049 bytes of it */
    CU_ASSERT_EQUAL(get(bad, 20), -EBADMSG);
    bad[16] = 0xff;
    CU_ASSERT_EQUAL(get(bad, 20), -EBADMSG);
}

static void
allows_the_longest_address(void)
{
    uint8_t bytes[HELLO_BYTES_MAX];

    memcpy(bytes, captured, 20);
    memset(bytes + 20, 'a', HELLO_ADDRESS_MAX);
    bytes[18] = 8, bytes[19] = 0;
    CU_ASSERT_EQUAL(get(bytes, 20), 0);
    CU_ASSERT_EQUAL(need, sizeof bytes);
    CU_ASSERT_EQUAL(get(bytes, sizeof bytes), 1);
}

static const char *
first_of(const char *list)
{
    static char text[80];
    char host[32];
    int32_t port;

    if (!hello_address(bytes_of(list), host, sizeof host, &port))
        return "none";
    snprintf(text, sizeof text, "%s %d", host, (int)port);
    return text;
}

static void
finds_the_first_address_that_is_one(void)
{
    CU_ASSERT_STRING_EQUAL(first_of("zoo1:3888"), "zoo1 3888");
    CU_ASSERT_STRING_EQUAL(first_of("0.0.0.0:3888|zoo1:3889"), "zoo1 3889");
    CU_ASSERT_STRING_EQUAL(first_of("[::]:1|[fe80::1]:3888"), "fe80::1 3888");
    CU_ASSERT_STRING_EQUAL(first_of("zoo1"), "none");
    CU_ASSERT_STRING_EQUAL(first_of("zoo1:0"), "none");
    CU_ASSERT_STRING_EQUAL(first_of("zoo1:38x8"), "none");
    CU_ASSERT_STRING_EQUAL(first_of("zoo1:65536"), "none");
    CU_ASSERT_STRING_EQUAL(first_of("zoo1:99999999999"), "none");
    CU_ASSERT_STRING_EQUAL(first_of(":3888"), "none");
    CU_ASSERT_STRING_EQUAL(first_of("||"), "none");
    CU_ASSERT_STRING_EQUAL(
        first_of("a-name-that-is-longer-than-there-is-room:1"), "none");
}

/* Who has one address is understood by servers of 3.5, too. */
static void
several_addresses_make_it_another_version(void)
{
    uint8_t bytes[HELLO_BYTES_MAX];
    size_t n = put(bytes, sizeof bytes, 1, "a:3888|[::1]:3888");

    CU_ASSERT_EQUAL(bytes[7], 1); /* -65535 */
    CU_ASSERT_EQUAL(get(bytes, n), 1);
    CU_ASSERT_TRUE(bytes_are(hello.address, "a:3888|[::1]:3888"));
}

UNIT_SUITE(hello)
{
    unit_suite("hello");
    UNIT(writes_what_apache_writes);
    UNIT(reads_what_it_writes_byte_by_byte);
    UNIT(reads_a_bare_sid);
    UNIT(reads_several_addresses);
    UNIT(refuses_what_is_no_hello);
    UNIT(allows_the_longest_address);
    UNIT(finds_the_first_address_that_is_one);
    UNIT(several_addresses_make_it_another_version);
}
