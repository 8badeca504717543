/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - facts that only a bug of our own can break.
 *
 * Never compiled out.  What comes from disk, wire, operator or kernel is
 * tested with `if` and answered instead.  Usable in pure cores: check_failed
 * is the only symbol it needs.
 */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include <stdnoreturn.h>

/* Log the broken fact and abort, which the supervisor sees. */
noreturn void check_failed(const char *fact, const char *file, int line);

#define check(fact)                                                            \
    (__builtin_expect(!!(fact), 1) ? (void)0                                   \
                                   : check_failed(#fact, __FILE__, __LINE__))

#define never(why) check_failed(why, __FILE__, __LINE__)

/* Costly checks, in test builds only (-DCHECK_SLOW: make unit-asan). */
#ifdef CHECK_SLOW
#define check_slow(fact) check(fact)
#else
#define check_slow(fact) ((void)0)
#endif

#endif
