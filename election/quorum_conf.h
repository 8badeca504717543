/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quorum_conf.h - the members of zoo.cfg, as the quorum object and as text.
 *
 * Pure; any process of an ensemble.  ZK: QuorumVerifier, its toString
 */
#ifndef ELECTION_QUORUM_CONF_H
#define ELECTION_QUORUM_CONF_H

#include "daemon/conf/conf.h"
#include "election/quorum.h"

/*
 * The longest text of members there can be: of each a server line (sid 19,
 * two hosts of 255 and brackets, three ports of 5, role 11, 23 of glue; more
 * addresses as written, each 48 longer when an IPv6 one is spelled out), its
 * place in a group line (20, and 17 to begin one) and a weight line (48).
 */
enum {
    CONFIG_MORE_MAX = CONF_MORE_MAX + (CONF_ADDRESSES_MAX - 1) * 48,
    CONFIG_TEXT_MAX = CONF_MEMBERS_MAX * (19 + 2 * 257 + 15 + 11 + 23 +
                                          CONFIG_MORE_MAX + 20 + 17 + 48) +
                      32
};

/* Who counts: the members of `conf`, in the same order. */
void quorum_of_conf(const struct conf *conf, struct quorum *q);

/*
 * Write the configuration as members tell it to each other: in
 * notifications, with NEWLEADER, in /zookeeper/config.  `version` is 0, as of
 * every static configuration, but to learners that have a version of it.
 * Terminated; returns its length.  `size` is at least CONFIG_TEXT_MAX.
 */
size_t config_text(const struct conf *conf, int64_t version, char *text,
                   size_t size);

/*
 * Whether `a` and `b` name the same voters and observers at the same
 * addresses; if not, `line` is one that only one of them has, borrowed.  The
 * order of the lines, client addresses and the version do not count: a static
 * file may hide them.
 */
bool config_is_same(struct bytes a, struct bytes b, struct bytes *line);

/* The same, wherever they are: numbers, roles, groups and weights. */
bool config_is_same_quorum(struct bytes a, struct bytes b, struct bytes *line);

/* The version that such a text has: a zxid, or 0 where it says none. */
int64_t config_version(struct bytes text);

#endif
