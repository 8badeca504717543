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

/* getaddrinfo would take 99999 for 34463, and no brackets. */
static bool
split(char *text, const char **host, const char **port)
{
    char *colon = strrchr(text, ':');
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
    number = strtol(*port, NULL, 10);
    return **host && number > 0 && number <= 65535;
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

int
zab_dial(const char *me, const char *where)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct addrinfo *found;
    char why[256];
    int fd;

    found = zab_resolve(where, why, sizeof why);
    if (!found) {
        fprintf(stderr, "zab %s: %s: %s\n", me, where, why);
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
