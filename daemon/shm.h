/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm.h - what the processes share: the inventory.
 *
 * The path names the writer: only the log process stores to shm->log,
 * everybody may load from it; the supervisor may repair after a death.
 *
 * A position counts the bytes ever put in the transaction ring.  It only
 * grows, is stored with release and loaded with acquire, and at any moment
 *
 *      applied <= committed <= published       durable <= published
 *      delivered <= applied        published - slowest cursor <= ring size
 *
 * No lock: what lies below a position is whole and does not change until the
 * slowest position has passed it.  A writer that dies in the middle of an
 * entry has published nothing.
 *
 * Life: shm_map by the supervisor before the first fork; one memfd, mapped at
 * one address in every process and never unmapped.  Memory is reserved, not
 * touched.  proc_enter leaves a process the right to store to its own parts
 * only (shm_protect): a stray store kills the culprit, not the tree.
 */
#ifndef DAEMON_SHM_H
#define DAEMON_SHM_H

#include <stdalign.h>
#include <stdatomic.h>

#include "daemon/conf/conf.h"
#include "daemon/reqring.h"
#include "daemon/txring.h"
#include "daemon/types.h"

enum {
    SHM_PAGE = 4096, /* or more: a part begins on a page (memory.h) */
    CLIENTS_MAX = CONF_CLIENTS_MAX,
    IP_SLOTS = 4096,       /* addresses counted per client process */
    CONNS_MAX = 1 << 17,   /* connections per client process */
    CONN_INFO_BYTES = 112, /* net/admin/conn_info.h keeps to it */
};

/*
 * How many of the largest requests, each with a page for headers and
 * identities, a ring holds at least.  A multi's outcomes can be larger than
 * its request (88 bytes for a 17-byte delete): an entry of the transaction
 * ring takes up to 7.5 times the request.  However short requests are, a
 * closeSession may list 8,192 nodes: RING_MIN has the room.
 */
enum { REQUEST_RING_HOLDS = 4, RING_HOLDS = 8, RING_MIN = 1 << 20 };

/*
 * The processes.  Client processes are PROC_CLIENT + w.
 * Titles, order and restart policy: procs.def.
 */
enum proc_id {
    PROC_SUPER,
    PROC_LOG,
    PROC_IMAGE,
    PROC_REPLICATION,
    PROC_ELECTION,
    PROC_ADMIN,
    PROC_CLIENT,
    PROC_END = PROC_CLIENT + CLIENTS_MAX,
};

/* Every process begins its own part with this. */
struct shm_proc {
    _Atomic uint32_t sleeping;     /* bell.h: 1 while in or near epoll_wait */
    _Atomic uint32_t is_ready;     /* serves; set once per life */
    _Atomic int64_t ready_ms;      /* mono; since when, if it is_ready */
    _Atomic uint64_t beats;        /* grows while the event loop turns */
    _Atomic int64_t disk_since_ms; /* in a slow system call since, or 0 */
    _Atomic uint32_t progress_permille; /* of a long start */
};

/* Each counter has one writer: no locked addition is needed. */
#define COUNT(counter, n)                                                      \
    atomic_store_explicit(                                                     \
        &(counter),                                                            \
        atomic_load_explicit(&(counter), memory_order_relaxed) + (n),          \
        memory_order_relaxed)

enum server_role {
    ROLE_NONE, /* starting, or looking for a leader: nobody is served */
    ROLE_STANDALONE,
    ROLE_LEADING,
    ROLE_FOLLOWING,
    ROLE_OBSERVING,
    ROLE_READ_ONLY, /* no leader: reads, for clients that asked for that */
};

struct shm_super {
    alignas(SHM_PAGE) struct shm_proc proc;
    struct conf conf;              /* stable while conf_version is even */
    _Atomic uint32_t conf_version; /* +2 per reload */
    _Atomic int log_level;
    uint32_t client_count;
    _Atomic uint32_t is_stopping;    /* no new sessions */
    _Atomic uint32_t life[PROC_END]; /* incarnations, from 1 */
    _Atomic int32_t pid[PROC_END];
    int bell_fd[PROC_END]; /* eventfd, inherited */
    int listen_fd;         /* client port, inherited; -1 none */
    mono_ms_t started_ms;
};

/*
 * What replication asks of the election process.  All else is written before
 * `number` grows, and stays as it is until the answer names that number.
 */
struct shm_look {
    alignas(64) _Atomic uint64_t number; /* look for a leader; 0: not yet */
    _Atomic zxid_t zxid;                 /* our last logged transaction */
    _Atomic int64_t epoch;               /* our currentEpoch */
    _Atomic uint64_t established; /* the look whose leader now leads us */
    _Atomic int64_t established_epoch;
    _Atomic uint64_t ended;    /* the look whose role is over; before any peer
                                  can see that it is */
    _Atomic uint32_t is_taken; /* ... since its leader follows, or has, another
                                  server of our number */
};

enum log_order {
    LOG_NOTHING,
    LOG_ACCEPT_EPOCH,  /* acceptedEpoch := value */
    LOG_CURRENT_EPOCH, /* the ensemble's id, then currentEpoch := value */
    LOG_IDENTITY,      /* the ensemble's id */
    LOG_TRUNCATE,      /* cut the log behind zxid `value` */
    LOG_REBASE,        /* the snapshot at zxid `value` replaces all we have */
};

/* The ensemble that we belong to: storage/log/identity.h. */
struct shm_identity {
    _Atomic uint64_t id;
    _Atomic int64_t epoch;
    _Atomic uint32_t is_confirmed;
};

/* What replication orders of the log process; as shm_look. */
struct shm_log_order {
    alignas(64) _Atomic uint64_t number;
    _Atomic uint32_t kind; /* enum log_order */
    _Atomic int64_t value;
    struct shm_identity identity; /* id 0: ours stays as it is */
    _Atomic ring_pos_t behind;    /* done when all up to here is durable */
};

/* How far a member has come in its role; ZooKeeper's words. */
enum zab_state {
    ZAB_ELECTION, /* looking for a leader */
    ZAB_DISCOVERY,
    ZAB_SYNCHRONIZATION,
    ZAB_BROADCAST, /* leads, follows or observes: see `role` */
};

/*
 * What operators ask of a member: figures that no process acts on.  Those
 * about learners are 0 unless we lead.
 */
struct shm_ensemble {
    alignas(64) _Atomic uint32_t zab_state; /* enum zab_state */
    _Atomic sid_t leader;                   /* ourselves, or whom we follow */
    _Atomic int64_t epoch;             /* of that leader; 0: not known yet */
    _Atomic uint32_t learners;         /* connected */
    _Atomic uint32_t synced_followers; /* without the leader */
    _Atomic uint32_t synced_non_voting, synced_observers;
    _Atomic uint32_t pending_syncs;   /* sync requests not answered */
    _Atomic int64_t observer_lag_ms;  /* that something committed waits until
                                         it is sent to the slowest of them */
    _Atomic int64_t leading_since_ms; /* mono; 0: does not lead */
    _Atomic int64_t proposal_last, proposal_min, proposal_max; /* bytes; 0:
                                                                  none yet */
    _Atomic uint64_t diffs, snaps;        /* learners served by each, ever */
    _Atomic uint64_t unavailable_last_ms; /* between serving and serving */
    _Atomic bool is_outdated; /* it has other voters than our configuration */
    _Atomic bool is_ahead;    /* its leader lacks what is committed here */
};

struct shm_replication {
    alignas(SHM_PAGE) struct shm_proc proc;
    alignas(64) _Atomic ring_pos_t published;  /* whole in the ring */
    alignas(64) _Atomic ring_pos_t committed;  /* acknowledged by a quorum */
    alignas(64) _Atomic ring_pos_t applied;    /* in the tree */
    alignas(64) _Atomic zxid_t committed_zxid; /* the image may go so far, */
    _Atomic zxid_t image_wanted; /* ... and is to be there soon, for a SNAP */
    _Atomic zxid_t applied_zxid;
    _Atomic uint32_t role;        /* enum server_role */
    _Atomic uint32_t serving;     /* number of this period of service, or 0 */
    _Atomic uint32_t periods;     /* of service so far, in all lives */
    _Atomic uint64_t outstanding; /* prepared, not yet applied */
    _Atomic uint64_t sessions_expired;
    _Atomic uint64_t proposals;      /* transactions prepared */
    _Atomic uint64_t writes_refused; /* at memory.limit */
    /* transactions after which our tree was not its leader's */
    _Atomic uint64_t digest_mismatches;
    /* when those who could end our clients' sessions heard of them last, as
       far as we know; MONO_MS_MAX: nobody else could end any.  See
       net/client/client_lease.c */
    _Atomic mono_ms_t vouched;
    struct shm_ensemble ensemble;
    struct shm_look look;           /* to the election process */
    struct shm_log_order log_order; /* to the log process */
    _Atomic uint64_t local_sessions;
    alignas(64) _Atomic ring_pos_t taken[CLIENTS_MAX]; /* of requests */
    alignas(64) _Atomic ring_pos_t told[CLIENTS_MAX];  /* tails of words */
};

struct shm_log {
    alignas(SHM_PAGE) struct shm_proc proc;
    alignas(64) _Atomic ring_pos_t durable; /* survives a power cut here */
    _Atomic zxid_t durable_zxid;
    _Atomic uint64_t fsync_count, fsync_total_us, fsync_max_us;
    _Atomic uint64_t fsync_slow; /* longer than fsync.warningthresholdms */
    _Atomic uint64_t dir_bytes;  /* all in its directory: `dirs` reports it */
    _Atomic int32_t failed;    /* errno of a write that failed: no more acks */
    _Atomic uint32_t has_room; /* it failed for want of room, which is there
                                  now: the server is to be started anew */
    _Atomic uint32_t is_removed;  /* the file that is written is not in its
                                     place any more: somebody's rm */
    _Atomic uint64_t order_done;  /* number of the last order carried out */
    _Atomic int32_t order_result; /* 0 or -errno */
    _Atomic int64_t accepted_epoch, current_epoch; /* as on disk */
    struct shm_identity identity;                  /* likewise */
    _Atomic uint64_t replaced; /* odd: it replaces the files that the image
                                  process uses, hands off; even: use them, but
                                  open them anew if it has changed */
    _Atomic zxid_t base_zxid;  /* the log goes on from there: all before is
                                  in a snapshot or the image */
    _Atomic zxid_t exact_zxid; /* from here on the image is no longer fuzzy;
                                  INT64_MAX: not known yet */
};

/* The election process; the vote is whole before `decided` grows. */
struct shm_election {
    alignas(SHM_PAGE) struct shm_proc proc;
    alignas(64) _Atomic uint64_t decided; /* the look that this answers */
    _Atomic sid_t leader;
    _Atomic zxid_t zxid;
    _Atomic int64_t round;
    _Atomic int64_t epoch;        /* as voted for, before it leads */
    _Atomic uint32_t life;        /* of the replication process that asked */
    _Atomic uint64_t connected;   /* members: bit i is member i of the quorum */
    _Atomic uint64_t foreign;     /* likewise: those of another ensemble */
    _Atomic uint32_t is_kept_out; /* another server has our number */
    _Atomic int64_t config_version; /* the latest that members gave to the
                                       configuration that we have, too */
    _Atomic uint64_t elections, last_election_ms, all_elections_ms;
};

struct shm_image {
    alignas(SHM_PAGE) struct shm_proc proc;
    _Atomic zxid_t persisted_zxid; /* in the LMDB image */
    _Atomic zxid_t snapshot_zxid;  /* of the last snapshot taken */
    _Atomic uint32_t is_at_work;   /* uses image, snapshots, log files */
    _Atomic int32_t failed;        /* errno why it cannot be written; or 0 */
    _Atomic uint64_t snapshot_count, snapshot_last_ms, snapshot_total_ms;
    _Atomic uint64_t dir_bytes; /* all in its directory: `dirs` reports it */
};

struct shm_admin {
    alignas(SHM_PAGE) struct shm_proc proc;
};

/*
 * Counters of a client process, which outlive it, and what it has at the
 * moment, which super_child.c sets to 0 when it dies.  The four-letter words
 * add them up over all client processes.
 */
struct client_stats {
    _Atomic uint64_t received, sent;
    _Atomic uint64_t latency_count, latency_total_ms;
    _Atomic uint64_t latency_min_ms, latency_max_ms;
    _Atomic uint64_t connections, connections_rejected;
    _Atomic uint64_t watches, watched_paths; /* in the data table */
    _Atomic uint64_t child_watches, watching_connections, watch_bytes;
    _Atomic uint64_t outstanding; /* requests read, not yet answered */
    _Atomic uint64_t throttled, watches_refused; /* at memory.limit */
    _Atomic uint64_t connection_requests, auth_failed, sessionless_expired;
    _Atomic uint64_t throttle_drops, bytes_received, revalidations;
    _Atomic uint64_t drop_ppm; /* of new sessions, at random */
    _Atomic uint32_t conn_end; /* places of the connection table ever used */
};

/* Connections of one address in one client process: net/access/limits.c. */
struct ip_slot {
    _Atomic uint64_t ip_hash; /* 0: free */
    _Atomic uint32_t count;
};

struct shm_client {
    alignas(SHM_PAGE) struct shm_proc proc;
    alignas(64) _Atomic ring_pos_t delivered; /* events and replies sent;
                                                 RING_POS_NONE: no reader */
    _Atomic ring_pos_t apply_until; /* apply no entry behind that: events or a
                                       read take long (client_pace.c); 0: any */
    alignas(64) _Atomic ring_pos_t requested; /* tail of its request ring */
    alignas(64) _Atomic ring_pos_t words_taken;
    alignas(64) _Atomic uint32_t attached; /* period of service whose tree it
                                              reads; 0: it has no connections
                                              and reads nothing */
    _Atomic bool is_out_of_files; /* no descriptor for one more connection */
    struct client_stats stats;
    struct ip_slot ips[IP_SLOTS];
};

#define RING_POS_NONE UINT64_MAX

/* One record of the connection table: what `cons` and `stat` print. */
struct conn_info; /* net/admin/conn_info.h */

/*
 * The directory, in a page of its own that the supervisor fills once.
 * All pointers are into the mapping, valid in every process.
 */
struct shm {
    struct shm_super *super;
    struct shm_replication *replication;
    struct shm_log *log;
    struct shm_image *image;
    struct shm_election *election;
    struct shm_admin *admin;
    struct shm_client *client[CLIENTS_MAX];
    /* per session slot: monotonic ms (low 32 bits) of the last word, 0: none;
       written by client process w.  The next session in the slot finds it as
       the last one left it: only its age tells (net/repl/repl_session.c) */
    _Atomic uint32_t *heard[CLIENTS_MAX];
    struct conn_info *conns[CLIENTS_MAX];
    struct txring ring;
    struct reqring requests[CLIENTS_MAX];
    struct reqring words[CLIENTS_MAX]; /* from replication to w */
    void *tree_arena;                  /* tree_init by replication */
    size_t tree_arena_bytes;
    void *session_memory;
};

/*
 * How a word that was said at `now` stands in shm->heard: 0 would be none, so
 * in the one moment in 49 days that has it, it is a millisecond later.
 */
static inline uint32_t
shm_heard_at(mono_ms_t now)
{
    uint32_t low = (uint32_t)now;

    return low != 0 ? low : 1;
}

/* The part of process `id` that every process has. */
struct shm_proc *shm_proc(const struct shm *shm, enum proc_id id);

/* The bytes of the transaction ring that `conf` leads to. */
uint64_t shm_ring_bytes(const struct conf *conf);

/* The same of each client process's requests. */
uint64_t shm_request_ring_bytes(const struct conf *conf);

/*
 * Map and lay out everything for `conf`, with `session_bytes` for the session
 * table and one `heard` word for each of `session_slots`.  0 or -errno.
 * Supervisor, once, before the first fork.
 */
int shm_map(const struct conf *conf, size_t session_bytes, size_t session_slots,
            struct shm **shm);

/* Take from this process the right to store to parts of others; a child. */
void shm_protect(enum proc_id self);

/*
 * A stable copy of the configuration as it is now, and which version that is:
 * another one is there as soon as shm_has_new_conf says so.  Any process.
 */
uint32_t shm_conf(const struct shm *shm, struct conf *conf);

static inline bool
shm_has_new_conf(const struct shm *shm, uint32_t version)
{
    return atomic_load_explicit(&shm->super->conf_version,
                                memory_order_acquire) != version;
}

#endif
