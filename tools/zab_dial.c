/* SPDX-License-Identifier: Apache-2.0 */
/* zab_dial.c - see zab_dial.h. */
#include "tools/zab_dial.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 10 };

int
zab_dial(const char *me, const char *where)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    char host[256], *port;
    int fd, rc;

    snprintf(host, sizeof host, "%s", where);
    port = strrchr(host, ':');
    if (port)
        *port++ = '\0';
    rc = port ? getaddrinfo(host, port, &hints, &found) : EAI_NONAME;
    if (rc != 0) {
        fprintf(stderr, "zab %s: %s: must be HOST:PORT\n", me, where);
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
        fprintf(stderr, "zab %s: %s: %s\n", me, where, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}
