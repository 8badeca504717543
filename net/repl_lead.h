/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead.h - what the files of a leading replication process share.
 *
 *      quorum port -> repl_lead_peer: packets -> leader_hear -> acts
 *      repl_lead: acts -> log orders, pipeline, commit
 *      leader_next -> repl_lead_peer: packets -> learners
 *
 * Private to repl_lead*.c.
 */
#ifndef NET_REPL_LEAD_H
#define NET_REPL_LEAD_H

#include "election/quorum_conf.h"
#include "net/leader.h"
#include "net/qlink.h"
#include "net/repl_history.h"

/* How far a snapshot is on its way to a learner. */
enum lead_snap { LEAD_NO_SNAP, LEAD_SNAP_WANTED, LEAD_SNAP_FLOWS };

/* The connection of one learner. */
struct lead_peer {
    struct conn conn; /* first: conn_ops get it */
    struct repl_lead *lead;
    uint32_t slot;
    uint32_t life; /* of this slot: owners of sessions are told apart */
    bool is_used;
    bool is_waiting; /* the packet at the front found no room yet */
    enum lead_snap snap;
    zxid_t snap_zxid;
    char name[96];
};

struct repl_lead {
    struct repl *r;
    struct leader core;
    struct history history;
    struct conn_home home;
    ev_io listener;
    ev_timer tick;
    mono_ms_t bind_again; /* the port was taken: when to try next */
    int bind_failures;
    bool is_on;      /* a term is going on */
    const char *why; /* it is over, or NULL */
    size_t config_size;
    char config[CONFIG_TEXT_MAX]; /* the text for NEW_LEADER */
    struct lead_peer peer[LEADER_PEERS_MAX];
};

/* Do what the core says, in order. */
void lead_perform(struct repl_lead *l, const struct leader_out *out,
                  mono_ms_t now);

/* repl_lead_peer.c --------------------------------------------------------- */

extern const struct conn_ops lead_conn_ops;

/* A learner connected on `fd`. */
void lead_peer_open(struct repl_lead *l, int fd, const char *from);
void lead_peer_close(struct lead_peer *p);

/* Send what there is for everybody, as far as there is room. */
void lead_peers_pump(struct repl_lead *l, mono_ms_t now);

/* Take up what found no room before. */
void lead_peers_resume(struct repl_lead *l);

/* repl_lead_session.c -------------------------------------------------------
 */

/* A learner's request becomes a transaction; false: not now. */
bool lead_request(struct lead_peer *p, const struct qpacket *packet);

/* It asks whether a session lives, and owns it from now on. */
void lead_revalidate(struct lead_peer *p, const struct qpacket *packet);

/* It heard of these sessions. */
void lead_touch(struct lead_peer *p, const struct qpacket *packet);

#endif
