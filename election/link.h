/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - what one server remembers of its connection with one other.
 *
 * Of each pair of servers exactly one connection is kept: the one that the
 * larger sid opened.  A smaller sid connects only to say that it is there;
 * the larger one closes that and calls back.  A message waits in a queue of
 * one: what is newer takes its place, for an old vote is worth nothing.
 *
 * Pure: the mesh (mesh.h) tells what happened to sockets and does what it is
 * told.  ZK: QuorumCnxManager (spec/quorum-protocol.md 1.1, 1.4)
 */
#ifndef ELECTION_LINK_H
#define ELECTION_LINK_H

#include "election/vote.h"

/*
 *   DOWN      no connection, nothing under way
 *   DIALLING  we are opening one
 *   EXPECTED  the peer is larger and knows of us: it will call back
 *   UP        notes go both ways
 */
enum link_state { LINK_DOWN, LINK_DIALLING, LINK_EXPECTED, LINK_UP };

struct link {
    sid_t me, peer;
    enum link_state state;
    bool was_up;     /* ever */
    bool has_failed; /* since it was last up, or ever */
    bool has_note;   /* something was told to this peer */
    bool is_waiting; /* and is to be sent */
    struct vote note;
};

enum link_verdict {
    LINK_KEEP,   /* this connection is the one; close any other */
    LINK_CLOSE,  /* close this one, the peer calls back */
    LINK_REDIAL, /* close this one and any other, and dial */
    LINK_LEAVE,  /* close this one, what we have or dial stays */
};

/* Begin DOWN, with nothing to tell; `peer` is another than we. */
void link_init(struct link *l, sid_t me, sid_t peer);

/* Take a note to the peer.  True: dial now. */
bool link_tell(struct link *l, const struct vote *note);

/* We begin to dial; only while DOWN. */
void link_dial(struct link *l);

/* We connected and said hello.  KEEP or CLOSE. */
enum link_verdict link_dialled(struct link *l);

/*
 * The peer connected to us and said hello.  Anything but CLOSE.  `is_fresh`:
 * the connection that we have with it is younger than its hello may be.
 */
enum link_verdict link_met(struct link *l, bool is_fresh);

/* The dial failed, the call back did not come, or the connection broke. */
void link_lost(struct link *l);

/* The note to write now, or NULL; it counts as sent. */
const struct vote *link_take_note(struct link *l);

/*
 * Whether an answer may come from there.  A peer whose connection broke is
 * out of reach at once.  One that never was there is, too, unless
 * `is_beginning`: those that start together with us are heard in a moment.
 */
bool link_may_answer(const struct link *l, bool is_beginning);

#endif
