/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - telling systemd, which may stand still.
 *
 * sd_notify(3) waits until it is heard.  A systemd that froze, or whoever else
 * has the other end of NOTIFY_SOCKET, would stop the supervisor with a status
 * that nobody reads; and a server without its supervisor replaces nobody and
 * cannot be stopped.
 *
 * The supervisor's.  Texts are assignments as sd_notify has them, one a line.
 * Where nobody wants to be told, nothing is done.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>

/*
 * What is told again before long: a status, a heart beat.  Does not wait.
 * False: it was not taken.
 */
bool notify_often(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* What is told once.  Waits a second for a busy systemd, then warns of it. */
void notify_once(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
