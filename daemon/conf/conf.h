/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - the operator's configuration, read from zoo.cfg.
 *
 * A `struct conf` is a plain value: no pointer, no lock.  The supervisor
 * loads it, keeps it in shared memory and alone writes it; every process
 * reads it.  Each key is one row of conf.def, and that table is all that the
 * parser, the ranges, the messages, `zabd -t`, `zabd -p`, the reload and the
 * check of etc/zoo.cfg know.
 *
 * Everything here that could be "default: derived" is already resolved after
 * conf_load: session bounds from the tick, the log folder from the data
 * folder, processes from the cores, memory from cgroup or machine.
 *
 * Facts: spec/operations.md 2, 3 and 5; spec/client-protocol.md 11.
 */
#ifndef DAEMON_CONF_CONF_H
#define DAEMON_CONF_CONF_H

#include <stdio.h>

#include "daemon/types.h"

enum {
    CONF_PATH_MAX = 512,    /* bytes with the final zero */
    CONF_ADDRESS_MAX = 256, /* a host name has at most 253 */
    CONF_TEXT_MAX = 256,
    CONF_KEY_MAX = 96,
    CONF_ROWS_MAX = 400,
    CONF_CLIENTS_MAX = 64,         /* client processes */
    CONF_LINE_OPTION = UINT16_MAX, /* no line: given as an option */
};

/*
 * The four letter words that a whitelist can name: one bit each, in the
 * order of the table.  Words whose answer this zabd lacks are here too, so
 * that an operator's list is not called misspelt.
 */
#define CONF_WORD_TABLE(X)                                                     \
    X(CONF, "conf")                                                            \
    X(CONS, "cons")                                                            \
    X(CRST, "crst")                                                            \
    X(DIRS, "dirs")                                                            \
    X(DUMP, "dump")                                                            \
    X(ENVI, "envi")                                                            \
    X(GTMK, "gtmk")                                                            \
    X(HASH, "hash")                                                            \
    X(ISRO, "isro")                                                            \
    X(MNTR, "mntr")                                                            \
    X(RUOK, "ruok")                                                            \
    X(SRST, "srst")                                                            \
    X(SRVR, "srvr")                                                            \
    X(STAT, "stat")                                                            \
    X(STMK, "stmk")                                                            \
    X(WCHC, "wchc")                                                            \
    X(WCHP, "wchp")                                                            \
    X(WCHS, "wchs")

#define CONF_WORD_ENUM(name, word) CONF_WORD_##name,
enum conf_word { CONF_WORD_TABLE(CONF_WORD_ENUM) CONF_WORD_COUNT };

/* Bits of enforce_auth_schemes: the schemes that a connection can hold. */
enum conf_scheme { CONF_SCHEME_DIGEST = 1, CONF_SCHEME_IP = 2 };

/* The message digest of digest ids; the order is that of the row. */
enum conf_digest_alg {
    CONF_DIGEST_SHA1,
    CONF_DIGEST_SHA256,
    CONF_DIGEST_SHA512,
    CONF_DIGEST_SHA3_256,
};

enum {
    CONF_MEMBERS_MAX = 64,
    CONF_GROUPS_MAX = 15,   /* their numbers are 1 to this */
    CONF_SID_MAX = 255,     /* a session id has one byte for it */
    CONF_ADDRESSES_MAX = 4, /* of one server */
    CONF_MORE_MAX = 256,
};

/* Where other servers find one. */
struct conf_address {
    char host[CONF_ADDRESS_MAX];
    int32_t quorum_port, election_port;
};

/* A server line; conf_member.c reads it. */
struct conf_member {
    sid_t sid;
    uint32_t line;
    bool is_observer;
    bool is_secure; /* it has a secure client address */
    int32_t quorum_port;
    int32_t election_port;
    int32_t client_port;         /* 0: not in the line */
    int32_t group;               /* 0: there are no groups */
    int64_t weight;              /* 1 if it is not given */
    char host[CONF_ADDRESS_MAX]; /* with the ports above: its first address */
    char more[CONF_MORE_MAX];    /* the others as written: "b:1:2|c:1:2" */
    char client_host[CONF_ADDRESS_MAX]; /* empty: any address */
};

/*
 * Address `i` of a member, in the order of its line; false: it has fewer.  It
 * has one at least.
 */
bool conf_member_address(const struct conf_member *m, uint32_t i,
                         struct conf_address *a);

/*
 * Whether two hosts, without brackets, are spellings of one name or address.
 * Of a name and an address nobody knows before it is resolved.
 */
bool conf_is_same_host(const char *a, const char *b);

/* Whether a host, by its spelling, is this machine to itself only. */
bool conf_is_loopback(const char *host);

/*
 * Where 0 or less is "off" in zoo.cfg, it is so here.  Text is terminated,
 * UTF-8, and followed by zeros to the end of its field, so that fields compare
 * by their bytes.
 */
struct conf {
    /* where, and how often */
    char data_dir[CONF_PATH_MAX];
    char data_log_dir[CONF_PATH_MAX]; /* never empty: data_dir by default */
    int32_t tick_time_ms;
    int32_t init_limit_ticks;       /* 0: not given */
    int32_t sync_limit_ticks;       /* 0: not given */
    int32_t min_session_timeout_ms; /* resolved: never -1 */
    int32_t max_session_timeout_ms; /* resolved: never -1 */

    /* transaction log, snapshots, purge */
    int32_t snap_count;
    int64_t snap_size_limit_kb;    /* <= 0 off */
    int64_t txn_log_size_limit_kb; /* <= 0 off */
    int64_t pre_alloc_kb;
    bool force_sync;
    int32_t fsync_warning_ms;
    int32_t max_batch_size; /* transactions in one flush; <= 0 off */
    bool snapshot_trust_empty;
    bool datadir_autocreate, db_autocreate;
    int32_t autopurge_retain;      /* snapshots, >= 3 */
    int64_t autopurge_interval_ms; /* 0 off */

    /* what a tree may hold */
    bool digest_enabled; /* tree digest in transactions and snapshots */
    bool extended_types; /* TTL nodes */
    bool enforce_quota;
    int32_t container_check_interval_ms;
    int32_t container_max_per_minute;
    int32_t container_never_used_ms; /* 0: kept for ever */

    /* listener and connections */
    int32_t client_port;
    char client_address[CONF_ADDRESS_MAX]; /* empty: any address */
    int32_t listen_backlog;                /* resolved: never -1 */
    int32_t max_client_cnxns;              /* per address, <= 0 off */
    int32_t max_cnxns;                     /* in all, 0 off */
    bool tcp_keepalive;
    int32_t sessionless_timeout_ms; /* <= 0 off */
    int32_t jute_maxbuffer;         /* bytes of one inbound frame */
    int32_t jute_maxbuffer_extra;   /* more, for what was once committed */
    int32_t global_outstanding_limit;
    bool readonly_mode;
    bool local_sessions;
    bool local_sessions_upgrading;
    bool reconfig_enabled;

    /* the ensemble; no members: a server of its own */
    uint32_t member_count;
    struct conf_member member[CONF_MEMBERS_MAX]; /* ascending sid */
    sid_t my_sid;            /* from the file myid; 0 without members */
    bool is_observer;        /* by our own line, which beats peerType */
    bool standalone_enabled; /* one voter alone is no ensemble */
    int32_t peer_type;       /* as given; is_observer is what counts */
    int32_t election_alg;    /* 3 fast leader election, 0 polling */
    bool leader_serves;      /* the leader takes clients */
    bool listen_on_all_ips;  /* quorum and election port */
    int32_t cnx_timeout_ms;
    int32_t quorum_cnxn_timeout_ms; /* <= 0: sync_limit_ticks */
    int32_t snap_syncs_max, diff_syncs_max;
    int32_t election_bind_retry; /* 0: for ever */
    int32_t election_max_notification_ms;
    int32_t learner_connect_ticks; /* connectToLearnerMasterLimit */
    int32_t observer_master_port;  /* 0: none */
    int32_t observer_election_delay_ms;
    bool force_snap_sync;
    double snap_size_factor;   /* times the snapshot's size: no more log than
                                  that is read for a learner; negative: none */
    int32_t leader_silence_ms; /* zabd's own: a zabd leader that is silent
                                  for so long is dead; 0: syncLimit decides */

    /* throttles */
    int32_t connect_tokens; /* 0 off */
    int32_t connect_fill_time_ms;
    int32_t connect_fill_count;
    int32_t connect_freeze_time_ms; /* < 0 off */
    double connect_drop_increase;
    double connect_drop_decrease;
    double connect_decrease_ratio;
    bool connect_weight_enabled;
    int32_t connect_weight_global;
    int32_t connect_weight_local;
    int32_t connect_weight_renew;
    int32_t request_max;          /* 0 off */
    int32_t throttled_op_wait_ms; /* 0 off */
    int64_t large_request_max_bytes;
    int32_t large_request_threshold; /* <= 0 off */

    /* who may what */
    bool skip_acl;
    bool digest_auth_enabled;
    char super_digest[CONF_TEXT_MAX]; /* "super:<base64>", empty: none */
    int32_t digest_alg;               /* enum conf_digest_alg */
    bool enforce_auth;
    uint32_t enforce_auth_schemes; /* enum conf_scheme; 0 if not enforced */

    /* looking in */
    uint32_t four_letter_words; /* bit 1 << enum conf_word; has SRVR */
    bool admin_enabled;
    char admin_address[CONF_ADDRESS_MAX];
    int32_t admin_port;
    int32_t admin_idle_timeout_ms;
    char admin_command_url[CONF_TEXT_MAX];
    int32_t log_level; /* enum log_level; copy it into the atomic one */

    /* zabd's own */
    int32_t client_processes;   /* resolved: 1 .. CONF_CLIENTS_MAX */
    int64_t memory_limit;       /* bytes, resolved: never 0 */
    int64_t ring_bytes;         /* transaction ring, a power of two */
    int64_t request_ring_bytes; /* each client process's, a power of two */

    /*
     * Where each row of conf.def was set: a line of the file, or
     * CONF_LINE_OPTION; 0 is its default.  `path` is the file, empty for the
     * embedded configuration.
     */
    uint16_t line[CONF_ROWS_MAX];
    char path[CONF_PATH_MAX];
};

/* One finding; `allowed` says what would be right, if that helps. */
enum conf_severity { CONF_NOTE, CONF_WARNING, CONF_ERROR };

struct conf_message {
    enum conf_severity severity;
    uint32_t line; /* 0: the file as a whole; or CONF_LINE_OPTION */
    char file[CONF_TEXT_MAX];
    char key[CONF_KEY_MAX]; /* empty: not about a key */
    char text[CONF_TEXT_MAX];
    char allowed[CONF_TEXT_MAX];
};

/* Bounded: what does not fit is counted, errors push notes out. */
struct conf_report {
    uint32_t count;
    uint32_t errors;
    uint32_t warnings;
    uint32_t dropped;
    struct conf_message message[64];
};

/*
 * Read `path`, or the embedded default configuration if it is NULL.  Returns
 * 0 or -errno: -EINVAL when the report holds an error about a key, else why
 * the file could not be read (the report says so, too).  `conf` is
 * untouched on error; the report is always written from its start.  Prints
 * nothing.  Any process; reads files, allocates and frees.
 */
int conf_load(const char *path, struct conf *conf, struct conf_report *report);

/* The same for a text in memory; `name` stands in messages for the file. */
int conf_load_text(const char *name, struct bytes text, struct conf *conf,
                   struct conf_report *report);

/*
 * Options of the command line, name=value each, for every conf_load from now
 * on.  A line of the file wins, as in Java; one of the embedded configuration
 * does not.  Borrowed for ever.
 */
void conf_set_options(char *const *options, uint32_t count);

/* The embedded default configuration: its text, and its name in messages. */
extern const char conf_default_text[];
#define CONF_DEFAULT_NAME "the embedded configuration"

/* May a client ask the four letter word that starts at `word`? */
bool conf_allows_word(const struct conf *conf, const char word[4]);

/*
 * What a reload to `wanted` would change.  Appends to the report one note
 * for each key that can change now and one warning for each that needs a
 * restart.  Returns how many need a restart.
 */
uint32_t conf_diff(const struct conf *running, const struct conf *wanted,
                   struct conf_report *report);

/*
 * Take over from `wanted` every key that may change while running; all
 * others keep their value.  Supervisor only, while conf_version is odd:
 * readers copy again (shm_conf).
 */
void conf_take_live(struct conf *running, const struct conf *wanted);

/* The largest jute.maxbuffer that a reload can set: what the rings carry. */
int32_t conf_request_max(const struct conf *running);

/* The member with this number, or NULL. */
const struct conf_member *conf_member_of(const struct conf *conf, sid_t sid);

/* Our own line; NULL in a server without members. */
const struct conf_member *conf_myself(const struct conf *conf);

/* How many members vote; 0: a server of its own. */
uint32_t conf_voters(const struct conf *conf);

/* Write every key with its effective value and where it came from. */
void conf_print(const struct conf *conf, FILE *out);

/* `zabd -t`: print the findings of `path`; returns the exit code, 0 or 1. */
int conf_check(const char *path, FILE *out);

/* "file:line: error: key: text; allowed: ..." in at most size-1 bytes. */
void conf_message_format(const struct conf_message *m, char *text, size_t size);

#endif
