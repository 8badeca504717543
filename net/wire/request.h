/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what a client may send: records, taken apart.
 *
 * A parser returns false when the record does not parse; what it found is
 * borrowed from the frame.  Pure; client processes.
 *
 * Facts: spec/client-protocol.md 1.4, 2.1, 2.6.  ZK: zookeeper.jute
 */
#ifndef NET_WIRE_REQUEST_H
#define NET_WIRE_REQUEST_H

#include "daemon/jute.h"
#include "daemon/zk.h"

/* What becomes of a request. */
enum request_kind {
    REQUEST_UNKNOWN, /* -6 and the end, also for what only servers send */
    REQUEST_READ,    /* answered from the tree of this server */
    REQUEST_WRITE,   /* takes a zxid: replication's */
    REQUEST_SYNC,
    REQUEST_PING,
    REQUEST_AUTH, /* on the spot; only the reply keeps its place */
    REQUEST_SASL,
};

enum { REQUEST_HEADER_BYTES = 8 };

struct request {
    int32_t xid;
    int32_t op;
    struct bytes body;
};

enum request_kind request_kind(int32_t op);

/* The word of `cons` for `op`: "GETD"; "????" for unknown ones. */
const char *request_word(int32_t op);

bool request_open(struct bytes frame, struct request *r);

struct connect_request {
    zxid_t last_zxid;
    int32_t timeout_ms;
    session_id_t session;
    struct bytes password;
    bool has_read_only; /* old clients and Go's do not send it */
    bool read_only;
};

bool request_connect(struct bytes frame, struct connect_request *r);

/* path, watch: exists, getData, getChildren, getChildren2. */
struct watched_request {
    struct bytes path;
    bool watch;
};

/* False for a null path too. */
bool request_watched(struct bytes body, struct watched_request *r);

/* path alone: getACL, getAllChildrenNumber, getEphemerals, sync. */
bool request_path(struct bytes body, struct bytes *path);

/* path and a number: addWatch, checkWatches, removeWatches. */
bool request_path_number(struct bytes body, struct bytes *path,
                         int32_t *number);

struct auth_request {
    struct bytes scheme;
    struct bytes auth;
};

bool request_auth(struct bytes body, struct auth_request *r);

bool request_sasl(struct bytes body, struct bytes *token);

/* The lists of setWatches, in their order on the wire. */
enum watch_list {
    LIST_DATA,
    LIST_EXIST,
    LIST_CHILD,
    LIST_PERSISTENT,
    LIST_RECURSIVE,
    LIST_COUNT,
};

/* Walks the paths of all lists; opened only if every list parses. */
struct set_watches {
    zxid_t relative;
    struct jute_in at;
    int32_t left; /* paths still to come of `list` */
    int list;     /* enum watch_list */
    int list_count;
};

bool request_set_watches(struct bytes body, int32_t op, struct set_watches *s);
bool request_set_watches_next(struct set_watches *s, enum watch_list *list,
                              struct bytes *path);

/* Walks the operations of a multiRead; false unless all of it parses. */
struct multi_read {
    struct jute_in at;
};

bool request_multi_read(struct bytes body, struct multi_read *m);
bool request_multi_read_next(struct multi_read *m, int32_t *op,
                             struct bytes *path);

#endif
