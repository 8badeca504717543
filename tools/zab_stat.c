/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_stat.c - `zab stat HOST:PORT [WORD]`: sends one four-letter word
 * (srvr if none is given) and prints what the server says.
 *
 * Source: spec/client-protocol.md 1.3.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/zab.h"
#include "tools/zab_dial.h"
#include "tools/zab_text.h"

static int
help(FILE *to, int status)
{
    fputs("usage: zab stat HOST:PORT [WORD]\n\n"
          "Sends a word of four letters, srvr if none is given, and prints "
          "the answer.\n",
          to);
    return status;
}

/* Prints the answer.  Returns 0 or -errno; -ENODATA: there was none. */
static int
ask(int fd, const char *word)
{
    bool is_answered = false;
    char text[8192];
    ssize_t n = send(fd, word, 4, MSG_NOSIGNAL);

    while (n > 0 && (n = recv(fd, text, sizeof text, 0)) > 0) {
        fwrite(text, 1, (size_t)n, stdout);
        is_answered = true;
    }
    return n < 0 ? -errno : is_answered ? 0 : -ENODATA;
}

int
zab_stat(int argc, char **argv)
{
    const char *word = argc == 3 ? argv[2] : "srvr";
    int fd, rc;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return help(stdout, ZAB_OK);
    if (argc < 2 || argc > 3 || argv[1][0] == '-' || strlen(word) != 4)
        return help(stderr, ZAB_USAGE);
    if (!zab_dial_takes("stat", argv[1]))
        return ZAB_USAGE;
    fd = zab_dial("stat", argv[1]);
    if (fd < 0)
        return ZAB_FAILED;
    rc = ask(fd, word);
    close(fd);
    if (rc == 0)
        return ZAB_OK;
    zab_complain("stat", "%s: %s", argv[1],
                 rc == -ENODATA ? "the connection was closed without an answer"
                                : zab_dial_why(-rc));
    return ZAB_FAILED;
}
