/* SPDX-License-Identifier: Apache-2.0 */
/* four.c - see four.h.  Client processes. */
#include "net/admin/four.h"

#include <inttypes.h>

#include "daemon/jute.h"
#include "daemon/version.h"
#include "election/quorum_conf.h"
#include "net/admin/metrics.h"
#include "net/wire/request.h"

static const char *const names[] = {
#define NAME(id, word) [CONF_WORD_##id] = word,
    CONF_WORD_TABLE(NAME)
#undef NAME
};

enum four_kind
four_kind(const uint8_t bytes[4], enum conf_word *word)
{
    if (load_be32(bytes) == 0xfff4fffd)
        return FOUR_BREAK;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (memcmp(bytes, names[i], 4) == 0) {
            *word = (enum conf_word)i;
            return FOUR_WORD;
        }
    return FOUR_LENGTH;
}

const char *
four_name(enum conf_word word)
{
    return names[word];
}

bool
four_needs_serving(enum conf_word word)
{
    return word != CONF_WORD_RUOK && word != CONF_WORD_ISRO &&
           word != CONF_WORD_ENVI && word != CONF_WORD_GTMK;
}

/* --- srvr, stat, cons ----------------------------------------------------- */

static void
print_version(FILE *out)
{
    fprintf(out, "Zookeeper version: %s, built on %s\n", ZABD_ZOOKEEPER_VERSION,
            ZABD_BUILT_ON);
}

static void
print_read_only(const struct four *f, FILE *out)
{
    if (f->figures->role == ROLE_READ_ONLY)
        fputs("READ-ONLY mode; serving only read-only clients\n", out);
}

static void
print_server(const struct figures *s, FILE *out)
{
    char avg[32];

    figures_format(figures_latency_avg(s), avg);
    fprintf(out, "Latency min/avg/max: %" PRIu64 "/%s/%" PRIu64 "\n",
            s->latency_min_ms, avg, s->latency_max_ms);
    fprintf(out, "Received: %" PRIu64 "\nSent: %" PRIu64 "\n", s->received,
            s->sent);
    fprintf(out, "Connections: %" PRIu64 "\nOutstanding: %" PRIu64 "\n",
            s->connections, s->outstanding);
    fprintf(out, "Zxid: 0x%" PRIx64 "\nMode: %s\n", (uint64_t)s->tree.zxid,
            figures_state(s));
    fprintf(out, "Node count: %" PRIu64 "\n", s->tree.node_count);
    if (s->role == ROLE_LEADING)
        fprintf(out,
                "Proposal sizes last/min/max: %" PRId64 "/%" PRId64 "/%" PRId64
                "\n",
                s->ensemble.proposal_last, s->ensemble.proposal_min,
                s->ensemble.proposal_max);
}

static void
print_srvr(const struct four *f, FILE *out)
{
    print_version(out);
    print_read_only(f, out);
    print_server(f->figures, out);
}

static void
print_peer(const struct conn_info *c, FILE *out)
{
    if (!c->is_v6) {
        fprintf(out, " /%u.%u.%u.%u:%u", c->address[0], c->address[1],
                c->address[2], c->address[3], c->port);
        return;
    }
    fprintf(out, " /[");
    for (int i = 0; i < 8; i++)
        fprintf(out, "%s%x", i ? ":" : "",
                c->address[2 * i] << 8 | c->address[2 * i + 1]);
    fprintf(out, "]:%u", c->port);
}

/* In brackets stands what Java's selector waits for: to read, or nothing. */
static void
print_counts(const struct four *f, const struct conn_info *c, FILE *out)
{
    print_peer(c, out);
    fprintf(out, "[%x](queued=%u,recved=%" PRIu64 ",sent=%" PRIu64,
            c != f->self, c->queued, c->received, c->sent);
}

static void
print_session(const struct conn_info *c, FILE *out)
{
    uint64_t count = c->latency_count;

    if (c->session == 0)
        return;
    fprintf(out, ",sid=0x%" PRIx64 ",lop=%s,est=%" PRId64 ",to=%d",
            (uint64_t)c->session, c->last_op ? request_word(c->last_op) : "NA",
            c->established_ms, c->timeout_ms);
    fprintf(out, ",lcxid=0x%x,lzxid=0x%" PRIx64 ",lresp=%" PRId64 ",llat=%u",
            (uint32_t)c->last_cxid, (uint64_t)c->last_zxid, c->last_response_ms,
            c->latency_last_ms);
    fprintf(out, ",minlat=%u,avglat=%" PRIu64 ",maxlat=%u", c->latency_min_ms,
            count ? c->latency_total_ms / count : 0, c->latency_max_ms);
}

static void
print_connections(const struct four *f, bool is_long, FILE *out)
{
    for (uint32_t w = 0; w < f->shm->super->client_count; w++) {
        uint32_t end = f->shm->client[w]->stats.conn_end;

        for (uint32_t i = 0; i < end; i++) {
            const struct conn_info *c = conn_info_at(f->shm, w, i);

            if (!atomic_load_explicit(&c->id, memory_order_acquire))
                continue;
            print_counts(f, c, out);
            if (is_long)
                print_session(c, out);
            fprintf(out, ")\n");
        }
    }
}

static void
print_stat(const struct four *f, FILE *out)
{
    print_version(out);
    print_read_only(f, out);
    fprintf(out, "Clients:\n");
    print_connections(f, false, out);
    fprintf(out, "\n");
    print_server(f->figures, out);
}

static void
print_cons(const struct four *f, FILE *out)
{
    print_connections(f, true, out);
    fprintf(out, "\n");
}

/* --- the others ----------------------------------------------------------- */

/* ZK: QuorumPeer.dumpConfig; no newline at the end, as there. */
static void
print_membership(const struct conf *c, FILE *out)
{
    const struct conf_member *self = conf_myself(c);
    static char text[CONFIG_TEXT_MAX];

    fprintf(out, "initLimit=%d\nsyncLimit=%d\nelectionAlg=%d\n",
            c->init_limit_ticks, c->sync_limit_ticks, c->election_alg);
    fprintf(out, "electionPort=%d\nquorumPort=%d\npeerType=%d\n",
            self->election_port, self->quorum_port, c->is_observer);
    config_text(c, 0, text, sizeof text);
    fprintf(out, "membership: \n%s", text);
}

static void
print_conf(const struct four *f, FILE *out)
{
    const struct conf *c = f->conf;
    char folder[FOLDER_TEXT_MAX];

    fprintf(out, "clientPort=%d\nsecureClientPort=-1\n", c->client_port);
    figures_folder(c->data_dir, folder);
    fprintf(out, "dataDir=%s\ndataDirSize=%" PRIu64 "\n", folder,
            f->figures->data_dir_bytes);
    figures_folder(c->data_log_dir, folder);
    fprintf(out, "dataLogDir=%s\ndataLogSize=%" PRIu64 "\n", folder,
            f->figures->log_dir_bytes);
    fprintf(out, "tickTime=%d\nmaxClientCnxns=%d\n", c->tick_time_ms,
            c->max_client_cnxns);
    fprintf(out, "minSessionTimeout=%d\nmaxSessionTimeout=%d\n",
            c->min_session_timeout_ms, c->max_session_timeout_ms);
    fprintf(out, "clientPortListenBacklog=%d\nserverId=%" PRId64 "\n",
            c->listen_backlog, c->my_sid);
    if (c->member_count > 0)
        print_membership(c, out);
}

static void
print_mntr(const struct four *f, FILE *out)
{
    struct metric m[METRICS_MAX];
    size_t n = metrics_of(f->figures, m);
    char text[32];

    fprintf(out, "zk_version\t%s, built on %s\n", ZABD_ZOOKEEPER_VERSION,
            ZABD_BUILT_ON);
    fprintf(out, "zk_server_state\t%s\n", figures_state(f->figures));
    if (figures_peer_state(f->figures))
        fprintf(out, "zk_peer_state\t%s\n", figures_peer_state(f->figures));
    if (f->figures->role == ROLE_OBSERVING)
        fprintf(out, "zk_observer_master_id\t%" PRId64 "\n",
                f->figures->ensemble.leader);
    for (size_t i = 0; i < n; i++) {
        if (m[i].is_fraction) {
            figures_format(m[i].real, text);
            fprintf(out, "zk_%s\t%s\n", m[i].name, text);
        } else {
            fprintf(out, "zk_%s\t%" PRId64 "\n", m[i].name, m[i].whole);
        }
    }
}

static void
print_wchs(const struct four *f, FILE *out)
{
    fprintf(out,
            "%" PRIu64 " connections watching %" PRIu64 " paths\n"
            "Total watches:%" PRIu64 "\n",
            f->figures->watching, f->figures->watched_paths,
            f->figures->data_watches);
}

static void
print_dirs(const struct four *f, FILE *out)
{
    fprintf(out, "datadir_size: %" PRIu64 "\nlogdir_size: %" PRIu64 "\n",
            f->figures->data_dir_bytes, f->figures->log_dir_bytes);
}

static void
print_isro(const struct four *f, FILE *out)
{
    if (!f->figures->is_serving)
        fputs("null", out);
    else
        fputs(f->figures->role == ROLE_READ_ONLY ? "ro" : "rw", out);
}

static void
print_ruok(const struct four *f, FILE *out)
{
    (void)f;
    fputs("imok", out);
}

/* No trace mask exists here; this is the one that Java starts with. */
static void
print_gtmk(const struct four *f, FILE *out)
{
    (void)f;
    fputs("306", out);
}

bool
four_print(const struct four *f, enum conf_word word, FILE *out)
{
    static void (*const print[CONF_WORD_COUNT])(const struct four *, FILE *) = {
        [CONF_WORD_CONF] = print_conf, [CONF_WORD_CONS] = print_cons,
        [CONF_WORD_DIRS] = print_dirs, [CONF_WORD_ENVI] = four_print_envi,
        [CONF_WORD_GTMK] = print_gtmk, [CONF_WORD_ISRO] = print_isro,
        [CONF_WORD_MNTR] = print_mntr, [CONF_WORD_RUOK] = print_ruok,
        [CONF_WORD_SRVR] = print_srvr, [CONF_WORD_STAT] = print_stat,
        [CONF_WORD_WCHS] = print_wchs,
    };

    if (!print[word])
        return false;
    print[word](f, out);
    return true;
}
