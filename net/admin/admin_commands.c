/* SPDX-License-Identifier: Apache-2.0 */
/* admin_commands.c - see admin_commands.h.  Admin process. */
#include "net/admin/admin_commands.h"

#include <stdlib.h>

#include "daemon/version.h"
#include "net/admin/admin_ensemble.h"
#include "net/admin/admin_json.h"
#include "net/admin/metrics.h"
#include "net/wire/java_text.h"

/* Its name may be of any bytes. */
static void
put_folder(json_t *o, const char *name, const char *dir)
{
    char folder[FOLDER_TEXT_MAX];

    figures_folder(dir, folder);
    json_object_set_new(o, name, admin_text(folder));
}

static void
put_configuration(const struct admin_view *v, json_t *o)
{
    const struct conf *c = v->conf;

    NUMBER(o, "client_port", c->client_port);
    put_folder(o, "data_dir", c->data_dir);
    put_folder(o, "data_log_dir", c->data_log_dir);
    NUMBER(o, "tick_time", c->tick_time_ms);
    NUMBER(o, "max_client_cnxns", c->max_client_cnxns);
    NUMBER(o, "min_session_timeout", c->min_session_timeout_ms);
    NUMBER(o, "max_session_timeout", c->max_session_timeout_ms);
    NUMBER(o, "server_id", c->my_sid);
    NUMBER(o, "client_port_listen_backlog", c->listen_backlog);
}

static void
put_dirs(const struct admin_view *v, json_t *o)
{
    NUMBER(o, "datadir_size", v->figures->data_dir_bytes);
    NUMBER(o, "logdir_size", v->figures->log_dir_bytes);
}

static void
put_is_read_only(const struct admin_view *v, json_t *o)
{
    FLAG(o, "read_only", v->figures->role == ROLE_READ_ONLY);
}

static void
put_monitor(const struct admin_view *v, json_t *o)
{
    const struct figures *f = v->figures;
    struct metric m[METRICS_MAX];
    size_t n = metrics_of(f, m);

    TEXT(o, "version", ZABD_ZOOKEEPER_VERSION);
    TEXT(o, "server_state", figures_state(f));
    if (figures_peer_state(f))
        TEXT(o, "peer_state", figures_peer_state(f));
    if (f->role == ROLE_OBSERVING)
        NUMBER(o, "observer_master_id", f->ensemble.leader);
    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, m[i].name,
                            m[i].is_fraction ? json_real(m[i].real)
                                             : json_integer(m[i].whole));
}

static void
put_nothing(const struct admin_view *v, json_t *o)
{
    (void)v, (void)o;
}

static json_t *
server_stats(const struct figures *f)
{
    json_t *o = json_object();

    NUMBER(o, "packets_sent", f->sent);
    NUMBER(o, "packets_received", f->received);
    TEXT(o, "server_state", figures_state(f));
    NUMBER(o, "outstanding_requests", f->outstanding);
    NUMBER(o, "min_latency", f->latency_min_ms);
    json_object_set_new(o, "avg_latency", json_real(figures_latency_avg(f)));
    NUMBER(o, "max_latency", f->latency_max_ms);
    NUMBER(o, "data_dir_size", f->data_dir_bytes);
    NUMBER(o, "log_dir_size", f->log_dir_bytes);
    NUMBER(o, "last_processed_zxid", f->tree.zxid);
    NUMBER(o, "num_alive_client_connections", f->connections);
    NUMBER(o, "auth_failed_count", f->auth_failed);
    NUMBER(o, "uptime", f->uptime_ms);
    return o;
}

/* ZK: BufferStats */
static json_t *
proposal_stats(const struct figures *f)
{
    json_t *o = json_object();

    NUMBER(o, "last_buffer_size", f->ensemble.proposal_last);
    NUMBER(o, "min_buffer_size", f->ensemble.proposal_min);
    NUMBER(o, "max_buffer_size", f->ensemble.proposal_max);
    return o;
}

static void
put_stats(const struct admin_view *v, json_t *o)
{
    const struct figures *f = v->figures;

    TEXT(o, "version", ZABD_ZOOKEEPER_VERSION);
    FLAG(o, "read_only", f->role == ROLE_READ_ONLY);
    json_object_set_new(o, "server_stats", server_stats(f));
    NUMBER(o, "node_count", f->tree.node_count);
    if (f->role == ROLE_LEADING)
        json_object_set_new(o, "proposal_stats", proposal_stats(f));
}

static void
put_watch_summary(const struct admin_view *v, json_t *o)
{
    NUMBER(o, "num_connections", v->figures->watching);
    NUMBER(o, "num_paths", v->figures->watched_paths);
    NUMBER(o, "num_total_watches", v->figures->data_watches);
}

/* --- the table ------------------------------------------------------------ */

enum need { ALWAYS, SERVING, MEMBER };

static const struct command {
    const char *name, *alias, *other; /* other: as `name` if there is none */
    enum need need;
    void (*put)(const struct admin_view *v, json_t *o);
} commands[] = {
    {"configuration", "conf", "config", SERVING, put_configuration},
    {"dirs", "dirs", "dirs", SERVING, put_dirs},
    {"is_read_only", "isro", "isro", SERVING, put_is_read_only},
    {"leader", "lead", "lead", MEMBER, admin_put_leader},
    {"monitor", "mntr", "mntr", SERVING, put_monitor},
    {"ruok", "ruok", "ruok", ALWAYS, put_nothing},
    {"server_stats", "srvr", "srvr", SERVING, put_stats},
    {"stats", "stat", "stat", SERVING, put_stats},
    {"voting_view", "voting_view", "voting_view", SERVING, admin_put_voters},
    {"watch_summary", "wchs", "wchs", SERVING, put_watch_summary},
    {"zabstate", "zabstate", "zabstate", ALWAYS, admin_put_zabstate},
};

static const struct command *
find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0 ||
            strcmp(name, commands[i].alias) == 0 ||
            strcmp(name, commands[i].other) == 0)
            return &commands[i];
    return NULL;
}

void
admin_command(const struct admin_view *v, const char *name,
              struct admin_answer *answer)
{
    const struct command *c = find(name);

    *answer = (struct admin_answer){.fields = json_object(),
                                    .command = c ? c->name : name};
    if (!c)
        snprintf(answer->error, sizeof answer->error, "Unknown command: %.80s",
                 name);
    else if (c->need != ALWAYS && !v->figures->is_serving)
        snprintf(answer->error, sizeof answer->error, "%s",
                 figures_not_serving);
    else if (c->need == MEMBER && v->conf->member_count == 0)
        snprintf(answer->error, sizeof answer->error,
                 "server is not initialized");
    else
        c->put(v, answer->fields);
}

json_t *
admin_text(const char *bytes)
{
    char *text = malloc(3 * strlen(bytes) + 1);
    json_t *string = NULL;

    if (text)
        string =
            json_stringn(text, java_text(bytes_of(bytes), (uint8_t *)text));
    free(text);
    return string;
}

void
admin_command_list(const char *base, FILE *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        fprintf(out, "<a href=\"%s/%s\">%s</a>\n<br/>\n", base,
                commands[i].name, commands[i].name);
}
