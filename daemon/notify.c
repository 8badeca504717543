/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - see notify.h. */
#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

enum { TEXT_MAX = 1024, PATIENCE_S = 1 };

/* To a path, or with @ in front to an abstract name; -1: it failed. */
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

/* Whether it is taken within `seconds`; 0: at once. */
static bool
send_within(int fd, const char *text, time_t seconds)
{
    struct timeval patience = {.tv_sec = seconds};
    int flags = MSG_NOSIGNAL | (seconds > 0 ? 0 : MSG_DONTWAIT);
    ssize_t n;

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    do
        n = send(fd, text, strlen(text), flags);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

static bool
tell(time_t seconds, const char *format, va_list args)
{
    const char *name = getenv("NOTIFY_SOCKET");
    char text[TEXT_MAX];
    bool is_taken;
    int fd;

    if (!name || !*name)
        return true;
    vsnprintf(text, sizeof text, format, args);
    fd = connect_to(name);
    if (fd < 0)
        return false;
    is_taken = send_within(fd, text, seconds);
    close(fd);
    return is_taken;
}

bool
notify_often(const char *format, ...)
{
    va_list args;
    bool is_taken;

    va_start(args, format);
    is_taken = tell(0, format, args);
    va_end(args);
    return is_taken;
}

void
notify_once(const char *format, ...)
{
    va_list args;
    bool is_taken;

    va_start(args, format);
    is_taken = tell(PATIENCE_S, format, args);
    va_end(args);
    if (!is_taken)
        log_warn("systemd does not take what it is told: %.*s",
                 (int)strcspn(format, "\n"), format);
}
