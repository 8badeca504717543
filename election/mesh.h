/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh.h - the connections between election ports, one for each pair.
 *
 * Notes go out through a queue of one for each peer; what comes in is given
 * to `heard`.  Nothing here decides: which connection is kept is link.c, the
 * bytes are hello.c and vote.c.  A peer that misbehaves loses its connection
 * and a line in the log tells why; others do not notice.
 *
 * The election process only.  All memory is in struct mesh.
 *
 * ZK: QuorumCnxManager (spec/quorum-protocol.md 1)
 */
#ifndef ELECTION_MESH_H
#define ELECTION_MESH_H

#include "election/dial.h"
#include "election/hello.h"
#include "election/link.h"
#include "election/quorum_conf.h"
#include "election/port.h"
#include "election/twin.h"

enum {
    MESH_STRANGERS = 8, /* servers that are not (yet) in our configuration */
    MESH_PEERS = QUORUM_MEMBERS_MAX + MESH_STRANGERS,
    MESH_GUESTS = 64, /* connections that have not said who they are; one
                         more, and the oldest is closed */
    MESH_FRAME_MAX = 4 + NOTE_BYTES_MAX,
    MESH_BEGINNING_MS = 2000, /* servers that start together know each other
                                 after so long */
    MESH_CROSSING_MS = 100,   /* a hello may be under way for so long */
};

/* A server that came with the number of a peer that is connected. */
struct rival {
    int fd;            /* -1: none */
    ev_timer patience; /* the peer has so long to say that it is there */
    bool was_refused;  /* once */
    int32_t address_size;
    uint8_t address[HELLO_ADDRESS_MAX]; /* as its hello has it */
};

struct peer {
    struct mesh *mesh;
    struct link link;
    bool is_used;        /* members always; strangers while they stay */
    struct dial dial;    /* its places: the election port; none: a
                            stranger that we cannot call */
    uint32_t homes;      /* so many of them are in our configuration; behind
                            them where it says that it is, if elsewhere */
    int fd;              /* UP: the connection; -1: none */
    ev_io readable;      /* while UP */
    ev_io writable;      /* while UP with bytes left in `out` */
    ev_timer patience;   /* DIALLING, EXPECTED */
    ev_timer hurry;      /* UP: what we said last is to be acknowledged */
    mono_ms_t up_ms;     /* since when it is up */
    const char *why;     /* it is not; lives for ever */
    bool is_other_conf;  /* it has another configuration, and we said so */
    bool talks_nonsense; /* that ended its last connection, and we said so:
                            it may come and go until it says something else */
    struct twin twin;    /* it connected while it was connected */
    struct rival rival;  /* UP */
    bool is_disputed;    /* ... in the place of one that is there, but mute:
                            it may be Apache's, and come back for it */
    uint32_t owed_words; /* UP: bits of enum twin_word, before any note */
    int ear;             /* EXPECTED: our half of the connection that said
                            hello is closed, yet a word may come; -1: none */
    ev_io audible;
    size_t in_size, out_at, out_size;
    uint8_t in[MESH_FRAME_MAX];
    uint8_t out[MESH_FRAME_MAX];
};

struct guest {
    struct mesh *mesh;
    int fd; /* -1: free */
    ev_io readable;
    ev_timer patience;
    uint64_t number; /* of arrival: the smallest is the oldest */
    size_t size, need;
    uint8_t in[HELLO_BYTES_MAX];
};

/*
 * A note, `vote->from` filled in.  It may tell, and nothing else here may be
 * called from it.
 */
typedef void mesh_heard_fn(void *arg, struct vote *vote);

struct mesh {
    struct ev_loop *loop;
    const struct conf *conf;     /* borrowed */
    const struct quorum *quorum; /* borrowed */
    const struct conf_member *self;
    struct bytes config;    /* as notes carry it; borrowed */
    int64_t config_version; /* the latest that a member's has, of those that
                               are the same as ours */
    mesh_heard_fn *heard;
    void *arg;
    bool has_changed; /* who is up, or who may answer */
    bool is_paused;
    bool is_beginning;
    bool is_taken;   /* our number is another's, says a peer */
    bool is_shy;     /* if it is: we give way */
    struct twin own; /* the operator was told */
    uint64_t guests_ever;
    struct resolver resolver;
    struct port port;
    char own_address[HELLO_ADDRESS_MAX]; /* as our hello has it */
    ev_timer redial;
    ev_timer beginning;
    struct peer peer[MESH_PEERS]; /* members first, as in the quorum */
    struct guest guest[MESH_GUESTS];
};

/*
 * Start: listen, and connect with every member.  `heard` gets each note.  If
 * the port cannot be had the process ends (electionPortBindRetry).
 */
void mesh_open(struct mesh *m, struct ev_loop *loop, const struct conf *conf,
               const struct quorum *quorum, struct bytes config,
               mesh_heard_fn *heard, void *arg);

/*
 * Close the port and every connection, and forget what was told: to others we
 * are not there.  mesh_resume undoes it, and does nothing otherwise.
 */
void mesh_pause(struct mesh *m);
void mesh_resume(struct mesh *m);

/* Tell `sid`; connects if need be.  One that is nowhere is not told. */
void mesh_tell(struct mesh *m, sid_t sid, const struct vote *vote);

/* Tell every voter but ourselves. */
void mesh_tell_all(struct mesh *m, const struct vote *vote);

/* Whether the answer of the next two changed since it was last asked. */
bool mesh_take_change(struct mesh *m);

/* Whether a peer said, since this was last asked, that our number is taken. */
bool mesh_take_refusal(struct mesh *m);

/* Members with a connection: bit i is member i of the quorum. */
quorum_set_t mesh_connected(const struct mesh *m);

/* Voters that may answer (elect_reach). */
quorum_set_t mesh_may_answer(const struct mesh *m);

#endif
