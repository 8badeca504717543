/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h.  Any process, after fork too; no thread. */
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 2048, /* a pipe takes so many whole or not at all */
    PATIENCE_MS = 100,     /* with a reader */
};

static const _Atomic int info_level = LOG_INFO;
static const _Atomic int *threshold = &info_level;
static char process_name[32] = "zabd";
static int to_journal = -1; /* -1: not looked yet */
static unsigned lost;       /* lines since the reader took the last one */
static int own_pipe = -1;   /* stderr's, opened anew: it does not wait */
static bool is_socket;      /* stderr is one: MSG_DONTWAIT will do */
static bool asks_for_room;  /* else a write without room says so */

/* systemd names the stream it connected: JOURNAL_STREAM=device:inode. */
static bool
stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long dev, ino;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
           st.st_ino == ino;
}

/*
 * A file always has room, and a terminal shares its flags with the shell.
 * Others may write to our pipe, too, and did not ask for O_NONBLOCK: it is
 * opened anew, unless it belongs to another user.
 */
static void
do_not_wait_for_readers(void)
{
    struct stat st = {0};

    if (own_pipe >= 0)
        close(own_pipe);
    own_pipe = -1;
    (void)fstat(STDERR_FILENO, &st);
    is_socket = S_ISSOCK(st.st_mode);
    if (S_ISFIFO(st.st_mode))
        own_pipe = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    asks_for_room =
        isatty(STDERR_FILENO) || (S_ISFIFO(st.st_mode) && own_pipe < 0);
}

void
log_open(const _Atomic int *level)
{
    threshold = level;
    do_not_wait_for_readers();
}

void
log_set_name(const char *name)
{
    snprintf(process_name, sizeof process_name, "%s", name);
    lost = 0; /* those were the parent's */
}

bool
log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(threshold, memory_order_relaxed);
}

static size_t
put_prefix(char *line, size_t size, enum log_level level)
{
    static const char priority[] = {'3', '4', '6', '7'};
    static const char *const word[] = {"ERROR", "WARN ", "INFO ", "DEBUG"};
    struct timespec now;
    struct tm tm;
    char time_text[32];
    int n;

    if (to_journal < 0)
        to_journal = stderr_is_journal();
    if (to_journal) {
        n = snprintf(line, size, "<%c>[%s] ", priority[level], process_name);
        return (size_t)n;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    strftime(time_text, sizeof time_text, "%Y-%m-%d %H:%M:%S", &tm);
    n = snprintf(line, size, "%s,%03ld %s [%s] ", time_text,
                 now.tv_nsec / 1000000, word[level], process_name);
    return (size_t)n;
}

/* Whatever a client or a file put in, a record stays one printable line. */
static void
mask_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static bool
has_room(int patience_ms)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&fd, 1, patience_ms) == 1;
}

/* false: there is no room.  There is nobody to tell of other errors. */
static bool
try_write(const char *line, size_t size)
{
    ssize_t n;

    if (asks_for_room && !has_room(0))
        return false;
    if (is_socket)
        n = send(STDERR_FILENO, line, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    else
        n = write(own_pipe < 0 ? STDERR_FILENO : own_pipe, line, size);
    return n >= 0 || errno != EAGAIN;
}

/*
 * The reader may stand still: a journald that was stopped, a pager, a
 * terminal after Control-S.  We do not: once a line has waited in vain, all are
 * lost until one is taken.
 */
static bool
write_line(const char *line, size_t size)
{
    return try_write(line, size) ||
           (lost == 0 && has_room(PATIENCE_MS) && try_write(line, size));
}

static void
put_line(enum log_level level, const char *format, va_list args)
{
    char line[LINE_MAX_BYTES];
    size_t at = put_prefix(line, sizeof line, level);
    int n = vsnprintf(line + at, sizeof line - at - 1, format, args);
    unsigned before = lost;

    if (n < 0)
        return;
    mask_controls(line + at);
    at = strlen(line);
    line[at++] = '\n';
    lost = write_line(line, at) ? 0 : before + 1;
    if (lost == 0 && before > 0)
        log_line(LOG_WARN,
                 "%u lines were lost before the last one: who reads "
                 "this log stood still",
                 before);
}

void
log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (!log_wants(level))
        return;
    va_start(args, format);
    put_line(level, format, args);
    va_end(args);
}

bool
log_limit_pass(struct log_limit *limit)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (limit->second == (long long)now.tv_sec + 1) {
        limit->dropped++;
        return false;
    }
    limit->second = (long long)now.tv_sec + 1;
    limit->to_report = limit->dropped;
    limit->dropped = 0;
    return true;
}

void
log_limited(struct log_limit *limit, enum log_level level, const char *format,
            ...)
{
    va_list args;

    if (!log_wants(level))
        return;
    va_start(args, format);
    put_line(level, format, args);
    va_end(args);
    if (limit->to_report > 0)
        log_line(level, "the last line was suppressed %u times",
                 limit->to_report);
}

void
fatal(enum exit_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_line(LOG_ERROR, format, args);
    va_end(args);
    exit((int)code);
}
