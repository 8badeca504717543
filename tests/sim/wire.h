/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - connections and what goes over them; see wire.c.  Private to
 * tests/sim.
 */
#ifndef TESTS_SIM_WIRE_H
#define TESTS_SIM_WIRE_H

#include "election/poll.h"
#include "net/wire/qpacket.h"
#include "tests/sim/bounds.h"

enum port { PORT_ELECTION, PORT_QUORUM, PORT_CLIENT };

enum msg_kind {
    MSG_UP,      /* to the one who dialled: connected */
    MSG_REFUSED, /* ... or not */
    MSG_HELLO,   /* to the one who listens */
    MSG_END,     /* the other end is closed */
    MSG_NOTE,
    MSG_PACKET,
    MSG_PIECE,  /* of the payload behind SNAP */
    MSG_ASK,    /* a client's request */
    MSG_ANSWER, /* and the answer */
    MSG_POLL,   /* a datagram: request, then answer */
    MSG_POLL_ANSWER,
};

/* An election's note, and what its sender would vote knowing nobody. */
struct msg_note {
    struct vote vote;
    int64_t self_epoch;
    zxid_t self_zxid;
};

struct msg_poll {
    struct poll_answer answer;
    zxid_t self_zxid; /* its candidacy, for the claims */
    bool looks;
};

struct msg_packet {
    struct qpacket packet;
    uint8_t small[48];
};

/* A piece of a snapshot: what these transactions do to the tree. */
struct msg_piece {
    const uint32_t *id;
    uint32_t from, until; /* of `id`; 0 first, `count` last */
    uint32_t count;
};

enum ask_kind { ASK_CONNECT, ASK_OP, ASK_PING };

enum answer_kind { ANSWER_CONNECTED, ANSWER_OP, ANSWER_EVENT, ANSWER_EXPIRED };

struct msg_ask {
    enum ask_kind kind;
    session_id_t session;
    zxid_t seen;
    int32_t timeout_ms;
    uint32_t op; /* number in sim.op */
};

struct msg_answer {
    enum answer_kind kind;
    session_id_t session;
    uint32_t op;
    zxid_t zxid;
    int32_t err;
    int32_t version;   /* of the node, or its number of children */
    uint64_t data;     /* what the node holds */
    char path[32];     /* created, or watched */
    bool has_versions; /* version and data mean something */
    bool is_local;     /* a local session was closed: nobody else knows */
    bool is_watched;   /* the read has set a watch */
    int64_t epoch;     /* currentEpoch of the server that answers */
};

struct msg {
    struct msg *next;
    usec_t sent, due;
    uint8_t kind, from, to;
    union {
        struct msg_note note;
        struct msg_packet packet;
        struct msg_piece piece;
        struct msg_ask ask;
        struct msg_answer answer;
        struct msg_poll poll;
    };
};

struct pipe {
    struct msg *first, *last;
    uint32_t count;
    uint32_t all; /* ever put in */
    usec_t due;   /* of the last put in: bytes do not overtake */
    bool is_scheduled;
};

/* Two ends, each of which may think that it is open. */
struct conn {
    uint32_t number;
    enum port port;
    uint8_t node[2]; /* who dialled, who listens */
    bool is_open[2];
    bool is_accepted;
    uint32_t slot;                     /* of the leader */
    zxid_t last_commit, last_proposal; /* sent by the leader, for claims.c */
    bool is_sealed, is_up_to_date;     /* NEW_LEADER, UP_TO_DATE were sent */
    zxid_t ready_at;          /* committed when NEW_LEADER was acknowledged */
    bool is_paused[2];        /* node[k] reads nothing now */
    struct msg_piece snap;    /* the next piece of what the leader sends */
    bool is_snapping;         /* ... or will, when its image is new enough */
    struct pipe pipe[2];      /* from node[k] */
    struct conn *next, *prev; /* of those alive */
};

struct msg *msg_take(enum msg_kind kind);
void msg_give(struct msg *m);

void wire_reset(void);

/* The answer comes as MSG_UP or MSG_REFUSED. */
struct conn *wire_dial(int from, int to, enum port port);
void wire_syn(struct conn *c);

/* `m` is taken, whether or not the connection is still open. */
void wire_send(struct conn *c, int node, struct msg *m);
void wire_datagram(struct msg *m);
void wire_deliver(struct conn *c, uint32_t k);

/* What comes next for `node`, or NULL. */
const struct msg *wire_next(const struct conn *c, int node);

/* `node` reads nothing until it is told to go on. */
void wire_pause(struct conn *c, int node, bool is_paused);

/* It has room again for what it did not take: node_takes. */
void wire_go_on(struct conn *c, int node);

/* How many were ever sent to `node`, and how many of these it has read. */
uint32_t wire_sent_to(const struct conn *c, int node);
uint32_t wire_read_by(const struct conn *c, int node);

/* Messages from `node` that have not arrived. */
uint32_t wire_under_way(const struct conn *c, int node);

/* `node` closes its end; the other hears MSG_END behind what was sent. */
void wire_close(struct conn *c, int node);

/* Both ends hear the end, and some of what was sent is lost. */
void wire_break(struct conn *c);
void wire_break_all(int node);

void wire_node_died(int node);
void wire_node_thaws(int node);
void wire_block(int from, int to, bool is_blocked);

#endif
