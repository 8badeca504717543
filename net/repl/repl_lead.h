/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead.h - the shell of a server that has learners: of a leader, or of an
 * observer master, which is a follower.
 *
 *      learners -> repl_lead_hear: packets -> leader_hear -> acts
 *      leader_next -> repl_lead_send: packets, snapshots -> learners
 *
 *   repl_lead_port.c     where learners come, the core's clock, and its acts
 *                        that are the same for both
 *   repl_lead_peer.c     their connections: places and names
 *   repl_lead_hear.c     what comes from one of them
 *   repl_lead_session.c  a leader's requests among that, and sessions
 *   repl_lead_send.c     what goes to one of them
 *   repl_lead_lag.c      how late that is
 *   repl_lead.c          the role of a leader: orders to the log, commits
 *   repl_master.c        the duty of an observer master: it asks our leader
 *
 * Private to repl_lead*.c, repl_master.c and repl_report.c.
 */
#ifndef NET_REPL_REPL_LEAD_H
#define NET_REPL_REPL_LEAD_H

#include "election/port.h"
#include "election/quorum_conf.h"
#include "election/twin.h"
#include "net/zab/leader.h"
#include "net/wire/qlink.h"
#include "net/repl/repl_history.h"

/* How far a snapshot is on its way to a learner. */
enum lead_snap { LEAD_NO_SNAP, LEAD_SNAP_WANTED, LEAD_SNAP_FLOWS };

/* How late it is that something committed is sent to an observer. */
struct lead_lag {
    zxid_t mark;     /* this was committed ... */
    mono_ms_t since; /* ... then, and not sent; mark 0: nothing waits */
    int64_t ms;      /* as the last mark needed; or this one, if that is more */
};

/* The connection of one learner. */
struct lead_peer {
    struct conn conn; /* first: conn_ops get it */
    struct repl_lead *lead;
    uint32_t slot;
    uint32_t life; /* of this slot: owners of sessions are told apart */
    bool is_used;
    bool is_waiting;  /* a request that the core passed on found no room yet: it
                         is asked again, not heard again.  It is the first of
                         `late`, or what is read next */
    struct buf *late; /* requests whose turn has not come, as they came */
    enum lead_snap snap;
    zxid_t snap_zxid;
    struct lead_lag lag;
    bool is_behind; /* the log says so */
    char name[96];
};

/* What a leader and an observer master do each in its own way. */
struct lead_duty {
    const char *name; /* for the log */
    /* A learner's REQUEST or REVALIDATE; false: not now. */
    bool (*ask)(struct lead_peer *p, const struct qpacket *packet);
    /* What the core wants done that is of no learner. */
    void (*act)(struct repl_lead *l, const struct leader_act *a);
};

/* One for the process, made when it is needed first. */
struct repl_lead {
    struct repl *r;
    const struct lead_duty *duty;
    struct leader core;
    struct quorum alone; /* a master's: nobody but us */
    struct history history;
    struct conn_home home;
    struct port port;
    ev_timer tick;
    bool is_on;                           /* learners may come */
    const char *why;                      /* it is over, or NULL */
    char config[CONFIG_TEXT_MAX];         /* the text for NEW_LEADER */
    uint32_t asked;                       /* the slot of the last REQUEST */
    struct twin twin[QUORUM_MEMBERS_MAX]; /* members of which there are two */
    struct lead_peer peer[LEADER_PEERS_MAX];
};

/* --- repl_lead_port.c ---------------------------------------------------- */

/*
 * Learners may come on `port`, or 0: our quorum ports, for this duty; the core
 * is begun by the caller, before the loop turns.
 */
struct repl_lead *lead_open(struct repl *r, const struct lead_duty *duty,
                            int32_t port);

/* All connections and the port are closed; it was open. */
void lead_close(struct repl_lead *l);

/* For the core: what is the same for all duties. */
struct leader_conf lead_conf(struct repl_lead *l);

/* Do what the core says, in order. */
void lead_perform(struct repl_lead *l, const struct leader_out *out);

/* --- repl_lead_peer.c ---------------------------------------------------- */

/* A learner connected on `fd`. */
void lead_peer_open(struct repl_lead *l, int fd, const char *from);

/* Close its connection, if it has one; the core knows that it is gone. */
void lead_peer_close(struct lead_peer *p);

/* The same, and the core hears of it. */
void lead_peer_lose(struct lead_peer *p);

/* Its number is that of `first`, which is there: the operator is told. */
void lead_tell_of_twin(struct lead_peer *p, const struct lead_peer *first);

/* It has said who it is: the log calls it so from now on. */
void lead_peer_name(struct lead_peer *p);

/* --- repl_lead_hear.c ---------------------------------------------------- */

extern const struct conn_ops lead_conn_ops;

/* Take up what found no room before. */
void lead_peers_resume(struct repl_lead *l);

/* --- repl_lead_send.c ---------------------------------------------------- */

/* Send what there is for everybody, as far as there is room. */
void lead_peers_pump(struct repl_lead *l, mono_ms_t now);

/* --- repl_lead_lag.c ----------------------------------------------------- */

/* An observer has been sent what is up to `sent`; after each tick. */
void lead_lag_look(struct lead_lag *g, zxid_t sent, zxid_t committed,
                   mono_ms_t now);

/* See which observers are late, and say who begins to be, or ceases. */
void lead_peers_watch(struct repl_lead *l, mono_ms_t now);

/* --- repl_lead_session.c ------------------------------------------------- */

/*
 * A learner's request becomes a transaction (false: not now), its question
 * for a session is answered: that learner owns it from now on.
 */
bool lead_answer(struct lead_peer *p, const struct qpacket *packet);

/* The sessions in `packet` were heard of at that learner. */
void lead_touch(struct lead_peer *p, const struct qpacket *packet);

#endif
