/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - what the files that make up a server call of each other.
 *
 *   server.c      life, roles, the disk's answers     (net/repl/repl_role.c)
 *   election.c    drives elect.c or poll.c            (election/elect_main.c)
 *   lead.c lead_ask.c  drives leader.c                (net/repl/repl_lead*.c)
 *   lead_snap.c   what goes behind SNAP        (net/repl/repl_history_snap.c)
 *   learn.c       drives learner.c                    (net/repl/repl_learn.c)
 *   learn_past.c  TRUNC and SNAP                 (net/repl/repl_learn_past.c)
 *   data.c        log, tree, sessions               (net/repl/repl_apply.c,
 *                 and preparation                net/repl/repl_prepare.c ...)
 *   attach*.c     clients that are connected          (net/client/)
 *   lead_late.c   requests that find no room     (net/repl/repl_lead_hear.c)
 *   local.c       sessions of one server               (net/repl/repl_local.c)
 *   hold.c        ... through a change of leader    (net/repl/repl_serve.c)
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include "daemon/reqring.h"

#include "election/elect.h"
#include "net/prep/expiry.h"
#include "net/zab/leader.h"
#include "net/zab/learner.h"
#include "net/prep/local.h"
#include "net/prep/prep.h"
#include "tests/sim/disk.h"
#include "tests/sim/fault.h"
#include "tests/sim/wire.h"

enum role { ROLE_DOWN, ROLE_DRAINING, ROLE_LOOK, ROLE_LEAD, ROLE_LEARN };

/* What becomes of a learner's past: as enum learn_snap and learn_order. */
enum past {
    PAST_STAYS,
    PAST_IS_CUT,     /* TRUNC is on its way to the disk */
    PAST_SNAP_WAITS, /* SNAP came; somebody looks at the tree still */
    PAST_SNAP_FLOWS, /* the tree is of no history, until the rebase is done */
};

/* What clients get, which outlives a role: as net/repl/repl.h. */
enum service {
    SERVICE_NONE,
    SERVICE_OPEN,
    SERVICE_HELD,
    SERVICE_ASKING_AGAIN,
};

enum {
    MAXBUFFER = 4096,   /* of a client's request */
    TXN_MAX = 64 << 10, /* of a transaction */
    OPENINGS = 32,      /* sessions being opened at one time */
    WATCHES = 8,        /* of one client's connection */
    TOUCHED = 32,
    NO_CLIENT = 0xff,
    OWN_CLIENTS = 1000, /* worker of a leader's own, among its learners' */
};

/* A client's connection as its server sees it. */
struct attached {
    struct conn *conn;
    bool is_waiting; /* ... to be asked for: clients are held */
    struct msg_ask waiting;
    session_id_t session;
    bool is_connected; /* the session is ours */
    bool is_local;     /* ... and nobody else's */
    bool is_opening;   /* createSession or revalidation is under way */
    int32_t timeout_ms;
    uint32_t queue[QUEUE_MAX]; /* operations, answered in this order */
    uint32_t first, last;
    uint32_t sent;      /* up to here they were sent on */
    zxid_t sync_behind; /* the sync at the front waits for it; INT64_MAX: for
                           the leader's answer */
    struct {
        bool is_set;
        char path[32];
    } watch[WATCHES];
};

/* Whether a request has become a transaction. */
enum asked {
    ASK_DONE,
    ASK_WAITS, /* there is no room: again in a while */
    ASK_DROPS, /* never: its connection is to be dropped */
};

/* Requests of a learner whose turn has not come, in their order. */
struct late {
    struct msg *first, *last;
    bool is_waiting; /* the first, or the next, which the core knows */
};

struct server {
    int node;
    sid_t sid;
    bool is_observer;
    bool is_plain, is_foreign;
    uint32_t life; /* grows with every start */
    enum role role;
    uint32_t term; /* grows with every role */
    usec_t thaw;   /* frozen until then */
    double rate;   /* of its clock */
    mono_ms_t clock;
    wall_ms_t wall;

    int64_t accepted, current; /* as the process believes */
    struct identity identity;
    uint32_t log[LOG_MAX];
    uint32_t asker[LOG_MAX]; /* the connection of a client of ours, or 0 */
    uint32_t count, durable, base;
    uint32_t committed, applied;
    uint32_t ring;      /* so many behind the slowest reader; 0: no bound */
    bool is_stalled;    /* something found no room in it */
    bool is_deaf;       /* what the leader says did not */
    uint32_t reader_at; /* a client process has read so far, ... */
    usec_t reader_back; /* ... and does not go on before this */
    uint32_t delivered; /* claimed as committed in this life */
    struct disk disk;

    struct elect elect;
    struct poll poll;
    uint32_t alarm; /* number of the alarm that counts */
    bool poll_asks; /* a round of polling is open */
    struct conn *mesh[SERVERS_MAX];
    struct msg_note told[SERVERS_MAX]; /* the last to each */
    bool has_told[SERVERS_MAX];
    bool is_silent[SERVERS_MAX]; /* had no connection when it was tried */
    struct vote outcome;         /* of the last election of this life */
    bool has_outcome;
    int64_t heard_epoch[SERVERS_MAX];
    zxid_t heard_zxid[SERVERS_MAX];
    uint32_t heard_to_look; /* in this round of polling */

    struct leader *leader;
    int64_t heard_accepted; /* by the leader that we were */
    struct conn *slot[LEADER_PEERS_MAX];
    struct late late[LEADER_PEERS_MAX];
    bool is_serving;
    bool is_worn;   /* this epoch has no zxid left */
    bool is_master; /* follows, and leads observers */
    struct {
        session_id_t session;
        struct conn *conn;
    } asked[OPENINGS]; /* by observers, for a session */
    uint32_t asked_count;
    struct learner learner;
    struct conn *up; /* to the leader */
    int leader_node; /* whom we follow */
    uint32_t dials;
    enum past past;

    struct tree *tree;
    void *arena;
    struct session_table *sessions;
    struct local local;
    struct prep prep;
    void *prep_memory;
    struct expiry expiry;
    zxid_t zxid; /* of the last transaction prepared */
    struct {
        session_id_t session;
        struct origin origin;
    } opening[OPENINGS];
    uint32_t openings;
    int snap_from;  /* the node that asked for what we do not have; -1: none */
    bool must_load; /* the tree is of a process that died */
    uint32_t next_session;
    enum service service;
    bool was_held; /* in this period */
    uint32_t holds;
    int64_t served_epoch;
    uint64_t again_end; /* ASKING_AGAIN: up to this place of `forward` */
    struct forward *forward;
    struct attached client[CLIENTS_MAX];
    struct {
        session_id_t session;
        int32_t timeout_ms;
    } touched[TOUCHED];
    uint32_t touched_count;
    usec_t elected_at;    /* only_election: began this role */
    uint32_t leader_term; /* only_election: of the leader */
    bool is_established;
};

struct event;

/* --- server.c ------------------------------------------------------------ */

void servers_init(void);
void server_start(struct server *s);
void server_crash(struct server *s, const char *why);

/* A write or an fdatasync has failed; it is repaired after `lasts`. */
void server_log_failed(struct server *s, usec_t lasts);

/* Another takes over: the log is there, nothing is known of it. */
void server_replication_dies(struct server *s);

/* Its image has some more of what it knows to be committed. */
void server_folds(struct server *s);

/* Of the log only the newest `keep` stay readable, and what is not applied. */
void server_purges(struct server *s, uint32_t keep);

/* One of its client processes reads no more of the ring for a while. */
void server_reader_stops(struct server *s, usec_t lasts);

/* Something found no room in the ring, and is tried again. */
void server_stalls(struct server *s);

/* Leave the role, whatever it is; look for a leader when the disk is still. */
void server_look(struct server *s, const char *why);

/* A role begins: stale timers of the last one are dropped. */
void server_enter(struct server *s, enum role role);

/* Local milliseconds, and how long `ms` of them are in truth. */
mono_ms_t server_now(const struct server *s);
usec_t server_after(const struct server *s, int64_t ms);

bool server_listens(const struct server *s, enum port port);
void server_told(struct server *s, const struct disk_op *op);
void server_all_told(struct server *s);
void server_event(struct server *s, const struct event *e);

/* Something worth dying at happened. */
void server_moment(struct server *s, enum moment moment);

/* --- what links bring ---------------------------------------------------- */

void node_receives(int node, struct conn *c, const struct msg *m);

/* False: it does not read this now, and not what is behind it. */
bool node_takes(int node, const struct conn *c, const struct msg *m);
void node_sent(int node, struct conn *c); /* there is room in it again */

/* --- election.c ---------------------------------------------------------- */

void election_start(struct server *s); /* with the process */
void election_look(struct server *s);
void election_alarm(struct server *s);
void election_established(struct server *s, int64_t epoch);
void election_receives(struct server *s, struct conn *c, const struct msg *m);
void election_datagram(struct server *s, const struct msg *m);
void election_poll(struct server *s);
void election_over(struct server *s);
void election_dies(struct server *s); /* and another process takes over */

/* --- only.c: roles without cores, for elections alone -------------------- */

void only_begin(struct server *s, int leader);
void only_tick(struct server *s);

/* --- lead.c -------------------------------------------------------------- */

void lead_begin(struct server *s);
void lead_end(struct server *s);
void lead_resigns(struct server *s);
void lead_tick(struct server *s);
void lead_perform(struct server *s, const struct leader_out *out);
struct leader_conf lead_conf(const struct server *s);
const struct history *lead_history(struct server *s);
void lead_receives(struct server *s, struct conn *c, const struct msg *m);
void lead_stored(struct server *s);
void lead_durable(struct server *s);
void lead_pump(struct server *s);
void lead_send(struct server *s, struct conn *c, struct leader_item *item);
void lead_drop(struct server *s, uint32_t slot, const char *why);

/* --- lead_late.c --------------------------------------------------------- */

/* A packet came, or waits behind others. */
void lead_late_hears(struct server *s, uint32_t slot, const struct msg *m);

/* Those whose turn has come. */
void lead_late_resumes(struct server *s);
void lead_late_forget(struct server *s, uint32_t slot);

/* --- lead_snap.c --------------------------------------------------------- */

/* The core wants a snapshot sent to this learner: soon. */
void lead_snap(struct server *s, struct conn *c);

/* A disk has no more of it, or no room for it: it ends here. */
bool lead_snap_is_torn(void);

/* EV_SNAP: SNAP itself, or a piece behind it. */
void lead_snap_more(struct server *s, struct conn *c);

/* --- master.c: a follower that has observers for learners ---------------- */

void master_begin(struct server *s, int64_t epoch);
void master_commits(struct server *s, zxid_t zxid);
void master_asks(struct server *s, const struct leader_act *a);
void master_synced(struct server *s, uint32_t conn);

/* False: no observer asked for this session. */
bool master_revalidated(struct server *s, const struct qpacket *p);

/* --- lead_ask.c ---------------------------------------------------------- */

/* A request of our own client or of a learner: prepare, publish, propose. */
enum asked lead_request(struct server *s, const struct origin *origin,
                        int32_t op, session_id_t session, int32_t xid,
                        struct bytes body);
struct origin lead_own_origin(const struct attached *a);

/* May this client have its session back? */
bool lead_revalidates(struct server *s, session_id_t session,
                      int32_t timeout_ms, const struct origin *origin);
void lead_touches(struct server *s, session_id_t session);

/* createSession was applied: its owner is who asked for it. */
void lead_owns(struct server *s, struct session *opened);

/* What a learner says through the core; false: not now. */
bool lead_answers(struct server *s, uint32_t slot, const struct qpacket *p);
void lead_on_touch(struct server *s, const struct qpacket *p);

/* Sessions that nobody heard of end. */
void lead_expire(struct server *s);

/* --- learn.c ------------------------------------------------------------- */

void learn_begin(struct server *s, int leader);
void learn_end(struct server *s);
void learn_dial(struct server *s);
void learn_tick(struct server *s);
void learn_receives(struct server *s, struct conn *c, const struct msg *m);
void learn_stored(struct server *s);
void learn_durable(struct server *s);
void learn_perform(struct server *s, const struct learner_out *out);

/* Whether there is room for what this brings. */
bool learn_takes(const struct server *s, const struct msg *m);

/* EV_STALL: is there room now? */
void learn_resumes(struct server *s);
void learn_request(struct server *s, int32_t op, session_id_t session,
                   int32_t xid, struct bytes body);
void learn_revalidate(struct server *s, session_id_t session,
                      int32_t timeout_ms);
void learn_send(struct server *s, const struct qpacket *p);
void learn_touches(struct server *s, session_id_t session, int32_t timeout_ms);

/* --- learn_past.c -------------------------------------------------------- */

/* TRUNC: the log ends behind `zxid`.  SNAP: all is replaced. */
void learn_cut(struct server *s, zxid_t zxid);
void learn_take_snap(struct server *s);

/* EV_ALONE: the tree may be replaced. */
void learn_alone(struct server *s);
void learn_takes_piece(struct server *s, const struct msg_piece *piece);

/* What the disk has done, in this role or behind it. */
void learn_truncated(struct server *s, const struct disk_op *op);
void learn_rebased(struct server *s, const struct disk_op *op);

/* What comes does not fit into the ring, and may never: true, loads again. */
bool learn_past_full(struct server *s);

/* The role ends: who has the past of nobody must load again. */
void learn_past_end(struct server *s);

/* --- data.c -------------------------------------------------------------- */

/* The transaction of these bytes: known, or new in the world. */
uint32_t txn_known(struct bytes bytes);
uint32_t txn_new(struct bytes bytes);

void data_load(struct server *s); /* tree and sessions from the log */
void data_clear(struct server *s);

/* What these transactions do to the tree, whosever log they are of. */
void data_feed(struct server *s, const uint32_t *ids, uint32_t count);
void data_append(struct server *s, uint32_t id);

/* The ring takes one more; `data_slowest`: up to there everybody has read. */
bool data_has_room(const struct server *s);
uint32_t data_slowest(const struct server *s);
void data_commit(struct server *s, zxid_t zxid);

/* So many of the log are in the tree, known to be committed or not. */
void data_apply(struct server *s, uint32_t until);
uint32_t data_index(const struct server *s, zxid_t zxid); /* or UINT32_MAX */
void data_prepare_from(struct server *s, zxid_t zxid);
uint64_t data_digest(const struct server *s);

/* --- attach.c ------------------------------------------------------------ */

void attach_receives(struct server *s, struct conn *c, const struct msg *m);
void attach_drop_all(struct server *s);

/* All that we gave out as leader is decided: so are the syncs behind it. */
void attach_settle_syncs(struct server *s);

/*
 * A transaction was applied here, which was asked on connection `asker`, or 0;
 * outcome of its first change.
 */
void attach_applied(struct server *s, uint32_t id, uint32_t asker,
                    const struct outcome *out, uint32_t outcomes);
void attach_synced(struct server *s);
void attach_go_on(struct server *s);
void attach_drop(struct server *s, struct attached *a);
void attach_answer(struct server *s, struct attached *a,
                   struct msg_answer what);
zxid_t attach_applied_zxid(const struct server *s);

/* Who asked, if it is still connected. */
struct attached *attach_asker(struct server *s, const struct origin *o);

/* Behind what a sync that is asked now comes back. */
zxid_t attach_sync_mark(const struct server *s);

/* --- attach_session.c ---------------------------------------------------- */

void attach_connect(struct server *s, struct attached *a,
                    const struct msg_ask *ask);
void attach_connected(struct server *s, struct attached *a);
session_id_t attach_session_id(struct server *s);
void attach_revalidated(struct server *s, session_id_t session, bool is_valid);
void attach_resumed(struct server *s, const struct origin *o, bool is_valid);

/* What the last leader was asked goes to this one, or into our own log. */
bool attach_asks_again(struct server *s, const struct req *req,
                       const struct origin *o); /* false: not now */

/* --- local.c ------------------------------------------------------------- */

void local_begins(struct server *s); /* with the process */

/* The local session of this id, or NULL. */
struct session *local_of(const struct server *s, session_id_t id);

/* A new one for this connection; it has it back; it is over. */
void local_opens(struct server *s, struct attached *a);
void local_comes_back(struct server *s, struct attached *a,
                      struct session *own);
void local_closes(struct server *s, struct attached *a);
void local_touches(struct server *s, session_id_t session);

/* The session that is to own what `body` makes becomes global first. */
enum asked local_upgrades(struct server *s, const struct attached *a,
                          int32_t op, struct bytes body);

/* That was asked of a leader who is lost; false: not now. */
bool local_upgrades_again(struct server *s, const struct req *req,
                          const struct origin *o);

/* A createSession was applied: it may have made one global. */
void local_applied(struct server *s, session_id_t session);
void local_stays(struct server *s);   /* the role is lost, */
void local_is_over(struct server *s); /* and the period of service */
void local_tick(struct server *s);    /* those that nobody heard of end */

/* --- hold.c -------------------------------------------------------------- */

void hold_init(struct server *s);

/* The role is lost: clients keep their connections for a while. */
void hold_begin(struct server *s);
void hold_is_over(struct server *s, uint32_t hold);

/* A leader again, in this epoch. */
void hold_serve(struct server *s, int64_t epoch);

/* Nobody is served any more. */
void hold_end(struct server *s);

/* The log is cut behind so many transactions. */
void hold_cut(struct server *s, uint32_t keep);

/* What went to the leader is kept; then it is the last of the log. */
void hold_keep(struct server *s, const struct req *about, struct bytes body,
               uint32_t worker, session_id_t session);
void hold_comes_back(struct server *s, uint32_t id);
void hold_note(struct server *s, uint32_t id);
bool hold_has_left(const struct server *s, session_id_t session);

/* True: what the last leader was asked is not all asked again yet. */
bool hold_asks_again(struct server *s);

#endif
