/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - who may connect: counts per address, and a bucket of tokens.
 *
 * Each client process counts the connections of each address in slots of its
 * own and adds up those of all when one more comes; so a limit holds for the
 * server, with no lock.  An address finds its slot within 64 places or is not
 * counted.  A connection keeps the number of the slot that counts it.
 *
 * Pure; client processes.  ZK: NIOServerCnxnFactory.doAccept, BlueThrottle
 */
#ifndef NET_ACCESS_LIMITS_H
#define NET_ACCESS_LIMITS_H

#include "daemon/conf/conf.h"
#include "daemon/shm.h"

struct sockaddr;

enum { IP_SLOT_NONE = IP_SLOTS }; /* its connection is not counted */

_Static_assert(IP_SLOT_NONE <= UINT16_MAX, "who keeps it has 16 bits");

/* A number for the peer's address, the port apart; never 0. */
uint64_t limits_address(const struct sockaddr *peer);

/* One more of `address` in this process: the slot that counts it. */
uint16_t limits_ip_add(struct ip_slot *slots, uint64_t address);

/* One less of those that `slot` counts; IP_SLOT_NONE is fine. */
void limits_ip_drop(struct ip_slot *slots, uint16_t slot);

/* Connections of `address` in one process. */
uint32_t limits_ip_count(const struct ip_slot *slots, uint64_t address);

/*
 * Tokens for ConnectRequests: each process has its share of them, counted in
 * parts, as many to a token as there are processes.  While the bucket is
 * found empty the part of them that is dropped before they ask for tokens
 * grows, while it is found full it shrinks: so a storm of reconnecting clients
 * spreads, instead of taking every token as it comes.
 */
struct token_bucket {
    int64_t tokens;   /* in parts */
    mono_ms_t filled; /* when tokens were last added */
    double drop;      /* the part: 0 to 1 */
    mono_ms_t judged; /* when that was last changed */
    uint64_t dice;    /* any number but 0 makes it unlike other processes' */
};

/* What a ConnectRequest costs. */
enum connect_kind { CONNECT_NEW, CONNECT_LOCAL, CONNECT_RENEW };

/*
 * Take the tokens of one connection out of a bucket that is shared by
 * `processes`.  False when there are too few.
 */
bool limits_connect(struct token_bucket *b, const struct conf *conf,
                    uint32_t processes, enum connect_kind kind, mono_ms_t now);

/*
 * How many requests this server may have in work, of globalOutstandingLimit:
 * all `voters` but one share it, and each has one at least.  `voters` is 0 of
 * a server of its own.
 * ZK: LeaderZooKeeperServer.getGlobalOutstandingLimit
 */
int64_t limits_outstanding(const struct conf *conf, uint32_t voters);

#endif
