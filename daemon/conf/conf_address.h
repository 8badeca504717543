/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_address.h - the addresses of a server line, one after the other.
 *
 *   <host>:<quorum port>:<election port>[|<host>:...]
 *
 * Pure.  For daemon/conf/ only; conf_member_address is in conf.h.
 */
#ifndef DAEMON_CONF_CONF_ADDRESS_H
#define DAEMON_CONF_CONF_ADDRESS_H

#include "daemon/conf/conf.h"

/*
 * Read the address at `*at` and step behind it.  NULL, or what is wrong with
 * it, in words that live for ever.
 */
const char *conf_address_take(const char **at, struct conf_address *a);

/* A host and the colon behind it; brackets are dropped.  False: it is none. */
bool conf_take_host(const char **at, char host[CONF_ADDRESS_MAX]);

/* Decimal digits up to one of `ends` or the end of the text; steps behind. */
bool conf_take_number(const char **at, const char *ends, int64_t max,
                      int64_t *v);
bool conf_take_port(const char **at, const char *ends, int32_t *port);

#endif
