/* SPDX-License-Identifier: Apache-2.0 */
/* zab_dial.c - see zab_dial.h. */
#include "tools/zab_dial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 10 };

/* getaddrinfo would take 99999 for 34463, and refuse brackets. */
static bool
split(char *text, const char **host, const char **port)
{
    char *colon = strrchr(text, ':'), *end;
    long number;

    if (!colon)
        return false;
    *colon = '\0';
    *host = text;
    *port = colon + 1;
    if (*text == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = text + 1;
    }
    number = strtol(*port, &end, 10);
    return **host && *end == '\0' && number > 0 && number <= 65535;
}

struct addrinfo *
zab_resolve(const char *where, char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    const char *host, *port;
    char text[512];
    int rc;

    snprintf(text, sizeof text, "%s", where);
    if (!split(text, &host, &port)) {
        snprintf(why, why_size, "must be HOST:PORT, a port from 1 to 65535");
        return NULL;
    }
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc == 0)
        return found;
    snprintf(why, why_size, "cannot be resolved: %s",
             rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    return NULL;
}

const char *
zab_dial_why(int error)
{
    return error == EAGAIN || error == EINPROGRESS ? "no answer for 10 s"
                                                   : strerror(error);
}

/* -1 with errno. */
static int
dial_one(const struct addrinfo *a)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int
zab_dial_any(const struct addrinfo *list)
{
    int fd = -1;

    for (; fd < 0 && list; list = list->ai_next)
        fd = dial_one(list);
    return fd;
}

int
zab_dial(const char *me, const char *where)
{
    struct addrinfo *found;
    char why[256];
    int fd;

    found = zab_resolve(where, why, sizeof why);
    if (!found) {
        fprintf(stderr, "zab %s: %s: %s\n", me, where, why);
        return -1;
    }
    fd = zab_dial_any(found);
    if (fd < 0)
        fprintf(stderr, "zab %s: %s: %s\n", me, where, zab_dial_why(errno));
    freeaddrinfo(found);
    return fd;
}
