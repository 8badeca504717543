/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn.h - the shell of a learner: of a follower, or of an observer.
 *
 *      clients' requests -> repl_learn_ask: REQUEST, REVALIDATE -> leader
 *      leader -> repl_learn: packets -> learner_hear
 *             -> repl_learn_act: acts -> ring entries, orders, answers
 *                repl_learn_past, _cut, _snap, _full: what changes the past,
 *                                   or is more than the ring holds
 *      sessions heard of -> repl_learn_touch: PING -> leader
 *
 * Private to repl_learn*.c.
 */
#ifndef NET_REPL_REPL_LEARN_H
#define NET_REPL_REPL_LEARN_H

#include "election/dial.h"
#include "net/repl/repl_history.h"
#include "net/wire/qlink.h"
#include "net/zab/learner.h"
#include "storage/log/snap_intake.h"

enum {
    LEARN_UNSENT_MAX = 4 << 20, /* bytes waiting for the leader: then whoever
                                   asks it waits */
};

/* What was ordered of the log process, to be told to the core when done. */
enum learn_order {
    LEARN_NO_ORDER,
    LEARN_EPOCH,
    LEARN_IDENTITY,
    LEARN_CUT,        /* behind what is in the tree */
    LEARN_CUT_RELOAD, /* the tree holds some of it: load again */
    LEARN_REBASE,
};

/* How far a snapshot is taken. */
enum learn_snap { LEARN_NO_SNAP, LEARN_SNAP_WAITS, LEARN_SNAP_FLOWS };

struct repl_learn {
    struct conn conn; /* first: conn_ops get it */
    struct repl *r;
    struct learner core;
    struct conn_home home;
    sid_t leader;      /* or, for an observer, its master */
    bool is_on;        /* the role is ours */
    bool is_connected; /* the core lives */
    const char *why;   /* it is over, or NULL */
    sid_t silent;      /* the leader that fell silent last, or SID_NONE */
    mono_ms_t connected_at;
    uint32_t segments; /* of the leader's, that had come at the last tick */
    uint64_t heard;    /* bytes of its that we read, */
    uint64_t came;     /* ... and that had come, */
    mono_ms_t came_at; /* ... at that moment */
    ev_timer tick;

    /* repl_learn_dial.c */
    struct dial dial;
    ev_timer dial_again;
    int dial_pause_ms;
    mono_ms_t dialled_at;
    uint32_t dial_failures; /* since then */
    mono_ms_t answer_until; /* silence ends it */
    sid_t master[CONF_MEMBERS_MAX];
    uint32_t master_count, master_next; /* 0: the leader is dialled */

    /* repl_learn_past.c */
    enum learn_order order;

    /* repl_learn_cut.c */
    zxid_t cut; /* what stays */

    /* repl_learn_snap.c */
    enum learn_snap snap;
    zxid_t snap_zxid;
    struct snap_intake intake;
    uint64_t snap_bytes;
    mono_ms_t snap_told; /* how many they are */

    /* repl_learn_touch.c */
    uint32_t *told; /* of each session: its last word that went to a leader */
};

/* --- repl_learn.c -------------------------------------------------------- */

/* `fd` is connected to the leader: the core begins. */
void learn_connected(struct repl_learn *l, int fd);

/* --- repl_learn_act.c ---------------------------------------------------- */

/* Do what the core says, in order, until the role is over. */
void learn_perform(struct repl_learn *l, const struct learner_out *out);

/* --- repl_learn_dial.c --------------------------------------------------- */

/* Ready to dial; once. */
void learn_dial_init(struct repl_learn *l);

/* Connect to the leader: learn_connected or l->why comes of it. */
void learn_dial(struct repl_learn *l, mono_ms_t now);
void learn_dial_tick(struct repl_learn *l, mono_ms_t now);
void learn_dial_stop(struct repl_learn *l);

/* --- repl_learn_past.c --------------------------------------------------- */

/* The log process changes what was: its files are of no history meanwhile. */
static inline bool
learn_changes_past(const struct repl_learn *l)
{
    return l->order == LEARN_CUT || l->order == LEARN_CUT_RELOAD ||
           l->order == LEARN_REBASE;
}

/* Waiting for client processes to leave the tree, or for the log's answer. */
void learn_past_turn(struct repl_learn *l, struct learner_out *out,
                     mono_ms_t now);

/* The role ends.  If tree or files are between two histories, load again. */
void learn_past_end(struct repl_learn *l);

/* End, so that a successor fills the tree from what is on disk. */
noreturn void learn_reload(const char *why);

/* --- repl_learn_cut.c ---------------------------------------------------- */

/*
 * TRUNC: what is behind `zxid` goes; the order LEARN_CUT or LEARN_CUT_RELOAD.
 */
void learn_cut(struct repl_learn *l, zxid_t zxid);

/* The log process has done it, or not: `result` is its errno. */
void learn_cut_done(struct repl_learn *l, int result, struct learner_out *out,
                    mono_ms_t now);

/*
 * Entries of the ring behind `zxid` were never committed and never will be.
 * True: a client of ours waits for one.
 */
bool learn_void(struct repl *r, zxid_t zxid);

/* --- repl_learn_snap.c --------------------------------------------------- */

/* SNAP: a payload comes that replaces everything; it waits. */
void learn_take_snap(struct repl_learn *l, zxid_t zxid);

/* No client process looks at the tree any more: it may come. */
void learn_begin_snap(struct repl_learn *l);

/*
 * Bytes of the payload; how many were of it.  In the end the order LEARN_REBASE
 * comes of it.
 */
size_t learn_feed_snap(struct repl_learn *l, const uint8_t *data, size_t size);

/* The log process has made it the beginning of all there is. */
void learn_rebase_done(struct repl_learn *l, struct learner_out *out,
                       mono_ms_t now);

/* --- repl_learn_full.c --------------------------------------------------- */

/* There is no room for what comes, and perhaps never will be. */
void learn_full(struct repl_learn *l);

/* --- repl_learn_ask.c ---------------------------------------------------- */

/* A client's request goes to the leader; false: not now. */
bool learn_ask(struct repl_learn *l, const struct req *req,
               const struct origin *o);

/* Whether what `packet` brings has room in the ring. */
bool learn_has_room(struct repl_learn *l, const struct qpacket *packet);

/* Its transaction becomes a ring entry, for which there is room; -EBADMSG. */
int learn_append(struct repl_learn *l, const struct qpacket *packet);

/* The oldest sync has come back. */
void learn_synced(struct repl_learn *l);

/* The leader answered for a session. */
void learn_revalidated(struct repl_learn *l, const struct qpacket *packet);

/* --- repl_learn_touch.c -------------------------------------------------- */

/* Whatever a leader was told is forgotten; once. */
void learn_touch_init(struct repl_learn *l);

/* LEARNER_PONG. */
void learn_pong(struct repl_learn *l, const struct learner_act *a);

#endif
