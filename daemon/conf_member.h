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

enum { CONF_MEMBERS_MAX = 255 };

struct conf_member {
    sid_t sid;
    uint32_t line;
    bool is_observer;
    bool is_secure; /* it has a secure client address */
    char host[CONF_ADDRESS_MAX];
    int32_t quorum_port;
    int32_t election_port;
    char client_host[CONF_ADDRESS_MAX]; /* empty: any address */
    int32_t client_port;                /* 0: not in the line */
};

/*
 * Read `server.N` and its value.  Returns NULL, or what is wrong with them,
 * in words that live for ever; `m` is then half written.
 */
const char *conf_member_read(const char *key, const char *value,
                             struct conf_member *m);

#endif
