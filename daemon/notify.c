/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - see notify.h. */
#include "daemon/notify.h"

#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

enum { TEXT_MAX = 512, PATIENCE_MS = 1000 };

/* A path, or with @ in front a name without a file; -1: it cannot be. */
static int
connect_to(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    int fd;

    if (n >= sizeof at.sun_path)
        return -1;
    memcpy(at.sun_path, name, n);
    if (*name == '@')
        at.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Is it taken within `patience_ms`? */
static bool
tell(int patience_ms, const char *format, va_list args)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct pollfd room = {.events = POLLOUT};
    char text[TEXT_MAX];
    bool is_taken;

    if (!name || !*name)
        return true;
    vsnprintf(text, sizeof text, format, args);
    room.fd = connect_to(name);
    if (room.fd < 0)
        return false;
    is_taken =
        poll(&room, 1, patience_ms) == 1 &&
        send(room.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
    close(room.fd);
    return is_taken;
}

void
notify_often(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)tell(0, format, args);
    va_end(args);
}

void
notify_once(const char *format, ...)
{
    va_list args;
    bool is_taken;

    va_start(args, format);
    is_taken = tell(PATIENCE_MS, format, args);
    va_end(args);
    if (!is_taken)
        log_warn("systemd does not take what it is told: %s", format);
}
