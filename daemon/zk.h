/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zk.h - ZooKeeper's numbers: operations, error codes, permissions, events.
 *
 * ZK: ZooDefs, KeeperException.Code, CreateMode, Watcher.Event
 */
#ifndef DAEMON_ZK_H
#define DAEMON_ZK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Operations: types of requests and of transactions.  The word is what `cons`
 * prints.
 */
/* clang-format off */
#define ZK_OP_TABLE(X)                                                         \
    X(CREATE, 1, "CREA")                                                       \
    X(DELETE, 2, "DELE")                                                       \
    X(EXISTS, 3, "EXIS")                                                       \
    X(GET_DATA, 4, "GETD")                                                     \
    X(SET_DATA, 5, "SETD")                                                     \
    X(GET_ACL, 6, "GETA")                                                      \
    X(SET_ACL, 7, "SETA")                                                      \
    X(GET_CHILDREN, 8, "GETC")                                                 \
    X(SYNC, 9, "SYNC")                                                         \
    X(PING, 11, "PING")                                                        \
    X(GET_CHILDREN2, 12, "GETC")                                               \
    X(CHECK, 13, "CHEC")                                                       \
    X(MULTI, 14, "MULT")                                                       \
    X(CREATE2, 15, "CREA")                                                     \
    X(RECONFIG, 16, "RECO")                                                    \
    X(CHECK_WATCHES, 17, "CHKW")                                               \
    X(REMOVE_WATCHES, 18, "REMW")                                              \
    X(CREATE_CONTAINER, 19, "CREA")                                            \
    X(DELETE_CONTAINER, 20, "DELE")                                            \
    X(CREATE_TTL, 21, "CREA")                                                  \
    X(MULTI_READ, 22, "MLTR")                                                  \
    X(AUTH, 100, "AUTH")                                                       \
    X(SET_WATCHES, 101, "SETW")                                                \
    X(SASL, 102, "SASL")                                                       \
    X(GET_EPHEMERALS, 103, "GETE")                                             \
    X(GET_ALL_CHILDREN_NUMBER, 104, "GETACN")                                  \
    X(SET_WATCHES2, 105, "STW2")                                               \
    X(ADD_WATCH, 106, "ADDW")                                                  \
    X(WHO_AM_I, 107, "HOMI")                                                   \
    X(CREATE_SESSION, -10, "SESS")                                             \
    X(CLOSE_SESSION, -11, "CLOS")                                              \
    X(ERROR, -1, "ERRO")
/* clang-format on */

#define ZK_OP_ENUM(name, number, word) ZK_OP_##name = number,
enum zk_op { ZK_OP_TABLE(ZK_OP_ENUM) };

static inline bool
zk_is_create(int32_t op)
{
    return op == ZK_OP_CREATE || op == ZK_OP_CREATE2 ||
           op == ZK_OP_CREATE_CONTAINER || op == ZK_OP_CREATE_TTL;
}

/* Answers to clients.  Never mixed with -errno. */
enum zk_code {
    ZK_OK = 0,
    ZK_SYSTEM_ERROR = -1, /* Ours: the memory limit is reached */
    ZK_RUNTIME_INCONSISTENCY = -2,
    ZK_MARSHALLING = -5,
    ZK_UNIMPLEMENTED = -6,
    ZK_BAD_ARGUMENTS = -8,
    ZK_UNKNOWN_SESSION = -12,
    ZK_NEW_CONFIG_NO_QUORUM = -13,
    ZK_RECONFIG_IN_PROGRESS = -14,
    ZK_NO_NODE = -101,
    ZK_NO_AUTH = -102,
    ZK_BAD_VERSION = -103,
    ZK_NO_CHILDREN_FOR_EPHEMERALS = -108,
    ZK_NODE_EXISTS = -110,
    ZK_NOT_EMPTY = -111,
    ZK_SESSION_EXPIRED = -112,
    ZK_INVALID_ACL = -114,
    ZK_AUTH_FAILED = -115,
    ZK_SESSION_MOVED = -118,
    ZK_NOT_READ_ONLY = -119,
    ZK_EPHEMERAL_ON_LOCAL_SESSION = -120,
    ZK_NO_WATCHER = -121,
    ZK_RECONFIG_DISABLED = -123,
    ZK_SESSION_CLOSED_REQUIRE_AUTH = -124,
    ZK_QUOTA_EXCEEDED = -125,
    ZK_THROTTLED = -127,
};

enum zk_perm {
    ZK_PERM_READ = 1,
    ZK_PERM_WRITE = 2,
    ZK_PERM_CREATE = 4,
    ZK_PERM_DELETE = 8,
    ZK_PERM_ADMIN = 16,
    ZK_PERM_ALL = 31,
};

enum zk_create_flags {
    ZK_PERSISTENT = 0,
    ZK_EPHEMERAL = 1,
    ZK_PERSISTENT_SEQUENTIAL = 2,
    ZK_EPHEMERAL_SEQUENTIAL = 3,
    ZK_CONTAINER = 4,
    ZK_PERSISTENT_TTL = 5,
    ZK_PERSISTENT_SEQUENTIAL_TTL = 6,
};

enum zk_event {
    ZK_EVENT_CREATED = 1,
    ZK_EVENT_DELETED = 2,
    ZK_EVENT_DATA_CHANGED = 3,
    ZK_EVENT_CHILDREN_CHANGED = 4,
};

/*
 * What a znode's owner field says beside a session id.
 * ZK: EphemeralType; TTL only counts when extendedTypesEnabled is on.
 */
#define ZK_OWNER_CONTAINER INT64_MIN
#define ZK_OWNER_TTL_MASK ((int64_t)0xFF00000000000000)
#define ZK_TTL_MAX_MS INT64_C(0xFFFFFFFFFF)

/* Sizes of records with a fixed size on the wire. */
enum {
    ZK_STAT_BYTES = 68,
    ZK_STAT_PERSISTED_BYTES = 60,
    ZK_PASSWORD_BYTES = 16,
    ZK_REPLY_HEADER_BYTES = 16,
    ZK_TXN_HEADER_BYTES = 32,
    ZK_TXN_DIGEST_BYTES = 12,
};

/* Of the tree digest.  ZK: DigestCalculator.DIGEST_VERSION */
enum { ZK_DIGEST_VERSION = 2 };

#endif
