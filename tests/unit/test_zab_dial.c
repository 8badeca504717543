/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/zab_dial.c: how a server is named, and reached. */
#include "tools/zab_dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
        "127.0.0.1",   "127.0.0.1:",      "127.0.0.1:0", "127.0.0.1:99999",
        "127.0.0.1:x", "127.0.0.1:2181x", ":2181",       "",
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

/* A socket of this machine that listens, or not; `a` leads there. */
static int
given_port(bool listens, struct sockaddr_in *at, struct addrinfo *a)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)at, size), 0);
    getsockname(fd, (struct sockaddr *)at, &size);
    if (listens)
        CU_ASSERT_EQUAL(listen(fd, 1), 0);
    *a = (struct addrinfo){.ai_family = AF_INET,
                           .ai_addr = (struct sockaddr *)at,
                           .ai_addrlen = size};
    return fd;
}

/* localhost is ::1 first, and the server may be at 127.0.0.1 only. */
static void
every_address_of_a_name_is_tried(void)
{
    struct sockaddr_in dead_at, live_at;
    struct addrinfo dead, live;
    int dead_fd = given_port(false, &dead_at, &dead);
    int live_fd = given_port(true, &live_at, &live);
    int fd;

    CU_ASSERT_EQUAL(zab_dial_any(&dead), -1);
    CU_ASSERT_EQUAL(errno, ECONNREFUSED);
    dead.ai_next = &live;
    fd = zab_dial_any(&dead);
    CU_ASSERT_TRUE(fd >= 0);
    close(fd);
    close(live_fd);
    close(dead_fd);
}

/* "Resource temporarily unavailable" is what the kernel calls it. */
static void
a_server_that_is_silent_is_called_so(void)
{
    CU_ASSERT_STRING_EQUAL(zab_dial_why(EAGAIN), "no answer for 10 s");
    CU_ASSERT_STRING_EQUAL(zab_dial_why(EINPROGRESS), "no answer for 10 s");
    CU_ASSERT_STRING_EQUAL(zab_dial_why(ECONNREFUSED), "Connection refused");
}

UNIT_SUITE(zab_dial)
{
    unit_suite("zab_dial");
    UNIT(an_address_of_ipv6_may_have_brackets);
    UNIT(a_port_is_one_that_there_is);
    UNIT(a_name_that_nobody_knows_is_no_wrong_spelling);
    UNIT(every_address_of_a_name_is_tried);
    UNIT(a_server_that_is_silent_is_called_so);
}
