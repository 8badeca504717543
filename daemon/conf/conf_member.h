/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_member.h - the server lines: who belongs to the ensemble, and how
 * much each one's vote weighs.
 *
 * Pure.  For daemon/conf/ and its tests only.
 *
 *   server.<sid>=<host>:<quorum port>:<election port>[:<role>]
 *                [;[<host>:]<client port>[;<secure client address>]]
 *
 * A host may be an IPv6 address in brackets; several addresses, each with its
 * ports, are joined by |.
 *
 *   group.<number>=<sid>[:<sid>...]        weight.<sid>=<votes>
 *
 * Facts: spec/operations.md 4.
 */
#ifndef DAEMON_CONF_CONF_MEMBER_H
#define DAEMON_CONF_CONF_MEMBER_H

#include "daemon/conf/conf.h"

/* The longest value of a server line. */
enum { CONF_MEMBER_TEXT_MAX = 2 * CONF_ADDRESS_MAX + CONF_MORE_MAX + 64 };

/* What an operator may write, in a message. */
#define CONF_MEMBER_SYNTAX                                                     \
    "host:quorumPort:electionPort[|host:...][:participant or :observer]"       \
    "[;[host:]clientPort]"

struct conf_group {
    int32_t number; /* 1 .. CONF_GROUPS_MAX */
    uint32_t line;  /* 0: not given */
    uint32_t count;
    sid_t sid[CONF_MEMBERS_MAX];
};

struct conf_weight {
    sid_t sid;
    int64_t weight;
    uint32_t line;
};

/*
 * Read `server.N` and its value.  Returns NULL, or what is wrong with them,
 * in words that live for ever; `m` is then half written.
 */
const char *conf_member_read(const char *key, const char *value,
                             struct conf_member *m);

/* The same for `group.N` and for `weight.N`. */
const char *conf_group_read(const char *key, const char *value,
                            struct conf_group *g);
const char *conf_weight_read(const char *key, const char *value,
                             struct conf_weight *w);

/*
 * The value of a server line that reads as `m`, the role spelled out.
 * Returns its length, which is below CONF_MEMBER_TEXT_MAX.
 */
size_t conf_member_format(const struct conf_member *m, char *text, size_t size);

#endif
