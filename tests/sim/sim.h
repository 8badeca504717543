/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim.h - one simulated ensemble, from one seed.
 *
 * Private to tests/sim.  The world is one struct; time is microseconds of
 * its own; whatever happens is an event taken from one heap, and a step is
 * one event.  Servers, links, disks, clients and faults draw their numbers
 * from generators that the seed feeds, so a seed replays exactly, with or
 * without the trace.
 *
 *      faults ---> links, disks, clocks, lives
 *                        |
 *      clients <--> servers: elect|poll, leader|learner, prep, tree, sessions
 *                        |
 *                     claims (check.c) after each act, judge.c at the end
 *
 * A broken claim leaves the run through sim_broken and does not come back.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <setjmp.h>

#include "daemon/check.h"
#include "election/elect.h"
#include "election/poll.h"
#include "net/expiry.h"
#include "net/leader.h"
#include "net/learner.h"
#include "net/prep.h"
#include "tests/sim/rng.h"

typedef int64_t usec_t;
#define MSEC ((usec_t)1000)
#define SEC ((usec_t)1000000)
#define NEVER INT64_MAX

enum {
    SERVERS_MAX = 9,
    CLIENTS_MAX = 6,
    CLIENT_NODE = 16, /* node of the first client */
    NODES_MAX = CLIENT_NODE + CLIENTS_MAX,
    LOG_MAX = 6144,    /* transactions of one run */
    EPOCHS_MAX = 1024, /* terms that got a quorum's promise */
    CONNS_MAX = 32768, /* connections of one run */
    DISK_OPS_MAX = 8192,
    FAULTS_MAX = 96,
    QUEUE_MAX = 64, /* requests of one client's connection */
    RUN_BYTES = 64 << 20,
};

/* --- what a run is made of ------------------------------------------------ */

struct plan_of_run { /* drawn from the seed before anything happens */
    uint32_t voters, observers;
    bool is_weighted, polls, is_quick, reloads_in_place, only_election;
    bool has_masters; /* observers may go to followers */
    usec_t faults_end, quiet_max;
    int32_t tick_ms, init_ticks, sync_ticks, ping_ms, silence_ms;
    usec_t delay, jitter, disk_sync;
    uint32_t spike_per_mille; /* packets that take very long */
    uint32_t window;          /* packets under way to one learner */
    uint32_t snap_percent, again_percent, purge_percent;
    bool has_foreign;       /* a server with the disk of another ensemble */
    usec_t named_at;        /* elections know of ensembles from then on */
    uint32_t plain_percent; /* servers that know no ids, as Apache's */
    uint32_t absent;        /* servers that stay away when the faults end */
    bool absent_are_silent; /* cut off, not down */
    uint32_t clients;
    uint32_t think_ms;
};

/* --- time ----------------------------------------------------------------- */

enum event_kind {
    EV_PIPE,      /* p: connection, gen: direction */
    EV_SYN,       /* p: connection */
    EV_DISK,      /* the disk of `node` has synced */
    EV_TOLD,      /* ... and the server hears of it */
    EV_ALARM,     /* of the election */
    EV_TICK,      /* of the role */
    EV_DIAL,      /* the learner dials again */
    EV_SNAPPED,   /* p: connection; the payload is written */
    EV_DATAGRAM,  /* p: message of the polling election */
    EV_POLL,      /* its round is over, or begins */
    EV_START,     /* a server starts */
    EV_THAW,      /* a frozen server goes on */
    EV_FAULT,     /* gen: number of the fault */
    EV_FAULT_END, /* likewise */
    EV_CLIENT,    /* a client does something */
    EV_QUIET,     /* faults are over */
    EV_LOOK_BACK, /* is the ensemble well now? */
};

struct event {
    usec_t at;
    uint64_t seq;
    uint8_t kind, node;
    uint32_t gen; /* of the node's life or timer: stale ones are dropped */
    void *p;
};

void sched_reset(void);
void sched_after(usec_t delay, enum event_kind kind, int node, uint32_t gen,
                 void *p);
bool sched_next(struct event *e);

/* --- links ---------------------------------------------------------------- */

enum port { PORT_ELECTION, PORT_QUORUM, PORT_CLIENT };

enum msg_kind {
    MSG_UP,      /* to the one who dialled: connected */
    MSG_REFUSED, /* ... or not */
    MSG_HELLO,   /* to the one who listens */
    MSG_END,     /* the other end is closed */
    MSG_NOTE,
    MSG_PACKET,
    MSG_SNAPSHOT,
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

struct msg_packet {
    struct qpacket packet;
    uint8_t small[48];
};

struct msg_snapshot {
    uint32_t *id; /* transactions that make up the tree */
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
    bool is_watched;   /* the read has set a watch */
    int64_t epoch;     /* currentEpoch of the server that answers */
};

struct msg {
    struct msg *next;
    usec_t due;
    uint8_t kind, from, to;
    union {
        struct msg_note note;
        struct msg_packet packet;
        struct msg_snapshot snapshot;
        struct msg_ask ask;
        struct msg_answer answer;
        struct poll_answer poll;
    };
};

struct pipe {
    struct msg *first, *last;
    uint32_t count;
    usec_t due; /* of the last put in: bytes do not overtake */
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
    zxid_t last_commit, last_proposal; /* sent by the leader, for check.c */
    bool is_sealed, is_up_to_date;     /* NEW_LEADER, UP_TO_DATE were sent */
    zxid_t ready_at;      /* committed when NEW_LEADER was acknowledged */
    bool is_paused[2];    /* node[k] reads nothing now */
    struct msg *snapshot; /* being written by the leader */
    zxid_t snapshot_zxid;
    struct pipe pipe[2];      /* from node[k] */
    struct conn *next, *prev; /* of those alive */
};

/* --- disks ---------------------------------------------------------------- */

enum disk_kind {
    DISK_APPEND,
    DISK_ACCEPTED,
    DISK_CURRENT,
    DISK_IDENTITY,
    DISK_TRUNCATE,
    DISK_REBASE,
};

struct disk_op {
    enum disk_kind kind;
    uint32_t id;              /* APPEND: transaction */
    int64_t epoch;            /* ACCEPTED, CURRENT */
    struct identity identity; /* CURRENT, IDENTITY; id 0: stays */
    zxid_t zxid;              /* TRUNCATE */
    uint32_t *ids;            /* REBASE */
    uint32_t count;           /* REBASE */
    uint32_t term;            /* of the role that ordered it */
};

/* What survives, and what is on its way there. */
struct disk {
    int64_t accepted, current;
    struct identity identity;
    uint32_t log[LOG_MAX]; /* ids */
    uint32_t count, base;  /* below base only the image has them */
    uint32_t image;        /* it has so many, all committed */
    struct disk_op op[DISK_OPS_MAX];
    uint32_t told, done, batch, tail; /* positions in op */
    uint32_t orders;                  /* not appends, not told */
    uint32_t gen;
    bool is_busy;
    usec_t slow_until;
};

/* --- servers -------------------------------------------------------------- */

enum role { ROLE_DOWN, ROLE_DRAINING, ROLE_LOOK, ROLE_LEAD, ROLE_LEARN };

enum {
    MAXBUFFER = 4096,   /* of a client's request */
    TXN_MAX = 64 << 10, /* of a transaction */
    OPENINGS = 32,      /* sessions being opened at one time */
    WATCHES = 8,        /* of one client's connection */
    TOUCHED = 32,
    NO_CLIENT = 0xff,
};

/* A client's connection as its server sees it. */
struct attached {
    struct conn *conn;
    session_id_t session;
    bool is_connected; /* the session is ours */
    bool is_opening;   /* createSession or revalidation is under way */
    int32_t timeout_ms;
    uint32_t queue[QUEUE_MAX]; /* operations, answered in this order */
    uint32_t first, last;
    uint32_t sent;      /* up to here they were sent on */
    zxid_t sync_behind; /* leading: the sync at the front waits for it */
    struct {
        bool is_set;
        char path[32];
    } watch[WATCHES];
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
    uint32_t count, durable, base;
    uint32_t committed, applied;
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

    struct leader *leader;
    int64_t heard_accepted; /* by the leader that we were */
    struct conn *slot[LEADER_PEERS_MAX];
    bool is_serving;
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
    struct {
        uint32_t client, conn; /* client NO_CLIENT: of an observer's server */
    } syncs[QUEUE_MAX * CLIENTS_MAX]; /* that are at the leader, in order */
    uint32_t sync_first, sync_last;
    struct msg_snapshot snap; /* being taken */
    zxid_t cut;               /* to where the log is being cut */

    struct tree *tree;
    void *arena;
    struct session_table *sessions;
    struct prep prep;
    void *prep_memory;
    struct expiry expiry;
    zxid_t zxid; /* of the last transaction prepared */
    struct {
        session_id_t session;
        struct origin origin;
    } opening[OPENINGS];
    uint32_t openings;
    bool wants_snap;
    bool must_load; /* the tree is of a process that died */
    uint32_t next_session;
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

/* --- transactions --------------------------------------------------------- */

struct txn_known {
    zxid_t zxid;
    struct bytes bytes;
    uint64_t digest; /* of the tree behind it; 0: nobody has applied it */
    bool is_digested;
};

/* A term of leadership that a quorum promised itself to. */
struct term_known {
    int64_t epoch;
    int node;
    bool is_established;
    uint32_t initial; /* transactions of the history it began with */
    uint32_t *log;    /* these, and what it proposed */
    uint32_t count, room;
};

/* --- clients -------------------------------------------------------------- */

struct op { /* what a client asked, once */
    uint8_t client;
    int32_t type; /* enum zk_op; multi holds a set and a create */
    session_id_t session;
    int32_t xid;
    char path[32];
    int32_t version, flags;
    uint64_t data;
    bool has_watch;
    char other[32];         /* of a multi: the second operation's path */
    usec_t asked, answered; /* answered 0: never */
    zxid_t zxid_asked;      /* newest write answered to anybody by then */
    struct msg_answer answer;
    uint32_t ended; /* order of what its client saw; 0: never */
    bool is_done;   /* judge.c: its transaction was met */
};

struct watch_seen { /* one watch of one client, as it saw it */
    uint8_t client;
    char path[32];
    zxid_t set;           /* zxid of the read that set it */
    uint32_t born;        /* order of what its client saw */
    uint32_t fired, lost; /* likewise; 0: not */
    zxid_t fired_zxid;
};

enum { OPS_MAX = 8192, WATCHES_MAX = 8192 };

struct client {
    struct conn *conn;
    int server;
    session_id_t session;
    int32_t timeout_ms;
    bool is_connected;
    zxid_t seen;
    int32_t xid;
    uint32_t gen;
    uint32_t queue[4]; /* operations without an answer */
    uint32_t first, last;
    uint32_t order;        /* of what this client sees */
    uint32_t watches_from; /* older ones in sim.watch are over */
    usec_t last_sent;
    uint32_t probe; /* the write after the faults */
    bool is_probed;
};

/* --- faults --------------------------------------------------------------- */

enum fault_kind {
    FAULT_CRASH, /* who: a server */
    FAULT_CRASH_LEADER,
    FAULT_CRASH_ALL,
    FAULT_CRASH_AT, /* at the nth time that `act` happens anywhere */
    FAULT_FREEZE,
    FAULT_FREEZE_LEADER,
    FAULT_ISOLATE, /* who: from everybody */
    FAULT_ISOLATE_LEADER,
    FAULT_ONE_WAY, /* from who to other */
    FAULT_SPLIT,   /* mask: one side */
    FAULT_BREAK,   /* every connection of who */
    FAULT_SLOW_DISK,
    FAULT_CLOCK,       /* wall clock of who jumps */
    FAULT_RESIGN,      /* the leader is told to stop leading */
    FAULT_ELECTION,    /* the election process of who dies */
    FAULT_REPLICATION, /* the replication process of who dies */
    FAULT_PURGE,       /* old log files of who go */
    FAULT_KINDS,
};

/* Moments at which a server may be made to crash. */
enum moment {
    MOMENT_STORE_ACCEPTED,
    MOMENT_STORE_CURRENT,
    MOMENT_STORED,
    MOMENT_SEND_ACK_EPOCH,
    MOMENT_SEND_NEW_LEADER,
    MOMENT_SEND_ACK,
    MOMENT_APPEND,
    MOMENT_TRUNCATE,
    MOMENT_REBASE,
    MOMENT_LEAD,
    MOMENT_SERVE,
    MOMENT_COMMIT,
    MOMENT_PROPOSE,
    MOMENTS,
};

struct fault {
    enum fault_kind kind;
    usec_t at, lasts;
    uint8_t who, other;
    uint32_t mask;
    enum moment moment;
    uint32_t nth;
    bool is_off; /* left out while a failure is being shrunk */
    bool is_on;
};

/* --- the world ------------------------------------------------------------ */

struct sim {
    uint64_t seed;
    struct plan_of_run plan;
    struct rng rng;       /* of everything but the faults */
    struct rng fault_rng; /* of their schedule */
    usec_t now;
    uint64_t step, step_max;
    bool is_quiet; /* faults are over */
    bool is_well;  /* and everybody agrees: the run is over */
    usec_t quiet_since;
    struct quorum quorum;
    uint32_t servers;
    struct server server[SERVERS_MAX];
    struct client client[CLIENTS_MAX];
    uint8_t is_blocked[NODES_MAX][NODES_MAX]; /* by how many faults */
    struct fault fault[FAULTS_MAX];
    uint32_t faults;

    struct txn_known txn[LOG_MAX];
    uint32_t txns;
    uint32_t foreign_txns;       /* the first so many are of another ensemble */
    uint32_t committed[LOG_MAX]; /* the one sequence that is delivered */
    uint32_t committed_count;
    struct term_known term[EPOCHS_MAX];
    uint32_t terms;
    uint8_t promise[SERVERS_MAX][EPOCHS_MAX]; /* node + 1; 0: to nobody */
    struct op op[OPS_MAX];
    uint32_t ops;
    struct watch_seen watch[WATCHES_MAX];
    uint32_t watches;
    zxid_t newest_answered; /* of a write, to any client */

    uint8_t *memory; /* bytes of this run */
    size_t used;

    jmp_buf leave;
    char invariant[64], broken[512];
    bool is_tracing, is_loud;
    bool is_full; /* a bound was reached: the run ends without a claim */
};

extern struct sim sim;

/* Bytes that live as long as the run. */
void *sim_memory(size_t size);

/* The claim `invariant` does not hold. */
_Noreturn void sim_broken(const char *invariant, const char *text, ...)
    __attribute__((format(printf, 2, 3)));
#define claim(invariant, fact, ...)                                            \
    ((fact) ? (void)0 : sim_broken(invariant, __VA_ARGS__))

/* The run has used up what a run may use; it ends, nothing is claimed. */
_Noreturn void sim_full(void);

void trace_line(const char *text, ...) __attribute__((format(printf, 1, 2)));
#define TRACE(...)                                                             \
    do {                                                                       \
        if (sim.is_tracing)                                                    \
            trace_line(__VA_ARGS__);                                           \
    } while (0)
void trace_reset(void);
void trace_print(void);

static inline bool
is_server(int node)
{
    return node < SERVERS_MAX;
}

static inline bool
is_frozen(const struct server *s)
{
    return s->thaw > sim.now;
}

static inline zxid_t
zxid_of(uint32_t id)
{
    return sim.txn[id].zxid;
}

/* The zxid of the last of `count` transactions of a log. */
static inline zxid_t
last_of(const uint32_t *log, uint32_t count)
{
    return count ? zxid_of(log[count - 1]) : 0;
}

#endif
