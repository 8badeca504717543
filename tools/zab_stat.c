/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_stat.c - `zab stat HOST:PORT [WORD]`: sends one four-letter word
 * (srvr if none is given) and prints what the server says.
 *
 * Source: spec/client-protocol.md 1.3.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/zab.h"

enum { PATIENCE_S = 10 };

/* A connected socket, or -1 with one line on stderr. */
static int
dial(const char *where)
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
        fprintf(stderr, "zab stat: %s: must be HOST:PORT\n", where);
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
        fprintf(stderr, "zab stat: %s: %s\n", where, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

int
zab_stat(int argc, char **argv)
{
    const char *word = argc == 3 ? argv[2] : "srvr";
    char text[8192];
    ssize_t n;
    int fd;

    if (argc < 2 || argc > 3 || strlen(word) != 4) {
        fputs("usage: zab stat HOST:PORT [WORD], a word of four letters\n",
              stderr);
        return ZAB_USAGE;
    }
    fd = dial(argv[1]);
    if (fd < 0)
        return ZAB_FAILED;
    n = send(fd, word, 4, MSG_NOSIGNAL);
    while (n > 0 && (n = recv(fd, text, sizeof text, 0)) > 0)
        fwrite(text, 1, (size_t)n, stdout);
    if (n < 0)
        fprintf(stderr, "zab stat: %s: %s\n", argv[1], strerror(errno));
    close(fd);
    return n < 0 ? ZAB_FAILED : ZAB_OK;
}
