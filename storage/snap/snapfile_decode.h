/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_decode.h - ZooKeeper's snapshot stream, taken apart as it comes.
 *
 * The stream is the same in a file and, without header and seals, in the
 * SNAP payload that a leader sends.  Bytes are fed in pieces of any size;
 * whole items are handed to a visitor, their bytes borrowed during the call.
 *
 *     header    u32 "ZKSN", u32 2, i64 -1            (file only)
 *     sessions  i32 count, { i64 id, i32 timeout }
 *     ACLs      i32 count, { i64 acl id, vector<ACL> }
 *     nodes     { ustring path, buffer data, i64 acl id, StatPersisted }
 *     end       ustring "/"
 *     seal      i64 Adler32 of all before, ustring "/"   (file only)
 *     digest    i64 zxid, i32 version, i64 digest; seal  (since 3.6)
 *     zxid      i64 last processed zxid; seal            (since 3.9)
 *
 * No I/O; allocates the ACL map.  Any process.
 * ZK: SerializeUtils, DataTree.deserialize (spec/quorum-protocol.md 11.8)
 */
#ifndef STORAGE_SNAP_SNAPFILE_DECODE_H
#define STORAGE_SNAP_SNAPFILE_DECODE_H

#include "storage/snap/snapfile_acl.h"
#include "storage/tree/znode.h"

/* A negative result ends the decoding and is its result. */
struct snap_visitor {
    int (*session)(void *arg, session_id_t id, int32_t timeout_ms);
    int (*node)(void *arg, struct bytes path, struct bytes data,
                struct bytes acl, const struct znode_stat *stat);
    void *arg;
};

enum snap_part {
    SNAP_HEADER,
    SNAP_SESSION_COUNT,
    SNAP_SESSIONS,
    SNAP_ACL_COUNT,
    SNAP_ACLS,
    SNAP_NODES,
    SNAP_SEAL,
    SNAP_TRAILER,   /* digest, zxid: whatever of it there is */
    SNAP_SIGNATURE, /* "BenWasHere", of the SNAP payload */
    SNAP_DONE,
};

enum {
    SNAP_MAGIC = 0x5A4B534E,
    SNAP_VERSION = 2,
    SNAP_SEAL_BYTES = 13,
    SNAP_DIGEST_BYTES = 20,
};

struct snap_decode {
    const struct snap_visitor *visitor; /* borrowed */
    enum snap_part part;
    bool is_payload;
    uint32_t left;   /* items still to come in this part */
    uint32_t adler;  /* of all bytes consumed */
    uint64_t offset; /* how many that were */
    size_t need;     /* so many bytes are needed to go on, at least */
    struct {
        int32_t entries;
        size_t bytes;
    } acl; /* of the list at hand: so much was passed */
    struct snap_acl_map acls;
    uint64_t sessions, nodes, unknown_acls;
    bool has_digest;
    zxid_t digest_zxid;
    uint64_t digest;
    const char *what; /* after -EBADMSG: what is wrong */
};

/* `is_payload`: of a SNAP, without header and seals, with signature. */
void snap_decode_init(struct snap_decode *d, const struct snap_visitor *v,
                      bool is_payload);
void snap_decode_deinit(struct snap_decode *d);

/*
 * Consume the whole items among `size` bytes, which are `used` bytes.  The rest
 * is to be offered again with more behind it, d->need bytes at least; `is_last`
 * says that there is no more.  0, -EBADMSG (d->what), -ENOMEM, or what the
 * visitor returned.  The stream is complete when d->part is SNAP_DONE.
 */
int snap_decode_feed(struct snap_decode *d, const uint8_t *data, size_t size,
                     bool is_last, size_t *used);

#endif
