/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/port.c: what becomes of a port that cannot be had, and
   of those who knock at one. */
#include "election/port.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct ev_loop *loop;
static struct resolver resolver;
static struct port port;
static struct conf conf;
static int failures, knocks;

static void
on_failed(void *arg, const char *why, int times)
{
    (void)arg, (void)why;
    failures = times;
}

static void
on_knock(void *arg, int fd)
{
    (void)arg;
    knocks++;
    close(fd);
}

static void
given_a_server_at(const char *host)
{
    failures = knocks = 0;
    loop = ev_loop_new(EVFLAG_AUTO);
    resolver_init(&resolver, loop);
    port_init(&port, &resolver, "test", on_knock, on_failed, NULL, 1);
    conf.my_sid = 1;
    conf.member_count = 1;
    conf.member[0] = (struct conf_member){.sid = 1, .election_port = 0};
    snprintf(conf.member[0].host, sizeof conf.member[0].host, "%s", host);
    port_open_election(&port, &conf);
}

static void
done(void)
{
    port_close(&port);
    ev_loop_destroy(loop);
}

/* A process that ended for it would only be another one that waits. */
static void
an_unknown_name_of_our_own_is_asked_for_until_it_is_known(void)
{
    given_a_server_at("nobody.invalid");
    for (int i = 0; i < 5; i++) {
        while (!ev_is_active(&port.place[0].again))
            ev_run(loop, EVRUN_ONCE);
        ev_run(loop, EVRUN_ONCE);
        CU_ASSERT(port.place[0].is_nameless);
    }
    CU_ASSERT_EQUAL(failures, 0);
    CU_ASSERT_FALSE(port_is_open(&port));
    snprintf(port.place[0].host, sizeof port.place[0].host, "localhost");
    while (!port_is_open(&port))
        ev_run(loop, EVRUN_ONCE);
    CU_ASSERT_FALSE(port.place[0].is_nameless);
    done();
}

/* Somebody has the port, or it is no address of this machine. */
static void
a_port_that_cannot_be_bound_has_failed(void)
{
    given_a_server_at("192.0.2.1");
    while (failures < 3)
        ev_run(loop, EVRUN_ONCE);
    CU_ASSERT_FALSE(port_is_open(&port));
    done();
}

static int
knock(void)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    getsockname(port.place[0].listener[0].fd, (struct sockaddr *)&at, &size);
    CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&at, size), 0);
    return fd;
}

/* The socket stays readable: a loop that asked again would do nothing else. */
static void
who_knocks_while_no_descriptor_is_left_waits(void)
{
    struct rlimit was, none;
    int fd;

    given_a_server_at("127.0.0.1");
    fd = knock();
    getrlimit(RLIMIT_NOFILE, &was);
    none = (struct rlimit){(rlim_t)fd + 1, was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    ev_run(loop, EVRUN_ONCE);
    CU_ASSERT_FALSE(ev_is_active(&port.place[0].listener[0]));
    CU_ASSERT_TRUE(port_is_open(&port));
    setrlimit(RLIMIT_NOFILE, &was);
    while (knocks == 0)
        ev_run(loop, EVRUN_ONCE);
    close(fd);
    done();
}

UNIT_SUITE(port)
{
    unit_suite("port");
    UNIT(an_unknown_name_of_our_own_is_asked_for_until_it_is_known);
    UNIT(a_port_that_cannot_be_bound_has_failed);
    UNIT(who_knocks_while_no_descriptor_is_left_waits);
}
