/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - see listen.h.  Supervisor; election and replication process. */
#include "daemon/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* With SO_REUSEADDR two could have one port for datagrams. */
static int
listen_on(const struct addrinfo *ai, int backlog)
{
    int fd = socket(ai->ai_family,
                    ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int is_stream = ai->ai_socktype == SOCK_STREAM, off = 0, rc;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &is_stream, sizeof is_stream);
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
        (!is_stream || listen(fd, backlog) == 0))
        return fd;
    rc = -errno;
    close(fd);
    return rc;
}

/* -EAFNOSUPPORT: no address is of this family. */
static int
listen_first(const struct addrinfo *list, int family, int backlog)
{
    int rc = -EAFNOSUPPORT;

    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        if (ai->ai_family != family)
            continue;
        rc = listen_on(ai, backlog);
        if (rc >= 0)
            return rc;
    }
    return rc;
}

/*
 * Without an address the IPv6 wildcard, which takes IPv4 too, if there is one.
 * A name means its IPv4 address, if it has one, as it does to Java's clients.
 */
static int
listen_best(const struct addrinfo *list, bool is_any, int backlog)
{
    int first = listen_first(list, is_any ? AF_INET6 : AF_INET, backlog), rc;

    if (first >= 0 || first == -EADDRINUSE)
        return first;
    rc = listen_first(list, is_any ? AF_INET : AF_INET6, backlog);
    return rc == -EAFNOSUPPORT ? first : rc;
}

static int
listen_as(int socktype, const char *address, int32_t port, int32_t backlog,
          char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_socktype = socktype,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const char *host = *address ? address : NULL;
    struct addrinfo *list;
    char service[16];
    int rc, gai;

    snprintf(service, sizeof service, "%d", (int)port);
    gai = getaddrinfo(host, service, &hints, &list);
    if (gai != 0) {
        snprintf(why, why_size, "cannot resolve %s: %s", address,
                 gai_strerror(gai));
        return -EADDRNOTAVAIL;
    }
    rc = listen_best(list, !host, backlog);
    freeaddrinfo(list);
    if (rc < 0)
        snprintf(why, why_size, "cannot listen on %s:%d: %s%s",
                 host ? host : "*", (int)port, strerror(-rc),
                 rc == -EADDRINUSE ? "; is another server running?" : "");
    return rc;
}

int
listen_open(const char *address, int32_t port, int32_t backlog, char *why,
            size_t why_size)
{
    return listen_as(SOCK_STREAM, address, port, backlog, why, why_size);
}

int
listen_datagrams(const char *address, int32_t port, char *why, size_t why_size)
{
    return listen_as(SOCK_DGRAM, address, port, 0, why, why_size);
}
