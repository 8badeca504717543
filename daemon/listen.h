/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen.h - a listening socket: the client port, opened by the supervisor; the
 * ports for servers, by whoever serves them.
 */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Listen on `address` (empty: every address, IPv6 and IPv4) and `port`, not
 * blocking, close-on-exec.  Returns the descriptor or -errno; on error `why`
 * gets one line for the operator.  Resolves names: may take a while.
 */
int listen_open(const char *address, int32_t port, int32_t backlog, char *why,
                size_t why_size);

/* The same of a port for datagrams, which nobody else may have. */
int listen_datagrams(const char *address, int32_t port, char *why,
                     size_t why_size);

#endif
