/* SPDX-License-Identifier: Apache-2.0 */
/* test_auth.c - claims about net/access/auth.c.  Vectors:
 * client-protocol.md 6.4. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "net/access/acl.h"
#include "net/access/auth.h"
#include "net/wire/java_text.h"
#include "tests/unit/unit.h"

struct holder {
    struct conf conf;
    struct auth_ids ids;
    uint8_t memory[AUTH_IDS_MAX];
};

static struct holder *
nobody(void)
{
    static struct holder h;

    h = (struct holder){.conf = {.digest_auth_enabled = true}};
    h.ids = (struct auth_ids){.data = h.memory, .room = sizeof h.memory};
    return &h;
}

static enum zk_code
say(struct holder *h, const char *scheme, const char *auth)
{
    return auth_add(&h->conf, bytes_of(scheme),
                    auth ? bytes_of(auth) : BYTES_NULL, &h->ids);
}

static uint32_t
id_count(const struct holder *h)
{
    return h->ids.size ? load_be32(h->memory) : 0;
}

static void
peer_of(const char *text, int family, struct sockaddr_storage *peer)
{
    struct sockaddr_in *in4 = (void *)peer;
    struct sockaddr_in6 *in6 = (void *)peer;

    *peer = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    CU_ASSERT_EQUAL_FATAL(inet_pton(family, text,
                                    family == AF_INET
                                        ? (void *)&in4->sin_addr
                                        : (void *)&in6->sin6_addr),
                          1);
}

static bool
address_is(const char *peer_text, int family, const char *want)
{
    struct sockaddr_storage peer;
    char text[AUTH_ADDRESS_MAX];

    peer_of(peer_text, family, &peer);
    auth_address((const struct sockaddr *)&peer, text);
    return strcmp(text, want) == 0;
}

/* What waited keeps the list of its time, count included. */
static void
earlier_identities_are_a_list_of_their_own(void)
{
    struct holder *h = nobody();
    uint8_t memory[AUTH_IDS_MAX];
    struct bytes then;
    uint16_t size;

    say(h, "digest", "bob:pw");
    size = h->ids.size;
    say(h, "digest", "amy:pw");
    then = auth_bytes_then(&h->ids, size, memory);
    CU_ASSERT_EQUAL(then.size, size);
    CU_ASSERT_EQUAL(load_be32(then.data), 1);
    CU_ASSERT_EQUAL(id_count(h), 2);
    then = auth_bytes_then(&h->ids, h->ids.size, memory);
    CU_ASSERT_PTR_EQUAL(then.data, h->ids.data);
}

static void
a_digest_id_is_user_and_hash(void)
{
    char text[128];
    int n =
        auth_digest_id(bytes_of("bob:pw"), CONF_DIGEST_SHA1, text, sizeof text);

    CU_ASSERT_EQUAL_FATAL(n, 32);
    CU_ASSERT_TRUE(memcmp(text, "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=", 32) == 0);
    n = auth_digest_id(bytes_of("super:secret"), CONF_DIGEST_SHA1, text,
                       sizeof text);
    CU_ASSERT_TRUE(
        memcmp(text, "super:lK75jTNcA+U9vtVEw5vB51mj/w4=", (size_t)n) == 0);
    CU_ASSERT_EQUAL(
        auth_digest_id(bytes_of("bob:pw"), CONF_DIGEST_SHA1, text, 31),
        -ENOSPC);
}

static void
every_algorithm_has_its_own_length(void)
{
    static const int want[] = {1 + 1 + 28, 1 + 1 + 44, 1 + 1 + 88, 1 + 1 + 44};
    char text[128];

    for (int alg = CONF_DIGEST_SHA1; alg <= CONF_DIGEST_SHA3_256; alg++)
        CU_ASSERT_EQUAL(auth_digest_id(bytes_of("u:p"), alg, text, sizeof text),
                        want[alg]);
}

static void
digest_accepts_any_text_but_null(void)
{
    struct holder *h = nobody();

    CU_ASSERT_EQUAL(say(h, "digest", "bob:pw"), ZK_OK);
    CU_ASSERT_EQUAL(say(h, "digest", "no colon"), ZK_OK);
    CU_ASSERT_EQUAL(say(h, "digest", ""), ZK_OK);
    CU_ASSERT_EQUAL(id_count(h), 3);
    CU_ASSERT_EQUAL(say(h, "digest", NULL), ZK_AUTH_FAILED);
    CU_ASSERT_EQUAL(id_count(h), 3);
}

/* What is no UTF-8 is hashed and shown as Java reads it. */
static void
a_user_is_read_as_java_reads_it(void)
{
    struct holder *h = nobody();
    char text[64];
    int n = auth_digest_id(bytes_of("\xef\xbf\xbd"), CONF_DIGEST_SHA1, text,
                           sizeof text);

    CU_ASSERT_EQUAL(say(h, "digest", "\xff"), ZK_OK);
    CU_ASSERT_TRUE(memcmp(h->memory + h->ids.size - n, text, (size_t)n) == 0);
}

/* Of all that is hashed only the user is kept. */
static void
a_password_may_be_long(void)
{
    static char long_one[300000];
    struct holder *h = nobody();

    memset(long_one, 'p', sizeof long_one - 1);
    memcpy(long_one, "bob:", 4);
    CU_ASSERT_TRUE(auth_growth(bytes_of(long_one)) < 256);
    h->ids.room = (uint16_t)auth_growth(bytes_of(long_one));
    CU_ASSERT_EQUAL(say(h, "digest", long_one), ZK_OK);
    CU_ASSERT_EQUAL(id_count(h), 1);
}

static void
a_user_of_more_than_the_room_is_refused(void)
{
    static char user[AUTH_IDS_MAX];
    struct holder *h = nobody();

    memset(user, 'u', sizeof user - 1);
    CU_ASSERT_EQUAL(say(h, "digest", user), ZK_AUTH_FAILED);
    user[AUTH_IDS_MAX - 100] = 0;
    CU_ASSERT_EQUAL(say(h, "digest", user), ZK_OK);
}

/* As the password of nobody: `size` bytes of `part`, again and again. */
static struct bytes
password_of(const char *part, size_t size, uint8_t *text)
{
    text[0] = ':';
    for (size_t i = 1; i < size; i++)
        text[i] = (uint8_t)part[i % strlen(part)];
    return (struct bytes){text, (int32_t)size};
}

/* However it is cut into pieces, a text is read as if it were not. */
static void
a_long_text_is_read_as_a_whole(void)
{
    static const char *const parts[] = {"\xf0\x9f\x98\x80", "\xe2\x82", "\x80",
                                        "\xed\xa0\x80", "x\xc3\xa9"};
    static uint8_t text[20000], read[3 * sizeof text];
    char id[64], want[64];

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        for (size_t size = sizeof text; size > sizeof text - 5; size--) {
            struct bytes raw = password_of(parts[i], size, text);
            struct bytes as_java = {read, (int32_t)java_text(raw, read)};
            int n = auth_digest_id(raw, CONF_DIGEST_SHA1, id, sizeof id);

            auth_digest_id(as_java, CONF_DIGEST_SHA1, want, sizeof want);
            CU_ASSERT_EQUAL_FATAL(n, 29);
            CU_ASSERT_TRUE(memcmp(id, want, 29) == 0);
        }
}

static void
the_same_identity_is_kept_once(void)
{
    struct holder *h = nobody();

    say(h, "digest", "bob:pw");
    say(h, "digest", "bob:pw");
    CU_ASSERT_EQUAL(id_count(h), 1);
}

static void
the_super_password_makes_a_super_user(void)
{
    struct holder *h = nobody();

    snprintf(h->conf.super_digest, sizeof h->conf.super_digest,
             "super:lK75jTNcA+U9vtVEw5vB51mj/w4=");
    CU_ASSERT_EQUAL(say(h, "digest", "super:wrong"), ZK_OK);
    CU_ASSERT_FALSE(acl_is_super(auth_bytes(&h->ids)));
    CU_ASSERT_EQUAL(say(h, "digest", "super:secret"), ZK_OK);
    CU_ASSERT_TRUE(acl_is_super(auth_bytes(&h->ids)));
    CU_ASSERT_EQUAL(id_count(h), 3);
}

static void
only_digest_and_ip_are_schemes(void)
{
    static const char *const no[] = {"world", "super", "auth",  "sasl",
                                     "x509",  "",      "DIGEST"};
    struct holder *h = nobody();

    CU_ASSERT_EQUAL(say(h, "ip", NULL), ZK_OK);
    CU_ASSERT_EQUAL(id_count(h), 0);
    for (size_t i = 0; i < ARRAY_COUNT(no); i++)
        CU_ASSERT_EQUAL(say(h, no[i], "a:b"), ZK_AUTH_FAILED);
    CU_ASSERT_EQUAL(auth_add(&h->conf, BYTES_NULL, bytes_of("a"), &h->ids),
                    ZK_AUTH_FAILED);
    h->conf.digest_auth_enabled = false;
    CU_ASSERT_EQUAL(say(h, "digest", "a:b"), ZK_AUTH_FAILED);
}

static void
a_list_without_room_refuses_and_stays_whole(void)
{
    struct holder *h = nobody();

    say(h, "digest", "bob:pw");
    h->ids.room = h->ids.size + 10;
    CU_ASSERT_EQUAL(say(h, "digest", "eve:pw"), ZK_AUTH_FAILED);
    CU_ASSERT_EQUAL(id_count(h), 1);
}

static void
growth_is_enough_room(void)
{
    static char user[3000];
    struct holder *h = nobody();

    memset(user, 'u', sizeof user - 1);
    h->conf.digest_alg = CONF_DIGEST_SHA512;
    h->ids.room = (uint16_t)auth_growth(bytes_of(user));
    CU_ASSERT_EQUAL(say(h, "digest", user), ZK_OK);
}

/* Three bytes for one, the longest hash, and the super user besides. */
static void
growth_is_enough_room_for_the_longest_that_becomes_of_it(void)
{
    const char *user = "\xff\xff\xff", *read = "\xef\xbf\xbd\xef\xbf\xbd\xef"
                                               "\xbf\xbd";
    struct holder *h = nobody();

    h->conf.digest_alg = CONF_DIGEST_SHA512;
    CU_ASSERT_TRUE(auth_digest_id(bytes_of(read), CONF_DIGEST_SHA512,
                                  h->conf.super_digest,
                                  sizeof h->conf.super_digest) > 0);
    h->ids.room = (uint16_t)auth_growth(bytes_of(user));
    CU_ASSERT_EQUAL(say(h, "digest", user), ZK_OK);
    CU_ASSERT_EQUAL(id_count(h), 2);
}

/* As long as may be asked, of bytes that each become three. */
static void
an_id_longer_than_there_is_room_is_refused(void)
{
    static char user[AUTH_IDS_MAX / 3 + 1];
    struct holder *h = nobody();

    memset(user, 0xff, sizeof user - 1);
    CU_ASSERT_EQUAL(say(h, "digest", user), ZK_AUTH_FAILED);
    CU_ASSERT_EQUAL(id_count(h), 0);
}

static void
addresses_are_written_as_java_does(void)
{
    CU_ASSERT_TRUE(address_is("127.0.0.1", AF_INET, "127.0.0.1"));
    CU_ASSERT_TRUE(address_is("::ffff:10.1.2.3", AF_INET6, "10.1.2.3"));
    CU_ASSERT_TRUE(address_is("::1", AF_INET6, "0:0:0:0:0:0:0:1"));
    CU_ASSERT_TRUE(address_is("fe80::12ab", AF_INET6, "fe80:0:0:0:0:0:0:12ab"));
}

static void
enforced_schemes_are_looked_for(void)
{
    struct holder *h = nobody();
    struct sockaddr_storage peer;

    peer_of("1.2.3.4", AF_INET, &peer);
    CU_ASSERT_FALSE(auth_holds(auth_bytes(&h->ids), CONF_SCHEME_IP));
    CU_ASSERT_EQUAL(auth_add_ip((struct sockaddr *)&peer, &h->ids), ZK_OK);
    CU_ASSERT_TRUE(auth_holds(auth_bytes(&h->ids), CONF_SCHEME_IP));
    CU_ASSERT_FALSE(auth_holds(auth_bytes(&h->ids), CONF_SCHEME_DIGEST));
    say(h, "digest", "a:b");
    CU_ASSERT_TRUE(auth_holds(auth_bytes(&h->ids), CONF_SCHEME_DIGEST));
    CU_ASSERT_FALSE(auth_holds(auth_bytes(&h->ids), 0));
}

static void
who_am_i_shows_users_without_their_hash(void)
{
    struct holder *h = nobody();
    struct sockaddr_storage peer;
    uint8_t memory[256];
    struct jute_out out = jute_out_of(memory, sizeof memory);
    struct jute_in in;

    peer_of("::1", AF_INET6, &peer);
    auth_add_ip((struct sockaddr *)&peer, &h->ids);
    say(h, "digest", "bob:pw");
    auth_put_clients(auth_bytes(&h->ids), &out);
    in = jute_in_of(memory, jute_out_size(&out));
    CU_ASSERT_EQUAL(jute_get_count(&in), 2);
    CU_ASSERT_TRUE(bytes_are(jute_get_bytes(&in), "ip"));
    CU_ASSERT_TRUE(bytes_are(jute_get_bytes(&in), "0:0:0:0:0:0:0:1"));
    CU_ASSERT_TRUE(bytes_are(jute_get_bytes(&in), "digest"));
    CU_ASSERT_TRUE(bytes_are(jute_get_bytes(&in), "bob"));
    CU_ASSERT_FALSE(in.bad);
}

UNIT_SUITE(auth)
{
    unit_suite("auth");
    UNIT(a_digest_id_is_user_and_hash);
    UNIT(every_algorithm_has_its_own_length);
    UNIT(digest_accepts_any_text_but_null);
    UNIT(a_user_is_read_as_java_reads_it);
    UNIT(a_password_may_be_long);
    UNIT(a_user_of_more_than_the_room_is_refused);
    UNIT(a_long_text_is_read_as_a_whole);
    UNIT(the_same_identity_is_kept_once);
    UNIT(the_super_password_makes_a_super_user);
    UNIT(only_digest_and_ip_are_schemes);
    UNIT(earlier_identities_are_a_list_of_their_own);
    UNIT(a_list_without_room_refuses_and_stays_whole);
    UNIT(growth_is_enough_room);
    UNIT(growth_is_enough_room_for_the_longest_that_becomes_of_it);
    UNIT(an_id_longer_than_there_is_room_is_refused);
    UNIT(addresses_are_written_as_java_does);
    UNIT(enforced_schemes_are_looked_for);
    UNIT(who_am_i_shows_users_without_their_hash);
}
