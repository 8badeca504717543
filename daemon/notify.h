/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - telling systemd, without waiting for it.
 *
 * sd_notify(3) waits until it is heard.  A systemd that froze, or whoever else
 * has the other end of NOTIFY_SOCKET, would stop the supervisor over a status
 * that nobody reads; and a server without its supervisor replaces no process
 * and cannot be stopped.
 *
 * Supervisor only.  A text is sd_notify's: assignments, one a line.  Without
 * NOTIFY_SOCKET nothing happens.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>

/*
 * For what is told again before long: a status, a heart beat.  Does not wait.
 * False: it was not taken.
 */
bool notify_often(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* For what is told once.  Waits a second for a busy systemd, then warns. */
void notify_once(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
