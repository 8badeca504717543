/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h - schemes: from an auth packet to the identities of a connection.
 *
 * A connection's identities are a serialised vector<Id> in memory that the
 * connection owns; it only grows.  It is what req_auth carries, what acl.h
 * evaluates and what a learner forwards to a leader.
 *
 * Client processes.  libcrypto hashes; nothing else allocates or waits.
 * ZK: AuthenticationProvider, DigestAuthenticationProvider,
 *     IPAuthenticationProvider
 */
#ifndef NET_ACCESS_AUTH_H
#define NET_ACCESS_AUTH_H

#include "daemon/conf/conf.h"
#include "daemon/jute.h"
#include "daemon/zk.h"

struct sockaddr;

enum {
    AUTH_IDS_MAX = 16 * 1024, /* bytes of one connection's identities */
    AUTH_ADDRESS_MAX = 40,    /* "ffff:ffff:...", with the final zero */
};

/* Identities and the room for more; `data` is the connection's. */
struct auth_ids {
    uint8_t *data;
    uint16_t size; /* 0: none yet, not even a count */
    uint16_t room; /* at most AUTH_IDS_MAX */
};

static inline struct bytes
auth_bytes(const struct auth_ids *ids)
{
    return (struct bytes){ids->data, (int32_t)ids->size};
}

/*
 * The identities as they were when they took `size` bytes.  If there are more
 * by now they are copied to `memory`: the list begins with its count.
 */
struct bytes auth_bytes_then(const struct auth_ids *ids, uint32_t size,
                             uint8_t memory[AUTH_IDS_MAX]);

/*
 * Bytes that an auth packet with `auth` can add at most.  Make that much
 * room (up to AUTH_IDS_MAX in all) before auth_add.
 */
uint32_t auth_growth(struct bytes auth);

/*
 * Answer an auth packet: ZK_OK, with the identities added that were not
 * there yet, or ZK_AUTH_FAILED (unknown scheme, refused, null data, no
 * room for the user): reply that, then close the connection.
 */
enum zk_code auth_add(const struct conf *conf, struct bytes scheme,
                      struct bytes auth, struct auth_ids *ids);

/* Add ip:ADDRESS of the peer, as every connection has it from the start. */
enum zk_code auth_add_ip(const struct sockaddr *peer, struct auth_ids *ids);

/*
 * The textual address that is an ip identity: IPv4 dotted, also for mapped
 * ones; IPv6 as eight groups, not shortened.  "" for other families.
 */
void auth_address(const struct sockaddr *peer, char text[AUTH_ADDRESS_MAX]);

/* Does the connection hold an id of one of `schemes` (enum conf_scheme)? */
bool auth_holds(struct bytes ids, uint32_t schemes);

/* Write vector<ClientInfo>, the answer to whoAmI. */
void auth_put_clients(struct bytes ids, struct jute_out *out);

/*
 * "user:BASE64(H(user:password))" of "user:password", as Java reads that, into
 * at most `size` bytes; returns the length or -ENOSPC.  `alg` is enum
 * conf_digest_alg.
 */
int auth_digest_id(struct bytes user_password, int alg, char *text,
                   size_t size);

#endif
