/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/zab_dial.c: how a server is named, and reached. */
#include "tools/zab_dial.h"

#include <arpa/inet.h>
#include <string.h>

#include "daemon/types.h"
#include "tests/unit/unit.h"

static char why[256];

/* The first address of `where` as text, and its port; else `why`. */
static const char *
first_of(const char *where)
{
    static char text[INET6_ADDRSTRLEN + 32];
    struct addrinfo *found = zab_resolve(where, why, sizeof why);
    char host[INET6_ADDRSTRLEN], port[16];

    if (!found)
        return why;
    getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, sizeof text, "%s %s", host, port);
    freeaddrinfo(found);
    return text;
}

static void
an_address_of_ipv6_may_have_brackets(void)
{
    CU_ASSERT_STRING_EQUAL(first_of("127.0.0.1:2181"), "127.0.0.1 2181");
    CU_ASSERT_STRING_EQUAL(first_of("[::1]:2181"), "::1 2181");
    CU_ASSERT_STRING_EQUAL(first_of("::1:2181"), "::1 2181");
}

/* 99999 would be 34463, another server. */
static void
a_port_is_one_that_there_is(void)
{
    static const char *const bad[] = {
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:99999",
        "127.0.0.1:x",
        ":2181",
        "",
        "--help",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(first_of(bad[i]), "must be HOST:PORT"));
}

static void
a_name_that_nobody_knows_is_no_wrong_spelling(void)
{
    CU_ASSERT_PTR_NOT_NULL(
        strstr(first_of("nobody.invalid:2181"), "cannot be resolved: "));
}

UNIT_SUITE(zab_dial)
{
    unit_suite("zab_dial");
    UNIT(an_address_of_ipv6_may_have_brackets);
    UNIT(a_port_is_one_that_there_is);
    UNIT(a_name_that_nobody_knows_is_no_wrong_spelling);
}
