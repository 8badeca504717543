/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - lines for the operator, on stderr.
 *
 * error: somebody must act; warn: handled, yet it should not happen; info: a
 * change of state; debug: every message.  To a journal each line carries
 * the <N> priority and no time; to a terminal a time, the level and the
 * process.  One write(2) per line, so lines of processes never mix.
 * Control characters from outside are printed as `?`.  A journal, pipe or
 * terminal that nobody reads costs no time but lines, which are counted, and
 * the count is logged.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdnoreturn.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * Lines below `*level` are dropped.  The level lives where the caller says
 * (shared memory in the server), so that a reload reaches every process.
 * Until the first call it is info.  `level` is borrowed for ever.  From then
 * on, if stderr is a pipe or a socket, nobody waits for its reader.
 */
void log_open(const _Atomic int *level);

/* The name that this process's lines carry, for instance "client 2". */
void log_set_name(const char *name);

bool log_wants(enum log_level level);

void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                         \
    (log_wants(LOG_DEBUG) ? log_line(LOG_DEBUG, __VA_ARGS__) : (void)0)

/* At most one line a second from this place; says how many were dropped. */
#define log_warn_often(...)                                                    \
    do {                                                                       \
        static struct log_limit limit_;                                        \
        if (log_limit_pass(&limit_))                                           \
            log_limited(&limit_, LOG_WARN, __VA_ARGS__);                       \
    } while (0)

/* What it is made of. */
struct log_limit {
    long long second; /* of the last line, plus 1; 0: none yet */
    unsigned dropped;
    unsigned to_report;
};

bool log_limit_pass(struct log_limit *limit);
void log_limited(struct log_limit *limit, enum log_level level,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Exit codes that mean something to the supervisor and to systemd
 * (spec/operations.md 12.1).
 */
enum exit_code {
    EXIT_OK = 0,
    EXIT_UNEXPECTED = 1, /* worth another try */
    EXIT_CONFIG = 2,     /* bad arguments or configuration: do not restart */
    EXIT_DATA = 3,       /* data directory unusable: do not restart */
    EXIT_RELOAD = 4,     /* replication: to load files that changed under it */
    EXIT_LATER = 5,      /* there is no room now: another try in a while */
};

/* This process cannot keep its promise: say why, with the remedy, and end. */
noreturn void fatal(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
