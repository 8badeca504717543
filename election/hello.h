/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.h - the first bytes on a connection between election ports.
 *
 *   bare   i64 sid                                        3.4
 *   V1     i64 -65536, i64 sid, i32 size, "host:port"     3.5 and later
 *   V2     i64 -65535, i64 sid, i32 size, "host:port|host:port..."
 *
 * The address is the sender's own election address as configured; an IPv6
 * host stands in brackets.  Pure; the election process.
 *
 * ZK: QuorumCnxManager.InitialMessage (spec/quorum-protocol.md 1.2)
 */
#ifndef ELECTION_HELLO_H
#define ELECTION_HELLO_H

#include "daemon/jute.h"

enum {
    HELLO_ADDRESS_MAX = 2048,
    HELLO_BYTES_MAX = 8 + 8 + 4 + HELLO_ADDRESS_MAX,
    HELLO_FIRST_BYTES = 8, /* to read before anything is known */
};

/* The sid of an observer that was given none. */
#define HELLO_NO_SID INT64_MAX

struct hello {
    sid_t sid;            /* never negative */
    struct bytes address; /* borrowed; null in a bare one */
};

/* Write a V1; of several addresses a V2, which servers of 3.5 do not know. */
void hello_put(struct jute_out *out, sid_t sid, const char *address);

/*
 * Read one from the bytes that came so far.  1: it is whole, exactly.  0:
 * read on until there are `*need` bytes, then ask again; never more than
 * HELLO_BYTES_MAX.  -EBADMSG: close the connection.
 */
int hello_get(struct bytes in, struct hello *hello, size_t *need);

/*
 * The first address of `list` that is not a wildcard, as text without
 * brackets.  False: there is none.  ZK: wildcard hosts are skipped.
 */
bool hello_address(struct bytes list, char *host, size_t host_size,
                   int32_t *port);

#endif
