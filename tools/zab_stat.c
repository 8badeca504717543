/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_stat.c - `zab stat HOST:PORT [WORD]`: sends one four-letter word
 * (srvr if none is given) and prints what the server says.
 *
 * Source: spec/client-protocol.md 1.3.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/zab.h"
#include "tools/zab_dial.h"

static int
help(FILE *to, int status)
{
    fputs("usage: zab stat HOST:PORT [WORD]\n\n"
          "Sends a word of four letters, srvr if none is given, and prints "
          "the answer.\n",
          to);
    return status;
}

int
zab_stat(int argc, char **argv)
{
    const char *word = argc == 3 ? argv[2] : "srvr";
    char text[8192];
    ssize_t n;
    int fd;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return help(stdout, ZAB_OK);
    if (argc < 2 || argc > 3 || strlen(word) != 4)
        return help(stderr, ZAB_USAGE);
    fd = zab_dial("stat", argv[1]);
    if (fd < 0)
        return ZAB_FAILED;
    n = send(fd, word, 4, MSG_NOSIGNAL);
    while (n > 0 && (n = recv(fd, text, sizeof text, 0)) > 0)
        fwrite(text, 1, (size_t)n, stdout);
    if (n < 0)
        fprintf(stderr, "zab stat: %s: %s\n", argv[1], zab_dial_why(errno));
    close(fd);
    return n < 0 ? ZAB_FAILED : ZAB_OK;
}
