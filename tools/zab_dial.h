/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_dial.h - a connection to a server, for commands that ask a running one.
 */
#ifndef TOOLS_ZAB_DIAL_H
#define TOOLS_ZAB_DIAL_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether `where` has the form HOST:PORT, whoever that may be. */
bool zab_is_host_port(const char *where);

/* The same; complains if not, begun with `me`: the arguments are bad. */
bool zab_dial_takes(const char *me, const char *where);

/*
 * The addresses of HOST:PORT, for freeaddrinfo; an IPv6 address may have its
 * brackets.  NULL: `why` says what is wrong.
 */
struct addrinfo *zab_resolve(const char *where, char *why, size_t why_size);

/* A socket as zab_dial's, to the first of these that answers; -1 with errno. */
int zab_dial_any(const struct addrinfo *list);

/* What errno says of such a socket. */
const char *zab_dial_why(int error);

/*
 * A connected blocking socket to HOST:PORT whose reads and writes give up
 * after ten seconds; -1 with one line on stderr, begun with `me`.
 */
int zab_dial(const char *me, const char *where);

#endif
