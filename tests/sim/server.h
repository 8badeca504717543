/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - one simulated server: what it is, and its life.
 *
 * The files that play its processes share the struct.  Each stands for a shell
 * of the real server, around the same cores, and must do as it does:
 *
 *   server.c        life and roles              (net/repl/repl_role.c)
 *   server_event.c  what comes to it
 *   members.c       what it is when a run begins
 *   election.h      elections                   (election/elect_main.c)
 *   lead.h learn.h  the two roles               (repl_lead*.c repl_learn*.c)
 *   data.h          log, tree and sessions      (net/repl/repl_apply.c)
 *   attach.h        its clients                 (net/client/)
 *   local.h         sessions that it alone knows      (net/repl/repl_local.c)
 *   hold.h          clients while nobody leads  (net/repl/repl_serve.c)
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include "daemon/reqring.h"

#include "election/elect.h"
#include "net/client/lease.h"
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
    mono_ms_t asked;   /* ... since then */
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
    uint32_t term;     /* grows with every role */
    usec_t elected_at; /* began this role */
    bool is_serving;
    usec_t thaw; /* frozen until then */
    double rate; /* of its clock */
    mono_ms_t clock;
    wall_ms_t wall;

    /* Its disk, and what the processes believe of it. */
    struct disk disk;
    int64_t accepted, current;
    struct identity identity;
    uint32_t log[LOG_MAX];
    uint32_t asker[LOG_MAX]; /* the connection of a client of ours, or 0 */
    uint32_t count, durable, base;
    uint32_t committed, applied;
    uint32_t delivered; /* claimed as committed in this life */

    /* The transaction ring. */
    uint32_t ring;      /* so many behind the slowest reader; 0: no bound */
    bool is_stalled;    /* something found no room in it */
    bool is_deaf;       /* what the leader says did not */
    uint32_t reader_at; /* a client process has read so far, ... */
    usec_t reader_back; /* ... and does nothing before this */

    /* Its election: election.c. */
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

    /* Who leads: lead.c. */
    struct leader *leader;
    int64_t heard_accepted; /* by the leader that we were */
    struct conn *slot[LEADER_PEERS_MAX];
    struct late late[LEADER_PEERS_MAX];
    bool is_worn;   /* this epoch has no zxid left */
    bool is_master; /* follows, and leads observers */
    struct {
        session_id_t session;
        struct conn *conn;
    } asked[OPENINGS]; /* by observers, for a session */
    uint32_t asked_count;
    struct {
        session_id_t session;
        struct origin origin;
    } opening[OPENINGS];
    uint32_t openings;

    /* Who learns: learn.c. */
    struct learner learner;
    struct conn *up;   /* to the leader */
    uint32_t came;     /* of what that brings, */
    mono_ms_t came_at; /* ... at this moment */
    int leader_node;   /* whom we follow */
    uint32_t dials;
    enum past past;
    int snap_from; /* the node that asked for what we do not have; -1: none */
    struct {
        session_id_t session;
        int32_t timeout_ms;
    } touched[TOUCHED];
    uint32_t touched_count;

    /* Tree and sessions: data.c. */
    struct tree *tree;
    void *arena;
    struct session_table *sessions;
    struct local local;
    void *local_memory;
    struct prep prep;
    void *prep_memory;
    struct expiry expiry;
    zxid_t zxid;    /* of the last transaction prepared */
    bool must_load; /* the tree is of a process that died */
    uint32_t next_session;

    /* Its clients: attach.c; and while nobody leads: hold.c. */
    struct attached client[CLIENTS_MAX];
    struct lease lease;
    mono_ms_t vouched; /* as in daemon/shm.h */
    enum service service;
    mono_ms_t parted; /* HELD: so long we had a leader; 0: it was us */
    bool was_held;    /* in this period */
    uint32_t holds;
    int64_t served_epoch;
    uint64_t again_end; /* ASKING_AGAIN: up to this place of `forward` */
    struct forward *forward;

    /* Elections alone: only.c. */
    uint32_t leader_term; /* of the leader */
    bool is_established;
};

struct event;

/* --- server.c ------------------------------------------------------------- */

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

/* They stand still now: nobody listens to clients. */
bool server_reader_stands(const struct server *s);

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

/* Something worth dying at happened. */
void server_moment(struct server *s, enum moment moment);

/* --- members.c ------------------------------------------------------------ */

/* As many as the plan has; they start when their time comes. */
void servers_init(void);

/* --- server_event.c ------------------------------------------------------- */

void server_event(struct server *s, const struct event *e);

/* A message arrives at a server or a client. */
void node_receives(int node, struct conn *c, const struct msg *m);

/* False: it does not read this now, and not what is behind it. */
bool node_takes(int node, const struct conn *c, const struct msg *m);
void node_sent(int node, struct conn *c); /* there is room in it again */

#endif
