/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qpacket.h - the packets of the quorum port, the only unit there.
 *
 * A packet is int type, long zxid, buffer data, vector<Id> authinfo; nothing
 * frames it.  Pure; bytes are borrowed.
 *
 * ZK: QuorumPacket, Leader (spec/quorum-protocol.md 4.1, 4.3, 5.1)
 */
#ifndef NET_WIRE_QPACKET_H
#define NET_WIRE_QPACKET_H

#include "daemon/jute.h"
#include "storage/log/identity.h"

/* clang-format off */
/*    name               number     what its data is */
#define QPACKET_TABLE(X)                                                       \
    X(REQUEST,           1)      /* session, cxid, op, the request record */   \
    X(PROPOSAL,          2)      /* a transaction's bytes */                   \
    X(ACK,               3)      /* none */                                    \
    X(COMMIT,            4)      /* none */                                    \
    X(PING,              5)      /* none, or a signature;                      \
                                    answer: sessions touched, not null */      \
    X(REVALIDATE,        6)      /* session, timeout; answer: session, bool */ \
    X(SYNC,              7)      /* none */                                    \
    X(INFORM,            8)      /* a transaction's bytes, committed */        \
    X(COMMIT_ACTIVATE,   9)      /* the designated leader */                   \
    X(NEW_LEADER,       10)      /* the leader's configuration, or none */     \
    X(FOLLOWER_INFO,    11)      /* struct learner_info */                     \
    X(UP_TO_DATE,       12)      /* none; zxid -1 */                           \
    X(DIFF,             13)      /* none, or a signature */                    \
    X(TRUNC,            14)      /* likewise; zxid stays, the rest goes */     \
    X(SNAP,             15)      /* likewise; the snapshot follows, unframed */\
    X(OBSERVER_INFO,    16)      /* struct learner_info */                     \
    X(LEADER_INFO,      17)      /* struct leader_info */                      \
    X(ACK_EPOCH,        18)      /* int current epoch; -1: promised before */  \
    X(INFORM_ACTIVATE,  19)      /* designated leader, a transaction's bytes */
/* clang-format on */

#define QPACKET_ENUM(name, number) Q_##name = number,
enum qpacket_type { QPACKET_TABLE(QPACKET_ENUM) };

struct qpacket {
    int32_t type; /* enum qpacket_type; unknown ones are ignored */
    zxid_t zxid;
    struct bytes data;     /* size -1: null */
    struct bytes authinfo; /* serialised vector<Id>; size -1: null */
};

enum {
    QPACKET_BYTES_MIN = 20,             /* with null data and null authinfo */
    QPACKET_IDS_MAX = 1024,             /* in one authinfo, */
    QPACKET_IDS_BYTES_MAX = 128 * 1024, /* ... which a leader looks through
                                           for each operation it judges */
    QPACKET_TOUCH_BYTES = 8 + 4, /* a session touched: its id, its timeout */
    LEARNER_PROTOCOL = 0x10000,
};

/*
 * The largest data of a packet, since what was once committed must be readable;
 * and the largest of a learner that does not speak for clients yet: a struct
 * learner_info, an epoch.
 */
enum { QPACKET_DATA_MAX = 256 * 1024 * 1024, QPACKET_WORD_MAX = 4096 };

/*
 * Take one packet from the front of `in`.  Returns its size; 0 when more
 * bytes are needed; -EBADMSG when it can be none: a length below -1, data or
 * identities of more than `data_max` bytes, or more identities than there are.
 */
int64_t qpacket_get(struct bytes in, uint32_t data_max, struct qpacket *p);

/* Write one; out->bad if it does not fit. */
void qpacket_put(struct jute_out *out, const struct qpacket *p);

/*
 * The transaction that a PROPOSAL or an INFORM carries, also with a designated
 * leader before it, who matters to a reconfiguration alone; null if there is
 * none.
 */
struct bytes qpacket_txn(const struct qpacket *p);

/*
 * Ours: zabd servers know each other by eight more bytes, "zabd" and flags,
 * behind the data of FOLLOWER_INFO, OBSERVER_INFO and LEADER_INFO.  Apache
 * reads what it knows and leaves the rest, and so do older zabds of what
 * stands behind the flags: with LEARNER_IDENTITY which ensemble this is.
 *
 *      0  "zabd"           4  flags      8  id     16  epoch   24  confirmed?
 */
enum {
    QPACKET_ZABD = 0x7a616264,
    LEARNER_ZSTD = 1,     /* takes a SNAP payload as a zstd frame */
    LEARNER_QUICK = 2,    /* pings come often: silence means death early */
    LEARNER_IDENTITY = 4, /* knows of which ensemble it is */
    LEARNER_TAKEN = 8,    /* LEADER_INFO: another server has your number */
    LEARNER_COMMON = 16,  /* is told with SNAP what of its history is ours */
};

/* What a server of this version says of itself. */
enum {
    LEARNER_OURS =
        LEARNER_ZSTD | LEARNER_QUICK | LEARNER_IDENTITY | LEARNER_COMMON
};

/* The data of FOLLOWER_INFO and OBSERVER_INFO. */
struct learner_info {
    sid_t sid;
    int32_t protocol;       /* LEARNER_PROTOCOL */
    int64_t config_version; /* of the learner's committed configuration */
    bool is_zabd;
    int32_t flags;            /* LEARNER_ZSTD, ... */
    struct identity identity; /* with LEARNER_IDENTITY, else 0 */
};

/* The data of LEADER_INFO. */
struct leader_info {
    int32_t protocol; /* LEARNER_PROTOCOL */
    bool is_zabd;
    int32_t flags;            /* as above */
    struct identity identity; /* likewise */
};

enum {
    IDENTITY_BYTES = 17,
    LEARNER_INFO_BYTES_MAX = 28 + IDENTITY_BYTES,
    LEADER_INFO_BYTES_MAX = 12 + IDENTITY_BYTES,
    SIGNATURE_BYTES = 4 + IDENTITY_BYTES,
    SIGNATURE_BYTES_MAX = SIGNATURE_BYTES + 8, /* SNAP, with LEARNER_COMMON */
};

/*
 * Old learners send less; what is missing is 0.  0, or -EBADMSG.  Written
 * without is_zabd, both are byte for byte as Apache's.
 */
int learner_info_get(struct bytes data, struct learner_info *info);
void learner_info_put(struct jute_out *out, const struct learner_info *info);

/* 0, or -EBADMSG: not even a protocol version. */
int leader_info_get(struct bytes data, struct leader_info *info);
void leader_info_put(struct jute_out *out, const struct leader_info *info);

/* What a leader has to say after LEADER_INFO. */
struct signature {
    struct identity identity; /* of the ensemble */
    zxid_t common; /* SNAP: the leader's last transaction that is not above the
                      learner's last, which it lacks; 0: it does not say */
};

/*
 * To learners with LEARNER_IDENTITY: "zabd", the id and, if there is one, what
 * is common, as the data of a packet that has no other.  False: there is no
 * signature.
 */
bool signature_get(struct bytes data, struct signature *s);
void signature_put(struct jute_out *out, const struct signature *s);

#endif
