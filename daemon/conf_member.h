/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_member.h - the server lines: who belongs to the ensemble.
 *
 * Pure.  For daemon/conf*.c and their tests only.
 *
 *   server.<sid>=<host>:<quorum port>:<election port>[:<role>]
 *                [;[<host>:]<client port>[;<secure client address>]]
 *
 * A host may be an IPv6 address in brackets; several addresses joined by |
 * are checked, and the first is kept.  Facts: spec/operations.md 4.
 */
#ifndef DAEMON_CONF_MEMBER_H
#define DAEMON_CONF_MEMBER_H

#include "daemon/conf.h"

/*
 * Read `server.N` and its value.  Returns NULL, or what is wrong with them,
 * in words that live for ever; `m` is then half written.
 */
const char *conf_member_read(const char *key, const char *value,
                             struct conf_member *m);

#endif
