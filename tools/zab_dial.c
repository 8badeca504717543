/* SPDX-License-Identifier: Apache-2.0 */
/* zab_dial.c - see zab_dial.h. */
#include "tools/zab_dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/zab_text.h"

static const char rule[] = "must be HOST:PORT, a port from 1 to 65535";

enum { PATIENCE_S = 10, DIAL_MAX = 512 };

/*
 * Into `text`, of DIAL_MAX bytes; false: that is none.  getaddrinfo would take
 * 99999 for 34463, and refuse brackets.
 */
static bool
split(const char *where, char *text, const char **host, const char **port)
{
    char *colon, *end;
    long number;

    if (snprintf(text, DIAL_MAX, "%s", where) >= DIAL_MAX)
        return false;
    colon = strrchr(text, ':');
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

bool
zab_is_host_port(const char *where)
{
    const char *host, *port;
    char text[DIAL_MAX];

    return split(where, text, &host, &port);
}

bool
zab_dial_takes(const char *me, const char *where)
{
    if (zab_is_host_port(where))
        return true;
    zab_complain(me, "%s: %s", where, rule);
    return false;
}

struct addrinfo *
zab_resolve(const char *where, char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    const char *host, *port;
    char text[DIAL_MAX];
    int rc;

    if (!split(where, text, &host, &port)) {
        snprintf(why, why_size, "%s", rule);
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
        zab_complain(me, "%s: %s", where, why);
        return -1;
    }
    fd = zab_dial_any(found);
    if (fd < 0)
        zab_complain(me, "%s: %s", where, zab_dial_why(errno));
    freeaddrinfo(found);
    return fd;
}
