/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/listen.c: what is told of a port that cannot be had. */
#include "daemon/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static const char question[] = "is another server running?";
static char why[256];

static void
a_port_in_use_makes_think_of_another_server(void)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    int fd = listen_open("127.0.0.1", 0, 1, why, sizeof why);

    CU_ASSERT_FATAL(fd >= 0);
    getsockname(fd, (struct sockaddr *)&at, &size);
    CU_ASSERT_EQUAL(
        listen_open("127.0.0.1", ntohs(at.sin_port), 1, why, sizeof why),
        -EADDRINUSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, question));
    close(fd);
}

static void
an_address_that_is_not_here_does_not(void)
{
    CU_ASSERT_TRUE(listen_open("192.0.2.1", 1, 1, why, sizeof why) < 0);
    CU_ASSERT_PTR_NULL(strstr(why, question));
    CU_ASSERT_TRUE(listen_open("nobody.invalid", 1, 1, why, sizeof why) < 0);
    CU_ASSERT_PTR_NULL(strstr(why, question));
}

static void
a_port_for_datagrams_is_had_by_one(void)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    int fd = listen_datagrams("127.0.0.1", 0, why, sizeof why);

    CU_ASSERT_FATAL(fd >= 0);
    getsockname(fd, (struct sockaddr *)&at, &size);
    CU_ASSERT_EQUAL(
        listen_datagrams("127.0.0.1", ntohs(at.sin_port), why, sizeof why),
        -EADDRINUSE);
    close(fd);
}

UNIT_SUITE(listen)
{
    unit_suite("listen");
    UNIT(a_port_in_use_makes_think_of_another_server);
    UNIT(an_address_that_is_not_here_does_not);
    UNIT(a_port_for_datagrams_is_had_by_one);
}
